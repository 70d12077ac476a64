"""What a model's name lets one guess: whether it reasons. The server decides."""

from __future__ import annotations

import re
from collections.abc import Mapping

_REASONING = re.compile(r"(?:.*[:/])?(?:o\d|gpt-5(?!-chat))(?:$|[-.:])")
_PLAIN = re.compile(r"(?:.*[:/])?(?:gpt-3\.5|gpt-4|gpt-5-chat|chatgpt-4)")


def reasons(model: object, families: Mapping[str, str]) -> bool | None:
    """Whether the model is one that reasons; None where its name says nothing."""
    name = families.get(str(model), str(model))
    if _REASONING.match(name):
        return True
    return False if _PLAIN.match(name) else None
