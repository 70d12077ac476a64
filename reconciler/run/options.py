"""Options that many commands share: the environment to open, and how a plan is carried out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from reconciler.model import Address


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionOptions:
    """Which environment a command opens, where its state is, and how it prints."""

    environment: str | None = None
    stack: str | None = None
    state_dir: str | None = None
    timeout: float | None = None
    colour: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ApplyOptions(SessionOptions):
    """How a command carries out a plan: the options of the command line, and what the command adds."""

    command: str = "apply"
    auto_approve: bool = False
    may_ask: bool = True
    parallelism: int = 8
    as_json: bool = False
    json_into: str | None = None
    planned_before: bool = False
    """Whether the plan was made at another time, so that each object is read again before it is written."""
    own_files: tuple[str, ...] = ()
    """Files that the command itself reads or writes, which belong to no commit."""
    commit: str | None = None
    """The commit whose manifests are applied, where it is not the one that is checked out."""
    rolls_back: str | None = None
    rejected: Mapping[Address, str] = field(default_factory=dict)

    def with_own_file(self, path: str | None) -> ApplyOptions:
        """The options, with one more file that the command itself reads."""
        return self if path is None else replace(self, own_files=(*self.own_files, path))
