"""A test that needs more than Python says so."""

from __future__ import annotations

import pytest

from support.needing import needing


def test_what_is_there_is_no_reason_to_skip() -> None:
    needing("sh")


def test_what_is_missing_is_skipped_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("RECONCILER_REQUIRE", raising=False)
    with pytest.raises(pytest.skip.Exception, match="needs no-such-command"):
        needing("no-such-command")


def test_where_everything_is_required_a_skip_is_a_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RECONCILER_REQUIRE", "all")

    with pytest.raises(pytest.fail.Exception, match="needs no-such-command, and RECONCILER_REQUIRE=all"):
        needing("no-such-command")
