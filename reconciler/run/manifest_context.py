"""What reading the manifests needs to know of an environment of a configuration."""

from __future__ import annotations

from dataclasses import replace

from reconciler.config import Config, Environment
from reconciler.manifests import parser
from reconciler.plan.retirements import is_of_model_vendor
from reconciler.providers import PROVIDERS


def manifest_context(loaded: Config, environment: Environment) -> parser.ManifestContext:
    """The environment as manifests are read for it: its names, values, models and kinds, and what its server lacks."""
    terms = PROVIDERS[environment.provider].terms
    names = dict.fromkeys((*loaded.environments, *loaded.broken, environment.name))
    return parser.ManifestContext(
        name=environment.name,
        environments=tuple(names),
        values=environment.values,
        terms=replace(
            terms,
            families=environment.models,
            environment=environment.name,
            names_models=_names_models(environment, loaded),
        ),
        kinds=environment.kinds or (),
    )


def _names_models(environment: Environment, loaded: Config) -> bool:
    """Whether models have names of the server's own; on the embedded one, whether they have them anywhere else."""
    if environment.settings.embedded:
        return any(_has_own_models(each) for each in loaded.environments.values() if not each.settings.embedded)
    return _has_own_models(environment)


def _has_own_models(environment: Environment) -> bool:
    return not is_of_model_vendor(environment.settings.unreached().base_url)
