"""What the name of a model says about it."""

import re
from collections.abc import Mapping

EFFORTS = ("none", "minimal", "low", "medium", "high", "xhigh", "max")
_REASONING = re.compile(r"(?:.*[:/])?(?:o\d|gpt-5(?!-chat))(?:$|[-.:])")
_PLAIN = re.compile(r"(?:.*[:/])?(?:gpt-3\.5|gpt-4|gpt-5-chat|chatgpt-4)")


def reasons(model: str, models: Mapping[str, str]) -> bool | None:
    """Whether the model takes a reasoning effort and no temperature; None where its name does not say.

    `models` has, by the name of a deployment, the model that it is of.
    """
    name = models.get(model, model)
    if _REASONING.match(name):
        return True
    return False if _PLAIN.match(name) else None
