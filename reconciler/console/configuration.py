"""The configuration of a folder, for commands of every room."""

from __future__ import annotations

from pathlib import Path

from reconciler import config
from reconciler.console import credentials
from reconciler.kinds import KINDS
from reconciler.providers import PROVIDERS


def loaded_configuration(folder: Path) -> config.Loaded:
    """The configuration that holds in the folder, or everything wrong with it; its keys are hidden from here on."""
    settings = {name: provider.settings for name, provider in PROVIDERS.items()}
    loaded = config.load(folder, providers=settings, kinds=tuple(KINDS))
    if loaded.config is not None:
        credentials.learn(loaded.config.secret_variables())
    return loaded
