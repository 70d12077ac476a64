"""What `rules:` of reconciler.yaml comes to for one environment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Literal, TypeAlias

from reconciler.diagnostics import Severity

Chosen: TypeAlias = Severity | Literal["allow"]
"""How severe a finding is; `allow` drops it."""


@dataclass(frozen=True, slots=True)
class RuleSettings:
    """The severities that a team chose, and its policy."""

    severity: Mapping[str, Chosen] = field(default_factory=dict)
    models: tuple[str, ...] | None = None
    """Patterns of the models that may be used; any where none is stated."""
    metadata: tuple[str, ...] = ()
    """The metadata keys that every manifest must have."""
    forbidden: tuple[str, ...] = ()
    """Words and phrases that no text for the model may contain."""
    largest_prompt: int | None = None
    """The most characters that a prompt may have."""

    @property
    def states_policy(self) -> bool:
        """Whether there is any policy beside severities."""
        return bool(self.models is not None or self.metadata or self.forbidden or self.largest_prompt is not None)

    def less_errors(self) -> RuleSettings:
        """The settings as if no finding were to be an error."""
        return replace(self, severity={code: chosen for code, chosen in self.severity.items() if chosen != "error"})
