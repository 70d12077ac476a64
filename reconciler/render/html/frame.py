"""The page around the plans: what a browser may do, the title, the verdict, what the words mean."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterable, Iterator, Sequence
from hashlib import sha256
from typing import TYPE_CHECKING, Final

from reconciler.render import sentences
from reconciler.render.html import plan
from reconciler.render.html.element import Markup, element, meta, several, sheet, whole
from reconciler.render.html.inline import prose, quiet, spoken
from reconciler.render.html.legend import LEGEND
from reconciler.render.html.look import look as look_of
from reconciler.render.html.sheet import SHEET
from reconciler.render.values import one_line
from reconciler.render.verdict.headline import headline
from reconciler.render.view import View

if TYPE_CHECKING:
    from reconciler.render.several import Lost

_DIGEST: Final = b64encode(sha256(SHEET.encode()).digest()).decode()
_POLICY: Final = f"default-src 'none'; style-src 'sha256-{_DIGEST}'; base-uri 'none'; form-action 'none'"


def page(sections: Sequence[View | Lost]) -> str:
    """The plans on one page, in the order given; one that could not be made is told where it would stand."""
    views = [one for one in sections if isinstance(one, View)]
    only = views[0] if len(sections) == 1 and views else None
    verdict = headline(only) if only else _verdict_on(sections)
    body = _single(only, verdict) if only else _many(sections, views, verdict)
    title = f"{verdict} · {one_line(only.environment)}" if only else verdict
    return whole(_head(title), element("body", several(body)))


def _head(title: str) -> Iterator[Markup]:
    yield meta(charset="utf-8")
    yield meta(name="viewport", content="width=device-width, initial-scale=1")
    yield meta(http_equiv="Content-Security-Policy", content=_POLICY)
    yield meta(name="referrer", content="no-referrer")
    yield meta(name="robots", content="noindex")
    yield element("title", title)
    yield sheet(SHEET)


def _single(view: View, verdict: str) -> Iterator[Markup]:
    look = look_of([view], prefix="", depth=2)
    parts = plan.parts(view, look)
    told = [plan.where(view, look), element("h1", verdict), element("p", sentences.verdict(view))]
    yield _SKIP
    yield _top(plan.tone(view), [*told, *_contents(part.link() for part in parts)])
    yield element(
        "main", several([*plan.banners(view, look), *(part.section(2) for part in parts)]), id="main", class_="wide"
    )
    yield _foot([plan.figures(view)])


def _many(sections: Sequence[View | Lost], views: Sequence[View], verdict: str) -> Iterator[Markup]:
    links = (_link(one, f"e{number}-where") for number, one in enumerate(sections))
    yield _SKIP
    yield _top(_worst(sections, views), [element("h1", verdict), element("ul", several(links), class_="contents all")])
    found = (_environment(one, number, views) for number, one in enumerate(sections))
    yield element("main", several(found), id="main", class_="wide")
    yield _foot([])


def _verdict_on(sections: Sequence[View | Lost]) -> str:
    lost = sum(not isinstance(one, View) for one in sections)
    refused = sum(isinstance(one, View) and bool(one.standing) for one in sections)
    told = [f"{lost} without a plan" if lost else "", f"{refused} with objections" if refused else ""]
    number = sentences.count(len(sections), "environment")
    return ": ".join(filter(None, [number, ", ".join(filter(None, told))]))


def _worst(sections: Sequence[View | Lost], views: Sequence[View]) -> str:
    found = {plan.tone(view) for view in views} | ({"refused"} if len(views) < len(sections) else set())
    return next(word for word in ("refused", "pending", "nothing") if word in found or word == "nothing")


def _link(one: View | Lost, anchor: str) -> Markup:
    verdict = headline(one) if isinstance(one, View) else "No plan"
    return element("li", element("a", one_line(one.environment), to=anchor), quiet(f" {verdict}"))


def _environment(one: View | Lost, number: int, views: Sequence[View]) -> Markup:
    prefix = f"e{number}-"
    if not isinstance(one, View):
        return element(
            "section", *_lost(one, f"{prefix}where"), class_="environment missing", labelled_by=f"{prefix}where"
        )
    look = look_of(views, prefix=prefix, depth=3)
    told = [plan.where(one, look), _verdict(one.environment, headline(one))]
    parts = plan.parts(one, look)
    links = _contents(part.link() for part in parts)
    sections = [part.section(3) for part in parts]
    found = [
        *told,
        element("p", sentences.verdict(one)),
        *links,
        *plan.banners(one, look),
        *sections,
        plan.figures(one),
    ]
    return element("section", several(found), class_=f"environment {plan.tone(one)}", labelled_by=look.anchor("where"))


def _lost(one: Lost, anchor: str) -> Iterator[Markup]:
    yield element("p", element("strong", one_line(one.environment), id=anchor), class_="where")
    yield _verdict(one.environment, "No plan")
    yield element("div", element("p", *prose(one.message)), *plan.remedy(one.remedy), class_="card refused")


def _verdict(environment: str, told: str) -> Markup:
    """The heading of one environment; those who go from heading to heading hear which."""
    return element("h2", spoken(f"{one_line(environment)}: "), told, class_="verdict")


def _top(tone: str, told: Sequence[Markup]) -> Markup:
    return element("header", element("div", several(told), class_="wide"), class_=f"top {tone}")


def _contents(links: Iterable[Markup]) -> Iterator[Markup]:
    """Where to go on the page, where there is a choice."""
    found = list(links)
    if len(found) > 1:
        yield element("ul", several(found), class_="contents")


def _foot(told: Sequence[Markup]) -> Markup:
    return element("footer", element("div", several([*told, LEGEND]), class_="wide"), class_="foot")


_SKIP: Final = element("a", "Skip to the plan", to="main", class_="skip")
