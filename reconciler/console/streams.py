"""Streams whose text nobody reads."""

from __future__ import annotations

import os
from contextlib import suppress
from typing import IO, TextIO


def discard(stream: IO[str]) -> None:
    """From here on what is written to the stream is discarded, with what it could not write so far."""
    with null_stream() as null, suppress(OSError):
        os.dup2(null.fileno(), stream.fileno())


def null_stream() -> TextIO:
    """A stream whose text is discarded, open for as long as the process is."""
    return open(os.devnull, "w", encoding="utf-8")  # noqa: PTH123  # for as long as the process is
