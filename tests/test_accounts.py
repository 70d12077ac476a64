"""Messy accounts become files in both layouts, and are adopted without one changed field."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from reconciler import config
from reconciler.authoring.all_manifests import AllManifests, opened
from reconciler.authoring.file_changes import write_files
from reconciler.authoring.import_folders import folders_for
from reconciler.authoring.importing import Imported, ImportOptions, Item, import_objects
from reconciler.authoring.matching import Matched
from reconciler.authoring.pulled_files import new_texts
from reconciler.canonical import Json
from reconciler.drafts.layout import Layout
from reconciler.kinds import KINDS
from reconciler.model import Live
from reconciler.plan.taken import taken_from
from reconciler.providers import PROVIDERS
from reconciler.render import Style
from reconciler.source.text_merge import merged_text
from support.accounts import ACCOUNTS, Bodies
from support.checkout import Checkout
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
    return repository_in(tmp_path)


def repository_in(root: Path) -> AllManifests:
    loaded = config.load(root, providers=SETTINGS, kinds=tuple(KINDS)).config
    assert loaded is not None
    return opened(loaded, loaded.environments["production"], Style())


async def world_with(bodies: Bodies) -> World:
    world = World()
    for kind, body in bodies:
        await world.by_hand("POST", f"/{KINDS[kind].plural}", body)
    return world


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
        world = await world_with(bodies)
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


@pytest.mark.parametrize("account", ACCOUNTS)
def test_an_account_that_was_saved_as_json_is_made_again_as_it_was(
    account: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    checkout = Checkout(tmp_path, monkeypatch, capsys)
    (tmp_path / "assistants").rmdir()
    (tmp_path / "reconciler.yaml").write_text(CONFIG)

    async def story() -> None:
        saved = await (await world_with(ACCOUNTS[account]())).live()
        (tmp_path / "saved.jsonl").write_text("".join(f"{json.dumps(one.raw)}\n" for one in saved))
        assert checkout.run("import", "--from", "saved.jsonl").code == 0

        wanted = repository_in(tmp_path).parsed("staging").desired
        elsewhere = World()
        await elsewhere.settle(wanted)
        made = {one.address: one.fields for one in await elsewhere.live()}
        assert {each.former_ids[0]: made[each.address] for each in wanted} == {one.id: one.fields for one in saved}

    run(story)


@pytest.mark.parametrize("only", [False, True], ids=["where it stands", "as a patch"])
@pytest.mark.parametrize(
    ("account", "layout"),
    [
        ("front matter", "markdown"),
        ("words of yaml", "yaml"),
        ("from windows", "markdown"),
        ("odd characters", "yaml"),
        ("templates", "markdown"),
        ("everything of an agent", "yaml"),
    ],
)
def test_what_somebody_changes_in_an_account_is_pulled(
    account: str, layout: Layout, only: bool, empty: AllManifests
) -> None:
    root = empty.config.root

    async def story() -> None:
        world = await world_with(ACCOUNTS[account]())
        write_files(root, imported(empty, await world.live(), layout).texts)
        repository = repository_in(root)
        await world.settle(repository.parsed("production").desired)
        for number, one in enumerate(await world.live()):
            await world.by_hand("POST", f"/{KINDS[one.kind].plural}/{one.id}", _changed(one, number))
        plan = await world.plan(repository.parsed("production").desired)
        assert {field.cause for change in plan.changes for field in change.fields} == {"drift"}

        found = new_texts(repository, "production", taken_from(plan, (), None, merged_text), only=only)
        write_files(root, found.texts, before=found.before)

        assert found.left == ()
        assert (await world.plan(repository_in(root).parsed("production").desired)).changes == ()

    run(story)


def _changed(one: Live, number: int) -> dict[str, Json]:
    """What somebody sends from a dashboard: odd lines in the prompt, another name, one pair more and one less."""
    lines = str(one.fields["instructions"] or "").split("\n")
    at = len(lines) * (number % 3) // 2
    lines[at:at] = ["---", "  {{ tail }} % #  ", "\t- 'last': \"x\\n"]
    pairs = {**one.pairs, "1e3": "no"}
    if kept := [name for name in one.pairs if name != "reconciler"]:
        pairs[kept[0]] = ""
    return {"name": "yes" if number % 2 else "改 #1", "instructions": "\n".join(lines), "metadata": pairs}
