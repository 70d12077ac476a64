"""Files as a tree of their folders, each with its words."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from reconciler.render.style import Style, paint
from reconciler.render.values import one_line, shortened
from reconciler.render.visible import columns

_GAP: Final = 4
_WIDEST: Final = 44
"""The columns for names of files; the words of a longer name follow it directly."""
_LONGEST: Final = 40
"""How much of a word is shown, such as a name."""
_DIGITS = re.compile(r"(\d+)")


@dataclass(frozen=True, slots=True)
class FolderTree:
    """What is in a folder."""

    files: dict[str, Sequence[str]] = field(default_factory=dict)
    folders: dict[str, FolderTree] = field(default_factory=dict)


def file_tree(files: Mapping[str, Sequence[str]], style: Style) -> list[str]:
    """A line for each folder and file, the files of a folder before its folders, `bot-2` before `bot-10`.

    `files` has, by path, the words beside each file, such as a name and an id.
    """
    top = FolderTree()
    for path, words in files.items():
        *folders, name = path.split("/")
        folder = top
        for step in folders:
            folder = folder.folders.setdefault(step, FolderTree())
        folder.files[name] = words
    lines = list(_tree_lines(top, "  "))
    widest = min(max((columns(text) for text, words in lines if words), default=0), _WIDEST)
    return [_tree_line(text, words, widest, style) for text, words in lines]


def _tree_lines(folder: FolderTree, indent: str) -> Iterator[tuple[str, Sequence[str]]]:
    for name in sorted(folder.files, key=_as_counted):
        yield f"{indent}{one_line(name)}", folder.files[name]
    for name in sorted(folder.folders, key=_as_counted):
        yield f"{indent}{one_line(name)}/", ()
        yield from _tree_lines(folder.folders[name], f"{indent}  ")


def _tree_line(text: str, words: Sequence[str], widest: int, style: Style) -> str:
    told = "  ".join(shortened(one_line(word), _LONGEST) for word in words if word)
    return f"{text}{' ' * (max(widest - columns(text), 0) + _GAP)}{paint(told, 'dim', style)}" if told else text


def _as_counted(name: str) -> tuple[list[str | tuple[int, str]], str]:
    """By what names are in the order of their numbers, and that with a suffix before that with one more word."""
    stem, _, suffix = name.rpartition(".")
    return [(int(part), part) if part.isdecimal() else part for part in _DIGITS.split(stem or name)], suffix
