"""Two texts compared: what changed with what is around it, the changed words marked, white space visible.

difflib compares, sentence by sentence, so that a small edit of a long paragraph is a small diff. Where that would cost
more than linearly, lines that both texts have once hold the rest in place.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import count, groupby, pairwise
from operator import itemgetter
from typing import Final, TypeAlias, TypeVar

from reconciler.render.values import inert
from reconciler.render.visible import columns, distinguished, fitting, numbered

LONGEST: Final = 300_000  # characters of a text that are compared: more than any API takes
CONTINUED: Final = "↪ "
"""What begins a row that does not begin a line of the text."""
LINE_END: Final = "↵"

_PAIRS = 60_000  # of items that are compared each with each
_USUAL = 200  # characters of a line, for how much of long ones is shown
_ALIKE = 0.3  # of the words of the shorter text: below it, marks would be noise
_LONGEST_WORD = 60  # characters: of a longer one, only what differs is marked
_AROUND = 40  # characters shown on either side of a marked word in a very long line
_NEAR = 3  # tokens between two changed words that make one replacement
_BRACKETS = {"+": ("{+", "+}"), "-": ("[-", "-]")}
_TOKEN = re.compile(r"\n|[^\S\n]+|\w+|[^\w\s]")
_STOP = re.compile(r"(?<=[.!?…])[\"'”’)\]*_]*[ \t]+(?=\S)|(?<=[。！？])[」』）”’]*+(?=\S)")
_NO_STOP = re.compile(
    r"(?:^[\s>#*_+-]*|[:;.!?][ \t]+)\d{1,4}\.$"
    r"|(?:^|[^\w.])(?:[^\W\d_]|[IVXivx]{2,5}|No|Nr|Art|Sec|Fig|pp"
    r"|(?i:e\.g|i\.e|z\.b|d\.h|mr|mrs|ms|dr|prof|st|vs|cf|approx|incl|bzw|ca))\.$"
)  # the number of an item, a letter, what is only shortened
_SHORTENED = 8  # characters before a stop, enough to tell that

T = TypeVar("T", bound=Hashable)
_Keys: TypeAlias = Callable[[Sequence[Hashable]], Sequence[Hashable]]
_EqualBlock: TypeAlias = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class Piece:
    """A run of characters within one row."""

    text: str
    marked: bool = False


@dataclass(frozen=True, slots=True)
class Line:
    """One row: `+`, `-`, ` ` for context, `@` for where it is, `…` for what was left out."""

    sign: str
    pieces: tuple[Piece, ...]

    @property
    def text(self) -> str:
        return "".join([piece.text for piece in self.pieces])


_Row: TypeAlias = tuple[Line, int]
"""With the number of the line that it is in."""


@dataclass(frozen=True, slots=True)
class Replacement:
    """What stood there and what stands there now, between what is the same in both."""

    lead: str
    removed: str
    added: str
    tail: str


@dataclass(frozen=True, slots=True)
class _Unit:
    """A sentence of a text, or a line of a structure."""

    text: str
    number: int
    """Of the line that it is in."""
    is_first: bool
    """Whether it begins that line."""


def compare(before: str | Sequence[str], after: str | Sequence[str], *, context: int | None = 3) -> list[Line]:
    """What changed, with so many rows around it or with all rows; the changed lines of a text by sentences.

    Where rows above a change are left out, the number of its line stands there.
    """
    is_cut = max(map(_length, (before, after))) > LONGEST
    lines = [_remark_line("…", f"only the first {LONGEST:,} characters are compared")] if is_cut else []
    rows = list(
        _all_rows(_compared_lines(before), _compared_lines(after), context, by_sentence=isinstance(before, str))
    )
    for above, position in pairwise([-1, *_near(rows, context)]):
        if position != above + 1:
            lines.append(_remark_line("@", f"@@ line {rows[position][1]} @@"))
        lines.append(rows[position][0])
    return lines


def whole(sign: str, content: str | Sequence[str], limit: int) -> list[Line]:
    """A text that is only on one side, up to a limit of lines; of long ones, as much as usual ones would take."""
    lines = content.split("\n", limit) if isinstance(content, str) else content
    kept = _beginning(lines[:limit], min(limit * _USUAL, LONGEST))
    rows = [Line(sign, _visible([Piece(line)], every_space=False)) for line in kept]
    more = (content.count("\n") + 1 if isinstance(content, str) else len(content)) - len(kept)
    if len(kept) < min(len(lines), limit) or _length(kept) < _length(lines[: len(kept)]):
        return [*rows, _remark_line("…", f"{_length(content) - _length(kept):,} more characters")]
    return [*rows, _remark_line("…", f"{more:,} more line{'s' if more > 1 else ''}")] if more else rows


def fold(lines: Iterable[Line], width: int) -> list[Line]:
    """The same lines, none wider than the width; context is cut short, changed words never are."""
    return [row for line in lines for row in _folded_rows(line, width)]


def bracketed(line: Line) -> str:
    """The text with its marked words as `[-removed-]` and `{+added+}`."""
    if len(line.pieces) == 1 and not line.pieces[0].marked:
        return line.pieces[0].text
    opening, closing = _BRACKETS.get(line.sign, ("", ""))
    return "".join(f"{opening}{piece.text}{closing}" if piece.marked else piece.text for piece in line.pieces)


def replacements(before: str, after: str, most: int = 3, longest: int = 120) -> tuple[Replacement, ...]:
    """The edit as so many short replacements at most; nothing where it takes more than that to tell it."""
    old, new = (side[:LONGEST].splitlines(keepends=True) for side in (before, after))
    found: list[Replacement] = []
    for i, i_end, j, j_end in _gaps(old, new, anchoring=_ANCHORING):
        removed, added = "".join(old[i:i_end]), "".join(new[j:j_end])
        if abs(len(removed) - len(added)) > most * longest:
            return ()
        for edit in _word_replacements(removed, added):
            found.append(edit)
            if len(found) > most or max(len(edit.removed), len(edit.added)) > longest:
                return ()
    return tuple(found)


def _word_replacements(before: str, after: str) -> Iterator[Replacement]:
    """The same of lines that all differ."""
    old, new = _words(before, after)
    for i, i_end, j, j_end in _gaps(old, new, near=_NEAR):
        yield Replacement(
            lead=_line_before("".join(new[max(j - _AROUND, 0) : j])),
            removed=_in_a_line("".join(old[i:i_end])),
            added=_in_a_line("".join(new[j:j_end])),
            tail=_line_behind("".join(new[j_end : j_end + _AROUND])),
        )


def _length(content: str | Sequence[str]) -> int:
    return len(content) if isinstance(content, str) else max(sum(map(len, content)) + len(content) - 1, 0)


def _beginning(lines: Sequence[str], room: int) -> list[str]:
    """The first of the lines, so many characters of them; the last may be cut."""
    kept: list[str] = []
    for line in lines:
        if room <= 0:
            break
        kept.append(line[:room])
        room -= len(line) + 1
    return kept


def _remark_line(sign: str, text: str) -> Line:
    return Line(sign, (Piece(text),))


def _near(rows: Sequence[_Row], context: int | None) -> list[int]:
    """The positions of what changed, and of what is around that."""
    if context is None:
        return list(range(len(rows)))
    changed = [i for i, (line, _) in enumerate(rows) if line.sign != " "]
    return sorted({j for i in changed for j in range(max(i - context, 0), min(i + context + 1, len(rows)))})


# what is compared, and what of it is on both sides


def _compared_lines(content: str | Sequence[str]) -> list[str]:
    return content[:LONGEST].split("\n") if isinstance(content, str) else _beginning(content, LONGEST)


def _all_rows(before: list[str], after: list[str], context: int | None, *, by_sentence: bool) -> Iterator[_Row]:
    """Every row that may be shown: what differs, and the lines around it."""
    below = 0
    for i, i_end, j, j_end in _gaps(before, after, anchoring=_ANCHORING):
        yield from _unchanged_rows(after, below, j, context)
        removed = _units(before, i, i_end, by_sentence=by_sentence)
        added = _units(after, j, j_end, by_sentence=by_sentence)
        yield from _compared_rows(removed, added)
        below = j_end
    yield from _unchanged_rows(after, below, len(after), context)


def _unchanged_rows(lines: Sequence[str], start: int, end: int, context: int | None) -> Iterator[_Row]:
    """Lines between two changes: so many at both ends, and one more to tell that there are others."""
    numbers: Iterable[int] = range(start, end)
    if context is not None and end - start > 2 * context + 1:
        numbers = (*range(start, start + context + 1), *range(end - context, end))
    for number in numbers:
        yield _context_line(_Unit(lines[number], number + 1, is_first=True))


def _context_line(unit: _Unit) -> _Row:
    return Line(" ", _continued(unit, (Piece(_inert(unit.text.replace("\t", "    "))),))), unit.number


def _units(lines: Sequence[str], start: int, end: int, *, by_sentence: bool) -> list[_Unit]:
    numbered_lines = enumerate(lines[start:end], start + 1)
    if by_sentence:
        return [unit for number, line in numbered_lines for unit in _sentences(line, number)]
    return [_Unit(line, number, is_first=True) for number, line in numbered_lines]


def _sentences(line: str, number: int) -> Iterator[_Unit]:
    """The sentences of a line, each less one space behind it."""
    stops = [stop.end() for stop in _STOP.finditer(line) if _ends_sentence(line, stop)]
    for start, end in pairwise([0, *stops, len(line)]):
        text = line[start:end]
        yield _Unit(text if end == len(line) else text.removesuffix(" "), number, is_first=start == 0)


def _ends_sentence(line: str, stop: re.Match[str]) -> bool:
    shortened = _NO_STOP.search(line, max(stop.start() - _SHORTENED, 0), stop.start())
    return not shortened and not line[stop.end()].islower()


def _compared_rows(before: Sequence[_Unit], after: Sequence[_Unit]) -> Iterator[_Row]:
    """Every row, and the number of its line; what was removed stands before what was added."""
    i = j = 0
    blocks = _equal_blocks([unit.text for unit in before], [unit.text for unit in after], _ANCHORING)
    pairs = ((a + k, b + k) for a, b, size in blocks for k in range(size))
    for a, b in (*pairs, (len(before), len(after))):
        removed, added, kept = before[i:a], after[j:b], after[b : b + 1]
        if kept and before[a].is_first != after[b].is_first and not any(unit.is_first for unit in (*removed, *added)):
            continue  # a line end came or went, rather than moved with what stands before it
        if removed or added:
            yield from _changed_rows(removed, added)
        yield from map(_context_line, kept)
        i, j = a + 1, b + 1


def _equal_blocks(before: Sequence[T], after: Sequence[T], anchoring: Sequence[_Keys] = ()) -> list[_EqualBlock]:
    """What is the same on both sides, in order: where it begins on either, and how many items it is long.

    What is too much to be compared each with each is divided by what both sides have once, under one kind of keys
    after the other; what is still too much then is taken to differ, less its beginning and end.
    """
    start = _common(before, after)
    end = _common(before[start:][::-1], after[start:][::-1])
    middle, other = before[start : len(before) - end], after[start : len(after) - end]
    few = len(middle) * len(other) <= _PAIRS
    between = _few_blocks(middle, other) if few else _many_blocks(middle, other, anchoring)
    return [
        (0, 0, start),
        *((start + a, start + b, size) for a, b, size in between),
        (len(before) - end, len(after) - end, end),
    ]


def _few_blocks(before: Sequence[T], after: Sequence[T]) -> Iterable[_EqualBlock]:
    if set(before).isdisjoint(after):
        return ()
    return SequenceMatcher(None, before, after, autojunk=False).get_matching_blocks()


def _many_blocks(before: Sequence[T], after: Sequence[T], anchoring: Sequence[_Keys]) -> Iterator[_EqualBlock]:
    if not anchoring:
        return
    i = j = 0
    for a, b in [*_anchors(*map(anchoring[0], (before, after))), (len(before), len(after))]:
        yield from ((i + x, j + y, size) for x, y, size in _equal_blocks(before[i:a], after[j:b], anchoring[1:]))
        yield a, b, int(a < len(before))
        i, j = a + 1, b + 1


def _common(before: Sequence[T], after: Sequence[T]) -> int:
    """How many items at the beginning are the same."""
    pairs = enumerate(zip(before, after, strict=False))
    return next((i for i, (a, b) in pairs if a != b), min(len(before), len(after)))


def _numbered_items(items: Sequence[T]) -> list[tuple[T, int]]:
    """Each item, and how many of its kind are before it."""
    numbers: defaultdict[T, count[int]] = defaultdict(count)
    return [(item, next(numbers[item])) for item in items]


_ANCHORING: Final = (list, _numbered_items)


def _anchors(before: Sequence[T], after: Sequence[T]) -> list[tuple[int, int]]:
    """The longest series of items that are once in both and in one order."""
    once, also_once = ({item for item, times in Counter(side).items() if times == 1} for side in (before, after))
    positions = {item: j for j, item in enumerate(after) if item in also_once}
    pairs = [(i, positions[item]) for i, item in enumerate(before) if item in once and item in positions]
    ends: list[int] = []  # the least last position of a series of each length
    lengths: list[int] = []  # by pair, how long the best series before it is
    for _, j in pairs:
        lengths.append(bisect_left(ends, j))
        ends[lengths[-1] : lengths[-1] + 1] = [j]
    series: list[tuple[int, int]] = []
    for pair, length in zip(reversed(pairs), reversed(lengths), strict=True):
        if length == len(ends) - len(series) - 1 and (not series or pair[1] < series[-1][1]):
            series.append(pair)
    return series[::-1]


# which words of it differ


def _marked_sides(before: Sequence[str], after: Sequence[str]) -> tuple[list[list[Piece]], list[list[Piece]]]:
    """Both sides with the words marked that differ; none is, where little is alike."""
    if before and after:
        old, new = _words("\n".join(before), "\n".join(after))
        blocks = _equal_blocks(old, new)
        alike = _weight(word for a, _, size in blocks for word in old[a : a + size])
        if alike >= _ALIKE * min(_weight(old), _weight(new)):
            kept, also_kept = ({p[k] + n for p in blocks for n in range(p[2])} for k in (0, 1))
            return _marked_rows(old, kept), _marked_rows(new, also_kept)
    return [[Piece(line)] for line in before], [[Piece(line)] for line in after]


def _words(before: str, after: str) -> tuple[list[str], list[str]]:
    """The words of both texts, and what is between them; a very long one is cut where they begin or cease to differ."""
    old, new = _TOKEN.findall(before), _TOKEN.findall(after)
    if max(map(len, (*old, *new)), default=0) <= _LONGEST_WORD:
        return old, new
    start = _common(before, after)
    end = _common(before[start:][::-1], after[start:][::-1])
    return _cut_words(before, start, len(before) - end), _cut_words(after, start, len(after) - end)


def _cut_words(text: str, *places: int) -> list[str]:
    words = []
    for word in _TOKEN.finditer(text):
        cuts = [place for place in places if word.start() < place < word.end() > word.start() + _LONGEST_WORD]
        words += [text[a:b] for a, b in pairwise([word.start(), *sorted(set(cuts)), word.end()])]
    return words


def _weight(tokens: Iterable[str]) -> int:
    """How many characters of words there are: shared punctuation makes no two texts alike."""
    return sum(len(token) for token in tokens if token.isalnum())


def _marked_rows(tokens: Sequence[str], kept: Collection[int]) -> list[list[Piece]]:
    rows: list[list[tuple[str, bool]]] = [[]]
    for position, word in enumerate(tokens):
        if word == "\n":
            rows.append([])
        else:
            rows[-1].append((word, position not in kept))
    return list(map(_joined_pieces, rows))


def _joined_pieces(tokens: Sequence[tuple[str, bool]]) -> list[Piece]:
    """Runs of words; a space between two marked words is marked with them, a row marked whole is not."""
    marks = [False, *(mark for _, mark in tokens), False]
    bridged = [
        (text, marks[k + 1] or (text.isspace() and marks[k] and marks[k + 2])) for k, (text, _) in enumerate(tokens)
    ]
    words = [mark for text, mark in bridged if text.strip()]
    if words and all(words):
        return [Piece("".join(text for text, _ in tokens))]
    return [Piece("".join(text for text, _ in run), mark) for mark, run in groupby(bridged, key=itemgetter(1))]


def _gaps(
    before: Sequence[str], after: Sequence[str], *, near: int = 0, anchoring: Sequence[_Keys] = ()
) -> Iterator[tuple[int, int, int, int]]:
    """From where to where the items differ, on both sides; changes that hardly anything parts are one."""
    i = j = 0
    gap: tuple[int, int, int, int] | None = None
    for a, b, size in (*_equal_blocks(before, after, anchoring), (len(before), len(after), 0)):
        if (a, b) != (i, j):
            is_near = gap is not None and i - gap[1] <= near
            yield from [gap] if gap and not is_near else []
            gap = (gap[0], a, gap[2], b) if gap and is_near else (i, a, j, b)
        i, j = a + size, b + size
    yield from [gap] if gap else []


# how it is shown


def _changed_rows(removed: Sequence[_Unit], added: Sequence[_Unit]) -> Iterator[_Row]:
    """Removed rows, then added ones; where only white space differs, all of it is visible."""
    before, after = [unit.text for unit in removed], [unit.text for unit in added]
    if len(before) == len(after):
        apart = [distinguished(*texts) for texts in zip(before, after, strict=True)]
        before, after = [text for text, _ in apart], [text for _, text in apart]
    alike = {_less_spaces(text) for text in before} & {_less_spaces(text) for text in after}
    for sign, units, rows in zip("-+", (removed, added), _marked_sides(before, after), strict=True):
        for unit, row in zip(units, rows, strict=True):
            every_space = _less_spaces("".join(piece.text for piece in row)) in alike
            yield Line(sign, _continued(unit, _visible(row, every_space=every_space))), unit.number


def _continued(unit: _Unit, pieces: tuple[Piece, ...]) -> tuple[Piece, ...]:
    return pieces if unit.is_first else (Piece(CONTINUED), *pieces)


def _less_spaces(text: str) -> str:
    return "".join(text.split())


def _visible(pieces: Sequence[Piece], *, every_space: bool) -> tuple[Piece, ...]:
    """The row with its white space visible: all of it, or what is at its end or changed."""
    if len(pieces) == 1 and not every_space and pieces[0].text[-1:] != " " and pieces[0].text.isprintable():
        return (Piece(_inert(numbered(pieces[0].text))),)  # as most are
    end = len("".join(piece.text for piece in pieces).rstrip(" "))
    shown, offset = [], 0
    for text, marked in ((piece.text, piece.marked) for piece in pieces):
        cut = 0 if every_space or (marked and text.isspace()) else max(end - offset, 0)
        shown.append(Piece(_inert(numbered(text[:cut] + text[cut:].replace(" ", "·")).replace("\t", "→")), marked))
        offset += len(text)
    return tuple(shown)


def _inert(text: str) -> str:
    if text.isascii():
        return inert(text)
    return inert(text).replace(CONTINUED[0], f"<U+{ord(CONTINUED[0]):04X}>")


def _folded_rows(line: Line, width: int) -> Iterator[Line]:
    text = line.text
    if len(text) <= width - len(CONTINUED) and text.isascii():
        yield line
        return
    if line.sign not in "+-":
        yield Line(line.sign, (Piece(_cut_short(text, width)),))
        return
    is_long = len(text) > 2 * width and any(piece.marked for piece in line.pieces)
    pieces = _windowed(line.pieces) if is_long else line.pieces
    start, lead = 0, list[Piece]()
    for end in _row_ends("".join(piece.text for piece in pieces), width - len(CONTINUED)):
        yield Line(line.sign, (*lead, *_pieces_between(pieces, start, end)))
        start, lead = end, [Piece(CONTINUED)]


def _cut_short(text: str, width: int) -> str:
    """As many words of the text as fit."""
    if columns(text) <= width:
        return text
    end = fitting(text, width - 1)
    space = text.rfind(" ", 0, end + 1)
    return text[: space if space > 0 and text[:space].strip() else end].rstrip() + "…"


def _windowed(pieces: tuple[Piece, ...]) -> tuple[Piece, ...]:
    """The marked words and what is around them."""
    last = len(pieces) - 1
    return tuple(
        piece if piece.marked else Piece(_cut_out(piece.text, head=i > 0, tail=i < last))
        for i, piece in enumerate(pieces)
    )


def _cut_out(text: str, *, head: bool, tail: bool) -> str:
    """What is next to a marked word, up to a space."""
    if len(text) <= 3 * _AROUND:
        return text
    beginning, end = text[:_AROUND], text[-_AROUND:]
    beginning = f"{beginning.rpartition(' ')[0]} " if " " in beginning else beginning
    end = f" {end.partition(' ')[2]}" if " " in end else end
    return f"{beginning if head else ''}…{end if tail else ''}"


def _row_ends(text: str, width: int) -> Iterator[int]:
    """Where the rows end: after a space where there is one, in the middle of a word where not."""
    start = 0
    while (end := start + fitting(text[start:], width)) < len(text):
        space = text.rfind(" ", start + 1, end)
        start = space + 1 if space > start else end
        yield start
    yield len(text)


def _pieces_between(pieces: tuple[Piece, ...], start: int, end: int) -> Iterator[Piece]:
    offset = 0
    for piece in pieces:
        text = piece.text[max(start - offset, 0) : max(end - offset, 0)]
        if text:
            yield Piece(text, piece.marked)
        offset += len(piece.text)


def _in_a_line(text: str) -> str:
    """The words; of white space alone, what shows it."""
    if text.isspace():
        return numbered(text.replace(" ", "·").replace("\t", "→").replace("\n", LINE_END))
    return text.replace("\n", f"{LINE_END} ")


def _line_before(text: str) -> str:
    """The end of the line before a change, from the beginning of a word."""
    line = text.rpartition("\n")[2]
    return line if len(line) <= _AROUND else "… " + line[-_AROUND:].partition(" ")[2]


def _line_behind(text: str) -> str:
    """The beginning of the line after a change, to the end of a word."""
    line = text.partition("\n")[0]
    return line if len(line) <= _AROUND else line[:_AROUND].rpartition(" ")[0] + " …"
