"""What a kind finds wrong with a body, by path; the place in a file is found later."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from pydantic import BaseModel, ValidationError

from reconciler.canonical import Fields
from reconciler.diagnostics import Severity, did_you_mean

Loc: TypeAlias = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong with a body: at which path, what, and what to do about it."""

    loc: Loc
    code: str
    message: str
    remedy: str = ""
    severity: Severity = "error"
    at_key: bool = False
    """Whether the key itself is wrong, rather than what it holds."""


@dataclass(frozen=True, slots=True)
class Terms:
    """What an environment knows about its server: tool types it lists, families of deployments."""

    tools: frozenset[str] | None = None
    families: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Checked:
    """What a manifest's body comes to: its normal form, and everything wrong with it."""

    fields: Fields
    left_to_server: frozenset[str] = frozenset()
    problems: tuple[Problem, ...] = ()


_NAMES = {
    bool: "true or false",
    int: "a number",
    float: "a number",
    str: "text",
    list: "a list",
    dict: "a mapping",
}
_WANTED = {
    "string_type": "text",
    "float_type": "a number",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "bool_type": "true or false",
    "list_type": "a list",
    "dict_type": "a mapping",
    "model_type": "a mapping",
    "model_attributes_type": "a mapping",
    "finite_number": "a finite number",
}


def kind_of(value: object) -> str:
    """What a value is, in words."""
    return "nothing" if value is None else _NAMES.get(type(value), type(value).__name__)


def wrong_type(loc: Loc, wanted: str, got: object) -> Problem:
    """The problem of a value that is of another type than the field takes."""
    remedy = ""
    if wanted == "text" and isinstance(got, bool | int | float):
        remedy = "put it in quotes: YAML reads `no`, `on` and bare figures as something other than text"
    return Problem(loc, "wrong-type", f"Expected {wanted}, found {kind_of(got)}.", remedy)


def from_pydantic(error: ValidationError, model: type[BaseModel]) -> Iterator[Problem]:
    """The same faults in our words."""
    for item in error.errors(include_url=False, include_context=True):
        yield _problem(item["loc"], item["type"], item.get("input"), item["msg"], model)


def _problem(loc: Loc, kind: str, got: Any, message: str, model: type[BaseModel]) -> Problem:
    if kind == "extra_forbidden":
        name = str(loc[-1])
        return Problem(
            loc,
            "unknown-field",
            f"There is no field `{name}` here.",
            did_you_mean(name, siblings(model, loc)),
            at_key=True,
        )
    if kind == "missing":
        return Problem(loc, "missing-field", f"`{loc[-1]}` is required here.", f"add `{loc[-1]}`")
    if kind in _WANTED:
        return wrong_type(loc, _WANTED[kind], got)
    if kind == "literal_error":
        return Problem(loc, "unknown-value", f"{got!r} is not one of the values allowed here.", message)
    return Problem(loc, "wrong-type", f"{message}.", "")


def siblings(model: type[BaseModel], loc: Iterable[str | int]) -> list[str]:
    """The names of the fields that stand beside the last step of a place in a model."""
    here: list[type[BaseModel]] = [model]
    for step in list(loc)[:-1]:
        deeper = [
            inner
            for one in here
            if step in one.model_fields
            for inner in _models(one.model_fields[str(step)].annotation)
        ]
        here = deeper or [inner for inner in here if _tagged(inner, step)] or here
    return sorted({name for one in here for name in one.model_fields})


def _tagged(model: type[BaseModel], step: str | int) -> bool:
    field = model.model_fields.get("type")
    return field is not None and step in getattr(field.annotation, "__args__", ())


def _models(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [inner for part in getattr(annotation, "__args__", ()) for inner in _models(part)]
