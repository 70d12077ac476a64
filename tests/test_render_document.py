"""The JSON document: an interface, so its keys and their order are pinned."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from reconciler import __version__
from reconciler.canonical import Json, digest
from reconciler.masking import Mask
from reconciler.masking import mask as masking
from reconciler.plan.changes import fingerprint
from reconciler.render import FORMATS, BadDocument, Document, Style, document, hidden, read
from reconciler.render.view import view
from support.render_plans import address, adopt, create, delete, field, lookalike, mark, merging, plan, update

WHOLE = plan(
    replace(
        update("hr", field("temperature", 1.0, 0.2, "drift"), field("name", after="HR"), hidden=9),
        patch={"temperature": 0.2, "name": "HR"},
    ),
    delete("gone"),
    objections=(lookalike("hr"),),
    marks=(mark("x"),),
    notes=("a copy",),
    unchanged=14,
    unmanaged=3,
)


def saved(of: Document) -> str:
    return FORMATS["json"](of, Style())


def sealed(of: Document) -> str:
    """A document of somebody else's making, with a digest that fits."""
    rest = {key: value for key, value in of.items() if key != "digest"}
    return json.dumps({**rest, "digest": digest(rest)})


def test_the_document_is_the_interface():
    found = document(WHOLE)

    assert json.dumps(found, indent=1) == json.dumps(
        {
            "format_version": "1.2",
            "reconciler_version": __version__,
            "stack": "acme",
            "environment": {
                "name": "production",
                "provider": "openai",
                "base_url": "https://api.example.com/v1",
                "organization": None,
                "project": "proj_x",
            },
            "base": None,
            "applies": "everything",
            "kinds": ["assistant"],
            "offline": None,
            "fingerprint": fingerprint(WHOLE),
            "digest": digest({key: value for key, value in found.items() if key != "digest"}),
            "summary": {
                "add": 0,
                "change": 1,
                "destroy": 1,
                "import": 0,
                "forget": 0,
                "unchanged": 14,
                "unmanaged": 3,
            },
            "changes": [
                {
                    "address": "assistant.hr",
                    "kind": "assistant",
                    "key": "hr",
                    "previous_key": None,
                    "action": "update",
                    "origin": None,
                    "id": "asst_hr",
                    "file": "assistants/hr.yaml",
                    "line": 1,
                    "seen": "seen",
                    "digest": "digest of hr",
                    "fields": [
                        {"path": "temperature", "before": 1, "after": 0.2, "cause": "drift", "origin": None},
                        {"path": "name", "before": None, "after": "HR", "cause": "edit", "origin": None},
                    ],
                    "patch": {"temperature": 0.2, "name": "HR"},
                    "previous_stack": None,
                    "unchanged_fields": 9,
                    "meanings": [],
                },
                {
                    "address": "assistant.gone",
                    "kind": "assistant",
                    "key": "gone",
                    "previous_key": None,
                    "action": "delete",
                    "origin": None,
                    "id": "asst_gone",
                    "file": None,
                    "line": None,
                    "seen": None,
                    "digest": "digest of gone",
                    "fields": [],
                    "patch": {},
                    "previous_stack": None,
                    "unchanged_fields": 0,
                    "meanings": [],
                },
            ],
            "marks": [{"address": "assistant.x", "id": "asst_x"}],
            "objections": [
                {
                    "code": "possible-duplicate",
                    "message": "asst_9 has this name",
                    "address": "assistant.hr",
                    "remedy": "set `id: asst_9`",
                    "allowed": False,
                    "allowed_by": None,
                    "holds": ["assistant.hr"],
                    "origin": None,
                }
            ],
            "pending": None,
            "notes": ["a copy"],
            "mismatches": [],
            "applyable": True,
            "complete": False,
        },
        indent=1,
    )


def test_why_a_field_is_reset_and_what_was_applied_last_are_told_where_they_are_known():
    reset = replace(field("temperature", 0.2), reason="gpt-5.1 does not take it")
    conflict = replace(field("name", "Live", "Git", "conflict"), applied=None)
    first, second = document(plan(update("hr", reset, conflict)))["changes"][0]["fields"]

    assert (first["reason"], "applied" in first) == ("gpt-5.1 does not take it", False)
    assert (second["applied"], "reason" in second) == (None, False)
    assert [(f.reason, f.applied) for f in view(document(plan(update("hr", reset, conflict)))).changes[0].fields] == [
        ("gpt-5.1 does not take it", ()),
        (None, (None,)),
    ]


@pytest.mark.parametrize(
    ("given", "applyable", "complete"),
    [
        (plan(), False, True),
        (plan(create("x")), True, True),
        (plan(marks=(mark("x"),)), True, True),
        (plan(create("x"), selected=True), True, False),
        (plan(create("x"), objections=(lookalike("x"),)), False, False),
        (plan(create("x"), objections=(lookalike("x", allowed=True),)), True, True),
        (plan(create("x"), create("y"), objections=(lookalike("x"),)), True, False),
        (plan(objections=(replace(lookalike("x"), address=None, holds=frozenset()),)), False, False),
    ],
)
def test_applyable_and_complete_are_two_things(given, applyable, complete):
    found = document(given)

    assert (found["applyable"], found["complete"]) == (applyable, complete)


