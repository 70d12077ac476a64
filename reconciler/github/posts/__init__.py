"""The text of what is posted on the code host: the comment of a pull request, the issue of an environment."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

ISSUE_LIMIT: Final = 65_000
"""Characters of the 65,536 that an issue or a comment on it may have."""


def minute(at: datetime) -> str:
    """A time for people: 2026-01-31 10:00 UTC."""
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
