"""The demo: plan, apply, no changes, edits on the server, drift, apply, no changes."""

from __future__ import annotations

import sys

import click

from demo.stage import Lines, Stage, UnexpectedError, stage

PLAN = "plan -e local --detailed-exitcode"
APPLY = "apply -e local --auto-approve"
NO_CHANGES = "No changes. "


def play(on: Stage) -> None:
    """Plays all steps; `UnexpectedError` if a step does not do what it says."""
    _from_nothing(on)
    _edit_on_the_server(on)
    _back_to_git(on)
    on.say(
        "That is the main job. Everything ran on this machine, in a folder that is deleted now.\n"
        "Continue with README.md and your own manifests."
    )


def _from_nothing(on: Stage) -> None:
    on.say("1. A manifest describes an agent or an assistant with the fields of its API. This is one of nine.")
    on.show_file("agents/parts-scout.yaml")
    on.say("2. Nothing is live yet. The plan shows what an apply would do. (Exit code 2: changes are pending.)")
    on.run(PLAN, exits=2, ends="Plan: 9 to add, 0 to change, 0 to destroy.", shown=_abridged)
    on.say("3. Apply it.")
    on.run(APPLY, exits=0, ends="Apply complete! Resources: 9 added, 0 changed, 0 destroyed.", shown=_outcomes)
    on.check(len(on.live()) == 9, "two agents and seven assistants are live")
    on.say("4. Plan again: what is live matches the manifests. (Exit code 0.)")
    on.run(PLAN, exits=0, ends=NO_CHANGES)


def _edit_on_the_server(on: Stage) -> None:
    on.say(
        "5. Somebody edits an assistant and an agent in a dashboard, without Git: the support desk now gives\n"
        "   discounts and has a higher temperature, and the parts scout has another model."
    )
    live = on.live()
    desk, scout = live["Support Desk"], live["Parts Scout"]
    sentence, generous = "You cannot give discounts,", "You may give a discount of 30 %,"
    on.check(sentence in desk["instructions"], "the support desk's prompt speaks of discounts")
    edits = [
        (desk, {"instructions": desk["instructions"].replace(sentence, generous), "temperature": 1.2}),
        (scout, {"model": "gpt-5.5"}),
    ]
    for one, body in edits:
        on.note(f"POST /v1/{one['object']}s/{one['id']}  {', '.join(body)}")
        on.modify(one, body)
    on.say(
        "6. The plan shows what changed, field by field, and the cause: drift. The temperature is not in it,\n"
        "   because the manifest leaves it to the dashboard: `ignore_changes: [temperature, …]`."
    )
    on.run(PLAN, exits=2, ends="Plan: 0 to add, 2 to change, 0 to destroy.")


def _back_to_git(on: Stage) -> None:
    before = on.live()
    on.say("7. Apply the manifests again. The temperature stays.")
    on.run(APPLY, exits=0, ends="Apply complete! Resources: 0 added, 2 changed, 0 destroyed.", shown=_outcomes)
    after = on.live()
    ids = {name: one["id"] for name, one in before.items()}
    on.check({name: one["id"] for name, one in after.items()} == ids, "everything kept its id")
    on.check("cannot give discounts" in after["Support Desk"]["instructions"], "the prompt is that of Git again")
    on.check(after["Parts Scout"]["model"] == "gpt-5.4-mini", "the model is that of Git again")
    on.check(after["Support Desk"]["temperature"] == 1.2, "the temperature is still that of the dashboard")
    on.say("8. Plan again.")
    on.run(PLAN, exits=0, ends=NO_CHANGES)


def _abridged(lines: Lines) -> Lines:
    """The beginning and the end of a long plan."""
    head, tail = lines[:18], lines[-2:]
    return [
        *head,
        f"… {len(lines) - len(head) - len(tail)} more lines: the other fields, agents and assistants …",
        *tail,
    ]


def _outcomes(lines: Lines) -> Lines:
    """What an apply prints after the plan, which was just shown."""
    planned = max(index for index, line in enumerate(lines) if click.unstyle(line).startswith("Plan: "))
    return [lines[0], "… the same plan …", *lines[planned:]]


def main() -> int:
    """Plays the demo; 0 only if every step did what it says."""
    try:
        with stage() as on:
            play(on)
    except UnexpectedError as error:
        click.echo(f"\nThe demo stops here: {error}", err=True)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
