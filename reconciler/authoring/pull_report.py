"""The output of a pull: what is written, what could not be taken and why, and notes."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from reconciler.authoring.all_manifests import AllManifests
from reconciler.authoring.pulled_files import SECRET, NewTexts
from reconciler.canonical import Absent
from reconciler.model import REMOVALS, Address, FieldChange, Plan
from reconciler.paths import show
from reconciler.plan.taken import Taken
from reconciler.render import pulled
from reconciler.render.sentences import address_of, count
from reconciler.run.session import Session
from reconciler.source import locate

LIVE = ".live.md"
"""The suffix of texts that a person must merge."""
_MOST = 5
_ADOPTED = "it was never applied from here; pass `--take live` or `--take git`"
_BOTH = "changed in Git and on the server; pass `--take live` or `--take git`"
_UNKNOWN = "it is unknown which side changed it; pass `--take live` or `--take git`"
_OVERLAP = (
    "both sides changed {1}, and {0} has the live text. Merge it into the prompt and delete that file;"
    " or delete it, and pass `--take live` or `--take git`"
)
_UNMERGED = "it (the text of the last apply was not found, so they were not merged)"


def live_file(one: Taken, environment: str) -> str:
    """The path of the live text of a prompt, beside its manifest."""
    return (PurePosixPath(one.desired.place.file).parent / f"{one.address.key}.{environment}{LIVE}").as_posix()


@dataclass(frozen=True, slots=True)
class PullReport:
    """Everything that is known before the texts are written."""

    session: Session
    repository: AllManifests
    plan: Plan
    taken: Sequence[Taken]
    texts: NewTexts
    beside: Collection[str]
    """The files that are written so that a person can merge a text."""

    def text(self, *, is_written: bool, is_only: bool) -> pulled.PulledText:
        """All of it, to be printed."""
        undecided = (self._undecided(one, each) for one in self.taken for each in one.undecided)
        return pulled.PulledText(
            environment=self.session.where.environment,
            address=f"({address_of(self.session.where)}), stack {self.session.where.stack}",
            files=tuple(self._edited_files()),
            beside=tuple(sorted(self.beside)),
            also=self.texts.also,
            left=sorted((*undecided, *self._unwritten()), key=lambda each: (each.address, each.path)),
            notes=tuple(self._notes()),
            values=sum(len(each.paths) for each in self.texts.fields),
            is_written=is_written,
            is_only=is_only,
        )

    def _edited_files(self) -> Iterator[pulled.EditedFile]:
        for file, text in sorted(self.texts.texts.items()):
            held = [(each.address, each.name) for each in self.texts.fields if file in each.files]
            yield pulled.EditedFile(file, pulled.holding(held), self.texts.before.get(file, ""), text)

    def _unwritten(self) -> Iterator[pulled.LeftField]:
        for each, why in self.texts.left:
            yield from (pulled.LeftField(each.address, path, each.place, why) for path in each.paths)

    def _undecided(self, one: Taken, change: FieldChange) -> pulled.LeftField:
        """An undecided value, and what to do."""
        manifest = next(each for each in self.repository.read.manifests if each.node.place == one.desired.place)
        place, sides = locate(manifest.node, change.path), (change.before, change.after)
        if change is one.overlap:
            beside = live_file(one, self.session.where.environment)
            what = _UNMERGED if isinstance(change.applied, Absent) else "the same lines"
            why = _OVERLAP.format(beside, what) if beside in self.beside else SECRET
            return pulled.LeftField(one.address, change.path, place, why)
        why = {"conflict": _BOTH, "adoption": _ADOPTED}.get(change.cause, _UNKNOWN)
        return pulled.LeftField(one.address, change.path, place, why, sides)

    def _notes(self) -> Iterator[str]:
        """Notes about merged and kept values, missing and orphaned objects, and mismatches."""
        written = {(each.address, path) for each in self.texts.fields for path in each.paths}
        left = {(each.address, path) for each, _ in self.texts.left for path in each.paths}
        for address, path in sorted({(one.address, path) for one in self.taken for path in one.merged} - left):
            value = f"{address} {show(path)}"
            yield f"{value} has the edits of both sides now: review it, and apply it with --allow conflict."
        if kept := sum(len(one.kept) for one in self.taken):
            yield f"{count(kept, 'value')} that changed in Git {'stays' if kept == 1 else 'stay'} as Git states."
        if disputed := _listed(one.address for one in self.taken if any(each.cause == "conflict" for each in one.kept)):
            yield f"Changed on the server as well: {disputed}. To write the value of Git, apply with --allow conflict."
        acting, created = self.plan.changes, {each.address for each in self.plan.changes if each.action == "create"}
        if missing := _listed(created - self.plan.held):
            yield f"Not live: {missing}. An apply creates them; to keep one deleted, remove its manifest."
        for each in [each for each in self.plan.standing if each.holds & created][:_MOST]:
            yield f"{each.address}: {each.message} {each.remedy}" if each.address else each.message
        if orphans := _listed(change.address for change in acting if change.action in REMOVALS):
            yield f"Without a manifest here: {orphans}. `reconciler import` writes one."
        if unkept := _listed({one.address for one in self.plan.mismatches} - {address for address, _ in written}):
            yield f"The server does not keep what it is sent: {unkept}. To take the server's value, pass `--take live`."
        unmanaged = self.plan.unmanaged - self.plan.elsewhere
        if unmanaged and not self.plan.selected:
            are, its = ("is", "its manifest") if unmanaged == 1 else ("are", "their manifests")
            objects = count(unmanaged, "live object")
            yield f"{objects} {are} unmanaged: `reconciler import` writes {its}."


def _listed(addresses: Iterable[Address]) -> str:
    """The first of the addresses, and how many more there are; empty where there is none."""
    names = [str(address) for address in sorted(set(addresses))]
    more = [f"and {len(names) - _MOST} more"] if len(names) > _MOST else []
    return ", ".join([*names[:_MOST], *more])
