"""The commands on so many manifests, against a server of this latency: what each takes, and what others take."""

from __future__ import annotations

import json
import tempfile
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from math import ceil
from pathlib import Path

from benchmarks import peers
from benchmarks.manifests import configure, edit, make
from benchmarks.measuring import Measured, measure, median, reconciler
from benchmarks.server import Counted, counted, listed, server
from reconciler.apply.context import PARALLELISM

PAGE = 100
SHARES = (1, 30)
"""How many of a hundred manifests are changed."""
_NOWHERE = "http://localhost:9/v1"
SCRIPTED = 1_000
"""How many manifests the script is run on at most: it takes a tenth of a second for each."""

CLICK, LIBRARIES = "(import click)", "(import click, pydantic, yaml)"
HELP, VALIDATE_ONE = "--help", "validate, one manifest"
VALIDATE = "validate"
PLAN_NEW, APPLY_NEW = "plan, all new", "apply, all new"
UNCHANGED = "plan, no change"
LISTING, PAGES, GETS = "listing alone", "(pages alone)", "(a GET each, ten at once)"
SCRIPT, PARSE = "(script on the official package)", "(parsed by PyYAML alone)"


def plan_of(share: int) -> str:
    """The name of the row where so many of a hundred are changed and planned."""
    return f"plan, {share} % changed"


def apply_of(share: int) -> str:
    """The name of the row where so many of a hundred are changed and applied."""
    return f"apply, {share} % changed"


@dataclass(frozen=True, slots=True)
class Row:
    """What one command took, as medians over the rounds."""

    what: str
    count: int
    milliseconds: int
    wall: float
    cpu: float
    megabytes: float
    rounds: int = 1
    calls: int | None = None
    bytes: int | None = None
    limit: float | None = None
    """The least seconds that latency, pages, changes and parallelism allow."""


@dataclass
class _Site:
    """A folder of manifests, the server that is its environment, and what was measured there."""

    folder: Path
    count: int
    latency: float
    url: str = ""
    taken: dict[str, list[tuple[Measured, Counted]]] = field(default_factory=lambda: defaultdict(list))

    def run(self, what: str, *arguments: str) -> None:
        """Runs `reconciler` once."""
        counted(self.url)
        self.taken[what].append((reconciler(self.folder, *arguments), counted(self.url)))

    def ask(self, what: str, name: str) -> None:
        """Runs a peer once."""
        counted(self.url)
        self.taken[what].append((measure(self.folder, peers.__file__, name, self.url), counted(self.url)))

    def calls(self, what: str) -> int:
        """How many requests the server got in the last round."""
        return self.taken[what][-1][1].calls

    def row(self, what: str, waits: int) -> Row:
        """What was measured; the limit is so many waits for the server."""
        taken = self.taken[what]
        told, size = median([one for one, _ in taken]), taken[-1][1].bytes
        at = (what, self.count, round(self.latency * 1000))
        limit = waits * self.latency or None
        return Row(*at, told.wall, told.cpu, told.megabytes, len(taken), self.calls(what), size, limit)


def starting(rounds: int) -> Iterator[Row]:
    """What every command begins with, beside importing what it is made of."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        make(folder, 1)
        configure(folder, _NOWHERE)
        ours = ("-m", "reconciler")
        commands = {
            CLICK: ("-c", "import click"),
            HELP: (*ours, "--help"),
            LIBRARIES: ("-c", "import click, pydantic, yaml; pydantic.BaseModel"),
            VALIDATE_ONE: (*ours, "validate"),
        }
        taken: dict[str, list[Measured]] = defaultdict(list)
        for _ in range(rounds + 1):
            for what, command in commands.items():
                taken[what].append(measure(folder, *command))
        for what, rest in taken.items():
            told = median(rest[1:])  # the first one compiles what was not compiled yet
            yield Row(what, 1, 0, told.wall, told.cpu, told.megabytes, rounds)


def without_server(count: int, rounds: int) -> Iterator[Row]:
    """What needs no server: the manifests validated, and only parsed."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        make(folder, count)
        configure(folder, _NOWHERE)
        for what, command in ((VALIDATE, ("-m", "reconciler", "validate")), (PARSE, (peers.__file__, "parse", "-"))):
            taken = median([measure(folder, *command) for _ in range(rounds)])
            yield Row(what, count, 0, taken.wall, taken.cpu, taken.megabytes, rounds)


def with_server(count: int, latency: float, rounds: int) -> Iterator[Row]:
    """All created, nothing changed, some changed, and what others take for the same."""
    with tempfile.TemporaryDirectory() as name:
        site = _Site(Path(name), count, latency)
        make(site.folder, count)
        for number in range(1, rounds + 1):
            with server(Path(name) / f"live-{number}.db", latency=latency) as site.url:
                configure(site.folder, site.url)
                site.run(PLAN_NEW, "plan")
                site.run(APPLY_NEW, "apply", "--auto-approve")
                if number == rounds:
                    yield from _created(site, rounds)


def _created(site: _Site, rounds: int) -> Iterator[Row]:
    pages = ceil(site.count / PAGE)
    yield site.row(PLAN_NEW, 1)
    yield site.row(APPLY_NEW, 2 + ceil((site.count - 1) / PARALLELISM))  # the list; the first one is created alone
    for _ in range(rounds):
        site.run(UNCHANGED, "plan")
    yield site.row(UNCHANGED, pages)
    for share in SHARES:
        changed = max(site.count * share // 100, 1)
        for edition in range(rounds):
            edit(site.folder, changed, share * 10 + edition)
            site.run(plan_of(share), "plan")
            site.run(apply_of(share), "apply", "--auto-approve")
        yield site.row(plan_of(share), pages)
        written = site.calls(apply_of(share)) - site.calls(plan_of(share))  # with what was read before it
        yield site.row(apply_of(share), pages + ceil(written / PARALLELISM))
    yield from _peers(site, rounds)


def _peers(site: _Site, rounds: int) -> Iterator[Row]:
    (site.folder / "ids.json").write_text(json.dumps(listed(site.url)))
    for _ in range(rounds):
        site.ask(LISTING, "observe")
        site.ask(PAGES, "pages")
    yield site.row(LISTING, ceil(site.count / PAGE))
    yield site.row(PAGES, ceil(site.count / PAGE))
    site.ask(GETS, "gets")
    yield site.row(GETS, ceil(site.count / peers.AT_ONCE))
    if site.count <= SCRIPTED:
        site.ask(SCRIPT, "script")
        yield site.row(SCRIPT, 2 * site.count)
