"""What a comment is about and what it says: from the files that a plan and an apply leave."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

import click

from reconciler.allowances import Labelling, Verdict, idle
from reconciler.cli import actions, credentials
from reconciler.cli.failure import Failure, unread
from reconciler.cli.reviews import events_before, verdicts
from reconciler.render import BadDocument, Document, hidden, read
from reconciler.render.console import comment
from reconciler.render.console.comment import Frame
from reconciler.render.console.happened import happened
from reconciler.render.console.sticky import UNKNOWN, BadNameError, Marker, first_line
from reconciler.render.view import view

_BYTES = 50_000_000


@dataclass(frozen=True, slots=True)
class About:
    """One comment: whose it is, and what it says."""

    marker: Marker
    body: str
    codes: tuple[str, ...] = ()
    """The objections that somebody may allow with a label."""
    taken: tuple[Labelling, ...] = ()
    """The labels that are to be taken off."""
    quiet: bool = False
    """Whether it is worth saying only where something stood before: nothing of this is the pull request's doing."""

    @property
    def title(self) -> str:
        """The environment, and the stack where it is known."""
        known = "" if self.marker.stack == UNKNOWN else f", stack {self.marker.stack}"
        return f"{self.marker.environment}{known}"


@dataclass(frozen=True, slots=True)
class Telling:
    """What there is to tell, of which run, and where the whole is."""

    what: Literal["planned", "applying", "ended", "failed"]
    applying: bool
    text: str
    run: actions.RunId
    url: str
    commit: str = ""
    verdicts: tuple[Verdict, ...] = ()
    """What the labels on the pull request allow."""
    earlier: str = ""
    """What earlier attempts of an apply's run told."""

    @staticmethod
    def of(
        *,
        state: str,
        events: str | None,
        failed: str | None,
        url: str | None,
        allowances: Sequence[str] = (),
        history: str | None = None,
    ) -> Telling:
        """What was asked for, with what is in the files."""
        applying, file = state == "applying", events or failed
        return Telling(
            what="ended" if events else "failed" if failed else "applying" if applying else "planned",
            applying=applying,
            text=credentials.hidden().text(_text(file)) if file else "",
            run=actions.run_id(),
            url=url or actions.run_url(),
            commit=actions.head_commit(),
            verdicts=verdicts(allowances),
            earlier=_earlier(history) if history else "",
        )


def _earlier(history: str) -> str:
    """What earlier attempts of this run told; where it cannot be had, that is said and hides nothing else."""
    run = actions.run_id()
    if run.attempt < 2:
        return ""
    try:
        with actions.asking() as place:
            return credentials.hidden().text(events_before(place, run.run, run.attempt, history))
    except Failure as failure:
        click.echo(f"Warning: What earlier attempts did is not known: {failure.message}", err=True)
        return ""


def about_plans(paths: Sequence[str], telling: Telling) -> tuple[list[About], list[Failure]]:
    """A comment for each plan, and why there is none for some."""
    found, unread = [], []
    for path in paths:
        try:
            found.append(_about_plan(path, telling))
        except Failure as failure:
            unread.append(failure)
    return found, unread


def about_place(environment: str | None, stack: str | None, telling: Telling) -> About:
    """A comment about an environment of which there is no plan."""
    if telling.what == "planned":
        raise Failure("There is no plan to comment with.", "name a file that `plan --out` wrote, or say --failed")
    stack, name = named(environment, stack)
    return _about(stack, name, None, telling)


def _about_plan(path: str, telling: Telling) -> About:
    try:
        plan = read(_text(path, errors="strict"))
    except (BadDocument, UnicodeDecodeError) as error:
        raise Failure(f"{path} is no plan: {error}", "name a file that `plan --out` wrote") from error
    environment = plan["environment"]
    name = environment["name"] if isinstance(environment, dict) else ""
    return _about(str(plan["stack"]), str(name), plan, telling)


def _about(stack: str, environment: str, plan: Document | None, telling: Telling) -> About:
    marker = Marker(stack, environment, telling.run.run, telling.run.attempt)
    try:
        first_line(marker)
    except BadNameError as error:
        raise Failure(f"This is about no place: {error}.", "1 to 64 of a-z, 0-9, `.`, `_`, `-`") from error
    shown = plan and hidden(plan, credentials.hidden())
    waiting = plan if telling.what == "planned" else None
    found = idle(telling.verdicts, waiting) if waiting else ()
    return About(
        marker,
        _body(shown, telling, _frame(marker, telling, found)),
        codes=_codes(waiting) if waiting else (),
        taken=tuple(one.labelling for one in found if one.again),
        quiet=_quiet(plan, telling),
    )


def _quiet(plan: Document | None, telling: Telling) -> bool:
    """Whether the pull request changes no manifest, and there is nothing else to tell of it."""
    base = plan.get("base") if plan is not None else None
    if plan is None or not isinstance(base, dict) or base.get("manifests_changed") is not False:
        return False
    if plan["changes"] or plan["objections"] or telling.what == "failed":
        return False
    return telling.what != "ended" or happened(telling.text.splitlines()).quiet


def _codes(plan: Document) -> tuple[str, ...]:
    standing = {one.code for one in view(plan).standing if one.can_be_allowed}
    return tuple(sorted(standing))


def _frame(marker: Marker, telling: Telling, found: Sequence[Verdict]) -> Frame:
    at = datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC")
    notes = tuple(dict.fromkeys(map(_note, found)))
    return Frame(marker, telling.url, telling.commit, actions.commit_url(telling.commit), at, notes)


def _note(one: Verdict) -> str:
    label = one.labelling
    if one.again:
        return comment.label_taken(label.label, label.by or "", one.reason)
    return comment.label_idle(label.label, one.reason)


def _body(plan: Document | None, telling: Telling, frame: Frame) -> str:
    before = telling.earlier.splitlines()
    if telling.what == "failed":
        return comment.failed(telling.text, plan, frame, applying=telling.applying, earlier=happened(before))
    if telling.what == "ended":
        return comment.ended(plan, happened([*before, *telling.text.splitlines()]), frame)
    if telling.what == "applying" or plan is None:
        return comment.applying(plan, frame, happened(before))
    return comment.planned(plan, frame)


def named(environment: str | None, stack: str | None) -> tuple[str, str]:
    """Stack and environment as they were said, else as the configuration has them.

    Where it cannot be read, which may be why there is no plan, the stack stays unknown.
    """
    from reconciler import config
    from reconciler.cli.session import stack_named
    from reconciler.kinds import KINDS
    from reconciler.providers import PROVIDERS

    said = environment or os.environ.get("RECONCILER_ENVIRONMENT")
    if said and stack and "{" not in stack:
        return stack, said
    loaded = config.load(Path.cwd(), providers=tuple(PROVIDERS), kinds=tuple(KINDS)).config
    name = said or (loaded.default_environment if loaded else None)
    if not name:
        raise Failure("Nobody said which environment this is about.", "say `-e NAME`")
    known = loaded.environments.get(name) if loaded else None
    if known is None:
        return stack if stack and "{" not in stack else UNKNOWN, name
    return stack_named(stack, known) if stack else known.stack, name


def _text(path: str, errors: str = "replace") -> str:
    """A file's text; of one that is endless, the beginning."""
    try:
        with Path(path).open("rb") as stream:
            return stream.read(_BYTES).decode(errors=errors)
    except OSError as error:
        raise Failure(unread(path, error), "nothing was commented") from error
