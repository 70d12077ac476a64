"""A project with classic agents, on loopback: written from the facts of that server, apart from the embedded one."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

TOKEN = "eyJ0eXAi.a+token/of=this&hour.0123456789"  # of this server alone
PATH = "/api/projects/hr/assistants"
_VERSIONS = ("v1", "2025-05-01")
_FIELDS = (
    "model", "name", "description", "instructions", "tools", "tool_resources", "metadata", "temperature", "top_p",
    "response_format",
)  # fmt: skip
_DEFAULTS: dict[str, Any] = {
    "name": None, "description": None, "instructions": None, "tools": [], "tool_resources": {}, "metadata": {},
    "temperature": 1.0, "top_p": 1.0, "response_format": "auto",
}  # fmt: skip


class Refusal(Exception):
    """A request that is not answered as it wished."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status, self.code = status, code


class Project(ThreadingHTTPServer):
    """What the project holds, by id, and what was asked."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.agents: dict[str, dict[str, Any]] = {}
        self.asked: list[str] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/api/projects/hr"

    def answer(self, method: str, target: str, headers: Any, body: Any) -> Any:
        """What the server says, which it says to nobody without a token, a version, or with a beta's header."""
        url = urlsplit(target)
        query = {name: values[-1] for name, values in parse_qs(url.query).items()}
        self.asked.append(f"{method} {target}")
        if headers.get("Authorization") != f"Bearer {TOKEN}":
            raise Refusal(401, "Unauthorized", f"Access denied due to invalid token: {headers.get('Authorization')}")
        if query.get("api-version") not in _VERSIONS:
            raise Refusal(400, "MissingApiVersionParameter", "The api-version query parameter is required.")
        if "OpenAI-Beta" in headers:
            raise Refusal(400, "invalid_header", "Unexpected header: 'OpenAI-Beta'.")
        if url.path == PATH:
            return self._create(body) if method == "POST" else self._page(query)
        id = url.path.removeprefix(f"{PATH}/")
        if id not in self.agents:
            raise Refusal(404, "not_found", f"No assistant found with id '{id}'.")
        if method == "POST":
            self.agents[id] |= _echoed(_checked(body))
        if method == "DELETE":
            del self.agents[id]
            return {"id": id, "object": "assistant.deleted", "deleted": True}
        return self.agents[id]

    def _create(self, body: Any) -> Any:
        id = f"asst_{len(self.asked):06}"
        made = {**_DEFAULTS, **_echoed(_checked(body))}
        self.agents[id] = {"id": id, "object": "assistant", "created_at": 1_700_000_000 + len(self.asked), **made}
        return self.agents[id]

    def _page(self, query: dict[str, str]) -> Any:
        rows = sorted(self.agents.values(), key=lambda row: row["created_at"], reverse=query.get("order") != "asc")
        ids = [row["id"] for row in rows]
        start = ids.index(query["after"]) + 1 if "after" in query else 0
        data = rows[start : start + int(query.get("limit", 20))]
        ends = {"first_id": data[0]["id"], "last_id": data[-1]["id"]} if data else {"first_id": None, "last_id": None}
        return {"object": "list", "data": data, **ends, "has_more": start + len(data) < len(rows)}


def _checked(body: dict[str, Any]) -> dict[str, Any]:
    for name in body:
        if name not in _FIELDS:
            raise Refusal(400, "unknown_parameter", f"Unknown parameter: '{name}'.")
    for at, tool in enumerate(body.get("tools") or ()):
        ranking = tool.get("file_search", {}).get("ranking_options")
        if ranking is not None and not ranking.keys() >= {"ranker", "score_threshold"}:
            raise Refusal(400, "missing_parameter", f"Missing parameter: 'tools[{at}].file_search.ranking_options'.")
        if "strict" in tool.get("function", {}):
            raise Refusal(400, "unknown_parameter", f"Unknown parameter: 'tools[{at}].function.strict'.")
    return body


def _echoed(body: dict[str, Any]) -> dict[str, Any]:
    """The body as it is kept: null is the default, and an interpreter gets its list of files."""
    kept = {name: _DEFAULTS.get(name) if value is None else value for name, value in body.items()}
    if any(tool["type"] == "code_interpreter" for tool in kept.get("tools", ())):
        kept["tool_resources"] = {"code_interpreter": {"file_ids": []}, **kept.get("tool_resources", {})}
    return kept


class _Handler(BaseHTTPRequestHandler):
    server: Project

    def _serve(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        body = json.loads(self.rfile.read(length)) if length else None
        try:
            status, answer = 200, self.server.answer(self.command, self.path, self.headers, body)
        except Refusal as error:
            status, answer = error.status, {"error": {"code": error.code, "message": str(error)}}
        content = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.send_header("x-request-id", f"for-{self.headers.get('Authorization')}")
        self.end_headers()
        self.wfile.write(content)

    do_GET = do_POST = do_DELETE = _serve  # noqa: N815  # as http.server calls them

    def log_message(self, *arguments: Any) -> None: ...


@contextmanager
def project() -> Iterator[Project]:
    """The project, for as long as it is needed."""
    with Project() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()
