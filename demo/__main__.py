"""The story: plan, apply, nothing to do, an edit outside Git, drift, apply, nothing to do."""

from __future__ import annotations

import sys

import click

from demo.stage import Lines, Stage, UnexpectedError, stage

PLAN = "plan -e local --detailed-exitcode"
APPLY = "apply -e local --auto-approve"
NO_CHANGES = "No changes. Your assistants match the manifests."


def tell(on: Stage) -> None:
    """Tells the story; `UnexpectedError` where a step does not do what it says."""
    _from_nothing(on)
    _somebody_edits(on)
    _back_to_git(on)
    on.say(
        "That is the main job. Everything ran on this machine, and the folder it ran in is gone.\n"
        "README.md goes on from here, with manifests of your own."
    )


def _from_nothing(on: Stage) -> None:
    on.say("1. A manifest says what an assistant should be, in the API's own words. This is one of seven.")
    on.show_file("assistants/maths-tutor.yaml")
    on.say("2. Nothing is live yet. What would an apply do? (Exit code 2: changes are pending.)")
    on.run(PLAN, exits=2, ends="Plan: 7 to add, 0 to change, 0 to destroy.", shown=_abridged)
    on.say("3. Do that.")
    on.run(APPLY, exits=0, ends="Apply complete! Resources: 7 added, 0 changed, 0 destroyed.", shown=_outcomes)
    on.check(len(on.assistants()) == 7, "seven assistants are live")
    on.say("4. And now? Live and manifests agree. (Exit code 0.)")
    on.run(PLAN, exits=0, ends=NO_CHANGES)


def _somebody_edits(on: Stage) -> None:
    on.say(
        "5. Somebody is generous in a dashboard, which knows nothing of Git: the support desk gives discounts\n"
        "   and answers more freely, and the HR helper gets a cheaper model."
    )
    live = on.assistants()
    desk, helper = live["Support Desk"], live["HR Helper"]
    sentence, generous = "You cannot give discounts,", "You may give a discount of 30 %,"
    on.check(sentence in desk["instructions"], "the support desk's prompt speaks of discounts")
    edits = [
        (desk["id"], {"instructions": desk["instructions"].replace(sentence, generous), "temperature": 1.2}),
        (helper["id"], {"model": "gpt-4o-mini"}),
    ]
    for id, body in edits:
        on.tell(f"POST /v1/assistants/{id}  {', '.join(body)}")
        on.modify(id, body)
    on.say(
        "6. The plan says what moved, field by field, and that it was not Git that moved it. The temperature is\n"
        "   not in it: the manifest has `ignore_changes: [temperature, …]`, which leaves it to the dashboard."
    )
    on.run(PLAN, exits=2, ends="Plan: 0 to add, 2 to change, 0 to destroy.")


def _back_to_git(on: Stage) -> None:
    before = on.assistants()
    on.say("7. Git is the truth, so put that back. What Git leaves to the dashboard stays.")
    on.run(APPLY, exits=0, ends="Apply complete! Resources: 0 added, 2 changed, 0 destroyed.", shown=_outcomes)
    after = on.assistants()
    ids = {name: one["id"] for name, one in before.items()}
    on.check({name: one["id"] for name, one in after.items()} == ids, "every assistant kept its id")
    on.check("cannot give discounts" in after["Support Desk"]["instructions"], "the prompt is Git's again")
    on.check(after["HR Helper"]["model"] == "gpt-4o", "the model is Git's again")
    on.check(after["Support Desk"]["temperature"] == 1.2, "the temperature is still the dashboard's")
    on.say("8. And now?")
    on.run(PLAN, exits=0, ends=NO_CHANGES)


def _abridged(lines: Lines) -> Lines:
    """The beginning and the end of a long plan."""
    head, tail = lines[:18], lines[-2:]
    return [*head, f"… {len(lines) - len(head) - len(tail)} more lines: the other fields and assistants …", *tail]


def _outcomes(lines: Lines) -> Lines:
    """What an apply says after it has shown the plan, which was just seen."""
    planned = max(index for index, line in enumerate(lines) if click.unstyle(line).startswith("Plan: "))
    return [lines[0], "… the plan once more …", *lines[planned:]]


def main() -> int:
    """Plays the story; 0 only if every step did what it says."""
    try:
        with stage() as on:
            tell(on)
    except UnexpectedError as error:
        click.echo(f"\nThe demo stops here: {error}", err=True)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
