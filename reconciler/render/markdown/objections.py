"""What speaks against a plan, code by code: what to do, and what allows it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from reconciler.plan.allowances import LABEL
from reconciler.render.markdown.blocks import Block, Lines
from reconciler.render.markup import fence, sentence, span
from reconciler.render.sentences import count
from reconciler.render.values import inert, one_line
from reconciler.render.view import ObjectionView

_TOLD = 5  # of one code, in full


def objections(found: Sequence[ObjectionView]) -> Iterator[tuple[Block, int]]:
    """The objections, those that stand first, and how many each block tells."""
    for allowed in (False, True):
        codes: dict[str, list[ObjectionView]] = {}
        for objection in found:
            if objection.allowed == allowed:
                codes.setdefault(objection.code, []).append(objection)
        for code, members in codes.items():
            yield _alert(code, members[:_TOLD], allowed=allowed), len(members[:_TOLD])
            more = members[_TOLD:]
            if more:
                lines = tuple(f"{one_line(one.address or '')}: {one_line(one.message)}" for one in more)
                yield Lines("text", lines, f"{len(more):,} more of these"), len(more)


def _alert(code: str, members: Sequence[ObjectionView], *, allowed: bool) -> str:
    word, alert = ("Allowed", "NOTE") if allowed else ("Refused", "CAUTION")
    lines = [f"[!{alert}]"]
    for place, objection in enumerate(members):
        last = place == len(members) - 1 or members[place + 1].remedy != objection.remedy
        lines += [
            f"**{word}** ({span(code)}) {_told(objection)}",
            "",
            *(_remedy(objection.remedy) if last and not allowed else []),
        ]
    lines.append(_allowed(code, members) if allowed else _permission(members[0]))
    return "\n".join(f"> {line}".rstrip() for line in lines)


def _told(objection: ObjectionView) -> str:
    subject = f"{span(objection.address)}: " if objection.address else ""
    others = sum(address != objection.address for address in objection.holds)
    told = f" It {'also ' if objection.address else ''}holds back {count(others, 'change')}." if others else ""
    anyway = " It stands without this change too." if objection.origin == "pending" else ""
    stop = "." if told + anyway and not objection.message.endswith((".", "!", "?")) else ""
    return f"{subject}{sentence(objection.message)}{stop}{told}{anyway}"


def _remedy(remedy: str) -> list[str]:
    """A remedy is a sentence; further lines of it are something to paste, and keep their indentation."""
    first, *others = inert(remedy).split("\n")
    if not remedy:
        return []
    return [f"**What to do:** {sentence(first)}", "", *([*fence("yaml", others), ""] if others else [])]


def _permission(one: ObjectionView) -> str:
    if not one.can_be_allowed:
        return "It cannot be overridden."
    return f"**To allow it:** label {span(LABEL + one.code)}, or {span(f'--allow {one.code}')}"


def _allowed(code: str, members: Sequence[ObjectionView]) -> str:
    """Who allowed these, each named once."""
    names = dict.fromkeys(one.allowed_by for one in members)
    told = [f"{span(name)} with a label" if name else span(f"--allow {code}") for name in names]
    return f"Allowed by {' and '.join(told)}."
