"""What only a server can tell of manifests: `validate --online` asks it."""

from __future__ import annotations

from typing import Final

from reconciler.rules.rule import Rule

ONLINE: Final = (
    Rule("missing-file", "warning", "A file that the server does not have.", is_online=True),
    Rule("missing-store", "warning", "A vector store that the server does not have.", is_online=True),
    Rule("model-not-listed", "warning", "A model that the server does not list.", is_online=True),
    Rule("not-asked", "note", "A server that could not be asked, or not for everything.", is_online=True),
)
