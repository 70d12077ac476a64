"""The ways in which servers that speak these wires differ."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal


@dataclass(frozen=True, slots=True)
class Settings:
    """Which server this one is."""

    metadata: Literal["merge-null", "merge-empty", "replace"] = "merge-null"
    """What a modify does to metadata of assistants; that of agents is always replaced. `merge-null`: merges,
    `{key: null}` removes the key. `merge-empty`: merges, a null value is rejected, so a key can only be emptied.
    `replace`: what is sent is all there is."""

    echo: Literal["defaults", "nulls", "sparse"] = "defaults"
    """What becomes of a field never chosen. `defaults`: filled in as recorded on the hosted server. `nulls`:
    echoed as null at every level, and a null is accepted wherever one is echoed. `sparse`: absent."""

    modify: Literal["partial", "upsert"] = "partial"
    """What a modify does to a field left out. `partial`: keeps it. `upsert`: returns it to its default."""

    forget_metadata: bool = False
    """Takes metadata and does not keep it."""

    paging: Literal["cursor", "none"] = "cursor"
    """`none`: limit and cursors are ignored, everything is in one answer."""

    apis: tuple[str, ...] | None = None
    """The APIs there are; None for all. Every call of another answers 404, as the hosted Assistants API does
    since 2026-08-26."""

    of_api: Mapping[str, "Settings"] = field(default_factory=dict, hash=False)
    """By the name of an API, how it differs: its `metadata`, `echo`, `modify`, `forget_metadata`, `paging` and
    `models` are those."""

    models: Mapping[str, str] = field(default_factory=dict, hash=False)
    """By the name of a deployment, the model that it is of."""

    require_key: str | None = None
    """The one bearer token that is let in."""

    project: str | None = None
    """Echoed in the `openai-project` header."""

    organization: str | None = None
    """Echoed in the `openai-organization` header."""

    base_path: str = "/v1"
    """Where the APIs begin: a collection is `{base_path}/assistants`."""

    def of(self, api: str) -> "Settings":
        """The settings that an API is served with."""
        return self.of_api.get(api, self)
