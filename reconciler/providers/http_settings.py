"""The settings of every server that is reached over HTTP: its address, its key, and how that travels."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Any, ClassVar

from pydantic import AfterValidator, BeforeValidator, ValidationInfo, field_validator

from reconciler import urls
from reconciler.settings import Access, NoAccessError, ProviderSettings, SettingsPart, misfit

_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def _no_key(value: Any) -> Any:
    if isinstance(value, str):
        remedy = "write `api_key: {env: NAME}`, put the key into that variable, and revoke the one that stood here"
        raise misfit("config", "A key may not stand in a file.", remedy)
    return value


def _variable_name(value: str) -> str:
    if not _VARIABLE.fullmatch(value):
        raise misfit("config", "This is not a name of a variable.", "write `{env: NAME}`, never the key itself")
    return value


def _url(value: str) -> str:
    try:
        return urls.checked(value)
    except urls.BadUrlError as error:
        raise misfit("config", f"The address {error}.", "write it like `https://api.example.com/v1`") from error


def header_text(environ: Mapping[str, str], name: str) -> str | None:
    """What a variable holds, without spaces around it; an empty one is none."""
    value = environ.get(name, "").strip()
    if value.isascii() and value.isprintable() and " " not in value:
        return value or None
    message = "This variable holds characters that no header may have."
    raise NoAccessError(message, "set it again, as one line", name, is_wrong=True)


class KeySource(SettingsPart):
    """Where a key comes from."""

    env: Annotated[str, AfterValidator(_variable_name)]


class HttpSettings(ProviderSettings):
    """What is stated for any server that is reached over HTTP. The address is checked last: it depends on the rest."""

    usual_key: ClassVar[str | None] = None
    """The variable that holds the key where none is stated."""

    api_key: Annotated[KeySource | None, BeforeValidator(_no_key)] = None
    base_url: Annotated[str, AfterValidator(_url)] | None = None

    @field_validator("base_url")
    @classmethod
    def _keeps_secrets(cls, value: str | None, info: ValidationInfo) -> str | None:
        if value and info.data.get("api_key") and not urls.may_have_key(value):
            message = "A key is never sent over plain http to another machine."
            raise misfit("config", message, "write https://, or leave `api_key` out")
        return value

    def target(self) -> tuple[str, ...]:
        url = self.unreached().base_url
        return (urls.canonical(url) if url else "",)

    def secret_variables(self) -> tuple[str, ...]:
        name = self._key_variable()
        return (name,) if name else ()

    def unreached(self) -> Access:
        return Access(self.base_url)

    def access(self, environment: str, environ: Mapping[str, str]) -> Access:
        url = self._address(environ)
        name = self._key_variable()
        return Access(
            url,
            self._key(name, environment, environ, url) if name else None,
            f"the variable {name}" if name else "",
        )

    def _address(self, environ: Mapping[str, str]) -> str | None:
        return self.base_url

    def _key_variable(self) -> str | None:
        return self.api_key.env if self.api_key else self.usual_key

    def _key(self, name: str, environment: str, environ: Mapping[str, str], url: str | None) -> str | None:
        key = header_text(environ, name)
        if key is None and (self.api_key or not url or not urls.is_loopback(url)):
            message = f"The variable {name} is not set, and `{environment}` requires a key."
            raise NoAccessError(message, f"set {name}, or choose another environment with -e", name)
        if key and url and not urls.may_have_key(url):
            message = f"The key in {name} is never sent over plain http to another machine."
            raise NoAccessError(message, f"use https:// rather than {url}")
        return key
