"""Print plans in a format, and save them to files."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import click

from reconciler.console import credentials
from reconciler.console.failure import Failure
from reconciler.github import actions_output
from reconciler.model import Plan
from reconciler.render import FORMATS, Document, Style, document, hidden
from reconciler.render.several import Lost, Section, several

FAILURES = "_failures.json"
"""No environment has this name: why a folder lacks the plans of some."""


def masked(plan: Document) -> Document:
    """A plan's document as it may be shown, saved and sent: what is applied is planned again, from the real values."""
    return hidden(plan, credentials.hidden())


def show(plans: Sequence[Plan | Lost], format_name: str, style: Style, *, together: bool) -> None:
    """Prints plans in one of the formats; `together` as those of several environments, even if it is a single one."""
    sections = [plan if isinstance(plan, Lost) else document(plan) for plan in plans]
    show_sections(sections, format_name, style, together=together)


def show_sections(sections: Sequence[Section], format_name: str, style: Style, *, together: bool = False) -> None:
    """Prints documents of plans; in a job of GitHub Actions with annotations, outputs and summary."""
    shown = [section if isinstance(section, Lost) else masked(section) for section in sections]
    first = shown[0]
    if format_name == "github":
        actions_output.show_in_job(shown, style)
    elif together or len(shown) > 1 or isinstance(first, Lost):
        click.echo(several(format_name, shown, style), nl=False)
    else:
        click.echo(FORMATS[format_name](first, style), nl=False)


def save(plans: Sequence[Plan | Lost], path: str, *, together: bool) -> None:
    """Writes a plan's document to the file; several into a folder, by environment, and why any are missing."""
    folder = Path(path)
    if together:
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            remedy = "with several environments, --out names a folder"
            raise Failure(f"Cannot make the folder {path}: {error.strerror}.", remedy) from error
    for plan in plans:
        if not isinstance(plan, Lost):
            text = FORMATS["json"](masked(document(plan)), Style())
            write_plan(text, str(folder / f"{plan.where.environment}.json") if together else path)
    lost = [plan for plan in plans if isinstance(plan, Lost)]
    if lost:
        write_plan(several("json", lost, Style()), str(folder / FAILURES))
    elif together:
        (folder / FAILURES).unlink(missing_ok=True)


def write_plan(text: str, path: str) -> None:
    """Writes a plan's document, whole or not at all; a pipe or a device is written to and never replaced."""
    try:
        target = Path(path)
        if target.exists() and not target.is_file():
            target.write_text(text)
        else:
            _replace_file(target.resolve(), text)
    except OSError as error:
        remedy = "nothing was changed; name a file in a folder that exists"
        raise Failure(f"Cannot write the plan to {path}: {error.strerror}.", remedy) from error


def _replace_file(target: Path, text: str) -> None:
    beside = target.with_name(f".{target.name}.writing")
    try:
        beside.write_text(text)
        beside.replace(target)
    except OSError:
        with suppress(OSError):
            beside.unlink(missing_ok=True)
        raise
