"""The issue of a scheduled pass, and the comments that quote what it wrote over: whole, within bounds, inert."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from reconciler.canonical import ABSENT
from reconciler.github.posts import issue_text
from reconciler.github.posts.issue_text import MOST, Memory, RunStamp, following, last_checked, memory_line, remembered
from reconciler.github.posts.overwritten import MOST_COMMENTS, comments, quote
from reconciler.model import Change, Difference, Plan
from reconciler.plan.policy import NeedsReview, ScheduledRun
from reconciler.run.scheduled_run import review_lines
from support.markdown_reading import acting, read
from support.render_plans import WHERE, adopt, create, delete, field, forget, kept, lookalike, plan, rename, update
from test_render_laws import INVISIBLE, UNHURRIED, plans, texts

LIMIT = 65_536
LOOK = RunStamp("2026-11-27T05:17:00Z", "https://github.example/acme/assistants/actions/runs/7")
RUN = "20261120T135726412Z-f2f8c9f7"


def left(*changes: Change, why: str = "a person looks", **more: object) -> ScheduledRun:
    """A pass that left some changes and wrote nothing."""
    return ScheduledRun(plan(*changes, **more), tuple(NeedsReview(change, why) for change in changes))


def wrote(*changes: Change, **more: object) -> ScheduledRun:
    """A pass that wrote all that there was."""
    return ScheduledRun(plan(*changes), (), (), RUN, changes, **more)  # type: ignore[arg-type]  # a test states what it means


def drift(key: str, before: object, path: str = "instructions") -> Change:
    return update(key, field(path, before, "Be kind.", "drift"))  # type: ignore[arg-type]  # a value of JSON


def body(passed: ScheduledRun, look: RunStamp = LOOK) -> str:
    """The text of an issue that was opened with this pass."""
    return issue_text.body(passed, following(None, look, is_well=passed.is_well, digests=()), look)


# the issue


def test_an_issue_reads_as_a_report() -> None:
    found = left(
        drift("hr", "Be rude.\nVery."),
        update("it", field("temperature", 1, 0.2, "conflict"), hidden=3),
        delete("gone", field("name", "Gone", ABSENT)),
        objections=(lookalike("it"),),
    )
    head, *sections = body(found).split("<details><summary><code>")
    foot = sections[-1].rpartition("</details>\n\n")[2]

    assert (
        head
        == """\
<!-- reconciler: issue acme production -->
<!-- reconciler: remembers {"first": "2026-11-27T05:17:00Z", "since": "2026-11-27T05:17:00Z", "times": 1, \
"told": {}} -->
### Needs review: 1 conflict, 1 to be deleted, 1 drifted

`production` (`openai, https://api.example.com/v1, project proj_x`), stack `acme`. Each scheduled run updates \
this text; what a run overwrote is quoted in the comments.

