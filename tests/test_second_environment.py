"""What is live in a second environment becomes ids, patches and values of the manifests of the first."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.console.failure import Failure
from reconciler.kinds import KINDS
from reconciler.model import Desired, Live, Plan
from reconciler.plan.diff import differences
from support.bodies import Edit, Resource, edit, messy, resource
from support.lives import applied
from support.second import TwoEnvironments

NAMES = st.sampled_from(["Helper", "Order Desk", "Night Bot", "Ωmega", "1e3"])
fewer = settings(max_examples=max(10, settings().max_examples // 4))


def living(made: list[Resource], prefix: str) -> list[Live]:
    """Objects as a server would list them."""
    raws = [(kind, {"id": f"{prefix}{number}", **body}) for number, (kind, body) in enumerate(made)]
    return [
        Live(kind, str(raw["id"]), KINDS[kind].read(raw), raw, created_at=number)
        for number, (kind, raw) in enumerate(raws)
    ]


@st.composite
def named_resource(draw: st.DrawFn) -> tuple[Resource, Edit]:
    kind = draw(st.sampled_from(sorted(KINDS)))
    _, body = draw(resource(kind) | messy(kind))
    return (kind, {**body, "name": draw(NAMES)}), draw(edit(kind))


@st.composite
def two_worlds(draw: st.DrawFn) -> tuple[list[Resource], list[Resource]]:
    """What is live in two environments: the second is the first with edits, other names, less and more."""
    first = draw(st.lists(named_resource(), min_size=1, max_size=4))
    second: list[Resource] = []
    for (kind, body), edited in first:
        how = draw(st.sampled_from(["same", "edited", "edited", "model", "missing", "renamed"]))
        if how == "edited":
            second.append((kind, {**edited((kind, body))[1], "name": body["name"]}))
        elif how != "missing":
            other = {"same": {}, "model": {"model": "my-other"}, "renamed": {"name": draw(NAMES)}}[how]
            second.append((kind, {**body, **other}))
    return [one for one, _ in first], second + [one for one, _ in draw(st.lists(named_resource(), max_size=2))]


def less_places(desired: tuple[Desired, ...]) -> list[Desired]:
    return [replace(one, place=replace(one.place, file="", line=0, column=0)) for one in desired]


def is_adoption_alone(plan: Plan) -> bool:
    return all((change.action, change.fields) == ("adopt", ()) for change in plan.changes) and not plan.objections


@pytest.fixture
def repository(tmp_path: Path) -> TwoEnvironments:
    return TwoEnvironments(tmp_path)


def helper(id: str, kind: str = "assistant", **body: Any) -> Live:
    raw = {"id": id, "name": "Helper", "model": "gpt-4o", **body}
    return Live(kind, id, KINDS[kind].read(raw), raw)


MANIFEST = """\
# Answers questions about leave.
name:   Helper   # as people know it
model: gpt-4o
instructions: {file: prompts/shared.md}
tools:
- type: code_interpreter   # for tables
reconciler: {id: {production: asst_p}}
"""


def test_only_the_id_and_the_patch_are_added_to_what_people_wrote(repository: TwoEnvironments) -> None:
    repository.write("assistants/helper.yaml", MANIFEST)
    repository.write("assistants/prompts/shared.md", "Be kind.\n")
    live = helper("asst_s", model="gpt-4o-mini", instructions="Be kind.", tools=[{"type": "code_interpreter"}])

    repository.imports("staging", [live])

    block = "reconciler: {id: {production: asst_p, staging: asst_s}, environments: {staging: {model: gpt-4o-mini}}}"
    assert repository.text("assistants/helper.yaml") == MANIFEST.replace(MANIFEST.splitlines()[-1], block)
    assert is_adoption_alone(repository.plan("staging", [live]))


def test_a_manifest_that_is_said_not_to_exist_there_exists_once_it_is_matched(repository: TwoEnvironments) -> None:
    repository.imports("production", [helper("asst_p")])
    assert "staging: false" in repository.text("assistants/helper.yaml")

    repository.imports("staging", [helper("asst_s")])

    assert "environments" not in repository.text("assistants/helper.yaml")
    assert [one.id for one in repository.desired("staging")] == ["asst_s"]


def test_several_manifests_in_one_file_and_an_anchor_keep_all_that_people_wrote(repository: TwoEnvironments) -> None:
    repository.write("assistants/some.yaml", SOME)
    live = [helper(f"asst_{name}", name=name, model="gpt-4o-mini") for name in "ABC"]

    repository.imports("staging", live)

    assert repository.text("assistants/some.yaml") == SOME_AFTER
    assert is_adoption_alone(repository.plan("staging", live))


SOME = """\
# several in one
name: A   # the first
model: &model gpt-4o   # cannot be edited alone
metadata: {model: *model}
reconciler:
  key: a
  ignore_changes: [metadata]
  environments:
    staging:   # smaller
      model: gpt-3.5-turbo   # old
