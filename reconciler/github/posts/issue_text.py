"""The issue in which a scheduled run reports what it found; the same text as long as nothing differs.

A hidden line of it remembers earlier runs.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, Final

from reconciler.github.posts import ISSUE_LIMIT, minute
from reconciler.model import Change, Objection, Plan, Target
from reconciler.plan.changes import fingerprint
from reconciler.plan.policy import NeedsReview, ScheduledRun
from reconciler.render import sentences
from reconciler.render.document import document
from reconciler.render.markdown import section
from reconciler.render.markup import link, prose, sentence, span
from reconciler.render.values import one_line
from reconciler.render.view import ChangeView, view

LABEL = "reconciler"
_LITTLE = 200
_SECTION = 20_000  # of it one change may have
_LINES = 40  # of a text that comes whole
_HEAD = 2  # lines of a table before its first row
_STATES: dict[str, str] = {
    "conflict": "conflict",
    "delete": "to be deleted",
    "forget": "to be forgotten",
    "create": "to be created",
    "adopt": "to be adopted",
    "rename": "to be renamed",
    "drift": "drifted",
    "edit": "edited",
    "": "changed",
}
"""The state of a change, the most severe first."""
_ORDER = tuple(_STATES.values())
_ABOUT = "Each scheduled run updates this text; what a run overwrote is quoted in the comments."
_SIDES = "Struck out, or after a minus, is the live value; after an arrow or a plus is the value in Git."

_ADVICE = (
    "To keep a live value, take it into Git with {0}, or leave the field to the dashboard with `ignore_changes`."
    " To restore the value in Git, apply it."
)
_MEMORY_LINE: Final = re.compile(r"<!-- reconciler: remembers (\{.*\}) -->")
_MOMENT: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
_DIGEST: Final = 12
SEEN: Final = "Last checked "
"""The beginning of the sentence with the time of the last check."""
MOST: Final = 500
"""How many changes are remembered; any other is reported as new by the next run."""


@dataclass(frozen=True, slots=True)
class RunStamp:
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
    reported: Mapping[str, str] = field(default_factory=dict)
    """By the beginning of a change's digest, when the issue first reported it."""

    def of(self, digest: str) -> str | None:
        """When the issue first reported the change with this digest."""
        return self.reported.get(digest[:_DIGEST])


def first_line(where: Target) -> str:
    """The first line of the issue of an environment, by which, with its author, it is recognized."""
    return f"<!-- reconciler: issue {where.stack} {where.environment} -->"


def title(where: Target) -> str:
    """The title, which depends on the names of environment and stack only."""
    return f"{where.environment} differs from Git (stack {where.stack})"


def body(scheduled: ScheduledRun, memory: Memory, stamp: RunStamp) -> str:
    """What needs review and why, the most severe first; shortened to the limit of an issue, saying so."""
    where = scheduled.plan.where
    head = [
        f"{first_line(where)}\n{memory_line(memory)}\n### {prose(verdict(scheduled))}",
        f"{span(where.environment)} ({span(sentences.address_of(where))}), stack {span(where.stack)}. {_ABOUT}",
        last_checked(memory, stamp),
    ]
    advice = _ADVICE.format(span(f"reconciler pull KEY -e {where.environment}"))
    foot = [
        *([_SIDES] if scheduled.to_review else []),
        f"{span(f'reconciler plan -e {where.environment}')} shows all of it. {advice}",
        f"Fingerprint {span(fingerprint(_remaining(scheduled)))}.",
    ]
    room = ISSUE_LIMIT - len("\n\n".join([*head, *foot])) - 100
    return "\n\n".join([*head, *_blocks_that_fit(scheduled, room), *foot])


def verdict(scheduled: ScheduledRun) -> str:
    """The headline, which a phone shows: `Needs review: 1 conflict, 2 drifted`."""
    counts = Counter(_state(left.change) for left in scheduled.to_review)
    figures = ", ".join(f"{counts[word]:,} {word}" for word in _ORDER if counts[word])
    if figures:
        return f"Needs review: {figures}"
    objections = len(scheduled.objections)
    return f"{sentences.count(objections, 'objection')} to review" if objections else "Nothing to do"


