"""Live text in Markdown does nothing: it is read back by a parser that is not ours."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from reconciler.paths import quoted
from reconciler.render.markup import bounded, fence, joined, link, prose, sentence, span, strong, struck, tag
from support.markdown_reading import LIVELY

texts = st.text(alphabet="ab1 @#`$|\\<>*_~[](){}!:/.-+=&;\"'\n\twWgGhH", max_size=60) | st.text(max_size=30)
_HTML = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("assistant.x", "`assistant.x`"),
        ("<b>@me #1", "`<b>@me #1`"),
        ("a`b", "<code>a&#96;b</code>"),
        ("a|b", "<code>a&#124;b</code>"),
        ("a\\|b", "<code>a&#92;&#124;b</code>"),
        ("a\nb", "<code>a&#92;nb</code>"),
        ("$x$", "<code>&#36;x&#36;</code>"),
        ("", "<code></code>"),
        (" ", "<code> </code>"),
    ],
)
def test_code_within_a_line_cannot_be_left(text, shown):
    assert span(text) == shown


def test_code_within_html_cannot_be_left():
    assert tag("</code></details>\n&") == "<code>&lt;/code&gt;&lt;/details&gt;\\n&amp;</code>"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Plain, isn't it? (yes) asst_1, +12 words", "Plain, isn't it? (yes) asst_1, +12 words"),
        ("ask @team, see #1 and GH-1.", "ask `@team`, see `#1` and `GH-1`."),
        ("(https://x.y/z) www.x.y a@b.c", "(`https://x.y/z`) `www.x.y` `a@b.c`"),
        ("mailto:x xmpp:y", "`mailto:x` `xmpp:y`"),
        ("fixed in 1a2b3c4 by owner/repo@1a2b3c4", "fixed in `1a2b3c4` by `owner/repo@1a2b3c4`"),
        ("defaced 123456", "defaced 123456"),
        (":+1: a:b c: d", "`:+1:` a&#58;b c: d"),
        ("costs $5 or $x$", "costs <code>&#36;5</code> or <code>&#36;x&#36;</code>"),
        ("@", "`@`"),
        ("# x", "&#35;&#8203; x"),
        ("<b>*x* _y_ [z](w)", "&#60;b&#62;&#42;x&#42; &#95;y&#95; &#91;z&#93;(w)"),
        ("snake_case_name ~~x~~", "snake_case_name &#126;&#126;x&#126;&#126;"),
        ("<!-- x --> &amp; &#64;me", "&#60;&#33;-- x --&#62; &#38;amp; `&#64`;me"),
        ("[^1] > [!NOTE]", "&#91;&#94;1&#93; &#62; &#91;&#33;NOTE&#93;"),
        ("- [ ] x", "&#45; &#91; &#93; x"),
        ("1. x\n2) y\n+ z\n---", "1&#46; x<br>2&#41; y<br>&#43; z<br>&#45;--"),
        ("    indented\n \tby a tab", " indented<br> by a tab"),
        ("===", "&#61;&#61;&#61;"),
        ("a|b\nc", "a&#124;b<br>c"),
        ("\x1b::error::", "&#60;U+001B&#62;`<U+003A>:error::`"),
    ],
)
def test_prose_does_not_act(text, shown):
    assert prose(text) == shown


@given(texts)
def test_no_prose_is_anything_but_text_code_and_breaks(text):
    for mark in (prose, sentence, span):
        parsed = _HTML.parse(f"x {mark(text)} y")
        (line,) = [token for token in parsed if token.type == "inline"]
        assert [token.type for token in parsed] == ["paragraph_open", "inline", "paragraph_close"]
        kinds = {child.type for child in line.children or () if not _is_ours(child.type, child.content)}
        assert kinds <= {"text", "code_inline"}


def _is_ours(kind: str, content: str) -> bool:
    return kind == "html_inline" and content in ("<br>", "<code>", "</code>")


@given(texts)
def test_nothing_that_is_read_outside_code_is_looked_for_by_a_host(text):
    html = _HTML.renderInline(sentence(text))

    assert not LIVELY.search(re.sub(r"<code>.*?</code>|<[^>]*>|&lt;|&gt;|&quot;|&amp;", " ", html))


def test_names_between_backticks_are_code():
    assert sentence("set `id: {production: asst_1}` in a.yaml") == "set `id: {production: asst_1}` in a.yaml"
    assert sentence("`a` `b`") == "`a` `b`"
    assert sentence("one ` alone") == "one &#96; alone"


def test_a_name_that_has_backticks_stands_between_more_of_them():
    assert sentence("now requires ``a`b``") == "now requires <code>a&#96;b</code>"
    assert sentence("now requires `` `a ``") == "now requires <code>&#96;a</code>"
    assert sentence(f"now requires {quoted('a``b`')}") == "now requires <code>a&#96;&#96;b&#96;</code>"


def test_backticks_of_neighbours_do_not_meet():
    assert joined(["`a`", "`b`", "c"]) == "`a`&#8203;`b`c"


def test_a_fence_is_longer_than_any_within():
    assert fence("diff", ["a", "````", "`b`"]) == ["`````diff", "a", "````", "`b`", "`````"]


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("https://github.com/a/b/actions/runs/1?pr=2", "[Here](<https://github.com/a/b/actions/runs/1?pr=2>)"),
        ("https://host:8443/x", "[Here](<https://host:8443/x>)"),
        ("plan.md", "Here: `plan.md`"),
        ("http://x.y", "Here: `http://x.y`"),
        ("https://me:pw@x.y", "Here: `https://me:pw@x.y`"),
        ("https://x.y/>)[z](javascript:1", "Here: `https://x.y/>)[z](javascript:1`"),
        ("javascript:alert(1)", "Here: `javascript:alert(1)`"),
    ],
)
def test_only_a_plain_address_of_the_web_is_a_link(address, shown):
    assert link("Here", address) == shown


def test_a_text_is_shortened_until_it_has_room_marked_up():
    assert bounded(prose, "short", 10) == "short"
    assert bounded(span, "x" * 100, 12) == f"`{'x' * 9}…`"
    assert len(bounded(prose, "*" * 100, 60)) <= 60


@given(texts, st.integers(20, 60))
def test_what_is_bounded_fits(text, room):
    assert len(bounded(prose, text * 5, room)) <= room


# what is gone and what is new


def test_plain_words_stand_between_signs_and_their_spaces_outside_them():
    assert struck("the handbook", "from ", " only") == "~~the handbook~~"
    assert strong(" and kind", "Be brief", ".") == " **and kind**"
    assert strong("Never guess.", " ", "") == "**Never guess.**"


@pytest.mark.parametrize(
    ("text", "before", "after"),
    [("a*b", "", ""), ("@me", "", ""), ("kind.", "", "x"), (".x", "x", ""), ("x\ny", "", ""), (" ", "a", "b")],
)
def test_what_signs_might_not_hold_stands_in_an_element(text, before, after):
    assert strong(text, before, after) == f"<strong>{prose(text)}</strong>"


def test_nothing_is_nothing():
    assert struck("", "a", "b") == ""


@given(texts, texts.filter(bool), texts.filter(bool), texts)
def test_what_is_gone_and_what_is_new_is_read_as_that_whatever_is_around_it(lead, gone, new, tail):
    unsaid = [sign for sign in ("~~", "**") if sign not in f"{lead}{gone}{new}{tail}"]
    lead, tail = f"x{prose(lead)}", prose(tail)
    (block,) = [
        token
        for token in _HTML.parse(f"> {lead}{struck(gone, lead, ' ')} {strong(new, ' ', tail)}{tail}")
        if token.type == "inline"
    ]
    kinds = [child.type if child.type != "html_inline" else child.content for child in block.children]

    assert (kinds.count("s_open") + kinds.count("<del>"), kinds.count("strong_open") + kinds.count("<strong>")) == (
        1,
        1,
    )
    assert not any(sign in child.content for child in block.children if child.type == "text" for sign in unsaid)