def test_what_is_pending_stands_beside_what_merging_does():
    left = merging(create("x"), rest=(update("hr"),), rest_objections=(lookalike("hr"),))
    found = document(left)

    assert (found["applies"], found["summary"]["add"], len(found["changes"])) == ("change", 1, 1)
    assert found["pending"]["summary"] == {"add": 0, "change": 1, "destroy": 0, "import": 0, "forget": 0}
    assert [change["address"] for change in found["pending"]["changes"]] == ["assistant.hr"]
    assert [objection["code"] for objection in found["pending"]["objections"]] == ["possible-duplicate"]
    assert (found["objections"], found["complete"]) == ([], False)
    assert view({**found, "applies": None, "pending": None}).applies == "everything"


def test_a_saved_document_reads_as_it_was_written():
    assert read(saved(document(WHOLE))) == document(WHOLE)


def test_every_format_renders_a_saved_document_as_the_plan_itself():
    again = read(saved(document(WHOLE)))

    assert all(render(again, Style()) == render(document(WHOLE), Style()) for render in FORMATS.values())


def test_a_later_minor_version_may_have_more():
    later: Document = {**document(WHOLE), "format_version": "1.7", "links": []}

    assert read(sealed(later))["links"] == []


def test_the_json_is_ascii_and_no_runner_obeys_it():
    text = saved(document(plan(create("x", field("name", after="##[error] ##vso[x] ## ü\u202e\x1b[1m")))))

    assert text.isascii()
    assert "##[" not in text
    assert "##vso[" not in text
    assert json.loads(text)["changes"][0]["fields"][0]["after"] == "##[error] ##vso[x] ## ü\u202e\x1b[1m"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "not a whole JSON document"),
        (saved(document(WHOLE))[:-50], "not a whole JSON document"),
        ('{"format_version": "1.0", "x": NaN}', "NaN is no JSON"),
        ("[" * 100_000, "not a whole JSON document"),
        ("[]", "no `format_version`"),
        ('{"format_version": 1}', "no `format_version`"),
        ('{"format_version": "2.0"}', "reads 1.x only"),
        ('{"format_version": "1.0"}', "its digest does not match"),
        ('{"format_version": "1.0", "x": 1e999}', "its digest does not match"),
        (saved(document(WHOLE)).replace("0.2", "0.3"), "its digest does not match"),
        (sealed({"format_version": "1.0"}), "`environment` is missing, or is not a dict"),
    ],
)
def test_what_is_no_saved_plan_is_refused(text, why):
    with pytest.raises(BadDocument, match=why.replace("(", r"\(")):
        read(text)


@pytest.mark.parametrize(
    ("key", "value", "why"),
    [
        ("stack", None, "`stack` is missing, or is not a str"),
        ("complete", 1, "`complete` is missing, or is not a bool"),
        ("notes", [1], "`notes` is missing, or is not a str"),
        ("changes", [1], "`changes` is missing, or is not a dict"),
        ("changes", [{"address": "assistant.x"}], "`action` is missing, or is not a str"),
        ("objections", {}, "`objections` is missing, or is not a list"),
    ],
)
def test_a_document_of_another_shape_is_refused(key: str, value: Json, why: str):
    with pytest.raises(BadDocument, match=why):
        read(sealed({**document(WHOLE), key: value}))


KEY = "sk-0123456789"


def test_secrets_are_hidden_in_all_that_a_server_or_a_manifest_fills_and_nothing_else():
    mask = masking([KEY], lambda form, secret, how: "(hidden)")
    change = update("a", field(f'metadata["{KEY} x"]', KEY, f"`{KEY}`"))
    whole = document(plan(change, objections=(lookalike("a"),), notes=(f"{KEY} is odd",)))

    shown = hidden(whole, mask)

    text = FORMATS["json"](shown, Style())
    assert KEY not in text
    assert shown["changes"][0]["fields"][0]["path"] == 'metadata["(hidden) x"]'
    assert [shown["changes"][0][name] for name in ("digest", "seen", "address")] == [
        whole["changes"][0][name] for name in ("digest", "seen", "address")
    ]
    assert read(text) == shown
    assert hidden(whole, Mask()) is whole


def test_what_a_stranger_wrote_into_a_document_is_hidden_as_well():
    mask = masking([KEY], lambda form, secret, how: "(hidden)")
    odd = {**document(plan()), "changes": [{"fields": [{"path": f".{KEY}"}, KEY], "more": KEY}], "marks": KEY}

    shown = hidden(odd, mask)

    assert shown["changes"] == [{"fields": [{"path": ".(hidden)"}, "(hidden)"], "more": "(hidden)"}]
    assert shown["marks"] == "(hidden)"


def test_an_action_of_a_later_version_is_shown_by_its_name():
    changes: list[Json] = [{"address": "assistant.x", "action": "swap", "fields": [], "patch": {}}]
    later = read(sealed({**document(plan()), "changes": changes}))

    assert "1 other change\n\n  ? assistant.x swap\n" in FORMATS["text"](later, Style())


def test_the_fingerprint_is_of_the_changes_and_the_place_alone():
    one, other = create("a"), adopt("b")
    given = plan(one, other)

    assert fingerprint(given) == fingerprint(plan(other, one, notes=("x",), unchanged=3, marks=(mark("m"),)))
    assert fingerprint(given) != fingerprint(plan(one))
    assert fingerprint(given) != fingerprint(plan(one, replace(other, digest="another")))
    for place in ("stack", "environment", "provider", "base_url", "project"):
        assert fingerprint(given) != fingerprint(replace(given, where=replace(given.where, **{place: "else"})))


def test_addresses_that_are_held_are_in_order():
    holds = frozenset(address(key) for key in "cab")
    found = document(plan(objections=(replace(lookalike("x"), holds=holds),)))

    assert json.dumps(found["objections"]).count('["assistant.a", "assistant.b", "assistant.c"]') == 1
