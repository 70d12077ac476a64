"""Which function tool a field is of, or whether it is of the answer's schema: those are told as one."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Protocol, TypeVar

from reconciler import paths

ANSWER = "response_format.json_schema.schema"
_FUNCTIONS = ("tools", "functions")
_DEPTH = 3  # of the path of a function


def owner(path: str) -> str:
    """The path of the function, or of the answer's schema, that a path is in; nothing where it is in none."""
    if path.startswith(ANSWER):
        return ANSWER
    if not path.startswith("tools.functions"):
        return ""
    try:
        steps = paths.read(path)
    except paths.BadPath:
        return ""
    return paths.show(steps[:_DEPTH]) if steps[:2] == _FUNCTIONS and len(steps) >= _DEPTH else ""


class _Placed(Protocol):
    @property
    def path(self) -> str: ...


_P = TypeVar("_P", bound=_Placed)


def by_owner(placed: Iterable[_P]) -> Mapping[str, list[_P]]:
    """Things with a path by their owner, in their order; those without one under the empty text."""
    found: defaultdict[str, list[_P]] = defaultdict(list)
    for one in placed:
        found[owner(one.path)].append(one)
    return found


def name(one: str) -> str:
    """The name of the function that an owner is; nothing for the answer's schema."""
    return "" if one == ANSWER else paths.read(one)[-1]


def within(path: str, one: str) -> str:
    """The path as it reads below its owner; nothing for the owner itself."""
    return path.removeprefix(one).removeprefix(".")
