"""`reconciler serve`: the embedded server on a port, for other programs."""

from __future__ import annotations

from functools import partial

import click

from reconciler.cli import options
from reconciler.github import ci_output_guard


@click.command("serve")
@options.option("--host", default="127.0.0.1", show_default=True, help="The address to listen on.")
@options.option("--port", default=8000, show_default=True, type=click.IntRange(0, 65535), help="The port; 0 is any.")
@options.option("--data", metavar="FILE", help="Where to keep the data; default: the `local` environment's.")
@options.option("--allow-remote", is_flag=True, help="Listen on an address that others can reach.")
@options.option("--api-key", metavar="KEY", envvar="RECONCILER_SERVE_KEY", help="Require this key from every caller.")
def command(host: str, port: int, data: str | None, allow_remote: bool, api_key: str | None) -> int:
    """Run the embedded server for other programs.

    Speaks the Assistants API v2 and the Agents API under /v1 until it is interrupted. It listens on loopback only, and
    rejects foreign Host headers and bodies that are not JSON.
    """
    from contextlib import closing

    from reconciler.console.failure import Failure
    from reconciler.emulator import Emulator, EmulatorError, Settings, serve
    from reconciler.run.session import local_data

    path, models = (data, {}) if data else local_data()
    try:
        with closing(Emulator(path, Settings(models=models, require_key=api_key))) as emulator:
            serve(emulator, host=host, port=port, allow_remote=allow_remote, ready=partial(_print_address, path))
    except EmulatorError as error:
        raise Failure(error.message, error.remedy) from error
    return 0


def _print_address(path: str, host: str, port: int) -> None:
    from reconciler.emulator import APIS

    name = f"[{host}]" if ":" in host and not host.startswith("[") else host
    titles = " and ".join(api.title for api in APIS.values())
    click.echo(f"{titles} on http://{name}:{port}/v1, data in {path}. Ctrl-C ends it.")
    ci_output_guard.rest()
