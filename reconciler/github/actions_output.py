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
"""The most that a runner accepts of one step."""

_OUTPUTS = "GITHUB_OUTPUT"
_SUMMARY = "GITHUB_STEP_SUMMARY"
_WHOLE = "the log of this step"
_LEAST = 2_000  # characters that a plan needs
_NO_ROOM = "There is no room for this plan: the log of this step has it.\n"


def show_in_job(sections: Sequence[Section], style: Style) -> None:
    """Prints plans as text, annotates them, and writes their totals and a summary to the runner's files."""
    click.echo(several("text", sections, style), nl=False)
    plans = [section for section in sections if not isinstance(section, Lost)]
    lost = [section for section in sections if isinstance(section, Lost)]
    annotations = [_lost_annotation(f"No plan of {each.environment}", each.message, each.remedy) for each in lost]
    annotations += [annotation for plan in plans for annotation in github.of_plan(plan)]
    ci_output_guard.annotate(github.commands(annotations, manifest_folder()))
    delimiter = f"ghadelimiter_{secrets.token_hex(16)}"
    values = github.outputs(plans, failed=bool(lost))
    _append(_OUTPUTS, lambda _: github.assignments(values, delimiter))
    _append(_SUMMARY, lambda size: _summary_within(sections, SUMMARY_BYTES - size))


def annotate_faults(found: Iterable[Diagnostic]) -> None:
    """Annotates errors and warnings of the manifests, where the format is `github`."""
    context = click.get_current_context(silent=True)
    if context is not None and context.meta.get(FORMAT) == "github":
        ci_output_guard.annotate(github.commands(github.of_faults(found), manifest_folder()), err=True)


def annotate_failure(failure: Failure) -> None:
    """Annotates why there is nothing else to show."""
    annotation = _lost_annotation("Failed", failure.message, failure.remedy)
    ci_output_guard.annotate(github.commands([annotation]), err=True)


def _lost_annotation(title: str, message: str, remedy: str) -> github.Annotation:
    return github.Annotation("error", title, f"{message}\n{remedy}".rstrip())


def manifest_folder() -> str:
    """The root of the manifests' paths as seen from the root of the repository, which annotations begin with."""
    root = (config.find(Path.cwd()) or Path.cwd() / config.FILE).parent.resolve()
    tops = [path for path in (root, *root.parents) if (path / ".git").exists()]
    top = tops[0] if tops else Path(os.environ.get("GITHUB_WORKSPACE") or root).resolve()
    return PurePath(root.relative_to(top)).as_posix() if root != top and root.is_relative_to(top) else ""


def _summary_within(sections: Sequence[Section], room: int) -> str:
    """The plans as Markdown in so many bytes; a character may be several: fewer are requested until it fits."""
    characters = room
    while characters >= _LEAST:
        text = within(sections, characters, _WHOLE)
        size = len(text.encode())
        if size <= room:
            return text
        characters = min(characters * 3 // 4, characters * room // size)
    return _NO_ROOM if len(_NO_ROOM) <= room else ""


def _append(variable: str, text: Callable[[int], str]) -> None:
    """Adds to a file that the runner reads; where that cannot be written, warns, and nothing else changes."""
    path = os.environ.get(variable)
    if not path:
        return
    try:
        with open(path, "ab", opener=_open_nonblocking) as stream:  # pathlib has no opener
            size = os.fstat(stream.fileno()).st_size
            end = "" if not size or _ends_a_line(path) else "\n"  # another step began a line
            content = credentials.hidden().text(text(size + len(end)))
            stream.write(f"{end}{content}".encode(errors="backslashreplace"))
    except OSError as error:
        click.echo(f"Warning: Cannot write the file of {variable}: {error.strerror or error}.", err=True)


def _open_nonblocking(path: str, flags: int) -> int:
    """Opens without waiting for a reader, where the path is a pipe that has none."""
    opened = os.open(path, flags | os.O_NONBLOCK, 0o666)
    os.set_blocking(opened, True)
    return opened


def _ends_a_line(path: str) -> bool:
    with Path(path).open("rb") as stream:
        stream.seek(-1, os.SEEK_END)
        return stream.read(1) == b"\n"
