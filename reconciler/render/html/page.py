"""The page as it is written: one file that needs no network and no script."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from importlib.resources import files
from itertools import groupby
from typing import Final, Literal, TypeAlias

from reconciler.plan.allowances import LABEL
from reconciler.render import sentences, tree
from reconciler.render.html.element import (
    BREAK,
    PAUSE,
    Child,
    Markup,
    Name,
    element,
    meta,
    several,
    sheet,
    whole,
)  # fmt: skip
from reconciler.render.markup import name_parts, named
from reconciler.render.page import page_across, page_of
from reconciler.render.sentences import count
from reconciler.render.text_diff import CONTINUED, Line
from reconciler.render.values import compact, one_line
from reconciler.render.verdict import as_text
from reconciler.render.view import Document, Lost, MeaningView, ObjectionView, View

Tone: TypeAlias = Literal["", "less", "more", "warn", "calm"]

_SHEET: Final = files("reconciler.render.html").joinpath("page.css").read_text("utf-8")
_DIGEST: Final = b64encode(sha256(_SHEET.encode()).digest()).decode()
_POLICY: Final = f"default-src 'none'; style-src 'sha256-{_DIGEST}'; base-uri 'none'; form-action 'none'"
_FEW = 6  # sections that may all be open
_ROOM = 1_000_000  # characters of texts; beyond it, what did not change is left out
_CONTEXT = 3
_SHOWN = 40  # lines of what comes or goes whole
_ALL = 10**9
_LARGE = (
    "This plan is large, so some things are left out here: the patches, what did not change around each edit, and the"
    " rest of long texts that come or go whole. The plan as JSON has all of them."
)
_HEADINGS: Final[tuple[Name, ...]] = ("h1", "h2", "h3", "h4", "h5")
_TONES: Final[dict[str, Tone]] = {
    "create": "more", "delete": "less", "forget": "warn", "drift": "warn", "conflict": "warn", "added": "more",
    "removed": "less",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Look:
    """What every part has to know about the page."""

    open: bool
    full: bool
    """Whether there is room for everything: what did not change, long texts that come or go whole, patches."""


def page(sections: Sequence[View | Lost]) -> str:
    """The plans on one page: what several environments have in common once, with their names."""
    views = [section for section in sections if isinstance(section, View)]
    changes = [change for view in views for change in (*view.changes, *view.pending)]
    sides = (side for change in changes for field in change.fields for side in (field.before, field.after))
    full = sum(len(side) for side in sides if isinstance(side, str)) <= _ROOM
    look = _Look(len(changes) <= _FEW, full)
    if len(views) == len(sections) == 1:
        shown = page_of(views[0])
        return _document(f"{shown.headline} · {one_line(views[0].environment)}", _body_markup(shown, look))
    shown = page_across(sections)
    return _document(shown.headline, _body_markup(shown, look))


def _document(title: str, body: Iterable[Markup]) -> str:
    head = [
        meta(charset="utf-8"),
        meta(name="viewport", content="width=device-width, initial-scale=1"),
        meta(http_equiv="Content-Security-Policy", content=_POLICY),
        meta(name="referrer", content="no-referrer"),
        meta(name="robots", content="noindex"),
        element("title", title),
        sheet(_SHEET),
    ]
    return whole(head, element("body", several(body)))


def _body_markup(page: tree.Page, look: _Look) -> Iterator[Markup]:
    verdicts = [element("p", page.ends[0].verdict)] if len(page.ends) == 1 else []
    top = [*map(_where_markup, page.places), element("h1", page.headline), *verdicts, *_contents(page)]
    main = [*_banners(page, look), *map(_lost_markup, page.lost), *_parts_markup(page, look)]
    foot = [*map(_figures_markup, page.ends), _LEGEND]
    yield element("a", "Skip to the plan", to="main", class_="skip")
    yield element("header", element("div", several(top), class_="wide"), class_=f"top {page.tone}")
    yield element("main", several(main), id="main", class_="wide")
    yield element("footer", element("div", several(foot), class_="wide"), class_="foot")


def _where_markup(place: tree.Place) -> Markup:
    """Which place this is, whose, and what the plan is compared with."""
    base = [element("span", "compared with ", _code(place.base))] if place.base else []
    stack = element("span", "stack ", _code(place.stack))
    name = element("strong", one_line(place.environment))
    return element("p", name, element("span", place.address), stack, *base, class_="where")


def _figures_markup(end: tree.End) -> Markup:
    name = [element("strong", f"{one_line(end.name)}: {end.verdict} ")] if end.name else []
    counts = f"{' '.join(end.counts)} Fingerprint "
    return element("p", *name, counts, _code(end.fingerprint), ".", class_="figures")


def _lost_markup(lost: Lost) -> Markup:
    """That there is no plan of an environment, and why."""
    card = element("div", element("p", *_prose(lost.message)), *_remedy_markup(lost.remedy), class_="card less")
    return element("section", _heading(2, f"No plan of {one_line(lost.environment)}"), card)


def _banners(page: tree.Page, look: _Look) -> Iterator[Markup]:
    """That nothing live was read, and that not everything is here."""
    for offline in page.offline:
        line = sentences.nothing_read(offline.why, offline.base)
        yield _banner("warn", f"{one_line(offline.environments)}: {line}" if offline.environments else line)
    yield from [] if look.full else [_banner("calm", _LARGE)]


def _banner(kind: str, line: str) -> Markup:
    return element("div", element("p", *_prose(line), class_=f"card {kind}"), class_="banners")


# the parts of a plan


def _titles(page: tree.Page) -> Iterator[tuple[str, str, int]]:
    """Everything below the verdict that has a heading: what it is called, where it is, and how much is in it."""
    objections = sum(len(alert.objections) for alert in page.alerts)
    yield from [("Objections", "objections", objections)] if objections else []
    for number, part in enumerate(page.parts):
        yield part.title or "Changes", f"changes{number}", part.changes
    yield from [("Notes", "notes", len(page.notes))] if page.notes else []


def _contents(page: tree.Page) -> Iterator[Markup]:
    """Where to go on the page, where there is a choice."""
    titles = list(_titles(page))
    links = (element("li", element("a", title, to=name), _quiet(f" {number}")) for title, name, number in titles)
    if len(titles) > 1:
        yield element("ul", several(links), class_="contents")


def _parts_markup(page: tree.Page, look: _Look) -> Iterator[Markup]:
    notes = element("ul", several(element("li", *_noted(note)) for note in page.notes), class_="list")
    contents = [
        *([several(_alerts_markup(page))] if page.alerts else []),
        *(several(_part_markup(part, f"changes{number}", look)) for number, part in enumerate(page.parts)),
        *([notes] if page.notes else []),
    ]
    for (title, name, _), content in zip(_titles(page), contents, strict=True):
        inner = (_heading(2, title, id=name), content)
        alone = len(page.places) == 1  # else several parts may have one name, and none is a landmark
        yield element("section", *inner, labelled_by=name) if alone else element("section", *inner)


def _noted(note: tree.Note) -> list[Child]:
    return _prose(f"{one_line(note.environments)}: {note.text}" if note.environments else note.text)


def _part_markup(part: tree.Part, name: str, look: _Look) -> Iterator[Markup]:
    if not part.has_any:
        yield element("p", "Nothing.", class_="quiet")
    if part.blocked:
        lines = (element("li", *_prose(sentences.blocked(objection))) for objection in part.blocked)
        yield element("ul", several(lines), class_="list")
    if part.rows:
        rows = several(_row_markup(row, f"{name}-{i}") for i, row in enumerate(part.rows))
        yield element("table", _HEAD, element("tbody", rows), class_="ranking")
    own = {those[0]: f"{name}-{i}" for i, those in enumerate(part.addresses) if len(those) == 1}
    for i, section in enumerate(part.sections):
        yield _section_markup(section, f"{name}-{i}", own, look)


_HEAD = element("thead", element("tr", *[element("th", name, scope="col") for name in ("Action", "Who", "What")]))


def _heading(depth: int, *children: Child, id: str = "") -> Markup:  # the page's own word
    """A heading; deeper than five is five."""
    name = _HEADINGS[min(depth, len(_HEADINGS)) - 1]
    return element(name, *children, id=id) if id else element(name, *children)


def _row_markup(row: tree.TableRow, anchor: str) -> Markup:
    link = element("a", *_phrase_markup(row.who), to=anchor)
    blocked = [" ", _chip("blocked", "warn")] if row.blocked else []
    what = [child for phrase in row.what for child in (", ", *_phrase_markup(phrase))][1:]
    action = element("td", _action_markup(row.sign, as_text(row.done) or row.action, row.action), *blocked)
    return element("tr", action, element("th", link, scope="row"), element("td", *what))


def _action_markup(sign: str, words: str, action: str) -> Markup:
    return _chip(f"{'−' if sign == '-' else sign} {words}", _TONES.get(action, "calm"))


def _phrase_markup(phrase: tree.Phrase) -> list[Child]:
    return [child for run in phrase for child in _run_markup(run)]


def _run_markup(run: tree.Run) -> list[Child]:
    text = one_line(run.text)
    names: dict[str, Name] = {"gone": "del", "new": "ins", "good": "strong", "strong": "strong"}
    if run.look == "code":
        return [_code(text)]
    if run.look in names:
        return [element(names[run.look], text)]
    return [element("strong", text, class_="bad")] if run.look else _prose(text)


def _alerts_markup(page: tree.Page) -> Iterator[Markup]:
    anchors = {
        address: f"changes{number}-{i}"
        for number, part in reversed(list(enumerate(page.parts)))
        for i, those in enumerate(part.addresses)
        for address in those
    }
    for alert in page.alerts:
        kind = "card" if alert.allowed else "card warn"
        yield element("div", several(_alert_markup(alert, anchors)), class_=kind)


def _alert_markup(alert: tree.Alert, anchors: dict[str, str]) -> Iterator[Markup]:
    word = _chip("Allowed") if alert.allowed else _chip("Blocked", "warn")
    where = [_quiet(f" in {one_line(alert.environments)}")] if alert.environments else []
    yield _heading(3, word, " ", _code(alert.code), *where)
    for objection in alert.objections:
        yield element("p", *_subject(objection, anchors), *_prose(objection.message))
        if objection.origin == "pending":
            yield element("p", "It applies without this change too.")
    for remedy in dict.fromkeys(objection.remedy for objection in alert.objections):
        yield from _remedy_markup(remedy)
    for words in dict.fromkeys(tuple(_permission_markup(objection)) for objection in alert.objections):
        yield element("p", *words, class_="quiet")


def _subject(objection: ObjectionView, anchors: dict[str, str]) -> list[Child]:
    if not objection.address:
        return []
    name = _code(objection.address)
    return [element("a", name, to=anchors[objection.address]) if objection.address in anchors else name, ": "]


def _remedy_markup(remedy: str) -> Iterator[Markup]:
    """A sentence; further lines of it are something to paste."""
    first, _, rest = remedy.partition("\n")
    yield from [element("p", "To fix it: ", *_prose(first))] if first else []
    yield from [element("pre", element("code", rest))] if rest else []


def _permission_markup(objection: ObjectionView) -> Iterator[Child]:
    flag, label = _code(f"--allow {objection.code}"), _code(f"{LABEL}{objection.code}")
    if not objection.can_be_allowed:
        yield "It cannot be overridden."
    elif objection.allowed:
        yield from ("Allowed by ", _code(objection.allowed_by) if objection.allowed_by else flag, ".")
    else:
        yield from ("To override it: ", flag, ", or the label ", label, " on the pull request.")


# a change in full


def _section_markup(section: tree.Section, anchor: str, own: dict[str, str], look: _Look) -> Markup:
    """The change, folded where there are many."""
    blocked = [" ", _chip("blocked", "warn")] if section.blocked else []
    name = _code(section.title) if section.address else one_line(section.title)
    action = _action_markup(section.sign, section.action, section.action)
    summary = element("summary", _heading(3, action, " ", name, *blocked))
    body = element("div", several(_body(section, own, look)), class_="body", id=anchor)
    if look.open:
        return element("details", summary, body, class_="change", open=True)
    return element("details", summary, body, class_="change")


def _body(section: tree.Section, own: dict[str, str], look: _Look) -> Iterator[Markup]:
    location = sentences.location(section.file, section.line)
    facts: list[list[Child]] = [
        ["id ", _code(section.id)] if section.id else [],
        ["manifest ", _code(location)] if location else [],
        [section.will] if section.address and section.action != "update" else [],
        ["blocked by ", *[child for code in section.blocked for child in (", ", _code(code))][1:]]
        if section.blocked
        else [],
    ]
    if any(facts):
        yield element("p", *[element("span", *fact) for fact in facts if fact], class_="facts")
    if section.why:
        yield element("p", *_prose("\n".join(section.why)), class_="quiet")
    yield from _blocks_markup(section.blocks, 4, look)
    if section.unchanged:
        yield element("p", f"{section.unchanged}.", class_="quiet")
    if section.members:
        items = []
        for member in section.members:
            name = _code(member.address)
            link = [element("a", name, to=own[member.address]), " and more"] if member.address in own else [name]
            place = _quiet(" ", _code(sentences.location(member.file, member.line)))
            items.append(element("li", *link, place, *_patch(member.patch, look)))
        yield element("ul", several(items), class_="sharers")
    yield from _patch(section.patch, look)


def _patch(patch: Document | None, look: _Look) -> Iterator[Markup]:
    if patch and look.full:
        sent = element("pre", element("code", json.dumps(patch, indent=2, ensure_ascii=False)))
        yield element("details", element("summary", "The patch that is sent"), sent, class_="fold")


def _blocks_markup(blocks: Iterable[tree.Block], depth: int, look: _Look) -> Iterator[Markup]:
    """Short fields that follow each other are one list."""
    for is_short, run in groupby(blocks, lambda block: isinstance(block, tree.Field) and block.is_short):
        members = list(run)
        shorts = [_short_markup(member) for member in members if is_short and isinstance(member, tree.Field)]
        yield from [element("dl", several(shorts), class_="fields")] if shorts else []
        yield from [] if is_short else (_block_markup(member, depth, look) for member in members)


def _block_markup(block: tree.Block, depth: int, look: _Look) -> Markup:
    if isinstance(block, tree.Meanings):
        return element("ul", several(map(_meaning_markup, block.meanings)), class_="meanings")
    if isinstance(block, tree.Group):
        inner = [_heading(depth, *_phrase_markup(block.title)), *_blocks_markup(block.blocks, depth + 1, look)]
        return element("div", several(inner), class_="function")
    if isinstance(block, tree.Fold):
        inner = [
            element("summary", block.title),
            element("div", several(_blocks_markup(block.fields, depth + 1, look))),
        ]
        return element("details", *inner, class_="fold")
    return _long_markup(block, depth, look)


def _meaning_markup(meaning: MeaningView) -> Markup:
    word = _chip("breaking", "less") if meaning.breaking else _chip("compatible", "more")
    return element("li", word, " ", *_prose(one_line(meaning.text)))


def _name_markup(field: tree.Field) -> list[Child]:
    """Its path, and what is to be said of it."""
    words = [*([field.fate] if field.fate and not field.is_short else []), *field.tags]
    return [
        _code(field.name or "the whole"),
        *(child for word in words for child in (" ", _chip(one_line(word), _TONES.get(word, "")))),
    ]


def _short_markup(field: tree.Field) -> Markup:
    values = _values_markup(field.content) if isinstance(field.content, tree.Short) else ()
    return element("div", element("dt", *_name_markup(field)), element("dd", *values))


def _values_markup(content: tree.Short) -> Iterator[Child]:
    """The values; which is which is spoken where there are several."""
    spoken = {"gone": "before ", "new": "after "} if len(content.sides) > 1 else {}
    for number, (label, value, look) in enumerate(content.sides):
        yield from [element("span", " → " if look == "new" else ", ", unspoken="true")] if number else []
        yield from [_quiet(f"{label} ")] if label else []
        word = [] if label or look not in spoken else [_spoken(spoken[look])]
        name: Name = "del" if look == "gone" else "ins" if look == "new" else "span"
        yield element(name, *word, compact(value))


def _long_markup(field: tree.Field, depth: int, look: _Look) -> Markup:
    content = field.content
    size = [" ", _quiet(content.size)] if isinstance(content, tree.LongValue) and content.is_text else []
    shown = [] if isinstance(content, tree.Short) else [sides(content, field.sign, full=look.full)]
    return element("div", _heading(depth, *_name_markup(field), *size), *shown, class_="field")


# two texts beside each other


def sides(content: tree.LongValue, sign: str, *, full: bool) -> Markup:
    """Both sides, what differs in pairs; without room for everything, of what did not change only how much it is."""
    lines = content.rows(sign, most=_ALL if full else content.most, context=None)
    more = [_gap(f"… {line.text}") for line in lines if line.sign == "…"]
    runs = [(key, list(run)) for key, run in groupby((x for x in lines if x.sign != "…"), lambda line: line.sign)]
    blocks: list[Markup] = []
    for i, (key, run) in enumerate(runs):
        above, below = runs[i - 1][0] if i else "", runs[i + 1][0] if i + 1 < len(runs) else ""
        if key == " ":
            blocks += _same(run, first=not above, last=not below, full=full)
        elif key == "-" and below == "+":
            blocks.append(element("div", _side_markup(run), _side_markup(runs[i + 1][1]), class_="pair"))
        elif not (key == "+" and above == "-"):
            blocks += _alone(run) if len(runs) == 1 else [_side_markup(run)]
    kind = "prose" if content.is_text else "code"
    return element("div", several([*blocks, *more]), class_=f"sides {kind}")


def _alone(lines: list[Line]) -> list[Markup]:
    """What comes or goes whole: the beginning, and the rest to unfold."""
    if len(lines) <= _SHOWN:
        return [_side_markup(lines)]
    return [
        _side_markup(lines[:_SHOWN]),
        _folded_markup(count(len(lines) - _SHOWN, "more line"), _side_markup(lines[_SHOWN:])),
    ]


def _same(lines: list[Line], *, first: bool, last: bool, full: bool) -> list[Markup]:
    """Lines around a change; what lies between them is folded."""
    start, end = 0 if first else _CONTEXT, len(lines) - (0 if last else _CONTEXT)
    if end - start <= 1:
        return [_side_markup(lines)]
    number = count(end - start, "unchanged line")
    between = _folded_markup(number, _side_markup(lines[start:end])) if full else _gap(number)
    return [
        *([_side_markup(lines[:start])] if start else []),
        between,
        *([_side_markup(lines[end:])] if end < len(lines) else []),
    ]


def _side_markup(lines: list[Line]) -> Markup:
    kind, words = {"-": ("less", "Before: "), "+": ("more", "After: ")}.get(lines[0].sign, ("same", ""))
    return element("div", *([_spoken(words)] if words else []), *map(_line_markup, lines), class_=kind)


def _line_markup(line: Line) -> Markup:
    name: Name = "del" if line.sign == "-" else "ins"
    pieces = (element(name, p.text) if p.marked else _CONTINUED if p.text == CONTINUED else p.text for p in line.pieces)
    return element("span", *pieces, class_="line")


_CONTINUED: Final = element("span", CONTINUED, class_="end", unspoken="true")


def _folded_markup(summary: str, content: Markup) -> Markup:
    return element("details", element("summary", summary), content, class_="gap")


def _gap(text: str) -> Markup:
    return element("div", text, class_="gap")


# small things within a line


@lru_cache(1_024, typed=True)  # the fields of a kind are few
def _code(content: str) -> Markup:
    """A name or a value; a long one may be broken between its parts, and nowhere else."""
    first, *parts = name_parts(one_line(content))
    return element("code", first, *(child for part in parts for child in (PAUSE, part)))


@lru_cache(1_024, typed=True)
def _chip(content: str, tone: Tone = "") -> Markup:
    """A word that is looked for; its colour only repeats what it says."""
    return element("span", content, class_=f"chip {tone}" if tone else "chip")


def _quiet(*children: Child) -> Markup:
    """What may be read later."""
    return element("span", *children, class_="quiet")


def _spoken(content: str) -> Markup:
    """What those who see know from where it stands."""
    return element("span", content, class_="spoken")


def _prose(content: str) -> list[Child]:
    """A text of several lines, broken where it breaks; what stands in backticks is code."""
    children: list[Child] = []
    for number, line in enumerate(content.split("\n")):
        children += [BREAK] if number else []
        children += [_code(part) if is_name else part for part, is_name in named(line) if part]
    return children


# around the plan

_WORDS: Final[tuple[tuple[Child, str], ...]] = (
    (_chip("drift", "warn"), "Changed outside Git; apply puts it back, pull takes it into Git."),
    (_chip("conflict", "warn"), "Changed in Git and outside it since the last apply."),
    (_chip("unknown"), "Who changed it is not known."),
    (_chip("breaking", "less"), "A call of that function that is right today may be wrong after it."),
    (_code("↪"), "A row that does not begin a line of the text."),
    (_code("<U+202E>"), "A character that cannot be seen, by its number."),
)
_PAIRS: Final = several(child for word, text in _WORDS for child in (element("dt", word), element("dd", text)))
_LEGEND: Final = element(
    "details", element("summary", "What the words mean"), element("dl", _PAIRS, class_="words"), class_="fold"
)
