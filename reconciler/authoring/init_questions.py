"""What `reconciler init` asks on a terminal, where no option says it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

import click

from reconciler import urls
from reconciler.authoring.surroundings import Surroundings
from reconciler.config import LOCAL
from reconciler.drafts.first_files import FirstEnvironment, usual_variable
from reconciler.model import NAME, NAME_RULE

_VARIABLE = re.compile("[A-Za-z_][A-Za-z0-9_]*")
_NONE = "-"
_OPENAI = "OpenAI's own"


@dataclass(frozen=True, slots=True)
class InitOptions:
    """What is to be written; None is what no option says."""

    stack: str | None
    environments: Sequence[FirstEnvironment]
    kind: str | None
    layout: str | None
    """The syntax of the example."""
    has_example: bool | None
    workflows: bool | None
    agents_md: bool | None
    action: str | None
    dry_run: bool

    @property
    def are_stated(self) -> bool:
        """Whether any option says what is to be written."""
        one = (self.stack, self.kind, self.layout, self.has_example, self.workflows, self.agents_md, self.action)
        return bool(self.environments) or any(each is not None for each in one)


def answered(options: InitOptions, around: Surroundings) -> InitOptions:
    """The options with what a person answers; Ctrl-C ends the command, and nothing was written."""
    click.echo("Enter accepts what stands in brackets. Nothing is written before the last answer.\n")
    stack = _asked_name("Stack, the name under which this repository manages agents and assistants", around.stack)
    click.echo("\n`local` is the embedded server. Which servers are there besides?")
    environments: list[FirstEnvironment] = []
    while (name := _next_environment(environments)) != _NONE:
        environments.append(_asked_environment(name))
    workflows = bool(environments) and not around.is_on_gitlab
    workflows = workflows and click.confirm("GitHub workflows, which plan pull requests and apply merges?")
    agents_md = click.confirm("A section in AGENTS.md, for coding assistants?")
    click.echo("")
    return replace(options, stack=stack, environments=environments, workflows=workflows, agents_md=agents_md)


def _next_environment(before: Sequence[FirstEnvironment]) -> str:
    """The name of one more environment, or that there is none."""
    taken = {*(each.name for each in before), LOCAL}
    while (found := _asked_name(f"Name, or {_NONE} for none", _NONE if before else "production", _NONE)) in taken:
        click.echo(f"Error: `{found}` is there already.")
    return found


def _asked_environment(name: str) -> FirstEnvironment:
    url = _asked_url()
    usual = usual_variable(name, url, is_last=False)
    while not _VARIABLE.fullmatch(variable := _asked_text("  Name of the variable that holds its key", usual)):
        click.echo("Error: This is not the name of a variable. Never write the key itself.")
    return FirstEnvironment(name, url, variable)


def _asked_url() -> str | None:
    while (answer := _asked_text("  Address of its server", _OPENAI)) != _OPENAI:
        try:
            return urls.checked(answer)
        except urls.BadUrlError as error:
            click.echo(f"Error: The address {error}.")
    return None


def _asked_name(question: str, usual: str, *others: str) -> str:
    while not NAME.fullmatch(found := _asked_text(question, usual)) and found not in others:
        click.echo(f"Error: {found!r} is not a name: use {NAME_RULE}.")
    return found


def _asked_text(question: str, usual: str) -> str:
    return str(click.prompt(question, default=usual)).strip()
