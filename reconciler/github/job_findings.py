"""What a job of GitHub Actions can see of itself and of its repository, for `doctor`."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterator
from typing import Final, TypeAlias

from reconciler.console.failure import Failure
from reconciler.github import AbsentError, BranchRules, CodeHost, CodeHostError, ci_context
from reconciler.plan.allowances import LABEL, Labelling, misnamed_label
from reconciler.render.checkup import Finding
from reconciler.render.sentences import count

_AREA: Final = "GitHub"
_RUN_OF: Final = "plan.yml"
_CHECK: Final = "plan"
_SETTINGS: Final = "docs/ci.md, step 6: *Settings, Rules*"
_Look: TypeAlias = Callable[[CodeHost, Collection[str]], Iterator[Finding]]


def job_findings(environments: Collection[str], chosen: str | None) -> Iterator[Finding]:
    """What is fine and what is not of the job, its token, labels and branch rules; nothing outside of a job."""
    if not ci_context.under_actions():
        return
    try:
        yield from _of_event()
        yield from _of_variables(chosen)
        host = ci_context.code_host()
        for look in _LOOKS:
            yield from _seen(look, host, environments)
    except Failure as failure:
        yield Finding(_AREA, "problem", failure.message, failure.remedy)


def _seen(look: _Look, host: CodeHost, environments: Collection[str]) -> Iterator[Finding]:
    """What one look shows, or why it may not be had."""
    try:
        yield from look(host, environments)
    except CodeHostError as error:
        yield Finding(_AREA, "problem", error.message, error.remedy)


def _of_event() -> Iterator[Finding]:
    event = os.environ.get("GITHUB_EVENT_NAME", "")
    if event == "pull_request_target":
        remedy = "run it on `pull_request`: docs/ci.md, *Forks*"
        yield Finding(_AREA, "problem", f"The event {event} gives secrets to whoever opens a pull request.", remedy)
    elif ci_context.pull_origin() == "fork":
        text = "The job is for a pull request from a fork: it gets no secret, no variable, and may write nothing."
        yield Finding(_AREA, "note", text, "it gets an offline plan; to apply it, push its commits to a branch here")
    else:
        yield Finding(_AREA, "ok", f"The job is for the event {event or 'of no name'}, of this repository.")


def _of_variables(chosen: str | None) -> Iterator[Finding]:
    if not chosen and not os.environ.get("RECONCILER_ENVIRONMENT"):
        remedy = "set it in *Settings, Secrets and variables, Actions, Variables*, and pass it on in `env:`"
        yield Finding(_AREA, "note", "The variable RECONCILER_ENVIRONMENT is not set for this job.", remedy)


def _of_labels(host: CodeHost, environments: Collection[str]) -> Iterator[Finding]:
    found = [name for name in host.label_names() if name.lower().startswith(LABEL)]
    wrong = {name: why for name in found if (why := _label_fault(name, environments))}
    for name, why in wrong.items():
        yield Finding(_AREA, "note", f"The label {name!r} does nothing: {why}.", f"gh label delete {name!r}")
    right = len(found) - len(wrong)
    text = f"{count(right, 'label')} {LABEL}… can be set." if right else f"No label {LABEL}… exists yet."
    yield Finding(_AREA, "ok", f"{text} A comment creates those that it names.")


def _label_fault(name: str, environments: Collection[str]) -> str:
    label = Labelling(name, None, None, may_write=False)
    if label.environment is not None and label.environment not in environments:
        return f"there is no environment {label.environment!r}"
    return misnamed_label(label)


def _of_runs(host: CodeHost, environments: Collection[str]) -> Iterator[Finding]:
    try:
        host.runs(_RUN_OF, ci_context.head_commit())
    except AbsentError:
        remedy = "copy the workflows (docs/ci.md, step 5); the job needs `permissions: {actions: read}`"
        yield Finding(_AREA, "note", f"No workflow {_RUN_OF} can be seen, so reviewed plans are not found.", remedy)
    else:
        text = f"The token may read pull requests and the runs of {_RUN_OF}; what it may write only writing shows."
        yield Finding(_AREA, "ok", text)


def _of_rules(host: CodeHost, environments: Collection[str]) -> Iterator[Finding]:
    branch = _main_branch()
    try:
        rules = host.branch_rules(branch)
    except AbsentError:
        rules = BranchRules()
    if rules == BranchRules():
        text = f"No rules of {branch} can be seen; protection under *Settings, Branches* is not visible to a job."
        yield Finding(_AREA, "note", text, f"{_SETTINGS} or *Branches*: require an approval and the check `{_CHECK}`")
        return
    missing = [what for what, is_required in _recommended(rules) if not is_required]
    if missing:
        text = f"The rules of {branch} that can be seen do not require: {'; '.join(missing)}."
        yield Finding(_AREA, "note", text, _SETTINGS)
    else:
        yield Finding(_AREA, "ok", f"The rules of {branch} are as recommended.")


def _main_branch() -> str:
    """The branch that pull requests go into."""
    repository = ci_context.event().get("repository")
    default = repository.get("default_branch") if isinstance(repository, dict) else None
    return os.environ.get("GITHUB_BASE_REF") or (default if isinstance(default, str) else "") or "main"


def _recommended(rules: BranchRules) -> Iterator[tuple[str, bool]]:
    """What docs/ci.md recommends, and whether the rules have it."""
    yield "a pull request", rules.pull_request
    yield "an approval", rules.approvals > 0
    yield "that a push dismisses approvals", rules.dismisses_stale
    yield "that somebody else approves the last push", rules.last_push_approved
    yield "review from code owners", rules.code_owners
    yield f"the check `{_CHECK}`", _CHECK in rules.checks
    yield "branches to be up to date", rules.up_to_date


_LOOKS: Final[tuple[_Look, ...]] = (_of_labels, _of_runs, _of_rules)
