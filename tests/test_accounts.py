"""Messy accounts become files and are adopted without one changed field."""

from __future__ import annotations

from pathlib import Path

import pytest

from reconciler.diagnostics import errors
from reconciler.kinds import KINDS
from reconciler.manifests import parser, reading
from reconciler.manifests.keys import keys_of
from reconciler.manifests.layout import Draft, Layout, laid_out
from reconciler.model import Address, Desired, Live
from support.accounts import ACCOUNTS
from support.world import SETTING, WHERE, World, run

FOLDERS = {kind.name: kind.plural for kind in KINDS.values()}

pytestmark = pytest.mark.no_cover


def imported(live: tuple[Live, ...], layout: Layout) -> dict[str, str]:
    """The files that live objects become."""
    keys = keys_of(live, ())
    drafts = [
        Draft(
            Address(one.kind, keys[one.identity]),
            KINDS[one.kind].manifest(one.fields),
            {"id": {WHERE.environment: one.id}},
        )
        for one in live
    ]
    return laid_out(drafts, layout, FOLDERS)


def read(root: Path, texts: dict[str, str]) -> tuple[Desired, ...]:
    """What the files say, once they are there."""
    found = reading.read(root, sorted({path.split("/")[0] for path in texts}), texts)
    parsed = parser.parse(found.manifests, SETTING)
    unused = [fault for fault in found.faults if fault.code in ("unused-file", "no-front-matter")]
    assert not [*errors([*found.faults, *parsed.faults]), *unused]
    return parsed.desired


@pytest.mark.parametrize("layout", ["yaml", "markdown"])
@pytest.mark.parametrize("account", ACCOUNTS)
def test_an_account_is_adopted_as_it_is(account: str, layout: Layout, tmp_path: Path) -> None:
    bodies = ACCOUNTS[account]()

    async def story() -> None:
        world = World()
        for kind, body in bodies:
            await world.by_hand("POST", f"/{KINDS[kind].plural}", body)
        texts = imported(await world.live(), layout)
        assert len({path.lower() for path in texts}) == len(texts)
        wanted = read(tmp_path, texts)
        plan = await world.plan(wanted)
        assert [(change.action, change.fields) for change in plan.changes] == [("adopt", ())] * len(bodies)
        await world.apply(plan)
        after = await world.plan(wanted)
        assert (after.changes, after.marks, after.objections) == ((), (), ())

    run(story)
