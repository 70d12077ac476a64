"""The verdict in one line, what to look at first, and what many changes share."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reconciler.model import Base, Change, Difference, FieldChange, Meaning, Objection, Origin, Plan
from reconciler.paths import read as path
from reconciler.render import document
from reconciler.render.grouping import Shared, apart, halves
from reconciler.render.verdict import (
    as_text,
    cause_rank,
    changed_words,
    explained,
    grown,
    headline,
    ranked,
    size,
    worst,
)
from reconciler.render.view import ChangeView, FieldView, view
from support.render_plans import (
    address,
    adopt,
    create,
    delete,
    field,
    forget,
    kept,
    lookalike,
    merging,
    plan,
    rename,
    update,
)

SCHEMA = path("tools.functions.refund.parameters")


def verdict(*changes: Change, **more: object) -> str:
    return headline(view(document(plan(*changes, **more))))


def views(*changes: Change, **more: object) -> tuple[ChangeView, ...]:
    return view(document(plan(*changes, **more))).changes


def breaking(change: Change, text: str = "`amount` became required", *, is_breaking: bool = True) -> Change:
    return replace(change, meanings=((SCHEMA, Meaning(text, is_breaking)),))


def of(origin: Origin, change: Change) -> Change:
    fields = tuple(replace(one, origin=one.origin or origin) for one in change.fields)
    return replace(change, origin=origin, fields=fields)


def test_what_the_server_did_not_keep_is_in_the_verdict() -> None:
    one = kept("a", Difference(("model",), "gpt-4o", "gpt-4.1"))

    assert verdict(mismatches=(one,)) == "No changes; 1 assistant differs from its manifest"
    assert verdict(delete("x"), mismatches=(one, one)) == (
        "1 deletion: assistant.x; 2 assistants differ from their manifests"
    )


def holding(code: str, *keys: str) -> Objection:
    return Objection(code, "no", "do", None, frozenset(map(address, keys)))


PROMPT = field("instructions", "a b", "a b c")
MODEL = field("model", "gpt-4o", "gpt-4.1")
OTHER = field("temperature", 1, 0)
REQUIRED = field("tools.functions.refund.parameters.required", ["a"], ["a", "b"])


# headline


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ((), "No changes"),
        ((update("a", PROMPT),), '1 prompt changed: added "c"'),
        (
            (update("a", PROMPT), update("b", PROMPT, MODEL)),
            '2 prompts changed: added "c", 1 model changed: gpt-4o → gpt-4.1',
        ),
        ((create("a", PROMPT),), "1 new assistant"),
        ((delete("a", PROMPT), delete("b")), "2 deletions"),
        ((update("a", OTHER),), "1 field changed: temperature 1 → 0"),
        (
            (update("a", OTHER, MODEL, field("top_p", 1, 0)),),
            "1 model changed: gpt-4o → gpt-4.1, 2 other fields changed",
        ),
        ((adopt("a"), rename("b", "c"), forget("d")), "1 adopted, 1 renamed, 1 forgotten"),
        ((breaking(update("a", REQUIRED)),), "1 breaking schema change: refund now requires amount"),
        (
            (breaking(update("a", REQUIRED), is_breaking=False),),
            '1 field changed: tools.functions.refund.parameters.required ["a"] → ["a", "b"]',
        ),
        ((update("a", replace(MODEL, cause="conflict")),), "1 conflict, 1 model changed: gpt-4o → gpt-4.1"),
        (
            (delete("a"), create("b"), update("c", PROMPT, MODEL, OTHER)),
            "1 deletion, 1 new assistant, 1 prompt changed, and more",
        ),
        ((update("a", field("instructions", None, "a b")),), "1 prompt changed, +2 words"),
    ],
)
def test_the_verdict_is_what_happens_worst_first(changes, said):
    assert verdict(*changes) == said


def test_what_will_be_refused_is_said_first():
    assert (
        verdict(delete("a"), update("b", PROMPT), objections=(holding("too-many-deletes", "a"),))
        == '1 blocked (too-many-deletes). Will apply: 1 prompt changed: added "c"'
    )
    held = (create("a"), delete("b"), update("c", MODEL), update("d", OTHER), update("e", PROMPT))
    assert verdict(*held, objections=(holding("x", *"abcde"),)) == "5 blocked (x)"


def test_an_objection_without_a_change_is_named():
    objections = (holding("id-not-found", "a"), holding("id-not-found", "b"))

    assert verdict(objections=objections) == "2 objections (id-not-found)"


def test_an_objection_that_somebody_allowed_refuses_nothing():
    assert verdict(create("a"), objections=(lookalike("a", allowed=True),)) == "1 new assistant"


def test_new_objects_of_several_kinds_are_objects():
    agent = create("b")
    agent = replace(agent, address=replace(agent.address, kind="agent"))

    assert verdict(create("a"), agent) == "2 new objects"


def test_beside_another_revision_it_is_what_this_change_does():
    base = Base("main", "1a2b3c")
    changed, pending = of("change", update("a", PROMPT)), of("pending", update("b", OTHER))

    assert verdict(changed, pending, base=base) == '1 prompt changed: added "c"; 1 already pending'
    assert verdict(pending, base=base) == "This change has no effect; 1 already pending"
    assert verdict(base=base) == "No changes"
    assert (
        verdict(of("change", delete("a")), pending, base=base, objections=(holding("x", "a"),))
        == "1 blocked (x). 1 already pending"
    )


def test_what_merging_does_not_do_is_counted_blocked_or_not():
    left = view(document(merging(rest=(update("b", OTHER),), rest_objections=(holding("conflict", "b"),))))

    assert headline(left) == "This change has no effect; 1 already pending"


def test_of_an_update_for_both_reasons_each_half_has_its_own_and_a_rename_belongs_to_one():
    renamed = rename("b", "a", replace(OTHER, origin="pending"))
    mine, left = halves(view(document(plan(of("change", renamed), base=Base("main")))))
    theirs, ours = halves(
        view(document(plan(of("pending", rename("b", "a", replace(OTHER, origin="change"))), base=Base("main"))))
    )

    assert [(c.action, c.previous_key, len(c.fields)) for c in mine.changes] == [("rename", "a", 0)]
    assert [(c.action, c.previous_key, len(c.fields)) for c in left.changes] == [("update", None, 1)]
    assert [(c.action, len(c.fields)) for c in theirs.changes] == [("update", 1)]
    assert [(c.action, len(c.fields)) for c in ours.changes] == [("rename", 0)]


def test_the_verdict_is_one_inert_line():
    assert "\n" not in verdict(objections=(holding("a\nb\x1b", "a"),))


# ranking


def test_the_worst_is_first_and_then_the_address_decides():
    changes = views(
        update("other", OTHER),
        forget("gone"),
        update("model", MODEL),
        update("prompt", PROMPT, MODEL),
        breaking(update("schema", REQUIRED)),
        create("new"),
        update("conflict", replace(OTHER, cause="conflict")),
        delete("b"),
        delete("a"),
        update("held", OTHER),
        objections=(holding("x", "held"),),
    )

    assert [(one.address.removeprefix("assistant."), worst(one)) for one in ranked(changes)] == [
        ("held", ""),
        ("a", "delete"),
        ("b", "delete"),
        ("conflict", "conflict"),
        ("new", "create"),
        ("schema", "breaking"),
        ("prompt", "prompt"),
        ("model", "model"),
        ("gone", ""),
        ("other", ""),
    ]


# shared


def keys(groups: tuple[Shared, ...]) -> list[tuple[list[str], list[str]]]:
    return [([f.path for f in one.fields], [c.address[-1] for c in one.changes]) for one in groups]


def test_what_three_share_is_told_once():
    changes = views(*(update(key, PROMPT, MODEL) for key in "abc"), update("d", MODEL), update("e", OTHER))
    groups, rest = apart(changes)

    assert keys(groups) == [(["model"], list("abcd")), (["instructions"], list("abc"))]
    assert apart(changes)[0] == groups
    assert [(one.address[-1], [f.path for f in one.fields]) for one in rest] == [("e", ["temperature"])]


def test_what_only_two_share_is_not():
    changes = views(update("a", PROMPT), update("b", PROMPT))

    assert apart(changes) == ((), changes)


def test_another_value_cause_or_objection_is_another_change():
    others = [PROMPT, replace(PROMPT, cause="drift"), field("instructions", "a b", "a b d")]
    changes = views(*(update(key, one) for key, one in zip("abc", others, strict=True)), update("d", PROMPT))
    held = views(*(update(key, PROMPT) for key in "abc"), objections=(holding("x", "a"),))

    assert apart(changes)[0] == apart(held)[0] == ()


def tone(key: str, before: str, after: str) -> Change:
    """An edit of a text that several prompts begin with."""
    rest = f"\n\nYou are {key}.\nKnow {key}."
    return update(key, field("instructions", f"Be kind.\n{before}{rest}", f"Be kind.\n{after}{rest}"))


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        ("Be brief.", "Be brief and clear.", ("Be brief.", "Be brief and clear.")),
        ("Be brief.", "Be brief.\nBe clear.", (None, "Be clear.")),
        ("Be brief.\nBe clear.", "Be brief.", ("Be clear.", None)),
    ],
)
def test_the_same_edit_of_different_prompts_is_told_once(before: str, after: str, told: tuple[str | None, ...]):
    changes = views(*(tone(key, before, after) for key in "abc"), tone("d", before, "Shout."))

    (group,), rest = apart(changes)

    assert [(f.before, f.after, f.excerpt) for f in group.fields] == [(*told, True)]
    assert [one.address for one in rest] == ["assistant.d"]


def test_the_same_lines_as_a_whole_text_are_another_change():
    whole = [update(key, field("instructions", "Be brief.", "Be clear.")) for key in "ab"]
    changes = views(*whole, update("c", field("instructions", "Be kind.\nBe brief.", "Be kind.\nBe clear.")))

    assert apart(changes)[0] == ()


def test_one_and_true_are_not_the_same():
    changes = views(
        *(update(key, field("metadata.x", 0, value)) for key, value in zip("abc", (1, True, 1), strict=True))
    )

    assert apart(changes)[0] == ()


def test_what_comes_or_goes_whole_is_told_by_itself():
    changes = views(*(create(key, PROMPT) for key in "abc"), *(delete(key, PROMPT) for key in "def"))

    assert apart(changes) == ((), changes)


def test_an_adoption_stays_when_its_fields_are_shared():
    _, rest = apart(views(*(adopt(key, PROMPT) for key in "abc")))

    assert [(one.action, one.fields) for one in rest] == [("adopt", ())] * 3


def test_what_a_shared_schema_means_is_told_with_it():
    changes = views(*(breaking(update(key, REQUIRED, OTHER if key == "a" else MODEL)) for key in "abc"))
    (group,), rest = apart(changes)

    assert [meaning.text for meaning in group.meanings] == ["now requires `amount`"]
    assert all(not one.meanings for one in rest)
    assert len(rest) == 3


def test_a_meaning_that_not_all_have_stays_with_its_change():
    changes = views(breaking(update("a", REQUIRED)), update("b", REQUIRED), update("c", REQUIRED))
    (group,), rest = apart(changes)

    assert not group.meanings
    assert [(one.address, len(one.meanings)) for one in rest] == [("assistant.a", 1)]


# causes


def words_for(cause: str, origin: Origin | None = None) -> str:
    return explained(view(document(_of(FieldChange(("x",), 1, 2, cause, origin)))).changes[0].fields[0])  # type: ignore[arg-type]


def _of(one: FieldChange) -> Plan:
    return plan(update("a", one))


def test_a_cause_is_told_in_words():
    assert words_for("edit") == words_for("edit", "change") == "edited in Git"
    assert words_for("edit", "pending") == "edited in Git before this change, and not applied yet"
    assert words_for("drift") == "drift: changed outside Git; apply puts it back, pull takes it into Git"
    assert words_for("odd\x1b") == "odd<U+001B>"


def test_causes_are_in_the_order_of_what_a_reviewer_wants_to_know():
    fields = [FieldView("x", None, None, cause, None) for cause in ("odd", "edit", "drift", "conflict")]

    assert [field.cause for field in sorted(fields, key=cause_rank)] == ["conflict", "drift", "edit", "odd"]


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        ("Up to 300 EUR.", "Up to 500 EUR.", "300 → 500 EUR"),
        ("Grow by 5%.", "Grow by 7%.", "5 → 7%"),
        ("Use the handbook.", "Use the wiki.", "handbook → wiki"),
        ("Be brief.", "Be brief and kind.", 'added "and kind"'),
        ("Be very brief.", "Be brief.", 'removed "very"'),
        ("One is red. Two is all we have of it here.", "One is blue. Two is all they have of it here.",
         "red → blue and we → they"),
        ("a" * 60, "b" * 60, ""),
    ],
)  # fmt: skip
def test_few_changed_words_are_named(before: str, after: str, words: str):
    assert as_text(changed_words(before, after)) == words


def test_the_answers_schema_breaks_by_name():
    meaning = ((path("response_format.json_schema.schema"), Meaning("`a` is gone", breaking=True)),)
    change = replace(update("a", field("response_format.json_schema.schema.type", "x", "y")), meanings=meaning)

    assert verdict(change) == "1 breaking schema change: the answer `a` is gone".replace("`", "")


def test_of_many_codes_some_are_named():
    objections = tuple(holding(f"code-{number}", "a") for number in range(5))

    assert verdict(update("a", MODEL), objections=objections) == "1 blocked (code-0, code-1, code-2, and more)"


# sizes


def test_a_size_is_in_words():
    assert size("one") == "1 word"
    assert size("a b") == "2 words"
    assert size("word " * 1204) == "1,204 words"


def test_a_text_without_spaces_is_in_characters():
    assert size("休暇に関する質問に答えます。短く。") == "17 characters"


def test_growth_is_in_words_and_in_characters_where_they_are_as_many():
    assert grown("a b", "a b c") == "+1 word"
    assert grown("a b c", "a") == "-2 words"
    assert grown("ab", "abc") == "+1 character"
    assert grown("a b", "b a") == "same length"
    assert grown(["a", "b"], ["a b", "b c"]) == "+2 words"


def test_the_headline_names_the_codes_of_what_is_blocked_alone():
    elsewhere = replace(lookalike("gone"), code="duplicate", holds=frozenset())
    of = plan(update("a", field("top_p", 1, 0)), create("hr"), objections=(elsewhere, lookalike("hr")))

    assert headline(view(document(of))) == "1 blocked (possible-duplicate). Will apply: 1 field changed: top_p 1 → 0"
    assert headline(view(document(plan(objections=(elsewhere,))))) == "1 objection (duplicate)"