Last checked 2026-11-27 05:17 UTC ([run](<https://github.example/acme/assistants/actions/runs/7>)). It has differed \
since 2026-11-27 05:17 UTC.

> [!CAUTION]
> **Objection** `possible-duplicate` `assistant.it`: asst_9 has this name<br>set `id: asst_9`

| Address | What | Needs review because |
|---|---|---|
| `assistant.it` | conflict: `temperature` | a person looks |
| `assistant.gone` | to be deleted | a person looks |
| `assistant.hr` | drifted: `instructions` | a person looks |

"""
    )
    assert ["assistant.it" in sections[0], "assistant.hr" in sections[1], len(sections)] == [True, True, 2]
    assert re.fullmatch(
        r"Struck out, or after a minus, is the live value; after an arrow or a plus is the value in"
        r" Git\.\n\n`reconciler plan -e production` shows all of it\. To keep a live value, .+ apply it\."
        r"\n\nFingerprint `[\w-]+`\.",
        foot,
    )


@pytest.mark.parametrize(
    ("change", "word"),
    [
        (create("a"), "1 to be created"),
        (adopt("a", field("name", 1, 2, "adoption")), "1 to be adopted"),
        (rename("a", "b"), "1 to be renamed"),
        (forget("a"), "1 to be forgotten"),
        (update("a", field("name", 1, 2)), "1 edited"),
        (update("a", field("name", 1, 2, "unknown")), "1 changed"),
        (update("a", field("name", 1, 2), field("model", 1, 2, "drift")), "1 drifted"),
        (rename("a", "b", field("name", 1, 2, "conflict")), "1 conflict"),
    ],
)
def test_every_state_has_its_word(change: Change, word: str) -> None:
    assert issue_text.verdict(left(change)) == f"Needs review: {word}"


def test_a_thousand_is_written_as_one() -> None:
    assert issue_text.verdict(left(*(create(f"n{number}") for number in range(1200)))) == (
        "Needs review: 1,200 to be created"
    )


def test_an_objection_alone_is_something_to_look_at() -> None:
    assert issue_text.verdict(left(objections=(lookalike("a"),))) == "1 objection to review"


def test_where_nothing_is_left_that_is_said() -> None:
    shown = body(left())

    assert "### Nothing to do\n" in shown
    assert "|" not in shown


def test_an_objection_may_have_no_address_and_no_remedy() -> None:
    bare = replace(lookalike("a", remedy=""), address=None)

    assert "> **Objection** `possible-duplicate`: asst_9 has this name\n" in body(left(objections=(bare,)))


def test_the_same_is_the_same_text_whatever_the_order() -> None:
    changes = [drift("a", "x"), drift("b", "y"), delete("c")]

    assert body(left(*changes)) == body(left(*reversed(changes)))


def test_what_does_not_fit_is_counted() -> None:
    many = [update(f"n{number:04}", field("name", "x" * 300, "y" * 300, "drift")) for number in range(600)]
    objections = tuple(lookalike(f"n{number:04}") for number in range(600))

    shown = body(left(*many, objections=objections))

    assert len(shown) <= LIMIT
    rest = re.search(r"Omitted for length: (\d+) more objections and (\d+) more rows and (\d+) more sections", shown)
    assert rest is not None
    assert shown.count("[!CAUTION]") + int(rest[1]) == 600
    assert shown.count("\n| `assistant") + int(rest[2]) == 600
    assert shown.count("<details>") + int(rest[3]) == 600


def test_one_that_is_too_long_hides_no_other() -> None:
    shown = body(left(drift("a", "\n".join(["x" * 90] * 2000)), drift("b", "Be rude.")))

    assert len(shown) <= LIMIT
    assert "left out here" in shown
    assert "<code>~\u00a0assistant.b</code>" in shown


def test_the_title_and_the_first_line_say_which_environment() -> None:
    assert issue_text.title(WHERE) == "production differs from Git (stack acme)"
    assert issue_text.first_line(WHERE) == "<!-- reconciler: issue acme production -->"
    assert issue_text.well(plan()) == "`production` matches Git again."
    assert issue_text.well(plan(mismatches=(kept("a", Difference(("name",), "HR", "x")),))) == (
        "Nothing to do in `production`. 1 assistant differs from its manifest: the server does not keep what"
        " it is sent."
    )
    assert issue_text.superseded(7) == "Two runs opened an issue at once. #7 is kept."


# the log


def test_a_log_has_a_line_for_everything_that_is_left() -> None:
    assert review_lines(left(drift("a", "x"), why="b\n::error::c")) == (
        "Needs review:\n  assistant.a: b\\n::error::c\n"
    )
    assert review_lines(left()) == ""


# the quotes


def test_what_was_written_over_is_quoted() -> None:
    (comment,) = comments(
        wrote(
            update(
                "hr",
                field("instructions", "Be rude.\n\n```\n</details> @all", "Be kind.", "drift"),
                field("temperature", 0.3, 0.2, "drift"),
                field("metadata.team", ABSENT, "hr", "drift"),
                field("tools", [{"type": "function", "function": {"name": "x" * 60}}], [], "drift"),
            )
        )
    )
    first, _, rest = comment.partition("\n")

    assert re.fullmatch(r"<!-- reconciler: wrote over [\w-]{16} -->", first)
    assert (
        rest
        == f"""\
**Written by this run.** Overwritten values that are in no commit are quoted.

`assistant.hr` (`asst_hr`): drift was put back.

`assistant.hr` `instructions` was:

````text
Be rude.

```
</details> @all
````

`assistant.hr` `temperature` was: `0.3`

`assistant.hr` `metadata.team` was: not set

`assistant.hr` `tools` was:

```json
[
  {{
    "function": {{
      "name": "{"x" * 60}"
    }},
    "type": "function"
  }}
]
```

Invisible characters are shown as `<U+…>`. The run record `{RUN}` has everything: `reconciler history` lists it, and \
`reconciler rollback` with its name restores it, and `reconciler pull` then takes it into Git."""
    )


def test_what_git_knew_is_not_quoted() -> None:
    (comment,) = comments(wrote(update("a", field("instructions", "before\nit", "after", "edit")), create("b")))

    assert "before" not in comment.partition("\n")[2].replace("stood there before", "")
    assert "`assistant.a` (`asst_a`): update, unreviewed." in comment
    assert "`assistant.b`: create, unreviewed." in comment


def test_nothing_written_is_nothing_quoted() -> None:
    assert comments(left(drift("a", "x"))) == ()


def test_of_what_is_not_certain_that_is_said_and_the_first_line_is_the_same_next_time() -> None:
    change = drift("a", "Be rude.")
    found = ScheduledRun(plan(change), (NeedsReview(change, "it failed: 500"),), (), RUN, (change,))
    other = replace(found, run="another", to_review=(NeedsReview(change, "it failed: 502"),))

    (one,), (two,) = comments(found), comments(other)

    assert "it may have been overwritten: it failed: 500" in one
    assert one != two
    assert one.splitlines()[0] == two.splitlines()[0]


def whole(shown: tuple[str, ...] | list[str]) -> str:
    """What stands in the fences, put together again as the headings say."""
    text = ""
    for within, ticks, part in re.findall(
        r"was(?:, part \d+ of \d+(, continued within the line)?)?:\n\n(`{3,})text\n(.*?)\n\2$",
        "\n\n".join(shown),
        re.S | re.M,
    ):
        assert ticks
        text += part if within or not text else f"\n{part}"
    return text


