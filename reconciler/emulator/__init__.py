"""The embedded server: the APIs of `apis.py` over SQLite, in process or on a port.

Emulator, Settings, APIS, serve, guarded, EmulatorError. In process it is any ASGI application:
`httpx.AsyncClient(transport=httpx.ASGITransport(Emulator()), base_url="http://localhost/v1")`.
"""

from reconciler.emulator.apis import APIS
from reconciler.emulator.app import Emulator
from reconciler.emulator.serve import guarded, serve
from reconciler.emulator.settings import Settings
from reconciler.emulator.shapes import EmulatorError

__all__ = ["APIS", "Emulator", "EmulatorError", "Settings", "guarded", "serve"]
