"""The plans that runs of a pull request kept as artifacts, and the files of allowances and events."""

from __future__ import annotations

import json
import posixpath
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TypeAlias

from reconciler.console.failure import Failure, unreadable
from reconciler.console.saved_plans import plan_of
from reconciler.github import Artifact, CodeHost, Pull, WorkflowRun, same_name
from reconciler.github.posts.sticky import UNKNOWN
from reconciler.plan.allowances import Allowance, Verdict, moment, read
from reconciler.plan.reviewed import environment_of
from reconciler.render import Document


@dataclass(frozen=True, slots=True)
class KeptPlan:
    """An artifact with a plan: which attempt of which run kept it, and when."""

    run: WorkflowRun
    attempt: int
    kept: Artifact
    made: datetime


def artifact_names(environment: str, stated: str | None) -> tuple[str, ...]:
    """Where a plan's job keeps the plan of an environment: as stated, else by itself, or with others."""
    return (stated,) if stated else (f"reconciler-{environment}", "reconciler-plans")


Artifacts: TypeAlias = Callable[[int], Sequence[Artifact]]
"""The artifacts of a run, by its number."""


def kept_plans(artifacts: Artifacts, pull: Pull, runs: Iterable[WorkflowRun], names: Sequence[str]) -> list[KeptPlan]:
    """What runs of the pull request itself kept under `NAME-ATTEMPT` of one of the names, the newest first."""
    here = pull.base_repository
    own = (run for run in runs if run.event == "pull_request" and same_name(run.head_repository, here))
    return sorted(
        (plan for run in own for plan in _plans_of_run(artifacts, run, names)), key=lambda plan: plan.made, reverse=True
    )


def _plans_of_run(artifacts: Artifacts, run: WorkflowRun, names: Sequence[str]) -> Iterator[KeptPlan]:
    for kept in artifacts(run.id):
        name, _, attempt = kept.name.rpartition("-")
        made = moment(kept.made)
        if name in names and attempt.isascii() and attempt.isdecimal() and made is not None:
            yield KeptPlan(run, int(attempt), kept, made)


def plan_in(files: Mapping[str, bytes], stack: str, name: str) -> tuple[bytes, Document]:
    """The one plan of an environment among the files, as it was saved and as it reads."""
    named = _files_named(files, "plan.json", f"{name}.json")
    plans = [(content, plan_of(content, "What the run kept")) for content in named]
    own = [(content, plan) for content, plan in plans if plan["stack"] == stack]  # others are of other folders
    plans = own if len(plans) > 1 and stack != UNKNOWN else plans
    if len(plans) != 1:
        raise Failure(f"The artifact holds {len(plans)} files called plan.json or {name}.json, and not one.")
    content, plan = plans[0]
    planned_for, planned_stack = environment_of(plan), plan["stack"]
    if planned_for != name or stack not in (planned_stack, UNKNOWN):
        raise Failure(f"The plan is of {planned_for}, stack {planned_stack}, and not of {name}, stack {stack}.")
    return content, plan


def events_before(host: CodeHost, run: int, attempt: int, name: str) -> str:
    """The events of applies in earlier attempts of a run, in their order; each kept them under `NAME-ATTEMPT`.

    Of `NAME/FOLDER` those that are in such a folder of it.
    """
    name, _, folder = name.partition("/")
    by_name = {artifact.name: artifact for artifact in host.artifacts(run)}
    earlier = [by_name[each] for before in range(1, attempt) if (each := f"{name}-{before}") in by_name]
    events = (
        _files_named(_files_of_folder(host.files(artifact) or {}, folder), "events.jsonl") for artifact in earlier
    )
    return "".join(content.decode(errors="replace") for contents in events for content in contents)


def _files_of_folder(files: Mapping[str, bytes], folder: str) -> Mapping[str, bytes]:
    """The files that were made for this one of several folders; all where none is named."""
    made = posixpath.normpath(f"/folders/{folder}")
    return {path: each for path, each in files.items() if not folder or f"/{path}".rpartition("/")[0].endswith(made)}


def _files_named(files: Mapping[str, bytes], *names: str) -> list[bytes]:
    """The files of these names, in whatever folder."""
    return [content for path, content in files.items() if path.rpartition("/")[2] in names]


def verdicts(paths: Sequence[str]) -> tuple[Verdict, ...]:
    """What labels allow, as `reconciler allowed` wrote it to the files."""
    found: list[Verdict] = []
    remedy = "name a file that `reconciler allowed --out` wrote"
    for path in paths:
        try:
            found += read(json.loads(Path(path).read_text(encoding="utf-8")))
        except OSError as error:
            raise Failure(unreadable(path, error), remedy) from error
        except (ValueError, TypeError, KeyError, RecursionError) as error:
            raise Failure(f"{path} is not a list of allowances.", remedy) from error
    return tuple(found)


def allowances_in(paths: Sequence[str]) -> tuple[Allowance, ...]:
    """The allowances in such files."""
    return tuple(allowance for verdict in verdicts(paths) for allowance in verdict.allowances)
