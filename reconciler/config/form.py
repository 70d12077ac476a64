"""The form of `reconciler.yaml`, what is reported where a file has another, and what it comes to."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from posixpath import normpath
from typing import Annotated, Any, Final, cast

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError
from pydantic_core import ErrorDetails

from reconciler.config.field_types import (
    AppliesName,
    Folder,
    KindName,
    Limit,
    Name,
    OneOrMore,
    Permit,
    ProviderName,
    Section,
    Span,
    Version,
)
from reconciler.config.provider_settings import Errors, Providers, form_error, implied, settings_of_all
from reconciler.config.rules_form import RulesForm, rule_settings
from reconciler.config.values import DEFAULT_STACK, FILE, LOCAL, Config, Environment
from reconciler.diagnostics import Diagnostic, did_you_mean
from reconciler.kinds import KINDS
from reconciler.kinds.model_schema import NAME_SCHEMA, WrittenAs, united
from reconciler.plan.guards import Limits
from reconciler.plan.policy import Policy
from reconciler.settings import ProviderSettings, misfit
from reconciler.source import Node, locate, member, plain


class Form(BaseModel):
    """A mapping of the file: nothing is converted, nothing unknown is accepted."""

    model_config = ConfigDict(strict=True, extra="forbid")


class StackForm(Form):
    name: Annotated[Name, Field(description="The name of the stack.")]
    was: Annotated[list[Name], Field(description="Former names, whose objects are renamed into this one.")] = []


def _stack(value: Any) -> Any:
    if value is None or isinstance(value, str | dict):
        return {"name": value} if isinstance(value, str) else value
    raise misfit("wrong-type", "A stack is a name, or `{name: …, was: […]}`.", "quote it, if it is a name")


class LimitsForm(Form):
    deletes: Annotated[
        Limit, Field(description="How many deletes a plan may have: a number, or a share of what is managed.")
    ] = None
    changes: Annotated[
        Limit, Field(description="How many changes a plan may have: a number, or a share of what is managed.")
    ] = None


class ReconcileForm(Form):
    apply: Annotated[
        OneOrMore[Permit] | None,
        Field(description="What a scheduled run may write: `drift`, `edits`, or both; omitted: nothing."),
    ] = None
    after: Annotated[
        Span, Field(description="How long drift stays after it was first reported, such as `30m`, `24h` or `7d`.")
    ] = None


class AllowForm(Form):
    by_author: Annotated[
        bool | None,
        Field(description="Whether the author of a pull request can override objections in it; omitted: true."),
    ] = None


class SharedForm(Form):
    """What the file states for all environments, and each for itself."""

    apply: Annotated[
        AppliesName | None,
        Field(description="What merging a pull request applies: what it changes, or everything that is pending."),
    ] = None
    stack: Annotated[
        StackForm | None,
        BeforeValidator(_stack),
        WrittenAs(lambda mapping: united(NAME_SCHEMA, mapping)),
        Field(description="The name under which this repository manages agents and assistants."),
    ] = None
    limits: Annotated[
        Section[LimitsForm], Field(description="How much a plan may delete or change without an objection.")
    ] = LimitsForm()
    reconcile: Annotated[Section[ReconcileForm], Field(description="What a scheduled run may write, and when.")] = (
        ReconcileForm()
    )
    allow: Annotated[Section[AllowForm], Field(description="Whose labels override objections.")] = AllowForm()
    rules: Annotated[
        Section[RulesForm],
        Field(
            description="How severe findings are, and the team's policy. An environment's own settings replace these."
        ),
    ] = RulesForm()


class EnvironmentForm(SharedForm):
    """What every environment may state; the rest is its provider's."""

    model_config = ConfigDict(extra="ignore")

    provider: Annotated[ProviderName | None, Field(description="The type of the server.")] = None
    kinds: Annotated[
        Annotated[OneOrMore[KindName], Field(min_length=1)] | None,
        Field(description="The kinds that exist there; omitted: all that the server has."),
    ] = None
    values: Annotated[dict[str, str], Field(description="The texts for `{value: NAME}` in manifests.")] = {}
    models: Annotated[dict[str, str], Field(description="By the name of a deployment, the model that it is of.")] = {}


class FileForm(SharedForm):
    version: Annotated[Version, Field(description="The version of this file's form: 1.")]
    manifests: Annotated[
        OneOrMore[Folder],
        Field(min_length=1, description="The folders of manifests; omitted: `agents` and `assistants`, as they exist."),
    ] = []
    environments: Annotated[
        Section[dict[Name, Section[EnvironmentForm]]],
        Field(description="The servers to apply to, each under its name."),
    ] = {}
    default_environment: Annotated[
        str | None, Field(description="The environment without -e and RECONCILER_ENVIRONMENT.")
    ] = None
    extends: Annotated[str | None, Field(description="The reconciler.yaml of another folder to inherit from.")] = None


_FORMS: Final[dict[str, type[BaseModel]]] = {
    "stack": StackForm,
    "limits": LimitsForm,
    "reconcile": ReconcileForm,
    "allow": AllowForm,
    "rules": RulesForm,
}


