"""A collection of a server, as data: where it is, which beta it is part of, and what is known of it before."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias
from urllib.parse import quote

from reconciler.kinds import Kind

Metadata: TypeAlias = Literal["learnt", "replaced", "merged"]


@dataclass(frozen=True)
class Collection:
    """The objects of one kind behind an API."""

    kind: Kind
    path: str
    beta: str | None = None
    """The value of `OpenAI-Beta` by which the API is known."""
    gone: str = ""
    """What a person may do who finds a server without the API."""
    metadata: Metadata = "learnt"
    """What a modify does to the pairs that it leaves out. Of a server that replaces them, no answer is taken to show
    the opposite."""
    essential: str = "model"
    """The field that no object is without: an answer without it only names the object."""
    page: int = 100
    """How many objects a page has at most."""

    @property
    def headers(self) -> dict[str, str]:
        """What every request about it carries."""
        return {"OpenAI-Beta": self.beta} if self.beta is not None else {}

    def path_of(self, id: str | None) -> str:
        """The path of one object, or of all."""
        return self.path if id is None else f"{self.path}/{quote(id, safe='')}"
