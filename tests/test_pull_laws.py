"""What is pulled is what is live, and nothing else: over generated worlds of both kinds, in both layouts."""

from __future__ import annotations

import re
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import assume, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from reconciler import config
from reconciler.authoring.all_manifests import AllManifests
from reconciler.authoring.pulled_files import NewTexts, new_texts
from reconciler.canonical import Json
from reconciler.drafts.layout import Draft, laid_out
from reconciler.kinds import KINDS, ServerTraits
from reconciler.manifests import reading
from reconciler.model import Address, Plan
from reconciler.plan.last_applied import with_last_applied
from reconciler.plan.taken import taken_from
from reconciler.providers import PROVIDERS
from reconciler.source import merge_patch
from reconciler.source.text_merge import merged_text
from support.bodies import Edit, Resource, edit, of_one_kind, resource
from support.world import World, run

FOLDERS = {kind.name: kind.plural for kind in KINDS.values()}
CONFIGURATION = """\
version: 1
stack: acme
manifests: [agents, assistants]
environments:
  production: {provider: openai, base_url: "https://api.example.com/v1"}
  staging: {provider: openai, base_url: "https://staging.example.com/v1"}
"""
fewer = hypothesis_settings(max_examples=max(8, hypothesis_settings().max_examples // 3))
FIELD = re.compile(r"^(?=[a-z_]+:)", re.MULTILINE)


def written(root: Path, made: list[Resource], layout: str, patch: Json = None) -> AllManifests:
    """The manifests of the bodies, with a remark above each field, and what production has in another way."""
    own: dict[str, Json] = {"environments": {"production": patch}} if patch else {}
    drafts = [Draft(Address(kind, f"k{n}"), body, own) for n, (kind, body) in enumerate(made)]
    texts = {"reconciler.yaml": CONFIGURATION, **laid_out(drafts, layout, FOLDERS)}  # type: ignore[arg-type]
    for file, text in texts.items():
        (root / file).parent.mkdir(parents=True, exist_ok=True)
        head, fence, body = text.partition("\n---\n") if file.endswith(".md") else (text, "", "")
        is_manifest = "/" in file and file.count("/") == 1
        (root / file).write_bytes((FIELD.sub("# about\n", head) + fence + body if is_manifest else text).encode())
    return read(root)


def read(root: Path) -> AllManifests:
    loaded = config.load(root, providers={name: each.settings for name, each in PROVIDERS.items()}, kinds=FOLDERS)
    assert loaded.config is not None, loaded.faults
    folders = [folder for folder in FOLDERS.values() if (root / folder).is_dir()]
    found = reading.read(root, folders)
    return AllManifests(loaded.config, loaded.config.environments["production"], found)


async def moved(world: World, change: Edit) -> None:
    """Somebody changes every object in a dashboard, and keeps the marker."""
    for one in await world.live():
        before = KINDS[one.kind].manifest(one.fields)
        after = change((one.kind, before))[1]
        sent = {name: value for name, value in after.items() if value != before.get(name)}
        pairs = after.get("metadata", {})
        gone = {name: "" for name in before.get("metadata", {}) if name not in pairs}
        sent["metadata"] = {**gone, **pairs, "reconciler": one.pairs["reconciler"]}
        await world.by_hand("POST", f"/{KINDS[one.kind].plural}/{one.id}", sent)


async def replaced(world: World, other: Resource) -> None:
    """Somebody makes of every object another one, field by field."""
    for one in await world.live():
        kind = KINDS[one.kind]
        fields = kind.read(other[1])
        chosen = kind.check(kind.manifest(fields), ServerTraits()).left_to_server
        sent = {name: None if (name,) in chosen else kind.wire(name, fields[name], one) for name in kind.fields}
        gone = {name: "" for name in one.fields["metadata"] if name not in fields["metadata"]}
        sent["metadata"] = {**gone, **fields["metadata"], "reconciler": one.pairs["reconciler"]}
        await world.by_hand("POST", f"/{kind.plural}/{one.id}", sent)


def remarks(text: str) -> list[str]:
    """A manifest by its fields, each with its remark."""
    return text.split("# about\n")


@fewer
@given(of_one_kind(resource, resource, edit), st.sampled_from(["yaml", "markdown"]), st.booleans())
@pytest.mark.no_cover
def test_once_it_is_pulled_nothing_has_drifted_and_no_other_field_has_another_byte(
    made: tuple[Resource, Resource, Edit], layout: str, only: bool
) -> None:
    *bodies, change = made

    async def story(root: Path) -> tuple[Plan, NewTexts, Plan, Plan]:
        world, every = World(), written(root, bodies, layout)
        await world.settle(every.parsed("production").desired)
        await moved(world, change)
        plan = await world.plan(every.parsed("production").desired)
        found = new_texts(every, "production", taken_from(plan, (), None, merged_text), only=only)
        staging = {one.address: one.fields for one in every.parsed("staging").desired}
        for file, text in found.texts.items():
            (root / file).write_bytes(text.encode())
        again = read(root)
        if only:
            assert {one.address: one.fields for one in again.parsed("staging").desired} == staging
        return plan, found, await world.plan(again.parsed("production").desired), plan

    with TemporaryDirectory() as folder:
        before, found, after, _ = run(story, Path(folder))

    assert {field.cause for each in before.changes for field in each.fields} <= {"drift"}
    assert [each.name for each, _ in found.left] == []
    assert after.changes == ()
    for file, text in found.texts.items():
        taken = {each.name for each in found.fields if file in each.files}
        kept = [part for part in remarks(found.before[file]) if not part.startswith(tuple(f"{n}:" for n in taken))]
        if "# about" in text:
            assert [part for part in kept if part.strip() and part not in remarks(text)] in ([], kept[-1:])


@fewer
@given(of_one_kind(resource, resource), st.sampled_from(["yaml", "markdown"]))
@pytest.mark.no_cover
def test_whatever_an_object_became_can_be_pulled(made: tuple[Resource, Resource], layout: str) -> None:
    before, other = made

    async def story(root: Path) -> Plan:
        world, every = World(), written(root, [before], layout)
        await world.settle(every.parsed("production").desired)
        await replaced(world, other)
        plan = await world.plan(every.parsed("production").desired)
        found = new_texts(every, "production", taken_from(plan, (), None, merged_text), only=False)
        assert [each.name for each, _ in found.left] == []
        for file, text in found.texts.items():
            (root / file).write_bytes(text.encode())
        return await world.plan(read(root).parsed("production").desired)

    with TemporaryDirectory() as folder:
        assert run(story, Path(folder)).changes == ()


@fewer
@given(of_one_kind(resource, edit, edit), st.sampled_from(["yaml", "markdown"]))
@pytest.mark.no_cover
def test_an_edit_in_git_outlives_a_pull(made: tuple[Resource, Edit, Edit], layout: str) -> None:
    before, ours, theirs = made

    async def story(root: Path) -> tuple[Plan, NewTexts, Plan]:
        world, every = World(), written(root, [before], layout)
        await world.settle(every.parsed("production").desired)
        await moved(world, theirs)
        every = written(root, [ours(before)], layout)
        plan = with_last_applied(await world.plan(every.parsed("production").desired), lambda change: [])
        found = new_texts(every, "production", taken_from(plan, (), None, merged_text), only=False)
        for file, text in found.texts.items():
            (root / file).write_bytes(text.encode())
        return plan, found, await world.plan(read(root).parsed("production").desired)

    with TemporaryDirectory() as folder:
        plan, found, again = run(story, Path(folder))

    assert found.left == ()
    taken = {path for each in found.fields for path in each.paths}
    left = [(f.path, f.cause, f.after) for change in plan.changes for f in change.fields if f.path not in taken]
    assert [(f.path, f.cause, f.after) for change in again.changes for f in change.fields] == left


@fewer
@given(of_one_kind(resource, resource, resource), st.sampled_from(["yaml", "markdown"]), st.booleans())
@pytest.mark.no_cover
def test_what_production_has_in_another_way_is_pulled_into_its_patch(
    made: tuple[Resource, Resource, Resource], layout: str, only: bool
) -> None:
    base, ours, other = made
    patch = merge_patch(base[1], ours[1])
    assume(patch is not None)

    async def story(root: Path) -> set[str]:
        world, every = World(), written(root, [base], layout, patch)
        await world.settle(every.parsed("production").desired)
        await replaced(world, other)
        plan = await world.plan(every.parsed("production").desired)
        found = new_texts(every, "production", taken_from(plan, (), None, merged_text), only=only)
        for file, text in found.texts.items():
            (root / file).parent.mkdir(exist_ok=True)
            (root / file).write_bytes(text.encode())
        again = read(root)
        if only:
            assert again.parsed("staging").desired[0].fields == every.parsed("staging").desired[0].fields
        left = await world.plan(again.parsed("production").desired)
        drifted = {field.path[0] for each in left.changes for field in each.fields if field.cause == "drift"}
        return drifted - {each.name for each, _ in found.left}

    with TemporaryDirectory() as folder:
        assert run(story, Path(folder)) == set()
