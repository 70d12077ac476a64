"""The workflows of a repository on GitHub: what is planned, applied and reconciled where, and with which keys."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from reconciler.drafts import workflow_texts as texts
from reconciler.drafts.keys import slug_of

SWITCH: Final = "RECONCILER_ENABLED"
"""The variable of a repository that is `true` once its keys and environments exist."""
WRITTEN: Final = "Written by `reconciler init`."
ACTION: Final = "OWNER/assistants-reconciler@COMMIT"
"""What stands for the action where it is not known."""
_UNTIL: Final = f"the variable {SWITCH} of the repository is `true`"
_WORD = re.compile(r"<<(\w+)>>")
_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9._/ -]*|\$\{\{[^\n\"']*\}\}[a-z-]*")
_NOT_TEXT: Final = frozenset({"true", "false", "null", "yes", "no", "on", "off", "y", "n"})
_GLOB = re.compile(r"([\\+!*?\[\]])")


@dataclass(frozen=True, slots=True)
class WorkflowEnvironment:
    """An environment as workflows use it. A job gets each variable from the secret beside it."""

    name: str
    """As in `reconciler.yaml`, or an expression."""
    job: str
    """The name of its jobs."""
    plan_keys: Mapping[str, str]
    apply_keys: Mapping[str, str]
    reconcile_keys: Mapping[str, str]
    condition: str = f"vars.{SWITCH} == 'true'"
    """When its jobs run."""


@dataclass(frozen=True, slots=True)
class WorkflowSetup:
    """What the workflows of a repository depend on."""

    environments: Sequence[WorkflowEnvironment]
    """In the order in which a merge is applied to them."""
    sandbox: WorkflowEnvironment | None = None
    """The environment of previews."""
    branch: str = "main"
    uses: str = ACTION
    folder: str = ""
    """The folder of `reconciler.yaml` from the top of the repository on; empty for the top."""
    folders: Sequence[str] = ()
    """The folders below that one which have stacks and share its file."""
    origin: str = WRITTEN
    until: str = _UNTIL
    until_previews: str = _UNTIL
    offline: str = f"vars.{SWITCH} != 'true'"
    """When a plan may be made without the server."""

    @property
    def word(self) -> str:
        """What distinguishes the workflows of a folder from those of others."""
        return (slug_of(self.folder) or "assistants") if self.folder else ""

    def file(self, name: str) -> str:
        """The file name of a workflow."""
        return f"{name}-{self.word}.yml" if self.word else f"{name}.yml"


def workflows(setup: WorkflowSetup) -> dict[str, str]:
    """By file name, the text of each workflow."""
    made = {"plan": _plan(setup), "apply": _apply(setup), "reconcile": _reconcile(setup)}
    if setup.sandbox is not None:
        made["try"] = _previews(setup, setup.sandbox)
    return {setup.file(name): text for name, text in made.items()}


def workflow_environments(variables: Mapping[str, Sequence[str]]) -> tuple[WorkflowEnvironment, ...]:
    """The environments in this order; `variables` has, by name, the one of the key and others that are secret.

    The last one has the plain names of secrets, as if it were alone.
    """
    found: list[WorkflowEnvironment] = []
    for name, own in variables.items():
        job = _job(name, {each.job for each in found})
        secret = job.strip("_").upper().replace("-", "_")
        plan = "RECONCILER_PLAN_KEY" if len(found) == len(variables) - 1 else f"RECONCILER_{secret}_PLAN_KEY"
        apply, reconcile = secrets_of(own, "RECONCILER_APPLY_KEY"), secrets_of(own, "RECONCILER_RECONCILE_KEY")
        found.append(WorkflowEnvironment(name, job, secrets_of(own, plan), apply, reconcile))
    return tuple(found)


def preview_environment(name: str, variables: Sequence[str]) -> WorkflowEnvironment:
    """The environment of previews."""
    keys = secrets_of(variables, "RECONCILER_SANDBOX_KEY")
    return WorkflowEnvironment(name, "try", keys, keys, keys)


def secrets_of(variables: Sequence[str], key: str) -> dict[str, str]:
    """The secret for each variable: the first is that of the key, or empty; the secrets of others have their names."""
    return {variable: variable if index else key for index, variable in enumerate(variables) if variable}


def _job(name: str, taken: Collection[str]) -> str:
    word = re.sub(r"[^a-z0-9]", "-", name)
    word = f"_{word}" if word[0].isdigit() or word in _NOT_TEXT else word
    others = (f"{word}-{number}" for number in range(2, len(taken) + 3))
    return next(each for each in (word, *others) if each not in taken)


def _plan(setup: WorkflowSetup) -> str:
    keys = {variable: secret for each in setup.environments for variable, secret in each.plan_keys.items()}
    return _filled(
        texts.PLAN,
        setup,
        environments=_scalar(" ".join(each.name for each in setup.environments)),
        offline=setup.offline,
        inputs=_inputs(setup, artifact=True),
        env=_env(keys, "Keys that can only read, named as in reconciler.yaml. Forks get none, and an offline plan."),
    )


def _apply(setup: WorkflowSetup) -> str:
    every = setup.environments
    choices = [each.job for each in reversed(every)]
    text = _filled(texts.APPLY, setup, until=setup.until, choices=", ".join(choices), choice=choices[0])
    return text + "".join(_apply_job(setup, each, every[:index]) for index, each in enumerate(every))


def _apply_job(setup: WorkflowSetup, each: WorkflowEnvironment, before: Sequence[WorkflowEnvironment]) -> str:
    chosen = f"(github.event_name == 'push' || inputs.where == '{each.job}')"
    done = [f"(needs.{one.job}.result == 'success' || needs.{one.job}.result == 'skipped')" for one in before]
    is_possible = [f"!cancelled() && {each.condition}" if before else each.condition]
    needed = ", ".join(one.job for one in before)
    return _filled(
        texts.APPLY_JOB,
        setup,
        **_words_of(each),
        needs=f"    needs: [{needed}]\n" if before else "",
        condition="\n      && ".join([*is_possible, chosen, *done]),
        inputs=_inputs(setup, artifact=True, plans=True),
        env=_env(each.apply_keys),
    )


def _reconcile(setup: WorkflowSetup) -> str:
    jobs = (
        _filled(
            texts.RECONCILE_JOB,
            setup,
            **_words_of(each),
            condition=each.condition,
            unattended=_scalar(f"{each.name}-unattended"),
            apply=setup.file("apply"),
            inputs=_inputs(setup),
            env=_env(each.reconcile_keys),
        )
        for each in setup.environments
    )
    return _filled(texts.RECONCILE, setup) + "".join(jobs)


def _previews(setup: WorkflowSetup, sandbox: WorkflowEnvironment) -> str:
    return _filled(
        texts.TRY,
        setup,
        **_words_of(sandbox),
        until=setup.until_previews,
        condition=sandbox.condition,
        inputs=_inputs(setup),
        env=_env(sandbox.apply_keys),
    )


def _words_of(each: WorkflowEnvironment) -> dict[str, str]:
    return {"job": each.job, "name": each.name, "environment": _scalar(each.name)}


def _inputs(setup: WorkflowSetup, *, artifact: bool = False, plans: bool = False) -> str:
    """The inputs that only a folder below the top needs, or several folders."""
    given = {"working-directory": _scalar(setup.folder)} if setup.folder else {}
    if setup.folders:
        given["folders"] = _scalar(" ".join(setup.folders))
    if setup.folder and artifact:
        given["artifact"] = f"reconciler-{setup.word}"
    if setup.folder and plans:
        given["workflow"] = setup.file("plan")
    return "".join(f"          {name}: {value}\n" for name, value in given.items())


def _env(keys: Mapping[str, str], note: str = "") -> str:
    if not keys:
        return ""
    lines = [f"# {note}"] if note else []
    lines += [f"{variable}: ${{{{ secrets.{secret} }}}}" for variable, secret in keys.items()]
    return "        env:\n" + "".join(f"          {line}\n" for line in lines)


def _scalar(text: str) -> str:
    """The text as a YAML scalar."""
    return text if _PLAIN.fullmatch(text) and text not in _NOT_TEXT else json.dumps(text, ensure_ascii=False)


def _filled(text: str, setup: WorkflowSetup, **words: str) -> str:
    """The text with its words replaced."""
    common = {
        "origin": setup.origin,
        "of": f" ({setup.word})" if setup.word else "",
        "group": f"{setup.word}-" if setup.word else "",
        "branch": _scalar(_GLOB.sub(r"\\\1", setup.branch)),
        "checkout": texts.CHECKOUT,
        "uses": setup.uses,
    }
    return _WORD.sub(lambda match: {**common, **words}[match[1]], text)


def steps_on_github(setup: WorkflowSetup) -> Iterator[str]:
    """What a person does on GitHub before the workflows apply anything, in this order."""
    every, sandbox = setup.environments, setup.sandbox
    names = ", ".join(each.name for each in every)
    unattended = ", ".join(f"{each.name}-unattended" for each in every)
    before = "".join(f"{each.name}; " for each in every[:-1])
    yield f"Environments for the branch {setup.branch} alone: {before}{every[-1].name}, with required reviewers."
    yield f"The same without reviewers, for scheduled runs: {unattended}."
    yield f"Secrets of the repository, keys that can only read: {_all_secrets(each.plan_keys for each in every)}."
    yield f"Secrets of {names}, keys that can write: {_all_secrets(each.apply_keys for each in every)}."
    yield f"Secrets of {unattended}, keys that can read: {_all_secrets(each.reconcile_keys for each in every)}."
    if sandbox is not None:
        secrets = _all_secrets([sandbox.apply_keys])
        yield f"For previews the environment {sandbox.name} with {secrets}, and the label reconciler/try."
    check = f"plan ({setup.word})" if setup.word else "plan"
    yield f"A rule for {setup.branch}: require a pull request, an approval, the check `{check}`, owners of .github/."
    yield f"The variable {SWITCH} = true. Until then nothing is applied."
    yield f"Actions, {setup.file('apply')}, Run workflow: applies what is there. Afterwards each merge applies itself."


def _all_secrets(keys: Iterable[Mapping[str, str]]) -> str:
    return ", ".join(dict.fromkeys(secret for each in keys for secret in each.values()))
