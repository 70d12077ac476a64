"""The assistant, as the server has it: its fields with every limit, the rules between them, and what is stored."""

import hashlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import cache
from typing import Any

from reconciler.emulator.api import Api
from reconciler.emulator.families import EFFORTS, reasons
from reconciler.emulator.settings import Settings
from reconciler.emulator.shapes import (
    ANYTHING,
    FLAG,
    METADATA,
    Fields,
    Many,
    Members,
    Number,
    Optional,
    Shape,
    Text,
    Variants,
    WireError,
    WordOr,
    nullable,
    of_type,
    ordered,
)
from reconciler.emulator.strict import first_objection

RANKERS = ("auto", "default_2024_08_21")
NAME = Text(pattern="^[a-zA-Z0-9_-]+$", longest=64, may_be_empty=False)
NO_PARAMETERS: Fields = {"type": "object", "properties": {}}
"""What the server supplies for a function without parameters."""
_RESOURCES = {"code_interpreter": "file_ids", "file_search": "vector_store_ids"}


# --- what a request may hold ---


def _named(member: str) -> Members:
    """A JSON Schema under a name: a function, or the schema of a response format."""
    members: dict[str, Shape] = {"name": NAME, "description": Text(), member: ANYTHING, "strict": Optional(FLAG)}
    return Members(members=members, required=("name",))


_RANKING: dict[str, Shape] = {
    "ranker": Text(choices=RANKERS),
    "score_threshold": Number(minimum=0, maximum=1),
    # in no schema, but echoed by the hosted server: whoever keeps what it does not know sends it back
    "hybrid_search": Optional(ANYTHING),
}
_FILE_SEARCH: dict[str, Shape] = {
    "max_num_results": Number(minimum=1, maximum=50, whole=True),
    "ranking_options": Members(members=_RANKING, required=("score_threshold",)),
}
TOOL = Variants(
    {
        "code_interpreter": of_type(),
        "file_search": of_type(file_search=Members(members=_FILE_SEARCH)),
        "function": of_type("function", function=_named("parameters")),
    }
)
_RESPONSE_FORMAT = Variants(
    {
        "json_object": of_type(),
        "json_schema": of_type("json_schema", json_schema=_named("schema")),
        "text": of_type(),
    }
)
_CHUNKS: dict[str, Shape] = {
    "max_chunk_size_tokens": Number(minimum=100, maximum=4096, whole=True),
    "chunk_overlap_tokens": Number(minimum=0, maximum=2048, whole=True),
}
_CHUNKING = Variants(
    {"auto": of_type(), "static": of_type("static", static=Members(members=_CHUNKS, required=tuple(_CHUNKS)))}
)
_VECTOR_STORE: dict[str, Shape] = {
    "file_ids": Many(of=Text(), noun="strings", longest=100_000_000),
    "chunking_strategy": _CHUNKING,
    "metadata": Optional(METADATA),
}
_FILES = Members(members={"file_ids": Many(of=Text(), noun="strings", longest=20)})
_STORES: dict[str, Shape] = {"vector_store_ids": Many(of=Text(), noun="strings", longest=1)}
_NEW_STORES: dict[str, Shape] = {
    **_STORES,
    "vector_stores": Many(of=Members(members=_VECTOR_STORE), noun="objects", longest=1),
}


def _tool_resources(stores: Members) -> Optional:
    return Optional(Members(members={"code_interpreter": _FILES, "file_search": stores}))


FIELDS: dict[str, Shape] = {
    "name": Optional(Text(longest=256)),
    "description": Optional(Text(longest=512)),
    "model": Text(may_be_empty=False),
    "instructions": Optional(Text(longest=256_000)),
    "tools": Many(of=TOOL, noun="objects", longest=128),
    "top_p": Optional(Number(minimum=0, maximum=1)),
    "temperature": Optional(Number(minimum=0, maximum=2)),
    "reasoning_effort": Optional(Text(choices=EFFORTS)),
    "tool_resources": _tool_resources(Members(members=_STORES)),
    "metadata": Optional(METADATA),
    "response_format": Optional(WordOr("auto", _RESPONSE_FORMAT)),
}
"""In the order in which the hosted server answers them."""


@cache
def request(settings: Settings, *, creating: bool) -> Members:
    """What the body of a create or a modify looks like."""
    fields = dict(FIELDS)
    if creating:
        fields["tool_resources"] = _tool_resources(Members(members=_NEW_STORES, exclusive=tuple(_NEW_STORES)))
    if settings.metadata == "merge-null":
        fields["metadata"] = Optional(replace(METADATA, value=Optional(METADATA.value)))
    body = Members(members=fields, required=("model",))
    body = nullable(body) if settings.echo == "nulls" else body
    return body if creating else replace(body, required=())


