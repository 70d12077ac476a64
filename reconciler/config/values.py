"""What `reconciler.yaml` comes to: environments with everything resolved."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from reconciler.diagnostics import Diagnostic, Location
from reconciler.plan.guards import Limits
from reconciler.plan.policy import Policy

FILE: Final = "reconciler.yaml"
LOCAL: Final = "local"
OPENAI: Final = "openai"
DEFAULT_STACK: Final = "default"


@dataclass(frozen=True, slots=True)
class Environment:
    """A named target."""

    name: str
    provider: str
    base_url: str | None = None
    api_key: str | None = None
    """The name of the variable that holds the key, never the key."""
    organization: str | None = None
    project: str | None = None
    kinds: tuple[str, ...] | None = None
    stack: str = DEFAULT_STACK
    former_stacks: tuple[str, ...] = ()
    values: Mapping[str, str] = field(default_factory=dict)
    models: Mapping[str, str] = field(default_factory=dict)
    limits: Limits = field(default_factory=Limits)
    reconcile: Policy = field(default_factory=Policy)
    """What a scheduled run may write."""
    allow_by_author: bool = True
    """Whether a label counts that was set by who opened the pull request."""
    apply: str = "change"
    """Whether merging a pull request applies only what it changes, or everything that is pending."""
    borrowed: bool = False
    """Whether the stack is not the one that the file gives it."""
    defaulted: bool = False
    """Whether it is `local` because no other was selected."""
    place: Location | None = None

    def stack_from(self, pattern: str) -> str:
        """The name of a stack, in which `{stack}` stands for the environment's own."""
        return pattern.replace("{stack}", self.stack)


@dataclass(frozen=True, slots=True)
class Config:
    """Where manifests are, and where they may be applied to."""

    root: Path
    file: str | None
    manifests: tuple[str, ...]
    environments: Mapping[str, Environment]
    default_environment: str | None
    broken: Mapping[str, tuple[Diagnostic, ...]] = field(default_factory=dict)
    """By name, what is wrong with the environments that cannot be used; the others can."""
    sources: Mapping[str, str] = field(default_factory=dict, repr=False)
    """The text of its file, less what may be secret."""

    def all_names(self) -> tuple[str, ...]:
        """The environments that the file states, less those on the embedded server where there are others."""
        stated = [name for name, environment in self.environments.items() if environment.place is not None]
        away = [name for name in stated if self.environments[name].provider != LOCAL]
        return tuple(sorted({*(away or stated or self.environments), *self.broken}))


@dataclass(frozen=True, slots=True)
class Loaded:
    """The configuration, if it has no errors; and the text of its file, less what may be secret."""

    config: Config | None
    faults: tuple[Diagnostic, ...]
    sources: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Access:
    """How to reach an environment's server."""

    base_url: str | None
    api_key: str | None = field(default=None, repr=False)
    organization: str | None = None
    project: str | None = None
