"""What an apply says, line by line and at the end."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reconciler.canonical import ABSENT
from reconciler.kinds import KINDS
from reconciler.model import Address, Change, Difference, Done, Failed, Skipped, Unsettled
from reconciler.render.outcomes import after_changes, closing, line, remainder
from reconciler.render.style import Style
from support.render_plans import address, adopt, create, delete, field, forget, kept, mark, plan, rename, update

PLAIN = Style()


@pytest.mark.parametrize(
    ("task", "said"),
    [
        (create("x"), "assistant.x: Created after 0.4s [id=asst_1]"),
        (update("x"), "assistant.x: Updated after 0.4s [id=asst_1]"),
        (delete("x"), "assistant.x: Deleted after 0.4s [id=asst_1]"),
        (adopt("x"), "assistant.x: Adopted after 0.4s [id=asst_1]"),
        (adopt("x", field("name", "a", "b")), "assistant.x: Adopted and updated after 0.4s [id=asst_1]"),
        (rename("x", "y"), "assistant.x: Renamed after 0.4s [id=asst_1]"),
        (forget("x"), "assistant.x: Forgotten after 0.4s [id=asst_1]"),
        (mark("x"), "assistant.x: Marker refreshed after 0.4s [id=asst_1]"),
    ],
)
def test_what_was_done_is_said_in_the_past(task, said):
    assert line(Done(task, "asst_1", 0.42), PLAIN) == said


def test_a_failure_says_what_to_do_and_how_to_find_it():
    failed = Failed(create("x"), "model: not\nfound", "choose another", "asst_1", "req_7", "model")

    assert line(failed, PLAIN) == (
        "assistant.x: Failed: model: not\\nfound (choose another) [id=asst_1, param=model, request=req_7]"
    )


def test_a_failure_may_know_nothing_more():
    assert line(Failed(create("x"), "no connection"), PLAIN) == "assistant.x: Failed: no connection"


def test_what_may_have_happened_is_no_failure_and_no_success() -> None:
    doubt = Failed(create("x"), "it may have been created", "run it again", in_doubt=True)

    assert line(doubt, PLAIN) == "assistant.x: In doubt: it may have been created (run it again)"
    assert (
        closing([doubt], plan(doubt.task))
        == "Apply incomplete: 1 in doubt. Resources: 0 added, 0 changed, 0 destroyed.\n"
    )


def test_what_the_change_of_a_kind_means_is_said_once_and_not_of_what_was_created() -> None:
    def of_agent(task: Change) -> Done:
        return Done(replace(task, address=Address("agent", task.address.key)), "agent_1")

    renamed = field("name", "a", "b")
    changed = [of_agent(update("x", renamed)), of_agent(update("y", renamed)), Done(update("z", renamed), "asst_1")]

    assert after_changes(changed) == (KINDS["agent"].after_change,)
    assert after_changes([of_agent(create("x")), of_agent(delete("y")), of_agent(adopt("z"))]) == ()


def test_what_did_not_settle_is_said_field_by_field():
    differences = (
        Difference(("temperature",), 0.2, 1.0),
        Difference(("metadata", "a b"), "x" * 80, ABSENT),
    )

    assert line(Unsettled(update("x"), "asst_1", differences), PLAIN) == (
        "assistant.x: Unsettled: temperature wanted 0.2, got 1; "
        f'metadata["a b"] wanted "{"x" * 58}…, got nothing [id=asst_1]'
    )


def test_what_was_not_tried_says_why():
    assert line(Skipped(create("x"), "held back"), PLAIN) == "assistant.x: Not done: held back"


def test_colour_tells_good_from_bad():
    assert line(Done(create("x"), "asst_1"), Style(colour=True)) == (
        "\x1b[1massistant.x\x1b[0m: \x1b[1;32mCreated after 0.0s\x1b[0m [id=asst_1]"
    )


def done(*tasks):
    return [Done(task, "asst_1") for task in tasks]


@pytest.mark.parametrize(
    ("tasks", "said"),
    [
        ([create("a"), update("b"), rename("c", "d")], "1 added, 2 changed, 0 destroyed."),
        ([adopt("a"), adopt("b", field("name", "a", "b"))], "2 imported, 0 added, 1 changed, 0 destroyed."),
        ([delete("a"), forget("b")], "0 added, 0 changed, 1 destroyed, 1 forgotten."),
        ([], "0 added, 0 changed, 0 destroyed."),
    ],
)
def test_the_last_line_is_terraforms_to_the_byte(tasks, said):
    assert closing(done(*tasks), plan(*tasks)) == f"Apply complete! Resources: {said}\n"


def test_markers_are_told_above():
    marks = (mark("x"), mark("y"))

    assert closing(done(*marks), plan(marks=marks)) == (
        "2 markers refreshed.\nApply complete! Resources: 0 added, 0 changed, 0 destroyed.\n"
    )


def test_what_went_wrong_is_never_complete():
    whole = plan(create("a"), create("b"), update("c"), update("d"), update("untold"), marks=(mark("e"),))
    a, b, c, d, _ = whole.changes
    outcomes = [
        Done(a, "asst_1"),
        Failed(b, "no"),
        Unsettled(c, "asst_3", (Difference(("name",), "x", "y"),)),
        Skipped(d, "held back"),
        Failed(whole.marks[0], "no"),
    ]

    assert closing(outcomes, whole) == (
        "Apply incomplete: 2 failed, 1 unsettled, 2 not done. Resources: 1 added, 1 changed, 0 destroyed.\n"
    )


def test_every_apply_says_what_is_left_and_how_to_settle_it():
    drifted, edited = update("d", field("name", "a", "b", "drift")), update("e", field("name", "a", "b"))
    both = update("f", field("name", "a", "b", "drift"), field("top_p", 1, 0), field("model", "a", "b"))
    applied, failed = update("done"), create("failed")
    whole = plan(applied, failed, rest=(drifted, edited, both, delete("gone"), forget("kept")))

    left = remainder([Done(applied, "asst_1"), Failed(failed, "no")], whole, "-e production")

    rest = "1 to be created, 1 to be destroyed, 1 to be forgotten"
    assert left == (
        f"Applied 1. production still differs: 2 drifted, 2 edited in Git, {rest}.",
        "`reconciler plan -e production` shows it; `reconciler apply -e production` applies what no objection blocks.",
    )
    assert closing(done(applied), plan(applied), left=left).splitlines()[-1].startswith("Apply complete!")


def test_an_edit_that_was_never_applied_is_told_with_what_brought_it():
    left = plan(rest=(update("e", field("name", "a", "b")), update("f", field("name", "a", "b", "conflict"))))

    first, _ = remainder((), left, "", {address("e"): "#41", address("f"): "#42"})

    assert first == "Applied 0. production still differs: 1 in conflict, 1 left by #41."


def test_what_was_written_and_did_not_settle_is_no_edit_that_is_left():
    written = update("a", field("name", "a", "b"))

    first, _ = remainder([Unsettled(written, "asst_1", (Difference(("name",), "b", "c"),))], plan(written), "")

    assert first == "Applied 0. production still differs: 1 unsettled."


def test_where_nothing_is_left_nothing_more_is_said():
    assert remainder(done(update("a")), plan(), "") == ()


def test_an_apply_says_at_its_end_what_the_server_does_not_keep():
    whole = plan(update("a"), mismatches=(kept("b", Difference(("name",), "HR", "x")),))

    said = "1 assistant differs from its manifest: the server does not keep what it is sent."
    assert remainder([Done(whole.changes[0], "asst_1")], whole, "") == (said,)
    assert remainder((), plan(mismatches=whole.mismatches), "") == ()
    assert remainder([Failed(whole.changes[0], "no")], whole, "")[-1] == said
