"""What other stacks and environments manage on a server, with the command that removes a preview."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from textwrap import wrap

from reconciler.canonical import Json
from reconciler.plan.other_stacks import OtherStack
from reconciler.render.sentences import count, noun
from reconciler.render.style import Style, paint
from reconciler.render.values import one_line, shortened
from reconciler.render.view import Document

_DAY = 86_400
_LISTED = 20
"""So many objects of a stack are named; data has all of them."""
_NAME = 60


def text(stacks: Sequence[OtherStack], now: float, style: Style) -> str:
    """One block a stack: what it is, how old, which objects, and how it is removed."""
    lines = [line for stack in stacks for line in ("", *_stack_lines(stack, now, style))]
    heading = f"{count(len(stacks), 'other stack')} on this server:" if stacks else "No other stack is on this server."
    sweeps = [line for text in _sweeps(stacks) for line in _wrapped_lines(text, "", style)]
    return "\n".join([heading, *lines, *([""] if sweeps else []), *sweeps]) + "\n"


def data(stacks: Sequence[OtherStack]) -> list[Document]:
    """The same as data."""
    return [_stack_document(stack) for stack in stacks]


def _stack_document(stack: OtherStack) -> Document:
    oldest, newest = stack.created or (None, None)
    objects: list[Json] = [{"address": str(one.address), "id": one.id, "name": one.name} for one in stack.objects]
    return {
        "stack": stack.stack,
        "environment": stack.environment,
        "known_by": stack.origin,
        "folder": stack.folder or None,
        "pull": int(stack.pull) if stack.pull else None,
        "number": len(stack.objects),
        "oldest": _moment(oldest),
        "newest": _moment(newest),
        "remove": removal(stack) or None,
        "objects": objects,
    }


def _stack_lines(stack: OtherStack, now: float, style: Style) -> Iterator[str]:
    what = count(len(stack.objects), noun(str(one.address) for one in stack.objects))
    name = one_line(f"{stack.stack}/{stack.environment}")
    yield f"  {paint(name, 'bold', style)}: {what}{_age(stack, now)}"
    yield from (line for text in _about(stack) for line in _wrapped_lines(text, "    ", style))
    room = max(len(one_line(str(one.address))) for one in stack.objects[:_LISTED])
    for one in stack.objects[:_LISTED]:
        called = shortened(one_line(one.name or ""), _NAME)
        yield f"      {one_line(str(one.address)):<{room}}  {one_line(one.id)}  {called}".rstrip()
    if len(stack.objects) > _LISTED:
        yield f"      and {len(stack.objects) - _LISTED:,} more"


def _about(stack: OtherStack) -> Iterator[str]:
    """What kind of stack it is, and what removes it where that is safe to say."""
    if stack.origin == "pull-request":
        yield f"A preview, called after pull request {stack.pull}. This deletes it:"
        yield f"`{removal(stack)}`"
    elif stack.origin == "configured":
        yield "reconciler.yaml names this stack."
    elif stack.origin == "other-folder":
        yield one_line(f"The folder {stack.folder} of this repository manages it.")
    elif stack.origin == "applied-here":
        yield "It was applied from this checkout: a preview, or this stack under a name that it had before."
        target = one_line(f"-e {stack.environment} --stack {stack.stack}")
        yield "This shows what `destroy` would delete of it:"
        yield f"`reconciler plan --destroy {target}`"
    else:
        yield "reconciler.yaml does not name it: another repository manages it, or it is a preview."


def _wrapped_lines(text: str, indent: str, style: Style) -> list[str]:
    """The text in lines that fit; a command stays on one, so that it can be copied."""
    if text.startswith("`"):
        return [indent + text]
    return wrap(text, style.width, initial_indent=indent, subsequent_indent=indent, break_on_hyphens=False)


def removal(stack: OtherStack) -> str:
    """The command that removes a preview; nothing for any other stack."""
    if not stack.pull:
        return ""
    override = " --allow too-many-deletes" if len(stack.objects) > 1 else ""
    return one_line(f"reconciler destroy -e {stack.environment} --stack {stack.stack}{override}")


def _sweeps(stacks: Sequence[OtherStack]) -> Iterator[str]:
    """By environment, how many previews there are, and what deletes those that are not needed any more."""
    previews = Counter(stack.environment for stack in stacks if stack.pull)
    for environment, number in previews.items():
        sweep = f"reconciler destroy -e {one_line(environment)} --stack '{{stack}}-pr-*' --closed-pulls"
        yield f"{count(number, 'preview')}; of closed pull requests, this deletes them:"
        yield f"`{sweep}`"


def _age(stack: OtherStack, now: float) -> str:
    """`, created 8 to 12 days ago`; nothing where the server does not say."""
    if stack.created is None:
        return ""
    oldest, newest = (max(int((now - moment) // _DAY), 0) for moment in stack.created)
    if oldest == 0:
        return ", created today"
    days = str(oldest) if newest == oldest else f"{newest} to {oldest}"
    return f", created {days} day{'' if days == '1' else 's'} ago"


def _moment(seconds: float | None) -> str | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")
