"""The form that was read → Config: what is left out filled in, and what contradicts itself refused."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from pathlib import Path

from reconciler.config import urls
from reconciler.config.form import AllowForm, EnvironmentForm, FileForm, LimitsForm, ReconcileForm, StackForm
from reconciler.config.values import DEFAULT_STACK, FILE, LOCAL, OPENAI, Config, Environment
from reconciler.diagnostics import Diagnostic, did_you_mean
from reconciler.plan.guards import Limits
from reconciler.plan.unattended import Policy
from reconciler.source import Node, locate


def resolve(read: FileForm, root: Path, broken: Collection[str] = ()) -> Config:
    """The configuration, still without any place; `broken` environments are none of it."""
    usual = {} if LOCAL in broken else {LOCAL: EnvironmentForm()}
    stated = {**usual, **read.environments}
    environments = {name: _environment(name, stated[name], read) for name in stated}
    return Config(root, FILE, tuple(read.manifests), environments, read.default_environment)


def _environment(name: str, stated: EnvironmentForm, read: FileForm) -> Environment:
    stack = stated.stack or read.stack or StackForm(name=DEFAULT_STACK)
    return Environment(
        name,
        provider=stated.provider or (LOCAL if name == LOCAL else ""),
        base_url=stated.base_url,
        api_key=stated.api_key.env if stated.api_key else None,
        organization=stated.organization,
        project=stated.project,
        kinds=None if stated.kinds is None else tuple(stated.kinds),
        stack=stack.name,
        former_stacks=tuple(stack.was),
        values=stated.values,
        models=stated.models,
        limits=_limits(stated.limits, read.limits),
        reconcile=_policy(stated.reconcile, read.reconcile),
        allow_by_author=_by_author(stated.allow, read.allow),
        apply=stated.apply or read.apply or "change",
    )


def _limits(own: LimitsForm, common: LimitsForm) -> Limits:
    return Limits(
        deletes=common.deletes if own.deletes is None else own.deletes,
        changes=common.changes if own.changes is None else own.changes,
    )


def _policy(own: ReconcileForm, common: ReconcileForm) -> Policy:
    return Policy(
        apply=frozenset((common.apply if own.apply is None else own.apply) or ()),
        after=(common.after if own.after is None else own.after) or 0,
    )


def _by_author(own: AllowForm, common: AllowForm) -> bool:
    stated = common.by_author if own.by_author is None else own.by_author
    return stated is not False


def judge(config: Config, node: Node, broken: Collection[str] = ()) -> Iterator[tuple[str | None, Diagnostic]]:
    """Everything wrong with a configuration whose form is right, each with the environment that it is of."""
    for environment in config.environments.values():
        for fault in (*_provider(environment, node), *_key(environment, node)):
            yield environment.name, fault
    yield from _twins(config, node)
    default = config.default_environment
    if default is not None and default not in {*config.environments, *broken}:
        place = locate(node, ["default_environment"])
        message = f"There is no environment `{default}`."
        yield None, Diagnostic(place, "unknown-environment", message, did_you_mean(default, config.environments))


def _provider(one: Environment, node: Node) -> Iterator[Diagnostic]:
    path = ["environments", one.name]
    if not one.provider:
        message = f"`{one.name}` has no `provider`."
        yield Diagnostic(locate(node, path, key=True), "missing-field", message, f"write `provider: {OPENAI}`")
    elif one.name == LOCAL != one.provider:
        message = "`local` is always the embedded server, so that nobody mistakes another for it."
        yield Diagnostic(locate(node, [*path, "provider"]), "config", message, "give this environment another name")
    elif one.provider == LOCAL:
        yield from _only_remote(one, node)


def _only_remote(one: Environment, node: Node) -> Iterator[Diagnostic]:
    for name in ("base_url", "api_key", "organization", "project"):
        if getattr(one, name) is not None:
            place = locate(node, ["environments", one.name, name], key=True)
            message = f"The embedded server has no `{name}`."
            yield Diagnostic(place, "config", message, f"remove it, or write `provider: {OPENAI}`")


def _key(one: Environment, node: Node) -> Iterator[Diagnostic]:
    if one.api_key and one.base_url and not urls.may_have_key(one.base_url):
        place = locate(node, ["environments", one.name, "base_url"])
        message = "A key is never sent over plain http to another machine."
        yield Diagnostic(place, "config", message, "write https://, or leave `api_key` out")


def _twins(config: Config, node: Node) -> Iterator[tuple[str, Diagnostic]]:
    first: dict[tuple[str, ...], str] = {}
    for one in config.environments.values():
        there = (one.provider, _address(one), one.project or "", one.stack)
        if there in first:
            place = locate(node, ["environments", one.name], key=True)
            message = (
                f"`{one.name}` and `{first[there]}` have one target: the same provider, address, project and stack."
            )
            fault = Diagnostic(place, "config", message, "give one of them a `stack` or a `project` of its own")
            yield from ((name, fault) for name in (first[there], one.name))
        first.setdefault(there, one.name)


def _address(one: Environment) -> str:
    return urls.canonical(one.base_url or urls.OPENAI_URL) if one.provider == OPENAI else one.base_url or ""
