"""`reconciler apply`: the plan, once more, and then exactly that."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from reconciler.cli import options

if TYPE_CHECKING:
    from reconciler.cli.applying import Manner, Telling
    from reconciler.cli.planning import Request
    from reconciler.cli.session import Session
    from reconciler.model import Plan
    from reconciler.render import Document


@click.command("apply")
@click.argument("keys", nargs=-1, metavar="[KEY...|PLAN.json]")
@options.environment
@options.auto_approve
@options.allow
@options.option("--expect", metavar="FINGERPRINT", help="Refuse unless the whole plan has this fingerprint.")
@options.option("--resolve-duplicates", is_flag=True, help="Delete twins that equal the one that is kept.")
@options.option("--delete-duplicate", metavar="ID", multiple=True, help="A twin to delete although it differs.")
@options.option("--json", "as_json", is_flag=True, help="Tell what happens as JSON lines; needs --auto-approve.")
@options.option("--json-into", metavar="FILE", help="Write the same JSON lines to a file.")
@options.parallelism
@options.timeout
@options.state_dir
@options.interactive
@options.colour
def command(
    keys: tuple[str, ...],
    environment: str | None,
    auto_approve: bool,
    allow: tuple[str, ...],
    expect: str | None,
    resolve_duplicates: bool,
    delete_duplicate: tuple[str, ...],
    as_json: bool,
    json_into: str | None,
    parallelism: int,
    timeout: float | None,
    state_dir: str | None,
    input: bool,
    color: bool | None,
) -> int:
    """Do what the plan says, once somebody approved it.

    Shows the plan and asks; only a literal `yes` approves. What an objection holds back is not done unless
    `--allow CODE` lets it pass; the rest is. Exits 1 if anything failed, did not settle or was held back.

    With PLAN.json, which `plan --out` wrote, it plans afresh and carries out what is both reviewed and still so:
    what moved since is refused and shown, what nobody reviewed is left alone.
    """
    from pathlib import Path

    from reconciler.cli.applying import Manner
    from reconciler.cli.planning import Request, allowed
    from reconciler.cli.session import in_loop, open_session
    from reconciler.review import environment_of

    file = keys[0] if len(keys) == 1 and Path(keys[0]).is_file() else None
    reviewed = _read(file) if file else None
    if reviewed is not None and environment is None:
        environment = environment_of(reviewed)
    session = open_session(environment, colour=color, writes=True, state=state_dir)
    resolve = frozenset(delete_duplicate) if resolve_duplicates or delete_duplicate else None
    request = Request(keys=() if file else keys, allow=allowed(allow), resolve=resolve)
    manner = Manner(
        approved=auto_approve or reviewed is not None,
        may_ask=input,
        parallelism=parallelism,
        as_json=as_json,
        json_into=json_into,
        saved=reviewed is not None,
    )
    return in_loop(_apply, session, request, manner, reviewed, expect, timeout=timeout)


async def _apply(
    session: Session, request: Request, manner: Manner, reviewed: Document | None, expect: str | None
) -> int:
    from reconciler.cli.applying import clock, settle, telling
    from reconciler.cli.lock import only_one
    from reconciler.cli.planning import planned

    desired = session.desired()
    with telling(session, manner) as told, only_one(session.connection.state_dir):
        async with session.provider() as provider:
            observed_at = clock()
            plan = await planned(session, provider, desired, request)
            _expected(plan, expect)
            if reviewed is None:
                told.plan(plan)
                return await settle(told, provider, plan, observed_at)
            agreed, code = _reviewed(told, plan, reviewed)
            told.plan(agreed)
            return max(code, await settle(told, provider, agreed, observed_at))


def _read(path: str) -> Document:
    from pathlib import Path

    from reconciler.cli.failure import Failure
    from reconciler.render import BadDocument, read

    try:
        return read(Path(path).read_text(encoding="utf-8"))
    except (BadDocument, UnicodeDecodeError) as error:
        raise Failure(f"{path} is no plan that can be applied: {error}", "plan again with `plan --out`") from error


def _expected(plan: Plan, expect: str | None) -> None:
    from reconciler.cli.failure import Failure
    from reconciler.fingerprint import fingerprint

    found = fingerprint(plan)
    if expect is not None and found != expect:
        raise Failure(f"The plan's fingerprint is {found}, not {expect}; nothing was changed.", "review it again")


def _reviewed(told: Telling, plan: Plan, reviewed: Document) -> tuple[Plan, int]:
    """What is both reviewed and still so; what is not is told, and costs the exit code where it moved."""
    from dataclasses import replace

    from reconciler.cli.failure import Failure
    from reconciler.render import FORMATS, document, events
    from reconciler.review import elsewhere, review

    reason = elsewhere(reviewed, plan.where)
    if reason is not None:
        raise Failure(f"This plan is not of this place: {reason}.", "nothing was changed; plan here and review that")
    found = review(plan, reviewed)
    said = [(f"{address}: Done already", "info") for address in found.already]
    said += [
        (f"{change.address}: Left alone: nobody reviewed this {change.action}", "info") for change in found.unreviewed
    ]
    said += [(f"{address}: Refused: it is no longer what was reviewed", "error") for address, _ in found.moved]
    for text, severity in said:
        told.text(f"{text}\n")
        told.events(events.diagnostic(severity, text))
    now = tuple(change for _, change in found.moved if change is not None)
    if now:
        shown = replace(plan, changes=now, marks=(), objections=(), notes=(), selected=True)
        told.text(
            f"\nWhat it would be now, which is not done:\n\n{FORMATS['text'](document(shown), told.session.style)}\n"
        )
    return found.plan, 1 if found.moved else 0
