"""Several environments in one output, in each format; and a plan in two halves."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import Any

import pytest

from reconciler.model import Base, Change, Meaning, Objection, Plan
from reconciler.plan.against_base import split
from reconciler.plan.make import make_plan
from reconciler.render import FORMATS, BadDocument, Document, Style, document
from reconciler.render.grouping import halves
from reconciler.render.markup import LIMIT
from reconciler.render.several import Lost, read, several
from reconciler.render.view import view
from support.lives import applied, wanted
from support.render_plans import address, create, delete, field, lookalike, merging, plan, rename, update
from support.world import WHERE

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


def test_what_was_saved_of_several_is_read_again() -> None:
    sections = (document(plan_of("one")), LOST)

    assert read(several("json", sections, Style())) == sections
    assert read(FORMATS["json"](sections[0], Style())) == sections[:1]


@pytest.mark.parametrize(
    "text",
    [
        "[]",
        "{}",
        '{"plans": 1, "failures": []}',
        '{"plans": []}',
        '{"plans": [{}], "failures": []}',
        '{"plans": [], "failures": [1]}',
        '{"plans": [], "failures": [{"environment": "x", "message": 1, "remedy": ""}]}',
    ],
)
def test_what_is_no_document_of_several_is_refused(text: str) -> None:
    with pytest.raises(BadDocument):
        read(text)


def test_a_failure_without_a_remedy_is_told_all_the_same() -> None:
    assert several("markdown", [Lost("x", "no.")], Style()) == "### No plan of `x`\n\nno.\n"
    assert several("text", [Lost("x", "no.")], Style()) == "x\n\nError: no.\n"


LARGE = make_plan([wanted(f"a{n}", name=f"A{n}", instructions=f"Word {n}. " * 120) for n in range(40)], [], WHERE)


def large(name: str) -> Document:
    return document(replace(LARGE, where=replace(WHERE, environment=name)))


def own(name: str) -> Document:
    """Much that no other environment has."""
    bodies = (wanted(f"a{n}", name=f"{name} {n}", instructions=f"Of {name} {n}. " * 120) for n in range(160))
    return document(make_plan(list(bodies), [], replace(WHERE, environment=name)))


@pytest.mark.no_cover
def test_several_plans_as_markdown_are_no_more_than_a_comment_holds() -> None:
    told = several("markdown", [own("one"), LOST, own("two"), document(plan_of("small"))], Style())

    assert 60_000 < len(told) <= LIMIT
    assert [name for name in ("**one**", "`staging`", "**two**", "**small**") if name not in told] == []
    assert told.count("**Left out here:**") == 1


def test_more_plans_than_have_room_are_counted_and_named() -> None:
    names = [f"environment-{n:030}" for n in range(60)]
    told = several("markdown", [large(name) for name in names], Style())

    assert len(told) <= LIMIT
    assert told.count(" Fingerprint ") == 32
    assert "#### In `environment-000000000000000000000000000000`, " in told
    assert " and 28 more\n" in told
    assert f"**Left out here:** 28 environments: `{names[32]}`, " in told
    assert " more. Plan each by itself to see it.\n" in told
    few = several("markdown", [large(name) for name in names[:33]], Style())
    assert few.endswith(f"**Left out here:** 1 environment: `{names[32]}`. Plan each by itself to see it.\n")


PROMPT = "You help.\nAlways name the section.\nSay so if you do not know.\n"
SHORTER = field("instructions", PROMPT, PROMPT.replace("Always name", "Name"))


def of(name: str, *parts: Any, stack: str = "acme", **more: Any) -> Document:
    """The document of an environment's plan."""
    return document(replace(plan(*parts), where=replace(WHERE, environment=name, stack=stack), **more))


def sections(told: str) -> dict[str, str]:
    """What stands under each heading."""
    parts = re.split(r"^#### (.*)$", told, flags=re.M)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def test_what_is_the_same_in_several_environments_is_told_once_with_their_names() -> None:
    same = [update("hr", SHORTER), create("sales", field("name", after="Sales"))]
    told = several("markdown", [of("staging", *same), of("live", *same)], Style())

    assert told.startswith(
        "### 1 new assistant, 1 prompt changed: Always name → Name\n\n- **staging** · stack `acme` · "
    )
    assert list(sections(told)) == ["In staging, live"]
    assert told.count("Always name") == 4  # the headline, the row, the words, the diff
    assert told.count("+\u00a0assistant.sales") == 1
    assert told.count(": Plan: 1 to add, 1 to change, 0 to destroy.** <sub>0 unchanged, 0 unmanaged. Fingerprint ") == 2


def test_what_differs_is_told_of_its_environment_worst_first() -> None:
    staging = of("staging", update("hr", SHORTER, field("temperature", 1, 0.2), hidden=9))
    live = of("live", update("hr", SHORTER, hidden=10), delete("old", field("name", "Old")))
    told = several("markdown", [staging, live], Style())

    found = sections(told)
    assert list(found) == ["In live", "In staging, live", "In staging"]
    assert [
        ("−\u00a0assistant.old" in text, "Always name" in text, "temperature" in text) for text in found.values()
    ] == [
        (True, False, False),
        (False, True, False),
        (False, False, True),
    ]
    verdict = "1 prompt changed: Always name → Name, 1 other field changed: temperature 1 → 0.2"
    assert told.startswith(f"### staging: {verdict} · live: 1 deletion: assistant.old, ")
    assert "unchanged fields" not in found["In staging"]


