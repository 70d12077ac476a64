"""The issue in which a scheduled pass tells people what it found; the same text as long as nothing differs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import replace

from reconciler.github.posts.issue_memory import SEEN, Memory, PassStamp
from reconciler.github.posts.issue_memory import line as remembering
from reconciler.github.posts.issue_memory import sentences as looked
from reconciler.model import Change, Objection, Plan, Target
from reconciler.plan.changes import fingerprint
from reconciler.plan.policy import NeedsReview, ScheduledRun
from reconciler.render import sentences
from reconciler.render.document import document
from reconciler.render.markdown.sections import section
from reconciler.render.markup import prose, sentence, span
from reconciler.render.values import one_line
from reconciler.render.view import ChangeView, view

LABEL = "reconciler"
HOLD = "reconciler/hold"
"""On the issue of an environment, it stops scheduled runs from writing there."""
_LIMIT = 65_000  # of 65,536 characters that the text of an issue may have
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
"""What a change is called, the worst first."""
_ORDER = tuple(_STATES.values())
_ABOUT = "This text follows the newest pass of the scheduled job; what a pass wrote over is in the comments."
_SIDES = "What is struck out, or stands behind a minus, is live; what stands behind an arrow or a plus is in Git."

_ADVICE = (
    "To keep what is live, take it into the manifest (`reconciler show KEY` prints it), or leave the field to the"
    " dashboard with `ignore_changes`. To have what Git says, apply it."
)


def first_line(where: Target) -> str:
    """What the issue of an environment begins with: by it, and by its author, it is known again."""
    return f"<!-- reconciler: issue {where.stack} {where.environment} -->"


def title(where: Target) -> str:
    """The same as long as the environment is called so."""
    return f"{where.environment} is not as Git says (stack {where.stack})"


def body(passed: ScheduledRun, memory: Memory, look: PassStamp) -> str:
    """What is left for people and why, worst first; cut where an issue ends, saying so."""
    where = passed.plan.where
    head = [
        f"{first_line(where)}\n{remembering(memory)}\n### {prose(verdict(passed))}",
        f"{span(where.environment)} ({span(sentences.address_of(where))}), stack {span(where.stack)}. {_ABOUT}",
        looked(memory, look),
    ]
    foot = [
        *([_SIDES] if passed.left else []),
        f"{span(f'reconciler plan -e {where.environment}')} shows all of it. {_ADVICE}",
        f"Fingerprint {span(fingerprint(_remaining(passed)))}.",
    ]
    return "\n\n".join([*head, *_fitting(passed, _LIMIT - len("\n\n".join([*head, *foot])) - 100), *foot])


def verdict(passed: ScheduledRun) -> str:
    """`Needs review: 1 conflict, 2 drifted`: in a line what a phone shows of it."""
    found = Counter(_state(left.change) for left in passed.left)
    said = ", ".join(f"{found[word]:,} {word}" for word in _ORDER if found[word])
    if said:
        return f"Needs review: {said}"
    objections = len(passed.objections)
    return f"{sentences.count(objections, 'objection')} to look at" if objections else "Nothing is left to do"


def is_same(one: str, other: str) -> bool:
    """Whether two texts say the same of what is left, whenever that was looked at, and however lines end."""
    return _findings(one) == _findings(other)


def _findings(text: str) -> list[str]:
    lines = text.replace("\r\n", "\n").strip().split("\n")
    return [line for number, line in enumerate(lines) if number != 1 and not line.startswith(SEEN)]


def again(where: Target, memory: Memory) -> str:
    """What is said when the issue is reopened."""
    often = f": {sentences.count(memory.times, 'time')} since {memory.first[:10]}"
    return f"{span(where.environment)} is again not as Git says{often}. The text above follows the newest pass."


def reopened(where: Target) -> str:
    """What is said when the issue was closed by hand, and nothing has changed."""
    return f"This was closed, and {span(where.environment)} is still not as Git says. `ignore_changes` ends it."


def well(plan: Plan) -> str:
    """What is said when the issue is closed."""
    environment = span(plan.where.environment)
    if plan.mismatches:
        return f"Nothing is left to do in {environment}. {sentences.unkept(len(plan.mismatches))}"
    return f"All is well again: what is live in {environment} is what Git says."


def superseded(number: int) -> str:
    """What is said in an issue that another pass opened at the same moment."""
    return f"Two passes ran at once. This goes on in #{number}."


def lines(passed: ScheduledRun) -> str:
    """What is left, for a terminal or a log: one line a change."""
    if not passed.left:
        return ""
    told = (f"  {one_line(str(left.change.address))}: {one_line(left.why)}" for left in passed.left)
    return "\n".join(["Needs review:", *told]) + "\n"


def _state(change: Change) -> str:
    causes = {one.cause for one in change.fields}
    told = ("conflict" if "conflict" in causes else "", change.action, *sorted(causes))
    return next((_STATES[word] for word in told if word in _STATES and word), _STATES[""])


def _fitting(passed: ScheduledRun, room: int) -> list[str]:
    """As many objections, rows and sections as there is room for, and how many are missing."""
    left, shown = _ranked(passed), view(document(_remaining(passed))).changes
    detailed = [one for one in shown if one.fields and one.action != "delete"]
    objections = _taken(("\n".join(_objection(one)) for one in passed.objections), room // 3)
    room -= _length(objections)
    table = _taken(_table(left, shown), room // 2)
    room -= _length(table)
    sections = _taken((_section(one, alone=len(detailed) == 1) for one in detailed), room)
    missing = {
        "more objection": len(passed.objections) - len(objections),
        "more row": len(left) and len(left) + _HEAD - len(table),
        "more section": len(detailed) - len(sections),
    }
    told = " and ".join(sentences.count(number, noun) for noun, number in missing.items() if number)
    blocks = [*objections, "\n".join(table), *sections, f"{told} did not fit here." if told else ""]
    return [block for block in blocks if block]


def _ranked(passed: ScheduledRun) -> list[NeedsReview]:
    return sorted(passed.left, key=lambda one: (_ORDER.index(_state(one.change)), one.change.address))


def _remaining(passed: ScheduledRun) -> Plan:
    """What a plan would be now, the worst first."""
    return replace(passed.plan, changes=tuple(one.change for one in _ranked(passed)), marks=())


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


def _objection(objection: Objection) -> Iterator[str]:
    subject = f" {span(str(objection.address))}" if objection.address else ""
    told = f"**Objection** {span(objection.code)}{subject}: {sentence(objection.message)}"
    yield "> [!CAUTION]"
    yield f"> {told}<br>{sentence(objection.remedy)}" if objection.remedy else f"> {told}"


def _table(left: list[NeedsReview], shown: tuple[ChangeView, ...]) -> Iterator[str]:
    if left:
        yield "| Address | What | Left because |"
        yield "|---|---|---|"
    for one, seen in zip(left, shown, strict=True):
        what = f"{prose(_state(one.change))}{_what(seen)}"
        yield f"| {span(seen.address)} | {what} | {sentence(one_line(one.why))} |"


def _what(change: ChangeView) -> str:
    """Which fields; of what comes or goes whole, nothing more."""
    paths = ", ".join(span(field.path) for field in change.fields)
    return f": {paths}" if paths and change.action not in ("create", "delete") else ""


def _section(change: ChangeView, *, alone: bool) -> str:
    """What the change would do, as a review shows it; nothing where not even its beginning fits."""
    return section(change, _SECTION, most=_LINES, opened=alone)[0]
