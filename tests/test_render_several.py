"""Several environments in one output, in each format; and a plan in two halves."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from lives import applied, wanted
from world import WHERE

from reconciler.model import Base, Meaning, Plan
from reconciler.origin import split
from reconciler.plan import make_plan
from reconciler.render import FORMATS, Document, Style, document
from reconciler.render.markdown import LIMIT
from reconciler.render.several import Lost, several
from reconciler.render.verdict.halves import halves
from reconciler.render.view import view

A = wanted(name="A")
LOST = Lost("staging", "The server does not answer\n::error::x.", "look at @team\nand wait")


def plan_of(name: str) -> Plan:
    return make_plan([A], [], replace(WHERE, environment=name))


@pytest.mark.parametrize("shape", sorted(FORMATS))
def test_every_environment_is_in_every_format(shape: str) -> None:
    told = several(shape, [document(plan_of("one")), LOST, document(plan_of("two"))], Style())

    assert told.index("one") < told.index("two")
    assert "staging" in told
    assert "does not answer" in told
    assert not [line for line in told.splitlines() if line.lstrip().startswith("::") and "::notice file=" not in line]


def test_as_json_it_is_one_document() -> None:
    data = json.loads(several("json", [document(plan_of("one")), LOST], Style()))

    assert [one["environment"]["name"] for one in data["plans"]] == ["one"]
    assert data["failures"] == [{"environment": "staging", "message": LOST.message, "remedy": LOST.remedy}]


def test_a_failure_without_a_remedy_is_told_all_the_same() -> None:
    assert several("markdown", [Lost("x", "no.")], Style()) == "### No plan of `x`\n\nno.\n"
    assert several("text", [Lost("x", "no.")], Style()) == "x\n\nError: no.\n"


LARGE = make_plan([wanted(f"a{n}", name=f"A{n}", instructions=f"Word {n}. " * 120) for n in range(40)], [], WHERE)


def large(name: str, times: int = 1) -> Document:
    return document(replace(LARGE, where=replace(WHERE, environment=name), changes=LARGE.changes * times))


def test_several_plans_as_markdown_are_no_more_than_a_comment_holds() -> None:
    told = several("markdown", [large("one", 4), LOST, large("two", 4), document(plan_of("small"))], Style())

    assert 60_000 < len(told) <= LIMIT
    assert several("markdown", [document(plan_of("small"))], Style()) in told
    assert [name for name in ("**one**", "`staging`", "**two**", "**small**") if name not in told] == []
    assert told.count("**Left out here:**") == 2


def test_more_plans_than_have_room_are_counted_and_named() -> None:
    names = [f"environment-{n:030}" for n in range(60)]
    told = several("markdown", [large(name) for name in names], Style())

    assert len(told) <= LIMIT
    assert told.count("\nFingerprint ") == 32
    assert f"**Left out here:** 28 environments: `{names[32]}`, " in told
    assert " more. Plan each by itself to see it.\n" in told
    few = several("markdown", [large(name) for name in names[:33]], Style())
    assert few.endswith(f"**Left out here:** 1 environment: `{names[32]}`. Plan each by itself to see it.\n")


def test_why_there_is_no_plan_has_no_more_room_than_there_is() -> None:
    long = Lost("x" * 500, "word @team " * 30_000, "line\n" * 30_000)
    told = several("markdown", [long] * 3, Style())

    assert len(told) <= LIMIT
    assert told.count("more lines") == 3


def test_a_plan_without_a_base_is_one_half_without_a_title() -> None:
    (half,) = halves(view(document(plan_of("one"))))

    assert (half.title, half.origin, [change.address for change in half.changes]) == ("", None, ["assistant.a"])


def test_what_is_updated_for_both_reasons_is_in_both_halves_with_its_own_fields() -> None:
    tools = [{"type": "function", "function": {"name": "f", "parameters": {"type": "object", "properties": {}}}}]
    wider = [{"type": "function", "function": {"name": "f", "parameters": {"type": "object", "required": []}}}]
    base, head = wanted(name="A", tools=tools), wanted(name="A", tools=wider, description="new")
    live = [applied(base, top_p=0.3)]
    plan = split(make_plan([head], live, WHERE), make_plan([base], live, WHERE), Base("main"))
    meaning = (("tools", "functions", "f", "parameters"), Meaning("less", breaking=True))
    plan = replace(plan, changes=tuple(replace(change, meanings=(meaning,)) for change in plan.changes))

    first, second = halves(view(document(plan)))

    assert {field.path.partition(".")[0] for field in first.changes[0].fields} == {"tools", "description"}
    assert [field.path for field in second.changes[0].fields] == ["top_p"]
    assert (len(first.changes[0].meanings), second.changes[0].meanings) == (1, ())


def test_what_has_no_fields_is_in_the_half_that_brings_it() -> None:
    plan = split(make_plan([A], [], WHERE), make_plan([], [], WHERE), Base("main", "1a2b3c"))
    kept = replace(plan, changes=tuple(replace(change, fields=()) for change in plan.changes))

    assert [len(half.changes) for half in halves(view(document(plan)))] == [1, 0]
    assert [len(half.changes) for half in halves(view(document(kept)))] == [1, 0]
    assert view(document(plan)).base == "main (1a2b3c)"
