"""The `reconciler:` block of a manifest: its shape, and what of it an environment's patch may say."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, Final

from pydantic import BaseModel, ConfigDict, Discriminator, Tag

from reconciler.kinds.problems import Loc, tag
from reconciler.model import OnRemoval

PATCHED: Final = ("ignore_changes", "on_removal", "unresolved")
"""What an environment's patch may replace of the block."""


def _id_tag(value: Any) -> str:
    return tag("mapping" if isinstance(value, dict) else "text")


def _ids_tag(value: Any) -> str:
    return tag("mapping" if isinstance(value, dict) else "list")


def _some_ids_tag(value: Any) -> str:
    return tag("list" if isinstance(value, list) else "text")


class ReconcilerBlock(BaseModel):
    """The `reconciler:` block of a manifest, which is never sent to the API."""

    model_config = ConfigDict(protected_namespaces=())

    kind: str | None = None
    key: str | None = None
    id: (
        Annotated[
            Annotated[str, Tag(tag("text"))] | Annotated[dict[str, str], Tag(tag("mapping"))], Discriminator(_id_tag)
        ]
        | None
    ) = None
    was: list[str] | None = None
    on_removal: OnRemoval | None = None
    ignore_changes: list[str] | None = None
    environments: dict[str, Any] | None = None
    former_ids: (
        Annotated[
            Annotated[list[str], Tag(tag("list"))]
            | Annotated[
                dict[
                    str,
                    Annotated[
                        Annotated[str, Tag(tag("text"))] | Annotated[list[str], Tag(tag("list"))],
                        Discriminator(_some_ids_tag),
                    ],
                ],
                Tag(tag("mapping")),
            ],
            Discriminator(_ids_tag),
        ]
        | None
    ) = None
    unresolved: list[str] | None = None
    unknown_members: list[str] | None = None

    def former_ids_in(self, environment: str) -> tuple[str, ...]:
        """The ids under which it was known before, as far as they concern an environment."""
        stated = self.former_ids or []
        here = stated.get(environment, []) if isinstance(stated, dict) else stated
        return (here,) if isinstance(here, str) else tuple(here)

    def former_id_paths(self) -> Iterator[tuple[Loc, str]]:
        """Every id under which it was known before, with its path within the block."""
        stated = self.former_ids or []
        by_name: list[tuple[Loc, str | list[str]]] = [(("former_ids",), stated)] if isinstance(stated, list) else []
        if isinstance(stated, dict):
            by_name = [(("former_ids", name), ids) for name, ids in stated.items()]
        for path, ids in by_name:
            if isinstance(ids, str):
                yield path, ids
            else:
                yield from (((*path, index), id) for index, id in enumerate(ids))
