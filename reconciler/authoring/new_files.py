"""Files that a command adds to a repository: what exists stays, unless the command knows it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from reconciler.authoring.file_changes import text_of


@dataclass(frozen=True, slots=True)
class NewFiles:
    """The files to be written, by path from the root."""

    root: Path
    texts: dict[str, str] = field(default_factory=dict)
    before: dict[str, str] = field(default_factory=dict)
    """The files that exist and change, as they are."""
    kept: dict[str, str] = field(default_factory=dict)
    """The files that exist with other content and stay, as they are."""

    def add(self, texts: Mapping[str, str], *former: Mapping[str, str]) -> None:
        """Adds new files; one that exists stays as it is, unless it is as in one of the former texts."""
        for path, text in texts.items():
            there = text_or_none(self.root, path)
            if there is None or there in [each.get(path) for each in former]:
                self._put(path, there, text)
            elif there != text:
                self.kept[path] = there

    def change(self, path: str, edit: Callable[[str | None], str]) -> None:
        """Adds a file that may exist, with what becomes of its text."""
        there = text_or_none(self.root, path)
        self._put(path, there, edit(there))

    def replace(self, texts: Mapping[str, str]) -> None:
        """Adds files that have these texts from then on, whatever they are now."""
        for path, text in texts.items():
            self._put(path, text_or_none(self.root, path), text)

    def _put(self, path: str, there: str | None, after: str) -> None:
        if there != after:
            self.texts[path] = after
            self.before.update({path: there} if there is not None else {})

    def seen_from(self, top: Path, inside: str) -> NewFiles:
        """The same files, by path from a folder above."""

        def moved(paths: Mapping[str, str]) -> dict[str, str]:
            return {f"{inside}/{path}" if inside else path: text for path, text in paths.items()}

        return NewFiles(top, moved(self.texts), moved(self.before), moved(self.kept))


def text_or_none(root: Path, path: str) -> str | None:
    """The text of a file; None where there is none."""
    return text_of(root, path) if (root / path).exists() or (root / path).is_symlink() else None
