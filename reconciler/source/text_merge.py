"""Three-way merges of texts, line by line."""

from __future__ import annotations

from reconciler.source.text_splices import normal


def merged_text(base: str, git: str, live: str) -> str | None:
    """The base with the changes of both; None where they overlap or touch, and a person has to decide.

    Line ends and those at the end of a text are of its file and no changes: the result has LF, and ends as `git`.
    """
    from merge3 import Merge3  # only commands that write load it

    found: list[str] = []
    for group in Merge3(_lines_of(base), _lines_of(git), _lines_of(live)).merge_groups():
        if group[0] == "conflict":
            return None
        found += group[1]
    return "\n".join(found) + "\n" * (len(git) - len(git.rstrip("\n")))


def _lines_of(text: str) -> list[str]:
    return normal(text.removeprefix("\ufeff")).split("\n")
