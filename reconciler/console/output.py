"""How text on a stream looks, and what is logged there."""

from __future__ import annotations

import os
import sys
from typing import Any

import click

from reconciler import config
from reconciler.render.style import Style


def style_of(stream: Any, *, colour: bool | None) -> Style:
    """How text on a stream may look: colour on a terminal, unless NO_COLOR, CI or an option says otherwise."""
    on_terminal = bool(stream.isatty())
    quiet = os.environ.get("NO_COLOR") or config.in_ci(os.environ) or os.environ.get("TERM") == "dumb"
    width = min(os.get_terminal_size(stream.fileno()).columns, 120) if on_terminal else 100
    is_coloured = on_terminal and not quiet if colour is None else colour
    return Style(width=width or 100, colour=is_coloured, is_piped=not on_terminal)


def stdout_style(*, colour: bool | None = None) -> Style:
    """How text on standard output may look."""
    return style_of(sys.stdout, colour=colour)


def log(line: str) -> None:
    """A line about a request, where RECONCILER_LOG=debug asks for it."""
    if os.environ.get("RECONCILER_LOG") == "debug":
        click.echo(line, err=True)
