"""The assistant of the Assistants API v2: eleven fields, read alike from manifests and from the wire."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

from pydantic import ValidationError

from reconciler.canonical import Fields, Json, encode
from reconciler.kinds import normal
from reconciler.kinds.families import reasons
from reconciler.kinds.problems import Checked, Loc, Problem, ServerTraits, from_pydantic, wrong_type
from reconciler.kinds.rules import between_fields, limits
from reconciler.kinds.shapes import TYPES, Body
from reconciler.model import Desired, Live
from reconciler.paths import Path

MARKER = "reconciler"


_DEFAULTS: dict[str, Json] = {
    "model": None,
    "name": None,
    "description": None,
    "instructions": None,
    "tools": {},
    "tool_resources": {},
    "metadata": {},
    "temperature": 1,
    "top_p": 1,
    "response_format": "auto",
    "reasoning_effort": None,
}
_TEXT = ("name", "description", "instructions")
_CHOSEN_WHEN_REASONING = ("temperature", "top_p")


class Assistant:
    """The kind `assistant`."""

    name = "assistant"
    fields = tuple(_DEFAULTS)
    texts = _TEXT
    exchanged = ("model",)
    chosen = ("temperature", "top_p", "reasoning_effort")
    form = 1

    def check(self, body: Mapping[str, Json], terms: ServerTraits, unread: Collection[str] = ()) -> Checked:
        """The normal form of what a manifest states, or every reason why not."""
        data, problems = _shape(body, unread)
        unjudged = {*unread, *(str(problem.loc[0]) for problem in problems if problem.loc)}
        problems += limits(data, terms)
        problems += between_fields(data, terms, unjudged)
        fields = _normal_form(data)
        return Checked(fields, _left_to_server(data, terms), tuple(problems))

    def read(self, raw: Mapping[str, Json]) -> Fields:
        """The normal form of a live object; a field of an unexpected shape is kept as it came."""
        known = {field: raw[field] for field in self.fields if raw.get(field) is not None}
        try:
            Body.model_validate(known)
        except ValidationError as error:
            odd = {str(item["loc"][0]) for item in error.errors()}
            sound = {field: value for field, value in known.items() if field not in odd}
            return {**_normal_form(sound), **{field: _unmarked(field, known[field]) for field in known if field in odd}}
        return _normal_form(known)

    def tidy(self, field: str, value: Json) -> Json:
        """A value from which something was taken out, without the mappings that the normal form never has empty."""
        hollow = field == "tool_resources" or field == "tools"
        if not hollow or not isinstance(value, dict):
            return value
        return {key: inner for key, inner in value.items() if inner != {} or (field == "tools" and key != "functions")}

    def members(self, field: str, value: Json) -> dict[Path, Json]:
        """Tools one by one, metadata key by key, every other field as one."""
        if field not in ("tools", "metadata") or not isinstance(value, dict):
            return {(field,): value}
        parts: dict[Path, Json] = {}
        for name, member in value.items():
            if field == "tools" and name == "functions" and isinstance(member, dict):
                parts.update({(field, name, key): function for key, function in member.items()})
            else:
                parts[field, name] = member
        return parts

    def schemas(self, fields: Fields) -> dict[Path, Json]:
        """The JSON Schemas in a body, by where they stand."""
        tools, answer = fields["tools"], fields["response_format"]
        functions = tools.get("functions") if isinstance(tools, dict) else None
        found: dict[Path, Json] = {}
        for name, function in functions.items() if isinstance(functions, dict) else ():
            if isinstance(function, dict) and "parameters" in function:
                found["tools", "functions", name, "parameters"] = function["parameters"]
        inner = answer.get("json_schema") if isinstance(answer, dict) else None
        if isinstance(inner, dict) and "schema" in inner:
            found["response_format", "json_schema", "schema"] = inner["schema"]
        return found

    def wire(self, field: str, value: Json, live: Live | None) -> Json:
        """A field of the normal form as the API takes it."""
        if field == "tools" and isinstance(value, dict):
            return list(normal.tool_list(value))
        if field == "tool_resources" and isinstance(value, dict) and live is not None:
            return _cleared(value, live.raw.get("tool_resources"))
        return value

    def companions(self, desired: Desired, live: Live, changed: frozenset[str]) -> dict[str, Json]:
        """What the server would otherwise keep from the model or the tools that go away."""
        found: dict[str, Json] = {}
        if "model" in changed:
            left = desired.left_to_server - changed
            found.update({f: live.raw[f] for f in self.fields if f in left and live.raw.get(f) is not None})
        tools = desired.fields["tools"]
        if "tools" in changed and "tool_resources" not in changed and isinstance(tools, dict):
            behind = normal.resources(live.raw.get("tool_resources"), tools)
            if encode(behind) != encode(desired.fields["tool_resources"]):
                found["tool_resources"] = behind
        return found

    def reset_reason(self, field: str, desired: Desired, changed: Collection[str]) -> str | None:
        """Why a field that is left to the server is reset along with the changed ones."""
        if "model" not in changed or field not in desired.left_to_server:
            return None
        model = desired.fields["model"]
        is_refused = field in _CHOSEN_WHEN_REASONING or reasons(model, {}) is False
        return f"{model} does not take it" if is_refused else f"{model} chooses its own"

    def default(self, field: str) -> Json:
        """What a field is when nobody says anything."""
        return _DEFAULTS[field]

    def manifest(self, fields: Fields) -> dict[str, Json]:
        """A body as a manifest would state it: what is not default, in the API's own shape."""
        stated = [field for field in self.fields if encode(fields[field]) != encode(_DEFAULTS[field])]
        return {field: self.wire(field, fields[field], None) for field in stated}


