"""`diff` is `plan`, and `diff A..B` compares two environments: what Git states, and what is live otherwise."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from reconciler.emulator import Settings
from reconciler.model import Desired, Done, Target
from reconciler.paths import show
from reconciler.plan.environments import Side, compare_environments, side
from reconciler.render.environments import FORMATS
from reconciler.render.style import Style
from support.checkout import Checkout, answering
from support.gits import repository
from support.lives import applied, stranger, wanted
from support.world import CLONES, EVERY_SERVER, SCENARIOS, WHERE, World, run

CONFIG = """stack: acme
environments:
  staging: {provider: local, stack: acme-staging}
  production: {provider: local, stack: acme-production}
"""
PROMPT = "instructions: |\n  You help people.\n  Refund up to 300 EUR.\n"
OTHER_PROMPT = '"You help people.\\nRefund up to 500 EUR."'


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Checkout:
    here = Checkout(
        tmp_path,
        monkeypatch,
        capsys,
        beta="model: gpt-4o\nreconciler: {environments: {production: false}}\n",
        hr=f"model: gpt-4o\n{PROMPT}reconciler: {{environments: {{production: {{instructions: {OTHER_PROMPT}}}}}}}\n",
        same="model: gpt-4o\ntemperature: 0.5\n",
        zero="model: gpt-4o\n",
    )
    here.config(CONFIG)
    return here


def ids(here: Checkout, environment: str) -> dict[str, str]:
    listed = here.run("output", "-e", environment, "--json").data["assistant"]
    return {key: one["id"] for key, one in listed.items()}


def test_what_is_stated_differently_stands_apart_from_what_differs_only_live(here: Checkout) -> None:
    for environment in ("staging", "production"):
        assert here.run("apply", "-e", environment, "--auto-approve").code == 0
    moved = ids(here, "production")["same"]
    here.call("POST", f"/{moved}", {"temperature": 0.9})
    here.call("POST", "", {"model": "gpt-4o", "name": "nobody's"})
    here.write(new="model: gpt-4o\n")
    here.run("apply", "-e", "staging", "--auto-approve")

    told = here.run("diff", "staging..production")

    assert (told.code, told.err) == (0, "")
    assert told.out.splitlines()[:4] == [
        "staging (local, .reconciler/local.db), stack acme-staging",
        "production (local, .reconciler/local.db), stack acme-production",
        "",
        "4 of 5 differ: 1 as stated in Git, 1 only live, 1 not applied yet, 1 only in staging",
    ]
    stated, live, absent, only = told.out.split("\n\n", 2)[2].split(":\n\n")[1:]
    assert "          - │ Refund up to [-300-] EUR.\n          + │ Refund up to {+500+} EUR.\n" in stated
    assert (
        f"(assistants/same.yaml:1, {ids(here, 'staging')['same']} in staging,\n      {moved} in production)\n" in live
    )
    assert "      # temperature: drift in production\n      ~ temperature  0.5 -> 0.9\n" in live
    assert "+ assistant.new is not live in production: not applied yet\n" in absent
    assert "- assistant.beta is only in staging, as stated in Git\n" in only
    assert told.out.endswith(
        "Unmanaged: 1 in staging, 1 in production.\n"
        "Of other stacks: 3 in staging, 5 in production.\n"
        f"staging and production differ: {told.out.splitlines()[3].partition(': ')[2]}; 1 equal.\n"
    )
    assert here.run("diff", "zero", "staging..production").out.endswith(
        "No differences between staging and production: 1 equal.\n"
    )


def test_a_comparison_as_data_and_as_markdown_says_the_same(here: Checkout) -> None:
    here.run("apply", "-e", "staging", "--auto-approve")
    here.run("apply", "-e", "production", "--auto-approve")

    told = here.run("diff", "production..staging", "hr", "beta", "--json", "--detailed-exitcode")
    shown = here.run("diff", "production..staging", "hr", "beta", "--format", "markdown")
    equal = here.run("diff", "production..staging", "same", "--detailed-exitcode")

    assert (told.code, shown.code, equal.code) == (2, 0, 0)
    assert (told.data["from"]["environment"], told.data["to"]["stack"]) == ("production", "acme-staging")
    assert told.data["summary"] == {
        "stated": 1, "live": 0, "absent": 0, "only_from": 0, "only_to": 1, "unstated": 0, "equal": 0
    }  # fmt: skip
    beta, hr = told.data["resources"]
    assert (beta["address"], beta["stated_in"], list(beta["ids"])) == ("assistant.beta", ["staging"], ["staging"])
    assert [(one["path"], one["to"]) for one in hr["stated"]] == [
        ("instructions", "You help people.\nRefund up to 300 EUR.")
    ]
    assert (hr["live"], hr["stated"][0]["not_as_stated"]) == ([], [])
    assert "#### Stated differently in Git" in shown.out
    assert "> Refund up to ~~500~~ **300** EUR." in shown.out
    assert "Fingerprint" not in shown.out


def test_offline_only_the_manifests_are_compared_and_nothing_is_sent(
    here: Checkout, monkeypatch: pytest.MonkeyPatch
) -> None:
    with answering(200, "{}") as server:
        here.config(
            f"stack: acme\nenvironments: {{local: {{}}, production: {{provider: openai, base_url: '{server.url}'}}}}\n"
        )
        monkeypatch.setenv("OPENAI_API_KEY", "sk-0123456789abcdef")
        told = here.run("diff", "local..production", "--offline")

    assert server.asked == []
    assert "\nNothing live was read: --offline was passed.\n" in told.out
    assert told.out.endswith("2 equal; of local and production only the manifests were compared.\n")
    assert not (here.root / ".reconciler").exists()


@pytest.mark.parametrize(
    ("key", "why"), [("", "The variable OTHER_KEY is not set"), ("sk-0123456789abcdef", "401: no.")]
)
def test_what_one_server_does_not_tell_is_left_to_the_manifests(
    here: Checkout, monkeypatch: pytest.MonkeyPatch, key: str, why: str
) -> None:
    with answering(401, '{"error": {"message": "no"}}') as server:
        there = f"{{provider: openai, base_url: '{server.url}', api_key: {{env: OTHER_KEY}}}}"
        here.config(f"stack: acme\nenvironments: {{local: {{}}, production: {there}}}\n")
        monkeypatch.setenv("OTHER_KEY", key)
        here.run("apply", "-e", "local", "--auto-approve")
        moved = ids(here, "local")["same"]
        here.call("POST", f"/{moved}", {"temperature": 0.9})
        told = here.run("diff", "local..production")
        equal = here.run("diff", "local..production", "zero", "--detailed-exitcode")

    assert told.code == 0
    assert f"\nNothing live was read in production: {why}" in told.out
    assert "      # temperature: drift in local\n      ~ temperature  0.9 -> 0.5\n" in told.out
    assert told.out.endswith("of production only the manifests were compared.\n")
    assert equal.code == 1


def test_no_secret_is_printed_of_either(here: Checkout, monkeypatch: pytest.MonkeyPatch) -> None:
    here.write(hr="model: gpt-4o\nname: sk-0123456789abcdef\nreconciler: {environments: {production: {name: X}}}\n")
    monkeypatch.setenv("MY_API_KEY", "sk-0123456789abcdef")

    for form in FORMATS:
        told = here.run("diff", "staging..production", "--offline", "--format", form)
        assert "sk-0123456789" not in told.out + told.err
        assert "the value of MY_API_KEY" in told.out


def test_what_is_no_pair_of_environments_is_told_the_way(here: Checkout) -> None:
    repository(here.root)
    for words, said in {
        ("main..HEAD",): "main..HEAD is a range of Git, and `diff A..B` compares two environments.\n"
        "  `reconciler plan --base main` compares what is checked out with it\n",
        ("..HEAD",): "`reconciler plan --base HEAD` compares",
        ("staging..produktion",): "There is no environment 'produktion'.\n  did you mean `production`?\n",
        ("staging", "production"): "compare them: `reconciler diff staging..production`",
        ("staging..staging",): "staging is compared with itself.",
        ("staging..production", "--base", "main"): "--base does not go with a comparison of two environments.",
        ("staging..production", "--format", "html"): "Two environments are not compared as html.",
        ("staging..production", "nope"): "Nothing is called 'nope' in staging and production.",
    }.items():
        told = here.run("diff", *words)
        assert (told.code, told.out) == (1, "")
        assert said in told.err


def test_without_a_pair_it_is_the_plan(here: Checkout) -> None:
    for more in ((), ("hr", "--json", "--detailed-exitcode"), ("nope",)):
        assert here.run("diff", "-e", "staging", *more) == here.run("plan", "-e", "staging", *more)


# the comparison alone

STAGING = replace(WHERE, environment="staging")


def text_of(first: Side, second: Side) -> str:
    return FORMATS["text"](compare_environments(first, second), Style(width=120))


def both(one: Any, other: Any, *lives: Any) -> tuple[Side, Side]:
    return side(one, lives[0], STAGING), side(other, lives[1], WHERE)


def test_what_is_managed_without_a_manifest_is_told() -> None:
    one, other = applied(wanted("a"), "asst_1", where=STAGING), applied(wanted("b"), "asst_2")

    said = text_of(*both((), [wanted("a")], [one], [other, applied(wanted("a"), "asst_3")]))

    assert "- assistant" not in said
    assert "+ assistant.a is only in production, as stated in Git" in said
    assert "(a.yaml:1, asst_1 in staging, asst_3 in production)\n" in said
    assert "# live in staging, where the next apply removes it\n" in said
    assert "~ assistant.b is managed without a manifest (asst_2 in production)\n" in said
    assert "# live in production, where the next apply removes it\n" in said


def test_what_the_manifest_says_of_the_resource_itself_is_compared() -> None:
    one = wanted("a", own={"on_removal": "keep", "ignore_changes": ["temperature"]})

    said = text_of(side([one], None, STAGING, "no"), side([wanted("a")], None, WHERE, "why"))

    assert "~ reconciler.on_removal" in said
    assert "~ reconciler.ignore_changes" in said
    assert "Nothing live was read in staging: no.\nNothing live was read in production: why.\n" in said


def test_what_the_server_chooses_or_the_dashboard_has_is_no_difference() -> None:
    mine = wanted("a", model="o3-mini", own={"ignore_changes": ["description"]})
    here = applied(mine, "asst_1", where=STAGING, reasoning_effort="low", description="x")
    there = applied(mine, "asst_2", reasoning_effort="high", description="y")

    compared = compare_environments(*both([mine], [mine], [here], [there]))

    assert (compared.differences, compared.equal) == ((), 1)


def test_a_tool_that_is_live_in_one_alone_differs_live() -> None:
    tool = {"type": "function", "function": {"name": "f", "parameters": {"type": "object", "properties": {}}}}
    one = applied(wanted("a"), "asst_1", where=STAGING, tools=[tool])

    said = text_of(*both([wanted("a")], [wanted("a")], [one], [applied(wanted("a"), "asst_2")]))

    assert "# tools.functions.f: drift in staging\n" in said
    assert "Function f is removed" in said


def test_the_same_drift_in_both_is_no_difference_and_neither_is_what_is_live_in_none() -> None:
    drifted = [applied(wanted("a"), f"asst_{w.environment}", where=w, description="x") for w in (STAGING, WHERE)]
    stated = [wanted("a"), wanted("b")]

    compared = compare_environments(*both(stated, stated, drifted[:1], drifted[1:]))

    assert (compared.differences, compared.equal) == ((), 2)


@pytest.mark.parametrize("both_lack_it", [True, False])
def test_a_server_without_the_api_of_a_kind_is_neither_behind_nor_equal(both_lack_it: bool) -> None:
    stated = [wanted("a")]
    live = [] if both_lack_it else [applied(wanted("a"), "asst_1", where=STAGING)]
    first = side(stated, live, STAGING, gone=("assistant", "agent") if both_lack_it else ())
    second = side(stated, [], WHERE, gone=("assistant", "agent"))

    said = text_of(first, second)

    assert (first.gone, second.gone) == (("assistant",) if both_lack_it else (), ("assistant",))
    assert "not applied yet" not in said
    assert (
        f"Note: {WHERE.environment} has no Assistants API: of its assistants only the manifests were compared." in said
    )


def test_many_that_differ_alike_are_told_once_with_who_is_not_as_stated() -> None:
    stated = [[wanted(key, name=name) for key in "abc"] for name in ("One", "Two")]
    live = [[applied(wanted(key, name="One"), f"asst_{key}", where=w) for key in "abc"] for w in (STAGING, WHERE)]

    said = text_of(*both(*stated, *live))

    assert "The same in 3 assistants:" in said
    assert "# assistant.c: name: not applied yet in production\n" in said


def test_an_adoption_that_waits_is_told() -> None:
    pinned = wanted("a", name="A", own={"id": {"production": "asst_9"}})
    kept = applied(wanted("a", name="A"), "asst_1", where=STAGING)

    said = text_of(*both([wanted("a", name="A")], [pinned], [kept], [stranger("asst_9", name="B")]))

    assert "# name: not adopted yet in production\n" in said


@pytest.mark.no_cover
@pytest.mark.parametrize("kind", ["assistant", "agent"])
def test_what_was_applied_in_both_is_equal_however_the_servers_answer(kind: str, tmp_path: Path) -> None:
    """However a server echoes, fills in and merges, that is no difference; a patch is one that is stated alone."""
    name = "uses-everything" if kind == "assistant" else "uses-everything-of-an-agent"
    scenario = next(each for each in SCENARIOS if each.path.stem == name)
    manifests = scenario.manifests(tmp_path)
    others = tuple(replace(one, fields={**one.fields, "name": "Other"}) for one in manifests)

    async def applied_to(settings: Settings, desired: Sequence[Desired], where: Target) -> Side:
        world = World(settings, where)
        outcomes = await world.settle(desired)
        assert all(isinstance(outcome, Done) for outcome in outcomes), outcomes
        return side(desired, await world.live(), where)

    async def compared(settings: Settings) -> None:
        first = await applied_to(Settings(), manifests, STAGING)
        same, other = [await applied_to(settings, each, WHERE) for each in (manifests, others)]
        assert compare_environments(first, same).differences == ()
        for one in compare_environments(first, other).differences:
            assert ([show(each.path) for each in one.stated], one.live) == (["name"], ())

    for settings in (*EVERY_SERVER, *CLONES):
        run(compared, settings)
