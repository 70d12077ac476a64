"""What a comment is about and what it says: from the files that a plan and an apply leave."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

import click

from reconciler.config import Config
from reconciler.console import credentials
from reconciler.console.failure import Failure, unread
from reconciler.github import ci_context
from reconciler.github.plan_artifacts import events_before, verdicts
from reconciler.github.posts import comment
from reconciler.github.posts.apply_results import happened
from reconciler.github.posts.comment import Frame
from reconciler.github.posts.sticky import UNKNOWN, BadNameError, CommentMarker, first_line
from reconciler.plan.allowances import Labelling, Verdict, idle
from reconciler.render import BadDocument, Document, hidden
from reconciler.render.several import Lost, Section, read
from reconciler.render.view import view

_BYTES = 50_000_000


@dataclass(frozen=True, slots=True)
class About:
    """One comment: whose it is, and what it says."""

    marker: CommentMarker
    body: str
    codes: tuple[str, ...] = ()
    """The objections that somebody may allow with a label."""
    taken: tuple[Labelling, ...] = ()
    """The labels that are to be taken off."""
    quiet: bool = False
    """Whether it is worth saying only where something stood before: nothing of this is the pull request's doing."""
    part: str | None = None
    """What it says of this environment in a comment that is about others as well, once it is merged."""

    @property
    def title(self) -> str:
        """The environments, and the stack where it is known."""
        known = "" if self.marker.stack == UNKNOWN else f", stack {self.marker.stack}"
        return f"{', '.join(self.marker.environments)}{known}"


@dataclass(frozen=True, slots=True)
class CommentRequest:
    """What there is to tell, of which run, and where the whole is."""

    what: Literal["planned", "applying", "ended", "failed"]
    applying: bool
    text: str
    run: ci_context.RunId
    url: str
    commit: str = ""
    verdicts: tuple[Verdict, ...] = ()
    """What the labels on the pull request allow."""
    earlier: str = ""
    """What earlier attempts of an apply's run told."""

    @property
    def after_merge(self) -> bool:
        """Whether it tells of an apply."""
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
        """What was asked for, with what is in the files."""
        applying, file = state == "applying", events or failed
        return CommentRequest(
            what="ended" if events else "failed" if failed else "applying" if applying else "planned",
            applying=applying,
            text=credentials.hidden().text(_text(file)) if file else "",
            run=ci_context.run_id(),
            url=url or ci_context.run_url(),
            commit=ci_context.head_commit(),
            verdicts=verdicts(allowances),
            earlier=_earlier(history) if history else "",
        )


def _earlier(history: str) -> str:
    """What earlier attempts of this run told; where it cannot be had, that is said and hides nothing else."""
    run = ci_context.run_id()
    if run.attempt < 2:
        return ""
    try:
        with ci_context.connected() as host:
            return credentials.hidden().text(events_before(host, run.run, run.attempt, history))
    except Failure as failure:
        click.echo(f"Warning: What earlier attempts did is not known: {failure.message}", err=True)
        return ""


def about_plans(paths: Sequence[str], telling: CommentRequest) -> tuple[list[About], list[Failure]]:
    """A comment for the plans, one for all of them where they are of several; and why some cannot be read."""
    found: list[Section] = []
    unread = []
    for path in paths:
        try:
            found += _saved(path)
        except Failure as failure:
            unread.append(failure)
    if len(found) > 1:
        return [_about_several(found, telling)], unread
    return [_about_one(one, telling) for one in found], unread


def about_places(environments: Sequence[str], stack: str | None, telling: CommentRequest) -> About:
    """A comment about environments of which there is no plan."""
    if telling.what == "planned":
        raise Failure("There is no plan to comment with.", "name a file that `plan --out` wrote, or say --failed")
    places = [stack_and_environment(one, stack) for one in environments or _every()]
    return _about(*_joined(places), None, telling)


def _every() -> Sequence[str | None]:
    """The environment that is meant where none is said; else those that a plan of all of them is about."""

    loaded = configuration()
    said = os.environ.get("RECONCILER_ENVIRONMENT") or (loaded.default_environment if loaded else None)
    stated = [] if loaded is None else [one for one in loaded.all_names() if loaded.environments[one].place]
    return [said] if said or not stated else stated


def _saved(path: str) -> Sequence[Section]:
    try:
        return read(_text(path, errors="strict"))
    except (BadDocument, UnicodeDecodeError) as error:
        raise Failure(f"{path} is not a plan: {error}", "name a file that `plan --out` wrote") from error


def _about_one(one: Section, telling: CommentRequest) -> About:
    if isinstance(one, Lost):
        return _about_several([one], telling)
    return _about(*_place(one), one, telling)


def _about_several(sections: Sequence[Section], telling: CommentRequest) -> About:
    """One comment for all."""
    if telling.what != "planned":
        raise Failure("Only a plan can be told of several environments at once.", "name the plan of one environment")
    marker = _marker(*_joined([_place(one) for one in sections]), telling)
    plans = [one for one in sections if not isinstance(one, Lost)]
    shown = [one if isinstance(one, Lost) else hidden(one, credentials.hidden()) for one in sections]
    found = _idle(plans, telling)
    quiet = len(plans) == len(sections) and all(_quiet(plan, telling) for plan in plans)
    return _labelled(About(marker, comment.planned(shown, _frame(marker, telling, found)), quiet=quiet), plans, found)


