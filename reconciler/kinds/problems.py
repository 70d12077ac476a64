"""What a kind finds wrong with a body, by path; the location in a file is found later."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypeAlias, get_args

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo

from reconciler.canonical import Fields, Json
from reconciler.diagnostics import Severity, did_you_mean
from reconciler.paths import Path

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
    is_new: bool = False
    """Whether it is a member of a field that an API may have got since."""

    @property
    def path(self) -> Path:
        """Where it is, without the positions in lists."""
        return tuple(step for step in self.loc if isinstance(step, str))


@dataclass(frozen=True, slots=True)
class ServerTraits:
    """What an environment knows about its server."""

    kinds: frozenset[str] = frozenset()
    """The kinds that servers of its provider can have; every kind where none is named."""
    tools: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """By kind the tool types that there are, where the server lists them."""
    more_tools: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """By kind the tool types that are there beside those that the kind knows, and are sent as they stand."""
    families: Mapping[str, str] = field(default_factory=dict)
    """By the name of a deployment, the model that it is of."""
    unsupported: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """By kind the fields that the server does not have; `tools.*.function.strict` is in any of a list."""
    misfits: Mapping[str, Callable[[Mapping[str, Json]], Iterable[Problem]]] = field(default_factory=dict)
    """By kind, what of a body the server has no way to keep."""
    chooses: bool = True
    """Whether the server fills in what is left out."""
    environment: str = "local"
    names_models: bool = False
    """Whether its models have names of its own, such as those of deployments."""


@dataclass(frozen=True, slots=True)
class Checked:
    """What a manifest's body comes to: its normal form, and everything wrong with it."""

    fields: Fields
    left_to_server: frozenset[Path] = frozenset()
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


_REMEDIES = {
    "text": "write a text, or leave it out",
    "a number": "write a plain number, without quotes",
    "a finite number": "write a plain number that is not infinite",
    "a whole number": "write a plain number, without quotes and without a point",
    "true or false": "write `true` or `false`, without quotes",
    "a list": "begin each entry with `- `",
    "a mapping": "write `name: value` for each member",
}
_QUOTE = "put it in quotes: YAML reads `no`, `on` and plain numbers as something other than text"
_REFERENCE = "a reference is `{value: NAME}` and nothing beside it; `{file: …}` stands for whole fields only"


def tag(name: str) -> str:
    """A union's member as it stands in pydantic's paths: in brackets, so that it is not taken for a key."""
    return f"⟨{name}⟩"


def _is_tag(step: str | int) -> bool:
    return isinstance(step, str) and step.startswith("⟨") and step.endswith("⟩")


def wrong_type(loc: Loc, wanted: str, got: object) -> Problem:
    """The problem of a value that is of another type than the field takes."""
    remedy = _REMEDIES.get(wanted, "")
    if wanted == "text" and isinstance(got, bool | int | float):
        remedy = _QUOTE
    if wanted == "text" and isinstance(got, dict) and {"value", "file", "files"} & got.keys():
        remedy = _REFERENCE
    if wanted == "a mapping" and isinstance(got, str) and loc[:1] == ("tools",) and len(loc) == 2:
        remedy = f"write `- type: {got}`"
    return Problem(loc, "wrong-type", f"Expected {wanted}, found {kind_of(got)}.", remedy)


Elsewhere: TypeAlias = Callable[[Path], str | None]
"""What to do about a field that does not exist at a path, where more is known than what is beside it."""


def from_pydantic(
    error: ValidationError, model: type[BaseModel], elsewhere: Elsewhere = lambda path: None
) -> Iterator[Problem]:
    """The same problems in our words; half a character is reported where the text was read."""
    for item in error.errors(include_url=False):
        if item["type"] == "extra_forbidden":
            yield _unknown_field(item["loc"], model, elsewhere)
        elif item["type"] != "string_unicode":
            found = _error_problem(item["loc"], item["type"], item["input"], item.get("ctx", {}))
            is_plain = found.remedy == _REMEDIES["a mapping"] and item["type"] != "dict_type"
            yield replace(found, remedy=_named_members(model, item["loc"])) if is_plain else found


def _named_members(model: type[BaseModel], path: Loc) -> str:
    names = ", ".join(f"`{name}`" for name in siblings(model, (*path, "")))
    return f"{_REMEDIES['a mapping']}: {names}"


def _less_tags(path: Loc) -> Loc:
    return tuple(step for step in path if not _is_tag(step))


def _unknown_field(path: Loc, model: type[BaseModel], elsewhere: Elsewhere) -> Problem:
    loc, name = _less_tags(path), str(path[-1])
    remedy = elsewhere(tuple(step for step in loc if isinstance(step, str)))
    remedy = did_you_mean(name, siblings(model, path)) if remedy is None else remedy
    return Problem(loc, "unknown-field", f"There is no field `{name}` here.", remedy, at_key=True)


def _error_problem(path: Loc, kind: str, got: object, context: Mapping[str, Any]) -> Problem:
    loc, name = _less_tags(path), str(path[-1]) if path else ""
    if kind == "missing":
        return Problem(loc, "missing-field", f"`{name}` is required here.", f"add `{name}: …`")
    if kind == "literal_error":
        known = str(context["expected"]).replace(" or ", ", ").replace("'", "").split(", ")
        message = f"`{got}` is not one of the values allowed here."
        return Problem(loc, "unknown-value", message, did_you_mean(str(got), known))
    return wrong_type(loc, _WANTED.get(kind, "something else"), got)


def siblings(model: type[BaseModel], path: Iterable[str | int]) -> list[str]:
    """The names of the fields that stand beside the last step of a path in a model."""
    here: list[type[BaseModel]] = [model]
    for step in list(path)[:-1]:
        if _is_tag(step):
            here = [one for one in here if _tagged(one, step)] or here
        elif isinstance(step, str):
            here = [inner for one in here for inner in _models(_named_fields(one)[step].annotation)]
    return sorted({name for one in here for name in _named_fields(one)})


def _named_fields(model: type[BaseModel]) -> dict[str, FieldInfo]:
    """The fields by the names they have in a manifest."""
    return {field.alias or name: field for name, field in model.model_fields.items()}


def _tagged(model: type[BaseModel], step: str | int) -> bool:
    return step in [tag(str(word)) for word in get_args(model.model_fields["type"].annotation)]


def _models(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [inner for part in get_args(annotation) for inner in _models(part)]


def places(body: Any, pattern: Sequence[str]) -> Iterator[Loc]:
    """Where a body states something at a path, in which `*` is any entry of a list."""
    if not pattern:
        yield from () if body is None or body is False else ((),)
    elif isinstance(body, Mapping) and pattern[0] in body:
        yield from ((pattern[0], *rest) for rest in places(body[pattern[0]], pattern[1:]))
    elif isinstance(body, list) and pattern[0] == "*":
        yield from ((at, *rest) for at, each in enumerate(body) for rest in places(each, pattern[1:]))
