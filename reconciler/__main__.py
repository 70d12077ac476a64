"""`reconciler`, `assistants-reconciler` and `python -m reconciler`."""

from __future__ import annotations

import gc
import sys

_GARBAGE = (50_000, 20, 100)
"""After how many new objects circles of them are searched for: nearly all that a command reads it needs to the end."""


def main() -> None:
    """Runs the command line and exits with its code, also where it is interrupted before it can run."""
    gc.set_threshold(*_GARBAGE)
    try:
        from reconciler.cli import run  # click takes a moment to load

        code = run(sys.argv[1:])
    except KeyboardInterrupt:
        sys.stderr.write("Interrupted.\n")
        code = 130
    sys.exit(code)


if __name__ == "__main__":
    main()
