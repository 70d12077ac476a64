"""The emulator on a port."""

import socket
from collections.abc import Callable, Collection
from contextlib import suppress

from reconciler.emulator.answers import App
from reconciler.emulator.guard import guarded, is_loopback
from reconciler.emulator.refusals import EmulatorError


def serve(
    emulator: App,
    *,
    host: str = "127.0.0.1",
    port: int = 8000,
    hosts: Collection[str] = (),
    allow_remote: bool = False,
    ready: Callable[[str, int], None] = lambda host, port: None,
) -> None:
    """Serve until SIGINT or SIGTERM, on loopback unless `allow_remote`.

    Raises EmulatorError where that cannot be. `hosts` are further names under which clients may call it.
    `ready` is told the address once connections are taken: where `port` is 0, the one that was free. The
    emulator stays open: who made it closes it.
    """
    if not (allow_remote or is_loopback(host)):
        raise EmulatorError(
            f"'{host}' is not a loopback address: whoever can reach this machine could change everything.",
            "serve on 127.0.0.1, or pass --allow-remote",
        )
    with suppress(KeyboardInterrupt), listen(host, port) as listener:
        bound = listener.getsockname()[1]
        _run(guarded(emulator, {host, *hosts}), listener, lambda: ready(host, bound))


def listen(host: str, port: int) -> socket.socket:
    """A socket whose connections send at once: a small answer waits for no acknowledgement (44 ms on Linux)."""
    bare = host.strip("[]")
    family = socket.AF_INET6 if ":" in bare else socket.AF_INET
    try:
        listener = socket.create_server((bare, port), family=family, backlog=2048)
    except (OSError, OverflowError) as error:
        raise EmulatorError(
            f"cannot listen on {host}:{port}: {error}", "Choose another port; 0 takes any that is free."
        ) from error
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener


def _run(app: App, listener: socket.socket, ready: Callable[[], None]) -> None:
    import uvicorn  # only a server on a port needs it: in process, the import would be most of the start-up

    class Server(uvicorn.Server):
        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            await super().startup(sockets)
            ready()  # not before: only now does a signal end it cleanly

    config = uvicorn.Config(
        app,
        lifespan="off",
        ws="none",
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=3,
    )
    Server(config).run(sockets=[listener])
