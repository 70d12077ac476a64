"""What the issue of an environment remembers of earlier runs: a hidden line of its text."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, Final

from reconciler.render.markup import link
from reconciler.render.sentences import count

_LINE: Final = re.compile(r"<!-- reconciler: remembers (\{.*\}) -->")
_MOMENT: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
_DIGEST: Final = 12
SEEN: Final = "Last checked "
"""The beginning of the sentence with the time of the last check."""
MOST: Final = 500
"""How many changes are remembered; any other is reported as new by the next run."""


@dataclass(frozen=True, slots=True)
class PassStamp:
    """One run: its time, and its page."""

    at: str
    """As in 2026-01-31T10:00:00Z."""
    url: str = ""


@dataclass(frozen=True, slots=True)
class Memory:
    """Since when and how often an environment differed, and when each change was first reported."""

    first: str
    times: int = 1
    since: str = ""
    """Since when it differs; empty while it does not."""
    told: Mapping[str, str] = field(default_factory=dict)
    """By the beginning of a change's digest, when the issue first reported it."""

    def of(self, digest: str) -> str | None:
        """When the issue first reported the change with this digest."""
        return self.told.get(digest[:_DIGEST])


def remembered(body: str) -> Memory | None:
    """What an issue's text remembers; None without a valid line."""
    match = next(map(_LINE.fullmatch, body.splitlines()[1:2]), None)
    try:
        value = json.loads(match[1]) if match else None
    except (ValueError, RecursionError):
        return None
    return _memory_of(value) if isinstance(value, dict) else None


def following(before: Memory | None, look: PassStamp, *, is_well: bool, digests: Collection[str]) -> Memory:
    """What is remembered after one more run that left changes with these digests."""
    memory = before or Memory(first=look.at, times=0)
    if is_well:
        return replace(memory, since="", told={}, times=max(memory.times, 1))
    short = sorted({digest[:_DIGEST] for digest in digests})
    known = sorted((memory.told[one], one) for one in short if one in memory.told)
    fresh = [(look.at, one) for one in short if one not in memory.told]
    told = {one: at for at, one in [*known, *fresh][:MOST]}
    if memory.since:
        return replace(memory, told=told)
    return replace(memory, since=look.at, times=memory.times + 1, told=told)


def line(memory: Memory) -> str:
    """The hidden line of an issue's text."""
    by_moment: dict[str, list[str]] = {}
    for digest, at in sorted(memory.told.items()):
        by_moment.setdefault(at, []).append(digest)
    said = {"first": memory.first, "times": memory.times, "since": memory.since, "told": by_moment}
    return f"<!-- reconciler: remembers {json.dumps(said, sort_keys=True)} -->"


def sentences(memory: Memory, look: PassStamp) -> str:
    """When it was last checked, since when it differs, how often it did."""
    run = f" ({link('run', look.url)})" if look.url else ""
    often = f"it has differed {count(memory.times, 'time')} since {memory.first[:10]}" if memory.times > 1 else ""
    since = f"It has differed since {readable(memory.since)}" if memory.since else ""
    more = "; ".join(filter(None, [since, often]))
    return f"{SEEN}{readable(look.at)}{run}." + (f" {more[0].upper()}{more[1:]}." if more else "")


def moment(now: datetime) -> str:
    """A time as it is remembered: 2026-01-31T10:00:00Z."""
    return now.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def readable(moment: str) -> str:
    """2026-01-31 10:00 UTC."""
    return f"{moment[:10]} {moment[11:16]} UTC"


def _memory_of(value: dict[str, Any]) -> Memory | None:
    first, times, since, told = (value.get(name) for name in ("first", "times", "since", "told"))
    if not (_is_moment(first) and type(times) is int and isinstance(told, dict) and (since == "" or _is_moment(since))):
        return None
    moments = {at: digests for at, digests in told.items() if _is_moment(at) and isinstance(digests, list)}
    return Memory(str(first), times, str(since), {str(one): at for at, digests in moments.items() for one in digests})


def _is_moment(value: Any) -> bool:
    return isinstance(value, str) and _MOMENT.fullmatch(value) is not None
