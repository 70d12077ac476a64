"""A small world for tests: manifests in a folder, an embedded server, and everything that was sent to it."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Literal, TypeAlias

import anyio
import httpx
import pytest

from reconciler.apply.engine import Listener, RunContext, apply
from reconciler.canonical import Json
from reconciler.diagnostics import errors
from reconciler.emulator import Emulator, Settings
from reconciler.kinds import KINDS
from reconciler.manifests import parser, reading
from reconciler.model import Base, Change, Desired, Live, Outcome, Plan, Target
from reconciler.plan.against_base import as_live, part, split, unseen
from reconciler.plan.guards import Limits
from reconciler.plan.last_applied import with_last_applied
from reconciler.plan.make import make_plan
from reconciler.providers.openai import local_server
from reconciler.providers.server import Server
from reconciler.source import parse, write

WHERE = Target(stack="acme", environment="production", provider="openai", base_url="https://api.example.com/v1")
SETTING = parser.ManifestContext("production", ("local", "production"), {"handbook": "vs_handbook"})
EVERY_SERVER = [
    Settings(metadata=metadata, echo=echo)
    for metadata in ("merge-null", "merge-empty", "replace")
    for echo in ("defaults", "nulls", "sparse")
]
CLONES = [Settings(modify="upsert", echo="sparse", paging="none"), Settings(modify="upsert", metadata="replace")]


class Recorder(httpx.AsyncBaseTransport):
    """Passes every request on, and keeps it."""

    def __init__(self, inner: httpx.AsyncBaseTransport) -> None:
        self.inner = inner
        self.requests: list[httpx.Request] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        return await self.inner.handle_async_request(request)


@dataclass
class World:
    """One server, and a provider that reaches it."""

    settings: Settings = field(default_factory=Settings)
    where: Target = WHERE
    ids: Iterable[str] | None = None

    def __post_init__(self) -> None:
        given, numbers, clock = iter(self.ids or ()), itertools.count(1), itertools.count(1_700_000_000)

        def new_id(prefix: str) -> str:
            return f"{prefix}{next(numbers)}" if self.ids is None else next(given)

        self.emulator = Emulator(":memory:", self.settings, now=lambda: next(clock), new_id=new_id)
        self.recorder = Recorder(httpx.ASGITransport(app=self.emulator))
        self.provider = local_server(self.recorder, lambda line: None, self.emulator.close)

    async def plan(self, desired: Iterable[Desired], **options: Any) -> Plan:
        return make_plan(desired, await self.live(), self.where, **options)

    async def beside(self, desired: Iterable[Desired], base: Iterable[Desired], **options: Any) -> Plan:
        """The plan of what the manifests bring beside those of the base."""
        return part(split(await self.plan(desired, **options), await self.plan(base, **options), Base("main")))

    async def live(self) -> tuple[Live, ...]:
        return tuple([one for kind in KINDS for one in await self.provider.observe(kind)])

    async def raw(self) -> dict[str, Mapping[str, Json]]:
        return {one.id: one.raw for one in await self.live()}

    async def apply(self, plan: Plan, **options: Any) -> tuple[Outcome, ...]:
        return await apply(plan, self.provider, RunContext("nonce123"), Listener(), **options)

    async def settle(self, desired: Iterable[Desired], **options: Any) -> tuple[Outcome, ...]:
        return await self.apply(await self.plan(desired, **options))

    async def by_hand(self, method: str, path: str, body: Json = None) -> Any:
        """Somebody does something in a dashboard."""
        async with httpx.AsyncClient(
            transport=httpx.ASGITransport(app=self.emulator), base_url="http://localhost/v1"
        ) as client:
            beta = "agents=v1" if path.startswith("/agents") else "assistants=v2"
            answer = await client.request(method, path, json=body, headers={"OpenAI-Beta": beta})
        assert answer.status_code == 200, answer.text
        return answer.json()

    def writes(self) -> list[dict[str, Json]]:
        """What was sent and is no GET, the marker's text left out."""
        return [_told(request) for request in self.recorder.requests if request.method != "GET"]


def _told(request: httpx.Request) -> dict[str, Json]:
    body = json.loads(request.content) if request.content else None
    if isinstance(body, dict) and body.get("metadata", {}).get("reconciler"):
        body["metadata"]["reconciler"] = "(marker)"
    return {"method": request.method, "path": request.url.path.removeprefix("/v1"), "body": body}


def run(work: Callable[..., Any], *arguments: Any) -> Any:
    """Runs what has to wait for answers."""
    return anyio.run(work, *arguments)


Stated: TypeAlias = Mapping[str, Json] | tuple[str, Mapping[str, Json]]
"""A body of an assistant, or one of the kind of that name."""


def as_markdown(body: Mapping[str, Any]) -> str:
    """The body as Markdown, with its instructions below the front matter if a text can stand there."""
    fields, text = dict(body), ""
    if str(body.get("instructions") or "").strip():
        text = fields.pop("instructions")
    return f"---\n{write(fields)}---\n\n{text}\n"


