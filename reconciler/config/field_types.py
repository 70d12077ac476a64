"""What single fields of `reconciler.yaml` may hold: the types that its forms are made of."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Annotated, Any, TypeAlias, TypeVar, cast, get_args

from pydantic import AfterValidator, BeforeValidator, ValidationInfo, WithJsonSchema

from reconciler.diagnostics import did_you_mean
from reconciler.kinds import KINDS
from reconciler.kinds.model_schema import NAME_SCHEMA, WrittenAs, nullable, one_or_more
from reconciler.model import NAME, NAME_RULE, Applies
from reconciler.plan.policy import PERMITS
from reconciler.settings import misfit

T = TypeVar("T")
Known: TypeAlias = Mapping[str, Collection[str]]
"""By their sort, the names that are known where the file is read."""

_SHARE = re.compile(r"(?:[0-9]{1,2}|100)%")
_SPAN = re.compile(r"([0-9]{1,4})(m|h|d)")
_SECONDS = {"m": 60, "h": 3600, "d": 86_400}


def _valid_name(value: str) -> str:
    if not NAME.fullmatch(value):
        raise misfit("bad-key", f"`{value}` is not a name.", f"use {NAME_RULE}")
    return value


def _version(value: Any) -> int:
    if type(value) is not int or value != 1:
        raise misfit("config", "This version is not supported.", "write `version: 1`")
    return value


def _valid_folder(value: str) -> str:
    if not value.strip() or "\0" in value:
        raise misfit("unreadable", "This does not name a folder.", "name a folder, from the repository's root on")
    return value


def _valid_limit(value: Any) -> int | str | None:
    if type(value) is int and value >= 0:
        return value
    if value is None or (isinstance(value, str) and _SHARE.fullmatch(value)):
        return value
    raise misfit("wrong-type", "A limit is a number or a share.", "write a number from 0 on, or a share like `20%`")


def _seconds_of(value: Any) -> Any:
    """Seconds, of `30m`, `24h`, `7d`."""
    if value is None:
        return None
    span = _SPAN.fullmatch(value) if isinstance(value, str) else None
    if span is None:
        raise misfit("config", f"`{value}` is not a length of time.", "write it like 30m, 24h or 7d")
    return int(span[1]) * _SECONDS[span[2]]


def _permit(value: str) -> str:
    if value not in PERMITS:
        message = f"`{value}` is not a valid `reconcile.apply` value."
        raise misfit("unknown-value", message, did_you_mean(value, PERMITS))
    return value


def _applies(value: str) -> str:
    if value not in get_args(Applies):
        message = f"`{value}` is not a valid `apply`."
        raise misfit("unknown-value", message, "write `change` or `everything`: what merging a pull request applies")
    return value


def _one_of(what: str) -> AfterValidator:
    """One of the names that are known of its sort where the file is read."""

    def check(value: str, info: ValidationInfo) -> str:
        known = cast(Known, info.context)[what]
        if value not in known:
            raise misfit("unknown-value", f"`{value}` is not a {what}.", did_you_mean(value, known))
        return value

    return AfterValidator(check)


Name = Annotated[str, AfterValidator(_valid_name), WithJsonSchema(NAME_SCHEMA)]
Version = Annotated[int, BeforeValidator(_version), WithJsonSchema({"type": "integer", "const": 1})]
Limit = Annotated[
    Any,
    BeforeValidator(_valid_limit),
    WithJsonSchema({"type": ["integer", "string", "null"], "minimum": 0, "pattern": f"^{_SHARE.pattern}$"}),
]
Span = Annotated[
    int | None,
    BeforeValidator(_seconds_of),
    WithJsonSchema({"type": ["string", "null"], "pattern": f"^{_SPAN.pattern}$"}),
]
Permit = Annotated[str, AfterValidator(_permit), WithJsonSchema({"enum": [*PERMITS]})]
AppliesName = Annotated[str, AfterValidator(_applies), WithJsonSchema({"enum": [*get_args(Applies)]})]
KindName = Annotated[str, _one_of("kind"), WithJsonSchema({"enum": [*KINDS]})]
ProviderName = Annotated[str, _one_of("provider")]
Folder = Annotated[str, AfterValidator(_valid_folder), WithJsonSchema({"type": "string", "pattern": r"\S"})]
OneOrMore = Annotated[
    list[T],
    BeforeValidator(lambda value: [value] if isinstance(value, str) else value),
    WrittenAs(one_or_more),
]
"""A list that may be written as its only entry."""
Section = Annotated[T, BeforeValidator(lambda value: {} if value is None else value), WrittenAs(nullable)]
"""A mapping that states nothing where null is written."""
