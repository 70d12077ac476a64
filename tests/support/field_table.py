"""The page that says what each field of each kind takes and what becomes of it, made from the tables of the kinds."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import NoneType
from typing import Annotated, Any, Literal, get_args, get_origin

from reconciler.canonical import Json
from reconciler.kinds import KINDS, Kind, ServerTraits, agent, assistant
from reconciler.kinds.agent import Transport
from reconciler.kinds.carrying import FieldVerdict
from reconciler.kinds.fields import FieldPart, FieldRules, ValueLimits
from reconciler.kinds.migration import verdicts
from reconciler.model import Live
from reconciler.paths import Path, show

TOOLS: dict[str, Mapping[str, type[FieldPart]]] = {"agent": agent.TOOLS, "assistant": assistant.TOOLS}
CARRIED = {
    "agent": {"assistant": "as an assistant"},
    "assistant": {"agent": "as an agent", "responses": "as a request"},
}
SCHEMA: Json = {
    "type": "object",
    "properties": {"city": {"type": "string"}},
    "required": ["city"],
    "additionalProperties": False,
}
SAMPLES: dict[str, dict[str, Any]] = {
    "agent": {
        "model": "gpt-5.5",
        "name": "HR Helper",
        "instructions": "Be kind.",
        "tools": [
            {"type": "automations"},
            {"type": "computer_use", "include_screenshots": True},
            {
                "type": "function",
                "name": "NAME",
                "description": "Looks up.",
                "parameters": SCHEMA,
                "defer_loading": True,
                "async": True,
            },
            {
                "type": "mcp",
                "server_label": "NAME",
                "transport": {
                    "type": "http",
                    "server_url": "https://docs.example.com",
                    "headers": {"X-Team": "people"},
                },
                "allowed_tools": ["search"],
                "connection_origin": "service",
                "credential_id": "cred_1",
                "request_metadata": {"team": "people"},
                "required": True,
            },
            {
                "type": "mcp",
                "server_label": "files",
                "transport": {"type": "stdio", "command": "uvx", "cwd": "/srv", "args": ["files"], "env_vars": ["A"]},
            },
            {"type": "programmatic_tool_calling", "enabled": False},
            {"type": "tool_search"},
            {
                "type": "web_search",
                "mode": "cached",
                "context_size": "low",
                "allowed_domains": ["example.com"],
                "location": {"city": "Berlin", "country": "DE", "region": "Berlin", "timezone": "Europe/Berlin"},
            },
        ],
        "metadata": {"team": "people"},
        "reasoning": {"effort": "low", "summary": "auto"},
        "text": {"format": {"type": "json_schema", "schema": SCHEMA}, "verbosity": "low"},
        "service_tier": "flex",
        "multi_agent": {"enabled": True, "max_concurrent_subagents": 3},
        "compaction": {"async": True},
        "experimental": {"time_awareness": True},
    },
    "assistant": {
        "model": "gpt-4o",
        "name": "HR Helper",
        "description": "Helps.",
        "instructions": "Be kind.",
        "tools": [
            {"type": "code_interpreter"},
            {
                "type": "file_search",
                "file_search": {
                    "max_num_results": 8,
                    "ranking_options": {"ranker": "auto", "score_threshold": 0.5},
                },
            },
            {
                "type": "function",
                "function": {"name": "NAME", "description": "Looks up.", "parameters": SCHEMA, "strict": True},
            },
        ],
        "tool_resources": {
            "code_interpreter": {"file_ids": ["file_1"]},
            "file_search": {"vector_store_ids": ["vs_1"]},
        },
        "metadata": {"team": "people"},
        "temperature": 0.5,
        "top_p": 0.5,
        "response_format": {
            "type": "json_schema",
            "json_schema": {"name": "city", "description": "A city.", "schema": SCHEMA, "strict": True},
        },
        "reasoning_effort": "low",
    },
}
"""A body of each kind that states everything there is, though no single server would take all of it together."""
NOT_STATED = {
    "assistant": {
        ("tool_resources", "file_search", "vector_stores"): (
            "it creates a vector store with each write; create one, and name it under `vector_store_ids`"
        )
    },
    "agent": {},
}
"""What the official package has and a manifest may not state, and why."""
CHOICES = {
    ("agent", "text", "format", "type"): ("json_schema", "text"),
    ("agent", "tools", "mcp", "transport", "type"): ("http", "stdio"),
    ("assistant", "response_format", "type"): ("json_object", "json_schema", "text"),
}
"""The words of members whose model takes any, so that a rule can say more about a wrong one."""
_MERGED = {("agent", "experimental")}
_NOT_IN_THE_MODEL = {("multi_agent", "max_concurrent_subagents"): "`6`"}
_PAIRS_KEPT = "the pairs that stay, and the marker"


@dataclass(frozen=True)
class Member:
    """What stands within a field: its type, its limits, and the part that it is a member of."""

    path: Path
    annotation: Any
    limits: tuple[ValueLimits, ...]
    part: type[FieldPart]
    description: str

    @property
    def name(self) -> str:
        """What it is called in its part."""
        return self.path[-1]


def parts_in(annotation: Any) -> list[Any]:
    """The types that an annotation is made of, without what only decorates them."""
    if get_origin(annotation) is Annotated:
        return parts_in(get_args(annotation)[0])
    if get_origin(annotation) in (dict, Literal) or not get_args(annotation):
        return [annotation]
    return [part for each in get_args(annotation) for part in parts_in(each)]


def members(kind: Kind, name: str) -> Iterator[Member]:
    """Everything within a field, in the order of the models; of tools by their type."""
    if name == "tools":
        for tool_type, tool in TOOLS[kind.name].items():
            yield from _members_of(tool, (name, tool_type))
    else:
        for part in parts_in(kind.model.model_fields[name].annotation):
            if isinstance(part, type) and issubclass(part, FieldPart):
                yield from _members_of(part, (name,))


def _members_of(part: type[FieldPart], path: Path) -> Iterator[Member]:
    for name, info in part.model_fields.items():
        own = info.alias or name
        limits = tuple(each for each in info.metadata if isinstance(each, ValueLimits))
        if (path[0], len(path), own) != ("tools", 2, "type"):
            yield Member((*path, own), info.annotation, limits, part, info.description or "")
        for inner in parts_in(info.annotation):
            if isinstance(inner, type) and issubclass(inner, FieldPart):
                yield from _members_of(inner, (*path, own))


# In words


def _code(value: Json) -> str:
    return f"`{json.dumps(value, ensure_ascii=False)}`"


def _limit_words(limits: ValueLimits) -> Iterator[str]:
    if limits.longest is not None:
        yield f"at most {limits.longest:,} characters"
    if limits.between is not None:
        yield "{} to {}".format(*limits.between)
    if limits.one_of:
        yield ", ".join(f"`{word}`" for word in limits.one_of)
    if limits.most is not None:
        yield f"at most {limits.most}"
    if limits.name_of is not None:
        yield f"1 to {limits.name_of} of `A-Z a-z 0-9 _ -`"


_WORDS = {str: "text", float: "number", int: "whole number", bool: "true or false", list: "list"}


def _type_words(annotation: Any) -> str:
    if get_origin(annotation) is Annotated:
        return _type_words(get_args(annotation)[0])
    if get_origin(annotation) is Literal:
        return ", ".join(f"`{word}`" for word in get_args(annotation))
    if get_origin(annotation) is list:
        inner = _type_words(get_args(annotation)[0])
        return f"list of {inner}s" if inner == "text" else "list"
    if get_origin(annotation) is dict:
        return "mapping"
    if isinstance(annotation, type):
        return _WORDS.get(annotation, "mapping")
    words = dict.fromkeys(_type_words(part) for part in get_args(annotation) if part is not NoneType)
    return " or ".join(words)


def _value_words(annotation: Any, limits: tuple[ValueLimits, ...]) -> str:
    told = [word for each in limits for word in _limit_words(each)]
    words = _type_words(annotation)
    if any(each.one_of for each in limits):
        return "; ".join(told)
    return "; ".join([words, *told])


def _left_out(kind: Kind, name: str) -> str:
    rules = kind.table[name]
    if rules.required:
        return "required"
    if rules.chosen == ((),):
        every = rules.chosen_by_all
        return "the server's choice" if every else f"{_code(rules.default)}; on reasoning models the server's choice"
    partly = "".join(f"; `{'.'.join(path)}`: the server's choice" for path in rules.chosen)
    default = kind.wire(name, rules.default, None) if name == "tools" else rules.default
    return (_code(default) if default is not None else "none") + partly


def cleared(kind: Kind, name: str) -> Json:
    """What is sent so that a field that was stated has its default again."""
    fields = kind.read(SAMPLES[kind.name])
    live = Live(kind=kind.name, id="x", fields=fields, raw=SAMPLES[kind.name], marker=None)
    return kind.wire(name, kind.default(name), live)


def _cleared_words(kind: Kind, name: str) -> str:
    if kind.table[name].required:
        return "cannot be"
    if name != "metadata":
        return _code(cleared(kind, name))
    taken = "" if kind.metadata_is_replaced else '; each that goes as `null` or `""`, as the server takes it'
    return _PAIRS_KEPT + taken


def _update_words(kind: Kind, name: str) -> str:
    rules = kind.table[name]
    how = "merged by key by the API" if (kind.name, name) in _MERGED else "whole"
    if name == "metadata":
        how = "whole: replaces all" if kind.metadata_is_replaced else "whole; servers merge or replace, which is learnt"
    sent = [f"`{one}` goes with it" for one in rules.companions]
    anew = [f"`{'.'.join(path)}`" for path in rules.resets]
    return "; ".join([how, *sent, *([f"resets {', '.join(anew)}"] if anew else [])])


def _adopted_words(rules: FieldRules) -> str:
    if rules.required:
        return "is set to the manifest's"
    if rules.chosen == ((),) and rules.chosen_by_all:
        return "stays as it is"
    if rules.chosen == ((),):
        return "is set to the default; on reasoning models it stays"
    partly = "".join(f"; `{'.'.join(path)}` stays" for path in rules.chosen)
    return f"is set to the default{partly}"


def without(value: Any, path: Path) -> Iterator[Any]:
    """A copy of a body for each place where the path leads, with nothing there; tools are found by their type."""
    step, *rest = path
    if step == "tools" and rest:
        for index, tool in enumerate(value["tools"]):
            if tool["type"] == rest[0]:
                for less in without(tool, tuple(rest[1:])):
                    yield {**value, step: [*value[step][:index], less, *value[step][index + 1 :]]}
    elif step in value:
        if rest:
            yield from ({**value, step: less} for less in without(value[step], tuple(rest)))
        else:
            yield {name: member for name, member in value.items() if name != step}


def is_required(kind: Kind, path: Path) -> bool:
    """Whether a manifest that has all but this is an error for it."""
    less = list(without(SAMPLES[kind.name], path))
    assert less, f"a sample states {path}"
    told = [{problem.code for problem in kind.check(body, ServerTraits()).problems} for body in less]
    return all("missing-field" in codes for codes in told)


def _member_left_out(kind: Kind, member: Member) -> str:
    if is_required(kind, member.path):
        return "required"
    if stated := _NOT_IN_THE_MODEL.get(member.path):
        return stated
    own = member.path[1:] if member.path[0] != "tools" else (member.path[1], "*", *member.path[2:])
    if own in kind.table[member.path[0]].chosen:
        return "the server's choice"
    same = member.part.same_as_absent.get(member.name, ())
    return " or ".join(_code(value) for value in same) or "none"


# The page


def _table(*rows: tuple[str, ...]) -> Iterator[str]:
    head, *others = rows
    yield f"| {' | '.join(head)} |"
    yield "|" + "---|" * len(head)
    yield from (f"| {' | '.join(row)} |" for row in others)
    yield ""


def _fields(kind: Kind) -> Iterator[tuple[str, ...]]:
    yield "field", "", "value", "left out, it is", "sent on update", "sent to clear it", "on adoption, left out"
    for name, info in kind.model.model_fields.items():
        limits = tuple(each for each in info.metadata if isinstance(each, ValueLimits))
        rules = kind.table[name]
        words = _value_words(info.annotation, limits)
        if (kind.name, name) == ("agent", "tools"):
            words += "; at most 3,145,728 bytes of compact JSON"
        if name == "metadata":
            words += " of text; 15 pairs, keys of 64 characters, values of 512"
        yield (
            f"`{name}`",
            info.description or "",
            words,
            _left_out(kind, name),
            _update_words(kind, name),
            _cleared_words(kind, name),
            _adopted_words(rules),
        )


def _members(kind: Kind) -> Iterator[tuple[str, ...]]:
    yield "member", "", "value", "left out, it is"
    for name in kind.fields:
        if name == "tools":
            yield from _tool_rows(kind)
        else:
            yield from (_member_row(kind, member) for member in members(kind, name))


def _tool_rows(kind: Kind) -> Iterator[tuple[str, ...]]:
    """Each type with its members."""
    within = [*members(kind, "tools")]
    for tool_type in TOOLS[kind.name]:
        yield f"`tools.{tool_type}`", "", f"`type: {tool_type}`", "not there"
        yield from (_member_row(kind, member) for member in within if member.path[1] == tool_type)


def _member_row(kind: Kind, member: Member) -> tuple[str, ...]:
    choices = CHOICES.get((kind.name, *member.path))
    words = ", ".join(f"`{word}`" for word in choices or ()) or _value_words(member.annotation, member.limits)
    if member.path[2:3] == ("transport",) and member.name in Transport.model_fields and member.name != "type":
        (of,) = {tool["transport"]["type"] for tool in _servers() if member.name in tool["transport"]}
        words += f"; only of type `{of}`"
    return f"`{'.'.join(member.path)}`", member.description, words, _member_left_out(kind, member)


def _servers() -> list[Any]:
    return [tool for tool in SAMPLES["agent"]["tools"] if tool["type"] == "mcp"]


def _carried(kind: Kind) -> Iterator[tuple[str, ...]]:
    targets = CARRIED[kind.name]
    told: dict[str, dict[str, FieldVerdict]] = {}
    for target in targets:
        for verdict in verdicts(kind.read(SAMPLES[kind.name]), kind, target):
            told.setdefault(show(verdict.path), {})[target] = verdict
    yield "", *targets.values()
    for path, by_target in sorted(told.items(), key=lambda item: kind.fields.index(item[0].partition(".")[0])):
        if "files" not in path:
            cells = [by_target.get(target) for target in targets]
            yield f"`{path}`", *(_verdict_words(verdict) for verdict in cells)


def _verdict_words(verdict: FieldVerdict | None) -> str:
    if verdict is None:
        return ""
    return f"{verdict.verdict}: {verdict.text}" if verdict.text else verdict.verdict


_HEAD = """# Every field of both kinds

