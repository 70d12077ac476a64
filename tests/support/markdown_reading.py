"""What a renderer of GitHub's Markdown makes of a text, read from a parser that is not ours."""

from __future__ import annotations

import re
from collections.abc import Iterator

from markdown_it import MarkdownIt
from markdown_it.token import Token

TAGS = {"details", "summary", "code", "b", "del", "strong", "br", "sub"}
"""The HTML that is ours."""
BLOCKS = {"heading", "paragraph", "blockquote", "bullet_list", "list_item", "table", "thead", "tbody", "tr", "th", "td"}
INLINE = {
    "text", "code_inline", "html_inline", "softbreak", "strong_open", "strong_close", "em_open", "em_close", "s_open",
    "s_close",
}  # fmt: skip
LIVELY = re.compile(  # what GitHub and GitLab look for in what is read, outside code
    r"@[A-Za-z0-9]|#\d|\bGH-\d|://|\bwww\.|\b(?=[a-f]*[0-9])[0-9a-f]{7,40}\b|\$\S|:[a-z0-9+_-]+:",
    re.IGNORECASE,
)
_CODE = re.compile(r"(?<!`)(`+)(?!`).+?(?<!`)\1(?!`)|<code>.*?</code>")
_LINK = r"\[(?:The whole is here|`[^`]*`)\]\(<https://[^>]*>\)"
_OURS = re.compile(rf"^\[!(?:CAUTION|NOTE|WARNING)\]$|{_LINK}", re.MULTILINE)
_SIGNS = re.compile(r"[][$^\\]")  # of footnotes, tasks, alerts, mathematics: not our parser's
_PARSER = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])


def read(markdown: str) -> list[Token]:
    """The blocks of the text, one after the other."""
    return _PARSER.parse(markdown)


def inline(tokens: list[Token]) -> Iterator[Token]:
    """What is within the lines."""
    for token in tokens:
        yield from token.children or ()


def tags(tokens: list[Token]) -> list[str]:
    """Every tag of HTML, in order: `details`, `/details`."""
    html = [token.content for token in tokens if token.type == "html_block"]
    for token in tokens:
        html += [child.content for child in token.children or () if child.type == "html_inline"]
    return [tag for text in html for tag in re.findall(r"<(/?[a-z]+|[^a-z/])[^>]*>?", text)]


def in_order(markdown: str) -> list[str]:
    """The details and fences of the text, as they open and close."""
    found = []
    for token in read(markdown):
        if token.type == "html_block":
            found += re.findall(r"</?details", token.content)
    return found


def is_balanced(markdown: str) -> bool:
    """Whether everything that can be unfolded ends, and nothing ends twice."""
    depth = 0
    for tag in in_order(markdown):
        depth += 1 if tag == "<details" else -1
        if depth < 0:
            return False
    return depth == 0


def acting(markdown: str, *, links: int = 0) -> list[str]:
    """Everything in the text that is not as our pages are: to be empty."""
    tokens = read(markdown)
    kinds = {token.type.removesuffix("_open").removesuffix("_close") for token in tokens}
    found = sorted(kinds - BLOCKS - {"inline", "fence", "html_block"})
    found += sorted({tag.removeprefix("/") for tag in tags(tokens)} - TAGS)
    parts = list(inline(tokens))
    found += sorted({part.type for part in parts} - INLINE - {"link_open", "link_close"})
    found += ["emphasis"] * (sum(part.type == "em_open" for part in parts) - markdown.count("*The rest of this change"))
    found += ["link"] * (sum(part.type == "link_open" for part in parts) - links)
    found += [match[0] for token in tokens for text in _outside_code(token) for match in LIVELY.finditer(text)]
    lines = [_OURS.sub("", token.content) for token in tokens if token.type == "inline"]
    found += [sign for line in lines for sign in _SIGNS.findall(_CODE.sub("", line))]
    found += [sign for token in tokens if token.type == "inline" for sign in _unread(token)]
    headings = [token.tag for token in tokens if token.type == "heading_open"]
    found += [f"{headings.count('h3')} titles"] if headings[:1] != ["h3"] or headings.count("h3") != 1 else []
    found += [] if is_balanced(markdown) else ["not balanced"]
    return found


def _unread(token: Token) -> Iterator[str]:
    """Signs of what is struck or strong that are not read as such."""
    line, kinds = _CODE.sub("", token.content), [child.type for child in token.children or ()]
    read = {"~": 4 * kinds.count("s_open"), "*": 4 * kinds.count("strong_open") + 2 * kinds.count("em_open")}
    yield from (f"{sign} as text" for sign, number in read.items() if line.count(sign) != number)


def _outside_code(token: Token) -> Iterator[str]:
    """The text of a block less its code; the alert at the head of a quote is ours."""
    inside = False
    for child in token.children or ():
        if child.type == "html_inline" and child.content in ("<code>", "</code>"):
            inside = child.content == "<code>"
        elif child.type == "text" and not inside:
            yield re.sub(r"^\[!(?:CAUTION|NOTE|WARNING)\]$", "", child.content)