@pytest.mark.parametrize(
    "text",
    [
        "x" * 256_000,
        "`" * 256_000,
        "\n".join(["```"] * 60_000),
        "\n".join(f"{number} " * 9 for number in range(10_000)),
        "short\n" + "y" * 130_000 + "\nshort",
        "\n" * 100_000 + "z",
    ],
    ids=["one line", "backticks", "fences", "lines", "a long line among short ones", "empty lines"],
)
def test_a_text_of_any_length_is_quoted_whole(text: str) -> None:
    shown = comments(wrote(drift("a", text)))

    assert max(map(len, shown)) <= LIMIT
    assert len(shown) <= MOST_COMMENTS
    assert whole(shown) == text


def test_there_is_an_end_to_comments() -> None:
    shown = comments(wrote(*(drift(f"n{number:02}", "x y\n" * 60_000) for number in range(30))))

    assert len(shown) == MOST_COMMENTS
    assert shown[-1].startswith("More was overwritten than is quoted here.\n\nInvisible characters")


def test_a_name_of_any_length_leaves_room_for_what_it_names() -> None:
    change = update("a", field(f'tools.functions["{"n" * 70_000}"]', {"x": "y" * 300}, ABSENT, "drift"))

    assert max(map(len, comments(wrote(replace(change, id="i" * 70_000))))) <= LIMIT


UNTITLED = ["0 titles"]


@UNHURRIED
@example("\x01" * 20, 200)
@given(texts | st.text(), st.integers(200, 400))
def test_no_quoted_text_leaves_its_fence(text: str, room: int) -> None:
    shown = quote("`x` was", text, room)

    assert all(len(block) <= room for block in shown)
    for block in shown:
        assert acting(block) == UNTITLED
        assert len(read(block)) in (3, 4)  # the paragraph, and at most one fence
    assert not INVISIBLE.search("".join(shown))


@UNHURRIED
@given(plans)
def test_no_live_text_acts_in_a_report(found: Plan) -> None:
    passed = ScheduledRun(
        found, tuple(NeedsReview(change, "a\n@b <i>`c`") for change in found.changes), (), RUN, found.changes
    )

    first, second, rest = body(passed, RunStamp(LOOK.at)).split("\n", 2)
    assert first == issue_text.first_line(found.where)
    assert remembered(f"{first}\n{second}") is not None
    assert acting(rest) == []
    assert {line.count("|") for line in rest.split("\n") if line.startswith("| ")} <= {4}
    assert not INVISIBLE.search(rest)
    for shown in comments(passed):
        first, _, rest = shown.partition("\n")
        assert re.fullmatch(r"<!-- reconciler: wrote over [\w-]{16} -->", first)
        assert acting(rest) == UNTITLED
        assert not INVISIBLE.search(rest)


