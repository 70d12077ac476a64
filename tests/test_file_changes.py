"""Texts written to files of a repository: safely, or not at all."""

from __future__ import annotations

import fcntl
import os
import resource
import shutil
import signal
from pathlib import Path

import pytest

from reconciler.authoring.file_changes import text_of, write_files
from reconciler.console.failure import Failure


def refused(root: Path, texts: dict[str, str], **options: object) -> Failure:
    with pytest.raises(Failure) as caught:
        write_files(root, texts, **options)  # type: ignore[arg-type]
    return caught.value


def test_files_are_written_to_the_byte_into_folders_that_are_made(tmp_path: Path) -> None:
    texts = {"assistants/prompts/hr.md": "\ufeffBe kind.\r\n", "assistants/hr.yaml": "model: größer\n"}

    write_files(tmp_path, texts)

    assert {path: text_of(tmp_path, path) for path in texts} == texts
    assert (tmp_path / "assistants/prompts/hr.md").read_bytes() == b"\xef\xbb\xbfBe kind.\r\n"


def test_files_with_another_text_are_named_and_nothing_is_written_unless_forced(tmp_path: Path) -> None:
    write_files(tmp_path, {"a.yaml": "1\n", "b.yaml": "2\n", "c.yaml": "3\n"})
    texts = {"a.yaml": "1\n", "b.yaml": "two\n", "c.yaml": "three\n", "d.yaml": "4\n"}

    failure = refused(tmp_path, texts)

    assert failure.message == "2 files exist with different content:"
    assert failure.remedy.splitlines()[:2] == ["b.yaml", "c.yaml"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.yaml", "b.yaml", "c.yaml"]
    write_files(tmp_path, texts, force=True)
    assert {path: text_of(tmp_path, path) for path in texts} == texts


def test_a_file_is_only_replaced_if_it_is_as_it_was_read(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("1\n")
    (tmp_path / "a.yaml").chmod(0o640)
    (tmp_path / "b.yaml").write_text("someone was faster\n")
    before = {"a.yaml": "1\n", "b.yaml": "2\n", "gone.yaml": "3\n"}

    failure = refused(tmp_path, dict.fromkeys(before, "new\n"), before=before, force=True)
    write_files(tmp_path, {"a.yaml": "new\n"}, before=before)

    assert failure.message == "2 files changed while this command ran:"
    assert failure.remedy.splitlines() == ["b.yaml", "gone.yaml", "nothing was written; run it again"]
    assert text_of(tmp_path, "a.yaml") == "new\n"
    assert (tmp_path / "a.yaml").stat().st_mode & 0o777 == 0o640


def test_nothing_is_written_outside_nor_where_something_else_is(tmp_path: Path) -> None:
    root = tmp_path / "root"
    for folder in ("root/folder.yaml", "root/.git", "outside"):
        (tmp_path / folder).mkdir(parents=True)
    (root / "out").symlink_to(tmp_path / "outside")
    (root / "link.yaml").symlink_to(tmp_path / "outside/new.yaml")
    (root / "same").symlink_to(root)
    (root / "file").write_text("in the way")
    os.mkfifo(root / "pipe")
    paths = ["../x", "/etc/x", "out/x", "link.yaml", ".git/x", "folder.yaml", "file/x", "pipe"]

    failure = refused(root, {**dict.fromkeys(paths, ""), "a": "", "same/a": "", "half": "\ud800"}, force=True)

    assert sorted(line.partition(": ")[0] for line in failure.remedy.splitlines()[:-1]) == sorted(
        [*paths, "same/a", "half"]
    )
    assert list((tmp_path / "outside").iterdir()) == []
    assert not (root / "a").exists()


def test_a_link_within_the_repository_stays_one(tmp_path: Path) -> None:
    (tmp_path / "shared.md").write_text("before\n")
    (tmp_path / "link.md").symlink_to("shared.md")

    write_files(tmp_path, {"link.md": "after\n"}, before={"link.md": "before\n"})

    assert (tmp_path / "link.md").is_symlink()
    assert (tmp_path / "shared.md").read_text() == "after\n"


def test_a_failure_says_what_was_written_and_leaves_no_half_file(tmp_path: Path) -> None:
    texts = {"a.md": "small\n", "new/folder/b.md": "b" * 100_000, "z/c.md": "small\n"}
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, before[1]))  # as on a full disk
    try:
        failure = refused(tmp_path, texts)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)

    assert failure.message == "Cannot write new/folder/b.md: File too large."
    assert (
        failure.remedy == "written: a.md\nnot written: new/folder/b.md, z/c.md\nrun the command again to write the rest"
    )
    assert [path.name for path in tmp_path.iterdir()] == ["a.md"]


