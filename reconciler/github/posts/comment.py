"""The comment on a pull request, from the plan to its outcomes, within the limit of a comment."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from reconciler.github.posts.apply_results import NO_RESULTS, ApplyResults, ChangeResult
from reconciler.github.posts.overwritten import quote
from reconciler.github.posts.sticky import PLAN_FOLD, UNKNOWN, CommentMarker, first_line
from reconciler.render.markup import LIMIT, bounded, fence, link, prose, sentence, span, tag
from reconciler.render.sentences import count
from reconciler.render.several import Section, within
from reconciler.render.values import inert, shortened

_ROOM: Final = 60_000
"""For everything except the plan, which gets what is left."""
_CELL: Final = 600
_LEFT: Final = 1_000
_LINE: Final = 2_000
_EACH: Final = 8_000
_SHORT: Final = 12
_LEAST: Final = 2_000
"""The least room for a plan."""
_STOP: Final = "::stop-commands::"
_WORDS: Final = ("refused", "failed", "in doubt", "stale", "unsettled", "outcome unknown", "not done")
_ANSI = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)")


@dataclass(frozen=True, slots=True)
class Frame:
    """The marker of the comment, its commit and time, and the address of the complete plan."""

    marker: CommentMarker
    url: str = ""
    commit: str = ""
    commit_url: str = ""
    at: str = ""
    """The moment, as `2026-01-31 10:00 UTC`."""
    notes: tuple[str, ...] = ()
    """Lines below the plan."""
    files: str = ""
    """What the address of a file of that commit begins with; where it is known, files are links."""

    @property
    def foot(self) -> str:
        """The commit, the time, and a link to the complete plan."""
        commit = self.commit[:_SHORT]
        named = link(commit, self.commit_url) if self.commit_url else span(commit)
        when = ", ".join(filter(None, [f"Commit {named}" if commit else "", self.at]))
        whole = f"{link('The run', self.url)} has the complete output." if self.url else ""
        return " ".join(filter(None, [f"{when}." if when else "", whole]))

    @property
    def target(self) -> str:
        """The environments and the stack, as far as they are known."""
        named = f"**{prose(', '.join(self.marker.environments))}**"
        return named if self.marker.stack == UNKNOWN else f"{named} · stack {span(self.marker.stack)}"


def planned(plans: Sequence[Section], frame: Frame) -> str:
    """The plans, and which could not be made."""
    return _framed(frame, [], plans, folded=False)


def applying(plans: Sequence[Section], frame: Frame, earlier: ApplyResults = NO_RESULTS) -> str:
    """That the plan is being applied, what earlier attempts did, and the plan."""
    return _framed(frame, ["### Being applied", frame.target, *_earlier(earlier)], plans)


def ended(plans: Sequence[Section], results: ApplyResults, frame: Frame) -> str:
    """The outcome of each change, with ids; what was rejected, as it is now; then the plan that was applied."""
    early = [] if results.ended or results.problems else ["It did not finish; see the run."]
    reasons = [f"- {_comment_cell(prose, reason)}" for reason in (*early, *results.problems, *results.blocked)]
    reasons += [
        f"- Allowed by {_comment_cell(span, by)}: {_comment_cell(prose, objection)}"
        for objection, by in results.allowed
    ]
    rows = list(_first(reasons, len(reasons), _ROOM // 8, "- {} more"))
    left = [bounded(sentence, shortened(results.remainder, _LEFT), _LEFT)] if results.remainder else []
    table, details = _result_table(results, _ROOM // 2), _stale_details(results, _ROOM // 4)
    blocks = [[f"### {_result_headline(results)}"], [frame.target], rows, left, table, *details]
    blocks += _overwritten_quotes(results, _ROOM - sum(len(line) + 2 for block in blocks for line in block))
    return _framed(frame, ["\n".join(block) for block in blocks if block], plans)


def failed(
    text: str, plans: Sequence[Section], frame: Frame, *, applying: bool, earlier: ApplyResults = NO_RESULTS
) -> str:
    """Why there is no plan, or no apply: what was printed, inert."""
    verdict = "Not applied" if applying else "Could not be planned"
    shown = _printed(text, _ROOM // 2 if plans or earlier.changes else _ROOM)
    return _framed(frame, [f"### {verdict}", frame.target, "\n".join(shown), *_earlier(earlier)], plans)


def _earlier(results: ApplyResults) -> list[str]:
    """What earlier attempts of the same run did."""
    if not results.changes:
        return []
    return ["What earlier attempts of this run did:", "\n".join(_result_table(results, _ROOM // 4))]


def label_taken(label: str, by: str, reason: str) -> str:
    """That a label was removed, and why; what to do next."""
    why = reason or "what it overrode has changed"
    return f"The label {span(label)}, set by {span(by)}, was removed: {sentence(why)}. Review again, then set it again."


def label_idle(label: str, reason: str) -> str:
    """That a label overrides nothing, and why."""
    return f"The label {span(label)} does not count: {sentence(reason)}."


def _framed(frame: Frame, blocks: list[str], plans: Sequence[Section], *, folded: bool = True) -> str:
    opening, closing = PLAN_FOLD if folded else ("", "")
    foot = [*frame.notes, *([frame.foot] if frame.foot else [])]
    without = "\n\n".join([*blocks, *foot, opening, closing])
    room = LIMIT - len(first_line(frame.marker)) - len(without) - 20
    plan = ""
    if plans and room >= _LEAST:
        plan = f"{opening}{within(plans, room, frame.url, frame.files).rstrip()}{closing}"
    body = "\n\n".join(block for block in [*blocks, plan, *foot] if block)
    return f"{first_line(frame.marker)}\n{body}\n"


def _result_headline(results: ApplyResults) -> str:
    if results.complete:
        totals = results.totals or (f"{count(results.marks, 'marker')} refreshed" if results.marks else "")
        return f"Applied: {totals}" if totals else "Nothing to do"
    words = Counter(_result_word(result) for result in results.in_state("failed"))
    failed = [f"{words[word]} {word}" for word in _WORDS if words[word]]
    failed += [f"{count(len(results.blocked), 'objection')} blocking"] if results.blocked else []
    done = [results.totals] if results.totals else [f"{many} done"] if (many := len(results.in_state("done"))) else []
    totals = "; ".join(filter(None, [", ".join(failed), *done]))
    return ("Applied in part" if done else "Not applied") + (f": {totals}" if totals else "")


def _result_word(result: ChangeResult) -> str:
    word = result.message.partition(":")[0].lower()
    return word if word in _WORDS else "not done"


def _result_table(results: ApplyResults, room: int) -> list[str]:
    """One row per change, failures first; then how many more there are."""
    if not results.changes:
        return []
    rows = (_result_row(result) for result in results.changes)
    head = ["| | Address | Result | id |", "|---|---|---|---|"]
    return [*head, *_first(rows, len(results.changes), room, "| | | {} more | |")]


def _result_row(result: ChangeResult) -> str:
    sign = {"failed": "❌", "done": "✅", "noted": ""}[result.state]
    id = _comment_cell(span, result.id) if result.id else ""
    return f"| {sign} | {_comment_cell(span, result.address)} | {_comment_cell(prose, result.message)} | {id} |"


def _comment_cell(mark: Callable[[str], str], text: str) -> str:
    return bounded(mark, shortened(text, _CELL), _CELL)


def _stale_details(results: ApplyResults, room: int) -> Iterator[list[str]]:
    """What was rejected because it changed, as it would be now; open if it is the only one."""
    stale = [result for result in results.in_state("failed") if result.detail.strip()]
    opening = "<details open>" if len(stale) == 1 else "<details>"
    for number, result in enumerate(stale):
        block = [
            f"{opening}<summary>{_comment_cell(tag, result.address)} changed since the review</summary>",
            "",
            *_printed(result.detail, min(room, _EACH)),
            "",
            "</details>",
        ]
        room -= sum(len(line) + 1 for line in block) + 1
        if room < 0:
            yield [f"{len(stale) - number:,} more changed since the review."]
            return
        yield block


def _overwritten_quotes(results: ApplyResults, room: int) -> Iterator[list[str]]:
    """What was overwritten and is in no commit, to be copied from here: as much as there is room for."""
    quotes = [
        block
        for result in results.changes
        for path, before in result.overwrote
        for block in quote(f"{_comment_cell(span, result.address)} {_comment_cell(span, path)} was", before, room // 2)
    ]
    if quotes:
        shown = _first(quotes, len(quotes), room, "{} more: see the run record.")
        yield ["<details><summary>Overwritten values that are in no commit</summary>"]
        yield ["\n\n".join(shown)]
        yield ["</details>"]


def _first(lines: Iterable[str], many: int, room: int, form: str) -> Iterator[str]:
    """As many lines as there is room for, and how many more there are."""
    for number, line in enumerate(lines):
        room -= len(line) + 1
        if room < 0:
            yield form.format(f"{many - number:,}")
            return
        yield line


def _printed(text: str, room: int) -> list[str]:
    """What was printed in a fence, or as much as fits, without colors and without commands to the CI runner."""
    lines = _ANSI.sub("", text.replace("\r\n", "\n")).strip("\n").split("\n")
    stops = {line[len(_STOP) :] for line in lines if line.startswith(_STOP)}
    commands = {*(f"{_STOP}{token}" for token in stops), *(f"::{token}::" for token in stops)}
    lines = [shortened(inert(line), _LINE) for line in lines if line not in commands]
    many = len(lines)
    while True:
        left = len(lines) - many
        block = fence("text", [*lines[:many], *([f"… {count(left, 'more line')}"] if left else [])])
        size = sum(len(line) + 1 for line in block)
        if size <= room or not many:
            return block
        many = min(many - 1, many * room // size)
