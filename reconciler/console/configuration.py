"""The configuration of a folder, for commands of every room."""

from __future__ import annotations

from pathlib import Path

import click

from reconciler import config
from reconciler.console import credentials
from reconciler.kinds import KINDS
from reconciler.providers import PROVIDERS
from reconciler.render.values import inert
from reconciler.settings import ProviderSettings

_NOTED = "reconciler.configuration"


def current_configuration() -> config.Loaded:
    """The configuration of the current folder; a note says once which file it is, where that is in a parent folder."""
    here = Path.cwd()
    file, context = config.find(here), click.get_current_context(silent=True)
    if file is not None and file.parent != here and context is not None and _NOTED not in context.meta:
        context.meta[_NOTED] = True
        click.echo(f"Note: The configuration is {inert(str(file))}.", err=True)
    return loaded_configuration(here)


def loaded_configuration(folder: Path, top: Path | None = None) -> config.Loaded:
    """The configuration that holds in the folder, or everything wrong with it; its keys are hidden from here on.

    `top` stands for the top of the repository, where the folder is in none.
    """
    loaded = config.load(folder, providers=_settings(), kinds=tuple(KINDS), top=top)
    if loaded.config is not None:
        credentials.learn(loaded.config.secret_variables())
    return loaded


def read_configuration(text: str, folder: Path) -> config.Loaded:
    """The configuration that a text would be in the folder."""
    return config.read(text, folder, providers=_settings(), kinds=tuple(KINDS))


def _settings() -> dict[str, type[ProviderSettings]]:
    return {name: provider.settings for name, provider in PROVIDERS.items()}
