"""What a runner obeys of what a step prints, written from its own rules and not from our code.

GitHub's: `::name key=value,…::data` at the beginning of a line, white space aside, and in an older form
`##[name key=value;…]data` anywhere in it; between `::stop-commands::TOKEN` and `::TOKEN::` nothing. Azure's:
`##vso[area.action …]` anywhere.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

MESSAGES = {"debug", "echo", "endgroup", "error", "group", "notice", "warning"}
EFFECTS = {"add-mask", "add-matcher", "add-path", "remove-matcher", "save-state", "set-env", "set-output"}
KNOWN = frozenset({*MESSAGES, *EFFECTS, "stop-commands"})


@dataclass(frozen=True)
class Command:
    """One command, decoded."""

    name: str
    data: str
    properties: dict[str, str] = field(default_factory=dict)


def lines(text: str) -> list[str]:
    """The lines as a runner parts them: a carriage return alone ends one too."""
    return re.split(r"\r\n|\r|\n", text)


def parsed(line: str, known: frozenset[str] | set[str] = KNOWN) -> Command | None:
    """The command that a line is, in either form; None where it is none that the runner knows."""
    found = _second(line.lstrip()) or _first(line)
    return found if found and found.name.lower() in known else None


def suspicious(text: str) -> list[str]:
    """Every line that is near being a command of any runner, whether one of that name exists or not.

    `##[-` is how we mark words that go, and no command begins with a dash.
    """
    return [line for line in lines(text) if line.lstrip().startswith("::") or re.search(r"##(vso)?\[(?!-)", line)]


class Runner:
    """Hears lines and obeys them, unless it was told to stop."""

    def __init__(self) -> None:
        self.token = ""
        self.obeyed: list[Command] = []

    def hear(self, text: str) -> list[Command]:
        """What it obeys of a text, stops and resumes left out."""
        for line in lines(text):
            found = parsed(line, KNOWN | {self.token.lower()})
            if found is None:
                continue
            if self.token:
                self.token = "" if found.name.lower() == self.token.lower() else self.token
            elif found.name == "stop-commands":
                assert len(found.data) >= 32, "a token that cannot be guessed"
                self.token = found.data
            else:
                self.obeyed.append(found)
        return self.obeyed


def outputs(text: str) -> dict[str, str]:
    """What a file of outputs says, by the rule of its delimiters."""
    found: dict[str, str] = {}
    rest = text.split("\n")
    assert rest.pop() == ""
    while rest:
        name, delimiter = rest.pop(0).split("<<", 1)
        end = rest.index(delimiter)
        found[name], rest = "\n".join(rest[:end]), rest[end + 1 :]
    return found


def without_brackets(text: str) -> Iterator[str]:
    """The lines less those that stop and resume."""
    token = ""
    for line in text.split("\n"):
        if token and line == f"::{token}::":
            token = ""
        elif not token and re.fullmatch(r"::stop-commands::[0-9a-f]{32}", line):
            token = line.removeprefix("::stop-commands::")
        else:
            yield line
    assert not token, "commands are obeyed again in the end"


def _second(line: str) -> Command | None:
    end = line.find("::", 2)
    if not line.startswith("::") or end < 0:
        return None
    name, _, told = line[2:end].partition(" ")
    return Command(name, _decoded(line[end + 2 :], ""), _properties(told.strip(), ",", ":,"))


def _first(line: str) -> Command | None:
    start = line.find("##[")
    end = line.find("]", start)
    if start < 0 or end < 0:
        return None
    name, _, told = line[start + 3 : end].partition(" ")
    return Command(name, line[end + 1 :], _properties(told, ";", ";]"))


def _properties(told: str, separator: str, escaped: str) -> dict[str, str]:
    pairs = [list(filter(None, one.split("=", 1))) for one in told.split(separator)]
    return {pair[0]: _decoded(pair[1], escaped) for pair in pairs if len(pair) == 2}


def _decoded(text: str, escaped: str) -> str:
    """Escapes are undone one after the other, the percent sign last."""
    for sign in ("\r", "\n", *escaped, "%"):
        text = text.replace(f"%{ord(sign):02X}", sign)
    return text
