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
