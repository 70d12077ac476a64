"""The page: what is on it and in what order, that nothing in it acts, and how it does in a browser."""

from __future__ import annotations

import ast
import json
import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from html import unescape
from html.parser import HTMLParser
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.canonical import ABSENT
from reconciler.model import Base, Change, Meaning, Objection, Plan
from reconciler.paths import read as path
from reconciler.render import FORMATS, Style, document
from reconciler.render import html as package
from reconciler.render.html.element import Markup, element, sheet
from reconciler.render.html.page import page, sides
from reconciler.render.several import Lost
from reconciler.render.tree import LongValue
from reconciler.render.view import view
from reconciler.render.visible import visible
from support.browser import Browser, Page, browser
from support.needing import NODE, brought, needing, node
from support.render_plans import WHERE, adopt, create, delete, lookalike, mark, merging, plan, update
from support.render_plans import field as changed
from support.world import SCENARIOS
from test_render_laws import INVISIBLE, plans, texts

VOID = {"meta", "br", "wbr"}
ATTRIBUTES = {
    "aria-hidden",
    "aria-labelledby",
    "charset",
    "class",
    "content",
    "href",
    "http-equiv",
    "id",
    "lang",
    "name",
}
ATTRIBUTES |= {"open", "scope"}


@dataclass
class Outline(HTMLParser):
    """A page as a browser would take it in: what there is of elements, and every text in its order."""

    tags: list[str] = field(default_factory=list)
    attributes: set[str] = field(default_factory=set)
    ids: list[str] = field(default_factory=list)
    links: list[str] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)
    headings: list[str] = field(default_factory=list)
    within: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__()

    def __hash__(self) -> int:
        return id(self)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        self.tags.append(tag)
        self.attributes |= set(found)
        self.ids += [str(found["id"])] if "id" in found else []
        self.links += [str(found["href"])] if "href" in found else []
        self.headings += [f"{tag} "] if re.fullmatch("h[1-6]", tag) else []
        self.within += [] if tag in VOID else [tag]

    def handle_endtag(self, tag: str) -> None:
        assert self.within.pop() == tag

    def handle_data(self, data: str) -> None:
        if "style" not in self.within:
            self.texts.append(data)
        if self.headings and re.fullmatch("h[1-6]", next(filter(HEADING.match, reversed(self.within)), "")):
            self.headings[-1] += data

    def handle_comment(self, data: str) -> None:
        raise AssertionError(f"a comment: {data}")

    def handle_pi(self, data: str) -> None:
        raise AssertionError(f"an instruction: {data}")

    def unknown_decl(self, data: str) -> None:
        raise AssertionError(f"a declaration: {data}")

    @property
    def text(self) -> str:
        return "".join(self.texts)


HEADING = re.compile("h[1-6]$")


def outline(html: str) -> Outline:
    """The page, read to its end, with every element closed that was opened."""
    found = Outline()
    found.feed(html)
    found.close()
    assert found.within == []
    return found


def html(of: Plan) -> str:
    return FORMATS["html"](document(of), Style())


def told(of: Plan) -> str:
    return outline(html(of)).text


# what markup is


def test_a_text_is_escaped_and_what_was_built_is_not() -> None:
    assert element("p", "a < b & ", element("code", '"x"')) == "<p>a &lt; b &amp; <code>&quot;x&quot;</code></p>"
    assert element("a", "up", to='"><script>', class_="x") == '<a href="#&quot;&gt;&lt;script&gt;" class="x">up</a>'


def test_markup_that_was_cut_or_joined_is_a_text_again() -> None:
    bold = element("strong", "x")

    assert type(bold) is Markup
    assert element("p", f"{bold}!") == "<p>&lt;strong&gt;x&lt;/strong&gt;!</p>"
    assert element("p", bold[:8]) == "<p>&lt;strong&gt;</p>"


def test_no_line_of_the_page_begins_with_a_text_and_what_is_invisible_shows() -> None:
    assert element("p", "a\n::error::##[x]\u202e") == "<p>a&#10;::error::##&#91;x]&lt;U+202E&gt;</p>"


