"""What the work costs, in counts that are the same on every machine; `make bench` measures time and memory."""

from __future__ import annotations

import cProfile
import json
import pstats
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import httpx
import pytest

from reconciler.manifests import parser, reading
from reconciler.model import Desired
from reconciler.plan.make import make_plan
from support.world import SETTING, WHERE, World, run

pytestmark = pytest.mark.no_cover

T = TypeVar("T")
COUNT = 120
"""Two pages of the server's list."""
CALLS_TO_READ = 3_200
"""Calls of functions for each manifest that is read; 2,510 in Python 3.11."""
CALLS_TO_COMPARE = 1_200
"""Calls of functions for each pair that is compared; 937 in Python 3.11."""


class Weighing(httpx.AsyncBaseTransport):
    """Passes every request on, and adds up the bytes of both bodies."""

    def __init__(self, inner: httpx.AsyncBaseTransport) -> None:
        self.inner = inner
        self.bytes = 0

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        answer = await self.inner.handle_async_request(request)
        self.bytes += len(request.content) + len(await answer.aread())
        return answer


MANIFEST = """\
name: Assistant {n}
model: gpt-4o
instructions: {{file: prompts/p{n}.md}}
temperature: 0.5
metadata: {{team: support, tier: gold}}
tools:
  - {{type: file_search, file_search: {{max_num_results: 7}}}}
  - type: function
    function:
      name: lookup
      description: Looks up one thing by its number.
      parameters: {{type: object, properties: {{number: {{type: string}}}}, required: [number]}}
tool_resources: {{file_search: {{vector_store_ids: [vs_handbook]}}}}
"""


def make(folder: Path, count: int) -> None:
    """Writes so many manifests, each with a prompt of 3 KB."""
    prompts = folder / "assistants" / "prompts"
    prompts.mkdir(parents=True)
    for n in range(count):
        (prompts.parent / f"a{n:03}.yaml").write_text(MANIFEST.format(n=n))
        (prompts / f"p{n}.md").write_text("You answer what people ask, and never guess.\n" * 66)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("costs")
    make(made, COUNT)
    return made


@pytest.fixture(scope="module")
def world(folder: Path) -> World:
    """A server on which all of them are live."""
    world = World()
    world.recorder.inner = Weighing(world.recorder.inner)
    run(world.settle, desired(folder))
    return world


def desired(folder: Path) -> tuple[Desired, ...]:
    return parser.parse(reading.read(folder, ["assistants"]).manifests, SETTING).desired


def asked(world: World, work: Callable[..., Any], *arguments: Any) -> tuple[Counter[str], int]:
    """The requests by method, and the bytes, of what waits for answers."""
    weighing = world.recorder.inner
    assert isinstance(weighing, Weighing)
    requests, weight = len(world.recorder.requests), weighing.bytes
    run(work, *arguments)
    return Counter(one.method for one in world.recorder.requests[requests:]), weighing.bytes - weight


def profiled(work: Callable[[], T]) -> tuple[T, pstats.Stats]:
    profile = cProfile.Profile()
    made = profile.runcall(work)
    return made, pstats.Stats(profile)


def calls_of(stats: pstats.Stats, file: str, function: str) -> int:
    """How often a function of the module was called."""
    called: Mapping[tuple[str, int, str], tuple[int, ...]] = stats.stats
    return sum(found[1] for (path, _, name), found in called.items() if path.endswith(file) and name == function)


def test_a_plan_asks_for_each_page_once_and_reads_no_object_by_itself(folder: Path, world: World) -> None:
    objects = sum(len(json.dumps(raw)) for raw in run(world.raw).values())

    requests, weight = asked(world, world.plan, desired(folder))

    assert requests == {"GET": 3}  # two pages, and the empty list of agents
    assert weight < objects * 1.01


def test_an_apply_sends_one_request_for_each_change_with_nothing_but_what_changes(folder: Path, world: World) -> None:
    first, *others = desired(folder)
    warmer = Desired(first.address, {**first.fields, "temperature": 1.5}, first.place)
    plan = run(world.plan, [warmer, *others])

    requests, _ = asked(world, world.apply, plan)

    assert requests == {"POST": 1}
    assert len(world.recorder.requests[-1].content) < 1_000  # a temperature and a marker, no prompt of 3 KB
    run(world.settle, desired(folder))


def test_a_plan_compares_each_pair_once(folder: Path, world: World) -> None:
    wanted, live = desired(folder), run(world.live)

    plan, stats = profiled(lambda: make_plan(wanted, live, WHERE))

    assert (len(plan.changes), plan.unchanged) == (0, COUNT)
    assert calls_of(stats, "plan/diff.py", "compare") == COUNT
    assert calls_of(stats, "reconciler/canonical.py", "encode") <= 25 * COUNT
    assert stats.total_calls / COUNT < CALLS_TO_COMPARE


def test_reading_twice_as_many_manifests_is_twice_the_work(tmp_path: Path) -> None:
    each = {}
    for count in (20, 40):
        make(tmp_path / str(count), count)
        _, stats = profiled(lambda count=count: desired(tmp_path / str(count)))
        each[count] = stats.total_calls / count

    assert each[40] <= each[20] * 1.01
    assert each[40] < CALLS_TO_READ


WATCHED = """
import collections, json, os, sys
opened = collections.Counter()
def watch(event, arguments):
    name = os.path.basename(str(arguments[0])) if event == "open" else ""
    if name != "reconciler.yaml" and name.endswith((".yaml", ".md")):
        opened[name] += 1
sys.addaudithook(watch)
import reconciler.cli
for command in (["--help"], ["validate"], ["plan", "-e", "local"]):
    opened.clear()
    assert reconciler.cli.run(command) == 0
    packages = {name.partition(".")[0] for name in sys.modules} - sys.stdlib_module_names
    own = sum(name.startswith("reconciler") for name in sys.modules)
    told = {"opened": opened, "packages": sorted(packages), "own": own, "others": len(sys.modules) - own}
    print(json.dumps(told), file=sys.stderr)
"""
FILES = {name: 1 for n in range(3) for name in (f"a{n:03}.yaml", f"p{n}.md")}
HEAVY = {"anyio", "deepdiff", "httpx", "jsonschema_rs", "pydantic", "pygments", "rich", "uvicorn", "yaml"}


def test_a_command_imports_what_it_needs_and_opens_each_file_once(tmp_path: Path) -> None:
    make(tmp_path, 3)
    (tmp_path / "reconciler.yaml").write_text("version: 1\nenvironments: {local: {}}\n")

    done = subprocess.run([sys.executable, "-c", WATCHED], capture_output=True, text=True, check=True, cwd=tmp_path)

    told = [json.loads(line) for line in done.stderr.splitlines() if line.startswith("{")]
    helped, validated, planned = told
    assert [one["opened"] for one in told] == [{}, FILES, FILES]
    assert set(helped["packages"]) & HEAVY == set()
    assert set(validated["packages"]) & HEAVY <= {"anyio", "jsonschema_rs", "pydantic", "yaml"}
    assert set(planned["packages"]) & HEAVY <= HEAVY - {"deepdiff", "uvicorn"}
    for one, (own, others) in zip(told, ((10, 140), (170, 340), (205, 520)), strict=True):
        assert (one["own"] <= own, one["others"] <= others) == (True, True), one
