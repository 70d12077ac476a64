"""What a comment says: from the files that a plan and an apply leave."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

import click

from reconciler.console import credentials
from reconciler.console.configuration import current_configuration
from reconciler.console.failure import Failure, unreadable
from reconciler.console.saved_plans import saved_sections
from reconciler.github import ci_context
from reconciler.github.actions_output import manifest_folder
from reconciler.github.plan_artifacts import events_before, verdicts
from reconciler.github.posts import comment, minute
from reconciler.github.posts.apply_results import read_results
from reconciler.github.posts.comment import Frame
from reconciler.github.posts.sticky import UNKNOWN, BadNameError, CommentMarker, first_line
from reconciler.model import NAME_RULE
from reconciler.plan.allowances import Labelling, Verdict, idle
from reconciler.plan.reviewed import environment_of
from reconciler.render import Document, hidden
from reconciler.render.several import Lost, Section
from reconciler.render.view import view

_BYTES = 50_000_000


@dataclass(frozen=True, slots=True)
class CommentContent:
    """One comment: its marker, its text and its labels."""

    marker: CommentMarker
    body: str
    codes: tuple[str, ...] = ()
    """The objections that a label may override."""
    taken: tuple[Labelling, ...] = ()
    """The labels to remove."""
    quiet: bool = False
    """Whether it is only worth updating, and not worth a new comment: nothing of this is the pull request's doing."""
    part: str | None = None
    """What it says of this environment in a comment that is about others as well, once it is merged."""

    @property
    def title(self) -> str:
        """The environments, and the stack where it is known."""
        known = "" if self.marker.stack == UNKNOWN else f", stack {self.marker.stack}"
        return f"{', '.join(self.marker.environments)}{known}"


@dataclass(frozen=True, slots=True)
class CommentRequest:
    """What to report, of which run, and the page with the whole output."""

    what: Literal["planned", "applying", "ended", "failed"]
    applying: bool
    text: str
    run: ci_context.RunId
    url: str
    commit: str = ""
    verdicts: tuple[Verdict, ...] = ()
    """What the labels on the pull request allow."""
    earlier: str = ""
    """The events of earlier attempts of an apply's run."""

    @property
    def after_merge(self) -> bool:
        """Whether it reports an apply."""
        return self.applying or self.what == "ended"

    @staticmethod
    def of(
        *,
        state: str,
        events: str | None,
        failed: str | None,
        url: str | None,
        allowances: Sequence[str] = (),
        history: str | None = None,
    ) -> CommentRequest:
        """The request of the command line, with what is in the files."""
        applying, file = state == "applying", events or failed
        return CommentRequest(
            what="ended" if events else "failed" if failed else "applying" if applying else "planned",
            applying=applying,
            text=credentials.hidden().text(_file_text(file)) if file else "",
            run=ci_context.run_id(),
            url=url or ci_context.run_url(),
            commit=ci_context.head_commit(),
            verdicts=verdicts(allowances),
            earlier=_earlier_events(history) if history else "",
        )


def _earlier_events(history: str) -> str:
    """The events of earlier attempts of this run; without them, a warning, and the rest all the same."""
    run = ci_context.run_id()
    if run.attempt < 2:
        return ""
    try:
        with ci_context.connected() as host:
            return credentials.hidden().text(events_before(host, run.run, run.attempt, history))
    except Failure as failure:
        click.echo(f"Warning: What earlier attempts did is not known: {failure.message}", err=True)
        return ""


def content_of_plans(paths: Sequence[str], request: CommentRequest) -> tuple[CommentContent | None, Sequence[Failure]]:
    """The comment about the plans in the files, and why some cannot be read."""
    sections: list[Section] = []
    failures = []
    for path in paths:
        try:
            sections += saved_sections(path)
        except Failure as failure:
            failures.append(failure)
    if not sections:
        return None, failures
    if request.what != "planned" and (len(sections) > 1 or isinstance(sections[0], Lost)):
        raise Failure("Only a plan can be reported for several environments at once.", "name the plan of one of them")
    return _comment_of([_target_of(section) for section in sections], sections, request), failures


def content_without_plan(environments: Sequence[str], stack: str | None, request: CommentRequest) -> CommentContent:
    """A comment about environments of which there is no plan."""
    if request.what == "planned":
        raise Failure("There is no plan to comment with.", "name a file that `plan --out` wrote, or pass --failed")
    targets = [stack_and_environment(name, stack) for name in environments or _default_environments()]
    return _comment_of(targets, [], request)


def _default_environments() -> Sequence[str | None]:
    """The default environment; where there is none, those that a plan of all of them is about."""
    loaded = current_configuration().config
    default = os.environ.get("RECONCILER_ENVIRONMENT") or (loaded.default_environment if loaded else None)
    names = () if loaded is None else loaded.all_names()
    stated = [name for name in names if loaded and (name in loaded.broken or loaded.environments[name].place)]
    return [default] if default or not stated else stated


