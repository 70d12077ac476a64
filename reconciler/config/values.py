"""What `reconciler.yaml` comes to: environments with everything resolved."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from reconciler.diagnostics import Diagnostic, Location
from reconciler.plan.guards import Limits
from reconciler.plan.policy import Policy
from reconciler.rules import RuleSettings
from reconciler.settings import ProviderSettings

FILE: Final = "reconciler.yaml"
LOCAL: Final = "local"
DEFAULT_STACK: Final = "default"


@dataclass(frozen=True, slots=True)
class Environment:
    """A named target."""

    name: str
    provider: str
    settings: ProviderSettings = field(default_factory=ProviderSettings)
    """What is stated for its provider."""
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
    rules: RuleSettings = field(default_factory=RuleSettings)
    """How severe findings are, and the team's policy."""
    borrowed: bool = False
    """Whether the stack is not the one that the file gives it."""
    defaulted: bool = False
    """Whether it is `local` because no other was selected."""
    of_base: bool = False
    """Whether it is as a revision has it that the change under review cannot have edited."""
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
    implied: Mapping[str, Environment] = field(default_factory=dict, compare=False)
    """Those that need no file: the provider's name is enough."""
    broken: Mapping[str, tuple[Diagnostic, ...]] = field(default_factory=dict)
    """By name, what is wrong with the environments that cannot be used; the others can."""
    sources: Mapping[str, str] = field(default_factory=dict, repr=False)
    """The text of its file and of those that this extends, less what may be secret."""
    extends: tuple[str, ...] = ()
    """The files that its file extends, the nearest first, as seen from the root."""

    def secret_variables(self) -> frozenset[str]:
        """The names of the variables that hold the secrets of any environment."""
        return frozenset(name for each in self.environments.values() for name in each.settings.secret_variables())

    def all_names(self) -> tuple[str, ...]:
        """The environments that the file states, less those on the embedded server where there are others."""
        stated = [name for name, environment in self.environments.items() if environment.place is not None]
        away = [name for name in stated if not self.environments[name].settings.embedded]
        return tuple(sorted({*(away or stated or self.environments), *self.broken}))


@dataclass(frozen=True, slots=True)
class Loaded:
    """The configuration, if it has no errors; and the texts of its files, less what may be secret."""

    config: Config | None
    faults: tuple[Diagnostic, ...]
    sources: Mapping[str, str]