def desired(
    *bodies: Stated,
    keys: Iterable[str] = "abcdefghij",
    setting: parser.ManifestContext = SETTING,
    layout: Literal["yaml", "markdown"] = "yaml",
) -> tuple[Desired, ...]:
    """What manifests of these bodies ask for, each written and read as a file would be."""
    of_kinds = [one if isinstance(one, tuple) else ("assistant", one) for one in bodies]
    suffix, text_of = (".md", as_markdown) if layout == "markdown" else (".yaml", write)
    documents = [
        parser.Manifest(
            f"{KINDS[kind].plural}/{key}{suffix}",
            key,
            parse(text_of(dict(body)), f"{key}{suffix}", syntax=layout).documents[0],
            True,
        )
        for key, (kind, body) in zip(keys, of_kinds, strict=False)
    ]
    parsed = parser.parse(documents, setting)
    assert not errors(parsed.faults), parsed.faults
    return parsed.desired


@dataclass(frozen=True)
class Scenario:
    """A story in one file: prose, manifests, what was live, what is planned and what is sent."""

    path: Path
    prose: str
    sections: dict[str, str]

    @staticmethod
    def read(path: Path) -> Scenario:
        prose, *parts = path.read_text().split("\n-- ")
        sections = {name: text for part in parts for name, _, text in [part.partition(" --\n")]}
        return Scenario(path, prose, {name: text.rstrip("\n") + "\n" for name, text in sections.items()})

    def write(self, sections: Mapping[str, str]) -> None:
        merged = {**self.sections, **sections}
        parts = [f"\n-- {name} --\n{text.rstrip()}\n" for name, text in merged.items()]
        self.path.write_text(self.prose.rstrip("\n") + "\n" + "".join(parts))

    def data(self, name: str) -> Any:
        return json.loads(self.sections.get(name, "[]"))

    def manifests(self, folder: Path, prefix: str = "") -> tuple[Desired, ...]:
        """What the manifests of the story ask for, once it is laid out in a folder.

        Those under `before/` were applied when it begins; those under `base/` are the ones of another revision.
        """
        root = folder / prefix
        plurals = [kind.plural for kind in KINDS.values()]
        for plural in plurals:
            (root / plural).mkdir(parents=True, exist_ok=True)
        for name, text in self.sections.items():
            if name.startswith(tuple(f"{prefix}{plural}/" for plural in plurals)):
                target = folder / name
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_text(text)
        read = reading.read(root, plurals)
        parsed = parser.parse(read.manifests, SETTING)
        faults = errors([*read.faults, *parsed.faults])
        assert not faults, faults
        return parsed.desired

    async def prepared(self, folder: Path, settings: Settings) -> tuple[World, tuple[Desired, ...]]:
        """The world as the story finds it, and what its manifests ask for."""
        world = World(settings)
        for body in self.data("live.json"):
            await world.by_hand("POST", "/assistants", body)
        if self.has("before/"):
            outcomes = await world.settle(self.manifests(folder, "before/"))
            assert all(type(o).__name__ == "Done" for o in outcomes), outcomes
        for step in self.data("dashboard.json"):
            await world.by_hand(*step)
        world.recorder.requests.clear()
        return world, self.manifests(folder)

    async def plan(self, world: World, desired: Iterable[Desired], folder: Path) -> Plan:
        """What is planned; with a base what the change brings, over the base alone where it says `offline`."""
        if not self.has("base/"):
            return await world.plan(desired, **self.options)
        base = self.manifests(folder, "base/")
        offline = self.stated.get("offline")
        live = as_live(base, world.where) if offline else await world.live()
        plans = [make_plan(side, live, world.where, **self.options) for side in (desired, base)]
        plan = part(split(*plans, Base("main", "1a2b3c4d5e6f")), self.options["limits"])
        return unseen(plan, offline) if offline else plan

    @cached_property
    def planned(self) -> Plan:
        """The plan against a server that answers as OpenAI does; made once, since it is a value."""

        async def made(folder: Path) -> Plan:
            world, desired = await self.prepared(folder, Settings())
            plan = await self.plan(world, desired, folder)
            before = self.manifests(folder, "before/") if self.has("before/") else ()
            return with_last_applied(plan, lambda change: [b.fields for b in before if b.address == change.address])

        with TemporaryDirectory() as folder:
            return run(made, Path(folder))

    @property
    def stated(self) -> dict[str, Any]:
        return dict(json.loads(self.sections.get("options.json", "{}")))

    def has(self, prefix: str) -> bool:
        return any(name.startswith(prefix) for name in self.sections)

    @property
    def options(self) -> dict[str, Any]:
        """How the plan is asked for."""
        stated = self.stated
        return {
            "allow": frozenset(stated.get("allow", ())),
            "limits": Limits(**stated.get("limits", {})),
        }


SCENARIOS = [Scenario.read(path) for path in sorted((Path(__file__).parents[1] / "scenarios").glob("*.txt"))]


each_scenario = pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.path.stem)


def names(changes: Iterable[Change]) -> list[str]:
    """Changes in short: `create assistant.a`."""
    return [f"{change.action} {change.address}" for change in changes]


__all__ = [
    "CLONES",
    "EVERY_SERVER",
    "SCENARIOS",
    "SETTING",
    "WHERE",
    "Recorder",
    "Scenario",
    "Server",
    "World",
    "desired",
    "each_scenario",
    "names",
    "run",
]