def _comment_of(
    targets: Sequence[tuple[str, str]], sections: Sequence[Section], request: CommentRequest
) -> CommentContent:
    """One comment about the targets, with the labels that it names and those that no longer count."""
    marker = _valid_marker(targets, request)
    plans = [section for section in sections if not isinstance(section, Lost)]
    pending = plans if request.what == "planned" else []
    without_effect = [verdict for plan in pending for verdict in idle(request.verdicts, plan)]
    frame = _comment_frame(marker, request, without_effect)
    shown = [each if isinstance(each, Lost) else hidden(each, credentials.hidden()) for each in sections]
    return CommentContent(
        marker,
        _comment_body(shown, request, frame),
        codes=tuple(sorted({each.code for plan in pending for each in view(plan).standing if each.can_be_allowed})),
        taken=tuple(dict.fromkeys(verdict.labelling for verdict in without_effect if verdict.again)),
        quiet=bool(plans) and len(plans) == len(sections) and all(_is_quiet(plan, request) for plan in plans),
        part=_comment_body([], request, frame).partition("\n")[2] if request.after_merge else None,
    )


def _target_of(section: Section) -> tuple[str, str]:
    """Stack and environment."""
    if isinstance(section, Lost):
        return UNKNOWN, section.environment
    return str(section["stack"]), environment_of(section)


def _valid_marker(targets: Sequence[tuple[str, str]], request: CommentRequest) -> CommentMarker:
    """The marker with all stacks that are known, and all environments."""
    stacks = dict.fromkeys(stack for stack, _ in targets if stack != UNKNOWN)
    names = dict.fromkeys(name for _, name in targets)
    marker = CommentMarker(",".join(stacks) or UNKNOWN, ",".join(names), request.run.run, request.run.attempt)
    try:
        first_line(marker)
    except BadNameError as error:
        raise Failure(f"This is not about a valid target: {error}.", f"use {NAME_RULE}") from error
    return marker


def _is_quiet(plan: Document, request: CommentRequest) -> bool:
    """Whether the pull request changes no manifest, and there is nothing else to report of it."""
    base = plan.get("base")
    if not isinstance(base, dict) or base.get("manifests_changed") is not False:
        return False
    if plan["changes"] or plan["objections"] or request.what == "failed":
        return False
    return request.what != "ended" or read_results(request.text.splitlines()).quiet


def _comment_frame(marker: CommentMarker, request: CommentRequest, without_effect: Sequence[Verdict]) -> Frame:
    at = minute(datetime.now(UTC))
    notes = tuple(dict.fromkeys(map(_label_note, without_effect)))
    files = ci_context.files_url(request.commit, manifest_folder())
    return Frame(marker, request.url, request.commit, ci_context.commit_url(request.commit), at, notes, files)


def _label_note(verdict: Verdict) -> str:
    label = verdict.labelling
    if verdict.again:
        return comment.label_taken(label.label, label.by or "", verdict.reason)
    return comment.label_idle(label.label, verdict.reason)


def _comment_body(plans: Sequence[Section], request: CommentRequest, frame: Frame) -> str:
    before = request.earlier.splitlines()
    if request.what == "failed":
        return comment.failed(request.text, plans, frame, applying=request.applying, earlier=read_results(before))
    if request.what == "ended":
        return comment.ended(plans, read_results([*before, *request.text.splitlines()]), frame)
    if request.what == "applying" or not plans:
        return comment.applying(plans, frame, read_results(before))
    return comment.planned(plans, frame)


def stack_and_environment(environment: str | None, stack: str | None) -> tuple[str, str]:
    """Stack and environment as they are named, else as the configuration has them.

    Where it cannot be read, which may be why there is no plan, the stack stays unknown.
    """
    name = environment or os.environ.get("RECONCILER_ENVIRONMENT")
    is_complete = stack and "{" not in stack
    if name and stack and is_complete:
        return stack, name
    loaded = current_configuration().config
    name = name or (loaded.default_environment if loaded else None)
    if not name:
        raise Failure("No environment is selected.", "pass `-e NAME`")
    known = loaded.environments.get(name) if loaded else None
    if known is None:
        return stack if stack and is_complete else UNKNOWN, name
    return known.stack_from(stack) if stack else known.stack, name


def _file_text(path: str) -> str:
    """A file's text; of one that is endless, the beginning."""
    try:
        with Path(path).open("rb") as stream:
            return stream.read(_BYTES).decode(errors="replace")
    except OSError as error:
        raise Failure(unreadable(path, error), "nothing was commented") from error
