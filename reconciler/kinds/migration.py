"""What becomes of a resource elsewhere: field by field, whether it is the same there, changed or lost.

The targets of an assistant are an agent, which stays an object on a server, and a request to the Responses API, which
is configuration that a program sends; that of an agent is an assistant. Nothing is converted here; the verdicts say
what a conversion has to do.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal, TypeAlias

from reconciler.canonical import Fields, Json, equal
from reconciler.diagnostics import Location
from reconciler.kinds.assistant import ASSISTANT
from reconciler.kinds.kind import Kind
from reconciler.model import Address, Desired
from reconciler.paths import Path

Verdict: TypeAlias = Literal["same", "changed", "lost"]
TARGETS: Final = {"agent": "an agent", "responses": "a Responses request"}
VERDICTS: Final[tuple[Verdict, ...]] = ("lost", "changed", "same")
_AGENT_NAME: Final = 128
_ASSISTANT_PROMPT: Final = 256_000
_ASSISTANT_TOOLS: Final = 128
_ASSISTANT_FUNCTION: Final = 64
_NO_SAMPLING: Final = "agents have no sampling parameters; say in the instructions how the answers should be"
_BY_FUNCTION: Final = "assistants do not have this tool; offer what it does through a function"
_BY_MCP: Final = "agents do not have this tool; offer what it does through an `mcp` server or a function"


@dataclass(frozen=True, slots=True)
class FieldVerdict:
    """What becomes of one field, or of one member of it."""

    path: Path
    verdict: Verdict
    text: str = ""
    """How it changes, or what to do instead."""
    environments: tuple[str, ...] = ()
    """Where it holds, if not wherever the manifest exists."""


@dataclass(frozen=True, slots=True)
class Assessment:
    """What becomes of one manifest, by target."""

    address: Address
    place: Location
    targets: Mapping[str, tuple[FieldVerdict, ...]]

    def counted(self, target: str) -> dict[Verdict, int]:
        """How many fields are lost, changed and the same there."""
        found = [each.verdict for each in self.targets[target]]
        return {verdict: found.count(verdict) for verdict in VERDICTS}

    @property
    def recommended(self) -> tuple[str, str]:
        """The target that loses least, and why; an agent where none loses less, since it stays managed here."""
        lost = {target: self.counted(target)["lost"] for target in TARGETS}
        best = min(TARGETS, key=lambda target: lost[target])
        if len({*lost.values()}) == 1:
            return best, f"{'both lose as much' if lost[best] else 'neither loses anything'}, and it stays managed here"
        return best, "it loses less" if lost[best] else "it loses nothing"


_FieldRule: TypeAlias = Callable[[Json, Fields], Iterator[FieldVerdict]]


def verdicts(fields: Fields, kind: Kind, target: str) -> tuple[FieldVerdict, ...]:
    """What becomes of everything that the body states, in the order of the kind's fields."""
    rules = _RULES[target]
    stated = [name for name in kind.fields if not equal(fields[name], kind.default(name))]
    return tuple(verdict for name in stated for verdict in rules[name](fields[name], fields))


def assess(desired: Mapping[str, Sequence[Desired]]) -> tuple[Assessment, ...]:
    """What becomes of every assistant that the manifests of these environments ask for, by address."""
    kind = ASSISTANT
    by_address: dict[Address, dict[str, Desired]] = {}
    for environment, resources in desired.items():
        for resource in resources:
            if resource.address.kind == kind.name:
                by_address.setdefault(resource.address, {})[environment] = resource
    return tuple(_assessed(address, by_address[address], kind) for address in sorted(by_address))


def _assessed(address: Address, by_environment: Mapping[str, Desired], kind: Kind) -> Assessment:
    targets = {}
    for target in TARGETS:
        holding: dict[FieldVerdict, list[str]] = {}
        for environment, resource in by_environment.items():
            for verdict in verdicts(resource.fields, kind, target):
                holding.setdefault(verdict, []).append(environment)
        everywhere = len(by_environment)
        targets[target] = tuple(
            verdict if len(names) == everywhere else replace(verdict, environments=tuple(names))
            for verdict, names in sorted(holding.items(), key=lambda item: kind.fields.index(item[0].path[0]))
        )
    return Assessment(address, next(iter(by_environment.values())).place, targets)


def _kept_field(name: str) -> _FieldRule:
    def rule(value: Json, fields: Fields) -> Iterator[FieldVerdict]:
        yield FieldVerdict((name,), "same")

    return rule


