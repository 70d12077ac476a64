"""A live object as the manifest that would make it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reconciler.model import Live
from reconciler.render.manifest import as_manifest
from reconciler.source import parse, plain
from support.lives import KIND, applied, stranger, wanted
from support.world import WHERE

STAGING = replace(WHERE, environment="staging")


def manifest(live: Live) -> object:
    return plain(parse(as_manifest(live, KIND, WHERE), "x.yaml").documents[0])


@pytest.mark.parametrize(
    ("live", "own"),
    [
        (applied(wanted("a")), {}),
        (applied(wanted("a", own={"on_removal": "keep"})), {"on_removal": "keep"}),
        (stranger(), {"id": {"production": "asst_9"}}),
        (applied(wanted("a"), "asst_9", where=STAGING), {"id": {"production": "asst_9"}}),
        (replace(applied(wanted("a")), id="asst_copy"), {"id": {"production": "asst_copy"}}),
    ],
    ids=["ours", "ours with a rule of removal", "nobody's", "of another environment", "a copy of ours"],
)
def test_the_id_is_stated_where_it_is_not_ours_yet(live: Live, own: dict) -> None:
    assert manifest(live) == {"model": "gpt-4o", **({"reconciler": own} if own else {})}


def test_only_what_is_no_default_is_stated_in_the_shape_of_the_api() -> None:
    live = stranger(
        name="HR",
        description="",
        temperature=1.0,
        top_p=0,
        tools=[{"type": "file_search", "file_search": {"ranking_options": {"score_threshold": 0.5, "ranker": "auto"}}}],
        metadata={"team": "people"},
        object="assistant",
        created_at=1,
        response_format="auto",
    )

    assert manifest(live) == {
        "model": "gpt-4o",
        "name": "HR",
        "tools": [{"type": "file_search", "file_search": {"ranking_options": {"score_threshold": 0.5}}}],
        "metadata": {"team": "people"},
        "top_p": 0,
        "reconciler": {"id": {"production": "asst_9"}},
    }


LOW = wanted(model="o3-mini", reasoning_effort="low")


@pytest.mark.parametrize(
    ("live", "effort"),
    [
        (applied(wanted(model="o3-mini"), reasoning_effort="medium"), {}),
        (applied(LOW), {"reasoning_effort": "low"}),
        (applied(LOW, reasoning_effort="medium"), {"reasoning_effort": "medium"}),
        (
            stranger(model="o3-mini", reasoning_effort="low"),
            {"reasoning_effort": "low", "reconciler": {"id": {"production": "asst_9"}}},
        ),
    ],
    ids=["chosen by the server", "stated", "moved by hand", "nobody's"],
)
def test_what_the_server_chose_of_what_is_ours_is_left_to_it(live: Live, effort: dict) -> None:
    assert manifest(live) == {"model": "o3-mini", **effort}


def test_the_marker_is_no_metadata_of_the_manifest() -> None:
    assert "v1 acme" not in as_manifest(applied(wanted("a", metadata={"team": "x"})), KIND, WHERE)


def test_the_fields_stand_in_the_order_of_the_kind() -> None:
    lines = as_manifest(stranger(temperature=0, name="x", instructions="y"), KIND, WHERE).splitlines()

    assert [line.partition(":")[0] for line in lines if not line.startswith(" ")] == [
        "model",
        "name",
        "instructions",
        "temperature",
        "reconciler",
    ]
