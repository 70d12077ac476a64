"""The JSON Schema of `reconciler.yaml`: its fields, and those of the provider that an environment names.

Whatever is read without an error is accepted. A file that extends another states any part of what the two are together,
and null takes away what it inherits.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from reconciler.config.form import EnvironmentForm, FileForm
from reconciler.config.provider_settings import Providers
from reconciler.config.values import LOCAL
from reconciler.kinds.model_schema import Schema, model_schema, nullable
from reconciler.settings import ProviderSettings

_LOCAL: Final = "The embedded server, whose data is beside the checkout."
_OWN: Final = ("version", "extends", "manifests", "stack")
"""What a file never inherits."""


def file_schema(providers: Providers) -> Schema:
    """What a reconciler.yaml with environments of these providers may be."""
    whole = model_schema(FileForm)
    members = whole["properties"]
    environments = _environments(providers)
    members["environments"] |= environments
    inherited = {name: _as_patch(schema) for name, schema in members.items() if name not in _OWN}
    inherited["environments"] |= _inheriting(environments, providers)
    return {
        "type": "object",
        "required": whole["required"],
        "if": {"required": ["extends"], "properties": {"extends": {"type": "string"}}},
        "then": {"properties": {**members, **inherited}, "additionalProperties": False},
        "else": {"properties": members, "additionalProperties": False},
    }


def _environments(providers: Providers) -> Schema:
    """The environments by their names; `local` is always the embedded server."""
    common = model_schema(EnvironmentForm)["properties"]
    embedded = [name for name, settings in providers.items() if settings.embedded]
    local = {**common, "provider": {**common["provider"], "type": ["string", "null"], "enum": [*embedded, None]}}
    named = {**common, "provider": {**common["provider"], "enum": list(providers)}}
    cases = [{"if": _names_provider(name), "then": _of_provider(form, common)} for name, form in providers.items()]
    own = {"description": _LOCAL, "type": ["object", "null"], "properties": local, "additionalProperties": False}
    return {
        "properties": {LOCAL: own},
        "additionalProperties": {"type": "object", "properties": named, "required": ["provider"], "allOf": cases},
    }


def _names_provider(provider: str) -> Schema:
    return {"required": ["provider"], "properties": {"provider": {"const": provider}}}


def _of_provider(settings: type[ProviderSettings], common: Mapping[str, Any]) -> Schema:
    own = model_schema(settings)
    known = {**dict.fromkeys(common, True), **own["properties"]}
    return {"properties": known, "additionalProperties": False, "required": own.get("required", [])}


def _inheriting(environments: Schema, providers: Providers) -> Schema:
    """The environments of a file that extends another: their providers may stand there."""
    other = _as_patch(environments["additionalProperties"])
    settings = {name: each for form in providers.values() for name, each in model_schema(form)["properties"].items()}
    known = {**dict.fromkeys(EnvironmentForm.model_fields, True), **_as_patch({"properties": settings})["properties"]}
    unnamed = {"if": {"required": ["provider"]}, "else": {"properties": known, "additionalProperties": False}}
    local = nullable(_as_patch(environments["properties"][LOCAL]))
    return {"properties": {LOCAL: local}, "additionalProperties": nullable({**other, **unnamed})}


def _as_patch(schema: Schema) -> Schema:
    """The schema of what is merged over a value of the schema: nothing is required, and null takes a member away."""
    less = {key: value for key, value in schema.items() if key not in ("required", "minProperties")}
    if isinstance(inner := schema.get("additionalProperties"), dict):
        less["additionalProperties"] = nullable(_as_patch(inner))
    if "properties" in schema:
        members = schema["properties"].items()
        less["properties"] = {name: each if each is True else nullable(_as_patch(each)) for name, each in members}
    if "allOf" in schema:
        less["allOf"] = [{**each, "then": _as_patch(each["then"])} for each in schema["allOf"]]
    return less
