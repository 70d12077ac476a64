"""The manifests of a repository as every environment reads them: as they are, or as they will be."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType

from reconciler.config import LOCAL, Config, Environment
from reconciler.kinds import ServerTraits
from reconciler.manifests import parser, reading
from reconciler.manifests.references import is_missing_value
from reconciler.model import Address
from reconciler.render import Style
from reconciler.run.manifest_context import manifest_context
from reconciler.run.session import stop_at_errors

UNRESOLVED = "unresolved-field"
"""The error that a conversion leaves on purpose, for a person to settle."""
_NOTHING: Mapping[str, Mapping[str, str]] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class AllManifests:
    """The manifests of all folders, and what each environment makes of them."""

    config: Config
    here: Environment | None
    """The environment that the command selects, if any."""
    read: reading.ReadFolders
    _parsed: dict[str, parser.ParsedManifests] = field(default_factory=dict, repr=False, compare=False)

    @property
    def environments(self) -> Mapping[str, Environment]:
        """Every environment that can read manifests, and the selected one also where the file does not state it."""
        return {**self.config.environments, **({self.here.name: self.here} if self.here is not None else {})}

    @property
    def names(self) -> tuple[str, ...]:
        """The environments that count: the selected one and those that `reconciler.yaml` states; else `local`."""
        counting = {*self.others, *([self.here.name] if self.here is not None else [])}
        return tuple(sorted(counting & self.environments.keys())) or (LOCAL,)

    @property
    def others(self) -> tuple[str, ...]:
        """The environments that `reconciler.yaml` states, beside the selected one.

        The embedded server is not among them: it is there to try what others have.
        """
        known = self.config.environments.items()
        stated = {name for name, each in known if each.place is not None and not each.settings.embedded}
        return tuple(sorted({*stated, *self.config.broken} - {self.here.name if self.here is not None else ""}))

    def parsed(self, name: str) -> parser.ParsedManifests:
        """What the manifests ask for in an environment."""
        if name not in self._parsed:
            self._parsed[name] = self.parsed_some(name, self.read.manifests)
        return self._parsed[name]

    def parsed_some(self, name: str, manifests: Sequence[parser.Manifest]) -> parser.ParsedManifests:
        """What some of the manifests ask for in an environment."""
        environment = self.environments.get(name)
        context = manifest_context(self.config, environment) if environment is not None else parser.ManifestContext()
        if environment is not None and environment.settings.embedded and self.here is None:
            # what is selected by nobody only stands in for a server that is not stated yet
            context = replace(context, terms=ServerTraits(families=environment.models, environment=name))
        return parser.parse(manifests, context)

    @property
    def addresses(self) -> frozenset[Address]:
        """Every address of a manifest, current or former."""
        every = self.read.manifests
        former = (Address(each.address.kind, key) for each in every for key in each.former_keys)
        return frozenset((*(each.address for each in every), *former))

    def pinned_elsewhere(self) -> dict[tuple[str, str], str]:
        """The objects of this server that manifests name for another environment: by kind and id, which one."""
        here = self.here
        return {
            (each.address.kind, each.id): name
            for name, other in sorted(self.config.environments.items())
            if here is not None and name != here.name and _is_same_server(other, here)
            for each in self.parsed(name).desired
            if each.id is not None
        }

    def with_files(
        self, texts: Mapping[str, str], folders: Sequence[str], values: Mapping[str, Mapping[str, str]] = _NOTHING
    ) -> AllManifests:
        """The manifests as they are once these files are written, and the environments have these values as well."""
        known = self.config.environments
        environments = {name: _having_values(each, values.get(name, {})) for name, each in known.items()}
        return AllManifests(
            replace(self.config, environments=environments),
            _having_values(self.here, values.get(self.here.name, {})) if self.here is not None else None,
            reading.read(self.config.root, folders, texts),
        )


def opened(loaded: Config, here: Environment | None, style: Style) -> AllManifests:
    """The manifests as they are; ends the command where one has an error. A folder that is not there is empty.

    That an environment lacks a value is no error: an import may find out what it is. Neither is an unresolved field,
    which another import left.
    """
    read = reading.read(loaded.root, existing(loaded, loaded.manifests))
    manifests = AllManifests(loaded, here, read)
    faults = [*read.faults, *(manifests.parsed(here.name).faults if here is not None else ())]
    wrong = [fault for fault in faults if not is_missing_value(fault) and fault.code != UNRESOLVED]
    stop_at_errors(wrong, read.sources, style, "nothing was written")
    return manifests


def existing(loaded: Config, folders: Collection[str]) -> tuple[str, ...]:
    """The folders that exist."""
    return tuple(folder for folder in folders if (loaded.root / folder).exists())


def _having_values(environment: Environment, values: Mapping[str, str]) -> Environment:
    return replace(environment, values={**environment.values, **values})


def _is_same_server(one: Environment, other: Environment) -> bool:
    return (one.provider, one.settings.target()) == (other.provider, other.settings.target())
