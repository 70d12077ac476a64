"""What the tutorial and the how-tos show happens: a reader who follows them sees the same."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from support.followed_pages import Reader
from support.pictures import kept

DOCS = Path(__file__).resolve().parents[1] / "docs"
FOLLOWED = [DOCS / "tutorial.md", *sorted((DOCS / "how-to").glob("*.md"))]


@pytest.mark.no_cover
@pytest.mark.needs("git", "curl")
@pytest.mark.parametrize("page", FOLLOWED, ids=lambda page: page.stem)
def test_everything_that_a_page_shows_happens(page: Path, tmp_path: Path) -> None:
    text = page.read_text(encoding="utf-8")
    with Reader(tmp_path) as reader:
        happened = reader.follow(text)
    drawn = [name for picture, printed in reader.pictures.items() for name in kept(picture, printed)]
    if os.environ.get("RECONCILER_GOLDEN"):
        page.write_text(happened, encoding="utf-8")
    else:
        assert happened == text, "look at what differs, then run `make golden`"
        assert drawn == [], "look at what differs, then run `make pictures`"
