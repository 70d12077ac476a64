"""What the embedded server keeps, whatever happens to it."""

import os
import sqlite3
from pathlib import Path

import pytest

from reconciler.emulator import APIS, Emulator, EmulatorError
from support.emulator_process import started
from support.emulator_world import World, call

pytestmark = pytest.mark.no_cover


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


def first_version(path: Path, assistants: int) -> None:
    """A file as the first version made them: one table, in which the newest was deleted."""
    connection = sqlite3.connect(path)
    connection.executescript("""
        PRAGMA journal_mode = WAL;
        CREATE TABLE assistants (
            seq INTEGER PRIMARY KEY AUTOINCREMENT,
            id TEXT NOT NULL UNIQUE,
            created_at INTEGER NOT NULL,
            fields TEXT NOT NULL
        );
        CREATE INDEX assistants_listed ON assistants (created_at, seq);
        PRAGMA user_version = 1;
    """)
    rows = [(f"asst_old{n}", 900 + n // 7, f'{{"name":"{n}","model":"gpt-4o"}}') for n in range(assistants + 1)]
    with connection:
        connection.executemany("INSERT INTO assistants (id, created_at, fields) VALUES (?, ?, ?)", rows)
        connection.execute("DELETE FROM assistants WHERE id = ?", (f"asst_old{assistants}",))
    connection.close()


def test_what_was_written_is_there_when_opened_again(tmp_path: Path) -> None:
    world = World(path=tmp_path / "live.db")
    created = world.create(name="HR Helper")
    world.emulator.close()

    again = World(path=str(tmp_path / "live.db"))

    assert again.retrieve("asst_1") == created
    again.emulator.close()


def test_one_file_holds_the_objects_of_every_api(tmp_path: Path) -> None:
    worlds = [World(path=tmp_path / "live.db", api=api) for api in APIS]
    created = [world.create(name=world.api) for world in worlds]
    for world in worlds:
        world.emulator.close()

    again = [World(path=tmp_path / "live.db", api=api) for api in APIS]

    assert [world.page()["data"] for world in again] == [[one] for one in created]
    for world in again:
        world.emulator.close()


def test_two_apis_may_have_one_id(tmp_path: Path) -> None:
    emulator = Emulator(tmp_path / "live.db", new_id=lambda _: "id_1")
    for api in APIS:
        assert call(emulator, "POST", f"/v1/{api}", {"model": "gpt-4o"}).status_code == 200

    assert call(emulator, "DELETE", "/v1/agents/id_1").status_code == 200
    assert call(emulator, "GET", "/v1/assistants/id_1").json()["object"] == "assistant"
    emulator.close()


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
    query = (
        "SELECT id FROM objects WHERE api = 'agents' AND (created_at, seq) < (5, 5) ORDER BY created_at DESC, seq DESC"
    )

    connection = sqlite3.connect(tmp_path / "live.db")
    plan = connection.execute(f"EXPLAIN QUERY PLAN {query}").fetchall()
    connection.close()

    assert [row[3].partition(" (")[0] for row in plan] == ["SEARCH objects USING INDEX objects_listed"]


def test_two_emulators_share_one_file(tmp_path: Path) -> None:
    one, other = (World(path=tmp_path / "live.db") for _ in "ab")
    one.create()

    other.modify("asst_1", name="seen")

    assert one.retrieve("asst_1")["name"] == "seen"
    one.emulator.close()
    other.emulator.close()


@pytest.mark.parametrize("old", [0, 500])
def test_two_processes_make_or_upgrade_one_file_at_once(tmp_path: Path, old: int) -> None:
    path = tmp_path / "live.db"
    if old:
        first_version(path, old)
    with started(path, "write") as one, started(path, "write") as other:
        ids = {process.stdout.readline() for process in (one, other) for _ in range(30)}
        one.kill()
        other.kill()
        _, errors = one.communicate()
        _, other_errors = other.communicate()

    assert (errors, other_errors) == ("", "")
    assert len(ids) == 60
    assert count(path) >= 60 + old


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
            "objects (api, id, created_at, updated_at, fields) "
            "SELECT api, 'asst_' || i, 1000 + i / 7, 1000, fields FROM n, objects"
        )
    connection.close()
    world.emulator.close()

    assert count(tmp_path / "live.db") == 1000


# --- files of the first version ---


def test_a_file_of_the_first_version_keeps_its_assistants_and_takes_others(tmp_path: Path) -> None:
    first_version(tmp_path / "live.db", 3)

    world = World(path=tmp_path / "live.db")
    created = world.create()

    assert [one["id"] for one in world.page("?order=asc")["data"]] == [*(f"asst_old{n}" for n in range(3)), "asst_1"]
    assert world.retrieve("asst_old1") == {
        "id": "asst_old1", "object": "assistant", "created_at": 900, "name": "1", "model": "gpt-4o",
    }  # fmt: skip
    assert world.modify("asst_old1", name="new")["name"] == "new"
    world.emulator.close()
    assert World(path=tmp_path / "live.db").retrieve("asst_1") == created


def test_an_upgraded_file_is_as_a_new_one(tmp_path: Path) -> None:
    first_version(tmp_path / "old.db", 3)
    made = []
    for name in ("old.db", "new.db"):
        open_and_close(tmp_path / name)
        connection = sqlite3.connect(tmp_path / name)
        made.append(connection.execute("SELECT name, sql FROM sqlite_master ORDER BY name").fetchall())
        made.append(connection.execute("PRAGMA user_version").fetchall())
        last = connection.execute("SELECT seq FROM sqlite_sequence").fetchall()
        connection.close()
        assert last == ([(4,)] if name == "old.db" else [])

    assert made[:2] == made[2:]


def test_an_upgrade_killed_before_any_of_its_statements_is_none_or_whole(tmp_path: Path) -> None:
    path = tmp_path / "live.db"
    first_version(path, 50)
    with started(path, "doomed") as process:
        _, errors = process.communicate()

    copies = [copy for copy in tmp_path.iterdir() if copy.name[-1].isdigit()]
    assert (process.returncode, errors) == (0, "")
    assert len(copies) > 10
    assert [count(copy) for copy in copies] == [50] * len(copies)


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
    emulator = Emulator(tmp_path / "live.db", new_id=lambda _: "asst_1")

    statuses = [
        call(emulator, "POST", "/v1/assistants", {"model": model}).status_code for model in ("gpt-4o", "gpt-4.1")
    ]

    assert statuses == [200, 500]
    assert call(emulator, "GET", "/v1/assistants/asst_1").json()["model"] == "gpt-4o"
    emulator.close()
