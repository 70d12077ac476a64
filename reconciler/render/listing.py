"""Keys and ids of managed objects, for people and programs, with their former ids.

What programs read is as it was where nothing had an id elsewhere; else it has one more member, column or variable.
"""

from __future__ import annotations

import csv
import io
import re
import shlex
from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Final, Protocol, TypeAlias

from reconciler.canonical import Json
from reconciler.model import Address, Live
from reconciler.render.values import in_ascii, one_line

Rows: TypeAlias = Sequence[tuple[Address, Live]]
FormerIds: TypeAlias = Mapping[Address, Sequence[str]]
_NO_IDS: Final[FormerIds] = MappingProxyType({})


class ListingFormat(Protocol):
    """How what is managed is listed."""

    def __call__(self, rows: Rows, former: FormerIds = ...) -> str:
        """The list as text."""


def _listing_text(rows: Rows, former: FormerIds = _NO_IDS) -> str:
    listed = _table([(str(address), live.id) for address, live in rows])
    ids = {address: live.id for address, live in rows}
    moved = [(old, str(address), ids.get(address, "-")) for address in sorted(former) for old in former[address]]
    blocks = [listed, _table([("former id", "address", "id"), *moved]) if moved else ""]
    return "\n".join(block for block in blocks if block)


def _table(rows: Sequence[Sequence[str]]) -> str:
    """Every row on its line, the columns but the last padded."""
    shown = [[one_line(cell) for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(*shown, strict=True)]
    lines = ("  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)) for row in shown)
    return "".join(f"{line.rstrip()}\n" for line in lines)


def _json(rows: Rows, former: FormerIds = _NO_IDS) -> str:
    listed: dict[str, dict[str, Json]] = {}
    for address, live in rows:
        before: dict[str, Json] = {"former_ids": [*former[address]]} if address in former else {}
        listed.setdefault(address.kind, {})[address.key] = {"id": live.id, "name": live.name, **before}
    return in_ascii(listed, indent=2) + "\n"


def _env(rows: Rows, former: FormerIds = _NO_IDS) -> str:
    return "".join(f"{name}={shlex.quote(value)}\n" for _, name, value in _variables(rows, former))


def _csv(rows: Rows, former: FormerIds = _NO_IDS) -> str:
    table = io.StringIO()
    writer = csv.writer(table, lineterminator="\n")
    shows_former = any(address in former for address, _ in rows)
    writer.writerow(("kind", "key", "id", *(("former_ids",) if shows_former else ())))
    for address, live in rows:
        before = (" ".join(former.get(address, ())),) if shows_former else ()
        writer.writerow((address.kind, address.key, live.id, *before))
    return table.getvalue()


def same_variable(rows: Rows, former: FormerIds = _NO_IDS) -> list[list[Address]]:
    """Addresses that `env` would print under one name, so that one would hide the other."""
    by_name: dict[str, list[Address]] = {}
    for address, name, _ in _variables(rows, former):
        by_name.setdefault(name, []).append(address)
    return [addresses for addresses in by_name.values() if len(addresses) > 1]


def _variables(rows: Rows, former: FormerIds) -> Iterator[tuple[Address, str, str]]:
    for address, live in rows:
        name = re.sub(r"[^A-Z0-9]", "_", f"{address.kind}_{address.key}".upper())
        yield address, name, live.id
        if address in former:
            yield address, f"{name}_FORMER_IDS", " ".join(former[address])


LISTINGS: dict[str, ListingFormat] = {"text": _listing_text, "json": _json, "env": _env, "csv": _csv}
