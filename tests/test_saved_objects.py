"""Saved JSON in every form in which people have it: the agents and assistants in it, and what else is there."""

from __future__ import annotations

import json
from typing import Any

import pytest

from reconciler.manifests.saved_objects import read_saved

BOT: dict[str, Any] = {"id": "asst_1", "object": "assistant", "model": "gpt-4o", "name": "Bot"}
DESK: dict[str, Any] = {"id": "agent_1", "object": "agent", "model": "gpt-5.1"}


def ids(value: Any) -> list[str | None]:
    read = read_saved(value if isinstance(value, str) else json.dumps(value), "dump.json")
    assert read.faults == ()
    return [each.id for each in read.objects]


@pytest.mark.parametrize(
    "saved",
    [
        {"object": "list", "data": [BOT, DESK], "first_id": "asst_1", "has_more": False},
        {"data": [BOT, DESK]},
        [BOT, DESK],
        [{"data": [BOT]}, {"data": [DESK]}],
        {"hr": BOT, "desk": DESK},
        {"exported_at": 1, "assistants": [BOT], "more": {"agents": [DESK]}, "usage": {"tokens": 3}},
        {"status": 200, "body": {"object": "list", "data": [BOT, DESK]}},
        f"{json.dumps(BOT)}\n{json.dumps(DESK)}\n",
        "\ufeff" + json.dumps(BOT, indent=2) + json.dumps([DESK]),
    ],
)
def test_lists_pages_arrays_and_lines_hold_the_same_objects(saved: Any) -> None:
    assert ids(saved) == ["asst_1", "agent_1"]


def test_an_object_knows_its_line() -> None:
    text = json.dumps({"data": [BOT, BOT | {"id": "asst_2"}]}, indent=1)

    places = [each.place for each in read_saved(text, "dump.json").objects]

    assert [(at.file, text.splitlines()[at.line - 1][at.column - 1]) for at in places] == [("dump.json", "{")] * 2
    assert [at.line for at in places] == [3, 9]


@pytest.mark.parametrize(
    ("raw", "kind"),
    [
        ({"object": "agent", "id": "asst_1", "model": "m"}, "agent"),
        ({"id": "agent_1", "model": "m"}, "agent"),
        ({"id": "asst_1", "model": "m"}, "assistant"),
        ({"model": "m", "tool_resources": {}}, "assistant"),
        ({"model": "m", "service_tier": "auto", "reasoning": {}}, "agent"),
        ({"model": "m", "name": "either"}, "assistant"),
    ],
)
def test_the_kind_is_what_is_stated_then_what_the_id_says_then_what_has_the_fields(raw: Any, kind: str) -> None:
    assert [each.kind for each in read_saved(json.dumps(raw), "x.json").objects] == [kind]


def test_what_is_another_thing_is_a_warning_at_its_line_and_the_rest_is_read() -> None:
    lines = [
        json.dumps(BOT),
        '{"object": "thread", "id": "thread_1"}',
        '{"id": "asst_2", "name": "no model"}',
        '{"some": "thing"}',
        '"text"',
        json.dumps({"data": [DESK], "has_more": True}),
        '{"hr": {"model": "m"}, "desk": {"id": "asst_3"}, "runs": [{"object": "run"}], "open": [[]]}',
    ]

    read = read_saved("\n".join(lines), "x.jsonl")

    assert [each.id for each in read.objects] == ["asst_1", "agent_1", None]
    assert [(each.place.line, each.code, each.message, each.severity) for each in read.faults] == [
        (2, "not-imported", "thread_1 is not an agent or assistant (`object` is `thread`).", "warning"),
        (3, "not-imported", "asst_2 is an assistant without a `model`.", "warning"),
        (4, "not-imported", "This is not an agent or assistant.", "warning"),
        (5, "not-imported", "This is not an object.", "warning"),
        (6, "incomplete-list", "This list has more pages.", "warning"),
        (7, "not-imported", "asst_3 is an assistant without a `model`.", "warning"),
        (7, "not-imported", "This is not an agent or assistant (`object` is `run`).", "warning"),
    ]


PRINTED = """\
SyncCursorPage[Assistant](data=[Assistant(id='asst_1', model='gpt-4o', temperature=-1.5, tools=[Tool(type='x')])])
{'id': 'asst_2', 'object': 'assistant', 'model': 'gpt-4o', 'name': None, 'metadata': {}, 'top_p': 1}
[{'object': 'thread'}]
"""


def test_what_python_prints_of_objects_and_dictionaries_is_read_as_well() -> None:
    read = read_saved(PRINTED, "log.txt")

    assert [(each.id, each.place.line) for each in read.objects] == [("asst_1", 1), ("asst_2", 2)]
    assert read.objects[0].raw["tools"] == [{"type": "x"}]
    assert read.objects[0].raw["temperature"] == -1.5
    assert [(each.code, each.place.line) for each in read.faults] == [("not-imported", 3)]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("", 1),
        ('[]\n{"b": }', 2),
        ("[" * 100_000, 1),
        ('{"temperature": NaN}', 1),
        ('{"temperature": 1e400}', 1),
        ("{'id': print}", 1),
        ("{'id': 'asst_1'", 1),
        ("{'id': b'asst_1', **{}}", 1),
        ("Assistant(**{})", 1),
        ("Assistant('asst_1')", 1),
        ("{1: 'asst_1'}", 1),
        ("Page()\nimport os", 1),
    ],
)
def test_what_is_not_json_is_an_error_at_its_line(text: str, line: int) -> None:
    (fault,) = read_saved(text, "x.json").faults

    assert (fault.code, fault.place.line, fault.severity) == ("syntax", line, "error")
    assert fault.remedy.startswith("name a file of JSON")
