"""The output of a migration: what was written from what, what is unresolved, what was left and why, the next step."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import click

from reconciler.authoring.agent_drafts import AgentPlaces, NewAgent
from reconciler.authoring.import_output import SETTLE
from reconciler.authoring.responses_place import ResponsesPlace
from reconciler.config import Config, Environment
from reconciler.kinds.conversion import Converted
from reconciler.manifests.parser import Manifest
from reconciler.model import Address, Desired
from reconciler.render.sentences import address_of, count
from reconciler.render.values import one_line
from reconciler.render.visible import columns
from reconciler.run.session import stated_target

_NAMED = 5


@dataclass(frozen=True, slots=True)
class Migrated:
    """What a migration writes, and what it leaves."""

    agents: Sequence[NewAgent]
    files: Mapping[Address, str]
    """The manifest of each agent."""
    texts: Mapping[str, str]
    """By path from the root, every new file."""
    edited: Mapping[str, str]
    """`reconciler.yaml`, where it has to list one more folder."""
    there: Mapping[Address, str]
    """By assistant, the manifest that its agent has already."""
    left: Mapping[Address, str]
    """By assistant, why it was left."""


@dataclass(frozen=True, slots=True)
class RequestMove:
    """An assistant that is migrated to an environment of requests."""

    manifest: Manifest
    desired: Desired
    """Its fields in the source environment."""
    request: Converted
    """The same, without what a request cannot express."""


@dataclass(frozen=True, slots=True)
class MigratedRequests:
    """What a migration to requests changes, and what it leaves."""

    moved: Sequence[RequestMove]
    texts: Mapping[str, str]
    """By path from the root, the manifests as they are to be, where they change."""
    before: Mapping[str, str]
    there: Mapping[Address, str]
    """By assistant that is there already, its manifest."""
    left: Mapping[Address, str]
    """By assistant, why it was left."""


def print_migrated_requests(
    migrated: MigratedRequests, loaded: Config, source: Environment, place: ResponsesPlace, *, dry_run: bool
) -> None:
    """Prints the two environments, what changes, and what is next; what was left on standard error."""
    target = place.environment
    click.echo(f"{title_of(source, loaded)} -> {title_of(target, place.config)}\n")
    told = [("reconciler.yaml", f"gets the environment {target.name}")] if place.is_new and migrated.moved else []
    for move in migrated.moved:
        words = [one_line(word) for word in move.request.unresolved]
        told.append((move.manifest.file, f"{move.manifest.address}{_unresolved_part(words)}"))
    for line in _aligned(told):
        click.echo(line)
    others = len(migrated.texts.keys() - {move.manifest.file for move in migrated.moved})
    if others:
        click.echo(f"  {count(others, 'other manifest')} {'says' if others == 1 else 'say'} `{target.name}: false`")
    moved, would = len(migrated.moved), "would be " if dry_run else ""
    click.echo(f"\n{count(moved, 'assistant')} {would}migrated." if moved else "There is nothing to migrate.")
    _print_there(migrated.there, "is in the environment", "are in the environment")
    _print_left(migrated.left)
    if any(move.request.unresolved for move in migrated.moved):
        click.echo(SETTLE)
    elif moved:
        click.echo(f"Next: reconciler plan -e {target.name}")


def blocked_by_strict(words: Sequence[str]) -> str:
    """Why --strict leaves an assistant of which these would be unresolved."""
    return f"{count(len(words), 'field')} would be unresolved, which --strict does not allow: {', '.join(words)}"


def title_of(environment: Environment, loaded: Config) -> str:
    """The environment and its address."""
    where = stated_target(environment, loaded)
    return f"{environment.name} ({address_of(where)})"


def print_migrated(migrated: Migrated, loaded: Config, places: AgentPlaces, *, dry_run: bool) -> None:
    """Prints the environments, the files, and what is next; what was left on standard error."""
    click.echo(f"{', '.join(title_of(each, loaded) for each in places.chosen)}\n")
    for line in _lines(migrated):
        click.echo(line)
    click.echo(f"{'' if not migrated.agents else chr(10)}{_summary(migrated, dry_run=dry_run)}")
    _print_there(migrated.there, "has an agent", "have agents")
    _print_left(migrated.left)
    if unknown := [each.manifest.address for each in migrated.agents if each.lacks_id]:
        note = "so `reconciler output` cannot print their former ids; `reconciler output --write-pins` writes ids"
        click.echo(f"Note: the manifests of {_some(unknown)} name no id, {note}.", err=True)
    if migrated.agents:
        click.echo(_next_step(migrated, places))


def _some(addresses: Sequence[Address]) -> str:
    """The first of the addresses, and how many more there are."""
    named = ", ".join(map(str, addresses[:_NAMED]))
    return f"{named} and {len(addresses) - _NAMED} more" if len(addresses) > _NAMED else named


def _print_there(there: Collection[Address], one: str, several: str) -> None:
    """Prints the assistants that need no migration."""
    is_one = len(there) == 1
    if there:
        what = f"{one if is_one else several} already; --force writes {'it' if is_one else 'them'} again."
        click.echo(f"{_some(sorted(there))} {what}")


def _print_left(left: Mapping[Address, str]) -> None:
    """Prints why assistants were left, one line for a reason."""
    reasons: dict[str, list[Address]] = {}
    for address, reason in sorted(left.items()):
        reasons.setdefault(reason, []).append(address)
    for reason, addresses in reasons.items():
        click.echo(f"{_some(addresses)} {'was' if len(addresses) == 1 else 'were'} left: {one_line(reason)}.", err=True)


def _lines(migrated: Migrated) -> list[str]:
    told = {migrated.files[each.address]: _source_line(each) for each in migrated.agents}
    told |= {path: "" for path in migrated.texts if path not in told}
    told |= dict.fromkeys(migrated.edited if migrated.agents else (), "lists the folder as well")
    return _aligned(sorted(told.items()))


def _aligned(rows: Sequence[tuple[str, str]]) -> list[str]:
    """A line for each path, with its words in one column."""
    width = max((columns(path) for path, words in rows if words), default=0)
    return [
        f"  {one_line(path)}{' ' * (width - columns(path) + 4)}{words}" if words else f"  {one_line(path)}"
        for path, words in rows
    ]


def _source_line(agent: NewAgent) -> str:
    """`from assistants/hr-helper.yaml; 2 fields are unresolved: file_search, temperature`"""
    words = [one_line(word) for word in agent.draft.unresolved]
    return f"from {one_line(agent.manifest.file)}{_unresolved_part(words)}"


def _unresolved_part(words: Sequence[str]) -> str:
    are = "is" if len(words) == 1 else "are"
    return f"; {count(len(words), 'field')} {are} unresolved: {', '.join(words)}" if words else ""


def _summary(migrated: Migrated, *, dry_run: bool) -> str:
    manifests, others = len(migrated.agents), len(migrated.texts) - len(migrated.agents)
    if not manifests:
        return "There is nothing to write."
    written = count(manifests, "manifest") + (f" and {count(others, 'other file')}" if others else "")
    return f"{written} {'would be ' if dry_run else ''}written."


def _next_step(migrated: Migrated, places: AgentPlaces) -> str:
    if any(each.draft.unresolved for each in migrated.agents):
        return SETTLE
    away = [each.name for each in places.chosen if not each.settings.embedded]
    return f"Next: reconciler plan -e {(away or [places.chosen[0].name])[0]}"
