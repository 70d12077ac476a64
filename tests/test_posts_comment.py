"""The comment on a pull request: which one is ours, what becomes of it, and what it says."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.github import Comment
from reconciler.github.posts import comment
from reconciler.github.posts.apply_results import ApplyResults, ChangeResult, read_results
from reconciler.github.posts.comment import LIMIT, Frame
from reconciler.github.posts.sticky import (
    DUPLICATE,
    UNKNOWN,
    BadNameError,
    CommentMarker,
    Decision,
    decide,
    first_line,
    marker_of,
    same,
)
from reconciler.model import Change, Difference, Done, Failed, Outcome, Skipped, Stale, Unsettled
from reconciler.render import document, events
from support.render_plans import create, delete, field, lookalike, mark, plan, update

BOT = "github-actions[bot]"
URL = "https://github.example/acme/assistants/actions/runs/123"
MARKER = CommentMarker("acme", "production", 123, 1)
LINE = "<!-- reconciler: comment acme production run 123.1 -->"
FRAME = Frame(MARKER, URL)


def test_files_are_links_to_the_commit_that_the_comment_is_about():
    files = "https://github.com/acme/assistants/blob/1a2b3c4/"
    changed = document(plan(update("hr", field("top_p", 1, 0.5))))

    shown = comment.planned([changed], replace(FRAME, files=files))

    assert f"[`assistants/hr.yaml:1`](<{files}assistants/hr.yaml#L1>)" in shown
    assert "](<https://github.com/acme/assistants/blob" not in comment.planned([changed], FRAME)


def body(marker: CommentMarker = MARKER, text: str = "### Plan", url: str = URL) -> str:
    return f"{first_line(marker)}\n{text}\n\n[The run](<{url}>) has the complete output.\n"


def decided(*comments: Comment, marker: CommentMarker = MARKER, text: str = "### Plan") -> Decision:
    return decide(comments, BOT, marker, body(marker, text))


# whose it is


def test_the_first_line_is_read_again() -> None:
    assert first_line(MARKER) == LINE
    assert marker_of(f"{LINE}\n### Plan") == MARKER
    assert marker_of(f"{LINE}\r\n### Plan") == MARKER
    assert marker_of(LINE) == MARKER


@pytest.mark.parametrize(
    "text",
    [
        f" {LINE}",
        f"{LINE} ",
        f"{LINE} and more",
        f"\n{LINE}",
        f"> {LINE}",
        f"hello\n{LINE}",
        LINE.replace("acme", "ACME"),
        LINE.replace("acme ", ""),
        LINE.replace("acme", "a b"),
        LINE.replace("123.1", "0123.1"),
        LINE.replace("123.1", "123"),
        LINE.replace("123.1", "-5.1"),
        LINE.replace("123.1", "١٢٣.1"),
        LINE.replace("123.1", "9" * 20 + ".1"),
        LINE.replace("comment", "issue"),
        LINE.replace("acme", "a" * 65),
        "",
    ],
)
def test_any_other_first_line_is_none(text: str) -> None:
    assert marker_of(text) is None


@pytest.mark.parametrize("name", ["", "a b", "x --> <script>", "A", "-x", "a\nb"])
def test_a_name_that_would_not_be_read_again_is_refused(name: str) -> None:
    with pytest.raises(BadNameError):
        first_line(CommentMarker("acme", name))


def test_what_nobody_has_said_is_written() -> None:
    assert decided() == Decision("write")


@pytest.mark.parametrize(
    "forged",
    [
        Comment(1, "octocat", body()),
        Comment(1, "github-actions", body()),
        Comment(1, "github-actions[bot]x", body()),
        Comment(1, BOT, f"see below\n{body()}"),
        Comment(1, BOT, "\n".join(f"> {line}" for line in body().split("\n"))),
        Comment(1, BOT, body(replace(MARKER, environment="staging"))),
        Comment(1, BOT, body(replace(MARKER, stack="acme-pr-7"))),
        Comment(1, "", body()),
    ],
)
def test_a_forged_comment_is_not_ours(forged: Comment) -> None:
    assert decided(forged, text="### Another plan") == Decision("write")


def test_ours_is_edited_in_place() -> None:
    ours = Comment(5, "GitHub-Actions[bot]", body(replace(MARKER, run=100)))

    assert decided(Comment(1, "octocat", body()), ours, text="### Another") == Decision("edit", ours)


def test_ours_is_left_alone_where_nothing_differs_but_the_run() -> None:
    before = body(replace(MARKER, run=100), url="https://github.example/acme/assistants/actions/runs/100")
    ours = Comment(5, BOT, before.replace("\n", "\r\n").rstrip())

    assert decided(ours) == Decision("nothing", ours)


def test_what_a_maintainer_wrote_into_ours_differs() -> None:
    ours = Comment(5, BOT, body(text="### Plan\n\nlooks good"))

    assert decided(ours).what == "edit"


def test_the_address_of_a_run_within_the_text_counts_only_where_it_is_ours() -> None:
    assert same(body(text=f"left out: {URL}"), body(text="left out: https://x.example/1", url="https://x.example/1"))
    assert not same(body(text="see https://x.example/1"), body(text="see https://x.example/2"))
    assert same("no marker", "no marker")
    assert not same("no marker", body())


@pytest.mark.parametrize(("run", "attempt"), [(99, 9), (123, 1), (123, 0), (9, 1)])
def test_an_older_run_overwrites_nothing(run: int, attempt: int) -> None:
    ours = Comment(5, BOT, body(replace(MARKER, run=123, attempt=2)))

    found = decided(ours, marker=replace(MARKER, run=run, attempt=attempt), text="### Old")

    assert found == Decision("older", ours, newer=replace(MARKER, attempt=2))


def test_a_newer_run_that_there_is_none_of_is_not_believed() -> None:
    forged, real = (Comment(id, BOT, body(replace(MARKER, run=run))) for id, run in ((5, 10**18), (6, 200)))

    def judged(*comments: Comment) -> Decision:
        return decide(comments, BOT, MARKER, body(text="### Next"), lambda one: one.run == 200)

    assert judged(forged) == Decision("edit", forged)
    assert judged(forged, real) == Decision("older", forged, newer=replace(MARKER, run=200))


def test_runs_are_compared_as_numbers() -> None:
    ours = Comment(5, BOT, body(replace(MARKER, run=99)))

    assert decided(ours, marker=replace(MARKER, run=100), text="### Next").what == "edit"


def test_of_two_that_raced_the_oldest_is_kept_and_the_other_emptied() -> None:
    first, second = Comment(5, BOT, body(replace(MARKER, run=101))), Comment(9, BOT, body(replace(MARKER, run=100)))

    assert decided(second, first, text="### Next") == Decision("edit", first, (second,))
    assert marker_of(DUPLICATE) is None


def test_of_two_that_raced_the_newer_run_counts() -> None:
    first, second = Comment(5, BOT, body(replace(MARKER, run=100))), Comment(9, BOT, body(replace(MARKER, run=200)))

    assert decided(first, second, text="### Next").newer == replace(MARKER, run=200)


def test_a_failure_of_an_unknown_stack_takes_the_comment_of_its_environment_and_gives_it_back() -> None:
    failing = replace(MARKER, stack=UNKNOWN, run=124)
    ours, throw_away = Comment(5, BOT, body()), Comment(6, BOT, body(replace(MARKER, stack="acme-pr-7")))

    assert decided(ours, throw_away, marker=failing, text="### Broken") == Decision("edit", ours)
    shop = Comment(7, BOT, body(replace(MARKER, stack="shop")))
    assert decided(ours, shop, marker=failing, text="### Broken") == Decision("write")
    broken = Comment(5, BOT, body(failing, "### Broken"))
    assert decided(broken, ours, shop, marker=failing, text="### Worse") == Decision("edit", broken)
    assert decided(broken, throw_away, marker=replace(MARKER, run=125)) == Decision("edit", broken)


# what became of an apply


def lines(*told: events.Event) -> list[str]:
    return [events.as_line(one) for one in told]


def outcomes(
    *found: Outcome, refused: int = 0, ended: bool = True, before: Iterable[events.Event] = ()
) -> ApplyResults:
    whole = plan(*(one.task for one in found if isinstance(one.task, Change)))
    told = [events.version(), *before, *events.planned(whole), *map(events.ended, found)]
    return read_results(lines(*told, *([events.closing(found, "Apply ended.")] if ended else [])))


def test_what_still_differs_is_told_of_the_last_attempt() -> None:
    differs = events.remainder("Applied 1. production still differs: 1 drifted.", "`reconciler plan` shows it.")
    first = [events.version(), differs, events.closing((), "Apply ended.")]
    told, again = (
        read_results(lines(*first)),
        read_results(lines(*first, events.version(), events.closing((), "Apply ended."))),
    )

    assert "production still differs: 1 drifted" in visible(comment.ended([], told, FRAME))
    assert "still differs" not in comment.ended([], again, FRAME)
    assert (told.complete, again.remainder) == (True, "")


def test_what_was_done_is_told_with_its_id() -> None:
    found = outcomes(Done(create("a"), "asst_new"), Done(delete("b"), "asst_b"), Done(mark("m"), "asst_m"))

    assert found == ApplyResults(
        changes=(
            ChangeResult("assistant.a", "done", "Created", "asst_new"),
            ChangeResult("assistant.b", "done", "Deleted", "asst_b"),
        ),
        totals="1 added, 1 destroyed",
        marks=1,
        ended=True,
    )
    assert found.complete


def test_what_is_amiss_comes_first_with_the_reason() -> None:
    differs = (Difference(("name",), 1, 2),)
    found = outcomes(
        Done(create("a"), "asst_new"),
        Failed(update("b", field("name", "x", "y")), "no", "try", request_id="req_1"),
        Stale(update("c", field("name", "x", "y")), "asst_c", "it moved", differs),
        Unsettled(update("d", field("name", "x", "y")), "asst_d", differs),
        Skipped(delete("e"), "stopped"),
    )

    assert [(one.address, one.state, one.message) for one in found.changes] == [
        ("assistant.b", "failed", "Failed: no (try) [request=req_1]"),
        ("assistant.c", "failed", "Stale: it moved (name wanted 1, got 2) [id=asst_c]"),
        ("assistant.d", "failed", "Unsettled: name wanted 1, got 2 [id=asst_d]"),
        ("assistant.e", "failed", "Not done: stopped"),
        ("assistant.a", "done", "Created"),
    ]
    assert not found.complete


def attempts(*told: Iterable[events.Event]) -> ApplyResults:
    """What became of it in one attempt after the other, each of which begins with who speaks."""
    return read_results(lines(*(event for one in told for event in [events.version(), *one])))


def done(*found: Outcome) -> list[events.Event]:
    whole = plan(*(one.task for one in found if isinstance(one.task, Change)))
    return [*events.planned(whole), *map(events.ended, found), events.closing(found, "Apply ended.")]


ALREADY = events.diagnostic("info", "assistant.a: Done already", "", "assistant.a")


def test_a_run_that_is_started_again_keeps_what_it_told_first() -> None:
    first = done(Done(create("a"), "asst_new"))

    again = attempts(first, [ALREADY, events.closing((), "Nothing to do.")])

    assert again == attempts(first)
    assert again.totals == "1 added"
    assert attempts([], [ALREADY, events.closing((), "Nothing to do.")]).changes == (
        ChangeResult("assistant.a", "noted", "Done already"),
    )


def test_an_attempt_goes_on_where_the_one_before_stopped() -> None:
    cut_off = [
        *events.planned(plan(create("a"), create("b"), objections=(everywhere(),))),
        events.ended(Done(create("a"), "asst_new")),
        events.started(create("b")),
        events.diagnostic("error", "Interrupted."),
    ]

    found = attempts(cut_off, [ALREADY, *done(Done(create("b"), "asst_b"))])

    assert [(one.address, one.state, one.message) for one in found.changes] == [
        ("assistant.a", "done", "Created"),
        ("assistant.b", "done", "Created"),
    ]
    assert (found.complete, found.blocked, found.problems) == (True, (), ())


def test_an_attempt_that_never_got_to_it_leaves_what_was_told() -> None:
    first = done(Done(create("a"), "asst_new"))

    found = attempts(first, [events.diagnostic("error", "Another apply holds the lock.")])

    assert found.problems == ("Another apply holds the lock.",)
    assert [one.message for one in found.changes] == ["Created"]
    assert not found.ended


def test_what_was_amiss_is_so_until_an_attempt_tells_otherwise() -> None:
    found = attempts(done(Failed(create("a"), "no")), [ALREADY, events.closing((), "Nothing to do.")])

    assert [(one.state, one.message) for one in found.changes] == [("noted", "Done already")]


def test_who_allowed_an_objection_is_told() -> None:
    allowed = replace(lookalike("a", allowed=True), by="maintainer")
    whole = plan(create("a"), objections=(allowed, lookalike("b", allowed=True)))
    found = read_results(lines(*events.planned(whole), events.closing((), "Nothing to do.")))

    assert found.allowed == (("assistant.a: possible-duplicate: asst_9 has this name", "maintainer"),)
    told = comment.ended([], found, FRAME)
    assert "- Allowed by `maintainer`: " in told


@pytest.mark.parametrize(
    ("found", "quiet"),
    [
        (ApplyResults(ended=True), True),
        (ApplyResults((ChangeResult("a", "noted", "Done already"),), ended=True), True),
        (ApplyResults(), False),
        (ApplyResults((ChangeResult("a", "done", "Created"),), ended=True), False),
        (ApplyResults((ChangeResult("a", "failed", "Failed"),), ended=True), False),
        (ApplyResults(ended=True, marks=1), False),
        (ApplyResults(ended=True, blocked=("x",)), False),
    ],
)
def test_an_apply_is_quiet_that_had_nothing_to_do(found: ApplyResults, quiet: bool) -> None:
    assert found.quiet is quiet


def test_what_earlier_attempts_did_stands_below_while_it_is_applied_again_or_fails() -> None:
    earlier = ApplyResults((ChangeResult("assistant.a", "done", "Created", "asst_new"),), ended=True)
    again = comment.applying([], FRAME, earlier)
    failed = comment.failed("no plan", [], FRAME, applying=True, earlier=earlier)

    for text in (again, failed):
        assert "What earlier attempts of this run did:\n\n| | Address |" in text
        assert "| ✅ | `assistant.a` | Created | `asst_new` |" in text
    assert comment.applying([], FRAME, ApplyResults()) == comment.applying([], FRAME)


def test_what_nobody_told_of_is_not_done_or_nobody_knows() -> None:
    whole = plan(create("a"), create("b"))
    told = [*events.planned(whole), events.started(create("b"))]

    found = read_results([*lines(*told), '{"type": "apply_comp'])

    assert [(one.address, one.message) for one in found.changes] == [
        ("assistant.a", "Not done: create"),
        ("assistant.b", "Outcome unknown: create"),
    ]
    assert not found.ended


def test_the_headline_tells_what_may_have_happened_from_what_did_not() -> None:
    whole = plan(create("a"), create("b"))
    found = read_results(lines(*events.planned(whole), events.started(create("b"))))

    assert "### Not applied: 1 outcome unknown, 1 not done\n" in comment.ended([], found, FRAME)


def test_what_was_said_about_a_change_is_told_and_objections_apart() -> None:
    moved = events.diagnostic("error", "assistant.x: Refused: it moved", "what it would be", "assistant.x")
    aside = events.diagnostic("info", "assistant.y: Done already", "", "assistant.y")
    problem = events.diagnostic("error", "An objection stands; nothing was changed.", "look above")
    bare = events.diagnostic("error", "Interrupted.")
    note = events.diagnostic("info", "A note.")
    held = plan(create("a"), objections=(lookalike("a"), replace(lookalike("b", allowed=True)), everywhere()))

    found = read_results(lines(moved, aside, *events.planned(held), problem, bare, note))

    assert found.changes == (
        ChangeResult("assistant.x", "failed", "Refused: it moved", detail="what it would be"),
        ChangeResult("assistant.a", "failed", "Not done: create"),
        ChangeResult("assistant.y", "noted", "Done already"),
    )
    assert found.blocked == (
        "assistant.a: possible-duplicate: asst_9 has this name",
        "possible-duplicate: asst_9 has this name",
    )
    assert found.problems == ("An objection stands; nothing was changed. (look above)", "Interrupted.")


def everywhere() -> Any:
    return replace(lookalike("a"), address=None)


@pytest.mark.parametrize(
    "line",
    [
        "",
        "no JSON",
        "[" * 100_000,
        "[]",
        '{"type": 5}',
        '{"type": "diagnostic"}',
        '{"type": "change_summary", "changes": {"operation": "plan"}}',
    ],
)
def test_a_line_that_is_none_of_ours_tells_nothing(line: str) -> None:
    assert read_results([line]) == ApplyResults()


# what it says


def visible(text: str) -> str:
    """What people read: the first line is for us."""
    first, rest = text.split("\n", 1)
    assert marker_of(first) is not None
    return rest


def test_a_plan_is_the_plan_and_where_all_of_it_is() -> None:
    text = comment.planned([document(plan(create("a", field("name", None, "HR"))))], FRAME)

    assert text.startswith(f"{LINE}\n#")
    assert text.endswith(f"[The run](<{URL}>) has the complete output.\n")
    assert "assistant.a" in text


def test_of_which_commit_and_moment_it_is_stands_below_it() -> None:
    at, commit = "2026-01-31 10:00 UTC", "a" * 40
    plain, linked = Frame(MARKER, commit=commit), Frame(MARKER, URL, commit, "https://github.example/c", at)

    assert plain.foot == f"Commit `{'a' * 12}`."
    assert linked.foot == (
        f"Commit [{'a' * 12}](<https://github.example/c>), {at}. [The run](<{URL}>) has the complete output."
    )
    assert Frame(MARKER, at=at).foot == f"{at}."


def test_a_moment_alone_is_no_difference_and_a_commit_is() -> None:
    one = Frame(MARKER, URL, "a" * 40, "https://github.example/a", "2026-01-31 10:00 UTC")
    later, other = replace(one, at="2026-02-01 11:11 UTC"), replace(one, commit="b" * 40)
    first, second, third = (comment.applying([], frame) for frame in (one, later, other))

    assert same(first, second)
    assert not same(first, third)


def test_where_there_is_no_run_nobody_is_sent_there() -> None:
    assert "The run" not in comment.planned([document(plan(create("a")))], Frame(MARKER))


def test_while_it_is_applied_the_plan_is_folded() -> None:
    text = comment.applying([document(plan(create("a")))], FRAME)

    assert visible(text).startswith("### Being applied\n\n**production** · stack `acme`\n\n<details><summary>The plan")
    assert comment.applying([], Frame(MARKER)) == f"{LINE}\n### Being applied\n\n**production** · stack `acme`\n"


def headline(found: ApplyResults) -> str:
    return visible(comment.ended([], found, FRAME)).split("\n", 1)[0]


@pytest.mark.parametrize(
    ("found", "said"),
    [
        (outcomes(Done(create("a"), "x"), Done(update("b"), "y")), "Applied: 1 added, 1 changed"),
        (outcomes(Done(mark("a"), "x")), "Applied: 1 marker refreshed"),
        (outcomes(), "Nothing to do"),
        (outcomes(Done(create("a"), "x"), Failed(create("b"), "no")), "Applied in part: 1 failed; 1 added"),
        (outcomes(Skipped(create("b"), "no"), Failed(create("c"), "no")), "Not applied: 1 failed, 1 not done"),
        (outcomes(Failed(create("a"), "maybe", in_doubt=True)), "Not applied: 1 in doubt"),
        (outcomes(Done(create("a"), "x"), ended=False), "Applied in part: 1 done"),
        (ApplyResults(), "Not applied"),
        (ApplyResults(ended=True, blocked=("a", "b")), "Not applied: 2 objections blocking"),
        (ApplyResults((ChangeResult("a", "failed", "something else"),), ended=True), "Not applied: 1 not done"),
    ],
)
def test_the_first_line_is_how_it_went(found: ApplyResults, said: str) -> None:
    assert headline(found) == f"### {said}"


def test_what_became_of_each_change_is_a_row_with_its_id() -> None:
    text = comment.ended([document(plan(create("a")))], outcomes(Done(create("a"), "asst_new")), FRAME)

    assert "| ✅ | `assistant.a` | Created | `asst_new` |" in text
    assert text.index("asst_new") < text.index("<details><summary>The plan")


def test_an_apply_that_never_ended_says_so() -> None:
    assert "- It did not finish; see the run." in comment.ended([], ApplyResults(), FRAME)
    stopped = ApplyResults(problems=("Interrupted.",))
    assert "- Interrupted.\n" in comment.ended([], stopped, FRAME)
    assert "did not finish" not in comment.ended([], stopped, FRAME)


def wrote_over(*fields: Any) -> ApplyResults:
    """An apply that wrote over fields of two assistants."""
    changes = [update("a", *fields), update("b", field("model", "gpt-4o", "gpt-4.1"))]
    begun = [events.started(change) for change in changes]
    ended = [events.ended(Done(change, str(change.id))) for change in changes]
    return read_results(lines(*events.planned(plan(*changes)), *begun, *ended, events.closing([], "Apply complete!")))


def test_what_was_put_aside_can_be_copied_from_the_comment() -> None:
    text = "Be rude.\n```\nVery rude.\n"

    shown = comment.ended([], wrote_over(field("instructions", text, "Be kind.", "drift")), FRAME)

    assert "<details><summary>Overwritten values that are in no commit</summary>\n\n" in shown
    assert "`assistant.a` `instructions` was:\n\n````text\nBe rude.\n```\nVery rude.\n\n````\n\n</details>" in shown
    assert "`assistant.b` `model`" not in shown


def test_nothing_is_put_aside_where_git_knew_everything() -> None:
    assert "Overwritten values" not in comment.ended([], wrote_over(field("name", "A", "B")), FRAME)


def test_what_was_put_aside_and_has_no_room_is_counted() -> None:
    found = wrote_over(field("instructions", "x" * 200_000, "Be kind.", "drift"), field("name", "A", "B", "drift"))

    shown = comment.ended([], found, FRAME)

    assert len(shown) <= LIMIT
    assert " more: see the run record." in shown


@pytest.mark.parametrize("said", ["1", "[1]", '[{"path": 1}]', "{}"])
def test_what_is_no_list_of_what_was_written_over_is_none(said: str) -> None:
    hook = '{"resource": {"addr": "assistant.a"}}'
    told = [f'{{"type": "apply_start", "hook": {hook}, "overwrites": {said}}}']
    told += [f'{{"type": "apply_complete", "hook": {hook}}}']

    (one,) = read_results(told).changes

    assert one.overwrote in ((), (("", None),))


def test_what_moved_is_shown_as_it_would_be_now() -> None:
    one = ChangeResult("assistant.x", "failed", "Refused: it moved", detail="\n  ~ name: a -> b\n")
    alone = comment.ended([], ApplyResults((one,), ended=True), FRAME)
    both = comment.ended([], ApplyResults((one, replace(one, address="assistant.y")), ended=True), FRAME)

    assert (
        "<details open><summary><code>assistant.x</code> changed since the review</summary>\n\n"
        "```text\n  ~ name: a -> b\n```\n\n</details>" in alone
    )
    assert both.count("<details><summary>") == 2
    assert "### Not applied: 1 refused\n" in alone


def test_a_failure_is_what_was_printed_and_nothing_acts() -> None:
    printed = (
        "\x1b[1;31mError\x1b[0m: no ```` here @octocat\r\n\x1b]8;;https://evil.example\x07::error::x\n##[x]\u202e\n"
    )
    text = visible(comment.failed(printed, [], FRAME, applying=False))

    assert text == (
        "### Could not be planned\n\n**production** · stack `acme`\n\n"
        "`````text\nError: no ```` here @octocat\n<U+003A>:error::x\n<U+0023>#[x]<U+202E>\n`````\n\n"
        f"[The run](<{URL}>) has the complete output.\n"
    )


def test_what_only_spoke_to_the_runner_is_left_out() -> None:
    printed = "::stop-commands::abc\nError: no\n::abc::\n::stop-commands::def\n::abc::\nmore\n::def::\n::xyz::\n"

    assert "```text\nError: no\nmore\n<U+003A>:xyz::\n```" in comment.failed(printed, [], FRAME, applying=False)


def test_an_apply_that_failed_is_one_and_keeps_the_plan_where_there_is_one() -> None:
    unknown = Frame(replace(MARKER, stack=UNKNOWN), URL)
    text = comment.failed("no", [document(plan(create("a")))], unknown, applying=True)

    assert visible(text).startswith(
        "### Not applied\n\n**production**\n\n```text\nno\n```\n\n<details><summary>The plan"
    )


HOSTILE = st.text(alphabet=st.sampled_from("`|<>@#[]()!*_~\\\n\r\t -:$&;x0é🎉\u202e\u200b\x1b\x07\x00"), max_size=300)


@given(HOSTILE, HOSTILE)
def test_no_text_breaks_out(one: str, other: str) -> None:
    became = ChangeResult(one, "failed", other, one, detail=other)
    found = ApplyResults((became,), blocked=(one,), problems=(other,), ended=True)
    for text in (comment.ended([], found, FRAME), comment.failed(one, [], FRAME, applying=False)):
        shown = visible(text)
        assert not {"\r", "\x1b", "\x00", "\u202e", "\u200b"} & set(shown)
        assert marker_of(text) == MARKER
        assert shown.endswith(f"\n\n[The run](<{URL}>) has the complete output.\n")
        assert not any(line.lstrip().startswith("::") for line in shown.split("\n"))
    rows = [line for line in comment.ended([], found, FRAME).split("\n") if line.startswith("| ❌ |")]
    assert [row.count("|") for row in rows] == [5]


@pytest.mark.no_cover
@settings(max_examples=15)
@given(st.integers(0, 300), st.integers(0, 4000), st.sampled_from(["x", "`", "🎉", "&", "\n"]))
def test_it_is_never_longer_than_it_may_be(many: int, long: int, sign: str) -> None:
    said = f"{sign * long}"
    became = tuple(ChangeResult(f"assistant.a{n}", "failed", said, f"id{n}", detail=said) for n in range(many))
    found = ApplyResults(became, blocked=(said,) * many, problems=(said,) * min(many, 50), ended=True)

    assert len(comment.ended([], found, FRAME)) <= LIMIT
    assert len(comment.failed(said * 30, [], FRAME, applying=False)) <= LIMIT


def test_what_there_is_no_room_for_is_counted() -> None:
    became = tuple(ChangeResult(f"assistant.a{n}", "done", "Created", f"asst_{n}") for n in range(9000))
    moved = tuple(ChangeResult(f"assistant.a{n}", "failed", "Refused", detail="x" * 1900) for n in range(90))
    lots = comment.ended([document(plan(create("a")))], ApplyResults(became, ended=True), FRAME)
    refused = comment.ended(
        [document(plan(create("a")))], ApplyResults(moved, blocked=("y" * 500,) * 90, ended=True), FRAME
    )

    ticks = comment.failed("a\n" + ("`" * 2000 + "\n") * 32, [], FRAME, applying=False)

    assert " more | |" in lots
    assert "<summary>The plan</summary>" in lots
    assert " more changed since the review." in refused
    assert re.search(r"^- [0-9]+ more$", refused, re.M)
    assert re.search(r"^… [0-9]+ more lines$", ticks, re.M)
    assert max(map(len, (lots, refused, ticks))) <= LIMIT


@pytest.mark.no_cover
def test_a_plan_of_a_thousand_changes_fits() -> None:
    prompts = [
        update(f"helper-{n}", field("instructions", f"word {n} " * 200, f"words {n} " * 200)) for n in range(1000)
    ]
    big = document(plan(*prompts))

    texts = [
        comment.planned([big], FRAME),
        comment.applying([big], FRAME),
        comment.failed("x\n" * 9000, [big], FRAME, applying=True),
    ]

    assert all(len(text) <= LIMIT for text in texts)
    assert all(len(text) > 30_000 for text in texts)
    assert all(URL in text for text in texts)
