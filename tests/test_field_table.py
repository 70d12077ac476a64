"""docs/fields.md says what the tables of the kinds say, and has the fields of the official package and no others."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path as File
from typing import Annotated, Any, Literal, Required, get_args, get_origin

import pytest

pytest.importorskip("openai.types.beta.agent", reason="openai 3.52 or newer has agents")

from openai.types.beta.agent import Agent
from openai.types.beta.agent_create_params import AgentCreateParams
from openai.types.beta.agent_update_params import AgentUpdateParams
from openai.types.beta.assistant import Assistant
from openai.types.beta.assistant_create_params import AssistantCreateParams
from openai.types.beta.assistant_update_params import AssistantUpdateParams
from pydantic.fields import FieldInfo
from typing_extensions import get_type_hints, is_typeddict

from reconciler.canonical import equal
from reconciler.diagnostics import Location
from reconciler.kinds import KINDS, ServerTraits
from reconciler.kinds.fields import ValueLimits
from reconciler.model import Address, Desired, Live
from reconciler.paths import Path
from reconciler.plan.diff import compare
from support.emulator_world import World
from support.field_table import CHOICES, NOT_STATED, SAMPLES, TOOLS, cleared, is_required, members, page
from support.official import judge_request

PAGE = File(__file__).resolve().parent.parent / "docs" / "fields.md"
CREATE = {"agent": AgentCreateParams, "assistant": AssistantCreateParams}
UPDATE = {"agent": AgentUpdateParams, "assistant": AssistantUpdateParams}
ANSWER = {"agent": Agent, "assistant": Assistant}
NOT_ANSWERED = {"agent": set(), "assistant": {"reasoning_effort"}}
"""What the package lets one send and leaves out of the answer's type; servers answer it."""
each_kind = pytest.mark.parametrize("name", KINDS)


def test_the_page_is_made_from_the_tables() -> None:
    if os.environ.get("RECONCILER_GOLDEN"):
        PAGE.write_text(page(), encoding="utf-8")
    assert PAGE.read_text(encoding="utf-8") == page(), "run `make golden`"


def _bare(annotation: Any) -> Iterator[Any]:
    """The types that an annotation of the package is made of."""
    origin, inner = get_origin(annotation), get_args(annotation)
    if origin in (Annotated, Required):
        yield from _bare(inner[0])
    elif inner and origin not in (Literal, dict):
        yield from (found for each in inner for found in _bare(each))
    else:
        yield annotation


def _alias(hint: Any, name: str) -> str:
    for each in getattr(hint, "__metadata__", ()):
        name = getattr(each, "alias", None) or name
    return name


def _official(params: Any, path: Path = ()) -> Iterator[tuple[Path, Any, bool]]:
    """Every field and member that the package knows, its types, and whether it must be stated there."""
    for name, hint in get_type_hints(params, include_extras=True).items():
        own = (*path, _alias(hint, name))
        parts = [*_bare(hint)]
        yield own, parts, get_origin(hint) is Required
        for part in parts:
            if is_typeddict(part) and own == ("tools",):
                (tool_type,) = get_args(get_type_hints(part)["type"])
                yield from (found for found in _official(part, (*own, tool_type)) if found[0][2:] != ("type",))
            elif is_typeddict(part):
                yield from _official(part, own)


def _words(parts: list[Any]) -> set[str]:
    return {word for part in parts if get_origin(part) is Literal for word in get_args(part)}


def _ours(name: str) -> dict[Path, tuple[ValueLimits, ...]]:
    kind = KINDS[name]
    of_fields: dict[str, FieldInfo] = kind.model.model_fields
    own = {(n,): tuple(m for m in info.metadata if isinstance(m, ValueLimits)) for n, info in of_fields.items()}
    return own | {member.path: member.limits for n in kind.fields for member in members(kind, n)}


@each_kind
def test_every_field_and_member_of_the_official_package_is_in_the_table_and_no_other_is(name: str) -> None:
    official = {path for path, _, _ in _official(CREATE[name])}
    apart = {path for path in official for left in NOT_STATED[name] if path[: len(left)] == left}

    assert official - apart == {*_ours(name)}
    assert {*NOT_STATED[name]} <= apart
    assert {path[0] for path, _, _ in _official(UPDATE[name])} == {*KINDS[name].fields}
    assert {path[1] for path in official if path[:1] == ("tools",) and len(path) > 1} <= {*TOOLS[name]}
    assert {*ANSWER[name].model_fields, *NOT_ANSWERED[name]} == {*KINDS[name].fields, *KINDS[name].set_by_server}


@each_kind
def test_the_words_that_a_field_takes_are_those_of_the_official_package(name: str) -> None:
    kinds: dict[Path, tuple[ValueLimits, ...]] = _ours(name)
    stated = {path: {word for each in limits for word in each.one_of} for path, limits in kinds.items()}
    stated |= {path: {*words} for (own, *steps), words in CHOICES.items() if own == name and (path := tuple(steps))}
    official: dict[Path, set[str]] = {}
    for path, parts, _ in _official(CREATE[name]):
        official.setdefault(path, set()).update(_words(parts))

    different = {path: official[path] for path in kinds if stated[path] != official[path]}
    assert {path for path in different if path not in {("model",), ("response_format",)}} == set()


@each_kind
def test_what_the_official_package_requires_is_required(name: str) -> None:
    required: dict[Path, bool] = {}
    for path, _, must in _official(CREATE[name]):
        required[path] = required.get(path, False) or must
    for path in _ours(name):
        assert is_required(KINDS[name], path) == required[path], path


@each_kind
def test_what_clears_a_field_clears_it_on_the_server_and_the_official_package_takes_it(name: str) -> None:
    kind, world = KINDS[name], World(api=f"{name}s")
    for field in {*kind.fields} - {"model", *([] if kind.metadata_is_replaced else ["metadata"])}:
        body = {"model": "m", field: SAMPLES[name][field]}
        if field == "tool_resources":
            body["tools"] = [{"type": tool_type} for tool_type in body[field]]
        created = world.create(**body)
        assert not equal(kind.read(created)[field], kind.default(field)), field
        sent = {field: cleared(kind, field)}
        if name == "agent":
            judge_request(sent, creating=False)
        after = kind.read(world.modify(created["id"], **sent))
        assert equal(kind.less_chosen((field,), after[field]), kind.less_chosen((field,), kind.default(field))), field


@each_kind
def test_on_adoption_a_live_value_stays_only_where_the_server_may_have_chosen_it(name: str) -> None:
    kind, sample = KINDS[name], SAMPLES[name]
    for model in (sample["model"], "o9"):
        checked = kind.check({"model": model}, ServerTraits())
        wanted = Desired(Address(name, "a"), checked.fields, Location("a.yaml"), checked.left_to_server)
        for field, rules in kind.table.items():
            raw = {**(sample if field == "tool_resources" else {field: sample[field]}), "model": model}
            found = compare(wanted, Live(name, "x", kind.read(raw), raw), kind, None)
            paths = {change.path for change in found.fields if change.path[0] == field}
            whole = rules.chosen == ((),) and (rules.chosen_by_all or model == "o9")
            assert bool(paths) == (field != "model" and not whole), field
            assert not any((field, *path) in paths for path in rules.chosen if path), field