def test_a_style_sheet_cannot_end_itself() -> None:
    with pytest.raises(ValueError, match="must not hold"):
        sheet("</style><script>")


def test_only_one_module_makes_markup() -> None:
    """So a text that is no element's child cannot get onto the page unescaped."""
    folder = Path(package.__file__).parent
    calls = {
        module.name
        for module in folder.glob("*.py")
        for node in ast.walk(ast.parse(module.read_text()))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Markup"
    }

    assert calls == {"element.py"}


# what is on the page

PROMPT = (
    "You help.\n" + "".join(f"Rule {n}: be kind.\n" for n in range(20)) + "Answer in one sentence. Then stop.\n\nBye."
)
EDITED = PROMPT.replace("in one sentence", "in two sentences").replace("Rule 3: be kind.\n", "")


def origins(change: Change, *names: str | None) -> Change:
    pairs = zip(change.fields, names, strict=True)
    return replace(change, fields=tuple(replace(one, origin=name) for one, name in pairs))


def whole_plan() -> Plan:
    """One of everything."""
    schema = path("tools.functions.lookup.parameters")
    edited = update(
        "hr",
        changed("instructions", PROMPT, EDITED),
        changed("temperature", 1, 0.2, "drift"),
        changed("tools.functions.lookup.parameters.required", ["city"], ["city", "limit"]),
        changed("tools.functions.lookup.parameters.properties", {"a": {"type": "x" * 90}}, {"a": {"type": "y" * 90}}),
        changed("metadata.tier", ABSENT, "gold"),
        changed("metadata.team", "hr"),
        hidden=9,
    )
    meanings = (schema, Meaning("`limit` became required", True)), (schema, Meaning("`a` may be more", False))
    return plan(
        create("new", changed("name", after="New one"), changed("instructions", after=PROMPT * 3)),
        replace(edited, meanings=meanings, patch={"instructions": EDITED}),
        adopt("tutor", changed("name", "Tutor", "The tutor")),
        adopt("plain"),
        delete("gone", changed("name", "Gone one"), changed("model")),
        *[
            replace(update(f"s{n}", changed("model", "gpt-4o", "gpt-4.1")), patch={"model": "gpt-4.1"})
            for n in range(4)
        ],
        update("s4", changed("model", "gpt-4o", "gpt-4.1"), changed("top_p", 1, 0)),
        objections=(
            lookalike("new", remedy="paste this:\nreconciler:\n  id: asst_9"),
            Objection("too-many-changes", "9 of 10 change\nat once, says `max`, and a ` more", "", allowed=True),
            replace(lookalike("elsewhere"), origin="pending"),
        ),
        marks=(mark("x"),),
        notes=("1 copy is left alone\nfor now",),
        unchanged=14,
        unmanaged=3,
    )


def test_the_verdict_comes_first_and_is_the_title() -> None:
    found = outline(html(whole_plan()))
    title = found.texts[found.texts.index(next(one for one in found.texts if one.strip()))]

    assert title.endswith(" · production")
    assert found.headings[0] == f"h1 {title.removesuffix(' · production')}"
    assert found.text.index("https://api.example.com/v1, project proj_x") < found.text.index("Objections")


def test_the_parts_stand_in_the_order_in_which_they_matter() -> None:
    headings = outline(html(whole_plan())).headings

    assert [heading for heading in headings if heading.startswith("h2")] == ["h2 Objections", "h2 Changes", "h2 Notes"]
    assert headings[2:5] == [
        "h3 Blocked possible-duplicate",
        "h3 Allowed too-many-changes",
        "h2 Changes",
    ]
    assert [h for h in headings if h.startswith("h3")][2:5] == [
        "h3 + create assistant.new blocked",
        "h3 − delete assistant.gone",
        "h3 ~ update assistant.hr",
    ]