def _shape(body: Mapping[str, Json], unread: Collection[str]) -> tuple[dict[str, Json], list[Problem]]:
    """The body as data, less what is of the wrong shape, and what is wrong with that."""
    problems = [*_odd_tools(body.get("tools"))]
    data = _less(body, [problem.loc for problem in problems])
    try:
        Body.model_validate(data, strict=True, extra="forbid")
    except ValidationError as error:
        opaque = _opaque_types(body.get("tools"))
        problems += [problem for problem in from_pydantic(error, Body) if not _is_resource_of(problem, opaque)]
    if body.get("model") in (None, "") and "model" not in unread:
        problems.append(Problem(("model",), "missing-field", "An assistant needs a `model`.", "add `model: …`"))
    return _less(body, [problem.loc for problem in problems]), problems


def _opaque_types(tools: Json) -> set[str]:
    """The types of the tools that are sent as they stand, with their resources."""
    types = [tool.get("type") for tool in tools if isinstance(tool, dict)] if isinstance(tools, list) else []
    return {kind for kind in types if isinstance(kind, str)} - TYPES.keys()


def _is_resource_of(problem: Problem, opaque: set[str]) -> bool:
    return len(problem.loc) == 2 and problem.loc[0] == "tool_resources" and problem.loc[1] in opaque


def _less(body: Mapping[str, Json], places: list[Loc]) -> dict[str, Json]:
    """The body without the fields at the places, of a list of tools without the tools at them."""
    odd = {str(place[0]) for place in places if place}
    data = {field: value for field, value in body.items() if field not in odd}
    bad_tools = {place[1] for place in places if place[:1] == ("tools",) and len(place) > 1}
    listed = body.get("tools")
    if bad_tools and isinstance(listed, list):
        data["tools"] = [{} if index in bad_tools else tool for index, tool in enumerate(listed)]
    return data


def _odd_tools(tools: Json) -> Iterator[Problem]:
    for index, tool in enumerate(tools if isinstance(tools, list) else ()):
        if not isinstance(tool, dict):
            continue
        inner = tool.get("function")
        if tool.get("type", "") == "":
            message = "A tool needs a `type`."
            yield Problem(("tools", index, "type"), "missing-field", message, f"one of {', '.join(TYPES)}")
        elif tool["type"] == "function" and "function" not in tool and "name" in tool:
            message = "What belongs to a function stands one level deeper, under `function:`."
            yield Problem(("tools", index), "missing-field", message, "write `function: {name: …}`")
        elif not isinstance(tool["type"], str):
            yield wrong_type(("tools", index, "type"), "text", tool["type"])
        elif isinstance(inner, dict) and isinstance(inner.get("function"), dict) and "name" not in inner:
            message = "This function is wrapped a second time in `function:`."
            remedy = "keep what is under the inner `function:`"
            yield Problem(("tools", index, "function"), "nested-function", message, remedy)


def _unmarked(field: str, value: Json) -> Json:
    if field == "metadata" and isinstance(value, dict):
        return {key: member for key, member in value.items() if key != MARKER}
    return value


def _normal_form(data: Mapping[str, Json]) -> dict[str, Json]:
    fields = {**_DEFAULTS, **{field: value for field, value in data.items() if value is not None}}
    for field in _TEXT:
        fields[field] = normal.text(fields[field])
    for field in _CHOSEN_WHEN_REASONING:
        fields[field] = normal.number(fields[field])
    listed = fields["tools"]
    declared = normal.tools(tool for tool in listed if isinstance(tool, dict)) if isinstance(listed, list) else {}
    fields["tools"] = declared
    types = [str(tool.get("type")) for tool in listed if isinstance(tool, dict)] if isinstance(listed, list) else []
    fields["tool_resources"] = normal.resources(fields["tool_resources"], dict.fromkeys(types))
    fields["metadata"] = normal.metadata(fields["metadata"], reserved=MARKER)
    fields["response_format"] = normal.response_format(fields["response_format"])
    return fields


def _left_to_server(data: Mapping[str, Json], terms: ServerTraits) -> frozenset[str]:
    reasoning = reasons(data.get("model"), terms.families)
    chosen = ("reasoning_effort", *(_CHOSEN_WHEN_REASONING if reasoning else ()))
    return frozenset(field for field in chosen if data.get(field) is None)


def _cleared(value: dict[str, Json], behind: Json) -> dict[str, Json]:
    """The resources wanted, and an empty list for each that would otherwise stay behind."""
    if not isinstance(behind, dict):
        return value
    empty: dict[str, Json] = {}
    for name, members in behind.items():
        if isinstance(members, dict) and any(isinstance(ids, list) and ids for ids in members.values()):
            wanted = value.get(name)
            lists: dict[str, Json] = {key: [] for key, ids in members.items() if isinstance(ids, list)}
            empty[name] = {**lists, **(wanted if isinstance(wanted, dict) else {})}
    return {**value, **empty}


ASSISTANT = Assistant()
