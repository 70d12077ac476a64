"""The command line: one file a command. Heavy imports wait until a command needs them."""

from __future__ import annotations

import importlib
import io
import os
import re
import sys
import traceback
from collections.abc import Sequence
from keyword import iskeyword
from typing import TYPE_CHECKING, Any, TextIO

import click

from reconciler import __version__
from reconciler.cli.other_tools import ALWAYS_SO, EXTRA_HERE, MISSING_HERE, OPTIONS_THERE, command_here, option_here
from reconciler.console import credentials
from reconciler.console.failure import Failure
from reconciler.console.streams import discard, null_stream
from reconciler.github.ci_output_guard import FORMAT, guarded

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

_INTERRUPTED = 130
_CLOSED = 141
"""Of a process that writes to a closed pipe: 128 and the number of SIGPIPE."""
COMMANDS: dict[str, str] = {
    "init": "Set up a repository: configuration, example, editor schemas, workflows.",
    "validate": "Check every manifest, and send nothing.",
    "plan": "Show what an apply would do.",
    "diff": "The same as plan; `diff A..B` compares two environments.",
    "apply": "Show the plan, and carry it out once it is approved.",
    "reconcile": "Report drift, and apply what the policy permits.",
    "comment": "Keep one comment on the pull request for each stack and environment.",
    "allowed": "Print the objections that labels on the pull request override.",
    "reviewed": "Fetch the plan that was reviewed on the merged pull request.",
    "status": "List the managed and unmanaged agents and assistants with their state.",
    "show": "Show a live agent or assistant as a manifest, or a saved plan.",
    "import": "Write manifests of live agents and assistants that have none.",
    "pull": "Take what changed on the server into the files that state it.",
    "output": "Print the keys and ids of managed agents and assistants.",
    "forget": "Stop managing agents and assistants without deleting them.",
    "destroy": "Delete everything of a preview stack.",
    "history": "List the applies that were recorded here, or show what one of them did.",
    "rollback": "Restore the state before a run, or of a commit.",
    "doctor": "Look at everything that has to work, and say what fixes what does not.",
    "migrate": "Assess or write what becomes of each assistant as an agent or as a Responses request.",
    "schema": "Print or write JSON Schemas, for editors and of JSON output.",
    "serve": "Run the embedded server for other programs.",
    "completion": "Print the script that completes commands, keys and options in a shell.",
    "help": "Print the help of a command.",
    "version": "Print the version.",
}
_TERRAFORM = re.compile(
    r"-(auto-approve|chdir|stack|color|destroy|detailed-exitcode|drift|format|help|input|json|no-color|out|parallelism|json-into|expect|state-dir"
    r"|timeout|version|allow|environment|host|port|raw|target|yes)(=.*)?"
)

_EPILOG = """Begin with `reconciler init`; `reconciler plan` changes nothing.

\b
Exit codes:
  0    done, or nothing to do
  1    failed
  2    changes are pending (only with --detailed-exitcode)
  3    the same, and an objection blocks a change
  130  interrupted
  141  nobody reads the output any more
"""


def module_of(name: str) -> str:
    """The module of a command: it is called like it, with `_` behind a word that Python reserves."""
    return f"reconciler.cli.{name}{'_' * iskeyword(name)}"