@pytest.mark.parametrize(
    "words",
    [
        "To fix it: paste this:",
        "reconciler:\n  id: asst_9",
        "--allow possible-duplicate, or the label reconciler/allow:possible-duplicate on the pull request.",
        "9 of 10 change",
        "Allowed by --allow too-many-changes.",
        "It applies without this change too.",
        "− delete for good",
        "will be adopted and updated in-place",
        "prompt -4 words",
        "id asst_hr",
        "manifest assistants/hr.yaml:1",
        "blocked by possible-duplicate",
        "Function lookup",
        "breaking, now requires limit",
        "compatible a may be more",
        "temperature drift",
        "before 1 → after 0.2",
        "9 unchanged fields hidden.",
        '"instructions": "You help.',
        "10 unchanged lines",
        "assistant.s4 and more assistants/s4.yaml:1",
        "14 unchanged, 3 unmanaged. 1 marker will be refreshed. Fingerprint ",
        "Changed outside Git; apply puts it back, pull takes it into Git.",
    ],
)
def test_the_page_says(words: str) -> None:
    assert words in told(whole_plan())


def test_prompts_stand_side_by_side_with_the_changed_words_marked() -> None:
    shown = html(plan(update("hr", changed("instructions", PROMPT, EDITED))))

    assert (
        '<div class="pair"><div class="less"><span class="spoken">Before: </span>'
        '<span class="line">Answer in <del>one sentence</del>.</span></div>'
        '<div class="more"><span class="spoken">After: </span>'
        '<span class="line">Answer in <ins>two sentences</ins>.</span></div></div>'
    ) in shown
    assert '<span class="line">Rule 3: be kind.</span>' in shown
    assert "↵" not in shown.split("<body>")[1].split("<footer")[0]


def test_a_sentence_that_begins_no_line_any_more_says_so() -> None:
    before, after = (f"{'Say this and that today. ' * 5}{between}Then stop at once." for between in ("\n", ""))
    shown = html(plan(update("hr", changed("instructions", before, after))))

    assert '<span class="line">Then·stop·at·once.</span>' in shown
    assert '<span class="end" aria-hidden="true">↪ </span>Then·stop·at·once.' in shown


def test_a_text_that_comes_whole_is_there_to_its_end() -> None:
    shown = told(plan(create("new", changed("instructions", after=PROMPT * 3))))

    assert shown.count("Rule 19: be kind.") == 3
    assert "more lines" in shown


def test_a_base_splits_the_page_in_two() -> None:
    edited = update("hr", changed("model", "gpt-4o", "gpt-4.1"), changed("temperature", 1, 0.2, "drift"))
    split = plan(origins(edited, "change", "pending"), base=Base("main", "1a2b3c"))
    found = outline(html(split))

    assert [heading for heading in found.headings if heading.startswith("h2")] == [
        "h2 Merging does this",
        "h2 Also done by merging",
    ]
    assert "compared with main (1a2b3c)" in found.text
    assert len(set(found.ids)) == len(found.ids)


def test_what_merging_leaves_is_on_the_page_with_what_speaks_against_it() -> None:
    drifted, conflict = update("hr", changed("temperature", 1, 0.2, "conflict")), lookalike("hr", remedy="")
    found = outline(html(merging(rest=(drifted,), rest_objections=(conflict,))))
    alone = outline(html(merging(rest_objections=(conflict,))))

    assert [heading for heading in found.headings if heading.startswith("h2")] == [
        "h2 Merging does this",
        "h2 Not done by merging",
    ]
    assert "Blocked (possible-duplicate): assistant.hr: asst_9 has this name" in found.text
    assert "Blocked (possible-duplicate)" in alone.text


def test_what_git_said_before_this_change_is_told_apart() -> None:
    earlier = plan(origins(update("hr", changed("model", "gpt-4o", "gpt-4.1")), "pending"), base=Base("main"))

    assert "edited in Git before this change, and not applied yet" in told(earlier)


def test_a_half_with_nothing_in_it_says_so() -> None:
    assert "Not done by merging" in told(merging())
    assert told(merging()).count("Nothing.") == 2


