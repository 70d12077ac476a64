"""What a test needs beyond Python: it is skipped by name without it, and fails where everything is required."""

from __future__ import annotations

import os
import shutil

import pytest

PATIENCE = 120
"""So many seconds a test waits for what comes at once on a machine that does nothing else, before it calls it hung."""


def needing(*commands: str) -> None:
    """Ends the test where a command is missing."""
    missing = ", ".join(command for command in commands if shutil.which(command) is None)
    if missing and os.environ.get("RECONCILER_REQUIRE") == "all":
        pytest.fail(f"needs {missing}, and RECONCILER_REQUIRE=all")
    if missing:
        pytest.skip(f"needs {missing}")
