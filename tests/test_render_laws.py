"""Laws of every format: it names every change, and no live text breaks out of it."""

from __future__ import annotations

import json
import re
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.canonical import ABSENT
from reconciler.diagnostics import CODES, Diagnostic, Location
from reconciler.model import Address, Base, Change, Difference, FieldChange, Live, Meaning, Mismatch, Objection, Plan
from reconciler.plan.status import Standing
from reconciler.render import FORMATS, Style, document, events, faults, github, listing, read, status
from reconciler.render.markdown import page
from reconciler.render.values import in_ascii
from reconciler.render.view import view
from reconciler.source import write
from support.markdown_reading import acting
from support.markdown_reading import read as reading
from support.render_plans import WHERE, address, kept, plan
from support.runner_rules import suspicious

UNHURRIED = settings(deadline=None)  # coverage is slow, and how slow is not the point

HOSTILE = [
    "`", "```", "````diff", "</details>", "</code>", "<script>", "|", "\\", "\\|", "\x1b[2J", "\n", "\r", "\t",
    "::error::", "##[error]", "##vso[x]", "\u202e", "\u2028", "\ud800", "Plan: 0 to add, 0 to change, 0 to destroy.",
    "No changes. ", "@team", "#12", "--> ", "> ", "- ", "### ", "\n\n", " ", "x", "word ",
    "GH-1", "https://x.y/z", "www.x.y", "a@b.c", "1a2b3c4d5e", "$x$", "[^1]", "- [ ] x", "> [!NOTE]\n", "\n---\n",
    "\n===\n", "<!--", "&amp;", "&#64;me", "~~", "**", "_", "[x](y)", "![x](y)", ":+1:", "↵", "1. ", "`$",
]  # fmt: skip

texts = st.lists(st.sampled_from(HOSTILE), max_size=8).map("".join) | st.text(max_size=30)
values = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=8,
)
sides = values | texts.map(lambda text: f"{text} " * 30) | st.just(ABSENT)
paths = (
    st.lists(texts.filter(bool), min_size=1, max_size=3).map(tuple)
    | st.sampled_from([("instructions",), ("model",), ("response_format", "json_schema", "schema", "type")])
    | texts.filter(bool).map(lambda name: ("tools", "functions", name, "parameters", "required"))
)
causes = st.sampled_from(["edit", "drift", "conflict", "unknown"])
origins = st.sampled_from(["change", "pending"])
fields = st.builds(FieldChange, paths, sides, sides, causes, origins)
meanings = st.builds(lambda path, text, breaking: (path, Meaning(text, breaking)), paths, texts, st.booleans())
actions = st.sampled_from(["create", "update", "delete", "adopt", "rename", "forget"])
changes = st.builds(
    Change,
    actions,
    st.sampled_from("abc").map(address),
    st.none() | texts,
    st.just("digest"),
    st.lists(fields, max_size=3).map(tuple),
    previous_key=st.none() | texts,
    meanings=st.lists(meanings, max_size=2).map(tuple),
    origin=origins,
)
objections = st.builds(Objection, texts, texts, texts, st.none() | st.just(address("a")), st.just(frozenset()))
mismatches = st.builds(
    Mismatch,
    st.just(address("a")),
    texts,
    st.just(Location("assistants/a.yaml", 1, 1)),
    st.lists(st.builds(Difference, paths, sides, sides), min_size=1, max_size=2).map(tuple),
)
plans = st.builds(
    Plan,
    st.builds(lambda url, name: replace(WHERE, base_url=url, project=name), texts, texts),
    st.lists(changes, max_size=3).map(tuple),
    objections=st.lists(objections, max_size=2).map(tuple),
    notes=st.lists(texts, max_size=2).map(tuple),
    mismatches=st.lists(mismatches, max_size=2).map(tuple),
    base=st.none() | st.builds(Base, texts, st.none() | texts),
    offline=st.none() | texts,
    applies=st.sampled_from(["change", "everything"]),
    rest=st.lists(changes, max_size=2).map(tuple),
    rest_objections=st.lists(objections, max_size=2).map(tuple),
)


def repeated(plan, times):
    """A plan that does the same many times over."""
    names = ("changes", "objections", "notes", "rest", "rest_objections")
    return replace(plan, **{name: getattr(plan, name) * times for name in names})


OURS = re.compile(
    r"production |Objection |Note:|0 unchanged, 0 unmanaged\.$|No changes\. |Plan: |$"
    r"|Compared with |Nothing live was read: |Merging does this:|Not done by merging:|Also done by merging:"
    r"|\d+ (?:blocked|objections?|deletions?|conflicts?|new|breaking|prompts?|models?|fields?|other|adopted|renamed) ?"
    r"|\d+ (?:forgotten|already pending|assistants?)|This change has no effect"
)
RUNNER_COMMAND = re.compile(r"^\s*::|##(vso)?\[(?!-)")  # `##[-` is ours: no command begins with a dash
INVISIBLE = re.compile("[\x00-\x08\x0b-\x1f\x7f\u202e\u2028\ud800]")


@UNHURRIED
@given(plans)
def test_every_format_names_every_change(plan):
    for render in FORMATS.values():
        shown = render(document(plan), Style())
        assert all(str(change.address) in shown for change in plan.changes)


@pytest.mark.parametrize("shape", FORMATS)
@pytest.mark.parametrize("narrowed", [False, True])
def test_no_format_says_that_all_is_well_where_the_server_did_not_keep_something(shape, narrowed):
    differing = kept("hr", Difference(("temperature",), 0.25, 1))
    of = document(plan(mismatches=(differing,), unchanged=1, selected=narrowed))
    shown = " ".join(FORMATS[shape](of, Style()).split())

    assert "match the manifests" not in shown
    assert "as it should be" not in shown
    assert all(word in shown for word in ("assistant.hr", "temperature", "0.25"))
    assert shape == "json" or ("1 assistant differs from its manifest" in shown and "is sent again only once" in shown)