---
name: B
model: gpt-4o   # shared
reconciler: {key: b}
---
{name: C, model: gpt-4o, reconciler: {key: c, environments: {staging: false}}}
"""
SOME_AFTER = """\
# several in one
name: A   # the first
model: &model gpt-4o   # cannot be edited alone
metadata: {model: *model}
reconciler:
  key: a
  ignore_changes: [metadata]
  environments:
    staging:   # smaller
      model: gpt-4o-mini   # old
  id: {staging: asst_A}
---
name: B
model: {value: model}   # shared
reconciler: {key: b, id: {staging: asst_B}}
---
{name: C, model: {value: model}, reconciler: {key: c, id: {staging: asst_C}}}
"""


def test_members_that_are_not_known_yet_are_kept_and_named(repository: TwoEnvironments) -> None:
    tools = [{"type": "function", "function": {"name": "lookup", "cache": True}}]
    live = [helper("asst_s", tools=tools)]
    repository.imports("production", [helper("asst_p")])

    repository.imports("staging", live)

    assert "unknown_members" in repository.text("assistants/helper.yaml")
    assert is_adoption_alone(repository.plan("staging", live))


def test_one_text_id_becomes_one_for_each_environment(repository: TwoEnvironments) -> None:
    config = repository.text("reconciler.yaml")
    repository.write("reconciler.yaml", config.partition("  staging")[0])
    repository.write("assistants/helper.yaml", "name: Helper\nmodel: gpt-4o\nreconciler:\n  id: asst_p  # the first\n")

    repository.imports("local", [helper("asst_l")])

    assert {name: repository.desired(name)[0].id for name in ("production", "local")} == {
        "production": "asst_p",
        "local": "asst_l",
    }


def test_a_long_text_that_differs_has_a_file_of_its_own(repository: TwoEnvironments) -> None:
    prompt = "\n".join(f"{number}. Be kind." for number in range(20))
    repository.imports("production", [helper("asst_p", instructions=prompt)])

    repository.imports("staging", [helper("asst_s", instructions=f"{prompt}\nYou are staging.")])

    assert repository.text("assistants/prompts/helper.md") == f"{prompt}\n"
    assert repository.text("assistants/prompts/helper.staging.md") == f"{prompt}\nYou are staging.\n"
    assert "instructions: {file: prompts/helper.staging.md}" in repository.text("assistants/helper.yaml")


def answering(schema: dict[str, Any]) -> dict[str, Any]:
    return {"response_format": {"type": "json_schema", "json_schema": {"name": "answer", "schema": schema}}}


def test_what_no_patch_can_say_is_a_manifest_of_its_own(
    repository: TwoEnvironments, capsys: pytest.CaptureFixture[str]
) -> None:
    repository.imports("production", [helper("asst_p", **answering({"type": "object"}))])
    capsys.readouterr()

    repository.imports("staging", [helper("asst_s", **answering({"type": "object", "default": None}))])

    assert "a null that no patch can express: a separate manifest" in capsys.readouterr().out
    assert {name: [str(one.address) for one in repository.desired(name)] for name in ("production", "staging")} == {
        "production": ["assistant.helper"],
        "staging": ["assistant.helper-2"],
    }


def test_a_difference_that_recurs_is_one_value_that_the_next_environment_fills(repository: TwoEnvironments) -> None:
    def stores(number: int, store: str, **body: Any) -> Live:
        resources = {"file_search": {"vector_store_ids": [store]}}
        return helper(
            f"asst_{store}{number}",
            name=f"Bot {number}",
            tools=[{"type": "file_search"}],
            tool_resources=resources,
            **body,
        )

    repository.imports("production", [stores(number, "vs_p") for number in (1, 2)])
    before = repository.desired("production")
    repository.imports("staging", [stores(number, "vs_s", metadata={"team": "a"}) for number in (1, 2)])

    assert less_places(repository.desired("production")) == less_places(before)
    for key in ("bot-1", "bot-2"):
        assert "{value: vector_store}" in repository.text(f"assistants/{key}.yaml")
        assert "vs_" not in repository.text(f"assistants/{key}.yaml").partition("reconciler:")[0]
    assert "vector_store: vs_s" in repository.text("reconciler.yaml")

    config = repository.text("reconciler.yaml")
    repository.write("reconciler.yaml", f"{config}  dev: {{provider: openai, base_url: http://127.0.0.1:9/dev}}\n")
    live = [stores(number, "vs_d") for number in (1, 2)]
    repository.imports("dev", live)

    assert "vector_store: vs_d" in repository.text("reconciler.yaml")
    assert is_adoption_alone(repository.plan("dev", live))


@pytest.mark.parametrize(
    ("values", "more"), [("values: &all {}", ""), ("", "dev: {provider: nowhere}")], ids=["an anchor", "a broken one"]
)
def test_where_no_value_can_be_written_each_manifest_has_a_patch(
    repository: TwoEnvironments, values: str, more: str
) -> None:
    alias = "values: *all" if values else ""
    servers = [("production", values), ("staging", alias)]
    stated = [f"{name}: {{provider: openai, base_url: http://127.0.0.1:9/{name}, {own}}}" for name, own in servers]
    config = f"version: 1\nstack: people\nenvironments: {{{', '.join([*stated, more])}}}\n"
    repository.write("reconciler.yaml", config)
    for number in (1, 2):
        repository.write(f"assistants/bot-{number}.yaml", f"name: Bot {number}\nmodel: gpt-4o\n")

    repository.imports("staging", [helper(f"asst_{n}", name=f"Bot {n}", model="gpt-4o-mini") for n in (1, 2)])

    assert repository.text("reconciler.yaml") == config
    assert set(repository.patched("staging").values()) == {frozenset({"model"})}


def test_ambiguous_names_are_left_with_the_command_that_pairs_them(
    repository: TwoEnvironments, capsys: pytest.CaptureFixture[str]
) -> None:
    repository.imports("production", [helper("asst_p")])
    files, twins = repository.files(), [helper("asst_s1"), helper("asst_s2")]
    capsys.readouterr()

    repository.imports("staging", twins)
    assert repository.files() == files
    assert "pair them by hand: reconciler import -e staging assistant.helper=asst_s1." in capsys.readouterr().err
    repository.imports("staging", twins, "asst_s1")  # one of two is no less ambiguous alone
    assert repository.files() == files

    repository.imports("staging", twins, "helper=asst_s2")
    assert [one.id for one in repository.desired("staging")] == ["asst_s2"]
    repository.imports("staging", twins)
    assert sorted(str(one.id) for one in repository.desired("staging")) == ["asst_s1", "asst_s2"]


def test_a_name_is_ambiguous_where_an_object_that_cannot_be_adopted_has_it_too(repository: TwoEnvironments) -> None:
    repository.imports("production", [helper("asst_p")])
    full = helper("asst_f", metadata={f"pair-{number}": "x" for number in range(16)})
    files = repository.files()

    repository.imports("staging", [helper("asst_s"), full])
    repository.imports("staging", [full])

    assert repository.files() == files


def test_a_pair_by_hand_must_be_possible(repository: TwoEnvironments) -> None:
    repository.imports("production", [helper("asst_p"), helper("asst_q", name="Other")])
    there = [helper("asst_s"), helper("asst_t", name="Third"), helper("agent_s", "agent")]
    full = helper("asst_f", metadata={f"pair-{number}": "x" for number in range(16)})
    repository.imports("staging", there[:1])

    def message(*words: str) -> str:
        with pytest.raises(Failure) as failure:
            repository.imports("staging", [*there, full], *words)
        return failure.value.message

    assert message("nobody=asst_t") == "No manifest is called 'nobody'."
    assert message("helper=agent_s") == "agent_s is an agent, and assistant.helper is not."
    assert message("other=asst_s") == "asst_s is the object of assistant.helper already."
    assert message("other=asst_t", "helper=asst_t") == "asst_t is given to several manifests."
    assert message("other=asst_t", "other=asst_s") == "other is paired with several live objects."
    assert message("other=asst_t", "assistant.other=asst_s").startswith("asst_s is the object of")
    assert (
        message("assistant.helper=asst_s", "helper=asst_t") == "assistant.helper is paired with several live objects."
    )
    assert "metadata pairs" in message("other=asst_f")


def test_a_pair_by_hand_brings_back_what_a_manifest_had_let_go(repository: TwoEnvironments) -> None:
    repository.write("assistants/helper.yaml", "name: Helper\nmodel: gpt-4o\n")
    (one,) = repository.desired("staging")
    live = applied(one, "asst_s", where=repository.session("staging").where)
    repository.write(
        "assistants/helper.yaml", "name: Helper\nmodel: gpt-4o\nreconciler: {environments: {staging: false}}\n"
    )

    repository.imports("staging", [live])
    assert repository.desired("staging") == ()
    repository.imports("staging", [live], "helper=asst_s")

    plan = repository.plan("staging", [live])
    assert (plan.changes, plan.unchanged) == ((), 1)
    with pytest.raises(Failure, match=r"asst_s is the object of assistant\.helper already"):
        repository.imports("staging", [live], "helper=asst_s")


def test_a_dry_run_prints_the_matches_and_writes_nothing(
    repository: TwoEnvironments, capsys: pytest.CaptureFixture[str]
) -> None:
    repository.imports("production", [helper("asst_p")])
    files = repository.files()
    capsys.readouterr()

    repository.imports("staging", [helper("asst_s", description="Kind.")], dry_run=True)

    assert "  assistant.helper = asst_s (by name)  1 field as a patch\n" in capsys.readouterr().out
    assert repository.files() == files


@pytest.mark.no_cover
@fewer
@given(two_worlds(), st.sampled_from(["yaml", "markdown"]))
def test_importing_a_second_environment_leaves_both_with_nothing_but_adoptions(worlds: Any, layout: str) -> None:
    first, second = living(worlds[0], "asst_p"), living(worlds[1], "asst_s")
    with TemporaryDirectory() as folder:
        repository = TwoEnvironments(Path(folder))
        repository.imports("production", first, layout=layout)
        before = repository.desired("production")
        repository.imports("staging", second)

        assert less_places(repository.desired("production")) == less_places(before)
        plans = repository.plan("production", first), repository.plan("staging", second)
        assert [is_adoption_alone(plan) for plan in plans] == [True, True]
        adopted = {change.id for change in plans[1].changes}
        left = [one.name for one in second if one.id not in adopted]
        assert plans[0].unmanaged == 0
        asked = {one.address: one for one in before}
        patched = repository.patched("staging")
        for change in plans[1].changes:
            if change.address in patched and change.live is not None:
                one, live = asked[change.address], change.live
                if one.fields["model"] != live.fields["model"]:  # which may reject less, so that less is left to it
                    one = replace(one, left_to_server=frozenset())
                differing = differences(one, live, KINDS[change.address.kind])
                assert patched[change.address] <= {each.path[0] for each in differing}
        names = [(one.kind, one.name) for one in (*first, *second)]
        assert all(names.count((one.kind, one.name)) > 2 for one in second if one.id not in adopted), left
