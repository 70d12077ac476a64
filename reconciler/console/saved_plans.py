"""Saved plans, read again: what `plan --out` wrote, and why anything else is not one."""

from __future__ import annotations

import errno
from pathlib import Path

from reconciler.console.failure import Failure, unreadable
from reconciler.manifests.disk import MANIFESTS, opened
from reconciler.render import BadDocument, Document
from reconciler.render.several import Lost, Section, read

_LARGEST = 256_000_000
_REMEDY = "name a file that `plan --out` wrote"
_OR_KEY = f"{_REMEDY}; where a key is meant, write its address, such as `agent.KEY`"


def means_file(word: str) -> bool:
    """Whether a word means a saved plan: no key has a slash, and few end like one."""
    return "/" in word or word.endswith(".json") or Path(word).is_file()


def saved_sections(path: str, remedy: str = _REMEDY) -> tuple[Section, ...]:
    """The plans in a file, and which of several environments have none."""
    try:
        with opened(Path(path)) as stream:
            raw = stream.read(_LARGEST + 1) or b""
        if len(raw) > _LARGEST:
            raise OSError(errno.EFBIG, f"it is larger than {_LARGEST // 1_000_000} MB", path)
    except OSError as error:
        raise Failure(unreadable(path, error), remedy) from error
    return _sections_of(raw, path, remedy)


def saved_plan(path: str) -> Document:
    """The plan in a file of one environment."""
    is_manifest = Path(path).suffix.lower() in MANIFESTS
    remedy = f"to choose what a manifest is of, write its key: `{Path(path).stem}`" if is_manifest else _OR_KEY
    return _only(saved_sections(path, remedy), path, remedy)


def plan_of(raw: bytes, name: str) -> Document:
    """The plan that a file kept elsewhere holds; `name` is what messages call it."""
    return _only(_sections_of(raw, name, ""), name, "")


def _sections_of(raw: bytes, name: str, remedy: str) -> tuple[Section, ...]:
    try:
        return read(raw.decode())
    except UnicodeDecodeError as error:
        raise Failure(f"{name} is not a saved plan: it is not UTF-8 text.", remedy) from error
    except BadDocument as error:
        raise Failure(f"{name} is not a saved plan: {error}.", remedy) from error


def _only(sections: tuple[Section, ...], name: str, remedy: str) -> Document:
    plans = [section for section in sections if not isinstance(section, Lost)]
    if len(sections) != 1 or not plans:
        raise Failure(f"{name} is not the saved plan of one environment.", remedy)
    return plans[0]
