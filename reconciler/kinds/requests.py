"""An assistant as a request to the Responses API: `client.responses.create(**request, input=…)`.

Both are in their API's own shape. Of a request, what no field of an assistant stands for is somebody's own: it is kept,
and it is not compared. What it has inside such a field is compared like everything else.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Final

from reconciler.canonical import Absent, Json
from reconciler.kinds.assistant import ASSISTANT
from reconciler.kinds.assistant import TOOLS as _OWN_TOOLS
from reconciler.kinds.fields import Data
from reconciler.kinds.problems import Problem
from reconciler.kinds.tools import mappings_in
from reconciler.paths import Path, at, copied

TOOLS: Final = frozenset(_OWN_TOOLS) | {
    "apply_patch", "computer", "computer_use_preview", "custom", "image_generation", "local_shell", "mcp", "namespace",
    "programmatic_tool_calling", "shell", "tool_search", "web_search", "web_search_2025_08_26", "web_search_preview",
    "web_search_preview_2025_03_11",
}  # fmt: skip
"""The types of tools that a request may have; those that assistants have not are the same on both sides."""
_SAME: Final = ("model", "instructions", "temperature", "top_p", "metadata")
_PLACES: Final[Mapping[str, Path]] = {
    **{name: (name,) for name in _SAME},
    "tools": ("tools",),
    "tool_resources": ("tools",),
    "response_format": ("text", "format"),
    "reasoning_effort": ("reasoning", "effort"),
}
"""By field of an assistant, where a request has it."""
_ORDER: Final = ("model", "instructions", "tools", "text", "reasoning", "temperature", "top_p", "metadata")
_NO_PARAMETERS: Final[Json] = {"type": "object", "properties": {}}


def request_of(body: Mapping[str, Json]) -> Data:
    """The request of an assistant's body, as far as a request can express it, without defaults."""
    stated = ASSISTANT.manifest(ASSISTANT.read(body))
    members: Data = {name: stated[name] for name in _SAME if name in stated}
    if isinstance(pairs := members.get("metadata"), dict):
        members["metadata"] = dict(sorted(pairs.items()))
    if "tools" in stated:
        members["tools"] = _requested_tools(stated["tools"], stated.get("tool_resources"))
    if "response_format" in stated:
        members["text"] = {"format": _requested_format(stated["response_format"])}
    if "reasoning_effort" in stated:
        members["reasoning"] = {"effort": stated["reasoning_effort"]}
    return _request_in_order(members)


def changed_request(request: Mapping[str, Json], patch: Mapping[str, Json]) -> Data:
    """The request once the assistant that it stands for has the patch; what the patch does not name stays."""
    made: Json = dict(request_of({**object_of(request), **patch}))
    changed: Json = dict(request)
    for name in patch:
        changed = copied(changed, _PLACES[name], made) if name in _PLACES else changed
    return _request_in_order({name: value for name, value in _mapping(changed).items() if value != {}})


def object_of(request: Mapping[str, Json]) -> Data:
    """The body of the assistant that a request stands for, and beside it what else the request has."""
    read = {name: value for name, value in request.items() if name in _SAME or name not in ASSISTANT.fields}
    resources: Data = {}
    if isinstance(tools := request.get("tools"), list):
        read["tools"] = [_tool_object(tool, resources) for tool in tools]
    elif tools is not None:
        read["tools"] = tools
    if resources:
        read["tool_resources"] = resources
    for name in ("response_format", "reasoning_effort"):
        if not isinstance(value := at(dict(request), _PLACES[name]), Absent):
            read[name] = _format_object(value) if name == "response_format" else value
    return read


def misfits(body: Mapping[str, Json]) -> Iterator[Problem]:
    """The parts of a manifest that a request cannot express."""
    stated = _mapping(body.get("tool_resources"))
    for name in (each for each in stated if each not in _REQUESTED):
        message = f"No request has `tool_resources.{name}`."
        remedy = "say it in the tool, as the Responses API has it, or leave it out there"
        yield Problem(("tool_resources", name), "unsupported-field", message, remedy, at_key=True)
    resources = _mapping(stated.get("file_search"))
    for index, tool in mappings_in(body.get("tools")):
        if tool.get("type") == "file_search" and not resources.get("vector_store_ids"):
            message = "`file_search` names no vector store here, and a request must: it has no thread with its own."
            remedy = "write `tool_resources: {file_search: {vector_store_ids: […]}}`, or leave the tool out there"
            yield Problem(("tools", index), "unsupported-field", message, remedy)
    schema = _mapping(body.get("response_format")).get("json_schema")
    if isinstance(schema, dict) and not isinstance(schema.get("schema"), dict):
        message = "This format states no `schema`, and a request must."
        remedy = "add `schema: {type: object, …}`, or leave the format out there"
        yield Problem(("response_format", "json_schema"), "unsupported-field", message, remedy, at_key=True)


