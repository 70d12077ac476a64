"""The emulator on a port, kept to its owner: a web page in the owner's browser can reach loopback too."""

import ipaddress
import socket
from collections.abc import Callable, Collection
from contextlib import suppress

from reconciler.emulator.exchange import App, JsonAnswer, Receive, Scope, Send, header
from reconciler.emulator.shapes import EmulatorError, WireError

LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


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
    address = _ip_address(_bare(host))
    is_loopback = _bare(host) == "localhost" if address is None else address.is_loopback
    if not (allow_remote or is_loopback):
        raise EmulatorError(
            f"'{host}' is not a loopback address: whoever can reach this machine could change everything.",
            "serve on 127.0.0.1, or pass --allow-remote",
        )
    with suppress(KeyboardInterrupt), listen(host, port) as listener:
        bound = listener.getsockname()[1]
        _run_server(guarded(emulator, {host, *hosts}), listener, lambda: ready(host, bound))


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


def _run_server(app: App, listener: socket.socket, ready: Callable[[], None]) -> None:
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


def guarded(app: App, hosts: Collection[str] = ()) -> App:
    """The same application, rejecting what only a hostile web page would send.

    A request whose Host is neither loopback nor one of `hosts` is a 403 (DNS rebinding); a POST that is not
    application/json, which any page may send unasked, is a 415. An unspecified address among `hosts`
    (`0.0.0.0`, `::`) stands for every literal address: rebinding needs a name.
    """
    allowed = LOOPBACK | {_bare(host) for host in hosts}

    async def guard(scope: Scope, receive: Receive, send: Send) -> None:
        error = _loopback_rejection(scope, allowed) if scope["type"] == "http" else None
        if error is None:
            await app(scope, receive, send)
        else:
            await JsonAnswer.of_error(error, ("connection", "close")).send(send)

    return guard


def _loopback_rejection(scope: Scope, allowed: Collection[str]) -> WireError | None:
    named = header(scope, "host") or ""
    host = _bare(named.partition("]" if named.startswith("[") else ":")[0])  # without its port
    unspecified = any(address.is_unspecified for address in map(_ip_address, allowed) if address is not None)
    if host not in allowed and not (unspecified and _ip_address(host) is not None):
        names = ", ".join(sorted(allowed))
        message = f"The host '{host}' is not served here. Served are: {names}."
        return WireError(message, code="host_not_allowed", status=403)
    media_type = (header(scope, "content-type") or "").partition(";")[0].strip().lower()
    if scope["method"] == "POST" and media_type != "application/json":
        message = f"Unsupported Content-Type '{media_type}'. A POST must be 'application/json'."
        return WireError(message, code="unsupported_content_type", status=415)
    return None


def _bare(host: str) -> str:
    return host.strip("[]").lower().rstrip(".")


def _ip_address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None
