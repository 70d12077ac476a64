"""What the application has to know of an API: one value of data and functions."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from reconciler.emulator.settings import Settings
from reconciler.emulator.shapes import Fields, Shape


class RequestShape(Protocol):
    """What the body of a create or a modify looks like."""

    def __call__(self, settings: Settings, *, creating: bool) -> Shape: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Api:
    """One API: the words of its answers, what it accepts, and what becomes of an object."""

    name: str
    """The last step of its path; the database knows its objects by it."""
    title: str
    noun: str
    """What an object is called, in its `object` and in errors."""
    id_prefix: str
    beta: str
    """What the `OpenAI-Beta` header has to name."""
    cursors: tuple[str, ...]
    """Which of `after` and `before` a listing takes."""
    tells_updates: bool
    """Whether an object has `updated_at`."""
    largest: int
    """How many bytes a body may have."""
    tools: frozenset[str]
    """The types of tools that an object may have."""
    request: RequestShape
    create: Callable[[Fields, Settings, str], Fields]
    """What is kept of a new object with that id."""
    modify: Callable[[Fields, Fields, Settings], Fields]
    """What is kept after a modify."""
    echo: Callable[[Fields, Settings], Fields]
    """What is answered of what is kept."""
