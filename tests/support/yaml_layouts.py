"""Random YAML as people lay it out: comments, quotes, blocks and brackets; and which lines each value stands on."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from random import Random

from reconciler.canonical import Json

Path = tuple[str | int, ...]

KEYS = ("a", "b", "model", "no", "1", "x y", "größe", "tools", "metadata", "reconciler")
TEXTS = (
    *(
        "plain",
        "two words",
        "",
        "yes",
        "1e3",
        "# no",
        "a: b",
        "it's",
        'say "hi"',
        "tab\there",
        "ünï 🤖",
        "---",
        "- x",
        " lead",
    ),
    *(
        "trail ",
        "one\ntwo\n",
        "one\n\n  two",
        "\n",
        " in\nout",
        "x\n\n\n",
        "{{ a }}",
        "*a",
        "a\u200bb",
        "[x]",
        "~",
        "% 5",
        "a # b",
    ),
)
SCALARS: tuple[Json, ...] = (None, True, False, 0, -7, 1.5, 1e20, *TEXTS)


def value(random: Random, depth: int = 3) -> Json:
    """A value that nests so deep at most."""
    roll = random.random()
    if depth and roll < 0.3:
        return {key: value(random, depth - 1) for key in random.sample(KEYS, random.randint(0, 4))}
    if depth and roll < 0.5:
        return [value(random, depth - 1) for _ in range(random.randint(0, 3))]
    return random.choice(SCALARS)


def paths(data: Json, path: Path = ()) -> Iterator[Path]:
    """The path of each value."""
    yield path
    members = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    for step, inner in members:
        yield from paths(inner, (*path, step))


@dataclass(frozen=True)
class Laid:
    """A document, its data, and the lines from and to which each path stands, from its first key or dash on."""

    text: str
    data: dict[str, Json]
    spans: dict[Path, tuple[int, int]]

    def lines(self, path: Path) -> tuple[str, str]:
        """What stands before and behind the lines of a value, or of what it is a part of."""
        while path not in self.spans:
            path = path[:-1]
        first, last = self.spans[path]
        lines = self.text.splitlines(keepends=True)
        return "".join(lines[:first]), "".join(lines[last:])

    def span(self, path: Path) -> str:
        """The lines of a value."""
        first, last = self.spans[path]
        return "".join(self.text.splitlines(keepends=True)[first:last])


def laid_out(random: Random) -> Laid:
    """A random mapping in a random layout."""
    data = {key: value(random) for key in random.sample(KEYS, random.randint(1, 5))}
    layout = _Layout(random, data)
    newline = random.choice(("\n", "\n", "\r\n"))
    return Laid(newline.join(layout.lines) + newline, data, layout.spans)


class _Layout:
    """The lines of one document, and from which to which each path stands."""

    def __init__(self, random: Random, data: Json) -> None:
        self.lines: list[str] = []
        self.spans: dict[Path, tuple[int, int]] = {}
        self._random = random
        self._comments = random.choice((0.0, 0.2, 0.5))
        self._step = random.choice((2, 2, 4))
        self._is_indentless = random.random() < 0.3
        self._number = 0
        self._members(data, 0, (), "")
        self.spans[()] = (0, len(self.lines))
        self._between(0)

    def _chance(self, share: float) -> bool:
        return self._random.random() < share

    def _comment(self) -> str:
        self._number += 1
        return f"# comment: {self._number} 'x"

    def _between(self, width: int) -> None:
        while self._chance(self._comments):
            self.lines.append("" if self._chance(0.3) else " " * width + self._comment())

    def _behind(self) -> str:
        return f"  {self._comment()}" if self._chance(self._comments) else ""

    def _members(self, data: Json, width: int, path: Path, lead: str) -> None:
        """The members of a mapping or list as a block; the lead stands before the first."""
        members = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
        for step, inner in members:
            if not lead:
                self._between(width)
            start = len(self.lines)
            head = f"{self._key(step)}:" if isinstance(step, str) else "-"
            self._value(lead or " " * width, head, inner, width, (*path, step))
            self.spans[*path, step] = (start, len(self.lines))
            lead = ""

    def _value(self, lead: str, head: str, data: Json, width: int, path: Path) -> None:
        if isinstance(data, dict | list) and data and self._chance(0.75):
            indent = width if isinstance(data, list) and head != "-" and self._is_indentless else width + self._step
            if head == "-" and self._chance(0.8):
                self._members(data, width + 2, path, f"{lead}- ")
            else:
                self.lines.append(f"{lead}{head}{self._behind()}")
                self._members(data, indent, path, "")
        elif isinstance(data, str) and self._can_be_block(data):
            self.lines.append(f"{lead}{head} |{'' if data.endswith(chr(10)) else '-'}{self._behind()}")
            self.lines += [
                " " * (width + self._step) + line if line else "" for line in data.removesuffix("\n").split("\n")
            ]
        elif data is None and self._chance(0.5):
            self.lines.append(f"{lead}{head}{self._behind()}")
        else:
            self.lines.append(f"{lead}{head} {self._inline(data)}{self._behind()}")

    def _can_be_block(self, text: str) -> bool:
        lines = text.split("\n")
        is_fit = bool(text.strip()) and not text.startswith((" ", "\n")) and not text.endswith("\n\n")
        return is_fit and all(line.isprintable() for line in lines) and (len(lines) > 1 or self._chance(0.2))

    def _key(self, key: str) -> str:
        return json.dumps(key, ensure_ascii=False) if self._chance(0.1) else key

    def _inline(self, data: Json) -> str:
        if isinstance(data, dict):
            space = self._random.choice(("", " "))
            inner = (f"{json.dumps(key, ensure_ascii=False)}: {self._inline(each)}" for key, each in data.items())
            return f"{{{space}{', '.join(inner)}{space}}}"
        if isinstance(data, list):
            return f"[{', '.join(map(self._inline, data))}]"
        if isinstance(data, str):
            if data in ("plain", "two words", "ünï 🤖") and self._chance(0.6):
                return data
            if data.isprintable() and self._chance(0.3):
                return "'" + data.replace("'", "''") + "'"
            return json.dumps(data, ensure_ascii=False)
        return {1e20: "1.0e+20"}.get(data, json.dumps(data)) if isinstance(data, float) else json.dumps(data)
