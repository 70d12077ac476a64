"""What the embedded server keeps, whatever happens to it."""

import os
import sqlite3
from pathlib import Path

import pytest

from reconciler.emulator import Emulator, EmulatorError
from support.emulator_process import started
from support.emulator_world import World, call


def open_and_close(path: Path) -> None:
    Emulator(path, patience=0).close()


def count(path: Path) -> int:
    world = World(path=path)
    page = world.page("?limit=100")
    total = len(page["data"])
    while page["has_more"]:
        page = world.page(f"?limit=100&after={page['last_id']}")
        total += len(page["data"])
    world.emulator.close()
    return total


def test_what_was_written_is_there_when_opened_again(tmp_path: Path) -> None:
    world = World(path=tmp_path / "live.db")
    created = world.create(name="HR Helper")
    world.emulator.close()

    again = World(path=str(tmp_path / "live.db"))

    assert again.retrieve("asst_1") == created
    again.emulator.close()


def test_a_missing_folder_is_made(tmp_path: Path) -> None:
    open_and_close(tmp_path / "a" / "b" / "live.db")

    assert (tmp_path / "a" / "b" / "live.db").exists()


def test_the_database_is_in_wal_mode(tmp_path: Path) -> None:
    open_and_close(tmp_path / "live.db")

    with sqlite3.connect(tmp_path / "live.db") as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    connection.close()


def test_a_listing_is_read_from_the_index(tmp_path: Path) -> None:
    open_and_close(tmp_path / "live.db")
    query = "SELECT id FROM assistants WHERE (created_at, seq) < (5, 5) ORDER BY created_at DESC, seq DESC"

    connection = sqlite3.connect(tmp_path / "live.db")
    plan = connection.execute(f"EXPLAIN QUERY PLAN {query}").fetchall()
    connection.close()

    assert [row[3].partition(" (")[0] for row in plan] == ["SEARCH assistants USING INDEX assistants_listed"]


def test_two_emulators_share_one_file(tmp_path: Path) -> None:
    one, other = (World(path=tmp_path / "live.db") for _ in "ab")
    one.create()

    other.modify("asst_1", name="seen")

    assert one.retrieve("asst_1")["name"] == "seen"
    one.emulator.close()
    other.emulator.close()


def test_two_processes_write_one_new_file_at_once(tmp_path: Path) -> None:
    path = tmp_path / "live.db"
    with started(path, "write") as one, started(path, "write") as other:
        ids = {process.stdout.readline() for process in (one, other) for _ in range(30)}
        one.kill()
        other.kill()
        _, errors = one.communicate()
        _, other_errors = other.communicate()

    assert (errors, other_errors) == ("", "")
    assert len(ids) == 60
    assert count(path) >= 60


def test_a_kill_in_the_midst_of_writes_loses_nothing_answered(tmp_path: Path) -> None:
    path = tmp_path / "live.db"
    with started(path, "write") as process:
        answered = [process.stdout.readline().strip() for _ in range(30)]
        process.kill()
        rest, _ = process.communicate()
        answered += rest.split()

    world = World(path=path)
    for assistant in answered:
        assert world.retrieve(assistant)["model"] == "gpt-4o"
    world.emulator.close()
    connection = sqlite3.connect(path)
    assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    connection.close()


def test_a_thousand_assistants_are_listed_in_order(tmp_path: Path) -> None:
    world = World(path=tmp_path / "live.db")
    world.create()
    connection = sqlite3.connect(tmp_path / "live.db")
    with connection:
        connection.execute(
            "WITH RECURSIVE n(i) AS (VALUES (2) UNION ALL SELECT i + 1 FROM n WHERE i < 1000) INSERT INTO "
            "assistants (id, created_at, fields) SELECT 'asst_' || i, 1000 + i / 7, fields FROM n, assistants"
        )
    connection.close()
    world.emulator.close()

    assert count(tmp_path / "live.db") == 1000


# --- what goes wrong ---


