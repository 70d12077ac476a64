"""The provider `local`: the embedded server in this process, its data beside the checkout."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from reconciler.emulator import APIS, Emulator, EmulatorError, Settings
from reconciler.kinds import ServerTraits
from reconciler.providers.errors import Unreachable
from reconciler.providers.openai import local_server
from reconciler.providers.server import Server
from reconciler.providers.wire import Connection
from reconciler.settings import ProviderSettings

DATABASE = "local.db"


class LocalSettings(ProviderSettings):
    """Nothing is stated for it."""

    embedded: ClassVar[bool] = True
    remote: ClassVar[bool] = False


class Local:
    """How the embedded server is reached: not over any network."""

    settings = LocalSettings
    terms = ServerTraits(tools={api.noun: api.tools for api in APIS.values()})

    def open(self, connection: Connection, log: Callable[[str], None]) -> Server:
        """The embedded server over its database."""
        import httpx

        try:
            emulator = Emulator(connection.state_dir / DATABASE, Settings(models=connection.models))
        except EmulatorError as error:
            raise Unreachable(error.message, error.remedy) from error
        return local_server(httpx.ASGITransport(app=emulator), log, emulator.close)


LOCAL = Local()
