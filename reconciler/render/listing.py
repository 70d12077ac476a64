"""Keys and ids of what is ours, for people and for programs."""

from __future__ import annotations

import csv
import io
import re
import shlex
from collections.abc import Callable, Sequence
from typing import TypeAlias

from reconciler.canonical import Json
from reconciler.model import Address, Live
from reconciler.render.values import in_ascii, one_line

Rows: TypeAlias = Sequence[tuple[Address, Live]]


def _listing_text(rows: Rows) -> str:
    width = max((len(str(address)) for address, _ in rows), default=0)
    return "".join(f"{address!s:<{width}}  {one_line(live.id)}\n" for address, live in rows)


def _json(rows: Rows) -> str:
    listed: dict[str, dict[str, Json]] = {}
    for address, live in rows:
        listed.setdefault(address.kind, {})[address.key] = {"id": live.id, "name": live.name}
    return in_ascii(listed, indent=2) + "\n"


def _env(rows: Rows) -> str:
    return "".join(f"{_variable(address)}={shlex.quote(live.id)}\n" for address, live in rows)


def _csv(rows: Rows) -> str:
    table = io.StringIO()
    writer = csv.writer(table, lineterminator="\n")
    writer.writerow(("kind", "key", "id"))
    writer.writerows((address.kind, address.key, live.id) for address, live in rows)
    return table.getvalue()


def same_variable(rows: Rows) -> list[list[Address]]:
    """Addresses that `env` would print under one name, so that one would hide the other."""
    by_name: dict[str, list[Address]] = {}
    for address, _ in rows:
        by_name.setdefault(_variable(address), []).append(address)
    return [addresses for addresses in by_name.values() if len(addresses) > 1]


def _variable(address: Address) -> str:
    return re.sub(r"[^A-Z0-9]", "_", f"{address.kind}_{address.key}".upper())


LISTINGS: dict[str, Callable[[Rows], str]] = {"text": _listing_text, "json": _json, "env": _env, "csv": _csv}
