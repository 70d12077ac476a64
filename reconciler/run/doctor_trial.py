"""What a server does to objects: one throw-away object of each kind is created, modified and deleted again.

It goes through the provider that `apply` goes through, so what is found out is what an apply would meet.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Final

import anyio
import click

from reconciler.apply.context import RunContext, Stop
from reconciler.canonical import Json
from reconciler.diagnostics import Location
from reconciler.kinds import Kind
from reconciler.model import Address, Desired, Live, Marker, Target
from reconciler.plan.diff import differences
from reconciler.plan.ownership import managed
from reconciler.providers import LANDS_SECONDS, Provider, ProviderError, until
from reconciler.render.checkup import Finding, Health
from reconciler.render.values import inert
from reconciler.run.doctor_server import STACK, Examined
from reconciler.run.execute import approve
from reconciler.run.interrupts import interruptible
from reconciler.run.lock import only_one
from reconciler.run.options import ApplyOptions

NAME: Final = "reconciler doctor, delete me"
_KEPT, _REMOVED = "doctor-keeps", "doctor-removes"
_FUNCTION: Final[Json] = {"description": "Of no use.", "parameters": {"type": "object", "properties": {}}}
_TOOLS: Final[Json] = {"functions": {"reconciler_doctor": _FUNCTION}}
_LAG_SECONDS = 10.0
_LOOK_SECONDS = 0.5
_REMOVAL_SECONDS = 30.0


async def tried(examined: Examined, options: ApplyOptions, model: str | None, findings: list[Finding]) -> str | None:
    """Tries each kind that the server has, once it may; adds what was found, and returns why it ended early."""
    trials = []
    for kind in examined.kinds:
        name = model or _model_in_use(examined, kind)
        if name is None:
            remedy = f"pass `--model NAME`, or write a manifest of {kind.with_article}"
            text = f"No {kind.name} names a model, so none is tried."
            findings.append(Finding(_area(kind), "note" if len(examined.kinds) > 1 else "problem", text, remedy))
        else:
            trial = _Trial(examined, kind, name, findings, deletes=await examined.provider.deletes(kind.name))
            trials += [trial] if trial.may_begin() else []
    if not trials:
        return None
    click.echo(inert("\n".join(_announcement(examined, trials))), err=True)
    approve(options)
    stop = Stop()
    with only_one(examined.session.connection.state_dir), anyio.CancelScope() as stop.scope:
        async with interruptible(stop):
            for trial in trials:
                await trial.run(stop)
    return stop.reason


def _area(kind: Kind) -> str:
    return f"try {kind.name}"


def _model_in_use(examined: Examined, kind: Kind) -> str | None:
    """A model that a manifest of the kind names, else one of a live object."""
    wanted = (each.fields.get("model") for each in examined.desired if each.address.kind == kind.name)
    live = (each.fields.get("model") for each in examined.live[kind.name])
    return next((name for name in (*wanted, *live) if isinstance(name, str)), None)


def _announcement(examined: Examined, trials: Sequence[_Trial]) -> Iterator[str]:
    yield f"In {examined.session.title} these are created, modified and deleted again, of the stack {STACK}:"
    for trial in trials:
        yield f"  {trial.kind.with_article} called `{NAME}`, with the model {trial.model}"
        if not trial.deletes:
            yield f"  The server says that it deletes no {trial.kind.plural}: this one stays."
    yield "The id of one that cannot be deleted is printed."


@dataclass(slots=True)
class _Trial:
    """One throw-away object, from its create to its delete."""

    examined: Examined
    kind: Kind
    model: str
    findings: list[Finding]
    deletes: bool
    live: Live | None = None
    nonce: str = field(default_factory=lambda: secrets.token_hex(4))
    dropped: bool = False
    """Whether the server keeps no metadata."""
    _may_exist: bool = False

    def may_begin(self) -> bool:
        """Not where an object without a marker stays for ever: the next would stay beside it."""
        stuck = [each for each in self.examined.live[self.kind.name] if each.name == NAME and each.marker is None]
        if self.deletes or not stuck:
            return True
        self._found("problem", f"not tried: {stuck[0].id} is still there, called `{NAME}`.", "delete it by other means")
        return False

    async def run(self, stop: Stop) -> None:
        """Does one step after the other until a signal stops it; whatever was created is deleted in any case."""
        first = (self._clear_up, self._create)
        try:
            for step in (*first, self._read, self._list, self._modify, self._fields, self._pairs, self._clear):
                if stop.reason is not None or (self.live is None and step not in first):
                    break
                await self._try(step)
        finally:
            await self._clean()
            if stop.reason is not None:
                self._found("note", f"{stop.reason}: what is not listed here was not tried.")

    async def _clean(self) -> None:
        """Deletes what was created, whatever was interrupted and however late it is; says what may still be there."""
        in_time = until(time.monotonic() + _REMOVAL_SECONDS, in_any_case=True)
        with anyio.move_on_after(_REMOVAL_SECONDS + 1, shield=True) as limit, in_time:
            await self._try(self._remove)
        if limit.cancelled_caught:
            text = f"delete: not over after {_REMOVAL_SECONDS:.0f}s; what is called `{NAME}` may still be there."
            self._found("problem", text, f"run `{self._way_out}`")

    async def _try(self, step: Callable[[], Awaitable[None]]) -> None:
        try:
            await step()
        except ProviderError as error:
            name = step.__name__.strip("_").replace("_", " ")
            self._found("problem", f"{name}: {error.message}", self.examined.session.remedy(error))

    async def _clear_up(self) -> None:
        """An object that an earlier trial left is deleted, or taken where the server deletes none."""
        for left in self._own(self.examined.live[self.kind.name]):
            if self.deletes:
                await self._provider.delete(left)
                self._found("note", f"clear up: {left.id} was left of an earlier trial, and is deleted now.")
            else:
                self.live = left

    async def _create(self) -> None:
        if self.live is not None:
            self._found("note", f"create: not tried; {self.live.id} is still there of an earlier trial.")
            return
        self._may_exist = True
        marker = self._marker(None, self._body)
        try:
            made = await self._provider.create(self.kind.name, self._body, marker)
        except ProviderError as error:
            self._may_exist = error.may_have_happened
            raise
        if made.marker is None:  # an answer may leave out what the server keeps
            with suppress(ProviderError):
                made = await self._provider.fetch(made.kind, made.id)
        if self._is_of_others(made, marker):
            self._may_exist = False
            text = f"create: the server answered with {made.id}, which is not what was sent; it was left alone."
            cannot = f"{self.kind.plural.capitalize()} cannot be created."
            self._found("problem", text, f"look there for `{NAME}`", cannot)
            return
        self.live, self.dropped = made, made.marker is None
        self._found("ok", f"create: it is {made.id}.")
        if self.dropped:
            self._report_dropped()
        self._report_lost("create", self._body)

    def _is_of_others(self, made: Live, marker: Marker) -> bool:
        """Whether the answer to a create is an object that was there before, or is not known to be this one."""
        there = {each.id for each in self.examined.live[self.kind.name]}
        return made.id in there or not (made.carries(marker) or (made.marker is None and made.name == NAME))

    def _report_dropped(self) -> None:
        plural = self.kind.plural
        text = "metadata: dropped. The marker, which says who manages an object, cannot be stored."
        cannot = f"{plural.capitalize()} cannot be managed: `apply` would delete the first that it creates, and stop."
        self._found("problem", text, f"use a server that keeps the `metadata` of {plural}", cannot)

    async def _fields(self) -> None:
        """Whether more is kept than a name, a model and a prompt."""
        more = {text: "Of no use." for text in self.kind.texts if text not in self._body}
        tools = {"tools": self.kind.wire("tools", _TOOLS, None)} if "tools" in self.kind.table else {}
        await self._update({**more, **tools})
        if not self._report_lost("fields", {**more, **tools}):
            self._found("ok", f"fields: {', '.join([*more, *tools])} are kept as sent.")

    def _report_lost(self, step: str, sent: Mapping[str, Json]) -> bool:
        """Whether something that was sent is not there as it was sent; each is reported."""
        desired = self._desired(sent)
        paths = {each.path[0] for each in differences(desired, self._object, self.kind)}
        lost = [name for name in sent if name in paths and name != "metadata"]
        for name in lost:
            cannot = f"What is stated as `{name}` of {self.kind.plural} is never up to date."
            self._found("problem", f"{step}: `{name}` is not kept as it was sent.", f"leave out `{name}`", cannot)
        return bool(lost)

    async def _read(self) -> None:
        self.live = await self._provider.fetch(self.kind.name, self._object.id)
        by_id = self._provider.learned(self.kind.name).reads_by_id
        self._found("ok", "read: by its id." if by_id else "read: from the list; the server reads none by its id.")

    async def _list(self) -> None:
        began, is_late = time.monotonic(), False
        while not any(each.id == self._object.id for each in await self._provider.observe(self.kind.name)):
            is_late = True
            if time.monotonic() - began > _LAG_SECONDS:
                cannot = f"{self.kind.with_article.capitalize()} that was created may be created again."
                self._found("problem", f"list: it is not listed within {_LAG_SECONDS:.0f}s.", "", cannot)
                return
            await anyio.sleep(_LOOK_SECONDS)
        lag = f"only after {time.monotonic() - began:.1f}s" if is_late else "at once"
        self._found("note" if is_late else "ok", f"list: {lag}.")

    async def _modify(self) -> None:
        text = f"{self._body[self._prompt]} It was modified."
        changed = await self._update({self._prompt: text})
        if changed.fields[self._prompt] != text:
            cannot = f"{self.kind.plural.capitalize()} are not changed."
            self._found("problem", f"modify: `{self._prompt}` did not change.", "", cannot)
        elif self._provider.learned(self.kind.name).upserts:
            self._found("ok", "modify: what is left out is reset, so everything is sent each time.")
        else:
            self._found("ok", "modify: only what is sent changes.")

    async def _pairs(self) -> None:
        if self.dropped:
            return
        changed = await self._update({"metadata": {_KEPT: "1"}})
        learned = self._provider.learned(self.kind.name)
        if changed.pairs.get(_REMOVED):
            cannot = f"A metadata pair of {self.kind.plural} cannot be removed."
            self._found("note", "metadata: kept; a pair is never removed.", cannot=cannot)
        elif learned.merges:
            by = {"null": "null", "empty": "an empty text"}.get(str(learned.pair_removal), "null")
            self._found("ok", f"metadata: kept and merged; {by} removes a pair.")
        else:
            self._found("ok", "metadata: kept, and replaced by each modify.")

    async def _clear(self) -> None:
        changed = await self._update({self._prompt: None})
        way = self._provider.learned(self.kind.name).text_removal
        if changed.fields[self._prompt] is not None:
            cannot = f"A text of {self.kind.plural} cannot be removed, only replaced."
            self._found("note", "clear: a text stays, whatever is sent.", cannot=cannot)
        else:
            self._found("ok", f"clear: {'an empty text' if way == 'empty' else 'null'} removes a text.")

    async def _remove(self) -> None:
        """Deletes what was created; also what may have been, without an answer that said so."""
        found = [self.live] if self.live is not None else await self._landed() if self._may_exist else []
        for live in found:
            try:
                await self._provider.delete(live)
            except ProviderError as error:
                self._remains(live, error)
            else:
                self._found("ok", f"delete: {live.id} is gone.")

    async def _landed(self) -> list[Live]:
        """What a create without an answer made; it is looked for as long as it may still land."""
        began = time.monotonic()
        while time.monotonic() - began < LANDS_SECONDS:
            listed = self._own(await self._provider.observe(self.kind.name))
            if found := [each for each in listed if each.marker is not None and each.marker.nonce == self.nonce]:
                return found
            await anyio.sleep(_LOOK_SECONDS)
        self._found("note", f"delete: nothing is listed of the create; look there for `{NAME}` later.")
        return []

    def _remains(self, live: Live, error: ProviderError) -> None:
        plural, text = self.kind.plural, f"delete: {live.id} is still there, called `{NAME}`. {error.message}"
        if self.deletes:
            self._found("problem", text, f"run `{self._way_out}`, or delete it by other means")
        else:
            remedy = f"delete it by other means; in manifests, `on_removal: keep` lets go of removed {plural}"
            self._found("problem", text, remedy, f"Deletes of {plural} fail: what a manifest no longer wants stays.")

    async def _update(self, patch: Mapping[str, Json]) -> Live:
        self.live = await self._provider.update(self._object, patch, self._marker(self._object, patch), ())
        return self.live

    def _marker(self, live: Live | None, patch: Mapping[str, Json]) -> Marker:
        """What an apply would stamp: a stack of its own, so that no plan of any other touches it."""
        return RunContext(self.nonce).marker(self._where, self._desired(patch), live, patch)

    def _desired(self, patch: Mapping[str, Json]) -> Desired:
        fields = self.kind.read({**self._body, **patch})
        chosen = self.kind.choosable(fields)
        return Desired(Address(self.kind.name, STACK), fields, Location("doctor"), left_to_server=chosen)

    def _found(self, health: Health, text: str, remedy: str = "", cannot: str = "") -> None:
        self.findings.append(Finding(_area(self.kind), health, text, remedy, cannot))

    def _own(self, live: Sequence[Live]) -> list[Live]:
        """Those that a trial made."""
        return [each for each in managed(live, self._where) if each.address.key == STACK]

    @property
    def _way_out(self) -> str:
        return f"reconciler destroy --stack {STACK} -e {self.examined.session.environment.name}"

    @property
    def _provider(self) -> Provider:
        return self.examined.provider

    @property
    def _where(self) -> Target:
        return replace(self.examined.session.where, stack=STACK, former_stacks=())

    @property
    def _object(self) -> Live:
        assert self.live is not None  # noqa: S101  # every step after the create has one
        return self.live

    @property
    def _prompt(self) -> str:
        return self.kind.prompt[0]

    @property
    def _body(self) -> dict[str, Json]:
        """What is created: as little as shows whether it is kept."""
        text = "A throw-away object of `reconciler doctor --write`."
        pairs: dict[str, Json] = {_KEPT: "1", _REMOVED: "1"}
        return {"name": NAME, "model": self.model, self._prompt: text, "metadata": pairs}
