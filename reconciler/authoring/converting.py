"""Converts the objects of an import into another kind before they become manifests."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal, TypeAlias

from reconciler.authoring.importing import Item
from reconciler.canonical import Json
from reconciler.kinds import KINDS
from reconciler.kinds.conversion import converted
from reconciler.plan.importable import Left
from reconciler.render.sentences import count

Goal: TypeAlias = Literal["agent", "responses"]
"""What assistants become."""


def converted_item(item: Item, to: Goal, *, strict: bool) -> Item | Left:
    """An assistant as what it becomes, with a word in its block for each thing that is lost; an agent as it is.

    With `strict` one that loses anything is left.
    """
    if item.live.kind != "assistant":
        return item if to == "agent" else Left(item.live, "agents cannot be requests to the Responses API")
    assistant, kind = KINDS["assistant"], KINDS["agent" if to == "agent" else "assistant"]
    result = converted(item.live.fields, assistant, to)
    if strict and result.unresolved:
        words = ", ".join(result.unresolved)
        return Left(item.live, f"{count(len(result.unresolved), 'field')} would be unresolved: {words}")
    words_there: dict[str, Json] = {"unresolved": [*result.unresolved]} if result.unresolved else {}
    live = replace(item.live, kind=kind.name, fields=kind.read(result.body))
    return replace(item, live=live, own={**item.own, **words_there})