def is_same(text: str, other: str) -> bool:
    """Whether two texts have the same findings, whatever the time of the run and the line ends."""
    return _findings(text) == _findings(other)


def _findings(text: str) -> list[str]:
    lines = text.replace("\r\n", "\n").strip().split("\n")
    return [line for number, line in enumerate(lines) if number != 1 and not line.startswith(SEEN)]


def again(where: Target, memory: Memory) -> str:
    """The comment when the issue is reopened."""
    often = f": {_times_differed(memory)}"
    return f"{span(where.environment)} differs from Git again{often}. The text above is that of the newest run."


def reopened(where: Target) -> str:
    """The comment when the issue was closed by hand, and nothing has changed."""
    return (
        f"This was closed, but {span(where.environment)} still differs from Git. To accept that, use `ignore_changes`."
    )


def well(plan: Plan) -> str:
    """The comment when the issue is closed."""
    environment = span(plan.where.environment)
    if plan.mismatches:
        return f"Nothing to do in {environment}. {sentences.unkept([str(one.address) for one in plan.mismatches])}"
    return f"{environment} matches Git again."


def superseded(number: int) -> str:
    """The comment in an issue that another run opened at the same moment."""
    return f"Two runs opened an issue at once. #{number} is kept."


def _state(change: Change) -> str:
    causes = {field.cause for field in change.fields}
    words = ("conflict" if "conflict" in causes else "", change.action, *sorted(causes))
    return next((_STATES[word] for word in words if word in _STATES and word), _STATES[""])


