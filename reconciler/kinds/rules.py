"""The limits of an assistant's fields and the rules between them, each a reason with its path.

What the API would answer with a 400 belongs here; what is only inferred from a model's name is a
warning, and the server decides.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping

from reconciler.canonical import Json
from reconciler.diagnostics import did_you_mean
from reconciler.kinds.families import meant, reasons
from reconciler.kinds.normal import resources, text
from reconciler.kinds.problems import Loc, Problem, ServerTraits, wrong_type
from reconciler.kinds.schemas import check_schema, check_strict

_TEXT = {"name": 256, "description": 512, "instructions": 256_000}
_RANGES = {"temperature": (0, 2), "top_p": (0, 1)}
_EFFORTS = ("none", "minimal", "low", "medium", "high", "xhigh", "max")
_FORMATS = ("text", "json_object", "json_schema")
_RANKERS = ("auto", "default_2024_08_21")
_PATH = re.compile(r"[\w./-]+\.(?:md|txt)")
_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")
_TOOL_TYPES = ("code_interpreter", "file_search", "function")
_IDS = {("code_interpreter", "file_ids"): 20, ("file_search", "vector_store_ids"): 1}
_MAX_TOOLS = 128
_MAX_PAIRS = 15


def limits(data: Mapping[str, Json], terms: ServerTraits) -> list[Problem]:
    """Every value beyond what the API takes."""
    return [
        *_texts(data),
        *_numbers(data),
        *_metadata(data.get("metadata")),
        *_tools(data.get("tools"), terms),
        *_resources(data),
        *_response_format(data.get("response_format")),
    ]


def between_fields(data: Mapping[str, Json], terms: ServerTraits, unjudged: Collection[str]) -> list[Problem]:
    """Every pair of fields that do not go together, as far as both are known."""
    return [
        *_tools_and_format(data),
        *([] if "tools" in unjudged else _resources_and_tools(data)),
        *([] if "instructions" in unjudged else _json_not_mentioned(data)),
        *_family(data, terms),
        *_misspelt(data, terms),
    ]


def _mappings(value: Json) -> list[tuple[int, dict[str, Json]]]:
    if not isinstance(value, list):
        return []
    return [(index, member) for index, member in enumerate(value) if isinstance(member, dict) and member]


def _mapping(value: Json) -> dict[str, Json]:
    return value if isinstance(value, dict) else {}


def _texts(data: Mapping[str, Json]) -> Iterator[Problem]:
    for field, most in _TEXT.items():
        value = text(data.get(field))
        if isinstance(value, str) and len(value) > most:
            message = f"`{field}` has {len(value):,} characters; the API takes {most:,}."
            yield Problem((field,), "too-large", message, "shorten it")
        if isinstance(value, str) and _PATH.fullmatch(value):
            message = f"`{field}` is the text {value!r}, not what is in a file of that name."
            remedy = f"write `{field}: {{file: {value}}}` if the file is meant"
            yield Problem((field,), "bad-reference", message, remedy, "warning")


def _numbers(data: Mapping[str, Json]) -> Iterator[Problem]:
    for field, (least, most) in _RANGES.items():
        yield from _within(data.get(field), least, most, (field,))
    effort = data.get("reasoning_effort")
    if isinstance(effort, str) and effort not in _EFFORTS:
        message = f"`{effort}` is not a reasoning effort."
        yield Problem(("reasoning_effort",), "unknown-value", message, did_you_mean(effort, _EFFORTS))


def _within(value: Json, least: float, most: float, loc: Loc) -> Iterator[Problem]:
    if isinstance(value, int | float) and not least <= value <= most:
        code = "too-large" if value > most else "too-small"
        yield Problem(loc, code, f"`{loc[-1]}` is {value}.", f"the API takes {least} to {most}")


def _metadata(metadata: Json) -> Iterator[Problem]:
    pairs = _mapping(metadata)
    count = len(pairs.keys() - {"reconciler"})
    if count > _MAX_PAIRS:
        message = f"{count} metadata pairs; the API keeps 16, and one of them is the marker."
        yield Problem(("metadata",), "metadata-pairs", message, f"keep {_MAX_PAIRS}")
    for key, value in pairs.items():
        yield from _pair(key, value)


def _pair(key: str, value: Json) -> Iterator[Problem]:
    loc = ("metadata", key)
    if key == "reconciler":
        message = "The metadata key `reconciler` is the marker's."
        yield Problem(loc, "reserved-metadata", message, "name it otherwise", at_key=True)
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


def _tools(tools: Json, terms: ServerTraits) -> Iterator[Problem]:
    if isinstance(tools, list) and len(tools) > _MAX_TOOLS:
        yield Problem(("tools",), "too-large", f"{len(tools)} tools; the API takes {_MAX_TOOLS}.", "drop some")
    names: set[str] = set()
    for index, tool in _mappings(tools):
        loc: Loc = ("tools", index)
        kind = str(tool.get("type"))
        yield from _tool_type(kind, (*loc, "type"), terms)
        if kind == "function":
            yield from _function(_mapping(tool.get("function")), (*loc, "function"), names)
        elif kind == "file_search":
            yield from _file_search(_mapping(tool.get("file_search")), (*loc, "file_search"))
    yield from _twice(tools)


def _tool_type(kind: str, loc: Loc, terms: ServerTraits) -> Iterator[Problem]:
    """An error where the server lists its types; else the server decides."""
    if terms.tools is not None and kind not in terms.tools:
        message = f"`{kind}` is not a tool type of this server."
        yield Problem(loc, "unknown-tool", message, did_you_mean(kind, terms.tools))
    elif terms.tools is None and kind not in _TOOL_TYPES:
        message = f"`{kind}` is a tool type that is not known here; it is sent as it stands."
        yield Problem(loc, "unknown-tool", message, did_you_mean(kind, _TOOL_TYPES), "warning")


def _twice(tools: Json) -> Iterator[Problem]:
    seen: set[str] = set()
    for index, tool in _mappings(tools):
        kind = tool.get("type")
        if kind in ("code_interpreter", "file_search"):
            if kind in seen:
                yield Problem(("tools", index), "unknown-tool", f"`{kind}` is there twice.", "keep one")
            seen.add(str(kind))


def _function(body: dict[str, Json], loc: Loc, names: set[str]) -> Iterator[Problem]:
    name = str(body.get("name"))
    yield from _name(name, (*loc, "name"))
    if name in names:
        yield Problem((*loc, "name"), "duplicate-function", f"A second function is named `{name}`.", "rename one")
    names.add(name)
    if isinstance(body.get("parameters"), dict):
        yield from check_schema(body["parameters"], (*loc, "parameters"))
        if body.get("strict") is True:
            yield from check_strict(body["parameters"], (*loc, "parameters"))


def _name(name: str, loc: Loc) -> Iterator[Problem]:
    if not _NAME.fullmatch(name):
        shown = name if len(name) <= 80 else f"{name[:80]}…"
        remedy = "1 to 64 letters of A to Z, figures, `_` and `-`"
        yield Problem(loc, "bad-name", f"{shown!r} is not a name that the API takes.", remedy)


def _file_search(options: dict[str, Json], loc: Loc) -> Iterator[Problem]:
    yield from _within(options.get("max_num_results"), 1, 50, (*loc, "max_num_results"))
    ranking = options.get("ranking_options")
    if not isinstance(ranking, dict):
        return
    place = (*loc, "ranking_options")
    if ranking.get("score_threshold") is None:
        message = "`ranking_options` needs a `score_threshold`."
        yield Problem(place, "missing-field", message, "add `score_threshold: 0`")
    yield from _within(ranking.get("score_threshold"), 0, 1, (*place, "score_threshold"))
    ranker = ranking.get("ranker")
    if isinstance(ranker, str) and ranker not in _RANKERS:
        yield Problem(
            (*place, "ranker"), "unknown-value", f"`{ranker}` is not a ranker.", did_you_mean(ranker, _RANKERS)
        )


def _resources(data: Mapping[str, Json]) -> Iterator[Problem]:
    stated = _mapping(data.get("tool_resources"))
    for (tool, field), most in _IDS.items():
        ids = _mapping(stated.get(tool)).get(field)
        if isinstance(ids, list) and len(ids) > most:
            loc = ("tool_resources", tool, field)
            yield Problem(loc, "too-large", f"{len(ids)} entries; the API takes {most}.", "drop some")


def _response_format(value: Json) -> Iterator[Problem]:
    loc: Loc = ("response_format",)
    if isinstance(value, str):
        if value != "auto":
            remedy = f"write `{{type: {value}}}`" if value in _FORMATS else did_you_mean(value, ("auto",))
            yield Problem(loc, "unknown-value", f"`{value}` is not a response format.", remedy)
        return
    if not isinstance(value, dict):
        return
    kind = str(value.get("type"))
    if kind not in _FORMATS:
        yield Problem(
            (*loc, "type"), "unknown-value", f"`{kind}` is not a response format.", did_you_mean(kind, _FORMATS)
        )
    schema = value.get("json_schema")
    if kind == "json_schema" and not isinstance(schema, dict):
        message = "A response format of type json_schema needs a `json_schema`."
        yield Problem(loc, "missing-field", message, "add `json_schema: {name: …, schema: …}`")
    if kind in ("text", "json_object") and schema is not None:
        message = f"`json_schema` does not go with type {kind}."
        yield Problem((*loc, "json_schema"), "unknown-field", message, "write `type: json_schema`", at_key=True)
    yield from _json_schema(_mapping(schema), (*loc, "json_schema"))


def _json_schema(body: dict[str, Json], loc: Loc) -> Iterator[Problem]:
    if isinstance(body.get("name"), str):
        yield from _name(str(body["name"]), (*loc, "name"))
    if isinstance(body.get("schema"), dict):
        yield from check_schema(body["schema"], (*loc, "schema"))
        if body.get("strict") is True:
            yield from check_strict(body["schema"], (*loc, "schema"))


def _tools_and_format(data: Mapping[str, Json]) -> Iterator[Problem]:
    kind = _mapping(data.get("response_format")).get("type")
    if kind not in ("json_object", "json_schema"):
        return
    for index, tool in _mappings(data.get("tools")):
        if tool.get("type") in ("code_interpreter", "file_search"):
            message = f"All tools must be functions when the response format is {kind}."
            yield Problem(("tools", index), "tool-format", message, "drop the tool, or the response format")


def _resources_and_tools(data: Mapping[str, Json]) -> Iterator[Problem]:
    types = {str(tool.get("type")) for _, tool in _mappings(data.get("tools"))}
    for name, members in _mapping(data.get("tool_resources")).items():
        if name not in types and resources({name: members}, (name,)):
            message = f"There is no tool `{name}` for these resources."
            remedy = f"add `- type: {name}` under `tools`, or drop them"
            yield Problem(("tool_resources", name), "resource-without-tool", message, remedy, at_key=True)


def _json_not_mentioned(data: Mapping[str, Json]) -> Iterator[Problem]:
    if _mapping(data.get("response_format")).get("type") != "json_object":
        return
    if "json" not in str(data.get("instructions")).lower():
        message = "JSON mode wants the word JSON somewhere in the instructions."
        yield Problem(
            ("response_format",), "json-not-mentioned", message, "say in the prompt that the answer is JSON", "warning"
        )


def _family(data: Mapping[str, Json], terms: ServerTraits) -> Iterator[Problem]:
    reasoning = reasons(data.get("model"), terms.families)
    refused = ("temperature", "top_p") if reasoning else ("reasoning_effort",) if reasoning is False else ()
    for field in refused:
        if data.get(field) is not None:
            what = "reasons" if reasoning else "does not reason"
            message = f"`{data.get('model')}` {what}, and such models refuse `{field}`."
            remedy = "leave it out, or tell a deployment's family under `environments.….models`"
            yield Problem((field,), "model-family", message, remedy, "warning")


def _misspelt(data: Mapping[str, Json], terms: ServerTraits) -> Iterator[Problem]:
    model = data.get("model")
    known = meant(model, terms.families)
    if known is not None:
        remedy = f"did you mean `{known}`? If it is a deployment's name, tell its family under `environments.….models`"
        yield Problem(("model",), "unknown-value", f"`{model}` is not a known model.", remedy, "warning")