def test_a_plan_made_offline_says_so_before_what_it_does() -> None:
    edited = origins(update("hr", changed("model", "a", "b")), "change")
    shown = told(plan(edited, base=Base("main"), offline="No key is set."))
    told_so = shown.index("Nothing live was read: No key is set. The plan is based on the manifests of main.")

    assert told_so < shown.index("Merging does this", shown.index("Also done by merging"))


def test_nothing_to_do_is_a_page_too() -> None:
    shown = told(plan(unchanged=3))

    assert "No changes. Your agents and assistants match the manifests." in shown
    assert "Changes" not in outline(html(plan(unchanged=3))).headings


def test_few_changes_are_unfolded_and_many_are_not() -> None:
    few, many = (plan(*[update(f"a{n}", changed("model", n, n + 1)) for n in range(count)]) for count in (6, 7))

    assert html(few).count("<details open") + html(few).count(' class="change" open') == 6
    assert " open>" not in html(many)


def test_a_very_large_plan_leaves_out_what_did_not_change_and_says_how_much() -> None:
    long = "".join(f"Line {n} of many.\n" for n in range(2_000))
    after = long.replace("Line 3 ", "Line three ").replace("Line 1000 ", "Line thousand ").replace("Line 1009 ", "L ")
    edits = [update(f"a{n}", changed("instructions", long, after.replace("Line t", f"{n} Line t"))) for n in range(20)]
    structure = {"x": ["y" * 60] * 2}
    coming = create("new", changed("instructions", after=long), changed("metadata", after=structure))
    shown = told(plan(*edits, replace(coming, patch={"instructions": long})))

    assert re.findall("[0-9]+ unchanged lines", shown)[:3] == [
        "990 unchanged lines",
        "2 unchanged lines",
        "988 unchanged lines",
    ]
    assert "Line 500 of many." not in shown
    assert "0 Line three of many." in shown
    assert "Line 0 of many." in shown
    assert "This plan is large" in shown
    assert "8,000 words" in shown
    assert "The patch that is sent" not in shown


def test_several_environments_stand_on_one_page_and_a_failure_among_them() -> None:
    views = [view(document(replace(whole_plan(), where=replace(WHERE, environment=name)))) for name in ("one", "two")]
    lost = Lost("staging", "No answer.\nNone at all.", "look whether it is up")
    found = outline(page([views[0], lost, views[1]]))

    assert found.headings[0].startswith("h1 No plan of staging · one, two: 1 blocked (possible-duplicate). Will apply")
    assert [heading for heading in found.headings if heading.startswith("h2")] == [
        "h2 No plan of staging",
        "h2 Objections",
        "h2 In one, two",
        "h2 Notes",
    ]
    assert "To fix it: look whether it is up" in found.text
    assert "two: Plan: 2 to import, 1 to add, 7 to change, 1 to destroy. 14 unchanged" in found.text
    assert len(set(found.ids)) == len(found.ids)
    assert {link.removeprefix("#") for link in found.links} <= set(found.ids)


def test_what_only_one_environment_has_names_it() -> None:
    away, here = (
        view(document(replace(plan(**more), where=replace(WHERE, environment=name))))
        for name, more in (
            ("away", {"offline": "no key", "notes": ("Look.",), "objections": (lookalike("x"),), "base": Base("main")}),
            ("here", {"base": Base("main")}),
        )
    )
    shown = outline(page([away, here])).text

    assert "away: Nothing live was read: no key." in shown
    assert "away: Look." in shown
    assert "Blocked possible-duplicate in away" in shown


def test_a_page_of_failures_alone_is_a_page() -> None:
    assert outline(page([Lost("staging", "No answer.")])).headings == ["h1 No plan of staging", "h2 No plan of staging"]


def test_a_page_of_quiet_environments_is_quiet() -> None:
    shown = page([view(document(plan())), view(document(plan()))])

    assert 'class="top nothing"' in shown


# laws


