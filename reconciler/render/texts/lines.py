"""Two texts as the lines of a diff: with context, the changed words marked, white space visible."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from reconciler.render.texts.aligned import Block, aligned
from reconciler.render.texts.words import Piece, compare_words
from reconciler.render.values import inert
from reconciler.render.visible import numbered

_CONTEXT = 3
_USUAL = 200  # characters of a line, for how much of long ones is shown
_MARKERS = {"+": ("{+", "+}"), "-": ("[-", "-]")}


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
    """A text that is only on one side, shown up to a limit; of long lines, so much as usual ones would take."""
    kept, more, room = lines[:limit], len(lines) - limit, limit * _USUAL
    for place, line in enumerate(kept):
        if len(line) > room:
            left = sum(map(len, lines[place:])) + len(lines) - place - 1 - room
            return [*_shown(sign, [*kept[:place], line[:room]]), _remark("…", f"{left:,} more characters")]
        room -= len(line)
    found = _shown(sign, kept)
    return found if more <= 0 else [*found, _remark("…", f"{more:,} more line{'s' if more > 1 else ''}")]


def _shown(sign: str, lines: list[str]) -> list[Line]:
    return [shown(sign, [Piece(line)], every_space=False) for line in lines]


def compare_lines(before: list[str], after: list[str]) -> list[Line]:
    """The changed lines with a few around them; where that is not all of it, headed by where it is."""
    lines: list[Line] = []
    for group in _groups(before, after):
        (_, i, _, j, _), (_, _, i_end, _, j_end) = group[0], group[-1]
        if (i, j, i_end, j_end) != (0, 0, len(before), len(after)):
            lines.append(_remark("@", f"@@ -{_span(i, i_end)} +{_span(j, j_end)} @@"))
        for same, i, i_end, j, j_end in group:
            lines += map(_context, before[i:i_end]) if same else _changed(before[i:i_end], after[j:j_end])
    return lines


def _groups(before: list[str], after: list[str]) -> Iterator[list[Block]]:
    """What changed, with the lines around it; changes that are near each other are in one group."""
    group: list[Block] = []
    for block in aligned(before, after):
        same, i, i_end, j, j_end = block
        is_last = i_end == len(before) and j_end == len(after)
        if not same or (group and not is_last and i_end - i <= 2 * _CONTEXT):
            group.append(block)
            continue
        if group:
            yield [*group, (True, i, min(i + _CONTEXT, i_end), j, min(j + _CONTEXT, j_end))]
        group = [] if is_last else [(True, max(i_end - _CONTEXT, i), i_end, max(j_end - _CONTEXT, j), j_end)]
    if group:
        yield group


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
    return inert(numbered(text.replace("\t", "→")))