What each field of an [assistant](manifest.md) and of an [agent](agents.md) takes, and what becomes of it: left out, changed,
cleared, adopted, and in the other kind. `make golden` makes this page from the tables in `reconciler/kinds/`, and a test compares
them with the types of the official `openai` package: do not edit it.

- *Left out, it is*: its value where the manifest omits it. The server's choice equals any live value.
- *Sent on update*: of the fields, those that differ. *Whole*: with all members.
- *Sent to clear it*: what a request has once the manifest no longer states what is live.
- *On adoption, left out*: what becomes of the live value if a manifest that omits the field adopts the object by its id.
- *In the other kind*: what [`reconciler migrate`](commands.md#reconciler-migrate-keys) says, of an object that has everything.

"""  # noqa: E501  # a page


def page() -> str:
    """All of docs/fields.md."""
    lines = [_HEAD.rstrip("\n"), ""]
    for kind in (KINDS["assistant"], KINDS["agent"]):
        noun = kind.name.capitalize()
        lines += [f"## {noun}: fields", "", *_table(*_fields(kind))]
        lines += [f"## {noun}: members", "", *_table(*_members(kind))]
        lines += [f"## {noun}: in the other kind", "", *_table(*_carried(kind))]
        if missing := NOT_STATED[kind.name]:
            lines += [f"Not in a manifest: `{'.'.join(path)}`: {why}." for path, why in missing.items()] + [""]
    return "\n".join(lines).rstrip("\n") + "\n"
