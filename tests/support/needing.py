"""What a test needs beyond Python: it is skipped by name without it, and fails where everything is required."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

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


NODE = Path(__file__).parents[1] / "node"
"""Where npm's modules are that tests use."""


def brought(found: str | Path | None) -> Path:
    """What `make node` brings; without it the test is skipped, or fails where everything is required."""
    if found is None or not Path(found).exists():
        (pytest.fail if os.environ.get("RECONCILER_REQUIRE") == "all" else pytest.skip)("needs `make node`")
    return Path(str(found))


def node() -> Path:
    """The program `node`, of this environment or of the machine."""
    return brought(shutil.which("node", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"))
