"""Two texts as the lines of a diff: with context, the changed words marked, white space visible."""

from __future__ import annotations

import re
from dataclasses import dataclass
from difflib import SequenceMatcher

from reconciler.render.texts.words import Piece, compare_words
from reconciler.render.values import inert

_CONTEXT = 3
_MARKERS = {"+": ("{+", "+}"), "-": ("[-", "-]")}
_ODD_SPACE = re.compile(r"[^\S \t\n]")


@dataclass(frozen=True, slots=True)
class Line:
    """One line: `+`, `-`, ` ` for context, `@` for where it is, `…` for what was left out."""

    sign: str
    pieces: tuple[Piece, ...]

    @property
    def text(self) -> str:
        return "".join(piece.text for piece in self.pieces)


def bracketed(line: Line) -> str:
    """The text with its marked words as `[-removed-]` and `{+added+}`."""
    opening, closing = _MARKERS.get(line.sign, ("", ""))
    return "".join(f"{opening}{piece.text}{closing}" if piece.marked else piece.text for piece in line.pieces)


def whole(sign: str, lines: list[str], limit: int) -> list[Line]:
    """A text that is only on one side, shown up to a limit."""
    found = [shown(sign, [Piece(line)], every_space=False) for line in lines[:limit]]
    more = len(lines) - limit
    return found if more <= 0 else [*found, _remark("…", f"{more} more line{'s' if more > 1 else ''}")]


def compare_lines(before: list[str], after: list[str]) -> list[Line]:
    """The changed lines with a few around them; where that is not all of it, headed by where it is."""
    lines: list[Line] = []
    groups = list(SequenceMatcher(None, before, after).get_grouped_opcodes(_CONTEXT))
    for group in groups:
        start, end = group[0], group[-1]
        if (start[1], start[3], end[2], end[4]) != (0, 0, len(before), len(after)):
            lines.append(_remark("@", f"@@ -{_span(start[1], end[2])} +{_span(start[3], end[4])} @@"))
        for tag, i, i_end, j, j_end in group:
            if tag == "equal":
                lines += [_context(line) for line in before[i:i_end]]
            else:
                lines += _changed(before[i:i_end], after[j:j_end])
    return lines


def _remark(sign: str, text: str) -> Line:
    return Line(sign, (Piece(text),))


def _span(start: int, end: int) -> str:
    """As in a unified diff: lines count from one, and an empty span names the line before it."""
    return f"{start + 1},{end - start}" if end - start != 1 else str(start + 1)


def _context(line: str) -> Line:
    return Line(" ", (Piece(inert(line.replace("\t", "    "))),))


def _changed(before: list[str], after: list[str]) -> list[Line]:
    """Removed lines, then added ones; where only white space differs, all of it is visible."""
    if not before or not after:
        pairs = [("-", [Piece(line)]) for line in before] + [("+", [Piece(line)]) for line in after]
    else:
        minus, plus = compare_words("\n".join(before), "\n".join(after))
        pairs = [("-", line) for line in minus] + [("+", line) for line in plus]
    alike = {inked(line) for line in before} & {inked(line) for line in after}
    return [shown(sign, line, every_space=inked(_text(line)) in alike) for sign, line in pairs]


def _text(line: list[Piece]) -> str:
    return "".join(piece.text for piece in line)


def inked(line: str) -> str:
    """The line less its white space."""
    return "".join(line.split())


def shown(sign: str, line: list[Piece], *, every_space: bool) -> Line:
    """The line with its white space visible: all of it, or what is at its end."""
    last = len(_text(line).rstrip(" "))
    pieces, offset = [], 0
    for piece in line:
        pieces.append(Piece(_spaces(piece, last - offset, every_space=every_space), piece.marked))
        offset += len(piece.text)
    return Line(sign, tuple(pieces))


def _spaces(piece: Piece, trailing_from: int, *, every_space: bool) -> str:
    """The text with spaces as `·` where they matter, tabs as `→`, and every other space by its number."""
    if every_space or (piece.marked and piece.text.isspace()):
        text = piece.text.replace(" ", "·")
    else:
        cut = max(trailing_from, 0)
        text = piece.text[:cut] + piece.text[cut:].replace(" ", "·")
    return inert(_ODD_SPACE.sub(lambda match: f"<U+{ord(match[0]):04X}>", text.replace("\t", "→")))