def test_an_interrupted_command_says_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    replace = Path.replace

    def interrupted(path: Path, target: Path) -> Path:
        if target.name == "b.md":
            raise KeyboardInterrupt
        return replace(path, target)

    monkeypatch.setattr(Path, "replace", interrupted)
    failure = refused(tmp_path, {"a.md": "1\n", "b.md": "2\n"})

    assert (failure.message, failure.code) == ("Interrupted.", 130)
    assert failure.remedy == "written: a.md\nnot written: b.md\nrun the command again to write the rest"
    assert [path.name for path in tmp_path.iterdir()] == ["a.md"]


def test_a_file_that_changes_between_the_check_and_the_write_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a.md").write_text("read\n")
    copymode = shutil.copymode

    def changing(path: Path, beside: Path) -> None:
        path.write_text("theirs\n")
        copymode(path, beside)

    monkeypatch.setattr(shutil, "copymode", changing)
    failure = refused(tmp_path, {"a.md": "ours\n"}, before={"a.md": "read\n"})

    assert failure.message == "Cannot write a.md: the file changed while this command ran."
    assert (tmp_path / "a.md").read_text() == "theirs\n"


def test_what_is_referred_to_is_written_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    order: list[str] = []
    replace = Path.replace
    monkeypatch.setattr(Path, "replace", lambda path, target: (order.append(target.name), replace(path, target))[1])
    write_files(tmp_path, {"reconciler.yaml": "1\n", "a/hr.yaml": "1\n"})
    order.clear()

    texts = {"reconciler.yaml": "2\n", "a/hr.yaml": "2\n", "a/bot.yaml": "1\n", "a/prompts/hr.md": "new\n"}
    write_files(tmp_path, texts, force=True)

    assert order == ["hr.md", "bot.yaml", "reconciler.yaml", "hr.yaml"]

    order.clear()
    write_files(
        tmp_path, {"reconciler.yaml": "3\n", "a/hr.yaml": "3\n", "a/it.yaml": "1\n"}, force=True, last="reconciler.yaml"
    )
    assert order == ["it.yaml", "hr.yaml", "reconciler.yaml"]


def test_a_failure_names_a_few_files_and_counts_the_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(path: Path, target: Path) -> Path:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)

    failure = refused(tmp_path, {f"{number:02}.md": "1\n" for number in range(12)})

    assert "08.md, 09.md and 2 more\n" in failure.remedy


def test_a_file_that_is_read_only_is_not_replaced(tmp_path: Path) -> None:
    for name in ("a.md", "b.md", "same.md"):
        (tmp_path / name).write_text("read\n")
    for name in ("b.md", "same.md"):
        (tmp_path / name).chmod(0o444)

    failure = refused(tmp_path, {"a.md": "1\n", "b.md": "2\n", "same.md": "read\n"}, force=True)

    assert failure.message == "1 file cannot be written:"
    assert failure.remedy.splitlines()[0] == "b.md: the file is read-only."
    assert (tmp_path / "a.md").read_text() == "read\n"


def test_what_a_killed_command_left_beside_a_file_is_no_obstacle_unless_it_is_in_use(tmp_path: Path) -> None:
    beside = tmp_path / ".a.md.writing"
    beside.write_text("half of a longer text")
    write_files(tmp_path, {"a.md": "whole\n"})
    assert ((tmp_path / "a.md").read_text(), beside.exists()) == ("whole\n", False)

    with beside.open("w") as stream:
        fcntl.flock(stream, fcntl.LOCK_EX)
        failure = refused(tmp_path, {"a.md": "other\n"}, force=True)
    assert failure.message == "Cannot write a.md: another command is writing it."
    beside.unlink()
    beside.symlink_to(tmp_path / "elsewhere")
    assert refused(tmp_path, {"a.md": "other\n"}, force=True).message.startswith("Cannot write a.md: ")
    assert [path.name for path in tmp_path.iterdir() if path != beside] == ["a.md"]


def test_what_cannot_be_read_is_told(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_bytes(b"\xff")

    with pytest.raises(Failure, match=r"Cannot read a.md: the text is not UTF-8\."):
        text_of(tmp_path, "a.md")
    with pytest.raises(Failure, match=r"Cannot read b.md: the file does not exist\."):
        text_of(tmp_path, "b.md")
