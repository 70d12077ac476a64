"""The `reconciler:` block of a manifest once it is known which object of an environment is its own, or that none is."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from reconciler.canonical import Absent, Json
from reconciler.source import OneLine


def adopting(
    own: Json,
    where: str,
    id: str,
    patch: Mapping[str, Json | Absent],
    of_text: Collection[str],
    unknown: Collection[str] = (),
) -> dict[str, Json]:
    """The block with the object's id and with what the environment's patch says of these fields.

    `of_text` are the environments that an id means which stands there as a text; `unknown` are members to be named.
    """
    block = _members(own)
    named = block.get("unknown_members")
    listed = named if isinstance(named, list) else []
    if more := [path for path in unknown if path not in listed]:
        block["unknown_members"] = [*listed, *more]
    ids = _ids(block, of_text)
    if ids.get(where) != id:
        block["id"] = OneLine({**ids, where: id})
    stated = _members(_members(block.get("environments")).get(where))
    said = {name: value for name, value in {**stated, **patch}.items() if not isinstance(value, Absent)}
    return _with_patch(block, where, said or None)


def leaving_out(own: Json, where: str, of_text: Collection[str]) -> dict[str, Json]:
    """The block of a manifest that does not exist in the environment."""
    block = _members(own)
    ids = _ids(block, of_text)
    if ids.pop(where, None) is not None:
        block = {name: value for name, value in block.items() if name != "id"} | ({"id": ids} if ids else {})
    return _with_patch(block, where, said=False)


def _with_patch(block: Mapping[str, Json], where: str, said: Json) -> dict[str, Json]:
    environments = {**_members(block.get("environments")), where: said}
    stated: dict[str, Json] = {name: patch for name, patch in environments.items() if patch is not None}
    rest = {name: value for name, value in block.items() if name != "environments"}
    return rest | ({"environments": stated} if stated else {})


def _ids(block: Mapping[str, Json], of_text: Collection[str]) -> dict[str, Json]:
    known = block.get("id")
    return dict.fromkeys(of_text, known) if isinstance(known, str) else _members(known)


def _members(value: Json) -> dict[str, Json]:
    return dict(value) if isinstance(value, dict) else {}
