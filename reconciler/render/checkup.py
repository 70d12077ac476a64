"""What `doctor` found, as text for people and as data for programs, from the same rows."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from textwrap import wrap
from typing import Final, Literal, TypeAlias

from reconciler.canonical import Json
from reconciler.render.sentences import count
from reconciler.render.style import Style, paint
from reconciler.render.values import in_ascii, inert, one_line
from reconciler.render.visible import columns

Health: TypeAlias = Literal["ok", "note", "problem"]
CheckupFormat: TypeAlias = Callable[["Checkup", Style], str]
_INKS: Final = {"ok": "good", "note": "warning", "problem": "bad"}
_ARROW: Final = "-> "
_LEAST: Final = 30


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at, and how it is."""

    area: str
    health: Health
    text: str
    remedy: str = ""
    """The command or the setting that fixes it; what is too long for a line has several."""
    cannot: str = ""
    """What of the tool cannot work because of it."""


@dataclass(frozen=True, slots=True)
class Checkup:
    """Everything that was found."""

    title: str
    findings: tuple[Finding, ...]
    settings: str = ""
    """What to write into the configuration, as YAML."""
    tried: bool = False
    """Whether throw-away objects were created."""

    def counted(self, health: Health) -> int:
        """How many findings are so."""
        return sum(finding.health == health for finding in self.findings)

    @property
    def limits(self) -> tuple[str, ...]:
        """What of the tool cannot work, each once."""
        return tuple(dict.fromkeys(finding.cannot for finding in self.findings if finding.cannot))


def _text(checkup: Checkup, style: Style) -> str:
    blocks = [[paint(one_line(checkup.title), "bold", style)], [*_checkup_rows(checkup, style)]]
    if checkup.limits:
        blocks.append(["What cannot work there:", *_bullets(checkup.limits, style)])
    if checkup.settings:
        blocks.append(["To write down in reconciler.yaml:", "", *inert(checkup.settings).splitlines()])
    blocks.append([_verdict_of(checkup, style)])
    return "\n\n".join("\n".join(block) for block in blocks if block) + "\n"


def _checkup_rows(checkup: Checkup, style: Style) -> Iterator[str]:
    width = max((columns(one_line(finding.area)) for finding in checkup.findings), default=0)
    margin = width + len("  problem  ")
    room, area = max(style.width - margin, _LEAST), ""
    for finding in checkup.findings:
        name = one_line(finding.area) if finding.area != area else ""
        area = finding.area
        first, *rest = wrap(one_line(finding.text), room, break_on_hyphens=False) or [""]
        gap = " " * (width - columns(name))
        yield f"{name}{gap}  {paint(f'{finding.health:<7}', _INKS[finding.health], style)}  {first}"
        yield from (f"{' ' * margin}{line}" for line in (*rest, *_remedy(finding.remedy, room)))


def _remedy(text: str, room: int) -> Iterator[str]:
    for line in text.splitlines():
        indent = " " * len(_ARROW)
        yield from wrap(
            inert(line),
            room,
            initial_indent=_ARROW,
            subsequent_indent=indent,
            break_on_hyphens=False,
            break_long_words=False,
        )


def _bullets(texts: tuple[str, ...], style: Style) -> Iterator[str]:
    for text in texts:
        yield from wrap(
            one_line(text), style.width, initial_indent="- ", subsequent_indent="  ", break_on_hyphens=False
        )


def _verdict_of(checkup: Checkup, style: Style) -> str:
    """`2 problems, 1 note.`"""
    problems, notes = checkup.counted("problem"), checkup.counted("note")
    beside = f"{', ' if problems else '; '}{count(notes, 'note')}" if notes else ""
    words = count(problems, "problem") if problems else "No problems"
    return paint(f"{words}{beside}.", "bad" if problems else "good", style)


def _json(checkup: Checkup, style: Style) -> str:
    data: Json = {
        "format_version": "1.0",
        "target": checkup.title,
        "tried": checkup.tried,
        "findings": [_finding_data(finding) for finding in checkup.findings],
        "cannot": [*checkup.limits],
        "settings": checkup.settings or None,
        "counts": {"ok": checkup.counted("ok"), "note": checkup.counted("note"), "problem": checkup.counted("problem")},
    }
    return in_ascii(data, indent=2) + "\n"


def _finding_data(finding: Finding) -> Json:
    return {
        "area": finding.area,
        "health": finding.health,
        "text": finding.text,
        "remedy": finding.remedy or None,
        "cannot": finding.cannot or None,
    }


CHECKUP_FORMATS: dict[str, CheckupFormat] = {"text": _text, "json": _json}
