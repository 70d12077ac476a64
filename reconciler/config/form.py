"""The form of `reconciler.yaml`, and what is said where a file has another."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Final, TypeAlias, cast, get_args

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, ValidationInfo
from pydantic_core import ErrorDetails, PydanticCustomError

from reconciler.config import urls
from reconciler.diagnostics import CODES, Diagnostic, did_you_mean
from reconciler.model import NAME, Applies
from reconciler.plan.unattended import PERMITS
from reconciler.source import Node, locate, plain

Known: TypeAlias = Mapping[str, Collection[str]]

_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_SHARE = re.compile(r"(?:[0-9]{1,2}|100)%")
_SPAN = re.compile(r"([0-9]{1,4})(m|h|d)")
_SECONDS = {"m": 60, "h": 3600, "d": 86_400}
_KINDS_OF_VALUE: Final = {
    "string_type": "Text",
    "list_type": "A list",
    "dict_type": "A mapping",
    "model_type": "A mapping",
    "bool_type": "`true` or `false`",
}


def _wrong(code: str, message: str, remedy: str) -> PydanticCustomError:
    """An error that passes through pydantic as the fault it is; braces in a remedy stay as they are."""
    return PydanticCustomError(code, "{said}", {"said": message, "remedy": remedy})


def _name(value: str) -> str:
    if not NAME.fullmatch(value):
        remedy = "small letters, digits, `.`, `_`, `-`; at most 64; a letter or digit first"
        raise _wrong("bad-key", f"`{value}` is not a name.", remedy)
    return value


def _version(value: Any) -> int:
    if type(value) is not int or value != 1:
        raise _wrong("config", "This version is not supported.", "write `version: 1`")
    return value


def _stack(value: Any) -> Any:
    if value is None or isinstance(value, str | dict):
        return {"name": value} if isinstance(value, str) else value
    raise _wrong("wrong-type", "A stack is a name, or `{name: …, was: […]}`.", "quote it, if it is a name")


def _listed(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


def _folder(value: str) -> str:
    if not value.strip() or "\0" in value:
        raise _wrong("unreadable", "This does not name a folder.", "name a folder, from the repository's root on")
    return value


def _api_key(value: Any) -> Any:
    if isinstance(value, str):
        remedy = "write `api_key: {env: NAME}`, put the key into that variable, and revoke the one that stood here"
        raise _wrong("config", "A key may not stand in a file.", remedy)
    return value


def _variable(value: str) -> str:
    if not _VARIABLE.fullmatch(value):
        raise _wrong("config", "This is not a name of a variable.", "write `{env: NAME}`, never the key itself")
    return value


def _url(value: str) -> str:
    try:
        return urls.checked(value)
    except urls.BadUrlError as error:
        raise _wrong("config", f"The address {error}.", "write it like `https://api.example.com/v1`") from error


def _limit(value: Any) -> int | str | None:
    if type(value) is int and value >= 0:
        return value
    if value is None or (isinstance(value, str) and _SHARE.fullmatch(value)):
        return value
    raise _wrong("wrong-type", "A limit is a number or a share.", "write a number from 0 on, or a share like `20%`")


def _span(value: Any) -> Any:
    """Seconds, of `30m`, `24h`, `7d`."""
    if value is None:
        return None
    found = _SPAN.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        raise _wrong("config", f"`{value}` is not a length of time.", "write it like 30m, 24h or 7d")
    return int(found[1]) * _SECONDS[found[2]]


def _permit(value: str) -> str:
    if value not in PERMITS:
        raise _wrong(
            "unknown-value", f"`{value}` is not a valid `reconcile.apply` value.", did_you_mean(value, PERMITS)
        )
    return value


def _applies(value: str) -> str:
    if value not in get_args(Applies):
        message = f"`{value}` is not a valid `apply`."
        raise _wrong("unknown-value", message, "write `change` or `everything`: what merging a pull request applies")
    return value


def _provider(value: str, info: ValidationInfo) -> str:
    return _one_of(value, "provider", info)


def _kind(value: str, info: ValidationInfo) -> str:
    return _one_of(value, "kind", info)


def _one_of(value: str, what: str, info: ValidationInfo) -> str:
    known = cast(Known, info.context)[what]
    if value not in known:
        raise _wrong("unknown-value", f"`{value}` is not a {what}.", did_you_mean(value, known))
    return value


def _empty(value: Any) -> Any:
    return {} if value is None else value


Name = Annotated[str, AfterValidator(_name)]
Limit = Annotated[Any, BeforeValidator(_limit)]


class Form(BaseModel):
    """A mapping of the file: nothing is converted, nothing unknown is let pass."""

    model_config = ConfigDict(strict=True, extra="forbid")


class StackForm(Form):
    name: Name
    was: list[Name] = []


class KeyForm(Form):
    env: Annotated[str, AfterValidator(_variable)]


class LimitsForm(Form):
    deletes: Limit = None
    changes: Limit = None


class ReconcileForm(Form):
    apply: Annotated[list[Annotated[str, AfterValidator(_permit)]] | None, BeforeValidator(_listed)] = None
    after: Annotated[int | None, BeforeValidator(_span)] = None


class AllowForm(Form):
    by_author: bool | None = None


class EnvironmentForm(Form):
    apply: Annotated[str, AfterValidator(_applies)] | None = None
    provider: Annotated[str, AfterValidator(_provider)] | None = None
    base_url: Annotated[str, AfterValidator(_url)] | None = None
    api_key: Annotated[KeyForm | None, BeforeValidator(_api_key)] = None
    organization: str | None = None
    project: str | None = None
    kinds: list[Annotated[str, AfterValidator(_kind)]] | None = None
    stack: Annotated[StackForm | None, BeforeValidator(_stack)] = None
    values: dict[str, str] = {}
    models: dict[str, str] = {}
    limits: Annotated[LimitsForm, BeforeValidator(_empty)] = LimitsForm()
    reconcile: Annotated[ReconcileForm, BeforeValidator(_empty)] = ReconcileForm()
    allow: Annotated[AllowForm, BeforeValidator(_empty)] = AllowForm()


class FileForm(Form):
    version: Annotated[int, BeforeValidator(_version)]
    apply: Annotated[str, AfterValidator(_applies)] | None = None
    stack: Annotated[StackForm | None, BeforeValidator(_stack)] = None
    manifests: Annotated[
        list[Annotated[str, AfterValidator(_folder)]], BeforeValidator(_listed), Field(min_length=1)
    ] = ["assistants"]
    environments: Annotated[
        dict[Name, Annotated[EnvironmentForm, BeforeValidator(_empty)]], BeforeValidator(_empty)
    ] = {}
    limits: Annotated[LimitsForm, BeforeValidator(_empty)] = LimitsForm()
    reconcile: Annotated[ReconcileForm, BeforeValidator(_empty)] = ReconcileForm()
    allow: Annotated[AllowForm, BeforeValidator(_empty)] = AllowForm()
    default_environment: str | None = None


@dataclass(frozen=True, slots=True)
class ReadForm:
    """The file in its form, less the environments that have another; without a form where the file has another."""

    form: FileForm | None
    wrong: tuple[tuple[str | None, Diagnostic], ...] = ()
    """Every fault, with the environment that it is of; one of the file as a whole has none."""


def read(node: Node, known: Known) -> ReadForm:
    """The file in its form, and every place where it has another."""
    value = cast(dict[str, Any], plain(node))
    try:
        return ReadForm(FileForm.model_validate(value, context=known))
    except ValidationError as error:
        details = error.errors(include_url=False, include_input=False)
    wrong = tuple((_environment_of(detail["loc"]), _fault(node, detail)) for detail in details)
    broken = {name for name, _ in wrong}
    if None in broken:
        return ReadForm(None, wrong)
    sound = {name: one for name, one in value["environments"].items() if name not in broken}
    return ReadForm(FileForm.model_validate({**value, "environments": sound}, context=known), wrong)


def _environment_of(path: tuple[int | str, ...]) -> str | None:
    return str(path[1]) if len(path) > 1 and path[0] == "environments" else None


def _fault(node: Node, detail: ErrorDetails) -> Diagnostic:
    path, kind = detail["loc"], detail["type"]
    of_key = kind == "extra_forbidden" or path[-1:] == ("[key]",)
    place = locate(node, path, key=of_key)
    if kind in CODES:
        context = detail["ctx"]
        return Diagnostic(place, kind, context["said"], context["remedy"])
    if kind == "extra_forbidden":
        return Diagnostic(
            place, "unknown-field", f"There is no `{path[-1]}` here.", did_you_mean(str(path[-1]), _known(path))
        )
    if kind == "missing":
        return Diagnostic(place, "missing-field", f"`{path[-1]}` is missing.", _MISSING.get(str(path[-1]), ""))
    if kind == "too_short":
        return Diagnostic(place, "missing-field", "An empty list.", "name one at least, or leave it out")
    wanted = _KINDS_OF_VALUE.get(kind, "Something else")
    return Diagnostic(
        place, "wrong-type", f"{wanted} belongs here.", "quote it, if it is text" if wanted == "Text" else ""
    )


_MISSING: Final = {
    "version": "write `version: 1` as the first line",
    "env": "name the variable that holds the key: `api_key: {env: NAME}`",
    "name": "write `stack: {name: …, was: […]}`, or the name alone",
}
_FORMS: Final[dict[str, type[Form]]] = {
    "stack": StackForm,
    "api_key": KeyForm,
    "limits": LimitsForm,
    "reconcile": ReconcileForm,
    "allow": AllowForm,
}


def _known(path: tuple[int | str, ...]) -> list[str]:
    """The fields of the mapping that the path's last step was written in."""
    holder = str(path[-2]) if len(path) > 1 else ""
    inner: type[Form] = EnvironmentForm if len(path) == 3 and path[0] == "environments" else FileForm
    return list((inner if inner is EnvironmentForm else _FORMS.get(holder, FileForm)).model_fields)
