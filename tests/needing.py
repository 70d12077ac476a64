"""What a test needs beyond Python: it is skipped by name without it, and fails where everything is required."""

from __future__ import annotations

import os
import shutil

import pytest


def needing(*commands: str) -> None:
    """Ends the test where a command is missing."""
    missing = ", ".join(command for command in commands if shutil.which(command) is None)
    if missing and os.environ.get("RECONCILER_REQUIRE") == "all":
        pytest.fail(f"needs {missing}, and RECONCILER_REQUIRE=all")
    if missing:
        pytest.skip(f"needs {missing}")
