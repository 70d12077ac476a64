"""The `reconciler:` block of a manifest: what only we need, and what the API never sees."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Discriminator, Tag

from reconciler.kinds.problems import tag


def _id_tag(value: Any) -> str:
    return tag("mapping" if isinstance(value, dict) else "text")


_Id = Annotated[
    Annotated[str, Tag(tag("text"))] | Annotated[dict[str, str], Tag(tag("mapping"))], Discriminator(_id_tag)
]


class ReconcilerBlock(BaseModel):
    """The `reconciler:` block."""

    model_config = ConfigDict(protected_namespaces=())

    key: str | None = None
    id: _Id | None = None
    was: list[str] | None = None
    on_removal: Literal["delete", "keep", "refuse"] | None = None
    ignore_changes: list[str] | None = None
    environments: dict[str, Any] | None = None
