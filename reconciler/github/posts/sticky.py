"""Which comment is ours, and whether it is edited: decided by its first line and its author only."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Final, Literal

from reconciler.github import Comment, same_name
from reconciler.model import NAME
from reconciler.render.markup import LIMIT, prose

UNKNOWN = "-"
"""The stack of a plan that failed before its stack was known."""
DUPLICATE = "_Two runs commented at once. What they say is in the first of their comments._\n"
"""The text of a second comment from then on; it has no marker."""
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


@dataclass(frozen=True, slots=True)
class CommentMarker:
    """What a comment is about, and which run wrote it; commas separate several stacks or environments."""

    stack: str
    environment: str
    run: int = 0
    attempt: int = 0

    @property
    def age(self) -> tuple[int, int]:
        """The later of two runs is the greater."""
        return (self.run, self.attempt)

    def meets(self, other: CommentMarker) -> bool:
        """Whether both belong to the same comment: the targets of one are among those of the other."""
        if not _nested(self.environment, other.environment):
            return False
        return UNKNOWN in (self.stack, other.stack) or _nested(self.stack, other.stack)

    @property
    def environments(self) -> tuple[str, ...]:
        """The environments that it is about, in their order."""
        return tuple(self.environment.split(","))


@dataclass(frozen=True, slots=True)
class Decision:
    """What is to be done with which comment, and which duplicates of it are to be emptied."""

    what: Literal["write", "edit", "nothing", "older"]
    kept: Comment | None = None
    duplicates: tuple[Comment, ...] = ()
    newer: CommentMarker | None = None
    body: str = field(default="", compare=False)
    """The text that it gets."""


def _nested(names: str, others: str) -> bool:
    first, second = set(names.split(",")), set(others.split(","))
    return first <= second or second <= first


def first_line(marker: CommentMarker) -> str:
    """The invisible first line of our comment; `BadNameError` if it could not be read again."""
    line = f"<!-- reconciler: comment {marker.stack} {marker.environment} run {marker.run}.{marker.attempt} -->"
    if marker_of(line) != marker:
        raise BadNameError(
            f"{marker.stack!r} and {marker.environment!r} are not valid names of a stack and an environment"
        )
    return line


def marker_of(body: str) -> CommentMarker | None:
    """The marker in the first line, if that line is a marker and nothing else."""
    match = _MARKER.fullmatch(body.split("\n", 1)[0].removesuffix("\r"))
    return CommentMarker(match[1], match[2], int(match[3]), int(match[4])) if match else None


def decide(
    comments: Iterable[Comment],
    author: str,
    marker: CommentMarker,
    body: str,
    exists: Callable[[CommentMarker], bool] = lambda marker: True,
    part: str | None = None,
) -> Decision:
    """What becomes of a comment that is to have this body: written, edited in place, or left as it is.

    A comment is ours if its first line is the marker and we wrote it. Of several the oldest is kept: people have linked
    to it. A run that is older than any of them changes nothing; a newer run counts only if it `exists`, because whoever
    may edit our comment may write any number into it. If the comment is about other environments as well, `part` is its
    new text about this environment.
    """
    own = _own(comments, author, marker)
    if not own:
        return Decision("write")
    kept, kept_marker = own[0]
    newer = [other for _, other in own if other.age > marker.age and exists(other)]
    if newer:
        return Decision("older", kept, newer=max(newer, key=lambda other: other.age))
    duplicates = () if marker.stack == UNKNOWN else tuple(comment for comment, _ in own[1:])
    if part is not None and set(kept_marker.environments) > set(marker.environments):
        head = first_line(replace(kept_marker, run=marker.run, attempt=marker.attempt))
        text, room = kept.body.partition("\n")[2], LIMIT - len(head) - 1
        body = f"{head}\n{with_part(text, kept_marker.environments, marker.environment, part, room)}"
    return Decision("nothing" if same(kept.body, body) else "edit", kept, duplicates, body=body)


def same(before: str, after: str) -> bool:
    """Whether two bodies differ in nothing but the run, its time and its page."""
    return _text_to_compare(before) == _text_to_compare(after)


def _own(comments: Iterable[Comment], author: str, marker: CommentMarker) -> list[tuple[Comment, CommentMarker]]:
    """Our comments about the same targets, the oldest first."""
    marked = ((comment, marker_of(comment.body)) for comment in comments if same_name(comment.author, author))
    own = [(comment, other) for comment, other in marked if other is not None and other.meets(marker)]
    if marker.stack == UNKNOWN:
        meant = _meant({other.stack for _, other in own} - {UNKNOWN})
        own = [(comment, other) for comment, other in own if other.stack in meant]
    return sorted(own, key=lambda pair: pair[0].id)


def _meant(stacks: set[str]) -> set[str]:
    """The stacks that an unknown one may be: the only one that is not a preview; of two, neither."""
    own = {stack for stack in stacks if not any(stack.startswith(f"{other}-") for other in stacks)}
    return {UNKNOWN, *own} if len(own) == 1 else {UNKNOWN}


def _text_to_compare(body: str) -> str:
    """What people read, without the time and the page of the run; a code host may keep line ends in its own way."""
    text = body.replace("\r\n", "\n").strip()
    marker = marker_of(text)
    visible = text.partition("\n")[2] if marker else text
    above, end, last = visible.rpartition("\n")
    foot = _FOOT.fullmatch(last)
    visible = above + end + _MOMENT.sub("", last)
    target = f"{marker.stack} {marker.environment}\n" if marker else ""
    return target + (visible.replace(foot[1], "") if foot else visible)


def with_part(text: str, environments: Sequence[str], environment: str, part: str, room: int) -> str:
    """The text of a comment, without its first line, with a new part about one of its environments.

    The newest part comes first. If there is no room for all, the plan is omitted first, then the other parts but for
    their headlines, then everything else.
    """
    kept = _comment_parts(text)
    others = {name: kept[name] for name in environments if name in kept and name != environment}
    newest = {environment: _PART.sub(lambda line: f" {line[0]}", part.strip("\n"))}  # no line of it begins a part
    waiting = [f"**{prose(name)}**: not applied yet." for name in environments if name not in {**newest, **others}]
    headlines = {name: other.split("\n", 1)[0] for name, other in others.items()}
    still = {_WAITING_PART: "\n\n".join(waiting)} if waiting else {}
    plan, no_room = {_PLAN_PART: kept[_PLAN_PART]}, {_PLAN_PART: _OMITTED_PLAN}
    versions = (
        newest | others | still | plan,
        newest | others | still | no_room,
        newest | headlines | still | no_room,
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
