"""`reconciler`, `assistants-reconciler` and `python -m reconciler`."""

from __future__ import annotations

import sys


def main() -> None:
    """Runs the command line and exits with its code, also where it is interrupted before it can run."""
    try:
        from reconciler.cli import run  # click takes a moment to load

        code = run(sys.argv[1:])
    except KeyboardInterrupt:
        sys.stderr.write("Interrupted.\n")
        code = 130
    sys.exit(code)


if __name__ == "__main__":
    main()
