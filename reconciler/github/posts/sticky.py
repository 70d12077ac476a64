"""Which comment is ours, and what is to become of it: by its first line and its author, never by anything else."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Final, Generic, Literal, Protocol, TypeVar

from reconciler.model import NAME
from reconciler.render.markup import LIMIT, prose

UNKNOWN = "-"
"""Stands for the stack where a plan failed before anybody could know it."""
TWIN = "_Two runs commented at once. What they say is in the first of their comments._\n"
"""What a second comment is emptied to; it is ours no more."""
_RUN = r"(0|[1-9][0-9]{0,18})\.(0|[1-9][0-9]{0,8})"
_NAMES = rf"{NAME.pattern}(?:,{NAME.pattern})*"
_MARKER = re.compile(rf"<!-- reconciler: comment ({_NAMES}|-) ({_NAMES}) run {_RUN} -->")
_MOMENT = re.compile(r"\d{4}-\d{2}-\d{2} \d{2}:\d{2} UTC")
_FOOT = re.compile(r".*\[[\w ]+\]\(<(https://[^<>\s]+)>\)[^\n]*", re.DOTALL)
_PART_LINE: Final = "<!-- reconciler: part {} -->"
_PART: Final = re.compile(r"^<!-- reconciler: part ([a-z0-9._-]+|\+) -->$", re.MULTILINE)
_PLAN_PART: Final = "-"
"""The part that holds the plan; no environment is called so."""
_WAITING_PART: Final = "+"
"""The part that names who is still to come."""
PLAN_FOLD: Final = ("<details><summary>The plan</summary>\n\n", "\n\n</details>")
"""What stands before and after a plan that is folded away."""
_OMITTED_PLAN: Final = "The plan is omitted for length."


class BadNameError(ValueError):
    """A name that cannot be that of a stack or an environment."""


class StickyComment(Protocol):
    """A comment as a hosting tells of it."""

    @property
    def id(self) -> int:
        """Its number: the oldest has the lowest."""
        ...

    @property
    def author(self) -> str:
        """Who wrote it."""
        ...

    @property
    def body(self) -> str:
        """What it says."""
        ...


C = TypeVar("C", bound=StickyComment)


@dataclass(frozen=True, slots=True)
class CommentMarker:
    """Whose comment it is, and which run wrote it; several stacks or environments are parted by commas."""

    stack: str
    environment: str
    run: int = 0
    attempt: int = 0

    @property
    def age(self) -> tuple[int, int]:
        """The later of two runs is the greater."""
        return (self.run, self.attempt)

    def meets(self, other: CommentMarker) -> bool:
        """Whether both are of one comment: what one is about, the other is about as well."""
        if not _nested(self.environment, other.environment):
            return False
        return UNKNOWN in (self.stack, other.stack) or _nested(self.stack, other.stack)

    @property
    def environments(self) -> tuple[str, ...]:
        """The environments that it is about, in their order."""
        return tuple(self.environment.split(","))


@dataclass(frozen=True, slots=True)
class Decision(Generic[C]):
    """What is to be done with which comment, and which others say the same and are to be emptied."""

    what: Literal["write", "edit", "nothing", "older"]
    kept: C | None = None
    twins: tuple[C, ...] = ()
    newer: CommentMarker | None = None
    body: str = field(default="", compare=False)
    """What it is to say."""


def _nested(one: str, other: str) -> bool:
    names, others = set(one.split(",")), set(other.split(","))
    return names <= others or others <= names


def first_line(marker: CommentMarker) -> str:
    """The line that a comment of ours begins with, which nobody sees; `BadNameError` where it would not be read."""
    line = f"<!-- reconciler: comment {marker.stack} {marker.environment} run {marker.run}.{marker.attempt} -->"
    if marker_of(line) != marker:
        raise BadNameError(f"{marker.stack!r} and {marker.environment!r} are no names of a stack and an environment")
    return line


def marker_of(body: str) -> CommentMarker | None:
    """What the first line says, where it is such a line, whole and alone."""
    match = _MARKER.fullmatch(body.split("\n", 1)[0].removesuffix("\r"))
    return CommentMarker(match[1], match[2], int(match[3]), int(match[4])) if match else None


def decide(
    comments: Iterable[C],
    author: str,
    marker: CommentMarker,
    body: str,
    exists: Callable[[CommentMarker], bool] = lambda one: True,
    part: str | None = None,
) -> Decision[C]:
    """What becomes of a comment that is to say this: written, edited in place, or left as it is.

    Ours is what carries the marker on its first line and was written by us. Of several, the oldest is kept: it is the
    one that people have linked to. A run that is older than any of them says nothing; a newer one is believed only
    where it `exists`, for whoever may edit our comment may write any number into it. Where the comment is about other
    environments as well, `part` is what it says of this one from now on.
    """
    own = sorted(_ours(comments, author, marker), key=lambda pair: pair[0].id)
    if marker.stack == UNKNOWN:
        meant = _meant({one.stack for _, one in own} - {UNKNOWN})
        own = [(comment, one) for comment, one in own if one.stack in meant]
    if not own:
        return Decision("write")
    kept, whose = own[0]
    newer = [one for _, one in own if one.age > marker.age and exists(one)]
    if newer:
        return Decision("older", kept, newer=max(newer, key=lambda one: one.age))
    twins = () if marker.stack == UNKNOWN else tuple(one for one, _ in own[1:])
    if part is not None and set(whose.environments) > set(marker.environments):
        body = _carried_on(kept.body, whose, marker, part)
    return Decision("nothing" if same(kept.body, body) else "edit", kept, twins, body=body)


def _carried_on(before: str, whose: CommentMarker, marker: CommentMarker, part: str) -> str:
    """The comment about several environments, which says this of one of them from now on."""
    head = first_line(replace(whose, run=marker.run, attempt=marker.attempt))
    text, room = before.partition("\n")[2], LIMIT - len(head) - 1
    return f"{head}\n{carried_on(text, whose.environments, marker.environment, part, room)}"


def same(before: str, after: str) -> bool:
    """Whether two bodies say the same, whichever run says it and when, and wherever the whole of it is."""
    return _text_to_compare(before) == _text_to_compare(after)


def _ours(comments: Iterable[C], author: str, marker: CommentMarker) -> Iterable[tuple[C, CommentMarker]]:
    for comment in comments:
        one = marker_of(comment.body)
        if one is not None and one.meets(marker) and comment.author.lower() == author.lower():
            yield comment, one


def _meant(stacks: set[str]) -> set[str]:
    """The stacks that an unknown one may be: the only one, less its throw-away copies; of two, neither."""
    own = {one for one in stacks if not any(one.startswith(f"{other}-") for other in stacks)}
    return {UNKNOWN, *own} if len(own) == 1 else {UNKNOWN}


def _text_to_compare(body: str) -> str:
    """What people read, less moment and address of the run; a hosting may keep line ends in its own way."""
    text = body.replace("\r\n", "\n").strip()
    marker = marker_of(text)
    said = text.partition("\n")[2] if marker else text
    above, end, last = said.rpartition("\n")
    foot = _FOOT.fullmatch(last)
    said = above + end + _MOMENT.sub("", last)
    place = f"{marker.stack} {marker.environment}\n" if marker else ""
    return place + (said.replace(foot[1], "") if foot else said)


def carried_on(text: str, environments: Sequence[str], environment: str, part: str, room: int) -> str:
    """The text of a comment, less its first line, that says this of one of its environments from now on.

    What was said last stands first. Where there is no room for all, the plan goes before what became of the others, and
    of these all but the verdict.
    """
    kept = _comment_parts(text)
    others = {name: kept[name] for name in environments if name in kept and name != environment}
    newest = {environment: _PART.sub(lambda line: f" {line[0]}", part.strip("\n"))}  # no line of it begins a part
    waiting = [f"**{prose(name)}**: not applied yet." for name in environments if name not in {**newest, **others}]
    verdicts = {name: one.split("\n", 1)[0] for name, one in others.items()}
    still = {_WAITING_PART: "\n\n".join(waiting)} if waiting else {}
    plan, no_room = {_PLAN_PART: kept[_PLAN_PART]}, {_PLAN_PART: _OMITTED_PLAN}
    versions = (
        newest | others | still | plan,
        newest | others | still | no_room,
        newest | verdicts | still | no_room,
        newest,
    )
    texts = [
        "\n\n".join(f"{_PART_LINE.format(name)}\n{text}" for name, text in parts.items()) + "\n" for parts in versions
    ]
    return next((text for text in texts if len(text) <= room), texts[-1])


def _comment_parts(text: str) -> dict[str, str]:
    """The parts that a comment has; all of it is the plan where it has none yet."""
    whole, *pieces = (piece.strip("\n") for piece in _PART.split(text.replace("\r\n", "\n")))
    if not pieces:
        return {_PLAN_PART: f"{PLAN_FOLD[0]}{whole}{PLAN_FOLD[1]}"}
    return {_PLAN_PART: _OMITTED_PLAN, **dict(zip(pieces[::2], pieces[1::2], strict=True))}