@settings(deadline=None)
@given(plans)
def test_no_live_text_acts_on_the_page(plan: Plan) -> None:
    shown = html(plan)
    found = outline(shown)

    assert set(found.tags) <= TAGS
    assert found.attributes <= ATTRIBUTES
    assert len(set(found.ids)) == len(found.ids)
    assert set(found.links) <= {f"#{name}" for name in found.ids}
    assert found.tags.count("style") == found.tags.count("title") == found.tags.count("h1") == 1
    assert not INVISIBLE.search(shown)
    assert "##[" not in shown
    assert "##vso[" not in shown
    assert not re.search(r"^\s*::", shown, re.M)


TAGS = {
    "html",
    "head",
    "meta",
    "title",
    "style",
    "body",
    "a",
    "header",
    "main",
    "footer",
    "section",
    "div",
    "span",
    "p",
}
TAGS |= {
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "ul",
    "li",
    "dl",
    "dt",
    "dd",
    "strong",
    "code",
    "pre",
    "del",
    "ins",
    "details",
    "summary",
}
TAGS |= {"table", "thead", "tbody", "tr", "th", "td", "br", "wbr"}


@settings(deadline=None)
@given(texts, texts)
def test_a_text_is_on_the_page_as_it_may_be_seen(content: str, more: str) -> None:
    shown = told(plan(create("new", changed("instructions", after=f"{content} {'word ' * 30}{more}"))))

    assert squeezed(content) in squeezed(shown)
    assert squeezed(more) in squeezed(shown)


def squeezed(content: str) -> str:
    """The text less its white space and what stands for that, and as if nothing had been disarmed."""
    bare = visible(content).replace("<U+003A>", ":").replace("<U+0023>", "#").replace("<U+21AA>", "↪")
    bare = re.sub(r"<U\+(?:00A0|1680|20[0-9A-F]{2}|3000|000[BC]|001[C-F]|0085)>", "", bare)
    return re.sub(r"[\s·→↪]", "", bare)


edits = st.lists(st.tuples(st.sampled_from("=-+"), texts), max_size=12)


@settings(deadline=None)
@given(edits, st.sampled_from([" ", "\n", ". "]))
def test_both_texts_are_there_to_be_read_whole(edits: list[tuple[str, str]], between: str) -> None:
    before, after = (between.join(part for sign, part in edits if sign in f"={side}") for side in "-+")
    shown = str(sides(LongValue(before, after, "", 40), "~", full=True))

    assert squeezed(only("less", shown)) == squeezed(before)
    assert squeezed(only("more", shown)) == squeezed(after)


def only(kind: str, shown: str) -> str:
    """What the page says of one side, with what is the same on both."""
    other = {"less": "more", "more": "less"}[kind]
    bare = re.sub(rf'<div class="{other}">.*?</div>', "", shown)
    bare = re.sub(r'<span class="spoken">.*?</span>|<summary>.*?</summary>', "", bare)
    return unescape(re.sub(r"<[^>]*>", "", bare))


# in a browser


def module(name: str) -> Path:
    """A file of one of npm's modules."""
    return brought(NODE / "node_modules" / name)


@pytest.fixture(scope="session")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Every scenario's page as a file, and some that no scenario has."""
    folder = tmp_path_factory.mktemp("pages")
    made = {scenario.path.stem: html(scenario.planned) for scenario in SCENARIOS}
    split = origins(update("hr", changed("model", "a", "b"), changed("top_p", 1, 0, "drift")), "change", "pending")
    of_base = plan(split, base=Base("main"), offline="No key is set.")
    lost = Lost("staging", "No answer.", "look whether it is up")
    made["of everything"] = html(whole_plan())
    made["of a base"] = html(of_base)
    other = replace(of_base, where=replace(WHERE, environment="test"), offline=None)
    made["of several"] = page([view(document(whole_plan())), lost, view(document(other))])
    for name, content in made.items():
        (folder / f"{name}.html").write_text(content)
    return {name: folder / f"{name}.html" for name in made}


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    needing("chromium")  # a fixture of a module begins before the mark of a test is looked at
    with browser() as found:
        yield found


