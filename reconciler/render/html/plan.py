"""One plan on a page: what stands against it, what happens to whom, each change, and the figures."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from reconciler.plan.allowances import LABEL
from reconciler.render import sentences
from reconciler.render.html.change import common, section
from reconciler.render.html.element import Child, Markup, element, several
from reconciler.render.html.inline import chip, code, heading, prose, quiet
from reconciler.render.html.look import Look
from reconciler.render.html.table import table
from reconciler.render.values import one_line
from reconciler.render.verdict.halves import Half, halves
from reconciler.render.verdict.ranking import ranked
from reconciler.render.verdict.shared import Shared, apart
from reconciler.render.view import ChangeView, ObjectionView, View

_TOP = 2  # the depth of the parts of a page of one plan
_LARGE = (
    "This plan is large, so some things are left out here: the patches, what did not change around each edit, and the"
    " rest of long texts that come or go whole. The plan as JSON has all of them."
)


def tone(view: View) -> str:
    """In one word, for the colour of the page's edge: `refused`, `nothing` to do, or `pending`."""
    if view.standing:
        return "refused"
    return "pending" if view.changes or view.mismatches else "nothing"


def where(view: View, look: Look) -> Markup:
    """Which place this is, whose, and what it was held against."""
    stack = element("span", "stack ", code(view.stack))
    name = element("strong", one_line(view.environment), id=look.anchor("where"))
    beside = [element("span", *sentences.beside(view))] if view.base and view.offline is None else []
    return element("p", name, element("span", sentences.address_of(view)), stack, *beside, class_="where")


def parts(view: View, look: Look) -> tuple[Part, ...]:
    """Everything below the verdict that has a heading of its own."""
    shown = [_shown(half, number, look) for number, half in enumerate(halves(view)) if half.has_any or half.title]
    places = {address: name for one in reversed(shown) for address, name in one.places.items()}
    found = [Part(one.half.title or "Changes", one.name, len(one.half.changes), _changes(one, look)) for one in shown]
    if view.objections:
        told = (_objection(objection, places, look) for objection in view.objections)
        found.insert(0, Part("Objections", look.anchor("objections"), len(view.objections), told))
    if notes := sentences.notes(view):
        listed = element("ul", several(element("li", *prose(note)) for note in notes), class_="list")
        found.append(Part("Notes", look.anchor("notes"), len(notes), [listed]))
    return tuple(found)


@dataclass(frozen=True, slots=True)
class Part:
    """A part of what there is to say, and where on the page it stands."""

    title: str
    name: str
    number: int
    content: Iterable[Markup]

    def link(self) -> Markup:
        """The way to it, and how much there is."""
        return element("li", element("a", self.title, to=self.name), quiet(f" {self.number}"))

    def section(self, depth: int) -> Markup:
        """All of it, below its heading. A part of a part is no landmark: there would be too many of one name."""
        inner = heading(depth, self.title, id=self.name), several(self.content)
        return element("section", *inner, labelled_by=self.name) if depth == _TOP else element("section", *inner)


@dataclass(frozen=True, slots=True)
class _Shown:
    """The changes of a half: what is shared, the rest, and the place of each on the page."""

    half: Half
    name: str
    groups: tuple[Shared, ...]
    rest: tuple[ChangeView, ...]
    own: dict[str, str]
    places: dict[str, str]


def _shown(half: Half, number: int, look: Look) -> _Shown:
    name = look.anchor(f"changes{number}")
    groups, rest = apart(half.changes)
    rest = ranked(rest)
    own = {change.address: f"{name}-{i}" for i, change in enumerate(rest)}
    shared = {change.address: f"{name}-s{i}" for i, one in enumerate(groups) for change in one.changes}
    return _Shown(half, name, groups, rest, own, {**shared, **own})


def _changes(shown: _Shown, look: Look) -> Iterator[Markup]:
    if not shown.half.has_any:
        yield element("p", "Nothing.", class_="quiet")
        return
    if shown.half.objections:
        told = [element("li", *prose(sentences.blocked(one))) for one in shown.half.objections]
        yield element("ul", several(told), class_="list")
    if shown.half.changes:
        yield table(shown.half.changes, shown.places)
    for i, one in enumerate(shown.groups):
        yield common(one, f"{shown.name}-s{i}", shown.own, look)
    for i, change in enumerate(shown.rest):
        yield section(change, f"{shown.name}-{i}", look)


def figures(view: View) -> Markup:
    """What is left as it is, and what was reviewed."""
    more = "Only what was selected: the whole plan may hold more. " if view.narrowed else ""
    told = " ".join(filter(None, [sentences.rest(view), sentences.marks(view)]))
    return element("p", more, told, " Fingerprint ", code(view.fingerprint), ".", class_="figures")


def banners(view: View, look: Look) -> Iterator[Markup]:
    """That nothing live was read, and that not everything is here."""
    if view.offline is not None:
        yield _banner("warn", " ".join(sentences.beside(view)))
    if not look.full:
        yield _banner("calm", _LARGE)


def _banner(kind: str, told: str) -> Markup:
    return element("div", element("p", *prose(told), class_=f"card {kind}"), class_="banners")


def _objection(objection: ObjectionView, places: Mapping[str, str], look: Look) -> Markup:
    word = chip("Allowed") if objection.allowed else chip("Objection", "less")
    subject = [" ", _subject(objection.address, places)] if objection.address else []
    told: list[Markup] = [
        heading(look.depth + 1, word, " ", code(objection.code), *subject),
        element("p", *prose(objection.message)),
        *remedy(objection.remedy),
    ]
    if objection.origin == "pending":
        told.append(element("p", "It stands without this change too."))
    told.append(element("p", *_permission(objection), class_="quiet"))
    return element("div", several(told), class_="card" if objection.allowed else "card refused")


def _subject(address: str, places: Mapping[str, str]) -> Markup:
    return element("a", code(address), to=places[address]) if address in places else code(address)


def remedy(content: str) -> Iterator[Markup]:
    """A sentence; further lines of it are something to paste."""
    first, _, rest = content.partition("\n")
    if first:
        yield element("p", "To fix it: ", *prose(first))
    if rest:
        yield element("pre", element("code", rest))


def _permission(objection: ObjectionView) -> Iterator[Child]:
    if not objection.can_be_allowed:
        yield "It cannot be overridden."
        return
    flag, label = code(f"--allow {objection.code}"), code(f"{LABEL}{objection.code}")
    if objection.allowed:
        yield from ("Allowed by ", code(objection.allowed_by) if objection.allowed_by else flag, ".")
    else:
        yield from ("To let it pass: ", flag, ", or the label ", label, " on the pull request.")
