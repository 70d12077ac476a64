"""`reconciler apply`: the plan, once more, and then exactly that."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from reconciler.cli import options

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reconciler.model import Change, Live, Plan
    from reconciler.providers import Provider
    from reconciler.render import Document
    from reconciler.run.execute import ApplyOptions, Reporter
    from reconciler.run.plan_request import Request
    from reconciler.run.session import Session
    from reconciler.run.write_options import WriteOptions


@click.command("apply")
@click.argument("keys", nargs=-1, metavar="[KEY...|PLAN.json]")
@options.environment
@options.stack
@options.allow
@options.allowances
@options.option("--expect", metavar="FINGERPRINT", help="Refuse unless the plan has this fingerprint.")
@options.option(
    "--config-from",
    metavar="REV",
    help="Read where requests are sent, the limits and the policy from that Git revision's reconciler.yaml.",
)
@options.option("--resolve-duplicates", is_flag=True, help="Delete twins that equal the one that is kept.")
@options.option("--delete-duplicate", metavar="ID", multiple=True, help="A twin to delete although it differs.")
@options.writing(events=True)
def command(
    *,
    keys: tuple[str, ...],
    environment: str | None,
    stack: str | None,
    allow: tuple[str, ...],
    allowances: tuple[str, ...],
    expect: str | None,
    config_from: str | None,
    resolve_duplicates: bool,
    delete_duplicate: tuple[str, ...],
    hand: WriteOptions,
) -> int:
    """Show the plan, and carry it out once it is approved.

    Shows the plan and asks; only a literal `yes` approves. What an objection holds back is not done unless
    `--allow CODE` overrides it; the rest is. Exits 1 if anything failed, did not settle or was held back.

    With PLAN.json, which `plan --out` wrote, it plans afresh and carries out what is both reviewed and still so:
    what moved since is refused and shown, what nobody reviewed is left alone. A plan made with `--base` is of what
    its change does. Without a file everything that is pending is applied. What still differs at the end is told.
    """
    from reconciler.github.plan_artifacts import labelled
    from reconciler.plan.ownership import DuplicatePolicy
    from reconciler.run.execute import telling
    from reconciler.run.plan_request import Request, allowed
    from reconciler.run.session import in_loop

    file = keys[0] if len(keys) == 1 and _is_file(keys[0]) else None
    with telling(_manner(hand, file), colour=hand.colour) as told:
        reviewed = _read(file) if file else None
        resolve = DuplicatePolicy(equal=resolve_duplicates, named=frozenset(delete_duplicate))
        request = Request(
            keys=() if file else keys, allow=allowed(allow), allowances=labelled(allowances), resolve=resolve
        )
        session = _session(_meant(environment, reviewed), config_from, hand, stack)
        return in_loop(_apply, told, session, request, reviewed, expect, timeout=hand.timeout)


def _manner(hand: WriteOptions, file: str | None) -> ApplyOptions:
    """How to apply; a plan's file was approved by its review."""
    from reconciler.run.execute import ApplyOptions

    return ApplyOptions.by(
        hand,
        approved=hand.auto_approve or file is not None,
        saved=file is not None,
        beside=tuple(path for path in (file, hand.json_into) if path),
    )


async def _apply(
    told: Reporter, session: Session, request: Request, reviewed: Document | None, expect: str | None
) -> int:
    from dataclasses import replace

    from reconciler.plan.allowances import permitted
    from reconciler.run.execute import plan_and_settle
    from reconciler.run.plan_request import judged

    desired = session.desired()

    def planning(provider: Provider, live: Sequence[Live]) -> tuple[Plan, int]:
        if reviewed is None:
            return _expected(judged(session, provider, desired, live, request), expect), 0
        is_part = reviewed.get("applies") == "change"
        whole = judged(session, provider, desired, live, replace(request, allowances=()))  # labels are for what is left
        plan, refused = _reviewed(told, session, whole if is_part else _expected(whole, expect), reviewed, live)
        plan = permitted(plan, request.allowances)
        return _expected(plan, expect) if is_part else plan, refused

    return await plan_and_settle(told, session, planning)