def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    (tmp_path / "live.db").write_text("name: HR Helper\n" * 100)

    with pytest.raises(EmulatorError, match="file is not a database") as refusal:
        open_and_close(tmp_path / "live.db")

    assert str(tmp_path / "live.db") in refusal.value.message
    assert refusal.value.remedy.startswith("Move it out of the way")


def test_a_damaged_database_is_refused(tmp_path: Path) -> None:
    open_and_close(tmp_path / "live.db")
    content = bytearray((tmp_path / "live.db").read_bytes())
    content[100:4000] = b"\xff" * 3900
    (tmp_path / "live.db").write_bytes(content)

    with pytest.raises(EmulatorError, match="malformed"):
        open_and_close(tmp_path / "live.db")


def test_a_newer_database_is_refused(tmp_path: Path) -> None:
    connection = sqlite3.connect(tmp_path / "live.db")
    connection.execute("PRAGMA user_version = 99")
    connection.close()

    with pytest.raises(EmulatorError, match="newer emulator") as refusal:
        open_and_close(tmp_path / "live.db")

    assert refusal.value.remedy.startswith("Upgrade")


def test_a_database_of_another_program_is_refused(tmp_path: Path) -> None:
    connection = sqlite3.connect(tmp_path / "live.db")
    connection.execute("CREATE TABLE theirs (x)")
    connection.close()

    with pytest.raises(EmulatorError, match="another program"):
        open_and_close(tmp_path / "live.db")


def test_a_folder_that_is_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    with pytest.raises(EmulatorError, match="cannot be used"):
        open_and_close(tmp_path / "file" / "live.db")


def test_a_folder_in_place_of_the_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(EmulatorError, match="Check that its folder can be written to"):
        open_and_close(tmp_path)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_cannot_be_written_is_refused(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)

    with pytest.raises(EmulatorError, match="Check that its folder can be written to"):
        open_and_close(tmp_path / "live.db")


def test_a_file_that_another_process_holds_is_refused(tmp_path: Path) -> None:
    holder = sqlite3.connect(tmp_path / "live.db", isolation_level=None)
    holder.execute("BEGIN EXCLUSIVE")

    with pytest.raises(EmulatorError, match="Another process is holding it"):
        open_and_close(tmp_path / "live.db")

    holder.close()


def test_a_write_that_cannot_get_in_is_a_500(tmp_path: Path) -> None:
    emulator = Emulator(tmp_path / "live.db", patience=0)
    holder = sqlite3.connect(tmp_path / "live.db", isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")

    refused = call(emulator, "POST", "/v1/assistants", {"model": "gpt-4o"})
    holder.execute("ROLLBACK")
    taken = call(emulator, "POST", "/v1/assistants", {"model": "gpt-4o"})

    assert refused.status_code == 500
    assert "database is locked" in refused.json()["error"]["message"]
    assert taken.status_code == 200
    holder.close()
    emulator.close()


def test_a_full_disk_is_a_500_and_leaves_everything_whole(tmp_path: Path) -> None:
    world = World(path=tmp_path / "live.db")
    created = world.create()
    world.emulator._store._connection.execute("PRAGMA max_page_count = 1")
    body = {"instructions": "i" * 200_000}

    answer = call(world.emulator, "POST", "/v1/assistants/asst_1", body)

    assert answer.status_code == 500
    assert "full" in answer.json()["error"]["message"]
    assert world.retrieve("asst_1") == created
    world.emulator.close()


def test_an_id_given_twice_is_a_500_and_the_first_stays(tmp_path: Path) -> None:
    emulator = Emulator(tmp_path / "live.db", new_id=lambda: "asst_1")

    statuses = [
        call(emulator, "POST", "/v1/assistants", {"model": model}).status_code for model in ("gpt-4o", "gpt-4.1")
    ]

    assert statuses == [200, 500]
    assert call(emulator, "GET", "/v1/assistants/asst_1").json()["model"] == "gpt-4o"
    emulator.close()