def _fixed_verdict(name: str, verdict: Verdict, text: str) -> _FieldRule:
    def rule(value: Json, fields: Fields) -> Iterator[FieldVerdict]:
        yield FieldVerdict((name,), verdict, text)

    return rule


def _agent_name(value: Json, fields: Fields) -> Iterator[FieldVerdict]:
    length = len(str(value))
    if length <= _AGENT_NAME:
        yield FieldVerdict(("name",), "same")
    else:
        yield FieldVerdict(("name",), "lost", f"agents take {_AGENT_NAME} characters and this has {length}; shorten it")


def _members(value: Json) -> Mapping[str, Json]:
    return value if isinstance(value, dict) else {}


def _agent_tools(value: Json, fields: Fields) -> Iterator[FieldVerdict]:
    for name, tool in _members(value).items():
        if name != "functions":
            yield FieldVerdict(("tools", name), "lost", _BY_MCP)
            continue
        for function, body in _members(tool).items():
            yield from _agent_function(("tools", "functions", function), _members(body))


def _agent_function(path: Path, body: Mapping[str, Json]) -> Iterator[FieldVerdict]:
    missing = [f"`{name}`" for name in ("description", "parameters") if name not in body]
    needed = f"; agents require its {' and '.join(missing)}, which this does not state" if missing else ""
    yield FieldVerdict(path, "changed", f"one level higher, beside `type: function`{needed}")
    if "strict" in body:
        text = "agents have no strict functions; check the arguments where the function is carried out"
        yield FieldVerdict((*path, "strict"), "lost", text)


def _agent_format(value: Json, fields: Fields) -> Iterator[FieldVerdict]:
    path: Path = ("response_format",)
    match _members(value).get("type"):
        case "json_schema":
            yield FieldVerdict(path, "changed", "becomes `text: {format: {type: json_schema, schema: …}}`")
            schema = _members(_members(value).get("json_schema"))
            lost = [name for name in ("name", "description", "strict") if name in schema]
            yield from (
                FieldVerdict((*path, "json_schema", name), "lost", "the format of an agent has only its schema")
                for name in lost
            )
        case "text":
            yield FieldVerdict(path, "changed", "becomes `text: {format: {type: text}}`, which is the default")
        case _:
            yield FieldVerdict(path, "lost", "agents have no JSON mode; state a schema under `text.format`")


def _responses_tools(value: Json, fields: Fields) -> Iterator[FieldVerdict]:
    resources = _members(fields["tool_resources"])
    for name, tool in _members(value).items():
        path: Path = ("tools", name)
        if name == "functions":
            text = "one level higher, beside `type: function`; `parameters` and `strict` are stated"
            yield from (FieldVerdict((*path, function), "changed", text) for function in _members(tool))
        elif name == "file_search":
            yield FieldVerdict(path, "changed", "has its `vector_store_ids` and options in the tool itself")
            if name not in resources:
                text = "a request must name its vector stores; those of a thread were the thread's"
                yield FieldVerdict((*path, "vector_store_ids"), "changed", text)
        elif name == "code_interpreter":
            yield FieldVerdict(path, "changed", "has its files in the tool: `container: {type: auto, file_ids: […]}`")
        else:
            text = "this tool is not known here; look for its successor at the vendor"
            yield FieldVerdict(path, "lost", text)


def _responses_resources(value: Json, fields: Fields) -> Iterator[FieldVerdict]:
    for name in _members(value):
        known = name in ("file_search", "code_interpreter")
        text = "moves into the tool" if known else "this tool is not known here; look for its successor at the vendor"
        yield FieldVerdict(("tool_resources", name), "changed" if known else "lost", text)


def _agent_resources(value: Json, fields: Fields) -> Iterator[FieldVerdict]:
    for name in _members(value):
        yield FieldVerdict(("tool_resources", name), "lost", "goes with its tool; the vector stores and files stay")


def _assistant_prompt(value: Json, fields: Fields) -> Iterator[FieldVerdict]:
    length = len(str(value))
    if length <= _ASSISTANT_PROMPT:
        text = "assistants have no base instructions before them; state what those did"
        yield FieldVerdict(("instructions",), "changed", text)
    else:
        text = f"assistants take {_ASSISTANT_PROMPT:,} characters and this has {length:,}; shorten it"
        yield FieldVerdict(("instructions",), "lost", text)