@pytest.fixture
def tab(chromium: Browser) -> Page:
    return chromium.page()


def test_every_page_is_valid(pages: dict[str, Path]) -> None:
    program = module("html-validate/bin/html-validate.mjs")
    command = [node(), program, "-c", NODE / ".htmlvalidate.json", "-f", "json", *pages.values()]

    done = subprocess.run(command, capture_output=True, text=True, check=False)

    problems = [
        f"{Path(one['filePath']).name}:{message['line']}: {message['message']}"
        for one in json.loads(done.stdout)
        for message in one["messages"]
    ]
    assert problems == []
    assert done.returncode == 0, done.stderr


AXE = """axe.run(document).then(found => found.violations.map(
    one => `${one.id}: ${one.help}: ${one.nodes[0].html}: ${one.nodes[0].failureSummary}`))"""
UNFOLD = "document.querySelectorAll('details').forEach(one => { one.open = true }); 0"
CHECKED = ["of everything", "of a base", "of several", "nothing-to-do", "keeps-hostile-text-in-its-place"]


@pytest.mark.needs("chromium")
@pytest.mark.parametrize(
    ("width", "dark"),
    [
        (390, True),
        (1280, False),  # colors do not depend on the width, nor the layout on them: the other pairs are for a soak
        pytest.param(390, False, marks=pytest.mark.soak),
        pytest.param(1280, True, marks=pytest.mark.soak),
    ],
)
def test_the_page_is_accessible(pages: dict[str, Path], tab: Page, width: int, dark: bool) -> None:
    axe = module("axe-core/axe.min.js").read_text()
    for name in CHECKED:
        tab.open(pages[name].as_uri(), width=width, dark=dark)
        tab.evaluate(f"{axe}\n;{UNFOLD}")

        assert (name, tab.evaluate(AXE)) == (name, [])


@pytest.mark.needs("chromium")
def test_no_page_is_wider_than_its_window_and_none_asks_for_more(pages: dict[str, Path], tab: Page) -> None:
    for name, file in pages.items():
        tab.open(file.as_uri(), width=320)
        tab.evaluate(UNFOLD)
        for width in (320, 390, 700, 1280):
            tab.resize(width)
            found = tab.evaluate("[document.documentElement.scrollWidth, document.scripts.length]")

            assert (name, found) == (name, [width, 0])
        assert tab.requests == [file.as_uri()]
        assert tab.complaints == []


@pytest.mark.needs("chromium")
def test_prompts_stand_side_by_side_where_there_is_room(pages: dict[str, Path], tab: Page) -> None:
    apart = "(([a, b]) => [a.top === b.top, a.left < b.left])([...document.querySelector('.pair').children]"
    apart += ".map(one => one.getBoundingClientRect()))"
    for width, expected in ((1280, [True, True]), (390, [False, False])):
        tab.open(pages["of everything"].as_uri(), width=width)
        tab.evaluate(UNFOLD)

        assert tab.evaluate(apart) == expected


@pytest.mark.needs("chromium")
@pytest.mark.parametrize("name", ["#changes0-0", "#changes0-3"])
def test_without_script_a_link_unfolds_what_it_leads_to(pages: dict[str, Path], tab: Page, name: str) -> None:
    shown = "getComputedStyle(document.querySelector('.ranking')).display"
    tab.open(f"{pages['of everything'].as_uri()}{name}", script=False)
    tab.call("Emulation.setScriptExecutionDisabled", value=False)

    assert tab.evaluate(f"document.querySelector('{name}').closest('details').open")
    assert tab.evaluate(shown) == "table"


@pytest.mark.needs("chromium")
def test_on_paper_nothing_is_folded(pages: dict[str, Path], tab: Page) -> None:
    tab.open(pages["of everything"].as_uri())
    shown = "getComputedStyle(document.querySelector('.change'), '::details-content').contentVisibility"
    on_screen = tab.evaluate(shown)
    tab.call("Emulation.setEmulatedMedia", media="print")

    assert (on_screen, tab.evaluate(shown)) == ("hidden", "visible")
