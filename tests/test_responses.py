"""A folder of requests in place of a server: planned, applied, drifted and rolled back like any other."""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path
from resource import RLIMIT_FSIZE, getrlimit, setrlimit
from tempfile import TemporaryDirectory
from typing import Any, TypeAlias

import anyio
import pytest
from hypothesis import assume, given

from reconciler.canonical import encode
from reconciler.cli import run
from reconciler.diagnostics import Location
from reconciler.kinds import Problem
from reconciler.kinds.assistant import ASSISTANT
from reconciler.kinds.requests import misfits
from reconciler.model import Address, Desired, Live, Marker
from reconciler.plan import marker as markers
from reconciler.plan.changes import creation
from reconciler.plan.diff import compare
from reconciler.providers import ObjectGone, Outdated, Rejected
from reconciler.providers.request_folder import RequestFolder
from reconciler.providers.responses import RESPONSES, RequestPlace
from support.bodies import bodies
from support.checkout import Checkout
from support.gits import commit, git, repository
from support.official import judge_response_request

CONFIG = "stack: acme\nenvironments:\n  production: {provider: responses, folder: dist/production}\n"
HR = """\
name: HR Helper
description: Answers questions.
model: gpt-4.1-2025-04-14
instructions: |
  You help “people”.
  Be brief.
tools:
  - type: function
    function: {name: look_up, parameters: {type: object, properties: {b: {type: string}, a: {type: string}}}}
  - type: file_search
tool_resources: {file_search: {vector_store_ids: [vs_1]}}
metadata: {team: people}
"""
IT = "name: IT Helper\nmodel: o4-mini-2025-04-16\n"
REQUEST = """\
{
  "model": "gpt-4.1-2025-04-14",
  "instructions": "You help “people”.\\nBe brief.",
  "tools": [
    {
      "type": "file_search",
      "vector_store_ids": [
        "vs_1"
      ]
    },
    {
      "type": "function",
      "name": "look_up",
      "parameters": {
        "type": "object",
        "properties": {
          "b": {
            "type": "string"
          },
          "a": {
            "type": "string"
          }
        }
      },
      "strict": false
    }
  ],
  "metadata": {
    "team": "people"
  }
}
"""
Body: TypeAlias = dict[str, Any]
ENTRY = ("name", "description", "marker")