# --- what is stored next ---


def create(sent: Fields, settings: Settings, id: str) -> Fields:
    """The fields of a new assistant; raises WireError where the rules between fields forbid it."""
    return _fields_after({}, _with_new_stores(sent, id), settings)


def modify(before: Fields, sent: Fields, settings: Settings) -> Fields:
    """The fields of an assistant after a modify; raises WireError where the rules between fields forbid it."""
    return _fields_after(before, sent, settings)


def _fields_after(before: Fields, sent: Fields, settings: Settings) -> Fields:
    after = _merged_fields(before, sent, settings)
    for error in _broken_rules(after, sent, settings.models):
        raise error
    if settings.forget_metadata:
        after.pop("metadata", None)
    return _ECHOES[settings.echo](after, settings.models)


def _merged_fields(before: Fields, sent: Fields, settings: Settings) -> Fields:
    base = before
    if settings.modify == "upsert":  # a model has no default to return to
        base = {name: value for name, value in before.items() if name == "model"}
    after = {**base, **sent}
    if sent.get("metadata") is not None:
        kept = {} if settings.metadata == "replace" else before.get("metadata") or {}
        after["metadata"] = {key: value for key, value in {**kept, **sent["metadata"]}.items() if value is not None}
    if sent.get("tool_resources") is not None:
        resources = {kind: lists and _as_sets(lists) for kind, lists in sent["tool_resources"].items()}
        after["tool_resources"] = {**(base.get("tool_resources") or {}), **resources}
    return after


def _as_sets(lists: Fields) -> Fields:
    """Each list in an order of the server's own: ids are a set, and no client may count on the order sent."""
    return {name: None if ids is None else sorted(set(ids), key=_digest) for name, ids in lists.items()}


def _with_new_stores(sent: Fields, id: str) -> Fields:
    """`vector_stores` makes a store for this assistant and is not kept itself."""
    resources = sent.get("tool_resources") or {}
    search = resources.get("file_search") or {}
    if "vector_stores" not in search:
        return sent
    kept = {name: ids for name, ids in search.items() if name != "vector_stores"}
    if search["vector_stores"]:
        kept["vector_store_ids"] = [f"vs_{_digest(id)[:32]}"]
    return {**sent, "tool_resources": {**resources, "file_search": kept}}


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


# --- the rules between fields, judged on the assistant as it would be ---


def _broken_rules(after: Fields, sent: Fields, models: Mapping[str, str]) -> Iterator[WireError]:
    """Why the server would not keep the assistant; what remains from before is blamed on the model instead."""
    METADATA.check_count(after.get("metadata") or {}, "metadata")
    reasoning = reasons(after["model"], models)
    rejected = ("temperature", "top_p") if reasoning else ("reasoning_effort",) if reasoning is False else ()
    for name in rejected:
        if after.get(name) is not None:
            message = f"Unsupported parameter: '{name}' is not supported with this model."
            chosen = name in sent
            param, code = (name, "unsupported_parameter") if chosen else ("model", "unsupported_model")
            yield WireError(message, param, code)
    response_format, tools = _as_object(after.get("response_format")), after.get("tools") or []
    shape = response_format.get("type")
    if shape in ("json_object", "json_schema") and any(tool["type"] != "function" for tool in tools):
        message = f"all tools must be of type `function` when `response_format` is of type `{shape}`."
        yield WireError(f"Invalid tools: {message}", "response_format")
    yield from _broken_functions(tools)
    schema = _as_object(response_format.get("json_schema"))
    if schema.get("strict") and schema.get("schema") is not None and (why := first_objection(schema["schema"])):
        yield WireError(f"Invalid schema for response_format '{schema['name']}': {why}", "response_format")


def _broken_functions(tools: list[Fields]) -> Iterator[WireError]:
    names: set[str] = set()
    for index, tool in enumerate(tools):
        if tool["type"] != "function":
            continue
        function, path = tool["function"], f"tools[{index}].function"
        name, parameters = function["name"], function.get("parameters")
        if name in names:
            message = f"Invalid '{path}.name': duplicate function name '{name}'."
            yield WireError(message, f"{path}.name", "invalid_value")
        names.add(name)
        # without parameters the server supplies its own empty list, which it does not hold against the caller
        checked = function.get("strict") and parameters not in (None, NO_PARAMETERS)
        if checked and (why := first_objection(parameters)):
            message = f"Invalid schema for function '{name}': {why}"
            yield WireError(message, f"{path}.parameters", "invalid_function_parameters")