def test_what_the_server_did_not_keep_is_annotated_at_its_manifest():
    shown = FORMATS["github"](document(plan(mismatches=(kept("hr", Difference(("name",), "HR", "x")),))), Style())

    assert "::warning file=assistants/hr.yaml,line=3,title=In production%3A assistant.hr differs" in shown


def test_an_older_plan_has_nothing_that_the_server_did_not_keep_and_is_of_assistants():
    older = document(plan())
    del older["mismatches"], older["kinds"]

    assert "No changes. Your assistants match the manifests." in FORMATS["text"](older, Style())


def test_programs_are_told_what_the_server_did_not_keep():
    found = [*events.planned(plan(mismatches=(kept("hr", Difference(("name",), "HR", "x")),)))]

    assert [(one["@level"], one["diagnostic"]["address"]) for one in found[:1]] == [("warn", "assistant.hr")]


@UNHURRIED
@given(plans)
def test_no_live_text_begins_a_line_of_the_text(plan):
    """So nothing can pass for our own last line, and no runner or terminal obeys."""
    lines = FORMATS["text"](document(plan), Style()).splitlines()

    assert all(line.startswith("  ") or OURS.match(line) for line in lines)
    assert sum(line.startswith(("Plan: ", "No changes. ")) for line in lines) == 1
    assert not any(RUNNER_COMMAND.search(line) for line in lines)
    assert not any(INVISIBLE.search(line) for line in lines)


@UNHURRIED
@given(plans)
def test_colours_are_ours_alone(plan):
    shown = FORMATS["text"](document(plan), Style(colour=True))

    assert not INVISIBLE.search(re.sub(r"\x1b\[[0-9;]*m", "", shown))


@UNHURRIED
@given(plans)
def test_no_live_text_acts_in_markdown(plan):
    shown = FORMATS["markdown"](document(plan), Style())

    assert acting(shown) == []
    assert {line.count("|") for line in shown.split("\n") if line.startswith("| ")} <= {3}
    assert not INVISIBLE.search(shown)


@UNHURRIED
@given(plans)
def test_no_line_of_a_diff_in_markdown_is_wider_than_a_phone_shows(plan):
    shown = FORMATS["markdown"](document(plan), Style())
    lines = [line for block in reading(shown) if block.info == "diff" for line in block.content.splitlines()]

    assert [line for line in lines if len(line) > 60 and not line.startswith(("@@ ", "…"))] == []


@UNHURRIED
@given(st.builds(repeated, plans, st.integers(1, 12)), st.integers(2_000, 6_000), texts)
def test_markdown_never_exceeds_its_room_and_always_ends_what_it_begins(plan, room, whole):
    shown = page(view(document(plan)), room, whole)

    assert len(shown) <= room
    assert acting(shown) == []
    assert shown.startswith("### ")
    assert f" Fingerprint `{document(plan)['fingerprint']}`</sub>\n" in shown


@UNHURRIED
@given(plans)
def test_json_is_ascii_and_reads_back(plan):
    shown = FORMATS["json"](document(plan), Style())

    assert shown.isascii()
    assert "##[" not in shown
    assert read(shown) == json.loads(shown) == document(plan)


@UNHURRIED
@given(plans, st.integers(20, 200))
def test_a_plan_is_rendered_the_same_twice(plan, width):
    for render in FORMATS.values():
        assert render(document(plan), Style(width)) == render(document(plan), Style(width))


# what a CI runner obeys


@UNHURRIED
@given(plans, st.booleans())
def test_no_line_of_any_format_is_a_command_but_for_our_annotations(plan, colour):
    of = document(plan)
    for name, render in FORMATS.items():
        ours = github.annotated(of) if name == "github" else ()
        assert [line for line in suspicious(render(of, Style(colour=colour))) if line not in ours] == []


@UNHURRIED
@given(plans)
def test_no_event_is_a_command(plan):
    told = [*events.planned(plan), *(events.diagnostic("error", note, note, note) for note in plan.notes)]

    assert suspicious("".join(events.as_line(event) for event in told)) == []


places = st.builds(Location, texts, st.integers(0, 3), st.integers(0, 12))


@UNHURRIED
@given(st.lists(st.builds(Diagnostic, places, st.sampled_from(list(CODES)), texts, texts), max_size=3), texts)
def test_no_line_of_a_report_of_faults_is_a_command(found, source):
    assert suspicious(faults.report(found, {fault.place.file: source for fault in found})) == []


@UNHURRIED
@given(st.dictionaries(texts, values))
def test_no_data_is_a_command(data):
    long = {key: f"{'word ' * 25}{value}" for key, value in data.items()}

    assert suspicious(write(data) + write(long) + in_ascii(data, indent=2)) == []
    assert json.loads(in_ascii(data)) == json.loads(json.dumps(data))


SHOWN = st.fixed_dictionaries({"name": texts, "model": texts})


@UNHURRIED
@given(st.lists(st.builds(Standing, texts, texts, SHOWN, texts, texts), max_size=3), texts)
def test_no_row_of_a_table_is_a_command(rows, id):
    listed = [(Address("assistant", "hr"), Live("assistant", id, {}, {"name": id}))]

    assert suspicious(status.table(rows, Style()) + in_ascii(status.data(rows), indent=2)) == []
    assert suspicious(listing.LISTINGS["text"](listed) + listing.LISTINGS["json"](listed)) == []
