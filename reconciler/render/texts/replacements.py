"""The few words that an edit of a text is about, with what is around them: what reads well outside a diff."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from reconciler.render.texts.phrases import END
from reconciler.render.visible import numbered

_TOKEN = re.compile(r"\n|[^\S\n]+|\w+|[^\w\s]")
_MOST = 3  # replacements
_LONGEST = 120  # characters of one on either side
_TOO_MANY_PAIRS = 60_000  # comparing costs more than linearly
_NEAR = 3  # tokens between two changes: a word and its spaces
_AROUND = 40  # characters


@dataclass(frozen=True, slots=True)
class Replacement:
    """What stood there and what stands there now, between what is the same in both."""

    lead: str
    removed: str
    added: str
    tail: str


def replacements(before: str, after: str) -> tuple[Replacement, ...]:
    """The edit as a few short replacements; nothing where it takes more than that to tell it."""
    one, other = _TOKEN.findall(before), _TOKEN.findall(after)
    head = _common(one, other)
    end = _common(one[head:][::-1], other[head:][::-1])
    middle, middle_there = one[head : len(one) - end], other[head : len(other) - end]
    if len(middle) * len(middle_there) > _TOO_MANY_PAIRS:
        return ()
    found = list(_joined(_changes(middle, middle_there)))
    texts = ["".join(tokens) for i, i_end, j, j_end in found for tokens in (middle[i:i_end], middle_there[j:j_end])]
    if len(found) > _MOST or any(len(text) > _LONGEST for text in texts):
        return ()
    return tuple(_replacement(other, middle, (i, i_end), (head + j, head + j_end)) for i, i_end, j, j_end in found)


def _common(one: Sequence[str], other: Sequence[str]) -> int:
    pairs = enumerate(zip(one, other, strict=False))
    return next((i for i, (a, b) in pairs if a != b), min(len(one), len(other)))


def _changes(one: Sequence[str], other: Sequence[str]) -> Iterator[tuple[int, int, int, int]]:
    for tag, i, i_end, j, j_end in SequenceMatcher(None, one, other, autojunk=False).get_opcodes():
        if tag != "equal":
            yield i, i_end, j, j_end


def _joined(changes: Iterator[tuple[int, int, int, int]]) -> Iterator[tuple[int, int, int, int]]:
    """Changes that hardly anything parts are one: two words of a sentence, with the space or the word between."""
    held: tuple[int, int, int, int] | None = None
    for change in changes:
        if held is not None and change[0] - held[1] <= _NEAR:
            held = (held[0], change[1], held[2], change[3])
            continue
        yield from [held] if held else []
        held = change
    yield from [held] if held else []


def _replacement(
    after: Sequence[str], middle: Sequence[str], removed: tuple[int, int], added: tuple[int, int]
) -> Replacement:
    return Replacement(
        lead=_until("".join(after[max(added[0] - _AROUND, 0) : added[0]])),
        removed=_told(middle[slice(*removed)]),
        added=_told(after[slice(*added)]),
        tail=_from("".join(after[added[1] : added[1] + _AROUND])),
    )


def _told(tokens: Sequence[str]) -> str:
    """The words; of white space alone, what shows it."""
    text = "".join(tokens)
    if text.isspace():
        return numbered(text.replace(" ", "·").replace("\t", "→").replace("\n", END))
    return text.replace("\n", f"{END} ")


def _until(text: str) -> str:
    """The end of the line before a change, from the beginning of a word."""
    line = text.rpartition("\n")[2]
    return line if len(line) <= _AROUND else "… " + line[-_AROUND:].partition(" ")[2]


def _from(text: str) -> str:
    """The beginning of the line after a change, to the end of a word."""
    line = text.partition("\n")[0]
    return line if len(line) <= _AROUND else line[:_AROUND].rpartition(" ")[0] + " …"
