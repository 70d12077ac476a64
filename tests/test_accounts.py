"""Messy accounts become files in both layouts, and are adopted without one changed field."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from reconciler import config
from reconciler.kinds import KINDS
from reconciler.manifests.layout import Layout
from reconciler.model import Live
from reconciler.providers import PROVIDERS
from reconciler.render import Style
from reconciler.run.all_manifests import AllManifests, opened
from reconciler.run.import_folders import folders_for
from reconciler.run.importing import Imported, ImportOptions, Item, import_objects
from reconciler.run.matching import Matched
from support.accounts import ACCOUNTS
from support.world import World, run

pytestmark = pytest.mark.no_cover

SETTINGS = {name: provider.settings for name, provider in PROVIDERS.items()}
CONFIG = """version: 1
stack: acme
environments:
  production: {provider: openai, base_url: https://api.example.com/v1}
  staging: {provider: openai, base_url: https://staging.example.com/v1}
"""


@pytest.fixture
def empty(tmp_path: Path) -> AllManifests:
    """A repository that has its two environments and no manifest yet."""
    (tmp_path / "reconciler.yaml").write_text(CONFIG)
    loaded = config.load(tmp_path, providers=SETTINGS, kinds=tuple(KINDS)).config
    assert loaded is not None
    return opened(loaded, loaded.environments["production"], Style())


def imported(repository: AllManifests, live: Sequence[Live], layout: Layout) -> Imported:
    """What an import writes of everything live in production."""
    items = [Item(one, {"id": {"production": one.id}, "environments": {"staging": False}}) for one in live]
    folders = folders_for(repository.config, {one.kind for one in live})
    return import_objects(repository, items, folders, ImportOptions(layout), Matched())


@pytest.mark.parametrize("layout", ["yaml", "markdown"])
@pytest.mark.parametrize("account", ACCOUNTS)
def test_an_account_is_adopted_as_it_is_and_not_a_field_is_changed(
    account: str, layout: Layout, empty: AllManifests
) -> None:
    bodies = ACCOUNTS[account]()

    async def story() -> None:
        world = World()
        for kind, body in bodies:
            await world.by_hand("POST", f"/{KINDS[kind].plural}", body)
        live = await world.live()
        made = imported(empty, live, layout)
        assert made.left == ()
        assert len({path.lower() for path in made.texts}) == len(made.texts)

        repository = empty.with_files(made.texts, sorted({KINDS[one.kind].plural for one in live}))
        assert repository.read.faults == ()
        assert repository.parsed("staging").desired == ()
        wanted = repository.parsed("production").desired
        plan = await world.plan(wanted)
        assert [(change.action, change.fields) for change in plan.changes] == [("adopt", ())] * len(bodies)
        await world.apply(plan)
        after = await world.plan(wanted)
        assert (after.changes, after.marks, after.objections) == ((), (), ())

    run(story)
