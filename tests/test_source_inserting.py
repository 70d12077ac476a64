"""One more member in a manifest's text: everything else stays as it is, or nothing is done."""

from __future__ import annotations

import pytest

from reconciler.source import inserted, parse, plain

PIN = ("reconciler", "id", "production")


def pinned(text: str, document: int = 0, *, id: str = "agent_1", environment: str = "production") -> str | None:
    at = parse(text, "a.yaml").documents[document].place
    return inserted(text, at, ("reconciler", "id", environment), id)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (
            "# HR\nmodel: gpt-4o   # fast\n",
            "# HR\nmodel: gpt-4o   # fast\nreconciler:\n  id: {production: agent_1}\n",
        ),
        ("model: gpt-4o", "model: gpt-4o\nreconciler:\n  id: {production: agent_1}\n"),
        ("model: a\r\nname: b\r\n", "model: a\r\nname: b\r\nreconciler:\r\n  id: {production: agent_1}\r\n"),
        ("  model: a\n", "  model: a\n  reconciler:\n    id: {production: agent_1}\n"),
        (
            "model: a\nreconciler:\n  # moved\n  was: [hr]\n",
            "model: a\nreconciler:\n  # moved\n  id: {production: agent_1}\n  was: [hr]\n",
        ),
        (
            "reconciler:\n  id:\n    staging: agent_2  # ours\nmodel: a\n",
            "reconciler:\n  id:\n    production: agent_1\n    staging: agent_2  # ours\nmodel: a\n",
        ),
        (
            "reconciler: {id: {staging: agent_2}}\nmodel: a\n",
            "reconciler: {id: {production: agent_1, staging: agent_2}}\nmodel: a\n",
        ),
        ("reconciler: {}\nmodel: a\n", "reconciler: {id: {production: agent_1}}\nmodel: a\n"),
        ("reconciler:  # later\nmodel: a\n", "reconciler: {id: {production: agent_1}}  # later\nmodel: a\n"),
        (
            "reconciler:\n  id:\nmodel: a\n",
            "reconciler:\n  id: {production: agent_1}\nmodel: a\n",
        ),
        (
            '{\n  "model": "a"\n}\n',
            '{\n  "reconciler": {"id": {"production": "agent_1"}},\n  "model": "a"\n}\n',
        ),
        (
            "model: a\ninstructions: |+\n  Be kind.\n\n",
            "model: a\ninstructions: |+\n  Be kind.\n\nreconciler:\n  id: {production: agent_1}\n",
        ),
        (
            "model: a\ninstructions: |\n  Be kind.",
            "reconciler: {id: {production: agent_1}}\nmodel: a\ninstructions: |\n  Be kind.",
        ),
    ],
    ids=[
        "no block",
        "no last newline",
        "windows",
        "indented",
        "a block",
        "another environment",
        "in braces",
        "empty braces",
        "an empty block",
        "an empty id",
        "JSON",
        "a text that keeps its newlines",
        "a text without a newline",
    ],
)
def test_a_member_is_added_where_people_would_write_it(before: str, after: str) -> None:
    assert pinned(before) == after


def test_of_several_documents_one_is_changed() -> None:
    text = "---\nreconciler: {key: a}\nmodel: a\n--- # two\nreconciler: {key: b}\nmodel: b\n...\n"
    without_block = "model: a\n---\nmodel: b\n---\nmodel: c\n"

    assert pinned(text, 1) == text.replace("{key: b}", "{id: {production: agent_1}, key: b}")
    assert pinned(without_block, 1) == (
        "model: a\n---\nmodel: b\nreconciler:\n  id: {production: agent_1}\n---\nmodel: c\n"
    )


@pytest.mark.parametrize(
    "text",
    [
        "reconciler: {id: {production: agent_2}}\n",
        "reconciler: {id: agent_2}\n",
        "reconciler: {id: {production: }}\n",
        "reconciler: ~\n",
        "reconciler: later\n",
        "base: &own {was: [a]}\nreconciler: *own\n",
        "- model: a\n",
        "? reconciler\n",
    ],
    ids=["another id", "a plain id", "an empty id", "a null", "a text", "an alias", "a list", "an odd key"],
)
def test_what_cannot_be_added_in_safety_is_left_to_people(text: str) -> None:
    assert pinned(text) is None


def test_a_text_that_cannot_be_read_or_is_another_now_is_left_alone() -> None:
    at = parse("model: a\n", "a.yaml").documents[0].place

    assert inserted("model: [\n", at, PIN, "agent_1") is None
    assert inserted("\n\nmodel: a\n", at, PIN, "agent_1") is None


@pytest.mark.parametrize("id", ["1234", "no", "a b: {c}", "ag\u00e9nt\n#"])
def test_any_id_and_environment_is_read_as_it_was_given(id: str) -> None:
    edited = pinned("model: a\n", id=id, environment="no")

    assert edited is not None
    assert plain(parse(edited, "a.yaml").documents[0]) == {"model": "a", "reconciler": {"id": {"no": id}}}
