"""What a resource is: its fields, limits, defaults, normal form, and the rules between fields."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Protocol

from reconciler.canonical import Fields, Json
from reconciler.kinds.assistant import ASSISTANT
from reconciler.kinds.problems import Checked, Problem, ServerTraits
from reconciler.model import Desired, Live
from reconciler.paths import Path


class Kind(Protocol):
    """One kind of resource."""

    @property
    def name(self) -> str:
        """What addresses begin with."""

    @property
    def fields(self) -> tuple[str, ...]:
        """The fields, for ever in this order: markers name them by position, so a new one goes last."""

    @property
    def chosen(self) -> tuple[str, ...]:
        """The fields that a server may fill with a value of its own choice."""

    @property
    def texts(self) -> tuple[str, ...]:
        """The fields that hold one text, and are without a value where it is empty."""

    @property
    def exchanged(self) -> tuple[str, ...]:
        """The fields that people change and still mean the same object, even one without a name."""

    @property
    def form(self) -> int:
        """The version of the normal form; digests of another version are not comparable."""

    def check(self, body: Mapping[str, Json], terms: ServerTraits, unread: Collection[str] = ()) -> Checked:
        """The normal form of what a manifest states, or every reason why not.

        `unread` names the fields that it states and that could not be read, which is no reason of ours.
        """

    def read(self, raw: Mapping[str, Json]) -> Fields:
        """The normal form of a live object, however odd it is."""

    def tidy(self, field: str, value: Json) -> Json:
        """A value from which something was taken out, without the mappings that the normal form never has empty."""

    def members(self, field: str, value: Json) -> dict[Path, Json]:
        """A field's value by the parts that are compared and attributed one by one."""

    def schemas(self, fields: Fields) -> dict[Path, Json]:
        """The JSON Schemas in a body, by where they stand."""

    def wire(self, field: str, value: Json, live: Live | None) -> Json:
        """A field of the normal form as the API takes it."""

    def companions(self, desired: Desired, live: Live, changed: frozenset[str]) -> dict[str, Json]:
        """Fields that must travel with the changed ones, with what each is live."""

    def reset_reason(self, field: str, desired: Desired, changed: Collection[str]) -> str | None:
        """Why a field that is left to the server is reset along with the changed ones."""

    def default(self, field: str) -> Json:
        """What a field is when nobody says anything."""

    def manifest(self, fields: Fields) -> dict[str, Json]:
        """A body as a manifest would state it: what is not default, in the API's own shape."""


KINDS: dict[str, Kind] = {"assistant": ASSISTANT}

__all__ = ["KINDS", "Checked", "Kind", "Problem", "ServerTraits"]
