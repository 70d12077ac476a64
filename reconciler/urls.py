"""Which addresses may be talked to, and which may be sent a key."""

from __future__ import annotations

import re
from ipaddress import ip_address
from typing import Final
from urllib.parse import urlsplit

_PORTS: Final = {"http": 80, "https": 443}
# Narrower than what URLs may be: nothing that two readers could take for two different hosts.
_PLAIN = re.compile(r"https?://(?:\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9.-]+)(?::[0-9]{1,5})?(?:/[\w.~!$&'()*+,;=:%/-]*)?", re.A)


class BadUrlError(ValueError):
    """An address that is none; the text says why, and never repeats a password."""


def checked(url: str) -> str:
    """The address without its final slashes; `BadUrlError` where it will not do."""
    scheme, _, rest = url.partition("://")
    if scheme not in _PORTS or not rest.strip("/"):
        raise BadUrlError("must begin with https:// (or http://) and name a host")
    if "@" in rest:
        raise BadUrlError("may not hold a user name or password")
    if "?" in rest or "#" in rest:
        raise BadUrlError("may not have a query or a fragment")
    if not _PLAIN.fullmatch(url) or not _has_port(url):
        raise BadUrlError("is not a plain address of a host")
    return url.rstrip("/")


def _has_port(url: str) -> bool:
    try:
        return urlsplit(url).port != 0
    except ValueError:
        return False


def canonical(url: str) -> str:
    """The address in the one spelling that two environments are compared by."""
    parts = urlsplit(url)
    port = parts.port or _PORTS[parts.scheme]
    return f"{parts.scheme}://{parts.hostname}:{port}{parts.path.rstrip('/')}"


def may_have_key(url: str) -> bool:
    """Whether a key sent there stays secret: https, or this very machine."""
    return urlsplit(url).scheme == "https" or is_loopback(url)


def is_loopback(url: str) -> bool:
    """Whether the address is this very machine's."""
    host = urlsplit(url).hostname or ""
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False
