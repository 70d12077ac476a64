"""The settings of every server that is reached over HTTP: its address, its key, and what else requests carry."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Final, TypeAlias

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    ValidationInfo,
    WithJsonSchema,
    field_validator,
    model_validator,
)

from reconciler import urls
from reconciler.kinds.model_schema import Schema, WrittenAs, united
from reconciler.settings import BEARER, Access, NoAccessError, ProviderSettings, SettingsPart, misfit

_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_TOKEN = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
"""What the name of a header may be."""
_LIKE_A_KEY = re.compile(r"(?:^|[_-])(?:(?:api)?key|pat|sig|token|secret|password|credentials?|cookie)$", re.IGNORECASE)
_BY_ITSELF = "remove it: each request states it by itself"
_OWN_HEADERS = {
    BEARER.lower(): "write `api_key`, and `auth: {header: NAME}` where it does not travel as a bearer token",
    "openai-organization": "write `organization`, if the provider has it",
    "openai-project": "write `project`, if the provider has it",
    **dict.fromkeys(
        (
            "accept-encoding", "connection", "content-encoding", "content-length", "content-type", "expect", "host",
            "keep-alive", "openai-beta", "proxy-authenticate", "proxy-authorization", "proxy-connection", "te",
            "trailer", "transfer-encoding", "upgrade",
        ),
        _BY_ITSELF,
    ),
}  # fmt: skip
"""By its name, what to do in place of stating a header."""
_PAGING = ("after", "before", "limit", "order")


@dataclass(frozen=True, slots=True)
class Variable:
    """What stands for the value of a variable."""

    name: str


Value: TypeAlias = str | Variable


def _value(stated: Any) -> Value:
    """A text, or the variable that holds it."""
    if isinstance(stated, Variable) or (isinstance(stated, str) and stated.isascii() and stated.isprintable()):
        return stated
    name = stated.get("env") if isinstance(stated, dict) and len(stated) == 1 else None
    if isinstance(name, str) and _VARIABLE.fullmatch(name):
        return Variable(name)
    raise misfit("wrong-type", "A plain text or `{env: NAME}` belongs here.", "quote it, if it is a number")


_VARIABLE_NAME: Final = {"type": "string", "pattern": f"^{_VARIABLE.pattern}$"}
_STATED_SCHEMA: Final[Schema] = {
    "type": ["string", "object"],
    "properties": {"env": {"description": "The variable that holds the text.", **_VARIABLE_NAME}},
    "required": ["env"],
    "additionalProperties": False,
}
Stated: TypeAlias = Annotated[Any, BeforeValidator(_value), WithJsonSchema(_STATED_SCHEMA)]


def _no_key(value: Any) -> Any:
    if isinstance(value, str):
        remedy = "write `api_key: {env: NAME}`, put the key into that variable, and revoke the one that stood here"
        raise misfit("config", "A key may not stand in a file.", remedy)
    return value


def _variable_name(value: str) -> str:
    if not _VARIABLE.fullmatch(value):
        raise misfit("config", "This is not a name of a variable.", "write `{env: NAME}`, never the key itself")
    return value


def _is_list(value: Any) -> Any:
    if isinstance(value, str):
        raise misfit("wrong-type", "A command is a list, which no shell reads.", "write it like `[az, account, …]`")
    return value


def _program(value: list[str]) -> list[str]:
    if "/" in value[0] and not value[0].startswith("/"):
        message = f"The program `{value[0]}` is relative: a checkout could bring its own."
        raise misfit("config", message, "name one that is found on PATH, or write its absolute path")
    if not value[0] or any("\0" in word for word in value):
        raise misfit("config", "This is not a command.", "name the program first, and each argument by itself")
    return value


def _url(value: str) -> str:
    if "?" in value:
        remedy = "write what follows the `?` as `query: {NAME: VALUE}`"
        raise misfit("config", "The address may not have a query.", remedy)
    try:
        return urls.checked(value)
    except urls.BadUrlError as error:
        raise misfit("config", f"The address {error}.", "write it like `https://api.example.com/v1`") from error


def _header_name(name: str) -> str:
    if not _TOKEN.fullmatch(name):
        raise misfit("config", f"`{name}` is not a name of a header.", "use letters, digits and `-`")
    if name.lower() in _OWN_HEADERS:
        raise misfit("config", f"The header `{name}` cannot be stated.", _OWN_HEADERS[name.lower()])
    return name


def _bearer(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    if value != "bearer":
        remedy = "write `auth: bearer`, or `auth: {header: NAME}`"
        raise misfit("unknown-value", f"`{value}` is not a way in which a key travels.", remedy)
    return None


def header_text(environ: Mapping[str, str], name: str) -> str | None:
    """What a variable holds, without spaces around it; an empty one is none."""
    return _printable(environ, name, " ")


def _printable(environ: Mapping[str, str], name: str, without: str | None = None) -> str | None:
    value = environ.get(name, "").strip()
    if value.isascii() and value.isprintable() and (without is None or without not in value):
        return value or None
    message = "This variable holds characters that no header may have."
    raise NoAccessError(message, "set it again, as one line", name, is_wrong=True)


class KeySource(SettingsPart):
    """Where a key comes from: a variable, or what a command prints."""

    env: Annotated[
        Annotated[str, AfterValidator(_variable_name), WithJsonSchema(_VARIABLE_NAME)] | None,
        Field(description="The variable that holds the key."),
    ] = None
    command: Annotated[
        Annotated[list[str], BeforeValidator(_is_list), Field(min_length=1), AfterValidator(_program)] | None,
        Field(description="The program that prints the key, and its arguments."),
    ] = None

    @model_validator(mode="after")
    def _is_one(self) -> KeySource:
        if (self.env is None) == (self.command is None):
            remedy = "write `api_key: {env: NAME}`, or `api_key: {command: [PROGRAM, …]}`"
            found = "neither" if self.env is None else "both"
            raise misfit("missing-field", f"`api_key` has either `env` or `command`; this one has {found}.", remedy)
        return self


class KeyHeader(SettingsPart):
    """The header in which a key travels, alone."""

    header: Annotated[str, AfterValidator(_header_name), Field(description="The name of the header.")]


_URL_SCHEMA: Final[Schema] = {
    "type": "string",
    "pattern": "^https?://[^?#@]+$",
    "patternErrorMessage": "Write an address like https://api.example.com/v1.",
}
Key: TypeAlias = Annotated[
    KeySource,
    BeforeValidator(_no_key),
    WrittenAs(lambda mapping: mapping | {"minProperties": 1}),
]
Url: TypeAlias = Annotated[str, AfterValidator(_url), WithJsonSchema(_URL_SCHEMA)]


class HttpSettings(ProviderSettings):
    """What is stated for any server that is reached over HTTP. The address is checked last: it depends on the rest."""

    usual_key: ClassVar[str | None] = None
    """The variable that holds the key where none is stated."""
    usual_query: ClassVar[Mapping[str, str]] = {}
    """What every URL has, unless it is stated otherwise."""

    api_key: Annotated[Key | None, Field(description="Where the key comes from: never the key itself.")] = None
    auth: Annotated[
        KeyHeader | None,
        BeforeValidator(_bearer),
        WrittenAs(lambda mapping: united({"enum": ["bearer"]}, mapping)),
        Field(description="How the key travels: `bearer`, or the name of a header."),
    ] = None
    headers: dict[Annotated[str, AfterValidator(_header_name)], Stated] = Field(
        default_factory=dict, description="Headers of every request."
    )
    query: dict[str, Stated] = Field(default_factory=dict, description="What every address ends in, such as a version.")
    base_url: Annotated[Url | None, Field(description="The address of the server.")] = None

    @field_validator("headers", "query")
    @classmethod
    def _holds_no_key(cls, values: dict[str, Value]) -> dict[str, Value]:
        for name, value in values.items():
            if isinstance(value, str) and _LIKE_A_KEY.search(name):
                remedy = f"write `{name}: {{env: VARIABLE}}`, and revoke what stood here if it was a key"
                raise misfit("config", f"`{name}` is like a key, and a key may not stand in a file.", remedy)
        return values

    @field_validator("headers")
    @classmethod
    def _is_stated_once(cls, values: dict[str, Value], info: ValidationInfo) -> dict[str, Value]:
        auth = info.data.get("auth")
        seen = {auth.header.lower(): auth.header} if isinstance(auth, KeyHeader) else {}
        for name in values:
            if (other := seen.setdefault(name.lower(), name)) is not name:
                message = f"The headers `{other}` and `{name}` are one."
                raise misfit("config", message, "remove one of them: names of headers have no case")
        return values

    @field_validator("query")
    @classmethod
    def _leaves_paging(cls, values: dict[str, Value]) -> dict[str, Value]:
        for name in values:
            if name.lower() in _PAGING or not name:
                raise misfit("config", f"`{name}` cannot be stated: lists are read page by page.", "remove it")
        return values

    @field_validator("base_url")
    @classmethod
    def _keeps_secrets(cls, value: str | None, info: ValidationInfo) -> str | None:
        stated = [*(info.data.get("headers") or {}).values(), *(info.data.get("query") or {}).values()]
        secret = info.data.get("api_key") or any(isinstance(each, Variable) for each in stated)
        if value and secret and not urls.may_have_key(value):
            message = "A key is never sent over plain http to another machine."
            raise misfit("config", message, "write https://, or leave `api_key` and what is from variables out")
        return value

    def target(self) -> tuple[str, ...]:
        url = self.unreached().base_url
        return (urls.canonical(url) if url else "",)

    @property
    def runs_commands(self) -> bool:
        return self.api_key is not None and self.api_key.command is not None

    def secret_variables(self) -> tuple[str, ...]:
        key = self._key_variable()
        return (*([key] if key else []), *self._variables())

    def unreached(self) -> Access:
        return Access(self.base_url)

    def access(self, environment: str, environ: Mapping[str, str]) -> Access:
        url, command = self._address(environ), tuple(self.api_key.command or ()) if self.api_key else ()
        found = {name: _value_of(name, f"`{environment}` requires it", environ) for name in self._variables()}
        key, source = self._key(environment, environ, url)
        if (command or found) and url and not urls.may_have_key(url):
            raise NoAccessError("A secret is never sent over plain http to another machine.", _https(url))

        def filled(values: Mapping[str, Value]) -> dict[str, str]:
            return {name: found[of.name] if isinstance(of, Variable) else of for name, of in values.items()}

        return Access(
            url,
            key,
            f"the command `{' '.join(command)}`" if command else source,
            command=command,
            key_header=self.auth.header if self.auth else BEARER,
            headers=filled(self.headers),
            query={**self.usual_query, **filled(self.query)},
            secrets=tuple(found.values()),
        )

    def _address(self, environ: Mapping[str, str]) -> str | None:
        return self.base_url

    def _variables(self) -> tuple[str, ...]:
        """Those that hold what headers and URLs carry."""
        stated = (*self.headers.values(), *self.query.values())
        return tuple(dict.fromkeys(value.name for value in stated if isinstance(value, Variable)))

    def _key_variable(self) -> str | None:
        return self.api_key.env if self.api_key else self.usual_key

    def _key(self, environment: str, environ: Mapping[str, str], url: str | None) -> tuple[str | None, str]:
        """The key that a variable holds, and where it came from or would."""
        name = self._key_variable()
        if name is None:
            return None, ""
        key = header_text(environ, name)
        if key is None and (self.api_key or not url or not urls.is_loopback(url)):
            message = f"The variable {name} is not set, and `{environment}` requires a key."
            raise NoAccessError(message, f"set {name}, or choose another environment with -e", name)
        if key and url and not urls.may_have_key(url):
            raise NoAccessError(f"The key in {name} is never sent over plain http to another machine.", _https(url))
        return key, f"the variable {name}"


def _value_of(name: str, why: str, environ: Mapping[str, str]) -> str:
    value = _printable(environ, name)
    if value is None:
        raise NoAccessError(f"The variable {name} is not set, and {why}.", f"set {name}", name)
    return value


def _https(url: str) -> str:
    return f"use https:// rather than {url}"
