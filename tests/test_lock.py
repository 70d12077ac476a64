"""One apply at a time in a checkout."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from reconciler.console.failure import Failure
from reconciler.run.lock import is_held, only_one


def test_the_second_is_refused_and_told_who_the_first_is(tmp_path: Path) -> None:
    with (
        only_one(tmp_path / "state"),
        pytest.raises(Failure, match=rf"Another apply runs .* \(process {os.getpid()}\)"),
        only_one(tmp_path / "state"),
    ):
        pytest.fail("two at once")


def test_it_is_free_again_afterwards_and_after_a_failure(tmp_path: Path) -> None:
    with pytest.raises(KeyError), only_one(tmp_path):
        raise KeyError
    with only_one(tmp_path):
        assert (tmp_path / "lock").read_text() == f"{os.getpid()}\n"


def test_what_a_dead_process_wrote_there_holds_nobody_up(tmp_path: Path) -> None:
    (tmp_path / "lock").write_text("123456789 and more\n")

    with only_one(tmp_path):
        assert (tmp_path / "lock").read_text() == f"{os.getpid()}\n"


def test_a_holder_that_said_nothing_is_not_named(tmp_path: Path) -> None:
    with only_one(tmp_path):
        (tmp_path / "lock").write_text("rubbish")
        with pytest.raises(Failure, match=r"runs in this checkout\.$"), only_one(tmp_path):
            pytest.fail("two at once")


def test_two_checkouts_do_not_know_each_other(tmp_path: Path) -> None:
    with only_one(tmp_path / "one"), only_one(tmp_path / "two"):
        pass


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")

    with pytest.raises(Failure, match=r"Cannot write .*file: "), only_one(tmp_path / "file"):
        pytest.fail("without a lock")


def test_whether_an_apply_runs_can_be_asked_without_being_in_its_way(tmp_path: Path) -> None:
    assert not is_held(tmp_path)
    with only_one(tmp_path):
        assert is_held(tmp_path)
    assert not is_held(tmp_path)