def test_an_id_is_shown_where_only_one_environment_is_meant() -> None:
    told = several("markdown", [of("staging", update("hr", SHORTER)), of("live", update("hr", SHORTER))], Style())
    alone = several("markdown", [of("staging", update("hr", SHORTER)), of("live")], Style())

    assert ("asst_hr" in told, "asst_hr" in alone) == (False, True)
    assert "staging: 1 prompt changed: Always name → Name · live: No changes" in alone


def test_what_has_no_fields_is_the_same_where_it_is_done_to_the_same() -> None:
    told = several("markdown", [of("a", rename("hr", "bot")), of("b", rename("hr", "bot")), of("c")], Style())
    other = several("markdown", [of("a", rename("hr", "bot")), of("b", rename("hr", "robot"))], Style())

    assert list(sections(told)) == ["In a, b"]
    assert list(sections(other)) == ["In a", "In b"]


def test_what_the_change_of_a_schema_means_stands_with_that_change() -> None:
    schemas = [{"type": "object", "required": names} for names in ([], ["a"], ["b"])]
    told = ((("tools", "functions", "f", "parameters"), Meaning("less", breaking=True)),)
    path = "tools.functions.f.parameters"
    one, other = (
        of(name, replace(update("hr", field(path, before, schemas[1])), meanings=told))
        for name, before in (("a", schemas[0]), ("b", schemas[2]))
    )
    found = sections(several("markdown", [one, other], Style()))

    assert {title: "**breaking**" in text for title, text in found.items()} == {"In a": True, "In b": True}


def test_each_half_is_parted_by_environment_and_what_is_pending_is_folded() -> None:
    pending = Change("update", address("hr"), "asst_hr", "d", (field("top_p", 1, 0.5),), seen="s", origin="pending")
    brought = Change("update", address("hr"), "asst_hr", "d", (SHORTER,), seen="s", origin="change")
    both = [
        replace(change, fields=tuple(replace(one, origin=change.origin) for one in change.fields))
        for change in (brought, pending)
    ]
    base = Base("main", "1a2b3c")
    told = several("markdown", [of("staging", *both, base=base), of("live", both[0], base=base)], Style())
    idle = several("markdown", [of("staging", both[1], base=base), of("live", base=base)], Style())

    first, second = (half.title for half in halves(view(of("live", base=base))))
    assert list(sections(told)) == [f"{first} in staging, live"]
    assert f"<details><summary><b>{second} in staging (1 change)</b></summary>" in told
    assert list(sections(idle)) == [first, f"{second} in staging"]
    assert "compared with `main (1a2b3c)`" in told


def test_objections_and_notes_are_told_once_with_the_environments_that_have_them() -> None:
    common, own = (
        Objection("outdated-checkout", "The commit is not known here.", "fetch it"),
        Objection("conflict", "Both changed it.", "look"),
    )
    staging = of("staging", objections=(common,), notes=("All is new.", "Only here."))
    live = of("live", objections=(common, own), notes=("All is new.",))
    told = several("markdown", [staging, live], Style())

    assert told.count("The commit is not known here.") == 1
    assert "In staging, live:\n\n> [!CAUTION]\n> **Blocked** (`outdated-checkout`)" in told
    assert "In live:\n\n> [!CAUTION]\n> **Blocked** (`conflict`)" in told
    assert "**Note:** All is new.\n\n**Note (staging):** Only here." in told


def test_what_blocks_what_is_pending_is_told_once_with_the_environments_and_blocks_nothing() -> None:
    left = merging(create("x"), rest_objections=(lookalike("hr", remedy=""),))
    sections = [document(replace(left, where=replace(WHERE, environment=name))) for name in ("one", "two")]

    told = several("markdown", sections, Style())

    assert told.count("Blocked (possible-duplicate)") == 1
    assert "<b>Not done by merging in one, two</b>" in told
    assert "CAUTION" not in told


def test_why_nothing_was_read_is_told_of_those_of_which_it_is_so() -> None:
    base = Base("main", "1a2b3c")
    away = of("staging", base=base, offline="KEY is not set")
    some = several("markdown", [away, of("live", base=base)], Style())
    every = several("markdown", [away, of("live", base=base, offline="KEY is not set")], Style())

    assert (
        "**Nothing live was read in staging:** KEY is not set. The plan is based on the manifests of `main (1a2b3c)`: "
        in some
    )
    assert every.count("**Nothing live was read:** KEY is not set.") == 1


def test_two_environments_that_are_called_alike_are_told_with_their_stacks() -> None:
    told = several("markdown", [of("live", create("a"), stack="one"), of("live", stack="two")], Style())

    assert list(sections(told)) == ["In live (stack one)"]


def test_nothing_to_do_anywhere_is_said_once() -> None:
    told = several("markdown", [of("staging"), of("live")], Style())

    assert told.startswith("### No changes\n")
    assert "#### Changes\n\nNothing.\n" in told


def test_where_no_environment_could_be_planned_each_says_why() -> None:
    told = several("markdown", [Lost("staging", "No.", "wait"), Lost("live", "Never.")], Style())

    assert told.startswith("### No plan of staging, live\n\n#### No plan of `staging`\n\nNo.\n\n```\nwait\n```\n")
    assert "#### No plan of `live`\n\nNever.\n" in told


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