def _blocks_that_fit(scheduled: ScheduledRun, room: int) -> list[str]:
    """As many objections, rows and sections as there is room for, and how many are omitted."""
    left, shown = _ranked(scheduled), view(document(_remaining(scheduled))).changes
    detailed = [change for change in shown if change.fields and change.action != "delete"]
    objections = _taken(map(_caution, scheduled.objections), room // 3)
    room -= _length(objections)
    table = _taken(_review_table(left, shown), room // 2)
    room -= _length(table)
    sections = _taken(
        (section(change, _SECTION, most=_LINES, opened=len(detailed) == 1)[0] for change in detailed), room
    )
    missing = {
        "more objection": len(scheduled.objections) - len(objections),
        "more row": len(left) and len(left) + _HEAD - len(table),
        "more section": len(detailed) - len(sections),
    }
    omitted = " and ".join(sentences.count(number, noun) for noun, number in missing.items() if number)
    blocks = [*objections, "\n".join(table), *sections, f"Omitted for length: {omitted}." if omitted else ""]
    return [block for block in blocks if block]


def _ranked(scheduled: ScheduledRun) -> list[NeedsReview]:
    return sorted(scheduled.to_review, key=lambda item: (_ORDER.index(_state(item.change)), item.change.address))


def _remaining(scheduled: ScheduledRun) -> Plan:
    """The plan of what needs review, the most severe first."""
    return replace(scheduled.plan, changes=tuple(item.change for item in _ranked(scheduled)), marks=())


def _taken(blocks: Iterable[str], room: int) -> list[str]:
    """Those of the blocks for which there is room; none is even made once there is hardly any."""
    taken: list[str] = []
    for block in blocks:
        if len(block) + 2 <= room:
            taken.append(block)
            room -= len(block) + 2
        if room < _LITTLE:
            break
    return taken


def _length(blocks: list[str]) -> int:
    return sum(len(block) + 2 for block in blocks)


def _caution(objection: Objection) -> str:
    subject = f" {span(str(objection.address))}" if objection.address else ""
    remedy = f"<br>{sentence(objection.remedy)}" if objection.remedy else ""
    return f"> [!CAUTION]\n> **Objection** {span(objection.code)}{subject}: {sentence(objection.message)}{remedy}"


def _review_table(left: list[NeedsReview], shown: tuple[ChangeView, ...]) -> Iterator[str]:
    if left:
        yield "| Address | What | Needs review because |"
        yield "|---|---|---|"
    for item, seen in zip(left, shown, strict=True):
        what = f"{prose(_state(item.change))}{_what(seen)}"
        yield f"| {span(seen.address)} | {what} | {sentence(one_line(item.why))} |"


def _what(change: ChangeView) -> str:
    """The changed fields; nothing for a create or a delete."""
    paths = ", ".join(span(field.path) for field in change.fields)
    return f": {paths}" if paths and change.action not in ("create", "delete") else ""


def remembered(body: str) -> Memory | None:
    """What an issue's text remembers; None without a valid line."""
    match = next(map(_MEMORY_LINE.fullmatch, body.splitlines()[1:2]), None)
    try:
        value = json.loads(match[1]) if match else None
    except (ValueError, RecursionError):
        return None
    return _memory_of(value) if isinstance(value, dict) else None


def following(before: Memory | None, stamp: RunStamp, *, is_well: bool, digests: Collection[str]) -> Memory:
    """What is remembered after one more run that left changes with these digests."""
    memory = before or Memory(first=stamp.at, times=0)
    if is_well:
        return replace(memory, since="", reported={}, times=max(memory.times, 1))
    short = sorted({digest[:_DIGEST] for digest in digests})
    known = sorted((memory.reported[digest], digest) for digest in short if digest in memory.reported)
    fresh = [(stamp.at, digest) for digest in short if digest not in memory.reported]
    reported = {digest: at for at, digest in [*known, *fresh][:MOST]}
    if memory.since:
        return replace(memory, reported=reported)
    return replace(memory, since=stamp.at, times=memory.times + 1, reported=reported)


def memory_line(memory: Memory) -> str:
    """The hidden line of an issue's text."""
    by_moment: dict[str, list[str]] = {}
    for digest, at in sorted(memory.reported.items()):
        by_moment.setdefault(at, []).append(digest)
    content = {"first": memory.first, "times": memory.times, "since": memory.since, "told": by_moment}
    return f"<!-- reconciler: remembers {json.dumps(content, sort_keys=True)} -->"


def last_checked(memory: Memory, stamp: RunStamp) -> str:
    """When it was last checked, since when it differs, how often it did."""
    run = f" ({link('run', stamp.url)})" if stamp.url else ""
    often = f"it has differed {_times_differed(memory)}" if memory.times > 1 else ""
    since = f"It has differed since {readable(memory.since)}" if memory.since else ""
    more = "; ".join(filter(None, [since, often]))
    return f"{SEEN}{readable(stamp.at)}{run}." + (f" {more[0].upper()}{more[1:]}." if more else "")


def _times_differed(memory: Memory) -> str:
    return f"{sentences.count(memory.times, 'time')} since {memory.first[:10]}"


def moment(now: datetime) -> str:
    """A time as it is remembered: 2026-01-31T10:00:00Z."""
    return now.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def readable(moment: str) -> str:
    """2026-01-31 10:00 UTC."""
    return minute(datetime.fromisoformat(moment))


def _memory_of(value: dict[str, Any]) -> Memory | None:
    first, times, since, reported = (value.get(name) for name in ("first", "times", "since", "told"))
    if not (
        _is_moment(first) and type(times) is int and isinstance(reported, dict) and (since == "" or _is_moment(since))
    ):
        return None
    moments = {at: digests for at, digests in reported.items() if _is_moment(at) and isinstance(digests, list)}
    return Memory(
        str(first), times, str(since), {str(digest): at for at, digests in moments.items() for digest in digests}
    )


def _is_moment(value: Any) -> bool:
    if not isinstance(value, str) or not _MOMENT.fullmatch(value):
        return False
    try:
        datetime.fromisoformat(value)
    except ValueError:  # a day that no month has
        return False
    return True
