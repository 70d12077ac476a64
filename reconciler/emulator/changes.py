"""From what is stored and what is sent to what is stored next."""

import hashlib
from collections.abc import Mapping

from reconciler.emulator.echo import ECHOES
from reconciler.emulator.rules import Fields, judge
from reconciler.emulator.settings import Settings


def create(sent: Fields, settings: Settings, *, assistant_id: str) -> Fields:
    """The fields of a new assistant; raises Refused where the rules between fields forbid it."""
    return _settle({}, _with_new_stores(sent, assistant_id), settings)


def modify(before: Fields, sent: Fields, settings: Settings) -> Fields:
    """The fields of an assistant after a modify; raises Refused where the rules between fields forbid it."""
    return _settle(before, sent, settings)


def _settle(before: Fields, sent: Fields, settings: Settings) -> Fields:
    after = _merge(before, sent, settings)
    judge(after, sent, settings.models)
    if settings.forget_metadata:
        after.pop("metadata", None)
    return ECHOES[settings.echo](after, settings.models)


def _merge(before: Fields, sent: Fields, settings: Settings) -> Fields:
    base = before
    if settings.modify == "upsert":
        # a model has no default to return to
        base = {name: value for name, value in before.items() if name == "model"}
    after = {**base, **sent}
    if sent.get("metadata") is not None:
        after["metadata"] = _merge_metadata(before.get("metadata") or {}, sent["metadata"], settings)
    if sent.get("tool_resources") is not None:
        after["tool_resources"] = _merge_resources(base.get("tool_resources") or {}, sent["tool_resources"])
    return after


def _merge_metadata(before: Mapping[str, str], sent: Mapping[str, str | None], settings: Settings) -> Fields:
    base = {} if settings.metadata == "replace" else before
    return {key: value for key, value in {**base, **sent}.items() if value is not None}


def _merge_resources(before: Fields, sent: Fields) -> Fields:
    return {**before, **{kind: _as_sets(lists) for kind, lists in sent.items()}}


def _as_sets(lists: Fields | None) -> Fields | None:
    """Each list in an order of the server's own: ids are a set, and nobody may count on the order sent."""
    if lists is None:
        return None
    return {name: _reordered(ids) if ids is not None else None for name, ids in lists.items()}


def _reordered(ids: list[str]) -> list[str]:
    return sorted(set(ids), key=_digest)


def _with_new_stores(sent: Fields, assistant_id: str) -> Fields:
    """`vector_stores` makes a store for this assistant and is not kept itself."""
    resources = sent.get("tool_resources") or {}
    search = resources.get("file_search") or {}
    if "vector_stores" not in search:
        return sent
    kept = {name: ids for name, ids in search.items() if name != "vector_stores"}
    if search["vector_stores"]:
        kept["vector_store_ids"] = [f"vs_{_digest(assistant_id)[:32]}"]
    return {**sent, "tool_resources": {**resources, "file_search": kept}}


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
