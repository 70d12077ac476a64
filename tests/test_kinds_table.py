"""Every rule of a kind follows from its table: a second kind, small, and the assistant with one field more."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Any, ClassVar, Literal

import pytest
from pydantic import BaseModel, ConfigDict

from reconciler.canonical import ABSENT, Json
from reconciler.diagnostics import Location
from reconciler.kinds import KINDS, Kind, ServerTraits
from reconciler.kinds.assistant import AssistantBody
from reconciler.kinds.fields import FieldPart, FieldRules, Text, ValueLimits
from reconciler.model import Address, Desired, Live, Marker
from reconciler.paths import Path, show
from reconciler.plan import marker as markers
from reconciler.plan.changes import creation, live_digest
from reconciler.plan.diff import Comparison, compare, differences, wire


class Reasoning(FieldPart):
    effort: Annotated[str | None, ValueLimits(one_of=("low", "medium", "high"), noun="an effort")] = None
    summary: Literal["auto", "concise"] | None = None


class HelperBody(BaseModel):
    model_config = ConfigDict(extra="ignore", protected_namespaces=())

    model: Annotated[str | None, FieldRules(required=True, resets=(("reasoning", "effort"),))] = None
    name: Annotated[Text | None, ValueLimits(longest=128), FieldRules()] = None
    reasoning: Annotated[
        Reasoning | None, FieldRules(default={}, by_member=True, no_empty_members=True, chosen=(("effort",),))
    ] = None
    metadata: Annotated[dict[str, str] | None, FieldRules(default={}, by_member=True)] = None


HELPER = Kind("helper", HelperBody, form=1)
EFFORT = ("reasoning", "effort")


class WithOneMore(AssistantBody):
    """The assistant with a field of tomorrow: a mapping with a schema, chosen by models that reason."""

    class Verbosity(FieldPart):
        same_as_absent: ClassVar = {"level": ("medium",)}
        level: Annotated[str | None, ValueLimits(one_of=("low", "medium", "high"), noun="a verbosity")] = None
        schemas: dict[str, Any] | None = None

    verbosity: Annotated[
        Verbosity | None,
        FieldRules(
            default={},
            chosen=((),),
            chosen_by_all=False,
            rejected_by="other",
            schemas=(("schemas", "*"),),
            wire=lambda value, behind: value or None,
        ),
    ] = None


WIDER = Kind("assistant", WithOneMore, form=1)


@pytest.fixture(autouse=True)
def _known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(KINDS, "helper", HELPER)


def wanted(body: dict[str, Json], kind: Kind = HELPER) -> Desired:
    checked = kind.check({"model": "gpt-5.1", **body}, ServerTraits())
    assert checked.problems == ()
    return Desired(Address(kind.name, "a"), checked.fields, Location("a.yaml"), checked.left_to_server)


def live(body: dict[str, Json], kind: Kind = HELPER, marker: Marker | None = None) -> Live:
    return Live(kind.name, "id_1", kind.read(body), body, marker)


def applied(one: Desired, body: dict[str, Json], kind: Kind = HELPER, **more: Any) -> Live:
    """What is live where the manifest was applied before."""
    stamp = markers.stamp(one, kind, ("acme", "production"), id="id_1", nonce="n", commit=None)
    return live({"model": "gpt-5.1", **body}, kind, markers.decode(markers.encode(stamp, kind), kind), **more)


def compared(one: Desired, there: Live, kind: Kind = HELPER) -> Comparison:
    return compare(one, there, kind, there.marker)


def shown(found: Comparison) -> dict[str, tuple[Any, Any, str]]:
    return {show(change.path): (change.before, change.after, change.cause) for change in found.fields}


SUMMARY: dict[str, Json] = {"reasoning": {"summary": "auto"}}
RESOLVED: dict[str, Json] = {"reasoning": {"summary": "auto", "effort": "medium"}}


def test_a_server_may_choose_a_part_of_what_is_stated() -> None:
    one = wanted(SUMMARY)

    assert (HELPER.chosen, one.left_to_server) == ((EFFORT,), {EFFORT})
    assert compared(one, applied(one, RESOLVED)).fields == ()
    assert list(differences(one, applied(one, RESOLVED), HELPER)) == []
    assert wanted(RESOLVED).left_to_server == frozenset()
    assert wanted({}).left_to_server == {EFFORT}


def test_the_part_beside_what_the_server_chose_is_compared_and_sent_without_it() -> None:
    one = wanted({"reasoning": {"summary": "concise"}})

    found = compared(one, applied(wanted(SUMMARY), RESOLVED))

    assert shown(found) == {"reasoning.summary": ("auto", "concise", "edit")}
    assert found.patch == {"reasoning": {"summary": "concise"}}
    assert creation(one, HELPER).patch == {"model": "gpt-5.1", "reasoning": {"summary": "concise"}}


def test_a_chosen_part_that_a_manifest_once_stated_is_reset_once() -> None:
    there = applied(wanted(RESOLVED), RESOLVED)

    assert shown(compared(wanted(SUMMARY), there)) == {"reasoning.effort": ("medium", ABSENT, "edit")}
    assert compared(wanted(SUMMARY), applied(wanted(SUMMARY), RESOLVED)).fields == ()


@pytest.mark.parametrize("by_field", [False, True])
def test_stating_what_the_server_chose_until_now_is_an_edit(by_field: bool) -> None:
    there = applied(wanted(SUMMARY), RESOLVED)
    if by_field and there.marker is not None:
        kept = {name: value for name, value in there.marker.digests.items() if "#" not in name}
        there = live(dict(there.raw), marker=Marker("acme", "production", "a", 1, kept))

    found = compared(wanted({"reasoning": {"summary": "auto", "effort": "high"}}), there)

    assert shown(found) == {"reasoning.effort": ("medium", "high", "edit")}


def test_somebody_elses_change_of_a_stated_part_is_drift() -> None:
    one = wanted({"reasoning": {"summary": "auto", "effort": "high"}})

    assert shown(compared(one, applied(one, RESOLVED))) == {"reasoning.effort": ("medium", "high", "drift")}


def test_no_plan_relies_on_what_the_server_chose() -> None:
    one = wanted(SUMMARY)

    assert live_digest(live(RESOLVED), one) == live_digest(live(SUMMARY), one)
    assert live_digest(live(RESOLVED)) != live_digest(live(SUMMARY))


def test_a_new_model_takes_along_what_the_old_one_had_chosen() -> None:
    one = wanted({**SUMMARY, "model": "gpt-6"})

    found = compared(one, applied(wanted(SUMMARY), RESOLVED))

    assert found.patch == {"model": "gpt-6", "reasoning": {"summary": "auto"}}
    assert [(show(c.path), c.after, c.reason) for c in found.fields] == [
        ("model", "gpt-6", None),
        ("reasoning.effort", ABSENT, "gpt-6 chooses its own"),
    ]
    assert compared(one, applied(wanted(SUMMARY), SUMMARY)).patch == {"model": "gpt-6"}


@pytest.mark.parametrize("ignored", [("reasoning",), EFFORT])
def test_a_new_model_leaves_what_is_ignored_as_it_is(ignored: Path) -> None:
    one = replace(wanted({**SUMMARY, "model": "gpt-6"}), ignore=(ignored,))

    assert compared(one, applied(wanted(SUMMARY), RESOLVED)).patch == {"model": "gpt-6"}


@pytest.mark.parametrize(
    ("kind", "words"),
    [(HELPER, ("helper", "helpers", "a helper")), (WIDER, ("assistant", "assistants", "an assistant"))],
)
def test_a_kind_is_named_by_its_noun_alone(kind: Kind, words: tuple[str, str, str]) -> None:
    (problem,) = kind.check({"model": "gpt-5.1", "id": "id_1"}, ServerTraits()).problems

    assert (kind.name, kind.plural, kind.with_article) == words
    assert problem.remedy == f"the server sets it: leave it out; `reconciler.id` adopts an existing {words[0]}"


def test_a_part_is_judged_by_its_limits_and_a_manifest_by_its_required_fields() -> None:
    found = HELPER.check({"name": "x" * 129, "reasoning": {"effort": "lots"}}, ServerTraits()).problems

    assert [(problem.loc, problem.message) for problem in found] == [
        (("model",), "A helper needs a `model`."),
        (("name",), "`name` has 129 characters; the API takes 128."),
        (("reasoning", "effort"), "`lots` is not an effort."),
    ]
    assert HELPER.read({"reasoning": {"effort": "lots"}})["reasoning"] == {"effort": "lots"}


def test_a_field_is_one_entry_in_the_table() -> None:
    """Its place, default, shape, limits, normal form, companions and words: nothing else names it."""
    body: dict[str, Json] = {"model": "o3", "verbosity": {"level": "low", "schemas": {"a": {"type": "object"}}}}
    one = wanted(body, WIDER)

    assert WIDER.fields == (*KINDS["assistant"].fields, "verbosity")
    assert (WIDER.default("verbosity"), WIDER.chosen[-1]) == ({}, ("verbosity",))
    assert WIDER.read({"verbosity": {"level": "medium"}})["verbosity"] == {}
    assert WIDER.read({"verbosity": 3})["verbosity"] == 3
    assert WIDER.manifest(one.fields) == body
    assert WIDER.schemas(one.fields) == {("verbosity", "schemas", "a"): {"type": "object"}}
    assert WIDER.members("verbosity", {"level": "low"}) == {("verbosity",): {"level": "low"}}
    assert wire("verbosity", wanted({}, WIDER), live({}, WIDER), WIDER) is None
    assert compared(one, applied(one, {**body, "verbosity": {"level": "high"}}, WIDER), WIDER).patch == {
        "verbosity": body["verbosity"]
    }


@pytest.mark.parametrize(
    ("body", "found"),
    [
        ({"verbosity": {"level": "loud"}}, (("verbosity", "level"), "unknown-value", "`loud` is not a verbosity.")),
        ({"verbosity": "low"}, (("verbosity",), "wrong-type", "Expected a mapping, found text.")),
        (
            {"verbosity": {"lvl": "low"}},
            (("verbosity", "lvl"), "unknown-field", "There is no field `lvl` here."),
        ),
        (
            {"model": "gpt-4o", "verbosity": {"level": "low"}},
            (("verbosity",), "model-family", "`gpt-4o` does not reason, and such models reject `verbosity`."),
        ),
    ],
)
def test_what_is_wrong_with_a_field_follows_from_its_entry(body: dict[str, Json], found: tuple[Path, str, str]) -> None:
    problems = WIDER.check({"model": "o3", **body}, ServerTraits()).problems

    assert [(problem.loc, problem.code, problem.message) for problem in problems] == [found]
