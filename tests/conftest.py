"""How every test runs: the same everywhere, and quickly in the suite; at length in a soak."""

from __future__ import annotations

import gc
import os
import signal
import sys
import threading
from collections.abc import Generator

import pytest
from hypothesis import HealthCheck, settings

from support.needing import needing

settings.register_profile("suite", max_examples=25, deadline=None, derandomize=True)
settings.register_profile("soak", max_examples=1000, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("soak" if os.environ.get("RECONCILER_SOAK") else "suite")

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # a job in the background: what tests start would be deaf too
    signal.signal(signal.SIGINT, signal.default_int_handler)

_OURS = ("RECONCILER_", "OPENAI_", "CI", "NO_COLOR", "GITHUB_")
_KEPT = ("RECONCILER_GOLDEN", "RECONCILER_SOAK", "RECONCILER_REQUIRE")


@pytest.hookimpl(trylast=True)  # behind hypothesis, which marks what is its own
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Generated cases are run without coverage, like those marked `no_cover`: its bounds hold by written ones."""
    for item in items:
        elsewhere = item.get_closest_marker("covered_elsewhere") and not item.get_closest_marker("covers")
        if elsewhere or item.get_closest_marker("hypothesis"):
            item.add_marker(pytest.mark.no_cover)


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """What is imported and collected stays: it is never looked through for garbage."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


@pytest.hookimpl(wrapper=True, trylast=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, object, object]:
    """Nothing is traced where `no_cover` says so: pytest-cov measures a worker twice, and pauses one of the two."""
    if not item.get_closest_marker("no_cover"):
        return (yield)
    traces = sys.gettrace(), threading.gettrace()
    sys.settrace(None)
    threading.settrace(None)  # type: ignore[arg-type]
    try:
        return (yield)
    finally:
        sys.settrace(traces[0])
        threading.settrace(traces[1])  # type: ignore[arg-type]


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


@pytest.fixture(autouse=True)
def _unmeasured(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Processes of a test without coverage have none either."""
    if request.node.get_closest_marker("no_cover"):
        monkeypatch.delenv("COVERAGE_PROCESS_CONFIG", raising=False)
