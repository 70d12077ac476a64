"""The plans that runs of a pull request kept, each as it was there to be looked at."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from reconciler.console.failure import Failure, unread
from reconciler.plan.allowances import Allowance, Verdict, moment, read

if TYPE_CHECKING:
    from datetime import datetime

    from reconciler.github import CodeHost, Kept, Pull, WorkflowRun
    from reconciler.render import Document


@dataclass(frozen=True, slots=True)
class KeptPlan:
    """An artifact with a plan: which attempt of which run kept it, and when."""

    run: WorkflowRun
    attempt: int
    kept: Kept
    made: datetime


def artifact_names(environment: str, stated: str | None) -> tuple[str, ...]:
    """Where a plan's job keeps the plan of an environment: as stated, else by itself, or with others."""
    return (stated,) if stated else (f"reconciler-{environment}", "reconciler-plans")


Artifacts: TypeAlias = Callable[[int], Sequence["Kept"]]
"""What a run kept, by its number."""


def kept_plans(artifacts: Artifacts, pull: Pull, runs: Iterable[WorkflowRun], names: Sequence[str]) -> list[KeptPlan]:
    """What runs of the pull request itself kept under `NAME-ATTEMPT` of one of the names, the newest first."""
    here = pull.base_repository.lower()
    own = (run for run in runs if run.event == "pull_request" and run.head_repository.lower() == here)
    return sorted((one for run in own for one in _kept(artifacts, run, names)), key=lambda one: one.made, reverse=True)


def _kept(artifacts: Artifacts, run: WorkflowRun, names: Sequence[str]) -> Iterator[KeptPlan]:
    for kept in artifacts(run.id):
        name, _, attempt = kept.name.rpartition("-")
        made = moment(kept.made)
        if name in names and attempt.isascii() and attempt.isdecimal() and made is not None:
            yield KeptPlan(run, int(attempt), kept, made)


def plan_in(files: Mapping[str, bytes], stack: str, name: str) -> tuple[bytes, Document]:
    """The one plan of an environment among the files, as it was saved and as it reads."""
    from reconciler import render
    from reconciler.github.posts.sticky import UNKNOWN
    from reconciler.plan.reviewed import environment_of

    named = _named(files, "plan.json", f"{name}.json")
    if len(named) != 1:
        raise Failure(f"The artifact holds {len(named)} files called plan.json or {name}.json, and not one.")
    try:
        plan = render.read(named[0].decode())
    except (render.BadDocument, UnicodeDecodeError) as error:
        raise Failure(f"What the run kept is not a plan that can be applied: {error}.") from error
    there = (environment_of(plan), plan["stack"])
    if there[0] != name or stack not in (there[1], UNKNOWN):
        raise Failure(f"The plan is of {there[0]}, stack {there[1]}, and not of {name}, stack {stack}.")
    return named[0], plan


def events_before(host: CodeHost, run: int, attempt: int, name: str) -> str:
    """What the earlier attempts of a run told of their applies, in their order; each kept it under `NAME-ATTEMPT`."""
    kept = {one.name: one for one in host.artifacts(run)}
    found = [kept[one] for before in range(1, attempt) if (one := f"{name}-{before}") in kept]
    told = (_named(host.files(one) or {}, "events.jsonl") for one in found)
    return "".join(content.decode(errors="replace") for contents in told for content in contents)


def _named(files: Mapping[str, bytes], *names: str) -> list[bytes]:
    """The files of these names, in whatever folder."""
    return [content for path, content in files.items() if path.rpartition("/")[2] in names]


def verdicts(paths: Sequence[str]) -> tuple[Verdict, ...]:
    """What labels allow, as `reconciler allowed` wrote it."""
    return tuple(verdict for path in paths for verdict in _verdicts(path))


def _verdicts(path: str) -> tuple[Verdict, ...]:
    remedy = "name a file that `reconciler allowed --out` wrote"
    try:
        return read(json.loads(Path(path).read_text(encoding="utf-8")))
    except OSError as error:
        raise Failure(unread(path, error), remedy) from error
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise Failure(f"{path} is not a list of allowances.", remedy) from error


def allowances_in(paths: Sequence[str]) -> tuple[Allowance, ...]:
    """The allowances in such files."""
    return tuple(allowance for verdict in verdicts(paths) for allowance in verdict.allowances)
