"""What keeps a server on loopback to its owner: a web page in the owner's browser can reach it too."""

import ipaddress
from collections.abc import Collection

from reconciler.emulator.answers import App, JsonAnswer, Receive, Scope, Send, header
from reconciler.emulator.refusals import WireError

LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


def guarded(app: App, hosts: Collection[str] = ()) -> App:
    """The same application, refusing what only a hostile web page would send.

    A request whose Host is neither loopback nor one of `hosts` is a 403 (DNS rebinding); a POST that is not
    application/json, which any page may send unasked, is a 415. An unspecified address among `hosts`
    (`0.0.0.0`, `::`) stands for every literal address: rebinding needs a name.
    """
    allowed = LOOPBACK | {_bare(host) for host in hosts}

    async def guard(scope: Scope, receive: Receive, send: Send) -> None:
        fault = _objection(scope, allowed) if scope["type"] == "http" else None
        if fault is None:
            await app(scope, receive, send)
        else:
            await JsonAnswer.of_fault(fault, ("connection", "close")).send(send)

    return guard


def is_loopback(host: str) -> bool:
    """True where only this machine can reach a server bound to `host`."""
    address = _address(_bare(host))
    return _bare(host) == "localhost" if address is None else address.is_loopback


def _objection(scope: Scope, allowed: Collection[str]) -> WireError | None:
    host = _host(header(scope, "host") or "")
    if not _is_allowed(host, allowed):
        names = ", ".join(sorted(allowed))
        message = f"The host '{host}' is not served here. Served are: {names}."
        return WireError(message, code="host_not_allowed", status=403)
    media_type = (header(scope, "content-type") or "").partition(";")[0].strip().lower()
    if scope["method"] == "POST" and media_type != "application/json":
        message = f"Unsupported Content-Type '{media_type}'. A POST must be 'application/json'."
        return WireError(message, code="unsupported_content_type", status=415)
    return None


def _is_allowed(host: str, allowed: Collection[str]) -> bool:
    if host in allowed:
        return True
    unspecified = any(address.is_unspecified for address in map(_address, allowed) if address is not None)
    return unspecified and _address(host) is not None


def _host(value: str) -> str:
    """The host of a Host header, without its port."""
    if value.startswith("["):
        return _bare(value.partition("]")[0])
    return _bare(value.partition(":")[0])


def _bare(host: str) -> str:
    return host.strip("[]").lower().rstrip(".")


def _address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None
