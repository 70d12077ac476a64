"""The rules between fields, judged on the assistant as it would be after the change."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from reconciler.emulator.fields import METADATA
from reconciler.emulator.refusals import RequestRefused, WireError
from reconciler.emulator.strict import first_objection

Fields = dict[str, Any]

_REASONING = re.compile(r"(?:.*[:/])?(?:o\d|gpt-5(?!-chat))(?:$|[-.:])")
_PLAIN = re.compile(r"(?:.*[:/])?(?:gpt-3\.5|gpt-4|gpt-5-chat|chatgpt-4)")


def reasons(model: str, models: Mapping[str, str]) -> bool | None:
    """Whether the model takes a reasoning effort and no temperature; None where its name does not say.

    `models` has, by the name of a deployment, the model that it is of.
    """
    name = models.get(model, model)
    if _REASONING.match(name):
        return True
    return False if _PLAIN.match(name) else None


def judge(after: Fields, sent: Mapping[str, Any], models: Mapping[str, str]) -> None:
    """Return if `after` is an assistant the server would keep; raise Refused if not.

    `sent` are the fields of the request: what remains from before is blamed on the model instead.
    """
    for fault in _faults(after, sent, models):
        raise RequestRefused(fault)


def _faults(after: Fields, sent: Mapping[str, Any], models: Mapping[str, str]) -> Iterator[WireError]:
    METADATA.check_count(after.get("metadata") or {}, "metadata")
    yield from _unsupported_by_model(after, sent, models)
    yield from _tools_beside_a_format(after)
    yield from _functions(after.get("tools") or [])
    yield from _response_schema(after.get("response_format"))


def _unsupported_by_model(after: Fields, sent: Mapping[str, Any], models: Mapping[str, str]) -> Iterator[WireError]:
    reasoning = reasons(after["model"], models)
    refused = ("temperature", "top_p") if reasoning else ("reasoning_effort",) if reasoning is False else ()
    for name in refused:
        if after.get(name) is None:
            continue
        chosen = name in sent
        yield WireError(
            f"Unsupported parameter: '{name}' is not supported with this model.",
            name if chosen else "model",
            "unsupported_parameter" if chosen else "unsupported_model",
        )


def _tools_beside_a_format(after: Fields) -> Iterator[WireError]:
    shape = _mapping(after.get("response_format")).get("type")
    others = [tool for tool in after.get("tools") or [] if tool["type"] != "function"]
    if shape in ("json_object", "json_schema") and others:
        yield WireError(
            f"Invalid tools: all tools must be of type `function` when `response_format` is of type `{shape}`.",
            "response_format",
        )


def _functions(tools: list[Fields]) -> Iterator[WireError]:
    seen: set[str] = set()
    for index, tool in enumerate(tools):
        if tool["type"] != "function":
            continue
        name = tool["function"]["name"]
        path = f"tools[{index}].function"
        if name in seen:
            yield WireError(
                f"Invalid '{path}.name': duplicate function name '{name}'.", f"{path}.name", "invalid_value"
            )
        seen.add(name)
        yield from _parameters(tool["function"], f"{path}.parameters")


def _parameters(function: Fields, path: str) -> Iterator[WireError]:
    # without parameters the server supplies its own empty list, which it does not hold against the caller
    if function.get("strict") and function.get("parameters") not in (None, NO_PARAMETERS):
        objection = first_objection(function["parameters"])
        if objection is not None:
            message = f"Invalid schema for function '{function['name']}': {objection}"
            yield WireError(message, path, "invalid_function_parameters")


NO_PARAMETERS: Fields = {"type": "object", "properties": {}}
"""What the server supplies for a function without parameters."""


def _response_schema(response_format: Any) -> Iterator[WireError]:
    schema = _mapping(_mapping(response_format).get("json_schema"))
    if schema.get("strict") and schema.get("schema") is not None:
        objection = first_objection(schema["schema"])
        if objection is not None:
            message = f"Invalid schema for response_format '{schema['name']}': {objection}"
            yield WireError(message, "response_format")


def _mapping(value: Any) -> Fields:
    return value if isinstance(value, dict) else {}
