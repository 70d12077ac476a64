"""What a job of GitHub Actions gets besides the text: annotations, outputs for later steps, a summary."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path, PurePath

import click

from reconciler import config
from reconciler.console import credentials
from reconciler.console.failure import Failure
from reconciler.diagnostics import Diagnostic
from reconciler.github import ci_output_guard
from reconciler.github.ci_output_guard import FORMAT
from reconciler.render import Style, github
from reconciler.render.several import Lost, Section, several, within

SUMMARY_BYTES = 1024 * 1024
"""As much as a runner takes of one step."""

_OUTPUTS = "GITHUB_OUTPUT"
_SUMMARY = "GITHUB_STEP_SUMMARY"
_WHOLE = "the log of this step"
_LEAST = 2_000  # characters in which a plan can be told
_NO_ROOM = "There is no room for this plan: the log of this step has it.\n"


def tell(sections: Sequence[Section], style: Style) -> None:
    """Shows plans as text, annotates them, and leaves their figures and a summary where the runner looks."""
    click.echo(several("text", sections, style), nl=False)
    plans = [one for one in sections if not isinstance(one, Lost)]
    lost = [one for one in sections if isinstance(one, Lost)]
    failures = [github.Annotation("error", f"No plan of {one.environment}", _said(one)) for one in lost]
    found = [*failures, *(annotation for plan in plans for annotation in github.of_plan(plan))]
    ci_output_guard.annotate(github.commands(found, _folder()))
    delimiter = f"ghadelimiter_{secrets.token_hex(16)}"
    values = github.outputs(plans, failed=bool(lost))
    _append(_OUTPUTS, lambda _: github.assignments(values, delimiter))
    _append(_SUMMARY, lambda size: _summary(sections, SUMMARY_BYTES - size))


def faults(found: Iterable[Diagnostic]) -> None:
    """Annotates what is wrong with the manifests, where annotations were asked for."""
    context = click.get_current_context(silent=True)
    if context is not None and context.meta.get(FORMAT) == "github":
        ci_output_guard.annotate(github.commands(github.of_faults(found), _folder()), err=True)


def failed(failure: Failure) -> None:
    """Annotates why there is nothing else to show."""
    said = Lost("", failure.message, failure.remedy)
    ci_output_guard.annotate(github.commands([github.Annotation("error", "Failed", _said(said))]), err=True)


def _said(one: Lost) -> str:
    return f"{one.message}\n{one.remedy}".rstrip()


def _folder() -> str:
    """Where the manifests' paths begin, as seen from the root of the repository, which annotations begin with."""
    root = (config.find(Path.cwd()) or Path.cwd() / config.FILE).parent.resolve()
    tops = [path for path in (root, *root.parents) if (path / ".git").exists()]
    top = tops[0] if tops else Path(os.environ.get("GITHUB_WORKSPACE") or root).resolve()
    return PurePath(root.relative_to(top)).as_posix() if root != top and root.is_relative_to(top) else ""


def _summary(sections: Sequence[Section], room: int) -> str:
    """The plans as Markdown in so many bytes; a character may be several: fewer are asked for until it fits."""
    characters = room
    while characters >= _LEAST:
        text = within(sections, characters, _WHOLE)
        size = len(text.encode())
        if size <= room:
            return text
        characters = min(characters * 3 // 4, characters * room // size)
    return _NO_ROOM if len(_NO_ROOM) <= room else ""


def _append(variable: str, text: Callable[[int], str]) -> None:
    """Adds to a file that the runner reads; where that cannot be written, it is said, and nothing else changes."""
    path = os.environ.get(variable)
    if not path:
        return
    try:
        with open(path, "ab", opener=_at_once) as stream:  # pathlib has no opener
            size = os.fstat(stream.fileno()).st_size
            end = "" if not size or _ends_a_line(path) else "\n"  # somebody began a line
            said = credentials.hidden().text(text(size + len(end)))
            stream.write(f"{end}{said}".encode(errors="backslashreplace"))
    except OSError as error:
        click.echo(f"Warning: Cannot write the file of {variable}: {error.strerror or error}.", err=True)


def _at_once(path: str, flags: int) -> int:
    """Opens without waiting for somebody at the other end, where the path is a pipe that nobody reads."""
    opened = os.open(path, flags | os.O_NONBLOCK, 0o666)
    os.set_blocking(opened, True)
    return opened


def _ends_a_line(path: str) -> bool:
    with Path(path).open("rb") as stream:
        stream.seek(-1, os.SEEK_END)
        return stream.read(1) == b"\n"
