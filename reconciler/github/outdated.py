"""Marks the comments of a pull request as out of date where the tool itself is not there to do it.

The action runs this file by itself when it could not install the package, so it knows nothing but the standard library.
"""

from __future__ import annotations

import json
import os
import re
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

_LIMIT: Final = 65_536
_PAGE: Final = 100
_SHORT: Final = 12
_SECONDS: Final = 30
_FIRST: Final = re.compile(r"<!-- reconciler: comment \S+ (\S+) run [0-9.]+ -->\r?\n")
_MARK: Final = re.compile(r"> \[!WARNING\]\r?\n> \*\*Out of date\.\*\*[^\n]*\n\r?\n?")


def main() -> int:
    """Marks each comment of ours that is about an older commit; says how many there were."""
    event = json.loads(Path(os.environ["GITHUB_EVENT_PATH"]).read_text(encoding="utf-8"))
    number, commit = event["pull_request"]["number"], event["pull_request"]["head"]["sha"]
    repository = os.environ["GITHUB_REPOSITORY"]
    if _call_api("GET", f"/repos/{repository}/pulls/{number}")["head"]["sha"] != commit:
        print("Another push is there already: its own run says what becomes of it.")
        return 0
    marked = 0
    for comment in _comments(f"/repos/{repository}/issues/{number}/comments"):
        body = outdated(comment["body"], commit, os.environ.get("ENVIRONMENT", "").split(), _run_page(repository))
        if body is not None and _is_own(comment):
            _call_api("PATCH", f"/repos/{repository}/issues/comments/{comment['id']}", {"body": body})
            marked += 1
    print(f"Comments marked as out of date: {marked}.")
    return 0


def outdated(body: str, commit: str, environments: list[str], run: str) -> str | None:
    """The comment with the mark; None where it is not ours, about something else, or about this very commit."""
    first = _FIRST.match(body)
    if first is None or commit[:_SHORT] in body:
        return None
    if environments and not set(first[1].split(",")) & set(environments):
        return None
    why = f"`{commit[:_SHORT]}` could not be planned: [the run](<{run}>) says why."
    mark = f"> [!WARNING]\n> **Out of date.** What stands here is of an older commit; {why}\n\n"
    text = _MARK.sub("", body[first.end() :], count=1)
    whole = f"{first[0]}{mark}{text}"
    return whole if len(whole) <= _LIMIT else f"{first[0]}{mark}{text.splitlines()[0]}\n"


def _is_own(comment: dict[str, Any]) -> bool:
    author = os.environ.get("RECONCILER_AUTHOR") or "github-actions[bot]"
    return str((comment.get("user") or {}).get("login", "")).lower() == author.lower()


def _run_page(repository: str) -> str:
    server = os.environ.get("GITHUB_SERVER_URL", "https://github.com")
    return f"{server}/{repository}/actions/runs/{os.environ['GITHUB_RUN_ID']}"


def _comments(path: str) -> Iterator[dict[str, Any]]:
    number = 1
    while page := _call_api("GET", f"{path}?per_page={_PAGE}&page={number}"):
        yield from page
        if len(page) < _PAGE:
            return
        number += 1


def _call_api(method: str, path: str, body: dict[str, str] | None = None) -> Any:
    request = urllib.request.Request(  # noqa: S310  # the address of the runner's own API
        os.environ.get("GITHUB_API_URL", "https://api.github.com") + path,
        method=method,
        data=None if body is None else json.dumps(body).encode(),
        headers={
            "Authorization": f"Bearer {os.environ['GITHUB_TOKEN']}",
            "Accept": "application/vnd.github+json",
            "Content-Type": "application/json",
            "User-Agent": "reconciler",
        },
    )
    with urllib.request.build_opener(_Nowhere).open(request, timeout=_SECONDS) as answer:
        return json.load(answer)


class _Nowhere(urllib.request.HTTPRedirectHandler):
    """Follows no redirect: the token goes nowhere else."""

    def redirect_request(self, *request: Any) -> None:
        """No further request."""


if __name__ == "__main__":
    sys.exit(main())
