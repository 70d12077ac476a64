"""A collection of a server, as data: where it is, which beta it is part of, and what is known of it before."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, TypeAlias
from urllib.parse import quote

from reconciler.canonical import Json
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
    stated: Mapping[str, Json] = field(default_factory=dict)
    """What the API wants to be stated, at a path such as `tools.*.file_search.ranking_options.ranker`, though it is the
    default: the normal form leaves it out."""

    @property
    def headers(self) -> dict[str, str]:
        """What every request about it carries."""
        return {"OpenAI-Beta": self.beta} if self.beta is not None else {}

    def body_of(self, body: Mapping[str, Json]) -> Json:
        """A body as it is sent."""
        sent: Json = dict(body)
        for path, value in self.stated.items():
            sent = _with_default(sent, path.split("."), value)
        return sent

    def path_of(self, id: str | None) -> str:
        """The path of one object, or of all."""
        return self.path if id is None else f"{self.path}/{quote(id, safe='')}"


def _with_default(value: Json, path: Sequence[str], default: Json) -> Json:
    """The value with the default at the path, where there is what may hold it and it holds nothing else."""
    step, rest = path[0], path[1:]
    if isinstance(value, list) and step == "*":
        return [_with_default(each, rest, default) for each in value]
    if not isinstance(value, dict) or (rest and step not in value):
        return value
    return {**value, step: _with_default(value[step], rest, default)} if rest else {step: default, **value}
