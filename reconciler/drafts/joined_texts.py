"""A change of a text that several files make up → the new text of each file."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import SequenceMatcher


def split_again(parts: Sequence[str], after: str) -> list[str] | None:
    """The texts that joined by empty lines are `after`, as few of them changed as possible; None where none are."""
    whole = [*parts]
    for index in range(len(parts) - 1, -1, -1):
        lead = "".join(f"{part}\n\n" for part in parts[:index])
        rest = "".join(f"\n\n{part}" for part in parts[index + 1 :])
        if len(after) > len(lead) + len(rest) and after.startswith(lead) and after.endswith(rest):
            whole[index] = after[len(lead) : len(after) - len(rest)]
            return whole if _is_joined(whole, after) else None
    return _split_by_lines(parts, after)


def _is_joined(parts: Sequence[str], after: str) -> bool:
    return all(part == part.strip("\r\n") and part.strip() for part in parts) and "\n\n".join(parts) == after


def _split_by_lines(parts: Sequence[str], after: str) -> list[str] | None:
    """The same where several parts changed: a new line belongs to the part of the line that it replaces or follows."""
    owners: list[int | None] = []
    for index, part in enumerate(parts):
        owners += [*([None] if index else []), *([index] * len(part.split("\n")))]
    lines: list[list[str]] = [[] for _ in parts]
    before, became = "\n\n".join(parts).split("\n"), after.split("\n")
    for what, start, end, first, last in SequenceMatcher(None, before, became, autojunk=False).get_opcodes():
        if what == "equal":
            placed = zip(owners[start:end], became[first:last], strict=True)
        else:
            owner = _owner(owners, start, end)
            placed = zip([owner] * (last - first), became[first:last], strict=True)
            if owner is None:
                return None
        for each, line in placed:
            if each is not None:
                lines[each].append(line)
    whole = ["\n".join(each) for each in lines]
    return whole if _is_joined(whole, after) else None


def _owner(owners: Sequence[int | None], start: int, end: int) -> int | None:
    """Whose the lines are that come in place of some, or where none are; None where it is more than one part's."""
    if end > start:
        replaced = {*owners[start:end]}
        return replaced.pop() if len(replaced) == 1 else None
    around = [owner for owner in owners[max(0, start - 1) : start + 1] if owner is not None]
    return around[0]