class Place(Checkout):
    """A checkout with a folder of requests."""

    @property
    def folder(self) -> Path:
        return self.root / "dist" / "production"

    @property
    def index(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads((self.folder / "_index.json").read_text())["requests"]
        return found

    def files(self) -> dict[str, bytes]:
        return {path.name: path.read_bytes() for path in sorted(self.folder.iterdir())}

    def request(self, key: str) -> dict[str, Any]:
        found: dict[str, Any] = json.loads((self.folder / f"{key}.json").read_text())
        return found

    def edit(self, key: str, **members: Any) -> None:
        """Somebody edits a request by hand, in a format of their own."""
        (self.folder / f"{key}.json").write_text(json.dumps({**self.request(key), **members}))

    def apply(self, *arguments: str) -> str:
        told = self.run("apply", "--auto-approve", *arguments)
        assert told.code == 0, told.out + told.err
        return told.out

    def plan(self, *arguments: str) -> Any:
        return self.run("plan", "--json", *arguments).data

    def changes(self) -> list[tuple[str, str, list[tuple[str, str]]]]:
        """What is planned: each address, what is done, and every field with who changed it."""
        return [
            (one["address"], one["action"], [(field["path"], field["cause"]) for field in one["fields"]])
            for one in self.plan()["changes"]
        ]


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Place:
    monkeypatch.setenv("RECONCILER_ENVIRONMENT", "production")
    place = Place(tmp_path, monkeypatch, capsys, hr=HR, it=IT)
    place.config(CONFIG)
    return place


@pytest.fixture
def applied(here: Place) -> Place:
    here.apply()
    return here


# Writing


def test_an_apply_writes_one_pure_request_a_key_and_what_is_ours_beside_them(here: Place) -> None:
    shown = here.apply()
    assert shown.startswith("production (responses, dist/production), stack acme\n")
    assert [*here.files()] == ["_index.json", "hr.json", "it.json"]
    assert (here.folder / "hr.json").read_text() == REQUEST
    assert {id: [*entry] for id, entry in here.index.items()} == {"hr": [*ENTRY], "it": ["name", "marker"]}
    assert here.index["hr"]["marker"].startswith("v1 acme/production/hr f=1 d=")
    for key in ("hr", "it"):
        judge_response_request(here.request(key))


def test_applying_again_changes_no_byte_and_neither_does_another_way_to_the_same_manifests(here: Place) -> None:
    here.write(hr=IT, it=HR, other=IT)
    here.apply()
    here.write(hr=HR.replace("people", "staff"), it=IT)
    (here.root / "assistants/other.yaml").unlink()
    here.apply()
    here.write(hr=HR)
    here.apply()
    first = here.files()
    assert "No changes." in here.apply()
    assert here.files() == first
    for name in first:
        (here.folder / name).unlink()
    here.apply()
    assert here.files() == first


def test_what_has_no_place_in_a_request_is_an_error_at_its_line(here: Place) -> None:
    here.write(hr="model: gpt-4.1\ntools:\n  - type: file_search\n  - type: openapi\n")
    (here.root / "agents").mkdir()
    (here.root / "agents/scout.yaml").write_text("model: gpt-5\n")
    told = here.run("apply", "--auto-approve")
    assert told.code == 1
    assert "assistants/hr.yaml:3:5: unsupported-field: `file_search` names no vector store here" in told.err
    assert "assistants/hr.yaml:4:11: unknown-tool: `openapi` is not a tool type of this server." in told.err
    assert "agents/scout.yaml:1:1: unsupported-kind" in told.err
    assert not here.folder.exists()


def test_tools_that_only_requests_have_pass_as_they_stand(here: Place) -> None:
    here.write(hr="model: gpt-4.1\ntools: [{type: web_search, search_context_size: low}]\n")
    here.apply()
    assert here.request("hr")["tools"] == [{"type": "web_search", "search_context_size": "low"}]
    assert here.changes() == []


# A hand, in the folder


def test_a_hand_edit_is_drift_and_what_is_the_hands_own_stays(applied: Place) -> None:
    before = applied.files()
    applied.edit("hr", model="gpt-5", max_output_tokens=100)
    applied.edit("it", reasoning={"effort": "high", "summary": "auto"})
    tools = applied.request("hr")["tools"]
    applied.edit("hr", tools=[*tools, {"type": "web_search"}])
    assert applied.changes() == [
        ("assistant.hr", "update", [("model", "drift"), ("tools.web_search", "drift")]),
        ("assistant.it", "update", [("reasoning_effort", "drift")]),
    ]
    assert applied.run("plan", "--drift", "--detailed-exitcode").code == 2
    applied.apply()
    assert applied.request("hr") == {**json.loads(before["hr.json"]), "max_output_tokens": 100}
    assert applied.request("it") == {**json.loads(before["it.json"]), "reasoning": {"summary": "auto"}}
    assert applied.files()["_index.json"] == before["_index.json"]
    assert applied.changes() == []


def test_what_a_hand_formats_otherwise_stays_so_until_its_request_changes(applied: Place) -> None:
    applied.edit("hr", temperature=1)
    before = applied.files()
    applied.apply()
    assert applied.files() == before


def test_a_deleted_request_is_a_deleted_object(applied: Place) -> None:
    before = applied.files()
    (applied.folder / "hr.json").unlink()
    assert [change[:2] for change in applied.changes()] == [("assistant.hr", "create")]
    applied.apply()
    assert applied.files() == before


def test_a_removed_manifest_deletes_its_request_and_the_last_one_the_index(applied: Place) -> None:
    (applied.root / "assistants/hr.yaml").unlink()
    applied.apply("--allow", "too-many-deletes")
    assert [*applied.files()] == ["_index.json", "it.json"]
    assert [*applied.index] == ["it"]
    applied.write(it=f"{IT}reconciler: {{on_removal: keep}}\n")
    applied.apply()
    (applied.root / "assistants/it.yaml").unlink()
    applied.apply("--allow", "no-manifests")
    assert applied.index == {"it": {"name": "IT Helper"}}


def test_a_renamed_manifest_keeps_its_file(applied: Place) -> None:
    before = applied.files()
    (applied.root / "assistants/hr.yaml").unlink()
    applied.write(people=f"{HR}reconciler: {{was: [hr]}}\n")
    applied.apply()
    assert applied.files().keys() == before.keys()
    assert applied.run("output", "people").out == "hr\n"


def test_a_file_that_is_not_managed_is_never_written_over(here: Place) -> None:
    here.folder.mkdir(parents=True)
    (here.folder / "hr.json").write_text('{"model": "gpt-5"}')
    told = here.run("apply", "--auto-approve")
    assert told.code == 1
    assert (
        "Objection (possible-duplicate) assistant.hr: A new assistant is planned, but hr has the same name" in told.out
    )
    assert "`id: {production: hr}`" in told.out
    told = here.run("apply", "--auto-approve", "--allow", "possible-duplicate")
    assert told.code == 1
    assert "dist/production/hr.json exists already, and is unmanaged." in told.out + told.err
    assert "write `reconciler: {id: {production: hr}}`" in told.out + told.err
    assert here.request("hr") == {"model": "gpt-5"}
    here.write(hr=f"{HR}reconciler: {{id: {{production: hr}}}}\n")
    here.apply()
    assert (here.folder / "hr.json").read_text() == REQUEST


def test_requests_of_ones_own_are_imported_and_adopted_without_a_changed_byte(here: Place) -> None:
    members: Body = {"b": {"type": "string"}, "a": {"type": "string"}}
    schema: Body = {"type": "object", "properties": members, "required": ["b", "a"], "additionalProperties": False}
    tools: list[Body] = [
        {"type": "web_search", "search_context_size": "low"},
        {"type": "function", "name": "f", "parameters": schema, "strict": True, "output_schema": schema},
        {"type": "function", "name": "unsaid", "parameters": schema},
        {"type": "code_interpreter", "container": {"type": "auto", "memory_limit": "4g", "file_ids": ["f2", "f1"]}},
        {"type": "file_search", "vector_store_ids": ["vs_1"], "filters": {"type": "eq", "key": "a", "value": "b"}},
        {"type": "mcp", "server_label": "docs", "server_url": "https://docs.example.com"},
    ]
    answer: Body = {"type": "json_schema", "name": "n", "schema": schema}
    messy: Body = {
        "max_output_tokens": 5,
        "tools": tools,
        "text": {"verbosity": "low"},
        "reasoning": {"effort": "high", "summary": "auto"},
        "model": "gpt-5.1",
        "metadata": {"b": "1"},
        "instructions": "---\n{{ }} % “x”\r\n",
    }
    here.folder.mkdir(parents=True)
    for path in (here.root / "assistants").iterdir():
        path.unlink()
    for key, request in {"my-bot": messy, "Other Bot": {"model": "gpt-4.1", "text": {"format": answer}}}.items():
        (here.folder / f"{key}.json").write_text(json.dumps(request, indent=4))
    (here.folder / "two.json").write_text(json.dumps({"model": "gpt-4.1", "tools": [tools[4]] * 2}))
    before = here.files()
    told = here.run("import")
    assert (told.code, "1 was left: two: `file_search` is listed twice." in told.err) == (0, True)
    assert here.changes() == [("assistant.my-bot", "adopt", []), ("assistant.other-bot", "adopt", [])]
    here.apply()
    assert {name: content for name, content in here.files().items() if name != "_index.json"} == before
    assert here.changes() == []


def test_a_lost_index_is_restored_by_adopting_or_is_told_of(applied: Place) -> None:
    (applied.folder / "_index.json").unlink()
    for state, code in ((".reconciler", "marker-lost"), ("of-another-clone", "possible-duplicate")):
        told = applied.run("apply", "--auto-approve", "--state-dir", state)
        assert told.code == 1
        assert told.out.count(f"Objection ({code})") == 2
        assert (applied.folder / "hr.json").read_text() == REQUEST


# What is wrong with the folder

OUT = "is a link that leads out of the repository."


def _file(name: str, content: bytes) -> Callable[[Place], None]:
    def spoil(place: Place) -> None:
        (place.folder / name).write_bytes(content)

    return spoil


def _link(name: str) -> Callable[[Place], None]:
    def spoil(place: Place) -> None:
        (place.folder / name).unlink(missing_ok=True)
        (place.folder / name).symlink_to("/etc/passwd")

    return spoil


def _folder_link(place: Place) -> None:
    place.folder.rename(place.root.parent / "elsewhere")
    place.folder.symlink_to(place.root.parent / "elsewhere")


def _plain_file(place: Place) -> None:
    place.folder.rename(place.root / "gone")
    place.folder.write_text("")


FAULTS: list[tuple[Callable[[Place], None], str]] = [
    (_file("hr.json", b'{\n  "model": oops\n}'), "dist/production/hr.json:2:12: This is not JSON: Expecting value."),
    (_file("hr.json", b"{\n<<<<<<< HEAD\n}"), "it holds an unfinished merge of Git"),
    (_file("hr.json", b'{"model": "\xff"}'), "dist/production/hr.json:1: The byte 0xff is not UTF-8."),
    (_file("hr.json", b"[]"), "dist/production/hr.json is not a JSON object"),
    (_file("hr.json", b'{"a": NaN}'), "dist/production/hr.json is not a JSON object"),
    (_file("hr.json", b"[" * 100_000), "dist/production/hr.json is not a JSON object"),
    (_file("hr.json", b" " * (16 * 1024 * 1024 + 1)), "dist/production/hr.json is larger than 16,384 KiB."),
    (_file("hr.json", b'{"metadata": "x"}'), "dist/production/hr.json: `metadata` is not an object."),
    (_file("_index.json", b""), "dist/production/_index.json:1:1: This is not JSON"),
    (_file("_index.json", b"{"), "dist/production/_index.json:1:2: This is not JSON"),
    (_file("_index.json", b'{"version": 2}'), "_index.json has the version 2; this reconciler reads version 1."),
    (_file("_index.json", b'{"version": 1, "requests": {"hr": {"marker": 1}}}'), "_index.json is not an index"),
    (_file("_index.json", b'{"version": 1, "requests": []}'), "_index.json is not an index"),
    (_link("hr.json"), f"dist/production/hr.json {OUT}"),
    (_link("_index.json"), f"dist/production/_index.json {OUT}"),
    (_folder_link, f"dist/production {OUT}"),
    (_plain_file, "Cannot read dist/production: Not a directory."),
]


@pytest.mark.parametrize(("spoil", "message"), FAULTS, ids=[message for _, message in FAULTS])
def test_what_cannot_be_read_is_one_error_that_names_it_and_nothing_is_written(
    applied: Place, spoil: Callable[[Place], None], message: str
) -> None:
    spoil(applied)
    applied.write(it=f"{IT}description: changed\n")
    told = applied.run("apply", "--auto-approve")
    assert told.code == 1
    assert told.err.count(message) == 1
    assert "production (responses, dist/production)" in told.err


def test_every_broken_request_is_named_at_once_and_others_files_are_not_read(applied: Place) -> None:
    (applied.folder / "README.md").write_text("Ours.")
    (applied.folder / "more.json").mkdir()
    (applied.folder / ".hidden.json").write_text("{")
    assert applied.changes() == []
    _file("hr.json", b"{")(applied)
    _file("it.json", b"{")(applied)
    (applied.folder / os.fsdecode(b"\xff.json")).write_text("{}")
    told = applied.run("plan")
    assert "dist/production has a file named '\\udcff.json'." in told.err
    assert "dist/production/hr.json:1:2" in told.err
    assert "dist/production/it.json:1:2" in told.err


@pytest.mark.parametrize(
    ("folder", "message"),
    [
        ("../dist", "`../dist` does not name a folder in the repository."),
        ("/tmp/dist", "`/tmp/dist` does not name a folder in the repository."),
        (".", "`.` does not name a folder in the repository."),
        ("a/.git/b", "`a/.git/b` is not a folder for requests."),
        ("assistants/dist", "`assistants/dist` and the folder of manifests `assistants` are one, or in one another."),
        ("agents", "`agents` and the folder of manifests `agents` are one, or in one another."),
    ],
)
def test_a_folder_that_cannot_stand_for_a_server_is_an_error_of_the_file(
    here: Place, folder: str, message: str
) -> None:
    here.config(CONFIG.replace("dist/production", folder))
    assert message in here.run("plan").err


def test_a_folder_is_required_and_is_one_target(here: Place) -> None:
    here.config(CONFIG.replace(", folder: dist/production", ""))
    assert "write `folder: dist/NAME`" in here.run("plan").err
    here.config(f"{CONFIG}  staging: {{provider: responses, folder: dist//production/}}\n")
    assert "`staging` and `production` have one target" in here.run("plan").err


# Writes that are cut off


def _until_killed(step: int, folder: Path) -> None:
    """An apply in a process that kills itself before its so manieth change of a file in the folder."""
    if (child := os.fork()) == 0:
        left = [step]

        def hook(event: str, arguments: tuple[Any, ...]) -> None:
            if event in ("os.rename", "os.remove") and str(folder) in str(arguments[0]):
                left[0] -= 1
                if left[0] == 0:
                    os.kill(os.getpid(), signal.SIGKILL)

        sys.addaudithook(hook)
        try:
            run(("apply", "--auto-approve", "--allow", "too-many-deletes"))
        finally:
            os._exit(0)
    os.waitpid(child, 0)


@pytest.mark.no_cover
def test_a_kill_before_any_write_leaves_what_the_next_apply_makes_right(here: Place) -> None:
    here.write(hr=IT, old=IT)
    here.apply()
    before = here.files()
    here.write(hr=HR, new=HR.replace("HR", "New"), it=f"{IT}description: More.\n")
    (here.root / "assistants/old.yaml").unlink()
    _until_killed(99, here.folder)
    whole = here.files()
    for step in range(1, 8):
        for path in here.folder.iterdir():
            path.unlink()
        for name, content in before.items():
            (here.folder / name).write_bytes(content)
        _until_killed(step, here.folder)
        assert here.files() != whole, step
        here.apply("--allow", "too-many-deletes")
        assert here.changes() == [], step
        here.edit("it", model="gpt-5")
        here.apply()  # with the next write goes what a kill left beside requests
        assert here.files() == whole, step


MARKER = Marker("acme", "production", "hr", ASSISTANT.form, nonce="n1", commit="c1")
BODY: dict[str, Any] = {"model": "gpt-4.1", "instructions": "x" * 2000}


def created(place: RequestPlace, marker: Marker = MARKER, **members: Any) -> Live:
    return anyio.run(partial(place.create, "assistant", members or BODY, marker))


def observed(place: RequestPlace) -> tuple[Live, ...]:
    return anyio.run(place.observe, "assistant")


def desired(body: dict[str, Any]) -> Desired:
    checked = ASSISTANT.check(body, RESPONSES.terms)
    assert not errors_of(checked.problems)
    return Desired(Address("assistant", "hr"), checked.fields, Location("hr.yaml"), checked.left_to_server)


def errors_of(problems: Iterable[Problem]) -> list[str]:
    return [problem.message for problem in problems if problem.severity == "error"]


def stamp(one: Desired, nonce: str = "n1") -> Marker:
    return markers.stamp(one, ASSISTANT, ("acme", "production"), id=None, nonce=nonce, commit=None)


@pytest.mark.no_cover
@given(bodies(), bodies())
def test_an_update_leaves_what_a_create_of_the_same_would_have_made(before: Body, after: Body) -> None:
    assume(not any(misfits(before)) and not any(misfits(after)))
    with TemporaryDirectory() as folder:
        changed, fresh = (RequestPlace(RequestFolder(Path(folder), name)) for name in ("changed", "fresh"))
        wanted = desired(after)
        live = created(changed, stamp(desired(before)), **creation(desired(before), ASSISTANT).patch)
        patch = compare(wanted, live, ASSISTANT, live.marker).patch
        live = anyio.run(changed.update, live, patch, stamp(wanted), ())
        made = created(fresh, stamp(wanted), **creation(wanted, ASSISTANT).patch)
        assert encode(dict(live.raw)) == encode(dict(made.raw))
        assert encode(dict(live.fields)) == encode(dict(wanted.fields))
        assert not compare(wanted, live, ASSISTANT, live.marker).patch
        assert [*changed_files(folder, "changed")] == [*changed_files(folder, "fresh")]


def changed_files(folder: str, name: str) -> Iterator[tuple[str, Any]]:
    """Each file with what it says, in the order in which it says it but for the inside of schemas."""
    for path in sorted((Path(folder) / name).iterdir()):
        value = json.loads(path.read_text())
        tools = [[*tool][:2] for tool in value.get("tools", [])]
        yield path.name, ([*value], tools, encode(value))


def test_a_full_disk_is_an_error_that_names_the_file_and_leaves_no_half_of_it(tmp_path: Path) -> None:
    """A create writes its entry first, so that no request is without its owner; an update its request."""
    place = RequestPlace(RequestFolder(tmp_path, "dist"))
    limits = getrlimit(RLIMIT_FSIZE)
    setrlimit(RLIMIT_FSIZE, (1000, limits[1]))
    try:
        with pytest.raises(Rejected, match=r"^Cannot write dist/hr.json: File too large\.$"):
            created(place)
        assert [path.name for path in (tmp_path / "dist").iterdir()] == ["_index.json"]
        assert observed(place) == ()
    finally:
        setrlimit(RLIMIT_FSIZE, limits)
    live = created(place)
    assert live.marker == MARKER
    assert observed(RequestPlace(RequestFolder(tmp_path, "dist")))[0].carries(MARKER) is False
    setrlimit(RLIMIT_FSIZE, (1000, limits[1]))
    try:
        with pytest.raises(Rejected, match=r"^Cannot write dist/_index.json"):
            anyio.run(place.update, live, {"instructions": "Short.", "description": "y" * 2000}, MARKER, ())
    finally:
        setrlimit(RLIMIT_FSIZE, limits)
    (live,) = observed(place)
    assert (live.fields["instructions"], live.fields["description"]) == ("Short.", None)
    assert anyio.run(place.update, live, {"description": "y"}, MARKER, ()).fields["description"] == "y"


def test_what_a_hand_wrote_since_it_was_read_is_not_written_over(tmp_path: Path) -> None:
    place = RequestPlace(RequestFolder(tmp_path, "dist"))
    live = created(place)
    path = tmp_path / "dist/hr.json"
    path.write_text('{"model": "gpt-5"}')
    for write in (partial(place.update, live, {}, MARKER, ()), partial(place.delete, live)):
        with pytest.raises(Outdated, match=r"dist/hr.json was changed meanwhile"):
            anyio.run(write)
    path.unlink()
    for read in (partial(place.update, live, {}, MARKER, ()), partial(place.fetch, "assistant", "../hr")):
        with pytest.raises(ObjectGone):
            anyio.run(read)
    anyio.run(place.delete, live)
    assert [*path.parent.iterdir()] == []


def test_two_who_write_at_once_lose_no_entry(tmp_path: Path) -> None:
    """As two applies would with state folders of their own, which do not share the lock of the checkout."""

    def fill(name: str) -> None:
        place = RequestPlace(RequestFolder(tmp_path, "dist"))
        for number in range(15):
            created(place, Marker("acme", "production", f"{name}{number}", ASSISTANT.form))

    threads = [threading.Thread(target=fill, args=(name,)) for name in "ab"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    found = observed(RequestPlace(RequestFolder(tmp_path, "dist")))
    assert len(found) == 30
    assert all(live.marker is not None for live in found)


# Everything else that people do


def test_every_command_works_there_and_says_where(applied: Place) -> None:
    where = "production (responses, dist/production), stack acme"
    for words in (["status"], ["output"], ["show", "hr"], ["plan"], ["doctor"]):
        told = applied.run(*words)
        assert (told.code, where in told.out + told.err) == (0, True), (words, told)
    assert "address        ok       The folder dist/production of this checkout." in applied.run("doctor").out
    assert applied.run("doctor", "--write", "--auto-approve").code == 0
    applied.edit("hr", max_output_tokens=100)
    assert json.loads(applied.run("show", "hr", "--json").out)["max_output_tokens"] == 100
    assert applied.run("forget", "it", "--auto-approve").code == 0
    assert applied.index["it"] == {"name": "IT Helper"}


def test_a_run_is_rolled_back_and_a_scheduled_run_puts_drift_back(applied: Place) -> None:
    before = applied.files()
    applied.write(hr=HR.replace("Be brief.", "Be long."))
    applied.apply()
    assert applied.run("rollback", "--auto-approve").code == 0
    assert applied.request("hr") == json.loads(before["hr.json"])
    applied.write(hr=HR)
    applied.config(f"{CONFIG}reconcile: {{apply: [drift]}}\n")
    applied.apply()
    applied.edit("hr", instructions="By hand.")
    assert applied.run("reconcile").code == 0
    assert applied.files() == before


def test_after_a_conflict_in_an_entry_either_marker_will_do(applied: Place) -> None:
    other = (applied.folder / "_index.json").read_bytes()
    applied.write(hr=HR.replace("brief", "kind"))
    applied.apply()
    merged = applied.files()
    (applied.folder / "_index.json").write_bytes(other)
    assert applied.changes() == []
    assert "1 marker refreshed" in applied.apply()
    assert applied.files() == merged


def test_a_folder_that_git_ignores_is_told_of(here: Place) -> None:
    (here.root / ".gitignore").write_text("dist\n")
    repository(here.root)
    assert "Git ignores dist/production, so no other clone has what was applied." in here.run("doctor").out


def test_a_pull_request_that_brings_the_folder_is_planned_with_it(here: Place) -> None:
    (here.root / "reconciler.yaml").unlink()
    repository(here.root)
    git(here.root, "checkout", "-qb", "place")
    here.config(CONFIG)
    assert here.run("plan", "--base", "main", "--detailed-exitcode").code == 2
    here.apply()
    plan = here.plan("--base", "main")
    assert (plan["changes"], plan["offline"]) == ([], None)


def test_a_branch_is_planned_reviewed_applied_and_merged_with_another(here: Place) -> None:
    """Requests are applied on the branch or after the merge: two branches that change two assistants merge cleanly."""
    repository(here.root)
    git(here.root, "checkout", "-qb", "place")
    here.write(more=IT.replace("IT", "More"))
    assert here.run("plan", "--base", "main", "--out", "plan.json").code == 0
    assert here.run("apply", "plan.json").code == 0
    git(here.root, "add", "dist", "assistants")
    commit(here.root)
    here.apply()
    git(here.root, "add", "dist")
    commit(here.root)
    for branch, edit in (("a", {"hr": HR.replace("brief", "kind")}), ("b", {"more": f"{IT}temperature: null\n"})):
        git(here.root, "checkout", "-qb", branch, "place")
        here.write(**edit)
        here.apply()
        git(here.root, "add", "dist", "assistants")
        commit(here.root, branch)
    git(here.root, "merge", "-q", "a", "-m", "both")
    assert here.changes() == []
    assert "marker" not in here.apply()
    assert git(here.root, "status", "--short", "dist") == ""
