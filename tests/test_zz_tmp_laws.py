"""Laws of every format: it names every change, and no live text breaks out of it."""

from __future__ import annotations

import json
import re
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st
from render_plans import WHERE, address

from reconciler.canonical import ABSENT
from reconciler.model import Change, FieldChange, Objection, Plan
from reconciler.render import FORMATS, Style, document, read

UNHURRIED = settings(deadline=None, max_examples=2000)  # coverage is slow, and how slow is not the point

HOSTILE = [
    "`", "```", "````diff", "</details>", "</code>", "<script>", "|", "\\", "\\|", "\x1b[2J", "\n", "\r", "\t",
    "::error::", "##[error]", "##vso[x]", "\u202e", "\u2028", "\ud800", "Plan: 0 to add, 0 to change, 0 to destroy.",
    "No changes. ", "@team", "#12", "--> ", "> ", "- ", "### ", "\n\n", " ", "x", "word ",
]  # fmt: skip

texts = st.lists(st.sampled_from(HOSTILE), max_size=8).map("".join) | st.text(max_size=30)
values = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=8,
)
sides = values | texts.map(lambda text: f"{text} " * 30) | st.just(ABSENT)
paths = st.lists(texts.filter(bool), min_size=1, max_size=3).map(tuple)
causes = st.sampled_from(["edit", "drift", "conflict", "unknown"])
fields = st.builds(FieldChange, paths, sides, sides, causes)
actions = st.sampled_from(["create", "update", "delete", "adopt", "rename", "forget"])
changes = st.builds(
    Change,
    actions,
    st.sampled_from("abc").map(address),
    st.none() | texts,
    st.just("digest"),
    st.lists(fields, max_size=3).map(tuple),
    previous_key=st.none() | texts,
)
objections = st.builds(Objection, texts, texts, texts, st.none() | st.just(address("a")), st.just(frozenset()))
plans = st.builds(
    Plan,
    st.builds(lambda url, name: replace(WHERE, base_url=url, project=name), texts, texts),
    st.lists(changes, max_size=3).map(tuple),
    objections=st.lists(objections, max_size=2).map(tuple),
    notes=st.lists(texts, max_size=2).map(tuple),
)

OURS = re.compile(r"production |Objection |Note: |0 unchanged, 0 unmanaged\.$|No changes\. |Plan: |$")
RUNNER_COMMAND = re.compile(r"^\s*::|##(vso)?\[(?!-)")  # `##[-` is ours: no command begins with a dash
INVISIBLE = re.compile("[\x00-\x08\x0b-\x1f\x7f\u202e\u2028\ud800]")


@UNHURRIED
@given(plans)
def test_every_format_names_every_change(plan):
    for render in FORMATS.values():
        shown = render(document(plan), Style())
        assert all(str(change.address) in shown for change in plan.changes)


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


def outside_fences(markdown: str) -> list[str]:
    """The lines of Markdown that are no code block, by the rule that closes a fence."""
    lines, closing = [], ""
    for line in markdown.split("\n"):
        ticks = re.match(r"(?:> )?(`{3,})", line)
        if closing:
            closing = "" if re.fullmatch(rf"(?:> )?`{{{len(closing)},}} *", line) else closing
        elif ticks:
            closing = ticks[1]
        else:
            lines.append(line)
    assert not closing
    return lines


def without_code(line: str) -> str:
    """The line less its code spans, by the rule that pairs their delimiters."""
    return re.sub(r"(?<!`)(`+)(?!`).+?(?<!`)\1(?!`)", "", line)


@UNHURRIED
@given(plans)
def test_no_live_text_acts_in_markdown(plan):
    shown = FORMATS["markdown"](document(plan), Style())
    lines = [without_code(line) for line in outside_fences(shown)]
    tags = [tag for line in lines for tag in re.findall(r"<[^>]*>?", line)]

    assert set(tags) <= {"<details>", "</details>", "<summary>", "</summary>", "<code>", "</code>", "<br>"}
    assert tags.count("<details>") == tags.count("</details>") == sum(bool(c.fields) for c in plan.changes)
    prose = [re.sub(r"<code>.*?</code>", "", line) for line in lines]
    assert not any(re.search(r"@|(?<!&)#(?!## )|`", line.removeprefix("###")) for line in prose)
    assert {line.count("|") for line in lines if line.startswith("|")} <= {5}
    assert not INVISIBLE.search(shown)


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
