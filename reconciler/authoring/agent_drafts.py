"""Drafts of agents' manifests, and the environments that they are for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from reconciler.canonical import Json
from reconciler.config import Config, Environment
from reconciler.diagnostics import Location, errors
from reconciler.drafts.as_agents import AgentDraft, AgentView, UnpatchableError, agent_draft
from reconciler.kinds import KINDS, ServerTraits
from reconciler.kinds.conversion import converted
from reconciler.manifests import parser
from reconciler.manifests.parser import Manifest
from reconciler.model import Address, Desired
from reconciler.providers import PROVIDERS
from reconciler.run.manifest_context import manifest_context
from reconciler.source import OneLine, fields, member, plain

_AGENT = KINDS["agent"]


@dataclass(frozen=True, slots=True)
class NewAgent:
    """A draft of an agent, the manifest it comes from, and its expected fields in each environment."""

    manifest: Manifest
    draft: AgentDraft
    wanted: Mapping[str, Mapping[str, Json]]
    """By environment, its fields in normal form, as far as the assistant can be read there."""
    lacks_id: bool
    """Whether no id of the assistant is known, so that it has no former id."""

    @property
    def address(self) -> Address:
        return self.draft.draft.address


@dataclass(frozen=True, slots=True)
class AgentPlaces:
    """The environments that get agents: every one whose server can have them, or the selected one."""

    chosen: tuple[Environment, ...]
    absent: tuple[str, ...]
    """The environments for which the manifests must say `false`."""


def agent_places(loaded: Config, environments: Sequence[Environment]) -> AgentPlaces:
    """The environments that get agents, given the selected ones."""
    chosen = tuple(each for each in environments if _can_have_agents(each) and _lists_agents(each))
    names = {each.name for each in chosen}
    others = (each for each in loaded.environments.values() if each.place is not None and each.name not in names)
    return AgentPlaces(chosen, tuple(each.name for each in others if _lists_agents(each)))


def _can_have_agents(environment: Environment) -> bool:
    kinds = PROVIDERS[environment.provider].terms.kinds
    return not kinds or _AGENT.name in kinds


def _lists_agents(environment: Environment) -> bool:
    """Whether manifests of agents are read there at all."""
    return not environment.kinds or _AGENT.name in environment.kinds


def new_agents(
    assistants: Sequence[Manifest],
    loaded: Config,
    usual: AgentPlaces,
    folder: str,
    there: Mapping[str, Sequence[Environment]],
) -> Iterator[NewAgent | tuple[Manifest, str]]:
    """A draft for each of the manifests, or the manifest and why there is none.

    `there` has by key where there is an agent already, which it stays.
    """
    readings = {each.name: _EnvironmentReading(assistants, loaded, each) for each in read_environments(loaded, usual)}
    for manifest in assistants:
        also = there.get(manifest.address.key, ())
        places = agent_places(loaded, [*usual.chosen, *(each for each in also if each not in usual.chosen)])
        views = [readings[each.name].view(manifest) for each in places.chosen]
        ids = {name: reading.ids(manifest) for name, reading in readings.items()}
        former = _former_ids(manifest, {name: some for name, some in ids.items() if some}, loaded, places)
        try:
            draft = agent_draft(manifest, views, former, places.absent, folder)
        except UnpatchableError as error:
            yield manifest, f"what an environment has in `{error}` differs in a way that no patch can express"
            continue
        bodies = {view.name: converted(view.fields, KINDS["assistant"]).body for view in views if view.fields}
        wanted = {name: _AGENT.check(body, ServerTraits()).fields for name, body in bodies.items()}
        away = [each for each in loaded.environments.values() if not each.settings.embedded]
        yield NewAgent(manifest, draft, wanted, lacks_id=bool(away) and not former)


def read_environments(loaded: Config, places: AgentPlaces) -> list[Environment]:
    """The environments that read the manifests: the stated ones, and those that get agents."""
    stated = [each for each in loaded.environments.values() if each.place is not None]
    return [*{each.name: each for each in (*stated, *places.chosen)}.values()]


class _EnvironmentReading:
    """The manifests as an environment would read them if it had assistants."""

    def __init__(self, assistants: Sequence[Manifest], loaded: Config, environment: Environment) -> None:
        self.environment = environment
        terms = ServerTraits(families=environment.models, environment=environment.name)
        context = replace(manifest_context(loaded, environment), kinds=(), terms=terms)
        parsed = parser.parse(assistants, context)
        self._desired: dict[Location, Desired] = {each.place: each for each in parsed.desired}
        self._faulty = {fault.place.file for fault in errors(parsed.faults) if fault.code != "unresolved-field"}

    def view(self, manifest: Manifest) -> AgentView:
        """The environment, as seen by the manifest."""
        files = {manifest.file, *(node.place.file for node in manifest.attachments.values())}
        desired = self._desired.get(manifest.node.place) if not files & self._faulty else None
        return AgentView(
            self.environment.name, self.environment.values, desired.fields if desired is not None else None
        )

    def ids(self, manifest: Manifest) -> list[str]:
        """The ids that the assistant has and had there."""
        desired = self._desired.get(manifest.node.place)
        if desired is None:
            return []
        return [*dict.fromkeys((*([desired.id] if desired.id else []), *desired.former_ids))]


def _former_ids(manifest: Manifest, ids: Mapping[str, list[str]], loaded: Config, places: AgentPlaces) -> Json:
    """The ids by environment; those of one without agents go to the only environment that has agents alone."""
    own = fields(member(manifest.node, "reconciler"))
    stated = plain(own["former_ids"]) if "former_ids" in own else None
    if isinstance(stated, list) and "id" not in own:
        return stated
    new = [each.name for each in places.chosen if each.kinds == (_AGENT.name,)]
    found: dict[str, list[str]] = {}
    for name, some in ids.items():
        environment = loaded.environments[name]
        moves = len(new) == 1 and not (_can_have_agents(environment) and _lists_agents(environment))
        known = found.setdefault(new[0] if moves else name, [])
        known += [id for id in some if id not in known]
    if all(len(some) == 1 for some in found.values()):
        return OneLine({name: some[0] for name, some in found.items()})
    return {name: some[0] if len(some) == 1 else [*some] for name, some in found.items()}
