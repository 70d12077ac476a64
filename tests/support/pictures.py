"""Pictures of a terminal: what a command prints in color, as SVG, light and dark.

They load no font and nothing else, so that a page shows them where nothing may be loaded. Each run of text is as wide
as its columns, whatever font there is.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from html import escape
from pathlib import Path

IMAGES = Path(__file__).resolve().parents[2] / "docs" / "images"

_COLORS = {
    "light": {
        "ground": "#ffffff",
        "frame": "#d1d9e0",
        "text": "#1f2328",
        "dim": "#59636e",
        "31": "#b3202c",
        "32": "#116329",
        "33": "#7d4e00",
        "36": "#1b6b73",
    },
    "dark": {
        "ground": "#0d1117",
        "frame": "#3d444d",
        "text": "#e6edf3",
        "dim": "#9198a1",
        "31": "#ff7b72",
        "32": "#56d364",
        "33": "#e3b341",
        "36": "#56d4dd",
    },
}
_FONTS = "ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', 'Liberation Mono', monospace"
_COLUMN, _LINE, _MARGIN, _FEWEST = 8.4, 20, 16, 80
_CODE = re.compile(r"\x1b\[([\d;]*)m")


def plain(text: str) -> str:
    """What was printed, less its colors."""
    return _CODE.sub("", text)


def kept(name: str, text: str) -> list[str]:
    """Which pictures of the text are not those in docs/images; with RECONCILER_GOLDEN they are drawn anew."""
    drawn = {IMAGES / f"{name}-{theme}.svg": picture(text, theme) for theme in _COLORS}
    if os.environ.get("RECONCILER_GOLDEN"):
        IMAGES.mkdir(exist_ok=True)
        for path, content in drawn.items():
            path.write_text(content, encoding="utf-8")
    return [path.name for path, content in drawn.items() if not path.exists() or path.read_text("utf-8") != content]


def picture(text: str, theme: str) -> str:
    """The text on a terminal of that theme."""
    colors = _COLORS[theme]
    lines = text.rstrip("\n").split("\n")
    width = max(_FEWEST, *(len(plain(line)) for line in lines)) * _COLUMN + 2 * _MARGIN
    height = len(lines) * _LINE + 2 * _MARGIN
    shown = "".join(
        _run(part, codes, column, row, colors)
        for row, line in enumerate(lines)
        for part, codes, column in _runs(line)
        if part.strip() or "7" in codes
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:g}" height="{height}" viewBox="0 0 {width:g} {height}"'
        f' role="img">\n<title>{escape(plain(lines[0]))}</title>\n'
        f'<rect x="0.5" y="0.5" width="{width - 1:g}" height="{height - 1}" rx="6"'
        f' fill="{colors["ground"]}" stroke="{colors["frame"]}"/>\n'
        f'<g font-family="{_FONTS}" font-size="14" fill="{colors["text"]}">\n{shown}</g>\n</svg>\n'
    )


def _runs(line: str) -> Iterator[tuple[str, set[str], int]]:
    """The parts of a line that look alike: the text, the codes it is painted with, and the column where it begins."""
    codes: set[str] = set()
    column = 0
    for number, part in enumerate(_CODE.split(line)):
        if number % 2:
            codes = set(part.split(";")) - {"0", ""}
        elif part:
            yield part, codes, column
            column += len(part)


def _run(part: str, codes: set[str], column: int, row: int, colors: dict[str, str]) -> str:
    lead = len(part) - len(part.lstrip()) if "7" not in codes else 0
    part, column = (part.strip() if "7" not in codes else part), column + lead
    ink = next((colors[code] for code in codes if code in colors), colors["dim"] if "2" in codes else colors["text"])
    left, width, top = _MARGIN + column * _COLUMN, len(part) * _COLUMN, _MARGIN + row * _LINE
    behind = ""
    if "7" in codes:
        behind = f'<rect x="{left:g}" y="{top + 1}" width="{width:g}" height="{_LINE - 2}" rx="2" fill="{ink}"/>\n'
        ink = colors["ground"]
    fill = "" if ink == colors["text"] else f' fill="{ink}"'
    shown = escape(part, quote=False).replace(" ", "\N{NO-BREAK SPACE}")  # of others, several become one
    weight = ' font-weight="bold"' if "1" in codes else ""
    text = f'<text x="{left:g}" y="{top + 15}" textLength="{width:g}"{fill}{weight}>{shown}</text>\n'
    return behind + text
