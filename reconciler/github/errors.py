"""What an answer that is none means, and what to do about it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final

from reconciler.canonical import Json
from reconciler.github import AbsentError, CodeHostError
from reconciler.render.values import one_line, shortened

PATIENCE: Final = 60.0
_ROOM: Final = 300
_TOKEN: Final = "set GITHUB_TOKEN to a token that is valid; under Actions: `env: {GITHUB_TOKEN: ${{ github.token }}}`"  # noqa: S105  # says where one comes from
_LIMITED: Final = (403, 429)


@dataclass(frozen=True, slots=True)
class Ask:
    """One request, and the permission that it wants."""

    method: str
    path: str
    needs: str
    params: Mapping[str, str] = field(default_factory=dict)
    body: Mapping[str, Json] | None = None


@dataclass(frozen=True, slots=True)
class ApiResponse:
    """What came back, whole; the names of headers are in lower case."""

    status: int
    headers: Mapping[str, str]
    content: bytes


class PassingError(CodeHostError):
    """What may go well the next time: when to try, and whether it may have been done already."""

    def __init__(self, message: str, *, after: float | None = None, perhaps_done: bool = False) -> None:
        super().__init__(message, "run it again later")
        self.after = after
        self.perhaps_done = perhaps_done


def judged(ask: Ask, answer: ApiResponse, now: float, hide: Callable[[str], str] = str) -> ApiResponse:
    """The answer where it is one; else why not, and whether asking again may help; of its words what is no secret."""
    if 200 <= answer.status < 300:
        return answer
    said = _said(answer, hide)
    wait = _wait(answer, said, now)
    if wait is not None:
        raise _limited(wait, now)
    if answer.status >= 500:
        message = f"GitHub could not answer {ask.method} {ask.path}: {f'{answer.status} {said}'.rstrip()}."
        after = _after(answer, now)
        raise PassingError(message, after=after and min(after, PATIENCE), perhaps_done=ask.method == "POST")
    raise _refused(ask, answer.status, said)


def data(answer: ApiResponse) -> Json:
    """The JSON of an answer; nothing where it has no content."""
    if not answer.content:
        return None
    try:
        found: Json = json.loads(answer.content)
    except (ValueError, RecursionError) as error:
        raise CodeHostError(
            "GitHub's answer is no JSON.", "look whether GITHUB_API_URL is the API's address"
        ) from error
    return found


def _said(answer: ApiResponse, hide: Callable[[str], str]) -> str:
    """The message of an answer, on one line; what is wrong with each field, where it says so."""
    try:
        found = json.loads(answer.content)
    except (ValueError, RecursionError):
        return ""
    if not isinstance(found, dict):
        return ""
    errors = found.get("errors")
    details = [_detail(error) for error in errors] if isinstance(errors, list) else []
    words = "; ".join(filter(None, [str(found.get("message") or ""), *details]))
    return shortened(one_line(hide(words)).rstrip("."), _ROOM)


def _detail(error: object) -> str:
    return str(error.get("message") or error.get("code") or "") if isinstance(error, dict) else str(error)


def _wait(answer: ApiResponse, said: str, now: float) -> float | None:
    """How long the server wants to be left alone; None where it is not that."""
    if answer.status not in _LIMITED:
        return None
    after = _after(answer, now)
    if after is not None:
        return after
    reset = answer.headers.get("x-ratelimit-reset", "")
    if answer.headers.get("x-ratelimit-remaining") == "0" and reset.isdecimal():
        return max(0.0, float(reset) - now) + 1
    return PATIENCE if answer.status == 429 or "rate limit" in said.lower() else None


def _after(answer: ApiResponse, now: float) -> float | None:
    """When to come again, where the answer says so: in seconds, or as a date."""
    said = answer.headers.get("retry-after", "").strip()
    if re.fullmatch(r"[0-9]{1,12}(\.[0-9]*)?", said):
        return float(said)
    try:
        return max(0.0, parsedate_to_datetime(said).timestamp() - now)
    except (ValueError, OverflowError):
        return None


def _limited(wait: float, now: float) -> CodeHostError:
    if wait <= PATIENCE:
        return PassingError("GitHub has been asked too much for now.", after=wait)
    until = datetime.fromtimestamp(now + min(wait, 10_000_000.0), UTC).strftime("%Y-%m-%d %H:%M UTC")
    return CodeHostError(f"GitHub has been asked too much, and answers again at {until}.", "run it again then")


def _refused(ask: Ask, status: int, said: str) -> CodeHostError:
    what = f"{ask.method} {ask.path}"
    why = f": {said}" if said else ""
    if status == 401:
        return CodeHostError(f"GitHub does not take the token (401{why}).", _TOKEN)
    if status == 403:
        remedy = f"the job wants `permissions: {{{ask.needs}}}`; what a fork's pull request sets off may not write"
        return CodeHostError(f"The token may not {what} (403{why}).", remedy)
    if status in (404, 410) or (status == 422 and said.lower().startswith("no commit found")):
        remedy = f"look whether the name is right, and whether the token may see it: `permissions: {{{ask.needs}}}`"
        return AbsentError(f"GitHub has nothing for {what} ({status}{why}).", remedy)
    if 300 <= status < 400:
        remedy = "a repository that was renamed has to be named as it is now: GITHUB_REPOSITORY"
        return CodeHostError(f"GitHub sends {what} elsewhere ({status}), and the token goes nowhere else.", remedy)
    return CodeHostError(f"GitHub refuses {what} ({status}{why}).", "this is likely a fault of reconciler; report it")
