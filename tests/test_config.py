"""`reconciler.yaml` says where things are applied, and never quite the wrong place."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import pytest

from reconciler import urls
from reconciler.config import Config, Environment, Limits, Loaded, access, choose, find, load, nowhere
from reconciler.diagnostics import CODES, Diagnostic, Location, in_order
from reconciler.plan.policy import DRIFT, EDITS, Policy
from reconciler.providers import PROVIDERS
from reconciler.providers.openai import OpenAISettings
from reconciler.render.faults import report
from reconciler.settings import Access

FULL = """\
version: 1
stack: {name: acme, was: [old]}
manifests: [assistants, more]
environments:
  local: {provider: local, values: {handbook: vs_local}}
  production:
    provider: openai
    base_url: https://api.example.com/v1/
    api_key: {env: PROD_KEY}
    organization: org_x
    project: proj_x
    kinds: [assistant]
    stack: acme-prod
    values: {handbook: vs_123}
    limits: {deletes: 3}
    models: {my-deploy: gpt-4o}
  staging: {provider: openai}
limits: {deletes: 20%, changes: 50}
default_environment: staging
"""
HEAD = "version: 1\nstack: acme\n"
SETTINGS = {name: provider.settings for name, provider in PROVIDERS.items()}
OPENAI = "environments: {x: {provider: openai, %s}}\n"


LOCAL = Environment("local", "local", SETTINGS["local"]())


def openai(**stated: object) -> OpenAISettings:
    return OpenAISettings.model_validate(stated)


def remote(**stated: object) -> Environment:
    return Environment("x", "openai", openai(**stated))


def loaded(folder: Path, text: str | bytes) -> Loaded:
    (folder / "reconciler.yaml").write_bytes(text if isinstance(text, bytes) else text.encode())
    return load(folder, providers=SETTINGS, kinds=("assistant",))


def config(folder: Path, text: str) -> Config:
    found = loaded(folder, text)
    assert wrong(found) == ()
    assert found.config is not None
    return found.config


def wrong(found: Loaded) -> tuple[Diagnostic, ...]:
    """Everything wrong: with the file, or with one environment of it."""
    broken = found.config.broken.values() if found.config is not None else ()
    return in_order([*found.faults, *(fault for faults in broken for fault in faults)])


def faults(folder: Path, text: str | bytes) -> list[str]:
    found = wrong(loaded(folder, text))
    assert found
    assert all(fault.code in CODES for fault in found)
    return [f"{fault.place.line}:{fault.place.column} {fault.code}" for fault in found]


def without_file(folder: Path) -> Config:
    (folder / "assistants").mkdir()
    found = load(folder, providers=SETTINGS, kinds=("assistant",)).config
    assert found is not None
    return found


def chosen(
    where: Config, name: str | None = None, environ: Mapping[str, str] | None = None, *, owns: bool = False
) -> Environment:
    found = choose(where, name, environ or {}, owns=owns)
    assert isinstance(found, Environment)
    return found


def refused(
    where: Config, name: str | None = None, environ: Mapping[str, str] | None = None, *, owns: bool = False
) -> Diagnostic:
    found = choose(where, name, environ or {}, owns=owns)
    assert isinstance(found, Diagnostic)
    assert found.code in CODES
    return found


def test_every_setting_arrives(tmp_path: Path) -> None:
    found = config(tmp_path, FULL)

    assert (found.root, found.file) == (tmp_path, "reconciler.yaml")
    assert found.manifests == ("assistants", "more")
    assert found.default_environment == "staging"
    assert found.environments["production"] == Environment(
        name="production",
        provider="openai",
        settings=openai(
            base_url="https://api.example.com/v1",
            api_key={"env": "PROD_KEY"},
            organization="org_x",
            project="proj_x",
        ),
        kinds=("assistant",),
        stack="acme-prod",
        former_stacks=(),
        values={"handbook": "vs_123"},
        models={"my-deploy": "gpt-4o"},
        limits=Limits(deletes=3, changes=50),
        place=Location("reconciler.yaml", 6, 3),
    )
    staging = found.environments["staging"]
    assert (staging.stack, staging.former_stacks, staging.limits) == ("acme", ("old",), Limits("20%", 50))


def test_the_least_file_has_every_default(tmp_path: Path) -> None:
    found = config(tmp_path, "version: 1\nmanifests: other\nenvironments:\nlimits:\n")

    assert found.manifests == ("other",)
    assert found.environments == {"local": LOCAL}
    assert config(tmp_path, "version: 1\n").manifests == ("assistants",)


def test_without_a_file_there_is_local_and_nothing_else(tmp_path: Path) -> None:
    assert without_file(tmp_path) == Config(tmp_path, None, ("assistants",), {"local": LOCAL}, None)


def test_without_a_file_and_a_folder_there_is_nothing_to_do_here(tmp_path: Path) -> None:
    found = load(tmp_path, providers=SETTINGS, kinds=("assistant",)).config
    assert found is not None

    fault = refused(found, None)
    folders = "`agents` or `assistants`"
    assert fault.message == f"There is no reconciler.yaml in {tmp_path} or above it, and no folder {folders} in it."
    assert refused(found, "local") == refused(found, "production") == nowhere(found) == fault
    assert chosen(found, "openai") == Environment("openai", "openai", openai())
    assert nowhere(without_file(tmp_path)) is None


def test_the_file_is_found_upwards(tmp_path: Path) -> None:
    (tmp_path / "a/b").mkdir(parents=True)
    loaded(tmp_path, HEAD)

    assert find(tmp_path / "a/b") == tmp_path / "reconciler.yaml"
    assert (
        load(tmp_path / "a/b", providers=SETTINGS, kinds=()).config
        == load(tmp_path, providers=SETTINGS, kinds=()).config
    )


def test_a_file_of_nearly_the_right_name_is_told(tmp_path: Path) -> None:
    (tmp_path / "reconciler.yml").write_text(HEAD)

    (fault,) = load(tmp_path, providers=SETTINGS, kinds=()).faults

    assert (fault.code, fault.remedy) == ("config", "rename it to reconciler.yaml")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ["1:1 wrong-type"]),
        ("- a", ["1:1 wrong-type"]),
        ("stack: a", ["1:1 missing-field"]),
        ("version: 2", ["1:10 config"]),
        ("version: '1'", ["1:10 config"]),
        ("version: true", ["1:10 config"]),
        ("version: 1.0", ["1:10 config"]),
        ("version: 1\nversion: 1", ["2:1 duplicate-key"]),
        ("version: 1\n---\nversion: 1", ["3:1 config"]),
        ("version: 1\nstack: [", ["2:9 syntax"]),
        ("version: 1\nstack: no", ["2:8 wrong-type"]),
        ("version: 1\nstack: 2024", ["2:8 wrong-type"]),
        ("version: 1\nstack: Acme", ["2:8 bad-key"]),
        ('version: 1\nstack: "a\\n"', ["2:8 bad-key"]),
        (f"version: 1\nstack: {'a' * 65}", ["2:8 bad-key"]),
        ("version: 1\nstack: {was: [-a, b]}", ["2:8 missing-field", "2:15 bad-key"]),
        (HEAD + "manifests: []", ["3:12 missing-field"]),
        (HEAD + "manifests: 5", ["3:12 wrong-type"]),
        (HEAD + 'manifests: ["", "a\\0"]', ["3:13 unreadable", "3:17 unreadable"]),
        (HEAD + "manifest: a", ["3:1 unknown-field"]),
        (HEAD + "limits: {deletes: -1, changes: 101%}", ["3:19 wrong-type", "3:32 wrong-type"]),
        (HEAD + "limits: {deletes: yes, delete: 1}", ["3:19 wrong-type", "3:24 unknown-field"]),
        (HEAD + "default_environment: prod", ["3:22 unknown-environment"]),
        (HEAD + "environments:\n  On: {provider: local}", ["4:3 bad-key"]),
        (HEAD + "environments:\n  x: {}", ["4:3 missing-field"]),
        (HEAD + "environments:\n  x:", ["4:3 missing-field"]),
        (HEAD + "environments:\n  x: {provider: opnai}", ["4:17 unknown-value"]),
        (HEAD + "environments:\n  local: {provider: openai}", ["4:21 config"]),
        (HEAD + "environments:\n  local: {base_url: 'http://localhost'}", ["4:11 config"]),
        (HEAD + OPENAI % "kinds: [assitant]", ["3:46 unknown-value"]),
        (HEAD + OPENAI % "values: {a: 1}", ["3:50 wrong-type"]),
        (HEAD + OPENAI % "api_key: {env: 'no name'}", ["3:53 config"]),
        (HEAD + OPENAI % "api_key: {}", ["3:47 missing-field"]),
        (HEAD + OPENAI % "stack: {nam: x}", ["3:45 missing-field", "3:46 unknown-field"]),
        (HEAD + OPENAI % "limits: {x: 1}", ["3:47 unknown-field"]),
        (HEAD + OPENAI % "apikey: 1", ["3:38 unknown-field"]),
        (HEAD + OPENAI % "base_url: 'http://x.com', api_key: {env: K}", ["3:48 config"]),
    ],
)
def test_what_is_wrong_has_its_place(tmp_path: Path, text: str, expected: list[str]) -> None:
    assert sorted(faults(tmp_path, text)) == sorted(expected)


def test_everything_wrong_is_told_at_once_with_remedies(tmp_path: Path) -> None:
    text = "versoin: 1\nstack: X\nenvironments: {x: {provider: opnai, kind: [a]}}\n"

    found = {fault.remedy for fault in loaded(tmp_path, text).faults}

    assert "write `version: 1` as the first line" in found
    assert {"did you mean `version`?", "did you mean `openai`?", "did you mean `kinds`?"} < found
    assert len(found) == 5


@pytest.mark.parametrize("field", ["kinds", "base_url", "provider"])
def test_a_field_of_an_environment_above_the_environments_is_told_as_that(tmp_path: Path, field: str) -> None:
    (fault,) = wrong(loaded(tmp_path, f"{HEAD}{field}: x\n"))

    assert fault.message == f"There is no `{field}` here."
    assert fault.remedy == f"an environment has it: write `environments: {{NAME: {{{field}: …}}}}`"


def test_a_kind_alone_is_a_list_of_it_and_an_empty_list_of_kinds_is_an_error(tmp_path: Path) -> None:
    stated = loaded(tmp_path, HEAD + "environments: {local: {kinds: assistant}}\n").config
    assert stated is not None
    assert stated.environments["local"].kinds == ("assistant",)
    assert [fault.message for fault in wrong(loaded(tmp_path, HEAD + "environments: {local: {kinds: []}}\n"))] == [
        "An empty list."
    ]


def test_an_option_of_another_provider_is_told_as_that(tmp_path: Path) -> None:
    (fault,) = wrong(loaded(tmp_path, HEAD + "environments: {local: {organization: x}}\n"))

    assert fault.message == "The provider `local` has no `organization`."
    assert fault.remedy == "remove it, or write `provider: openai`"


@pytest.mark.parametrize(
    "one",
    ["base_url: 'https://API.openai.com:443/v1/'", "organization: other", "stack: acme", "project: ''"],
)
def test_two_environments_may_not_be_one_place(tmp_path: Path, one: str) -> None:
    text = HEAD + f"environments:\n  x: {{provider: openai}}\n  y: {{provider: openai, {one}}}\n"

    assert faults(tmp_path, text) == ["5:3 config"]


@pytest.mark.parametrize("one", ["base_url: 'https://x.com'", "project: p", "stack: other"])
def test_environments_differ_by_address_project_or_stack(tmp_path: Path, one: str) -> None:
    config(tmp_path, HEAD + f"environments:\n  x: {{provider: openai}}\n  y: {{provider: openai, {one}}}\n")


def test_a_second_embedded_server_is_the_same_place(tmp_path: Path) -> None:
    assert faults(tmp_path, HEAD + "environments:\n  dev: {provider: local}\n") == ["4:3 config"]


@pytest.mark.parametrize(
    "line",
    [
        "api_key: SECRET123",
        "api_key: {env: SECRET-123}",
        "apikey: sk-SECRET123",
        "base_url: 'https://me:SECRET123@x.com'",
        '"api_key": SECRET123 [',
        "headers: {x-gate-key: SECRET123, [",
        "headers: {x-team: SECRET123, x-team: b}",
        "query: {limit: 1SECRET}",
    ],
)
def test_a_secret_in_the_file_is_told_and_never_shown(tmp_path: Path, line: str) -> None:
    found = loaded(tmp_path, HEAD + f"environments:\n  x:\n    provider: openai\n    {line}\n")

    assert wrong(found)
    assert "SECRET" not in report(wrong(found), found.sources)
    assert "^" in report(wrong(found), found.sources)
    assert "SECRET" not in repr(found)


@pytest.mark.parametrize(
    "bad",
    ["{provider: opnai}", "{}", "{provider: openai, kind: [a]}", "{provider: openai, base_url: x}", "3"],
)
def test_a_broken_environment_stops_only_itself(tmp_path: Path, bad: str) -> None:
    found = loaded(tmp_path, f"{HEAD}environments:\n  bad: {bad}\n  good: {{provider: openai, stack: good}}\n").config
    assert found is not None

    assert chosen(found, "good").name == "good"
    assert refused(found, "bad") == found.broken["bad"][0]
    assert found.broken["bad"][0].place.line == 4
    assert sorted(found.environments) == ["good", "local"]
    assert "`bad`, `good`" in refused(found, None).message


def test_two_environments_that_are_one_place_are_both_broken(tmp_path: Path) -> None:
    lines = "".join(f"  {name}: {{provider: openai, stack: {stack}}}\n" for name, stack in ("xa", "ya", "zb"))
    found = loaded(tmp_path, f"{HEAD}environments:\n{lines}").config
    assert found is not None

    assert (sorted(found.broken), sorted(found.environments)) == (["x", "y"], ["local", "z"])


def test_a_broken_local_is_not_replaced_by_a_sound_one(tmp_path: Path) -> None:
    found = loaded(tmp_path, f"{HEAD}environments:\n  local: {{base_url: 'http://x'}}\n").config
    assert found is not None

    assert found.environments == {}
    assert refused(found, None) == refused(found, "local") == found.broken["local"][0]


def test_a_default_that_is_broken_is_told_as_that(tmp_path: Path) -> None:
    found = loaded(tmp_path, f"{HEAD}default_environment: x\nenvironments: {{x: {{provider: opnai}}}}\n").config
    assert found is not None

    assert refused(found, None).message == "`opnai` is not a provider."


@pytest.mark.parametrize(
    ("content", "expected"),
    [(b"version: 1\nstack: \xff", "2:1 encoding"), (b"#" * (1024 * 1024 + 1), "0:0 too-large")],
)
def test_a_file_that_cannot_be_read_is_told(tmp_path: Path, content: bytes, expected: str) -> None:
    assert faults(tmp_path, content) == [expected]


def test_what_is_no_regular_file_is_never_opened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "reconciler.yaml")
    assert [one.code for one in load(tmp_path, providers=SETTINGS, kinds=()).faults] == ["unreadable"]


@pytest.mark.parametrize("leads_to", ["../secrets", ".git/secrets", "folder/../../secrets"])
def test_a_link_to_a_file_outside_quotes_none_of_it(tmp_path: Path, leads_to: str) -> None:
    root = tmp_path / "root"
    for folder in (root / ".git", root / "folder"):
        folder.mkdir(parents=True)
        (folder.parent / "../secrets").write_text("token: sk-of-the-machine\n")
    (root / ".git/secrets").write_text("token: sk-of-the-machine\n")
    (root / "reconciler.yaml").symlink_to(leads_to)

    found = load(root, providers=SETTINGS, kinds=())

    assert [one.code for one in found.faults] == ["path-outside-repo"]
    assert found.sources == {}


def test_a_link_within_the_folder_is_followed(tmp_path: Path) -> None:
    (tmp_path / "..data").mkdir()  # as Kubernetes lays out what it mounts
    (tmp_path / "..data/reconciler.yaml").write_text(HEAD)
    (tmp_path / "reconciler.yaml").symlink_to("..data/reconciler.yaml")

    assert load(tmp_path, providers=SETTINGS, kinds=()).faults == ()


@pytest.mark.parametrize("leads_to", ["gone", "reconciler.yaml"])
def test_a_broken_link_is_not_taken_for_no_file(tmp_path: Path, leads_to: str) -> None:
    (tmp_path / "reconciler.yaml").symlink_to(leads_to)

    assert [one.code for one in load(tmp_path, providers=SETTINGS, kinds=()).faults] == ["unreadable"]


@pytest.mark.parametrize(
    ("name", "environ", "expected"),
    [
        ("production", {"RECONCILER_ENVIRONMENT": "local"}, "production"),
        (None, {"RECONCILER_ENVIRONMENT": "production"}, "production"),
        (None, {"RECONCILER_ENVIRONMENT": ""}, "staging"),
        ("local", {"CI": "true"}, "local"),
        (None, {"CI": "true"}, "staging"),
    ],
)
def test_the_option_goes_before_the_variable_before_the_default(
    tmp_path: Path, name: str | None, environ: Mapping[str, str], expected: str
) -> None:
    environment = chosen(config(tmp_path, FULL), name, environ)

    assert (environment.name, environment.defaulted) == (expected, False)


@pytest.mark.parametrize("ci", ["", "0", "false", "False"])
def test_local_by_default_says_so(tmp_path: Path, ci: str) -> None:
    assert chosen(without_file(tmp_path), environ={"CI": ci}, owns=True).defaulted


@pytest.mark.parametrize(("stated", "listed"), [("x", "`x`"), ("y, x", "`x`, `y`")])
def test_where_local_is_not_stated_it_is_not_meant_by_silence(tmp_path: Path, stated: str, listed: str) -> None:
    lines = "".join(f"  {name}: {{provider: openai, stack: {name}}}\n" for name in stated.split(", "))
    asked = config(tmp_path, f"{HEAD}environments:\n{lines}")

    fault = refused(asked, None)
    assert fault.message == f"No environment selected; reconciler.yaml has {listed} and no `local`."
    assert fault.remedy.startswith("pass `-e NAME`, or write `default_environment: x` in reconciler.yaml")
    assert chosen(asked, "local").name == "local"
    (tmp_path / "reconciler.yaml").unlink()
    assert chosen(config(tmp_path, f"{HEAD}environments:\n  local: {{}}\n{lines}")).defaulted


def test_local_by_default_is_an_error_in_ci(tmp_path: Path) -> None:
    asked = config(tmp_path, HEAD + "default_environment: local")

    assert "-e local" in refused(asked, environ={"CI": "true"}).remedy
    assert not chosen(asked, "local", {"CI": "true"}).defaulted
    assert not chosen(asked, None, {"CI": "true", "RECONCILER_ENVIRONMENT": "local"}).defaulted


@pytest.mark.parametrize(
    ("name", "environ", "place"),
    [("prodution", {}, "--environment"), (None, {"RECONCILER_ENVIRONMENT": "prodution"}, "RECONCILER_ENVIRONMENT")],
)
def test_an_unknown_environment_is_told_with_those_there_are(
    tmp_path: Path, name: str | None, environ: Mapping[str, str], place: str
) -> None:
    fault = refused(config(tmp_path, FULL), name, environ)

    assert (fault.code, fault.place) == ("unknown-environment", Location(place))
    assert fault.remedy == "did you mean `production`? (there are `local`, `production`, `staging`)"


def test_without_a_near_name_the_list_alone_is_the_remedy(tmp_path: Path) -> None:
    assert refused(config(tmp_path, FULL), "qqq").remedy.startswith("known here: `")


def test_an_environment_that_no_file_names_is_told_with_the_file_to_write(tmp_path: Path) -> None:
    fault = refused(without_file(tmp_path), "production")

    assert fault.message == (
        f"There is no environment `production`, because there is no reconciler.yaml in {tmp_path} or above it."
    )
    assert fault.remedy == "write reconciler.yaml, or run `reconciler init`; without it there is `local` alone"


def test_openai_works_without_a_file_for_reading_only(tmp_path: Path) -> None:
    nothing = without_file(tmp_path)

    assert chosen(nothing, "openai") == Environment("openai", "openai", openai())
    assert refused(nothing, "openai", owns=True).remedy == (
        "write a reconciler.yaml:\nversion: 1\nstack: my-team\nenvironments:\n  openai: {provider: openai}"
    )


def test_without_a_stack_only_the_embedded_server_is_written_to(tmp_path: Path) -> None:
    unnamed = config(tmp_path, "version: 1\nenvironments: {x: {provider: openai}}\n")

    assert chosen(unnamed, "local", owns=True).stack == "default"
    assert chosen(unnamed, "x").stack == "default"
    assert refused(unnamed, "x", owns=True).place == Location("reconciler.yaml", 2, 16)


FROM_USUAL = "the variable OPENAI_API_KEY"
REMOTE = Environment("x", "openai", openai())


def reached(url: str, key: str, source: str, organization: str, project: str) -> Access:
    headers = {"OpenAI-Organization": organization, "OpenAI-Project": project}
    return Access(url, key, source, organization, project, headers=headers)


def test_variables_fill_what_the_file_leaves_out() -> None:
    environ = {
        "OPENAI_API_KEY": " k \n",
        "OPENAI_BASE_URL": "https://x.com/v1/",
        "OPENAI_ORG_ID": "o",
        "OPENAI_PROJECT_ID": "p",
    }
    stated = remote(base_url="https://y.com", api_key={"env": "MINE"}, organization="oo", project="pp")

    assert access(REMOTE, environ) == reached("https://x.com/v1", "k", FROM_USUAL, "o", "p")
    assert access(stated, {**environ, "MINE": "m"}) == reached("https://y.com", "m", "the variable MINE", "oo", "pp")
    assert access(REMOTE, {"OPENAI_API_KEY": "k", "OPENAI_BASE_URL": ""}) == Access(
        "https://api.openai.com/v1", "k", FROM_USUAL
    )


def test_the_embedded_server_takes_nothing_from_variables() -> None:
    environ = {"OPENAI_API_KEY": "k", "OPENAI_BASE_URL": "https://x.com", "OPENAI_ORG_ID": "o"}

    assert access(LOCAL, environ) == Access()


def test_a_key_is_never_shown() -> None:
    assert "SECRET" not in repr(access(REMOTE, {"OPENAI_API_KEY": "SECRET"}))


@pytest.mark.parametrize(
    ("environment", "environ", "words"),
    [
        (REMOTE, {}, "OPENAI_API_KEY is not set"),
        (REMOTE, {"OPENAI_API_KEY": " "}, "OPENAI_API_KEY is not set"),
        (remote(api_key={"env": "MINE"}), {"OPENAI_API_KEY": "k"}, "MINE is not set"),
        (remote(api_key={"env": "MINE"}, base_url="http://localhost"), {}, "MINE is not set"),
        (remote(base_url="http://x.com"), {"OPENAI_API_KEY": "SECRET"}, "never sent over plain http"),
        (REMOTE, {"OPENAI_API_KEY": "SECRET", "OPENAI_BASE_URL": "http://x.com"}, "never sent over plain http"),
        (REMOTE, {"OPENAI_API_KEY": "k", "OPENAI_BASE_URL": "x.com"}, "must begin with https://"),
        (REMOTE, {"OPENAI_API_KEY": "k", "OPENAI_BASE_URL": "https://u:SECRET@x.com"}, "password"),
        (REMOTE, {"OPENAI_API_KEY": "SECRET\nX: y"}, "no header"),
        (REMOTE, {"OPENAI_API_KEY": "SECRET\u00e9"}, "no header"),
    ],
)
def test_what_keeps_a_server_from_being_reached(
    environment: Environment, environ: Mapping[str, str], words: str
) -> None:
    fault = access(environment, environ)

    assert isinstance(fault, Diagnostic)
    assert fault.code == "config"
    assert words in fault.message
    assert "SECRET" not in repr(fault)


@pytest.mark.parametrize("url", ["http://localhost:8000/v1", "http://127.8.9.1", "http://[::1]:80"])
def test_this_machine_needs_no_key_and_no_https(url: str) -> None:
    here = remote(base_url=url)

    assert access(here, {}) == Access(url, None, FROM_USUAL)
    assert access(here, {"OPENAI_API_KEY": "k"}) == Access(url, "k", FROM_USUAL)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "x.com",
        "ftp://x.com",
        "HTTPS://x.com",
        "https://",
        "https:///v1",
        "https://u@x.com",
        "https://x.com?a=1",
        "https://x.com/#a",
        "https://x.com\\@y.com",
        "https://x.com/ a",
        "https://x.com:99999",
        "https://x.com:0",
        "https://x.com:",
        "https://[::1",
        "https://[1:2:3]",
        "https://bücher.example",
        "https://x.com\n",
    ],
)
def test_what_is_no_plain_address_is_refused(url: str) -> None:
    with pytest.raises(urls.BadUrlError):
        urls.checked(url)


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1.evil.com", "http://localhost.evil.com", "http://0.0.0.0", "http://127.1"]
)
def test_what_only_looks_like_this_machine_is_not(url: str) -> None:
    assert not urls.may_have_key(urls.checked(url))


# what a pass may do without anybody


@pytest.mark.parametrize(
    ("common", "own", "found"),
    [
        ("", "", []),
        ("reconcile:\n", "", []),
        ("reconcile: {apply: [drift]}\n", "", [DRIFT]),
        ("reconcile: {apply: drift}\n", "", [DRIFT]),
        ("reconcile: {apply: [drift, edits, drift]}\n", "", [DRIFT, EDITS]),
        ("reconcile: {apply: [drift]}\n", "reconcile: {apply: []}", []),
        ("reconcile: {apply: [drift]}\n", "reconcile: {apply: [edits]}", [EDITS]),
        ("reconcile: {apply: [drift]}\n", "reconcile: {apply: }", [DRIFT]),
        ("", "reconcile: {apply: [drift]}", [DRIFT]),
    ],
)
def test_a_policy_is_the_environments_own_or_the_files(tmp_path: Path, common: str, own: str, found: list[str]) -> None:
    text = HEAD + common + OPENAI % (own or "values: {}")

    assert config(tmp_path, text).environments["x"].reconcile == Policy(frozenset(found))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("reconcile: {apply: [deletes]}\n", ["3:21 unknown-value"]),
        ("reconcile: {apply: [drift, 1]}\n", ["3:28 wrong-type"]),
        ("reconcile: {aply: [drift]}\n", ["3:13 unknown-field"]),
        ("reconcile: drift\n", ["3:12 wrong-type"]),
        ("reconcile: {apply: {drift: true}}\n", ["3:20 wrong-type"]),
    ],
)
def test_what_is_no_policy_is_refused(tmp_path: Path, text: str, expected: list[str]) -> None:
    assert faults(tmp_path, HEAD + text) == expected


def test_a_word_that_is_nearly_one_of_a_policy_is_suggested(tmp_path: Path) -> None:
    (fault,) = loaded(tmp_path, HEAD + "reconcile: {apply: [edit]}\n").faults

    assert (fault.message, fault.remedy) == ("`edit` is not a valid `reconcile.apply` value.", "did you mean `edits`?")


def test_a_field_that_is_nearly_one_of_a_policy_is_suggested(tmp_path: Path) -> None:
    (fault,) = loaded(tmp_path, HEAD + "reconcile: {aply: []}\n").faults

    assert fault.remedy == "did you mean `apply`?"


# what merging a pull request applies


@pytest.mark.parametrize(
    ("common", "own", "found"),
    [
        ("", "", "change"),
        ("apply: everything\n", "", "everything"),
        ("apply: everything\n", "apply: change", "change"),
        ("", "apply: everything", "everything"),
    ],
)
def test_what_merging_applies_is_the_environments_own_or_the_files(
    tmp_path: Path, common: str, own: str, found: str
) -> None:
    text = HEAD + common + OPENAI % (own or "values: {}")

    assert config(tmp_path, text).environments["x"].apply == found


def test_what_merging_could_not_apply_is_refused(tmp_path: Path) -> None:
    (fault,) = loaded(tmp_path, HEAD + "apply: all\n").faults

    assert (fault.code, fault.message) == ("unknown-value", "`all` is not a valid `apply`.")
    assert "`everything`" in fault.remedy


@pytest.mark.parametrize(("said", "seconds"), [("30m", 1800), ("24h", 86_400), ("7d", 604_800), ("null", 0)])
def test_drift_may_wait_and_an_environment_says_otherwise(tmp_path: Path, said: str, seconds: int) -> None:
    text = f"version: 1\nreconcile: {{apply: [drift], after: {said}}}\nenvironments:\n  far:\n    provider: openai\n"
    (tmp_path / "reconciler.yaml").write_text(
        f"{text}    reconcile: {{after: 1h}}\n  same: {{provider: openai, project: b}}\n"
    )

    loaded = load(tmp_path, providers=SETTINGS, kinds=("assistant",))

    assert loaded.config is not None, loaded.faults
    policies = {name: one.reconcile for name, one in loaded.config.environments.items()}
    assert policies["far"] == Policy(frozenset({DRIFT}), 3600)
    assert policies["same"] == Policy(frozenset({DRIFT}), seconds)


@pytest.mark.parametrize("said", ["24", "'24 h'", "1w", "-1h", "[1h]", "true"])
def test_a_wait_that_is_no_length_of_time_is_told(tmp_path: Path, said: str) -> None:
    (tmp_path / "reconciler.yaml").write_text(f"version: 1\nreconcile: {{after: {said}}}\n")

    (fault,) = load(tmp_path, providers=SETTINGS, kinds=("assistant",)).faults

    assert (fault.code, fault.remedy) == ("config", "write it like 30m, 24h or 7d")
    assert "is not a length of time" in fault.message


def test_settings_without_their_provider_are_one_error(tmp_path: Path) -> None:
    (fault,) = wrong(loaded(tmp_path, HEAD + "environments: {x: {project: p, headers: {X-Team: a}}}\n"))

    assert (fault.code, fault.message) == ("missing-field", "`x` has no `provider`.")
