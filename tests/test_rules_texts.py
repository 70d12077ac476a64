"""Texts that look like secrets, and merge markers: what is one, what is none, and that none is printed."""

from __future__ import annotations

from pathlib import Path

import pytest

from reconciler.rules import RULES
from reconciler.rules.key_shapes import possible_secrets, starred
from support.checkout import Checkout

RUN = "Zq3R7vx9Lm2Wp8Kd4Hs6YtBn5Gc1Jf0Aq7Ue"
SECRETS = {
    "an API key (`sk-…`)": f"sk-proj-{RUN}",
    "a token of GitHub": f"ghp_{RUN}",
    "a token of GitLab": f"glpat-{RUN[:20]}",
    "an access key of AWS": "AKIA" + "Q3RZ7VX9LM2WP8KD",
    "a token of Slack": f"xoxb-{RUN}",
    "a key of Google": f"AIza{RUN[:35]}",
    "a key of Stripe": f"sk_live_{RUN}",
    "a JSON Web Token": f"eyJ{RUN}.eyJ{RUN}.{RUN}",
    "a private key": f"-----BEGIN RSA PRIVATE KEY-----\n{RUN}\n{RUN}\n",
    "a token of Hugging Face": f"hf_{RUN}",
    "a key of Azure": f"AccountName=acme;AccountKey={RUN}{RUN}==;",
    "a password or a key": f"Db_Password: '{RUN}'",
}
NONE = [
    *("sk-...", "sk-proj-your-key-goes-here-1234", "sk-learn-1-2-documentation-of-pipelines", f"sk-test-{RUN}"),
    *("ghp_" + "x" * 36, "AKIAIOSFODNN7EXAMPLE", "-----BEGIN PRIVATE KEY-----\n...\n-----END PRIVATE KEY-----"),
    *("api-key: AbteilungIT3Ticket2024Formular", "password: mindestens12ZeichenUnd1Ziffer"),
    *("password: hunter2", "password: correct-horse-battery-staple", "secret: 0123456789abcdef0123456789abcdef"),
    *("password=$(vault read -field=value secret/db1Prod)", "api_key: settings.API_KEY_OF_PRODUCTION_2"),
    *("secret: projects/Acme01Prod/secrets/Db2Password", "password: UserPasswordField2Input"),
    *("secret: process.env.OAuth2ClientSecret1", "postgres://user:${PASSWORD}@db/a", "http://a:80/Zq3R7vx9Lm2Wp8Kd@x"),
    *(
        "client_secret=7Fjfp0ZBr1KtDRbnfVdmIw",
        "AccountKey=Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq",
    ),
    *("task-Zq3R7vx9Lm2Wp8Kd4Hs6Yt", "secret: <Zq3R7vx9Lm2Wp8Kd4Hs6Yt>"),
]


@pytest.mark.parametrize("looks", SECRETS)
def test_a_secret_is_known_by_its_shape_and_hidden(looks: str) -> None:
    text = f"Use\n  {SECRETS[looks]}"
    ((start, end, found),) = possible_secrets(text)
    assert found == looks
    assert RUN[:16] not in starred(text)
    assert [len(line) for line in starred(text).split("\n")] == [len(line) for line in text.split("\n")]
    assert text[start:end] in text


def test_a_password_in_an_address_is_a_secret() -> None:
    assert starred(f"postgres://app:{RUN}@db/a") == f"postgres://app:{'*' * len(RUN)}@db/a"


def test_a_secret_within_another_is_one() -> None:
    assert len(possible_secrets(f"password: {SECRETS['a token of GitHub']}")) == 1


@pytest.mark.parametrize("text", NONE)
def test_a_placeholder_is_no_secret(text: str) -> None:
    assert possible_secrets(text) == []


def test_a_secret_is_in_no_output_of_any_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    here = Checkout(tmp_path, monkeypatch, capsys, a=f"model: gpt-5.5\nname: {SECRETS['a token of GitHub']}\n")
    told = here.run("validate")
    assert (told.code, told.err.count("possible-secret (warning)"), RUN[:12] in told.err) == (0, 1, False)
    assert "name: ****" in told.err
    for wrong in ("nme", "reasoning_effort"):
        here.write(a=f"model: gpt-5.5\n{wrong}: {SECRETS['a token of GitHub']}\n")
        assert RUN[:12] not in here.run("plan", "--format", "github").err


MARKERS = "<<<<<<< HEAD\na\n=======\nb\n>>>>>>> x\n"
CONFLICTS = {
    "a leftover": (MARKERS, [1]),
    "with its base": (MARKERS.replace("=======", "||||||| base\no\n======="), [1]),
    "two": (MARKERS + MARKERS, [1, 6]),
    "with line ends of Windows": (MARKERS.replace("\n", "\r\n"), [1]),
    "around a code block": (f"```\ncode\n{MARKERS}```\n".replace("a\n=", "```\n=", 1), [3]),
    "an example in a code block": (f"```diff\n{MARKERS}```\n", []),
    "an example in a block that shows one": (f"````markdown\n```\n{MARKERS}```\n````\n~~~\n```\n{MARKERS}~~~\n", []),
    "after code in a line": (f"```code``` is code\n{MARKERS}", [2]),
    "in two blocks": (f"```\n{MARKERS}```\n".replace("=======\n", "```\n=======\n```\n"), [2]),
    "a form of answers": (MARKERS.replace("HEAD", "SEARCH").replace(" x\n", " REPLACE\n"), []),
    "a heading": ("Title\n=======\n<<<<<<< quoted\n", []),
    "out of order": (">>>>>>> x\n=======\n<<<<<<< HEAD\n", []),
    "an indented one": (MARKERS.replace("<<<<<<<", "  <<<<<<<"), []),
    "without its middle": (MARKERS.replace("=======\n", ""), []),
}


@pytest.mark.parametrize("case", CONFLICTS)
def test_merge_markers_are_a_conflict_as_a_set(case: str) -> None:
    text, lines = CONFLICTS[case]
    assert [each.place.line for each in RULES["merge-markers"].of_text("a.md", text)] == lines