def _place(one: Section) -> tuple[str, str]:
    """Stack and environment."""
    if isinstance(one, Lost):
        return UNKNOWN, one.environment
    environment = one["environment"]
    return str(one["stack"]), str(environment["name"]) if isinstance(environment, dict) else ""


def _joined(places: Sequence[tuple[str, str]]) -> tuple[str, str]:
    """All stacks that are known, and all environments, as they stand in a marker."""
    stacks = dict.fromkeys(stack for stack, _ in places if stack != UNKNOWN)
    return ",".join(stacks) or UNKNOWN, ",".join(dict.fromkeys(name for _, name in places))


def _about(stack: str, environment: str, plan: Document | None, telling: CommentRequest) -> About:
    marker = _marker(stack, environment, telling)
    waiting = [plan] if plan and telling.what == "planned" else []
    found = _idle(waiting, telling)
    shown = [hidden(plan, credentials.hidden())] if plan else []
    frame = _frame(marker, telling, found)
    part = _body([], telling, frame).partition("\n")[2] if telling.after_merge else None
    return _labelled(
        About(marker, _body(shown, telling, frame), quiet=_quiet(plan, telling), part=part), waiting, found
    )


def _idle(plans: Sequence[Document], telling: CommentRequest) -> list[Verdict]:
    """The labels that allow nothing of what is blocked in one of the plans."""
    return [verdict for plan in plans for verdict in idle(telling.verdicts, plan)]


def _labelled(about: About, plans: Sequence[Document], found: Sequence[Verdict]) -> About:
    """The comment, with the labels that it names and those that no longer count."""
    codes = {code for plan in plans for code in _codes(plan)}
    taken = dict.fromkeys(one.labelling for one in found if one.again)
    return replace(about, codes=tuple(sorted(codes)), taken=tuple(taken))


def _marker(stack: str, environment: str, telling: CommentRequest) -> CommentMarker:
    marker = CommentMarker(stack, environment, telling.run.run, telling.run.attempt)
    try:
        first_line(marker)
    except BadNameError as error:
        raise Failure(f"This is about no place: {error}.", "1 to 64 of a-z, 0-9, `.`, `_`, `-`") from error
    return marker


def _quiet(plan: Document | None, telling: CommentRequest) -> bool:
    """Whether the pull request changes no manifest, and there is nothing else to tell of it."""
    base = plan.get("base") if plan is not None else None
    if plan is None or not isinstance(base, dict) or base.get("manifests_changed") is not False:
        return False
    if plan["changes"] or plan["objections"] or telling.what == "failed":
        return False
    return telling.what != "ended" or happened(telling.text.splitlines()).quiet


def _codes(plan: Document) -> set[str]:
    return {one.code for one in view(plan).standing if one.can_be_allowed}


def _frame(marker: CommentMarker, telling: CommentRequest, found: Sequence[Verdict]) -> Frame:
    at = datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC")
    notes = tuple(dict.fromkeys(map(_note, found)))
    return Frame(marker, telling.url, telling.commit, ci_context.commit_url(telling.commit), at, notes)


def _note(one: Verdict) -> str:
    label = one.labelling
    if one.again:
        return comment.label_taken(label.label, label.by or "", one.reason)
    return comment.label_idle(label.label, one.reason)


def _body(plans: Sequence[Section], telling: CommentRequest, frame: Frame) -> str:
    before = telling.earlier.splitlines()
    if telling.what == "failed":
        return comment.failed(telling.text, plans, frame, applying=telling.applying, earlier=happened(before))
    if telling.what == "ended":
        return comment.ended(plans, happened([*before, *telling.text.splitlines()]), frame)
    if telling.what == "applying" or not plans:
        return comment.applying(plans, frame, happened(before))
    return comment.planned(plans, frame)


def stack_and_environment(environment: str | None, stack: str | None) -> tuple[str, str]:
    """Stack and environment as they were said, else as the configuration has them.

    Where it cannot be read, which may be why there is no plan, the stack stays unknown.
    """

    said = environment or os.environ.get("RECONCILER_ENVIRONMENT")
    if said and stack and "{" not in stack:
        return stack, said
    loaded = configuration()
    name = said or (loaded.default_environment if loaded else None)
    if not name:
        raise Failure("No environment is named for this comment.", "pass `-e NAME`")
    known = loaded.environments.get(name) if loaded else None
    if known is None:
        return stack if stack and "{" not in stack else UNKNOWN, name
    return known.stack_from(stack) if stack else known.stack, name


def configuration() -> Config | None:
    """The configuration, if there is one that can be read."""
    from reconciler import config
    from reconciler.kinds import KINDS
    from reconciler.providers import PROVIDERS

    return config.load(Path.cwd(), providers=tuple(PROVIDERS), kinds=tuple(KINDS)).config


def _text(path: str, errors: str = "replace") -> str:
    """A file's text; of one that is endless, the beginning."""
    try:
        with Path(path).open("rb") as stream:
            return stream.read(_BYTES).decode(errors=errors)
    except OSError as error:
        raise Failure(unread(path, error), "nothing was commented") from error