def _assistant_tools(value: Json, fields: Fields) -> Iterator[FieldVerdict]:
    functions = _members(_members(value).get("functions"))
    if len(functions) > _ASSISTANT_TOOLS:
        text = f"assistants take {_ASSISTANT_TOOLS} tools and these are {len(functions)} functions; drop some"
        yield FieldVerdict(("tools",), "lost", text)
    for name, tool in _members(value).items():
        if name == "functions":
            for function, body in functions.items():
                yield from _assistant_function(("tools", name, function), _members(body))
        elif name == "mcp":
            yield from (FieldVerdict(("tools", name, label), "lost", _BY_FUNCTION) for label in _members(tool))
        else:
            yield FieldVerdict(("tools", name), "lost", _BY_FUNCTION)


def _assistant_function(path: Path, body: Mapping[str, Json]) -> Iterator[FieldVerdict]:
    length = len(path[-1])
    if length <= _ASSISTANT_FUNCTION:
        yield FieldVerdict(path, "changed", "one level deeper, under `function:`")
    else:
        text = f"names of functions have {_ASSISTANT_FUNCTION} characters at most and this has {length}; shorten it"
        yield FieldVerdict(path, "lost", text)
    for name in ("defer_loading", "async"):
        if name in body:
            yield FieldVerdict((*path, name), "lost", f"functions of assistants have no `{name}`; leave it out")


def _assistant_reasoning(value: Json, fields: Fields) -> Iterator[FieldVerdict]:
    for name in _members(value):
        if name == "effort":
            yield FieldVerdict(("reasoning", name), "changed", "becomes `reasoning_effort: …`")
        else:
            yield FieldVerdict(("reasoning", name), "lost", "assistants show no summary of their reasoning")


def _assistant_answer(value: Json, fields: Fields) -> Iterator[FieldVerdict]:
    for name in _members(value):
        if name == "format":
            text = "becomes `response_format: {type: json_schema, json_schema: {name: …, schema: …}}`; choose the name"
            yield FieldVerdict(("text", name), "changed", text)
        else:
            text = "assistants have no such setting; say in the instructions how long answers should be"
            yield FieldVerdict(("text", name), "lost", text)


_RULES: Final[Mapping[str, Mapping[str, _FieldRule]]] = {
    "agent": {
        "model": _kept_field("model"),
        "name": _agent_name,
        "description": _fixed_verdict(
            "description", "lost", "agents have no description; write it as a comment, or keep it in `metadata`"
        ),
        "instructions": _fixed_verdict(
            "instructions", "changed", "the server appends them to base instructions that every agent has"
        ),
        "tools": _agent_tools,
        "tool_resources": _agent_resources,
        "metadata": _kept_field("metadata"),
        "temperature": _fixed_verdict("temperature", "lost", _NO_SAMPLING),
        "top_p": _fixed_verdict("top_p", "lost", _NO_SAMPLING),
        "response_format": _agent_format,
        "reasoning_effort": _fixed_verdict("reasoning_effort", "changed", "becomes `reasoning: {effort: …}`"),
    },
    "responses": {
        "model": _kept_field("model"),
        "name": _fixed_verdict("name", "changed", "a request has no name; it becomes the name of its file"),
        "description": _fixed_verdict("description", "changed", "a request has no description; it becomes a comment"),
        "instructions": _kept_field("instructions"),
        "tools": _responses_tools,
        "tool_resources": _responses_resources,
        "metadata": _kept_field("metadata"),
        "temperature": _kept_field("temperature"),
        "top_p": _kept_field("top_p"),
        "response_format": _fixed_verdict("response_format", "changed", "becomes `text: {format: …}`, flatter"),
        "reasoning_effort": _fixed_verdict("reasoning_effort", "changed", "becomes `reasoning: {effort: …}`"),
    },
    "assistant": {
        "model": _kept_field("model"),
        "name": _kept_field("name"),
        "instructions": _assistant_prompt,
        "tools": _assistant_tools,
        "metadata": _kept_field("metadata"),
        "reasoning": _assistant_reasoning,
        "text": _assistant_answer,
        "service_tier": _fixed_verdict("service_tier", "lost", "assistants have no service tier; leave it out"),
        "multi_agent": _fixed_verdict("multi_agent", "lost", "assistants have no subagents; leave it out"),
        "compaction": _fixed_verdict("compaction", "lost", "how a thread is cut is said with each run of an assistant"),
        "experimental": _fixed_verdict("experimental", "lost", "assistants have nothing like it; leave it out"),
    },
}
"""By target, the rule of each field of what is carried there: an agent's for `assistant`, else an assistant's."""
