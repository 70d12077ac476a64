"""The normal form of the values that both sides share: text, tools, response formats, sets of ids.

Each function takes plain data that the model has read, from a manifest or from a live object,
and gives the one shape in which the two are compared. Members that we do not know are kept.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeAlias

from reconciler.canonical import Json

Data: TypeAlias = dict[str, Json]

EMPTY_PARAMETERS: Data = {"type": "object", "properties": {}}
RANKER = "default_2024_08_21"


def text(value: Json) -> Json:
    """Text with LF line ends, no leading byte-order marks, no final newlines; empty is null.

    All the marks go, so that the normal form of a normal form is itself: what was sent comes back.
    """
    if not isinstance(value, str):
        return value
    return value.replace("\r\n", "\n").replace("\r", "\n").lstrip("\ufeff").rstrip("\n") or None


def stated(data: Data) -> Data:
    """The members that say something: null and absent mean the same."""
    return {key: member for key, member in data.items() if member is not None}


def number(value: Json) -> Json:
    """A number with one spelling: integral floats as integers."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


def tools(listed: Iterable[Data]) -> Data:
    """Tools by name: functions by theirs, the others by type, and by ordinal where a type comes twice."""
    functions: Data = {}
    others: Data = {}
    for tool in listed:
        if tool.get("type") == "function" and isinstance(tool.get("function"), dict):
            body = dict(tool["function"])  # type: ignore[arg-type]  # the line above says it is one
            _add(functions, str(body.pop("name", "")), _with_extras(_function(body), tool, "function"))
        else:
            kind = str(tool.get("type"))
            _add(others, kind, _other(tool), taken="functions")
    return {**others, **({"functions": functions} if functions else {})}


def _add(into: Data, name: str, value: Json, taken: str = "") -> None:
    """Under its name, with an ordinal where the name is taken or could be read as one with an ordinal."""
    ordinal = 2
    free = f"{name}#1" if "#" in name or name == taken else name
    while free in into:
        free = f"{name}#{ordinal}"
        ordinal += 1
    into[free] = value


def _named(name: str) -> str:
    """The name less its ordinal."""
    return name.rpartition("#")[0] if "#" in name else name


def _with_extras(body: Data, tool: Data, own: str) -> Data:
    extras = {key: member for key, member in stated(tool).items() if key not in ("type", own)}
    return {**body, "(tool)": extras} if extras else body


def _function(body: Data) -> Data:
    body = stated({**body, "description": text(body.get("description"))})
    if body.get("strict") is False:
        del body["strict"]
    if body.get("parameters") in (EMPTY_PARAMETERS, {}):
        del body["parameters"]
    return body


def _other(tool: Data) -> Data:
    rest = {key: member for key, member in stated(tool).items() if key != "type"}
    if tool.get("type") != "file_search":
        return rest
    search = rest.pop("file_search", None)
    inner = stated(search) if isinstance(search, dict) else {}
    ranking = inner.pop("ranking_options", None)
    ranked = _ranking(ranking) if isinstance(ranking, dict) else {}
    if ranked:
        inner["ranking_options"] = ranked
    return {**inner, **({"(tool)": rest} if rest else {})}


def _ranking(options: Data) -> Data:
    options = stated({**options, "score_threshold": number(options.get("score_threshold"))})
    if options.get("ranker") in ("auto", RANKER):
        del options["ranker"]
    if options.get("score_threshold") == 0:
        del options["score_threshold"]
    return options


def tool_list(mapping: Data) -> list[Json]:
    """Tools as the API takes them."""
    listed: list[Json] = []
    for name, value in mapping.items():
        body = dict(value) if isinstance(value, dict) else {}
        if name == "functions":
            listed.extend(_function_tool(key, dict(member)) for key, member in body.items() if isinstance(member, dict))
            continue
        kind = _named(name)
        listed.append({"type": kind, **(_search_tool(body) if kind == "file_search" else body)})
    return listed


def _search_tool(body: Data) -> Data:
    extras = body.pop("(tool)", {})
    inner: Data = {"file_search": _search_options(body)} if body else {}
    return {**inner, **(extras if isinstance(extras, dict) else {})}


def _function_tool(name: str, body: Data) -> Data:
    extras = body.pop("(tool)", {})
    return {
        "type": "function",
        "function": {"name": _named(name), **body},
        **(extras if isinstance(extras, dict) else {}),
    }


def _search_options(options: Data) -> Data:
    ranking = options.get("ranking_options")
    if not isinstance(ranking, dict):
        return options
    return {**options, "ranking_options": {"score_threshold": 0, **ranking}}


def response_format(value: Json) -> Json:
    """A response format without members at their defaults."""
    if not isinstance(value, dict):
        return value
    value = stated(value)
    schema = value.get("json_schema")
    if isinstance(schema, dict):
        inner = stated({**schema, "description": text(schema.get("description"))})
        if inner.get("strict") is False:
            del inner["strict"]
        value["json_schema"] = inner
    return value


def resources(value: Json, declared: Iterable[str]) -> Data:
    """File ids and stores of the tools that are declared; ids are sets, empty ones are absent."""
    if not isinstance(value, dict):
        return {}
    kept: Data = {}
    for name in declared:
        inner = value.get(name)
        members = {key: _as_set(member) for key, member in inner.items()} if isinstance(inner, dict) else {}
        filled: Data = {key: member for key, member in members.items() if member not in (None, [], {})}
        if filled:
            kept[name] = filled
    return kept


def _as_set(value: Json) -> Json:
    if not isinstance(value, list):
        return value
    ids = sorted({member for member in value if isinstance(member, str)})
    return [*ids, *(member for member in value if not isinstance(member, str))]


def metadata(value: Json, *, reserved: str) -> Data:
    """Metadata without the marker; an empty value is an absent one."""
    pairs = value if isinstance(value, dict) else {}
    return {key: member for key, member in pairs.items() if key != reserved and member not in (None, "")}
