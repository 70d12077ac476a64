"""`reconciler`, `assistants-reconciler` and `python -m reconciler`."""

from __future__ import annotations

import sys

from reconciler.cli import run


def main() -> None:
    """Runs the command line and exits with its code."""
    sys.exit(run(sys.argv[1:]))


if __name__ == "__main__":
    main()