def _mapping(value: Json) -> Data:
    return value if isinstance(value, dict) else {}


def _request_in_order(members: Data) -> Data:
    """Known members first, in the order in which people read them."""
    return {name: members[name] for name in (*_ORDER, *sorted(members.keys() - {*_ORDER})) if name in members}


# Tools: a request has them flat, and in each what is a resource elsewhere


def _requested_tools(tools: Json, resources: Json) -> Json:
    if not isinstance(tools, list):
        return tools
    unplaced = dict(_mapping(resources))
    made = [_requested_tool(tool, unplaced) for tool in tools]
    return sorted(made, key=_tool_order)


def _tool_order(tool: Json) -> tuple[str, str]:
    """By type and function; of other tools of one type a manifest has no names, and they stay in its order."""
    members = _mapping(tool)
    kind = str(members.get("type"))
    return kind, str(members.get("name")) if kind == "function" else ""


def _requested_tool(tool: Json, resources: Data) -> Json:
    """The tool of a request; the first of its type takes the resources."""
    kind = _mapping(tool).get("type")
    make = _REQUESTED.get(str(kind))
    if not isinstance(tool, dict) or make is None:
        return tool
    beside = {name: value for name, value in tool.items() if name not in ("type", kind)}
    return {"type": kind, **make({**_mapping(tool.get(str(kind))), **beside}, _mapping(resources.pop(str(kind), {})))}


def _requested_function(function: Data, resources: Data) -> Data:
    first: Data = {name: function[name] for name in ("name", "description") if name in function}
    return {**first, "parameters": _NO_PARAMETERS, "strict": False, **function}


def _requested_search(options: Data, resources: Data) -> Data:
    return {**resources, **options}


def _requested_interpreter(members: Data, resources: Data) -> Data:
    container = members.get("container", {})
    if isinstance(container, dict):
        container = {"type": "auto", **resources, **container}
    return {**members, "container": container}


_REQUESTED: Final[Mapping[str, Callable[[Data, Data], Data]]] = {
    "code_interpreter": _requested_interpreter,
    "file_search": _requested_search,
    "function": _requested_function,
}


def _tool_object(tool: Json, resources: Data) -> Json:
    """The tool of an assistant; what is a resource of it there is added to the resources."""
    members = dict(_mapping(tool))
    kind = members.pop("type", None)
    if kind == "function":
        strict = members.get("strict")  # the default of a request, and not that of an assistant
        return {"type": kind, kind: {**members, "strict": True if strict is None else strict}}
    if kind == "file_search":
        _move("vector_store_ids", members, resources, kind)
        return {"type": kind, kind: members}
    if kind == "code_interpreter" and isinstance(container := members.get("container"), dict):
        own = dict(container)
        _move("file_ids", own, resources, kind)
        if own.get("type") == "auto":
            del own["type"]
        del members["container"]
        return {"type": kind, **members, **({"container": own} if own else {})}
    return tool


def _move(name: str, members: Data, resources: Data, kind: str) -> None:
    """Moves a member to the resources of its type, unless another tool of it has some."""
    if name in members and kind not in resources:
        resources[kind] = {name: members.pop(name)}


def _requested_format(value: Json) -> Json:
    if not isinstance(value, dict) or not isinstance(schema := value.get("json_schema"), dict):
        return value
    return {**{name: member for name, member in value.items() if name != "json_schema"}, **schema}


def _format_object(value: Json) -> Json:
    if not isinstance(value, dict) or value.get("type") != "json_schema":
        return value
    schema: Data = {name: member for name, member in value.items() if name != "type"}
    return {"type": "json_schema", "json_schema": schema}