def _session(name: str | None, config_from: str | None, hand: WriteOptions, stack: str | None) -> Session:
    """The environment as the configuration has it: the one that is checked out, or that of a revision."""
    import sys

    from reconciler.console.output import style_of
    from reconciler.run.base_plan import governed
    from reconciler.run.session import open_session

    if config_from is None:
        return open_session(name, colour=hand.colour, owns=True, state=hand.state_dir, stack=stack)
    return governed(config_from, name, style_of(sys.stdout, colour=hand.colour), state=hand.state_dir, stack=stack)


def _is_file(word: str) -> bool:
    """Whether a word means a plan's file: no key has a slash, and few end like one."""
    from pathlib import Path

    return "/" in word or word.endswith(".json") or Path(word).is_file()


def _meant(environment: str | None, reviewed: Document | None) -> str | None:
    """The environment that was said, else the reviewed plan's."""
    import os

    from reconciler.plan.reviewed import environment_of

    said = environment or os.environ.get("RECONCILER_ENVIRONMENT")
    return environment if said or reviewed is None else environment_of(reviewed)


def _read(path: str) -> Document:
    from reconciler.console.failure import Failure, unread
    from reconciler.render import BadDocument, read
    from reconciler.run.plan_request import plan_text

    remedy = "plan again with `plan --out`; where a key is meant, write it as `assistant.KEY`"
    try:
        return read(plan_text(path))
    except (BadDocument, UnicodeDecodeError) as error:
        raise Failure(f"{path} is not a plan that can be applied: {error}", remedy) from error
    except OSError as error:
        raise Failure(unread(path, error), remedy) from error


def _expected(plan: Plan, expect: str | None) -> Plan:
    """The plan, if it has the fingerprint that was asked for."""
    from reconciler.console.failure import Failure
    from reconciler.plan.changes import fingerprint

    found = fingerprint(plan)
    if expect is not None and found != expect:
        raise Failure(f"The plan's fingerprint is {found}, not {expect}; nothing was changed.", "review it again")
    return plan


def _reviewed(
    told: Reporter, session: Session, plan: Plan, reviewed: Document, live: Sequence[Live]
) -> tuple[Plan, int]:
    """What is both reviewed and still so, and how many reviewed changes are refused because they moved."""
    from reconciler.console.failure import Failure
    from reconciler.plan.reviewed import elsewhere, review

    reason = elsewhere(reviewed, plan.where)
    if reason is not None:
        raise Failure(
            f"This plan was made for another target: {reason}.",
            "nothing was changed; plan for this target, and review that plan",
        )
    found = review(plan, reviewed, live, session.environment.limits)
    for address in found.already:
        _say(told, "info", address, "Done already")
    for change in found.unreviewed:
        _say(told, "info", str(change.address), f"Left alone: nobody reviewed this {change.action}")
    for address, now in found.moved:
        what = (
            "it is no longer what was reviewed" if now is not None else "the assistant changed; no action is needed now"
        )
        _say(told, "error", address, f"Refused: {what}", _shown(plan, now))
    return found.plan, len(found.moved)


def _say(told: Reporter, severity: str, address: str, text: str, detail: str = "") -> None:
    from reconciler.render import events
    from reconciler.render.visible import visible

    told.text(f"{visible(address)}: {text}\n{detail}")
    told.events(events.diagnostic(severity, f"{address}: {text}", detail, address))


def _shown(plan: Plan, now: Change | None) -> str:
    """What a change would be now, for people."""
    from dataclasses import replace

    from reconciler.render import FORMATS, Style, document
    from reconciler.run.plan_request import less_secrets

    if now is None:
        return ""
    alone = less_secrets(document(replace(plan, changes=(now,), marks=(), objections=(), notes=(), selected=True)))
    return f"\nWhat it would be now, which is not done:\n\n{FORMATS['text'](alone, Style())}\n"
