"""What the server adds to or rewrites in what it was sent: one function a kind of server.

Each is idempotent: what it made, sent back or stored and merged, comes out the same.
"""

from collections.abc import Callable, Mapping
from typing import Any

from reconciler.emulator.fields import FIELDS
from reconciler.emulator.rules import NO_PARAMETERS, Fields, reasons

_RESOURCES = {"code_interpreter": "file_ids", "file_search": "vector_store_ids"}


def _defaults(sent: Fields, models: Mapping[str, str]) -> Fields:
    """As recorded on the hosted server."""
    thinks = reasons(sent["model"], models)
    settled = {
        **_nothing(),
        **sent,
        "tools": [_defaults_of_tool(tool) for tool in sent.get("tools") or []],
        "top_p": None if thinks else _sampling(sent.get("top_p")),
        "temperature": None if thinks else _sampling(sent.get("temperature")),
        "reasoning_effort": sent.get("reasoning_effort") or ("medium" if thinks else None),
        "tool_resources": _defaults_of_resources(sent),
        "metadata": sent.get("metadata") or {},
        "response_format": _defaults_of_format(sent.get("response_format") or "auto"),
    }
    return _ordered(settled)


def _sampling(sent: float | None) -> float:
    return 1.0 if sent is None else float(sent)


def _defaults_of_tool(tool: Fields) -> Fields:
    if tool["type"] == "function":
        return {"type": "function", "function": _defaults_of_function(tool["function"])}
    if tool["type"] == "file_search":
        return {"type": "file_search", "file_search": _defaults_of_search(tool.get("file_search") or {})}
    return tool


def _defaults_of_function(function: Fields) -> Fields:
    settled = {"parameters": NO_PARAMETERS, **function, "strict": bool(function.get("strict"))}
    return _ordered(settled, ("name", "description", "parameters", "strict"))


def _defaults_of_search(search: Fields) -> Fields:
    sent = search.get("ranking_options") or {}
    options = {
        "ranker": "default_2024_08_21",
        "score_threshold": float(sent.get("score_threshold", 0.0)),
        "hybrid_search": sent.get("hybrid_search"),
    }
    return {**search, "ranking_options": options}


def _defaults_of_resources(sent: Fields) -> Fields:
    """What is declared has a list, and what a dropped tool left behind stays."""
    kept = sent.get("tool_resources") or {}
    declared = [tool["type"] for tool in sent.get("tools") or []]
    kinds = [kind for kind in dict.fromkeys([*kept, *declared]) if kind in _RESOURCES]
    return {kind: kept.get(kind) or {_RESOURCES[kind]: []} for kind in kinds}


def _defaults_of_format(sent: Any) -> Any:
    if sent == "auto" or sent["type"] != "json_schema":
        return sent
    schema = {**sent["json_schema"], "strict": bool(sent["json_schema"].get("strict"))}
    return {**sent, "json_schema": _ordered(schema, ("name", "description", "schema", "strict"))}


def _nulls(sent: Fields, _models: Mapping[str, str]) -> Fields:
    """Every member that is not set echoed as null, at every level."""
    settled = {
        **_nothing(),
        **sent,
        "tools": [_nulls_of_tool(tool) for tool in sent.get("tools") or []],
        "tool_resources": _nulls_of_resources(sent.get("tool_resources")),
        "response_format": _nulls_of_format(sent.get("response_format")),
    }
    return _ordered(settled)


def _nulls_of_tool(tool: Fields) -> Fields:
    if tool["type"] == "function":
        unset = {"name": None, "description": None, "parameters": None, "strict": None}
        function = {**unset, **tool["function"]}
        return {
            "type": "function",
            "function": {**function, "parameters": function["parameters"] or NO_PARAMETERS},
        }
    if tool["type"] == "file_search":
        search = {"max_num_results": None, "ranking_options": None, **(tool.get("file_search") or {})}
        if search["ranking_options"] is not None:
            unset = {"ranker": None, "score_threshold": None, "hybrid_search": None}
            search["ranking_options"] = {**unset, **search["ranking_options"]}
        return {"type": "file_search", "file_search": search}
    return tool


def _nulls_of_resources(sent: Fields | None) -> Fields | None:
    return sent and {**dict.fromkeys(_RESOURCES), **sent}


def _nulls_of_format(sent: Any) -> Any:
    if not isinstance(sent, dict) or sent["type"] != "json_schema":
        return sent
    unset = {"name": None, "description": None, "schema": None, "strict": None}
    return {**sent, "json_schema": {**unset, **sent["json_schema"]}}


def _sparse(sent: Fields, _models: Mapping[str, str]) -> Fields:
    """Nothing but what was sent."""
    return _ordered(sent)


def _nothing() -> Fields:
    return dict.fromkeys(FIELDS)


def _ordered(fields: Fields, order: tuple[str, ...] = FIELDS) -> Fields:
    return {name: fields[name] for name in order if name in fields}


ECHOES: dict[str, Callable[[Fields, Mapping[str, str]], Fields]] = {
    "defaults": _defaults,
    "nulls": _nulls,
    "sparse": _sparse,
}
