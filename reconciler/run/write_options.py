"""What a person may say of any command that writes."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class WriteOptions:
    """How a command that writes was asked to go about it."""

    auto_approve: bool
    parallelism: int
    timeout: float | None
    state_dir: str | None
    may_ask: bool
    colour: bool | None
    as_json: bool = False
    json_into: str | None = None
