"""What a page is made of, and how much of it fits: whole blocks, then the lines of one that may be cut."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeAlias

from reconciler.render.markup import fence

BETWEEN = "\n\n"
_FEWEST = 3  # lines of a block that is cut: fewer tell nothing


@dataclass(frozen=True, slots=True)
class Lines:
    """A fence, which may be cut after any of its lines; with a summary it is folded."""

    language: str
    lines: tuple[str, ...]
    summary: str = ""
    """HTML in which no live text acts."""

    def text(self, shown: int | None = None) -> str:
        """All of it, or that many lines and how many are left out."""
        kept = list(self.lines[:shown])
        left = len(self.lines) - len(kept)
        block = "\n".join(fence(self.language, [*kept, f"… {left:,} more lines"] if left else kept))
        return folded(self.summary, [block]) if self.summary else block


Block: TypeAlias = "str | Lines"


@dataclass(frozen=True, slots=True)
class Fitted:
    """The blocks that fit, and whether those are all."""

    blocks: tuple[str, ...]
    whole: bool

    @property
    def length(self) -> int:
        """With the space behind each."""
        return sum(len(block) + len(BETWEEN) for block in self.blocks)


def fitted(blocks: Iterable[Block], room: int) -> Fitted:
    """The first of the blocks, as many as there is room for; the last of them may be cut."""
    found: list[str] = []
    for block in blocks:
        text, whole = _fitted(block, room - len(BETWEEN))
        found += [text] if text else []
        if not whole:
            return Fitted(tuple(found), whole=False)
        room -= len(text) + len(BETWEEN)
    return Fitted(tuple(found), whole=True)


def folded(summary: str, blocks: Iterable[str], *, opened: bool = False) -> str:
    """The blocks under a summary, to unfold."""
    return BETWEEN.join([f"<details{' open' if opened else ''}><summary>{summary}</summary>", *blocks, "</details>"])


def _fitted(block: Block, room: int) -> tuple[str, bool]:
    if isinstance(block, str):
        return (block, True) if len(block) <= room else ("", False)
    if sum(len(line) + 1 for line in block.lines) <= room and len(text := block.text()) <= room:
        return text, True
    return _cut(block, room), False


def _cut(block: Lines, room: int) -> str:
    """As many lines as fit, by halving: fences grow with what is in them."""
    least, most = 0, min(len(block.lines), room)
    while least < most:
        middle = (least + most + 1) // 2
        if len(block.text(middle)) <= room:
            least = middle
        else:
            most = middle - 1
    return block.text(least) if least >= _FEWEST else ""
