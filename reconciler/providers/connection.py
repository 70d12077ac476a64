"""What it takes to reach a place."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Connection:
    """An address, and the right to be there. The key is in no representation."""

    base_url: str
    state_dir: Path
    api_key: str | None = field(default=None, repr=False)
    organization: str | None = None
    project: str | None = None
    models: Mapping[str, str] = field(default_factory=dict)
    """By the name of a deployment, the model that it is of."""
    waiting: Callable[[str], None] | None = None
    """Who is told that a server is waited for."""

    @property
    def headers(self) -> dict[str, str]:
        """What every request of the Assistants API carries."""
        stated = {
            "OpenAI-Beta": "assistants=v2",
            "Authorization": f"Bearer {self.api_key}" if self.api_key else "",
            "OpenAI-Organization": self.organization or "",
            "OpenAI-Project": self.project or "",
        }
        return {name: value for name, value in stated.items() if value}
