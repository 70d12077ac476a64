"""What labels on a pull request allow, as values."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from reconciler.model import Desired, Live, Plan
from reconciler.plan import allowances
from reconciler.plan.allowances import Allowance, Case, Labelling, Rules, Seen, cases, decide, moment, permitted
from reconciler.plan.guards import Limits, PlanContext
from reconciler.plan.make import make_plan
from reconciler.render import FORMATS, Style, document
from reconciler.render.github import of_plan
from support.lives import applied, stranger, wanted
from support.world import WHERE

DELETES = "too-many-deletes"


def at(minute: int) -> datetime:
    return datetime(2026, 1, 31, 10, tzinfo=UTC) + timedelta(minutes=minute)


def label(
    minute: int | None = 10,
    name: str = f"reconciler/allow:{DELETES}",
    by: str | None = "maintainer",
    *,
    may: bool = True,
) -> Labelling:
    return Labelling(name, by, None if minute is None else at(minute), may_write=may)


def case(keys: str, code: str = DELETES, address: str | None = None, digest: str = "d") -> Case:
    return Case(code, address, frozenset(f"assistant.{key} {digest}" for key in keys))


def seen(minute: int, *found: Case) -> Seen:
    return Seen(at(minute), found)


HERE = Rules("production", author="author")
MERGED = replace(HERE, merged=at(20))
STRICT = replace(HERE, by_author=False)
ABC = seen(5, case("abc"))


# what is allowed: the label, the plans there were, the rules; and an objection of now that it lets pass, or not


@pytest.mark.parametrize(
    ("one", "plans", "rules", "now", "passes"),
    [
        (label(), [ABC], HERE, case("abc"), True),
        (label(), [ABC], HERE, case("abcdefgh"), False),
        (label(), [seen(5, case("abcdefgh"))], HERE, case("abc"), True),
        (label(), [ABC], HERE, case("abc", digest="moved"), False),
        (label(), [ABC], HERE, case("abc", code="conflict"), False),
        (label(), [ABC], HERE, case("abc", address="assistant.a"), False),
        (label(), [ABC], HERE, case(""), False),
        (label(), [seen(5, case(""))], HERE, case(""), True),
        (label(), [seen(5, case(""))], HERE, case("a"), False),
        (label(), [seen(1, case("abc")), seen(5, case("abcdefgh"))], HERE, case("abcdefgh"), True),
        (label(), [seen(1, case("abcdefgh")), seen(5, case("abc"))], HERE, case("abcdefgh"), False),
        (label(), [ABC, seen(15, case("abcdefgh"))], HERE, case("abcdefgh"), False),
        (label(), [ABC, seen(10, case("abcdefgh"))], HERE, case("abcdefgh"), False),
        (label(), [ABC, seen(15, case("abcdefgh"))], HERE, case("abc"), True),
        (label(), [ABC], MERGED, case("abc"), True),
        (label(20), [ABC], MERGED, case("abc"), False),
        (label(25), [ABC], MERGED, case("abc"), False),
        (label(), [], HERE, case("abc"), False),
        (label(5), [ABC], HERE, case("abc"), False),
        (label(None), [ABC], HERE, case("abc"), False),
        (label(by=None, may=False), [ABC], HERE, case("abc"), False),
        (label(may=False), [ABC], HERE, case("abc"), False),
        (label(by="renovate[bot]"), [ABC], HERE, case("abc"), False),
        (label(by="author"), [ABC], HERE, case("abc"), True),
        (label(by="author"), [ABC], STRICT, case("abc"), False),
        (label(by="Author"), [ABC], STRICT, case("abc"), False),
        (label(), [ABC], STRICT, case("abc"), True),
        (label(), [ABC], replace(STRICT, author=None), case("abc"), True),
        (label(name="Reconciler/Allow: Too-Many-Deletes "), [ABC], HERE, case("abc"), True),
        (label(name="reconciler/allow:conflict"), [ABC], HERE, case("abc"), False),
        (label(name="reconciler/allow:conflicts"), [ABC], HERE, case("abc"), False),
        (label(name=f"reconciler/allow:{DELETES}@production"), [ABC], HERE, case("abc"), True),
        (label(name=f"reconciler/allow:{DELETES} @ Production"), [ABC], HERE, case("abc"), True),
        (label(name=f"reconciler/allow:{DELETES}@staging"), [ABC], HERE, case("abc"), False),
        (label(name=f"reconciler/allow:{DELETES}@"), [ABC], HERE, case("abc"), False),
    ],
)
def test_a_label_allows_what_stood_when_it_was_set_and_nothing_else(
    one: Labelling, plans: list[Seen], rules: Rules, now: Case, passes: bool
) -> None:
    allowed = [allowance for verdict in decide([one], plans, rules) for allowance in verdict.allowances]

    assert any(allowance.case.covers(now) for allowance in allowed) is passes
    assert {allowance.by for allowance in allowed} <= {one.by}


@pytest.mark.parametrize(
    ("one", "rules", "reason", "again"),
    [
        (label(), HERE, "", True),
        (label(name="reconciler/allow:conflicts"), HERE, "there is no objection 'conflicts' (did you mean", False),
        (label(name="reconciler/allow:unreliable-list"), HERE, "the objection 'unreliable-list' cannot be over", False),
        (label(by="x[bot]"), HERE, "x[bot] set it, and a program cannot allow anything", False),
        (label(may=False), HERE, "maintainer set it, who may not write to this repository", False),
        (
            label(by="author"),
            STRICT,
            "author set it, who opened the pull request, and `allow: {by_author: false}`",
            False,
        ),
        (label(25), MERGED, "it was set after the merge", False),
        (label(None), HERE, "the code host does not say who set it, and when", False),
        (label(by=None), HERE, "the code host does not say who set it, and when", False),
        (label(1), HERE, "it was set before there was a plan to look at", True),
        (
            label(name="reconciler/allow:conflict"),
            HERE,
            "the plan that it was set on has no objection 'conflict'",
            True,
        ),
    ],
)
def test_why_a_label_does_not_count_is_said(one: Labelling, rules: Rules, reason: str, again: bool) -> None:
    (verdict,) = decide([one], [ABC], rules)

    assert verdict.reason.startswith(reason)
    assert bool(verdict.reason) is bool(reason)
    assert verdict.again is again


# how an objection is known again


def planned(desired: list[Desired], live: list[Live], **options: Any) -> Plan:
    return make_plan(desired, live, WHERE, **options)


def allowing(plan: Plan, code: str, environment: str = "production") -> list[Allowance]:
    """What a label allows that is set on this plan."""
    return [Allowance(environment, "maintainer", one) for one in cases(document(plan)) if one.code == code]


def standing(plan: Plan, allowed: list[Allowance]) -> list[tuple[str, str | None]]:
    return [(one.code, one.by) for one in permitted(plan, allowed).objections]


def many(keys: str) -> list[Live]:
    return [applied(wanted(key), f"asst_{key}") for key in keys]


KEEP = wanted("k")


def test_deletions_that_became_more_are_blocked_again_and_fewer_are_not() -> None:
    three = allowing(planned([KEEP], many("abck")), DELETES)

    assert standing(planned([KEEP], many("abck")), three) == [(DELETES, "maintainer")]
    assert standing(planned([KEEP], many("abcdefghk")), three) == [(DELETES, None)]
    assert standing(planned([KEEP], many("abk")), three) == [(DELETES, "maintainer")]
    assert standing(planned([KEEP], many("abxk")), three) == [(DELETES, None)]


def test_an_object_that_moved_since_is_blocked_again() -> None:
    three = allowing(planned([KEEP], many("abck")), DELETES)
    moved = [applied(wanted("a"), "asst_a", top_p=0.5), *many("bck")]

    assert standing(planned([KEEP], moved), three) == [(DELETES, None)]


def test_an_allowance_is_for_its_address_and_its_environment() -> None:
    strangers = [stranger("asst_8", name="A"), stranger("asst_9", name="B")]
    both = [wanted("a", name="A"), wanted("b", name="B")]
    now = planned(both, strangers)

    assert standing(now, allowing(planned(both, strangers[:1]), "possible-duplicate")) == [
        ("possible-duplicate", "maintainer"),
        ("possible-duplicate", None),
    ]
    assert (
        standing(now, allowing(now, "possible-duplicate", environment="staging")) == [("possible-duplicate", None)] * 2
    )


def test_an_objection_for_which_nothing_is_planned_is_known_by_what_it_blocks() -> None:
    pinned = wanted("a", own={"id": "asst_gone"})
    plan = planned([pinned], [])

    assert plan.changes == ()
    assert standing(plan, allowing(plan, "id-not-found")) == [("id-not-found", "maintainer")]
    assert standing(planned([wanted("b", own={"id": "asst_gone"})], []), allowing(plan, "id-not-found")) == [
        ("id-not-found", None)
    ]


def test_what_was_allowed_on_the_command_line_stays_so() -> None:
    plan = planned([KEEP], many("abck"), allow=frozenset({DELETES}), limits=Limits(changes=0))

    found = permitted(plan, allowing(plan, DELETES))

    assert [(one.code, one.allowed, one.by) for one in found.objections] == [
        ("too-many-changes", False, None),
        (DELETES, True, None),
    ]


def test_what_nobody_may_allow_is_blocked_whatever_a_file_says() -> None:
    plan = planned([wanted("a")], [], facts=PlanContext(unreliable={"assistant": "it lists rows twice"}))

    assert standing(plan, allowing(plan, "unreliable-list")) == [("unreliable-list", None)]


def test_what_a_plan_says_of_its_own_allowances_is_nothing_to_go_by() -> None:
    plan = planned([KEEP], many("abck"))
    allowed = replace(plan, objections=tuple(replace(one, allowed=True, by="mallory") for one in plan.objections))

    assert list(cases(document(allowed))) == list(cases(document(plan)))


def test_a_label_is_idle_where_what_it_names_is_blocking_still() -> None:
    eight = document(planned([KEEP], many("abcdefghk")))
    (verdict,) = decide([label()], [ABC], HERE)

    assert allowances.idle([verdict], eight) == (verdict,)
    assert allowances.idle([verdict], document(planned([KEEP], many("k")))) == ()
    assert allowances.idle([verdict], document(planned([KEEP], many("abck"), allow=frozenset({DELETES})))) == ()
    assert allowances.idle(decide([label(name="reconciler/allow:conflict")], [ABC], HERE), eight) == ()
    assert allowances.idle([replace(verdict, environment="staging")], eight) == ()


def test_verdicts_are_read_as_they_were_written() -> None:
    verdicts = decide([label(), label(name="reconciler/allow:conflict"), label(None), label(by=None)], [ABC], HERE)

    assert allowances.read(allowances.document(verdicts)) == tuple(
        replace(one, labelling=replace(one.labelling, may_write=True)) for one in verdicts
    )


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("2026-01-31T10:00:00Z", at(0)),
        ("2026-01-31T10:00:00.000Z", at(0)),
        ("2026-01-31T12:05:00+02:00", at(5)),
        ("2026-01-31T10:00:00", at(0)),
        ("just now", None),
        ("", None),
    ],
)
def test_a_moment_is_read_however_it_is_written(text: str, found: datetime | None) -> None:
    assert moment(text) == found


@pytest.mark.parametrize("value", [{}, None, "[]"])
def test_what_is_no_list_is_not_read(value: Any) -> None:
    with pytest.raises(TypeError):
        allowances.read(value)


def test_every_format_says_who_allowed_an_objection() -> None:
    plan = planned([KEEP], many("abck"))
    found = document(permitted(plan, allowing(plan, DELETES)))

    shown = {name: FORMATS[name](found, Style()) for name in ("text", "markdown", "html", "json")}
    shown["github"] = "\n".join(one.message for one in of_plan(found))

    assert [name for name, text in shown.items() if "maintainer" not in text] == []
    assert "Allowed by `maintainer` with a label." in shown["markdown"]
    assert "(allowed by maintainer)" in " ".join(shown["text"].split())
