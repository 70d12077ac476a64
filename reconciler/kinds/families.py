"""What a model's name lets one guess: whether it reasons, and whether it is misspelt. The server decides."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Final

from reconciler.kinds.problems import Problem, ServerTraits

EFFORTS: Final = ("none", "minimal", "low", "medium", "high", "xhigh", "max")

_REASONING = re.compile(r"(?:.*[:/])?(?:o\d|gpt-5(?!-chat))(?:$|[-.:])")
_PLAIN = re.compile(r"(?:.*[:/])?(?:gpt-3\.5|gpt-4|gpt-5-chat|chatgpt-4)")


def reasons(model: object, families: Mapping[str, str]) -> bool | None:
    """Whether the model is one that reasons; None where its name says nothing."""
    name = families.get(str(model), str(model))
    if _REASONING.match(name):
        return True
    return False if _PLAIN.match(name) else None


def model_problems(model: object, traits: ServerTraits) -> Iterator[Problem]:
    """A doubt where the name is a letter off that of a known model, at a server that has the models of the vendor."""
    known = meant(model, traits.families)
    if known is not None and not traits.names_models:
        remedy = f"did you mean `{known}`? If it is a deployment's name, set its family under `environments.….models`"
        yield Problem(("model",), "unknown-model", f"`{model}` is not a known model.", remedy, "warning")


_DATE = re.compile(r"-\d{4}(?:-\d{2}-\d{2}|-preview)?$")
_KNOWN = (
    "chatgpt-4o-latest", "gpt-3.5-turbo", "gpt-3.5-turbo-16k", "gpt-4", "gpt-4-32k", "gpt-4-turbo",
    "gpt-4-turbo-preview", "gpt-4-vision-preview", "gpt-4.1", "gpt-4.1-mini", "gpt-4.1-nano", "gpt-4.5-preview",
    "gpt-4o", "gpt-4o-mini", "gpt-5", "gpt-5-chat-latest", "gpt-5-mini", "gpt-5-nano", "gpt-5-pro", "gpt-5.1",
    "gpt-5.2", "gpt-5.2-pro", "gpt-5.4", "gpt-5.4-mini", "gpt-5.4-nano", "gpt-5.5", "gpt-5.6-luna", "gpt-5.6-sol",
    "gpt-5.6-terra", "o1", "o1-mini", "o1-preview", "o1-pro", "o3", "o3-mini", "o3-pro", "o4-mini",
)  # fmt: skip
"""Names without their dates. One that is not here is only doubted where it is a letter off: others have models too."""


def meant(model: object, families: Mapping[str, str]) -> str | None:
    """The known model whose name is one letter off; None for one that is known, or too far from all that are."""
    name = str(model)
    date = _DATE.search(name)
    base, rest = (name[: date.start()], date.group()) if date else (name, "")
    if base in _KNOWN or name in families:
        return None
    near = _nearest_known(base)
    return None if near is None else f"{near}{rest}"


@lru_cache(maxsize=100)
def _nearest_known(base: str) -> str | None:
    near = (known for known in _KNOWN if _is_letter_off(base, known))
    return min(near, key=lambda one: abs(len(one) - len(base)), default=None)


def _is_letter_off(one: str, other: str) -> bool:
    """Whether one letter or sign was left out, added, mistaken or swapped; another digit is another model."""
    if one.casefold() == other.casefold():
        return True
    start = _alike(one, other)
    end = _alike(one[start:][::-1], other[start:][::-1])
    left, right = one[start : len(one) - end], other[start : len(other) - end]
    swapped = len(left) == len(right) == 2 and left == right[::-1]
    return (swapped or max(len(left), len(right)) == 1) and not any(sign.isdigit() for sign in left + right)


def _alike(one: str, other: str) -> int:
    """How many signs at the beginning are the same."""
    return next((i for i, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))