def _as_object(value: Any) -> Fields:
    return value if isinstance(value, dict) else {}


# --- what the server adds to or rewrites: one function a kind of server, each idempotent ---


def _defaults(sent: Fields, models: Mapping[str, str]) -> Fields:
    """As recorded on the hosted server."""
    thinks, resources = reasons(sent["model"], models), sent.get("tool_resources") or {}
    tools = sent.get("tools") or []
    # what is declared has a list, and what a dropped tool left behind stays
    kinds = [kind for kind in dict.fromkeys([*resources, *(tool["type"] for tool in tools)]) if kind in _RESOURCES]
    answer: Any = sent.get("response_format") or "auto"
    if answer != "auto" and answer["type"] == "json_schema":
        answer = {**answer, "json_schema": _strictness_settled(answer["json_schema"], "schema")}
    sampling = {
        name: None if thinks else 1.0 if sent.get(name) is None else float(sent[name])
        for name in ("top_p", "temperature")
    }
    settled = {
        **dict.fromkeys(FIELDS),
        **sent,
        **sampling,
        "tools": [_default_tool(tool) for tool in tools],
        "reasoning_effort": sent.get("reasoning_effort") or ("medium" if thinks else None),
        "tool_resources": {kind: resources.get(kind) or {_RESOURCES[kind]: []} for kind in kinds},
        "metadata": sent.get("metadata") or {},
        "response_format": answer,
    }
    return ordered(settled, FIELDS)


def _default_tool(tool: Fields) -> Fields:
    if tool["type"] == "function":
        function = {"parameters": NO_PARAMETERS, **tool["function"]}
        return {"type": "function", "function": _strictness_settled(function, "parameters")}
    if tool["type"] != "file_search":
        return tool
    search = tool.get("file_search") or {}
    sent = search.get("ranking_options") or {}
    options = {
        "ranker": "default_2024_08_21",
        "score_threshold": float(sent.get("score_threshold", 0.0)),
        "hybrid_search": sent.get("hybrid_search"),
    }
    return {"type": "file_search", "file_search": {**search, "ranking_options": options}}


def _strictness_settled(named: Fields, member: str) -> Fields:
    return ordered({**named, "strict": bool(named.get("strict"))}, ("name", "description", member, "strict"))


def _nulls(sent: Fields, _models: Mapping[str, str]) -> Fields:
    """Every member that is not set echoed as null, at every level."""
    resources, answer = sent.get("tool_resources"), sent.get("response_format")
    if isinstance(answer, dict) and answer["type"] == "json_schema":
        unset = {"name": None, "description": None, "schema": None, "strict": None}
        answer = {**answer, "json_schema": {**unset, **answer["json_schema"]}}
    settled = {
        **dict.fromkeys(FIELDS),
        **sent,
        "tools": [_tool_with_nulls(tool) for tool in sent.get("tools") or []],
        "tool_resources": resources and {**dict.fromkeys(_RESOURCES), **resources},
        "response_format": answer,
    }
    return ordered(settled, FIELDS)


def _tool_with_nulls(tool: Fields) -> Fields:
    if tool["type"] == "function":
        function = {"name": None, "description": None, "parameters": None, "strict": None, **tool["function"]}
        return {"type": "function", "function": {**function, "parameters": function["parameters"] or NO_PARAMETERS}}
    if tool["type"] != "file_search":
        return tool
    search = {"max_num_results": None, "ranking_options": None, **(tool.get("file_search") or {})}
    if search["ranking_options"] is not None:
        unset = {"ranker": None, "score_threshold": None, "hybrid_search": None}
        search["ranking_options"] = {**unset, **search["ranking_options"]}
    return {"type": "file_search", "file_search": search}


def _sparse(sent: Fields, _models: Mapping[str, str]) -> Fields:
    """Nothing but what was sent."""
    return ordered(sent, FIELDS)


_ECHOES: dict[str, Callable[[Fields, Mapping[str, str]], Fields]] = {
    "defaults": _defaults,
    "nulls": _nulls,
    "sparse": _sparse,
}


ASSISTANTS = Api(
    name="assistants",
    title="Assistants API",
    noun="assistant",
    id_prefix="asst_",
    beta="assistants=v2",
    cursors=("after", "before"),
    tells_updates=False,
    largest=4 * 1024 * 1024,
    tools=frozenset(TOOL.by_type),
    request=request,
    create=create,
    modify=modify,
    # the hosted server keeps what it fills in: a temperature of 1.0 stays when the model changes
    echo=lambda kept, _settings: kept,
)
