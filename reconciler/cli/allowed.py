"""`reconciler allowed`: what labels on the pull request allow, each what stood when it was set."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from typing import TYPE_CHECKING

import click

from reconciler.cli import options
from reconciler.console.failure import Failure
from reconciler.github import ci_output_guard

if TYPE_CHECKING:
    from datetime import datetime

    from reconciler.config import Config
    from reconciler.github import CodeHost, Pull, WorkflowRun
    from reconciler.github.plan_artifacts import KeptPlan
    from reconciler.plan.allowances import Labelling, Seen, Verdict


@click.command("allowed")
@options.environments
@options.option("--all-environments", is_flag=True, help="Ask for every environment of reconciler.yaml.")
@options.stack
@options.option("--out", metavar="FILE", help="Write the allowances there; default: print them.")
@options.option("--pull", type=click.IntRange(min=1), metavar="N", help="The pull request; default: the job's own.")
@options.option(
    "--base", metavar="REV", help="Read `allow:` from that revision's reconciler.yaml, not from what is checked out."
)
@options.option("--workflow", metavar="FILE", default="plan.yml", show_default=True, help="What plans pull requests.")
@options.option(
    "--artifact",
    metavar="NAME",
    help="Where it keeps its plans; default: reconciler-ENVIRONMENT, and reconciler-plans for several.",
)
def command(
    environments: tuple[str, ...],
    all_environments: bool,
    stack: str | None,
    out: str | None,
    pull: int | None,
    base: str | None,
    workflow: str,
    artifact: str | None,
) -> int:
    """Write what labels on the pull request allow, for `--allowances FILE` of plan, apply and comment.

    A label `reconciler/allow:CODE` allows the objections that stood in the newest plan made before it was set, about
    the same assistants and the same changes; `reconciler/allow:CODE@ENVIRONMENT` in that environment only. It counts
    if a person set it who may write to the repository, and before the merge. Without a pull request there are none.
    """
    import sys

    from reconciler.console.output import style_of
    from reconciler.github import ci_context
    from reconciler.github.comment_content import named
    from reconciler.plan import allowances
    from reconciler.run.base_plan import trusted
    from reconciler.run.session import load

    if out is None:
        ci_output_guard.says_data()
    loaded = load(style_of(sys.stderr, colour=None))
    names = environments or (loaded.all_names() if all_environments else (None,))
    verdicts: list[Verdict] = []
    with ci_context.asking() as place:
        number = ci_context.pull_number(pull, place)
        labels = [*_labellings(place, number)] if number is not None else []
        if number is not None and labels:
            asked = _Asked(place, place.pull(number), labels, workflow, artifact)
            rules = trusted(loaded, base) if base is not None else loaded
            verdicts = [one for name in names for one in asked.verdicts(*named(name, stack), rules)]
    for said in dict.fromkeys([*_unknown(labels, loaded), *map(_said, verdicts)]):
        click.echo(said, err=True)
    _write(json.dumps(allowances.document(verdicts), indent=2), out)
    return 0


def _labellings(place: CodeHost, number: int) -> Iterator[Labelling]:
    """The labels that name an objection."""
    from reconciler.plan.allowances import LABEL, Labelling, moment

    for label in place.labels(number):
        if label.name.lower().startswith(LABEL):
            may = label.by is not None and place.may_write(label.by)
            yield Labelling(label.name, label.by, moment(label.at), may_write=may)


class _Asked:
    """A pull request's labels, and the plans that were there when they were set."""

    def __init__(
        self, place: CodeHost, pull: Pull, labels: Sequence[Labelling], workflow: str, artifact: str | None
    ) -> None:
        self._place, self._pull, self._labels, self._artifact = place, pull, labels, artifact
        last = max((one.at for one in labels if one.at is not None), default=None)
        self._runs = [run for run in place.runs_of(workflow, pull) if _was_there(run, last)]
        self._kept = cache(place.artifacts)

    def verdicts(self, stack: str, name: str, trusted: Config | None) -> Sequence[Verdict]:
        """What each label allows in an environment, or why it allows nothing there."""
        from reconciler.github.plan_artifacts import artifacts_of, kept_plans
        from reconciler.plan.allowances import Rules, decide, moment

        known = trusted.environments.get(name) if trusted is not None else None
        rules = Rules(
            name,
            self._pull.author,
            by_author=known is None or known.allow_by_author,
            merged=moment(self._pull.merged_at),
        )
        artifacts = (self._artifact,) if self._artifact else artifacts_of(name)
        plans = self._looked_at(kept_plans(self._kept, self._pull, self._runs, artifacts))
        return decide(self._labels, [self._seen(plan, stack, name) for plan in plans], rules)

    def _looked_at(self, plans: Iterable[KeptPlan]) -> Iterable[KeptPlan]:
        """The plans that the labels were set on: of each label the newest that was there before it."""
        from reconciler.plan.allowances import newest_before

        kept = [(one.made, one) for one in plans]
        found = (newest_before(one.at, kept) for one in self._labels if one.at is not None)
        return {one.kept.id: one for one in found if one is not None}.values()

    def _seen(self, plan: KeptPlan, stack: str, name: str) -> Seen:
        """The plan's objections; none where it cannot be read any more."""
        from reconciler.github.plan_artifacts import plan_in
        from reconciler.plan.allowances import Seen, cases

        try:
            files = self._place.files(plan.kept)
            if files is None:
                raise Failure("It is not kept any more.")
            return Seen(plan.made, tuple(cases(plan_in(files, stack, name)[1])))
        except Failure as failure:
            click.echo(f"{plan.kept.name} of the run {plan.run.id}: {failure.message}", err=True)
            return Seen(plan.made, ())


def _was_there(run: WorkflowRun, last: datetime | None) -> bool:
    """Whether a run may have kept anything before the last label was set."""
    from reconciler.plan.allowances import moment

    created = moment(run.created)
    return last is not None and (created is None or created < last)


def _unknown(labels: Iterable[Labelling], loaded: Config) -> Iterator[str]:
    """What is said of labels for an environment that there is none of."""
    from reconciler.diagnostics import did_you_mean

    for one in labels:
        name = one.environment
        if name is not None and name not in loaded.environments:
            why = f"there is no environment {name!r} ({did_you_mean(name, loaded.environments)})"
            yield f"The label {one.label!r} does not count: {why}."


def _said(one: Verdict) -> str:
    if one.reason:
        return f"The label {one.labelling.label!r} does not count: {one.reason}{one.labelling.hint}."
    held = len({held for allowance in one.allowances for held in allowance.case.blocks})
    about = f"{held} change{'' if held == 1 else 's'} of the plan that it was set on"
    return f"The label {one.labelling.label!r}, set by {one.labelling.by}, allows {about}{one.labelling.hint}."


def _write(text: str, out: str | None) -> None:
    from pathlib import Path

    if out is None:
        click.echo(text)
        return
    try:
        Path(out).write_text(f"{text}\n", encoding="utf-8")
    except OSError as error:
        raise Failure(f"Cannot write the allowances to {out}: {error.strerror}.", "name another file") from error
