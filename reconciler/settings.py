"""What the configuration and the providers agree on: the settings of a provider, and how its server is reached."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar, Final

from pydantic import BaseModel, ConfigDict
from pydantic_core import PydanticCustomError

BEARER: Final = "Authorization"
"""The header in which a key travels as a bearer token."""


def misfit(code: str, message: str, remedy: str) -> PydanticCustomError:
    """An error that passes through pydantic as it is; braces in a remedy stay as they are."""
    return PydanticCustomError(code, "{message}", {"message": message, "remedy": remedy})


@dataclass(frozen=True, slots=True)
class Access:
    """How to reach an environment's server. No secret is in its representation."""

    base_url: str | None = None
    api_key: str | None = field(default=None, repr=False)
    key_source: str = ""
    """Where the key came from, or would: `the variable NAME`."""
    organization: str | None = None
    project: str | None = None
    command: tuple[str, ...] = ()
    """The program that prints the key, and its arguments."""
    key_header: str = BEARER
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    query: Mapping[str, str] = field(default_factory=dict, repr=False)
    """What every URL has."""
    secrets: tuple[str, ...] = field(default=(), repr=False)
    """What of the headers and the query is secret."""
    folder: str | None = None
    """The folder of the checkout that stands for a server."""

    @property
    def has_key(self) -> bool:
        """Whether requests carry a key."""
        return self.api_key is not None or bool(self.command)

    def key_headers(self, key: str | None) -> dict[str, str]:
        """How a key travels."""
        if key is None:
            return {}
        return {self.key_header: f"Bearer {key}" if self.key_header == BEARER else key}


class NoAccessError(Exception):
    """Why a server cannot be reached: a variable is missing, or holds what cannot be used."""

    def __init__(self, message: str, remedy: str, variable: str | None = None, *, is_wrong: bool = False) -> None:
        super().__init__(message)
        self.message, self.remedy = message, remedy
        self.variable = variable
        self.is_wrong = is_wrong
        """Whether the variable itself is what has to be fixed, and not the file."""


class SettingsPart(BaseModel):
    """A mapping of settings: nothing is converted, nothing unknown is accepted."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)


class ProviderSettings(SettingsPart):
    """What an environment states for its provider, beside what each environment may state."""

    remedies: ClassVar[Mapping[str, str]] = {}
    """By the name of a setting, what to write where it is missing."""
    embedded: ClassVar[bool] = False
    """Whether the server is a part of this tool: it has no address and no key, and a checkout has one."""

    remote: ClassVar[bool] = True
    """Whether a server is asked that is not a part of this checkout."""

    @property
    def owned_folder(self) -> str | None:
        """The folder of the checkout that stands for its server, and holds nothing else."""
        return None

    def target(self) -> tuple[str, ...]:
        """What two environments of the provider differ by, unless by their stacks."""
        return ()

    @property
    def runs_commands(self) -> bool:
        """Whether a program is run to reach the server."""
        return False

    def secret_variables(self) -> tuple[str, ...]:
        """The names of the variables whose values are secret."""
        return ()

    def unreached(self) -> Access:
        """Where the server is, for a command that sends nothing there."""
        return Access()

    def access(self, environment: str, environ: Mapping[str, str]) -> Access:
        """How to reach the server of that environment; `NoAccessError` where something is missing."""
        return self.unreached()

    def differences(self, other: ProviderSettings) -> tuple[str, ...]:
        """The names of the settings that the other has otherwise."""
        names = dict.fromkeys((*type(self).model_fields, *type(other).model_fields))
        return tuple(name for name in names if getattr(self, name, None) != getattr(other, name, None))
