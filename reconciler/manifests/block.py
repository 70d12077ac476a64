"""The `reconciler:` block of a manifest: its shape, and what of it an environment's patch may say."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, Final, TypeAlias

from pydantic import BaseModel, ConfigDict, Discriminator, Field, Tag, WithJsonSchema

from reconciler.kinds.model_schema import NAME_SCHEMA
from reconciler.kinds.problems import Loc, tag
from reconciler.model import OnRemoval

PATCHED: Final = ("ignore_changes", "on_removal", "unresolved")
"""What an environment's patch may replace of the block."""


Key: TypeAlias = Annotated[str, WithJsonSchema(NAME_SCHEMA)]
Id: TypeAlias = Annotated[str, WithJsonSchema({"type": "string", "minLength": 1})]


def _id_tag(value: Any) -> str:
    return tag("mapping" if isinstance(value, dict) else "text")


def _ids_tag(value: Any) -> str:
    return tag("mapping" if isinstance(value, dict) else "list")


def _some_ids_tag(value: Any) -> str:
    return tag("list" if isinstance(value, list) else "text")


class ReconcilerBlock(BaseModel):
    """The `reconciler:` block of a manifest, which is never sent to the API."""

    model_config = ConfigDict(protected_namespaces=())

    kind: Annotated[str | None, Field(description="What the manifest is of; omitted: what its folder says.")] = None
    key: Annotated[Key | None, Field(description="What the manifest is called; omitted: the stem of its file.")] = None
    id: Annotated[
        Annotated[
            Annotated[Id, Tag(tag("text"))] | Annotated[dict[str, Id], Tag(tag("mapping"))], Discriminator(_id_tag)
        ]
        | None,
        Field(description="The id of the live object to adopt, by environment."),
    ] = None
    was: Annotated[list[Key] | None, Field(description="The keys that the manifest had before.")] = None
    on_removal: Annotated[
        OnRemoval | None,
        Field(description="What becomes of the live object once the manifest is removed; omitted: `delete`."),
    ] = None
    ignore_changes: Annotated[
        list[str] | None,
        Field(
            description="Paths of what is set on create and left to the dashboard afterwards, such as `temperature`."
        ),
    ] = None
    environments: Annotated[
        dict[str, Any] | None,
        Field(description="By environment the fields that differ there, or `false` where the object does not exist."),
    ] = None
    former_ids: Annotated[
        Annotated[
            Annotated[list[Id], Tag(tag("list"))]
            | Annotated[
                dict[
                    str,
                    Annotated[
                        Annotated[Id, Tag(tag("text"))] | Annotated[list[Id], Tag(tag("list"))],
                        Discriminator(_some_ids_tag),
                    ],
                ],
                Tag(tag("mapping")),
            ],
            Discriminator(_ids_tag),
        ]
        | None,
        Field(description="The ids that the resource had before a migration, as a list or by environment."),
    ] = None
    unresolved: Annotated[
        list[str] | None,
        Field(description="What a migration could not carry over; each word is an error until you remove it."),
    ] = None
    unknown_members: Annotated[
        list[str] | None,
        Field(description="Paths of members within fields that are sent although this version does not know them."),
    ] = None

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
