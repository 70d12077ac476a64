"""Labels on a pull request that override objections: what each allows, judged by the plan that it was set on."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from functools import cache

import click

from reconciler.canonical import Json
from reconciler.config import Config
from reconciler.console.failure import Failure
from reconciler.diagnostics import did_you_mean
from reconciler.github import CodeHost, Pull, WorkflowRun, ci_context
from reconciler.github.comment_content import stack_and_environment
from reconciler.github.plan_artifacts import KeptPlan, artifact_names, kept_plans, plan_in
from reconciler.plan.allowances import (
    LABEL,
    Labelling,
    Rules,
    Seen,
    Verdict,
    cases,
    decide,
    document,
    moment,
    newest_before,
)
from reconciler.render.sentences import count


def label_verdicts(
    loaded: Config,
    rules: Callable[[], Config | None],
    environments: Sequence[str | None],
    stack: str | None,
    pull: int | None,
    workflow: str,
    artifact: str | None,
) -> Json:
    """What each label allows in each environment, as data; reports on standard error what does not count, and why.

    `rules` is the configuration that says who may allow.
    """
    with ci_context.connected() as host:
        number = ci_context.pull_number(pull, host)
        labels = [*_labels_that_allow(host, number)] if number is not None else []
        verdicts: list[Verdict] = []
        if number is not None and labels:
            judge = _LabelJudge(host, host.pull(number), labels, workflow, artifact)
            trusted = rules()
            for name in environments:
                verdicts += judge.verdicts(*stack_and_environment(name, stack), trusted)
    for line in dict.fromkeys([*_unknown_environments(labels, loaded), *map(_verdict_line, verdicts)]):
        click.echo(line, err=True)
    return document(verdicts)


def _labels_that_allow(host: CodeHost, number: int) -> Iterator[Labelling]:
    for label in host.labels(number):
        if label.name.lower().startswith(LABEL):
            may_write = label.by is not None and host.may_write(label.by)
            yield Labelling(label.name, label.by, moment(label.at), may_write=may_write)


class _LabelJudge:
    """A pull request's labels, and the plans that there were when they were set."""

    def __init__(
        self, host: CodeHost, pull: Pull, labels: Sequence[Labelling], workflow: str, artifact: str | None
    ) -> None:
        self._host, self._pull, self._labels, self._artifact = host, pull, labels, artifact
        last = max((label.at for label in labels if label.at is not None), default=None)
        self._runs = [run for run in host.runs_of(workflow, pull) if _began_before(run, last)]
        self._artifacts = cache(host.artifacts)

    def verdicts(self, stack: str, name: str, trusted: Config | None) -> Sequence[Verdict]:
        """What each label allows in an environment, or why it allows nothing there."""
        environment = trusted.environments.get(name) if trusted is not None else None
        by_author = environment is None or environment.allow_by_author
        rules = Rules(name, self._pull.author, by_author=by_author, merged=moment(self._pull.merged_at))
        names = artifact_names(name, self._artifact)
        plans = [(plan.made, plan) for plan in kept_plans(self._artifacts, self._pull, self._runs, names)]
        newest = (newest_before(label.at, plans) for label in self._labels if label.at is not None)
        set_on = {plan.kept.id: plan for plan in newest if plan is not None}
        return decide(self._labels, [self._objections(plan, stack, name) for plan in set_on.values()], rules)

    def _objections(self, plan: KeptPlan, stack: str, name: str) -> Seen:
        """The plan's objections; none where it cannot be read any more."""
        try:
            files = self._host.files(plan.kept)
            if files is None:
                raise Failure("It is not kept any more.")
            return Seen(plan.made, tuple(cases(plan_in(files, stack, name)[1])))
        except Failure as failure:
            click.echo(f"{plan.kept.name} of the run {plan.run.id}: {failure.message}", err=True)
            return Seen(plan.made, ())


def _began_before(run: WorkflowRun, last: datetime | None) -> bool:
    """Whether a run may have kept anything before the last label was set."""
    created = moment(run.created)
    return last is not None and (created is None or created < last)


def _unknown_environments(labels: Iterable[Labelling], loaded: Config) -> Iterator[str]:
    for label in labels:
        name = label.environment
        if name is not None and name not in loaded.environments:
            why = f"there is no environment {name!r} ({did_you_mean(name, loaded.environments)})"
            yield f"The label {label.label!r} does not count: {why}."


def _verdict_line(verdict: Verdict) -> str:
    labelling = verdict.labelling
    if verdict.reason:
        return f"The label {labelling.label!r} does not count: {verdict.reason}{labelling.hint}."
    changes = {blocked for allowance in verdict.allowances for blocked in allowance.case.blocks}
    about = f"{count(len(changes), 'change')} of the plan that it was set on"
    return f"The label {labelling.label!r}, set by {labelling.by}, allows {about}{labelling.hint}."