# what an issue remembers


def at(day: int) -> RunStamp:
    return RunStamp(f"2026-11-{day:02}T05:17:00Z")


def test_an_issue_remembers_since_when_and_how_often_it_differs() -> None:
    found = following(None, at(1), is_well=False, digests=["digest-of-one-change"])
    assert (
        last_checked(found, at(1)) == "Last checked 2026-11-01 05:17 UTC. It has differed since 2026-11-01 05:17 UTC."
    )

    found = following(found, at(2), is_well=False, digests=["digest-of-one-change", "another-digest-0"])
    assert (found.since, found.times) == (at(1).at, 1)
    assert [found.of(one) for one in ("digest-of-one-change", "another-digest-0", "a-third")] == [
        at(1).at,
        at(2).at,
        None,
    ]

    well = following(found, at(3), is_well=True, digests=[])
    assert last_checked(well, at(3)) == "Last checked 2026-11-03 05:17 UTC."
    again = following(well, at(4), is_well=False, digests=["digest-of-one-change"])
    assert again.of("digest-of-one-change") == at(4).at
    assert last_checked(again, at(5)) == (
        "Last checked 2026-11-05 05:17 UTC. It has differed since 2026-11-04 05:17 UTC;"
        " it has differed 2 times since 2026-11-01."
    )
    assert last_checked(following(again, at(6), is_well=True, digests=[]), at(6)).endswith(
        "UTC. It has differed 2 times since 2026-11-01."
    )


def test_what_was_put_back_at_once_counts_as_once() -> None:
    assert following(None, at(1), is_well=True, digests=[]) == Memory(at(1).at, 1)


def test_what_is_remembered_is_read_again_and_bounded() -> None:
    digests = [f"{number:012}" for number in range(MOST + 5)]
    first = following(None, at(1), is_well=False, digests=digests[5:10])
    found = following(first, at(2), is_well=False, digests=digests)

    assert remembered(f"first\n{memory_line(found)}\nrest") == found
    assert len(found.reported) == MOST
    assert all(found.of(one) == at(1).at for one in digests[5:10])
    assert len(memory_line(found)) < 10_000


@pytest.mark.parametrize(
    "second",
    [
        "",
        "<!-- reconciler: remembers {} -->",
        "<!-- reconciler: remembers {nope} -->",
        '<!-- reconciler: remembers {"a": ' + '{"a":' * 3000 + "} -->",
        '<!-- reconciler: remembers {"first": "2026-02-30T05:17:00Z", "times": 1, "since": "", "told": {}} -->',
        '<!-- reconciler: remembers {"first": "now", "times": 1, "since": "", "told": {}} -->',
        '<!-- reconciler: remembers {"first": "2026-11-27T05:17:00Z", "times": true, "since": "", "told": {}} -->',
        '<!-- reconciler: remembers {"first": "2026-11-27T05:17:00Z", "times": 1, "since": "x", "told": {}} -->',
    ],
)
def test_what_is_of_another_shape_is_not_remembered(second: str) -> None:
    assert remembered(f"first\n{second}") is None


def test_a_moment_that_is_none_is_passed_over() -> None:
    text = (
        '{"first": "2026-11-27T05:17:00Z", "times": 1, "since": "", "told": {"now": ["a"], "2026-11-27T05:17:00Z": 1}}'
    )

    assert remembered(f"\n<!-- reconciler: remembers {text} -->") == Memory("2026-11-27T05:17:00Z")


def test_two_texts_are_the_same_whenever_was_looked() -> None:
    passed = left(drift("a", "Be rude."))
    first = body(passed)
    later = issue_text.body(passed, following(remembered(first), at(28), is_well=False, digests=()), at(28))

    assert first != later
    assert issue_text.is_same(first.replace("\n", "\r\n"), later)
    assert not issue_text.is_same(first, body(left(drift("a", "Be nice."))))