def read(node: Node, root: Path, providers: Providers, kinds: Collection[str]) -> tuple[Config | None, Errors]:
    """The configuration, and everything wrong with it; None where something is that concerns the file as a whole."""
    value = cast(dict[str, Any], plain(node))
    known = {"provider": providers, "kind": kinds}
    settings, wrong = settings_of_all(value, node, providers, EnvironmentForm.model_fields)
    try:
        form = FileForm.model_validate(value, context=known)
    except ValidationError as error:
        for detail in error.errors(include_url=False, include_input=False):
            path = detail["loc"]
            of_environment = len(path) > 1 and path[0] == "environments"
            wrong.append((str(path[1]) if of_environment else None, _error_in(node, detail, providers)))
        if any(name is None for name, _ in wrong):
            return None, wrong
        sound = {name: stated for name, stated in value["environments"].items() if name not in dict(wrong)}
        form = FileForm.model_validate({**value, "environments": sound}, context=known)
    broken = {str(name) for name, _ in wrong}
    stated = {name: own for name, own in {LOCAL: EnvironmentForm(), **form.environments}.items() if name not in broken}
    environments = {name: _resolved(name, own, settings[name], form, node) for name, own in stated.items()}
    folders = tuple(form.manifests) or usual_folders(root, kinds)
    config = Config(root, FILE, folders, environments, form.default_environment, implied(providers))
    return config, [*wrong, *_contradictions(config, node, broken)]


def _error_in(node: Node, detail: ErrorDetails, providers: Providers) -> Diagnostic:
    """The error in our words; of a field that stands above the environments and belongs into one, that it does."""
    path = detail["loc"]
    found = form_error(node, detail, _beside(path))
    of_environments = {
        *EnvironmentForm.model_fields,
        *(name for each in providers.values() for name in each.model_fields),
    }
    if len(path) == 1 and found.code == "unknown-field" and path[0] in of_environments:
        return replace(found, remedy=f"an environment has it: write `environments: {{NAME: {{{path[0]}: …}}}}`")
    return found


def usual_folders(root: Path, kinds: Collection[str]) -> tuple[str, ...]:
    """The folders of manifests where none is stated: of each kind the one that exists, or else that of assistants."""
    folders = sorted(KINDS[name].plural for name in kinds)
    return tuple(folder for folder in folders if (root / folder).is_dir()) or (KINDS["assistant"].plural,)


def _beside(path: Sequence[str | int]) -> Collection[str]:
    """The fields that stand beside the last step of a path."""
    holder = str(path[-2]) if len(path) > 1 else ""
    return _FORMS.get(holder, FileForm).model_fields


def _resolved(name: str, own: EnvironmentForm, settings: ProviderSettings, common: FileForm, node: Node) -> Environment:
    """An environment with everything filled in that it leaves to the file, or out."""
    stack = own.stack or common.stack or StackForm(name=DEFAULT_STACK)

    def either(section: str, field: str) -> Any:
        stated = getattr(getattr(own, section), field)
        return getattr(getattr(common, section), field) if stated is None else stated

    return Environment(
        name,
        provider=own.provider or (LOCAL if name == LOCAL else ""),
        settings=settings,
        kinds=None if own.kinds is None else tuple(own.kinds),
        stack=stack.name,
        former_stacks=tuple(stack.was),
        values=own.values,
        models=own.models,
        limits=Limits(deletes=either("limits", "deletes"), changes=either("limits", "changes")),
        reconcile=Policy(frozenset(either("reconcile", "apply") or ()), either("reconcile", "after") or 0),
        allow_by_author=either("allow", "by_author") is not False,
        apply=own.apply or common.apply or "change",
        rules=rule_settings(common.rules, own.rules),
        place=locate(node, ["environments", name], key=True) if name in common.environments else None,
    )


def _contradictions(config: Config, node: Node, broken: Collection[str]) -> Iterator[tuple[str | None, Diagnostic]]:
    """Everything wrong with a configuration whose form is right."""
    targets: dict[tuple[str, ...], str] = {}
    for environment in config.environments.values():
        for error in (
            *_environment_errors(environment, node, next(iter(config.implied), LOCAL)),
            *_folder_errors(environment, node, config.manifests),
        ):
            yield environment.name, error
        target = (environment.provider, *environment.settings.target(), environment.stack)
        if (other := targets.setdefault(target, environment.name)) != environment.name:
            place = locate(node, ["environments", environment.name], key=True)
            message = (
                f"`{environment.name}` and `{other}` have one target: the same provider, address, project and stack."
            )
            error = Diagnostic(place, "config", message, "give one of them a `stack` of its own")
            yield from ((name, error) for name in (other, environment.name))
    default = config.default_environment
    if default is not None and default not in {*config.environments, *broken}:
        place = locate(node, ["default_environment"])
        message = f"There is no environment `{default}`."
        yield None, Diagnostic(place, "unknown-environment", message, did_you_mean(default, config.environments))


def _folder_errors(environment: Environment, node: Node, manifests: Collection[str]) -> Iterator[Diagnostic]:
    """That manifests would be read from the folder that stands for a server."""
    if (folder := environment.settings.owned_folder) is None:
        return
    usual = () if member(node, "manifests") else (kind.plural for kind in KINDS.values())  # also where none is yet
    for other in dict.fromkeys(map(normpath, (*manifests, *usual))):
        if f"{folder}/".startswith(f"{other}/") or f"{other}/".startswith(f"{folder}/") or other == ".":
            place = locate(node, ["environments", environment.name, "folder"])
            message = f"`{folder}` and the folder of manifests `{other}` are one, or in one another."
            yield Diagnostic(place, "config", message, "name a folder of its own, like `dist/production`")


def _environment_errors(environment: Environment, node: Node, usual: str) -> Iterator[Diagnostic]:
    path = ["environments", environment.name]
    if not environment.provider:
        message = f"`{environment.name}` has no `provider`."
        yield Diagnostic(locate(node, path, key=True), "missing-field", message, f"write `provider: {usual}`")
    elif environment.name == LOCAL and not environment.settings.embedded:
        message = "`local` is always the embedded server, so that it cannot be mistaken for another."
        yield Diagnostic(locate(node, [*path, "provider"]), "config", message, "give this environment another name")
