"""The assistant of the Assistants API v2: the table of its fields, and the rules between them.

What the API would answer with a 400 is an error here; what is only inferred from a model's name is a warning, and the
server decides.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Annotated, Any, ClassVar, Final, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Discriminator, Field, Tag, WithJsonSchema

from reconciler.canonical import Json
from reconciler.diagnostics import did_you_mean
from reconciler.kinds.families import EFFORTS, model_problems
from reconciler.kinds.fields import Data, FieldPart, FieldRules, Flag, Number, Text, ValueLimits, Whole, plainly
from reconciler.kinds.kind import Kind
from reconciler.kinds.metadata import Pairs, filled_pairs, metadata_problems
from reconciler.kinds.problems import Loc, Problem, ServerTraits, tag
from reconciler.kinds.schemas import schema_problems
from reconciler.kinds.tools import (
    Numbered,
    listed_twice,
    mappings_in,
    members_of,
    tool_list,
    tools_by_name,
    type_of,
    type_problem,
    unknown_types,
)

_FORMATS: Final = ("text", "json_object", "json_schema")
_RANKERS: Final = ("auto", "default_2024_08_21")
_GROUPS: Final = {"functions": ("function", "name")}
_BESIDE: Final = "(tool)"
"""Where the normal form of a tool keeps what stands beside its own mapping."""


class CodeInterpreter(FieldPart):
    type: Annotated[Literal["code_interpreter"], Field(description="Runs Python in a sandbox.")]


class RankingOptions(FieldPart):
    """How search results are ranked; the API requires the score."""

    same_as_absent: ClassVar = {"ranker": _RANKERS, "score_threshold": (0,)}

    needed: ClassVar = ("score_threshold",)

    ranker: Annotated[
        str | None, ValueLimits(one_of=_RANKERS, noun="a ranker"), Field(description="What ranks the results.")
    ] = None
    score_threshold: Annotated[
        Number | None, ValueLimits(between=(0, 1)), Field(description="Results that score less are left out.")
    ] = None

    def problems(self, loc: Loc) -> Iterator[Problem]:
        if self.score_threshold is None:
            message = "`ranking_options` needs a `score_threshold`."
            yield Problem(loc, "missing-field", message, "add `score_threshold: 0`")


class FileSearchOptions(FieldPart):
    """The options of file_search."""

    same_as_absent: ClassVar = {"ranking_options": ({},)}

    max_num_results: Annotated[
        Whole | None, ValueLimits(between=(1, 50)), Field(description="How many results a search returns at most.")
    ] = None
    ranking_options: Annotated[RankingOptions | None, Field(description="How the results are ranked.")] = None


class FileSearch(FieldPart):
    type: Annotated[Literal["file_search"], Field(description="Searches the vector store under `tool_resources`.")]
    file_search: Annotated[FileSearchOptions | None, Field(description="The options of the search.")] = None


class FunctionBody(FieldPart):
    """A function that the assistant may call."""

    same_as_absent: ClassVar = {"strict": (False,), "parameters": ({}, {"type": "object", "properties": {}})}

    name: Annotated[str, ValueLimits(name_of=64), Field(description="The name by which the model calls it.")]
    description: Annotated[Text | None, Field(description="What it does, so that the model knows when to call it.")] = (
        None
    )
    strict: Annotated[Flag | None, Field(description="Whether calls always match `parameters` exactly.")] = None
    parameters: Annotated[
        dict[str, Any] | None,
        Field(description="The JSON Schema of its arguments; omit it for a function without any."),
    ] = None

    def problems(self, loc: Loc) -> Iterator[Problem]:
        yield from schema_problems(self.parameters, (*loc, "parameters"), strict=self.strict)


class FunctionTool(FieldPart):
    type: Annotated[Literal["function"], Field(description="Calls a function of the application.")]
    function: Annotated[FunctionBody, Field(description="The function.")]


class JsonSchemaBody(FieldPart):
    """The JSON Schema that an answer must match."""

    same_as_absent: ClassVar = {"strict": (False,)}

    name: Annotated[str, ValueLimits(name_of=64), Field(description="The name of the format.")]
    description: Annotated[Text | None, Field(description="What the format is for.")] = None
    strict: Annotated[Flag | None, Field(description="Whether answers always match the schema exactly.")] = None
    schema_: dict[str, Any] | None = Field(
        default=None, alias="schema", description="The JSON Schema that an answer must match."
    )

    def problems(self, loc: Loc) -> Iterator[Problem]:
        yield from schema_problems(self.schema_, (*loc, "schema"), strict=self.strict)


class ResponseFormat(FieldPart):
    """A response format that is more than the word `auto`."""

    by_type: ClassVar = {"text": ((), ()), "json_object": ((), ()), "json_schema": (("json_schema",), ("json_schema",))}

    type: Annotated[
        str,
        ValueLimits(one_of=_FORMATS, noun="a response format"),
        Field(description="Whether an answer is text, any JSON, or JSON of a schema."),
    ]
    json_schema: Annotated[
        JsonSchemaBody | None, Field(description="The JSON Schema of answers, with a name; only of type json_schema.")
    ] = None

    def problems(self, loc: Loc) -> Iterator[Problem]:
        if self.type == "json_schema" and self.json_schema is None:
            message = "A response format of type json_schema needs a `json_schema`."
            yield Problem(loc, "missing-field", message, "add `json_schema: {name: …, schema: …}`")
        if self.type in ("text", "json_object") and self.json_schema is not None:
            message = f"`json_schema` does not go with type {self.type}."
            yield Problem((*loc, "json_schema"), "unknown-field", message, "write `type: json_schema`", at_key=True)


class CodeInterpreterResources(FieldPart):
    file_ids: Annotated[
        list[str] | None, ValueLimits(most=20), Field(description="The ids of files that the sandbox has.")
    ] = None


class FileSearchResources(FieldPart):
    vector_store_ids: Annotated[
        list[str] | None, ValueLimits(most=1), Field(description="The id of the vector store to search.")
    ] = None


class ToolResources(FieldPart):
    """What tools work with; the resources of a tool that is not known here go as they stand."""

    takes_others: ClassVar = True

    code_interpreter: Annotated[CodeInterpreterResources | None, Field(description="Files for the sandbox.")] = None
    file_search: Annotated[FileSearchResources | None, Field(description="The vector store to search.")] = None


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
    Annotated[str, Tag(tag("word")), WithJsonSchema({"enum": ["auto"]})]
    | Annotated[ResponseFormat, Tag(tag("format"))],
    Discriminator(_format_tag),
]


# The normal form of tools and their resources, and back


def _tool_entry(tool: Any) -> Data:
    """What a tool says: its own mapping, and what stands beside it."""
    members = members_of(tool)
    if not isinstance(tool, FunctionTool | FileSearch):
        return members
    own = members.pop(tool.type, {})
    return {**(own if isinstance(own, dict) else {}), **({_BESIDE: members} if members else {})}


def _tools_by_name(listed: list[Any], body: Any) -> Json:
    return tools_by_name(listed, _GROUPS, _tool_entry)


def _tool_list(value: Json, behind: Json) -> Json:
    return tool_list(value, _GROUPS, _tool_body)


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
    declared = dict.fromkeys(type_of(tool) for tool in body.tools or ())
    filled = {name: _filled_members(stated[name]) for name in declared if name in stated}
    return {name: members for name, members in filled.items() if members}


def _filled_members(members: Json) -> Json:
    if isinstance(members, list):  # some tools have a list of resources
        return members
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
        if isinstance(members, list) and members and name not in value:
            empty[name] = []
        if isinstance(members, dict) and any(isinstance(ids, list) and ids for ids in members.values()):
            wanted = value.get(name)
            lists: Data = {key: [] for key, ids in members.items() if isinstance(ids, list)}
            empty[name] = {**lists, **(wanted if isinstance(wanted, dict) else {})}
    return {**value, **empty}


class AssistantBody(BaseModel):
    """The table: one entry a field, for ever in this order. What else a live object has is ignored and never sent."""

    model_config = ConfigDict(extra="ignore", protected_namespaces=())

    model: Annotated[
        str | None,
        FieldRules(required=True, exchanged=True, resets=(("temperature",), ("top_p",), ("reasoning_effort",))),
        Field(description="The model that answers, or the name of a deployment."),
    ] = None
    name: Annotated[
        Text | None, ValueLimits(longest=256), FieldRules(), Field(description="What people call the assistant.")
    ] = None
    description: Annotated[
        Text | None, ValueLimits(longest=512), FieldRules(), Field(description="What the assistant is for.")
    ] = None
    instructions: Annotated[
        Text | None, ValueLimits(longest=256_000), FieldRules(), Field(description="The system prompt.")
    ] = None
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
        Field(description="What the assistant may use; the order has no meaning."),
    ] = None
    tool_resources: Annotated[
        ToolResources | None,
        FieldRules(default={}, no_empty_members=True, normal=_declared_resources, wire=_cleared),
        Field(description="The files and the vector store that the tools work with."),
    ] = None
    metadata: Annotated[
        Pairs | None,
        FieldRules(default={}, by_member=True, normal=filled_pairs),
        Field(description="Up to 15 pairs of text that the server keeps with the assistant."),
    ] = None
    temperature: Annotated[
        Number | None,
        ValueLimits(between=(0, 2)),
        FieldRules(default=1, chosen=((),), chosen_by_all=False, rejected_by="reasoning"),
        Field(description="How random the answers are; models that reason reject it."),
    ] = None
    top_p: Annotated[
        Number | None,
        ValueLimits(between=(0, 1)),
        FieldRules(default=1, chosen=((),), chosen_by_all=False, rejected_by="reasoning"),
        Field(description="The share of probable tokens to choose from; models that reason reject it."),
    ] = None
    response_format: Annotated[
        Format | None,
        FieldRules(default="auto", schemas=(("json_schema", "schema"),), normal=plainly),
        Field(description="What answers look like: `auto`, or a mapping with a `type`."),
    ] = None
    reasoning_effort: Annotated[
        str | None,
        ValueLimits(one_of=EFFORTS, noun="a reasoning effort"),
        FieldRules(chosen=((),), rejected_by="other"),
        Field(description="How much a model that reasons thinks before it answers; other models reject it."),
    ] = None


# What is wrong between fields


def _misshapen_tools(body: Mapping[str, Json]) -> Iterator[Problem]:
    for index, tool in mappings_in(body.get("tools")):
        inner = tool.get("function")
        if problem := type_problem(index, tool, TOOLS):
            yield problem
        elif tool["type"] == "function" and "function" not in tool and "name" in tool:
            message = "What belongs to a function stands one level deeper, under `function:`."
            yield Problem(("tools", index), "missing-field", message, "write `function: {name: …}`")
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


_AS_AN_AGENT: Final = "if it is to be an agent, write `reconciler: {kind: agent}`"
_OF_AGENTS: Final = f"only agents have it: leave it out; {_AS_AN_AGENT}"
_TOOLS_OF_AGENTS: Final = dict.fromkeys(
    ("automations", "computer_use", "mcp", "programmatic_tool_calling", "tool_search", "web_search"), _OF_AGENTS
)


def _field_rules(body: AssistantBody, traits: ServerTraits, unjudged: Collection[str]) -> Iterator[Problem]:
    tools = [(index, tool) for index, tool in enumerate(body.tools or ()) if tool != {}]
    yield from metadata_problems(body.metadata or {})
    yield from unknown_types(tools, TOOLS, "assistant", traits, _TOOLS_OF_AGENTS)
    yield from _same_functions(tools)
    yield from listed_twice(tools, ("function",))
    if isinstance(body.response_format, str) and body.response_format != "auto":
        word = body.response_format
        remedy = f"write `{{type: {word}}}`" if word in _FORMATS else did_you_mean(word, ("auto",))
        yield Problem(("response_format",), "unknown-value", f"`{word}` is not a response format.", remedy)
    if isinstance(body.response_format, ResponseFormat):
        yield from _tools_and_format(tools, body.response_format.type)
        if body.response_format.type == "json_object" and "instructions" not in unjudged:
            yield from _json_not_mentioned(body.instructions)
    if body.tool_resources is not None and "tools" not in unjudged:
        yield from _resources_without_tool(body.tool_resources, {type_of(tool) for _, tool in tools})
    yield from model_problems(body.model, traits)


def _same_functions(tools: Numbered) -> Iterator[Problem]:
    names: set[str] = set()
    for index, tool in tools:
        if isinstance(tool, FunctionTool):
            if tool.function.name in names:
                message = f"A second function is named `{tool.function.name}`."
                yield Problem(("tools", index, "function", "name"), "duplicate-function", message, "rename one")
            names.add(tool.function.name)


def _tools_and_format(tools: Numbered, kind: str) -> Iterator[Problem]:
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
    id_prefix="asst_",
    api="Assistants API",
    answer_schema=("response_format", "json_schema", "schema"),
    elsewhere={
        ("reasoning",): f"assistants have `reasoning_effort: …`; {_AS_AN_AGENT}",
        ("text",): f"assistants have `response_format: {{type: json_schema, json_schema: …}}`; {_AS_AN_AGENT}",
        **{(name,): _OF_AGENTS for name in ("service_tier", "multi_agent", "compaction", "experimental")},
    },
    misshapen=_misshapen_tools,
    rules=_field_rules,
    is_allowed=_is_resource_of_unknown_tool,
)
