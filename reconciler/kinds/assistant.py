"""The assistant of the Assistants API v2: the table of its fields, and the rules between them.

What the API would answer with a 400 is an error here; what is only inferred from a model's name is a warning, and the
server decides.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Annotated, Any, ClassVar, Final, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Discriminator, Field, Tag

from reconciler.canonical import Json
from reconciler.diagnostics import did_you_mean
from reconciler.kinds.families import meant
from reconciler.kinds.fields import Data, FieldPart, FieldRules, Flag, Number, Text, ValueLimits, Whole, plainly
from reconciler.kinds.kind import MARKER, Kind
from reconciler.kinds.problems import Loc, Problem, ServerTraits, tag, wrong_type
from reconciler.kinds.schemas import check_schema, check_strict

_EFFORTS: Final = ("none", "minimal", "low", "medium", "high", "xhigh", "max")
_FORMATS: Final = ("text", "json_object", "json_schema")
_RANKERS: Final = ("auto", "default_2024_08_21")
_MOST_PAIRS: Final = 15
_BESIDE: Final = "(tool)"
"""Where the normal form of a tool keeps what stands beside its own mapping."""


class CodeInterpreter(FieldPart):
    type: Literal["code_interpreter"]


class RankingOptions(FieldPart):
    """How search results are ranked; the API requires the score."""

    same_as_absent: ClassVar = {"ranker": _RANKERS, "score_threshold": (0,)}

    ranker: Annotated[str | None, ValueLimits(one_of=_RANKERS, noun="a ranker")] = None
    score_threshold: Annotated[Number | None, ValueLimits(between=(0, 1))] = None

    def problems(self, loc: Loc) -> Iterator[Problem]:
        if self.score_threshold is None:
            message = "`ranking_options` needs a `score_threshold`."
            yield Problem(loc, "missing-field", message, "add `score_threshold: 0`")


class FileSearchOptions(FieldPart):
    """The options of file_search."""

    same_as_absent: ClassVar = {"ranking_options": ({},)}

    max_num_results: Annotated[Whole | None, ValueLimits(between=(1, 50))] = None
    ranking_options: RankingOptions | None = None


class FileSearch(FieldPart):
    type: Literal["file_search"]
    file_search: FileSearchOptions | None = None


class FunctionBody(FieldPart):
    """A function that the assistant may call."""

    same_as_absent: ClassVar = {"strict": (False,), "parameters": ({}, {"type": "object", "properties": {}})}

    name: Annotated[str, ValueLimits(is_name=True)]
    description: Text | None = None
    strict: Flag | None = None
    parameters: dict[str, Any] | None = None

    def problems(self, loc: Loc) -> Iterator[Problem]:
        yield from _schema_problems(self.parameters, (*loc, "parameters"), strict=self.strict)


class FunctionTool(FieldPart):
    type: Literal["function"]
    function: FunctionBody


class JsonSchemaBody(FieldPart):
    """The JSON Schema that an answer must match."""

    same_as_absent: ClassVar = {"strict": (False,)}

    name: Annotated[str, ValueLimits(is_name=True)]
    description: Text | None = None
    strict: Flag | None = None
    schema_: dict[str, Any] | None = Field(default=None, alias="schema")

    def problems(self, loc: Loc) -> Iterator[Problem]:
        yield from _schema_problems(self.schema_, (*loc, "schema"), strict=self.strict)


class ResponseFormat(FieldPart):
    """A response format that is more than the word `auto`."""

    type: str
    json_schema: JsonSchemaBody | None = None

    def problems(self, loc: Loc) -> Iterator[Problem]:
        if self.type not in _FORMATS:
            remedy = did_you_mean(self.type, _FORMATS)
            yield Problem((*loc, "type"), "unknown-value", f"`{self.type}` is not a response format.", remedy)
        if self.type == "json_schema" and self.json_schema is None:
            message = "A response format of type json_schema needs a `json_schema`."
            yield Problem(loc, "missing-field", message, "add `json_schema: {name: …, schema: …}`")
        if self.type in ("text", "json_object") and self.json_schema is not None:
            message = f"`json_schema` does not go with type {self.type}."
            yield Problem((*loc, "json_schema"), "unknown-field", message, "write `type: json_schema`", at_key=True)


class CodeInterpreterResources(FieldPart):
    file_ids: Annotated[list[str] | None, ValueLimits(most=20)] = None


class FileSearchResources(FieldPart):
    vector_store_ids: Annotated[list[str] | None, ValueLimits(most=1)] = None


class ToolResources(FieldPart):
    code_interpreter: CodeInterpreterResources | None = None
    file_search: FileSearchResources | None = None


TOOLS: Final = {"code_interpreter": CodeInterpreter, "file_search": FileSearch, "function": FunctionTool}
"""The tools that are known, by type; one of another type is sent, kept and compared as it stands."""


def _tool_tag(value: Any) -> str:
    kind = value.get("type") if isinstance(value, dict) else None
    return tag(kind if isinstance(kind, str) and kind in TOOLS else "other")


def _format_tag(value: Any) -> str:
    return tag("word" if isinstance(value, str) else "format")


Tool: TypeAlias = Annotated[
    Annotated[CodeInterpreter, Tag(tag("code_interpreter"))]
    | Annotated[FileSearch, Tag(tag("file_search"))]
    | Annotated[FunctionTool, Tag(tag("function"))]
    | Annotated[dict[str, Any], Tag(tag("other"))],
    Discriminator(_tool_tag),
]
Format: TypeAlias = Annotated[
    Annotated[str, Tag(tag("word"))] | Annotated[ResponseFormat, Tag(tag("format"))], Discriminator(_format_tag)
]


def _schema_problems(schema: Any, loc: Loc, *, strict: bool | None) -> Iterator[Problem]:
    if schema is not None:
        yield from check_schema(schema, loc)
        if strict:
            yield from check_strict(schema, loc)


# The normal form of tools and their resources, and back


def _type_of(tool: Any) -> str:
    return str(tool.get("type") if isinstance(tool, dict) else tool.type)


def _tools_by_name(listed: list[Any], body: Any) -> Json:
    """Functions by name, the others by type, and by ordinal where a type comes twice."""
    functions: Data = {}
    others: Data = {}
    for tool in listed:
        kind = _type_of(tool)
        members: Data = (
            tool.normal() if isinstance(tool, FieldPart) else {k: v for k, v in tool.items() if v is not None}
        )
        members.pop("type", None)
        if not isinstance(tool, FunctionTool | FileSearch):
            _add(others, kind, members, taken="functions")
            continue
        own = members.pop(kind, {})
        entry: Data = {**(own if isinstance(own, dict) else {}), **({_BESIDE: members} if members else {})}
        if isinstance(tool, FunctionTool):
            _add(functions, str(entry.pop("name")), entry)
        else:
            _add(others, kind, entry, taken="functions")
    return {**others, **({"functions": functions} if functions else {})}


def _add(into: Data, name: str, value: Json, taken: str = "") -> None:
    """Under its name, with an ordinal where the name is taken or could be read as one with an ordinal."""
    ordinal = 2
    free = f"{name}#1" if "#" in name or name == taken else name
    while free in into:
        free = f"{name}#{ordinal}"
        ordinal += 1
    into[free] = value


def _less_ordinal(name: str) -> str:
    return name.rpartition("#")[0] if "#" in name else name


def _tool_list(value: Json, behind: Json) -> Json:
    """Tools as the API takes them."""
    if not isinstance(value, dict):
        return value
    listed: list[Json] = []
    for name, entry in value.items():
        members = entry if isinstance(entry, dict) else {}
        if name == "functions":
            named = ((key, function) for key, function in members.items() if isinstance(function, dict))
            listed += [_tool_body("function", {"name": _less_ordinal(key), **function}) for key, function in named]
        else:
            listed.append(_tool_body(_less_ordinal(name), members))
    return listed


def _tool_body(kind: str, entry: Data) -> Data:
    if kind not in ("function", "file_search"):
        return {"type": kind, **entry}
    own = {name: member for name, member in entry.items() if name != _BESIDE}
    if isinstance(ranking := own.get("ranking_options"), dict):
        own["ranking_options"] = {"score_threshold": 0, **ranking}
    beside = entry.get(_BESIDE)
    return {"type": kind, **({kind: own} if own else {}), **(beside if isinstance(beside, dict) else {})}


def _declared_resources(resources: ToolResources, body: AssistantBody) -> Json:
    """File ids and stores of the tools that are declared; ids are sets, empty ones are absent."""
    stated = resources.normal()
    declared = dict.fromkeys(_type_of(tool) for tool in body.tools or ())
    filled = {name: _filled_members(stated[name]) for name in declared if name in stated}
    return {name: members for name, members in filled.items() if members}


def _filled_members(members: Json) -> Data:
    as_sets = {key: _as_set(value) for key, value in members.items()} if isinstance(members, dict) else {}
    return {key: value for key, value in as_sets.items() if value not in (None, [], {})}


def _as_set(value: Json) -> Json:
    if not isinstance(value, list):
        return value
    ids = sorted({member for member in value if isinstance(member, str)})
    return [*ids, *(member for member in value if not isinstance(member, str))]


def _cleared(value: Json, behind: Json) -> Json:
    """The resources wanted, and an empty list for each that would otherwise stay behind."""
    if not isinstance(value, dict) or not isinstance(behind, dict):
        return value
    empty: Data = {}
    for name, members in behind.items():
        if isinstance(members, dict) and any(isinstance(ids, list) and ids for ids in members.values()):
            wanted = value.get(name)
            lists: Data = {key: [] for key, ids in members.items() if isinstance(ids, list)}
            empty[name] = {**lists, **(wanted if isinstance(wanted, dict) else {})}
    return {**value, **empty}


def _filled_pairs(pairs: Mapping[str, Json], body: Any) -> Json:
    return {key: value for key, value in pairs.items() if value not in (None, "")}


class AssistantBody(BaseModel):
    """The table: one entry a field, for ever in this order. What else a live object has is ignored and never sent."""

    model_config = ConfigDict(extra="ignore", protected_namespaces=())

    model: Annotated[
        str | None,
        FieldRules(required=True, exchanged=True, resets=(("temperature",), ("top_p",), ("reasoning_effort",))),
    ] = None
    name: Annotated[Text | None, ValueLimits(longest=256), FieldRules()] = None
    description: Annotated[Text | None, ValueLimits(longest=512), FieldRules()] = None
    instructions: Annotated[Text | None, ValueLimits(longest=256_000), FieldRules()] = None
    tools: Annotated[
        list[Tool] | None,
        ValueLimits(most=128, noun="tools"),
        FieldRules(
            default={},
            by_member=True,
            groups=("functions",),
            companions=("tool_resources",),
            schemas=(("functions", "*", "parameters"),),
            normal=_tools_by_name,
            wire=_tool_list,
        ),
    ] = None
    tool_resources: Annotated[
        ToolResources | None,
        FieldRules(default={}, no_empty_members=True, normal=_declared_resources, wire=_cleared),
    ] = None
    metadata: Annotated[dict[str, Any] | None, FieldRules(default={}, by_member=True, normal=_filled_pairs)] = None
    temperature: Annotated[
        Number | None,
        ValueLimits(between=(0, 2)),
        FieldRules(default=1, chosen=((),), chosen_by_all=False, rejected_by="reasoning"),
    ] = None
    top_p: Annotated[
        Number | None,
        ValueLimits(between=(0, 1)),
        FieldRules(default=1, chosen=((),), chosen_by_all=False, rejected_by="reasoning"),
    ] = None
    response_format: Annotated[
        Format | None, FieldRules(default="auto", schemas=(("json_schema", "schema"),), normal=plainly)
    ] = None
    reasoning_effort: Annotated[
        str | None,
        ValueLimits(one_of=_EFFORTS, noun="a reasoning effort"),
        FieldRules(chosen=((),), rejected_by="other"),
    ] = None


# What is wrong between fields


def _misshapen_tools(body: Mapping[str, Json]) -> Iterator[Problem]:
    tools = body.get("tools")
    for index, tool in enumerate(tools if isinstance(tools, list) else ()):
        if not isinstance(tool, dict):
            continue
        inner = tool.get("function")
        if tool.get("type", "") == "":
            message = "A tool needs a `type`."
            yield Problem(("tools", index, "type"), "missing-field", message, f"one of {', '.join(TOOLS)}")
        elif tool["type"] == "function" and "function" not in tool and "name" in tool:
            message = "What belongs to a function stands one level deeper, under `function:`."
            yield Problem(("tools", index), "missing-field", message, "write `function: {name: …}`")
        elif not isinstance(tool["type"], str):
            yield wrong_type(("tools", index, "type"), "text", tool["type"])
        elif isinstance(inner, dict) and isinstance(inner.get("function"), dict) and "name" not in inner:
            message = "This function is wrapped a second time in `function:`."
            remedy = "keep what is under the inner `function:`"
            yield Problem(("tools", index, "function"), "nested-function", message, remedy)


def _is_resource_of_unknown_tool(problem: Problem, body: Mapping[str, Json]) -> bool:
    """Whether resources are of a tool that is sent as it stands, and so are they."""
    if len(problem.loc) != 2 or problem.loc[0] != "tool_resources":
        return False
    tools = body.get("tools")
    types = [tool.get("type") for tool in tools if isinstance(tool, dict)] if isinstance(tools, list) else []
    return problem.loc[1] in types and problem.loc[1] not in TOOLS


def _field_rules(body: AssistantBody, traits: ServerTraits, unjudged: Collection[str]) -> Iterator[Problem]:
    tools = [(index, tool) for index, tool in enumerate(body.tools or ()) if tool != {}]
    yield from _metadata_problems(body.metadata or {})
    yield from _tool_types(tools, traits)
    yield from _listed_twice(tools)
    if isinstance(body.response_format, str) and body.response_format != "auto":
        word = body.response_format
        remedy = f"write `{{type: {word}}}`" if word in _FORMATS else did_you_mean(word, ("auto",))
        yield Problem(("response_format",), "unknown-value", f"`{word}` is not a response format.", remedy)
    if isinstance(body.response_format, ResponseFormat):
        yield from _tools_and_format(tools, body.response_format.type)
        if body.response_format.type == "json_object" and "instructions" not in unjudged:
            yield from _json_not_mentioned(body.instructions)
    if body.tool_resources is not None and "tools" not in unjudged:
        yield from _resources_without_tool(body.tool_resources, {_type_of(tool) for _, tool in tools})
    known = meant(body.model, traits.families)
    if known is not None:
        remedy = f"did you mean `{known}`? If it is a deployment's name, set its family under `environments.….models`"
        yield Problem(("model",), "unknown-value", f"`{body.model}` is not a known model.", remedy, "warning")


def _metadata_problems(pairs: Mapping[str, Json]) -> Iterator[Problem]:
    count = len(pairs.keys() - {MARKER})
    if count > _MOST_PAIRS:
        message = f"{count} metadata pairs; the API keeps 16, and one of them is the marker."
        yield Problem(("metadata",), "metadata-pairs", message, f"keep {_MOST_PAIRS}")
    for key, value in pairs.items():
        yield from _pair_problems(key, value)


def _pair_problems(key: str, value: Json) -> Iterator[Problem]:
    loc = ("metadata", key)
    if key == MARKER:
        message = "The metadata key `reconciler` is reserved for the marker."
        yield Problem(loc, "reserved-metadata", message, "choose another name", at_key=True)
    if len(key) > 64:
        message = f"A metadata key of {len(key)} characters; the API takes 64."
        yield Problem(loc, "too-large", message, "shorten it", at_key=True)
    if not key:
        yield Problem(loc, "too-small", "A metadata key without a name.", "name it", at_key=True)
    if not isinstance(value, str):
        yield wrong_type(loc, "text", value)
    elif not value:
        yield Problem(loc, "too-small", "An empty metadata value is an absent one.", "leave the key out")
    elif len(value) > 512:
        message = f"A metadata value of {len(value)} characters; the API takes 512."
        yield Problem(loc, "too-large", message, "shorten it, or spread it over two keys")


def _tool_types(tools: Iterable[tuple[int, Any]], traits: ServerTraits) -> Iterator[Problem]:
    """An error where the server lists its types; else the server decides."""
    listed = traits.tools.get("assistant")
    for index, tool in tools:
        kind, loc = _type_of(tool), ("tools", index, "type")
        if listed is not None and kind not in listed:
            message = f"`{kind}` is not a tool type of this server."
            yield Problem(loc, "unknown-tool", message, did_you_mean(kind, listed))
        elif listed is None and kind not in TOOLS:
            message = f"`{kind}` is a tool type that is not known here; it is sent as it stands."
            yield Problem(loc, "unknown-tool", message, did_you_mean(kind, TOOLS), "warning")


def _listed_twice(tools: Iterable[tuple[int, Any]]) -> Iterator[Problem]:
    types: set[str] = set()
    names: set[str] = set()
    for index, tool in tools:
        if isinstance(tool, FunctionTool):
            if tool.function.name in names:
                message = f"A second function is named `{tool.function.name}`."
                yield Problem(("tools", index, "function", "name"), "duplicate-function", message, "rename one")
            names.add(tool.function.name)
        elif isinstance(tool, FieldPart):
            if _type_of(tool) in types:
                yield Problem(("tools", index), "unknown-tool", f"`{_type_of(tool)}` is listed twice.", "keep one")
            types.add(_type_of(tool))


def _tools_and_format(tools: Iterable[tuple[int, Any]], kind: str) -> Iterator[Problem]:
    for index, tool in tools:
        if kind in ("json_object", "json_schema") and isinstance(tool, CodeInterpreter | FileSearch):
            message = f"All tools must be functions when the response format is {kind}."
            yield Problem(("tools", index), "tool-format", message, "drop the tool, or the response format")


def _resources_without_tool(resources: ToolResources, types: Collection[str]) -> Iterator[Problem]:
    for name, members in resources.normal().items():
        if name not in types and _filled_members(members):
            message = f"There is no tool `{name}` for these resources."
            remedy = f"add `- type: {name}` under `tools`, or drop them"
            yield Problem(("tool_resources", name), "resource-without-tool", message, remedy, at_key=True)


def _json_not_mentioned(instructions: str | None) -> Iterator[Problem]:
    if "json" not in str(instructions).lower():
        message = "JSON mode requires the word JSON in the instructions."
        remedy = "say in the prompt that the answer is JSON"
        yield Problem(("response_format",), "json-not-mentioned", message, remedy, "warning")


ASSISTANT = Kind(
    name="assistant",
    model=AssistantBody,
    form=1,
    api="Assistants API",
    answer_schema=("response_format", "json_schema", "schema"),
    misshapen=_misshapen_tools,
    rules=_field_rules,
    is_allowed=_is_resource_of_unknown_tool,
)
