"""How every test runs: the same everywhere, and quickly in the suite; at length in a soak."""

from __future__ import annotations

import os
import signal

import pytest
from hypothesis import HealthCheck, settings

from support.needing import needing

settings.register_profile("suite", max_examples=40, deadline=None, derandomize=True)
settings.register_profile("soak", max_examples=1000, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("soak" if os.environ.get("RECONCILER_SOAK") else "suite")

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # a job in the background: what tests start would be deaf too
    signal.signal(signal.SIGINT, signal.default_int_handler)

_OURS = ("RECONCILER_", "OPENAI_", "CI", "NO_COLOR", "GITHUB_")
_KEPT = ("RECONCILER_GOLDEN", "RECONCILER_SOAK", "RECONCILER_REQUIRE")


@pytest.fixture(autouse=True)
def _needed(request: pytest.FixtureRequest) -> None:
    """A test that needs more than Python is skipped by name; where everything is required, that is a failure."""
    for marker in request.node.iter_markers("needs"):
        needing(*marker.args)


@pytest.fixture(autouse=True)
def _plain_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing that a developer or a CI has set reaches a test."""
    for name in list(os.environ):
        if name.startswith(_OURS) and name not in _KEPT:
            monkeypatch.delenv(name)