class _LateCommands(click.Group):
    """A group that imports a command when it is run, and describes each without importing it."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        command = importlib.import_module(module_of(cmd_name)).command
        return command if isinstance(command, click.Command) else None

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        from click.shell_completion import CompletionItem

        names = [name for name in COMMANDS if name.startswith(incomplete)]
        options = click.Command.shell_complete(self, ctx, incomplete)
        return [*(CompletionItem(name, help=COMMANDS[name]) for name in names), *options]

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except Failure as failure:
            if ctx.meta.get(FORMAT) == "github" and not failure.wrong:
                from reconciler.github.actions_output import annotate_failure

                annotate_failure(failure)
            raise

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] not in COMMANDS:
            from reconciler.diagnostics import nearest

            close = nearest(args[0].lower(), COMMANDS)
            meant = f"did you mean `{close}`?" if close else "`reconciler help` lists those that exist."
            remedy = command_here(args) or meant
            raise click.UsageError(f"There is no command {args[0]!r}; {remedy}", ctx)
        return super().resolve_command(ctx, args)


@click.group(
    cls=_LateCommands,
    context_settings={
        "help_option_names": ["-h", "--help"],
        "max_content_width": 100,
        "color": True,  # click must not strip from a pipe what --color asks for
    },
    epilog=_EPILOG,
)
@click.version_option(__version__, prog_name="reconciler", message="%(prog)s %(version)s")
@click.option(
    "-C",
    "--chdir",
    metavar="DIR",
    envvar="RECONCILER_CHDIR",
    type=click.Path(exists=True, file_okay=False),
    help="Work in another folder.",
)
def cli(chdir: str | None) -> None:
    """Agents and assistants as code: plan and apply them from manifests in Git.

    YAML manifests say what every agent and assistant should be. `reconciler` compares them with what is live,
    shows a plan, and carries out exactly that plan.
    """
    if chdir is not None:
        os.chdir(chdir)


def run(arguments: Sequence[str]) -> int:
    """Runs a command and returns its exit code; every failure ends in one message with a remedy."""
    _accept_any_text()
    credentials.learn(afresh=True)
    with credentials.secrets_hidden(), guarded():
        code = _run_command(arguments)
    lost = [loss for stream in (sys.stdout, sys.stderr) if (loss := _code_of_lost(stream))]
    return min(lost) if lost and code not in (1, _INTERRUPTED) else code


def _run_command(arguments: Sequence[str]) -> int:
    try:
        code = cli.main(with_two_dashes(arguments), prog_name="reconciler", standalone_mode=False)
        sys.stdout.flush()
    except click.exceptions.Exit as exit_:
        return exit_.exit_code
    except click.ClickException as error:
        _with_suggestion(error, arguments).show()
        return 1
    except Failure as failure:
        failure.show()
        return failure.code
    except (KeyboardInterrupt, click.Abort):
        click.echo("Interrupted.", err=True)
        return _INTERRUPTED
    except (BrokenPipeError, SystemExit):  # which click raises where the reader has closed the pipe
        return _CLOSED
    except OSError as error:
        Failure(f"{error.strerror or error}{f': {error.filename}' if error.filename else ''}").show()
        return 1
    except Exception as error:  # noqa: BLE001  # the last resort, so that no user sees a traceback
        if os.environ.get("RECONCILER_LOG") == "debug":
            traceback.print_exception(error)
        remedy = "RECONCILER_LOG=debug shows where; please report it with that"
        Failure(f"Internal error in reconciler {__version__}: {type(error).__name__}: {error}", remedy).show()
        return 1
    return code if isinstance(code, int) else 0


def _with_suggestion(error: click.ClickException, arguments: Sequence[str]) -> click.ClickException:
    """The error; where there is no such option, or one is missing, with what was probably meant."""
    if isinstance(error, click.MissingParameter) and error.param and error.param.name in MISSING_HERE:
        return click.UsageError(
            f"{error.format_message().removesuffix('.')}; {MISSING_HERE[error.param.name]}.", error.ctx
        )
    if not isinstance(error, click.NoSuchOption):
        return _with_way_for_extra(error)
    name = _as_typed(error.option_name, with_two_dashes(arguments))
    remedy = option_here(error.ctx.info_name if error.ctx else None, name) or _option_meant(name, error.ctx)
    return click.UsageError(f"There is no option `{name}`{f'; {remedy}' if remedy else '.'}", error.ctx)


def _with_way_for_extra(error: click.ClickException) -> click.ClickException:
    context = error.ctx if isinstance(error, click.UsageError) else None
    way = EXTRA_HERE.get(str(context.info_name)) if context is not None else None
    is_extra = error.message.startswith("Got unexpected extra argument")
    return click.UsageError(f"{error.message}; {way}.", context) if way and is_extra else error


def _as_typed(name: str, arguments: Sequence[str]) -> str:
    """The option as it was typed: click names the first letter of a word that has one dash."""
    words = (word.partition("=")[0] for word in arguments if len(name) == len("-x") and word.startswith(name))
    return next(words, name)


def _option_meant(name: str, context: click.Context | None) -> str:
    from reconciler.diagnostics import nearest

    parameters = context.command.params if context else []
    known = [known for option in parameters for known in (*option.opts, *option.secondary_opts)]
    close = nearest(name.lstrip("-"), [name.lstrip("-") for name in known if name.startswith("--")])
    if close:
        return f"did you mean `--{close}`?"
    if context is not None and context.parent is None:
        return f"options of a command come after it: `reconciler COMMAND {name}`"
    return ""


def _code_of_lost(stream: TextIO) -> int:
    """The exit code if not all was written; what was not is discarded, or the interpreter would exit with 120."""
    try:
        stream.flush()
    except OSError as error:
        discard(stream)
        return _CLOSED if isinstance(error, BrokenPipeError) else 1
    return 0


def _accept_any_text() -> None:
    """Lets any text be written: as UTF-8 to pipes and files, whatever the locale; to a terminal as it can.

    A stream that was closed before the process began is None; what is written there is discarded.
    """
    sys.stdout, sys.stderr = (stream or null_stream() for stream in (sys.stdout, sys.stderr))
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding=None if stream.isatty() else "utf-8", errors="backslashreplace")


def with_two_dashes(arguments: Sequence[str]) -> list[str]:
    """Accepts Terraform's own flags with one dash or two, and knows the flags of other tools with one dash too."""
    words = list(arguments)
    end = words.index("--") if "--" in words else len(words)
    named = (word for word in words[:end] if word not in ALWAYS_SO)
    return [*(f"-{word}" if _is_long(word) else word for word in named), *words[end:]]


def _is_long(word: str) -> bool:
    """Whether it is the name of a long option behind one dash."""
    has_dash = word.startswith("-")
    return _TERRAFORM.fullmatch(word) is not None or (has_dash and f"-{word.partition('=')[0]}" in OPTIONS_THERE)
