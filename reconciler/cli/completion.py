"""`reconciler completion`: the script that completes commands, options and names in a shell, and what it asks for.

The script runs `reconciler completion SHELL -- WORDS`, which prints what may stand there: a first line that says
whether `values` follow, or the shell is to complete `files` or `folders` itself, and one line a value, with a tab and a
description. Every value is made of characters that no shell acts on.
"""

from __future__ import annotations

import os
import re
import signal
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click
from click.core import ParameterSource

from reconciler.cli.completers import HARMLESS

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

SHELLS: Final = ("bash", "zsh", "fish")
_ONE_DASH: Final = re.compile(r"-[a-z][a-z-]+(=.*)?", re.DOTALL)
_KINDS: Final = {"file": "files", "dir": "folders"}
_LONGEST: Final = 100
_PATIENCE: Final = 2.0
_END: Final = "\x01"


@click.command("completion", context_settings={"allow_extra_args": True})
@click.argument("shell", type=click.Choice(SHELLS))
@click.pass_context
def command(context: click.Context, shell: str) -> int:
    """Print the script that completes commands, options, keys and environments in a shell.

    \b
    bash, in ~/.bashrc:                     eval "$(reconciler completion bash)"
    zsh, in ~/.zshrc:                       eval "$(reconciler completion zsh)"
    fish, in ~/.config/fish/config.fish:    reconciler completion fish | source

    Keys and environments are those of the folder, read from its files: nothing is sent.
    """
    if not context.args:
        click.echo(Path(__file__).with_name("scripts").joinpath(f"reconciler.{shell}").read_text("utf-8"), nl=False)
        return 0
    with suppress(Exception), ending_after(_PATIENCE):  # nobody has asked to be told what is wrong while typing
        click.echo("\n".join(_lines_for(shell, context.args)))
    return 0


@contextmanager
def ending_after(seconds: float) -> Iterator[None]:
    """Raises `TimeoutError` within once so much time has passed: nobody waits for a folder that has too many files."""

    def give_up(_signal: int, _frame: object) -> None:
        raise TimeoutError

    before = signal.signal(signal.SIGALRM, give_up)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def _lines_for(shell: str, arguments: Sequence[str]) -> list[str]:
    """What is printed for the shell."""
    if shell == "bash":
        words, typed, cut = _words_of_line(*arguments)
    else:
        words, typed, cut = [*arguments[:-1]], "".join(_words_in(arguments[-1])[:1]), 0
    items = candidates(words, typed)
    kind = next((_KINDS[item.type] for item in items if item.type in _KINDS), "values")
    fit = (item for item in items if HARMLESS.fullmatch(item.value) and item.value.startswith(typed))
    lines = (f"{item.value[cut:]}\t{_description(item.help)}" for item in fit)
    return [kind, *(lines if kind == "values" else ())]


def candidates(words: Sequence[str], typed: str) -> list[CompletionItem]:
    """What may stand in place of what is typed, behind these words: each begins with it, or the shell finds it."""
    from reconciler.cli import cli, with_two_dashes

    words = with_two_dashes([os.path.expanduser(os.path.expandvars(word)) for word in words])  # noqa: PTH111
    if "--" not in words and _ONE_DASH.fullmatch(typed):
        found = ((item, item.value.removeprefix("-")) for item in candidates(words, f"-{typed}"))
        return [_item_called(item, name) for item, name in found if with_two_dashes([name]) == [item.value]]
    with cli.make_context("reconciler", list(words), resilient_parsing=True) as context:
        if context.get_parameter_source("chdir") is ParameterSource.COMMANDLINE:
            os.chdir(context.params["chdir"])  # None where there is no such folder, which ends it
    option, equals, value = typed.partition("=") if typed.startswith("--") else ("", "", typed)
    if not equals:
        return _offered(words, typed)
    return [_item_called(item, f"{option}={item.value}") for item in _offered([*words, option], value)]


def _offered(words: Sequence[str], typed: str) -> list[CompletionItem]:
    from click.shell_completion import ShellComplete

    from reconciler.cli import cli

    shell = ShellComplete(cli, {}, "reconciler", "")
    items = shell.get_completions(list(words), typed)
    if items or typed or _takes_value(words):
        return items
    return [item for item in shell.get_completions(list(words), "--") if item.value != "--help"]


def _takes_value(words: Sequence[str]) -> bool:
    """Whether the last word is an option whose value is to come."""
    from reconciler.cli import COMMANDS, cli

    name = next((word for word in words if word in COMMANDS), "")
    chosen = cli.get_command(click.Context(cli), name) or cli
    options = [each for each in (*cli.params, *chosen.params) if isinstance(each, click.Option) and not each.is_flag]
    return any(words[-1:] == [name] for each in options for name in each.opts)


def _item_called(item: CompletionItem, value: str) -> CompletionItem:
    from click.shell_completion import CompletionItem

    return CompletionItem(value, type=item.type, help=item.help)


def _description(text: str | None) -> str:
    """The first sentence, as one line of printable characters."""
    words = " ".join((text or "").split())
    sentence = re.split(r"\. (?=[A-Z])|[;:] ", words)[0].removesuffix(".")[:_LONGEST]
    return "".join(character if character.isprintable() else "?" for character in sentence)


def _words_of_line(line: str, breaks: str = "", *_: str) -> tuple[list[str], str, int]:
    """The words behind the program, the one being typed, and how much of it bash keeps: it replaces the end alone."""
    words = _words_in(line + _END)
    typed = words[-1].removesuffix(_END)
    is_quoted = not line.endswith(typed) or line[: len(line) - len(typed)].endswith(("'", '"'))
    kept = 0 if is_quoted else max((typed.rfind(sign) + 1 for sign in ":=" if sign in breaks), default=0)
    return words[1:-1], typed, kept


def _words_in(line: str) -> list[str]:
    """The words of an unfinished line, without quotes."""
    from click.shell_completion import split_arg_string

    return split_arg_string(line)
