"""The YAML language server behind the common editors, driven over its protocol as an editor does."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from threading import Timer
from typing import Any

from support.needing import NODE, PATIENCE, brought, node

_NO_NETWORK = {"schemaStore": {"enable": False}, "kubernetesCRDStore": {"enable": False}}
_PROXY = "http://127.0.0.1:9"
"""Nothing listens there: what the server wanted to fetch would fail."""


class LanguageServer:
    """A running server, and the folder that it works in."""

    def __init__(self, process: subprocess.Popen[bytes], root: Path, settings: Mapping[str, Any]) -> None:
        self._process, self.root = process, root
        self._settings = {"yaml": {**_NO_NETWORK, "validate": True, **settings}, "http": {"proxy": _PROXY}}
        self._last = 0
        self._diagnostics: dict[str, list[Any]] = {}
        folder = {"uri": root.as_uri(), "name": "root"}
        documentation = {"contentFormat": ["markdown"]}
        asked = {"hover": documentation, "completion": {"completionItem": {"documentationFormat": ["markdown"]}}}
        capabilities = {"workspace": {"configuration": True}, "textDocument": asked}
        self._request(
            "initialize", processId=None, rootUri=root.as_uri(), workspaceFolders=[folder], capabilities=capabilities
        )
        self._notify("initialized")
        self._notify("workspace/didChangeConfiguration", settings=self._settings)

    def open(self, *files: str) -> None:
        """Opens files as they are on disk."""
        for file in files:
            item = {"uri": self._uri(file), "languageId": "yaml", "version": 1, "text": (self.root / file).read_text()}
            self._diagnostics.pop(item["uri"], None)
            self._notify("textDocument/didOpen", textDocument=item)

    def underlined(self, file: str) -> list[tuple[int, str]]:
        """What is underlined in an open file: each line, counted from one, and what is said of it."""
        while self._uri(file) not in self._diagnostics:
            self._read()
        found = self._diagnostics[self._uri(file)]
        return sorted((each["range"]["start"]["line"] + 1, each["message"]) for each in found)

    def completions(self, file: str, line: int, column: int) -> dict[str, str]:
        """What is offered at a place, with its documentation; both counted from one."""
        answer = self._request("textDocument/completion", **self._position(file, line, column))
        return {each["label"]: _text(each.get("documentation")) for each in answer["items"]}

    def hover(self, file: str, line: int, column: int) -> str:
        """What is shown over a place."""
        answer = self._request("textDocument/hover", **self._position(file, line, column))
        return _text(answer["contents"]) if answer else ""

    def _uri(self, file: str) -> str:
        return (self.root / file).as_uri()

    def _position(self, file: str, line: int, column: int) -> dict[str, Any]:
        at = {"line": line - 1, "character": column - 1}
        return {"textDocument": {"uri": self._uri(file)}, "position": at}

    def _request(self, method: str, **params: Any) -> Any:
        self._last += 1
        self._send(id=self._last, method=method, params=params)
        while True:
            message = self._read()
            if message.get("id") == self._last and "method" not in message:
                assert "error" not in message, message
                return message["result"]

    def _notify(self, method: str, **params: Any) -> None:
        self._send(method=method, params=params)

    def _send(self, **message: Any) -> None:
        assert self._process.stdin is not None
        body = json.dumps({"jsonrpc": "2.0", **message}).encode()
        self._process.stdin.write(b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
        self._process.stdin.flush()

    def _read(self) -> dict[str, Any]:
        """The next message; a question of the server is answered."""
        stream = self._process.stdout
        assert stream is not None
        length = 0
        while line := stream.readline().strip():
            name, _, value = line.decode().partition(": ")
            length = int(value) if name == "Content-Length" else length
        assert length, "the language server ended"
        message: dict[str, Any] = json.loads(stream.read(length))
        if message.get("method") == "textDocument/publishDiagnostics":
            self._diagnostics[message["params"]["uri"]] = message["params"]["diagnostics"]
        elif "id" in message and "method" in message:
            wanted = message.get("params", {}).get("items", [])
            self._send(id=message["id"], result=[self._settings.get(each.get("section")) for each in wanted])
        return message


def _text(content: Any) -> str:
    return str(content["value"]) if isinstance(content, dict) else str(content or "")


@contextmanager
def language_server(root: Path, **settings: Any) -> Iterator[LanguageServer]:
    """A server for the files of a folder, with these settings of its section `yaml`."""
    server = brought(NODE / "node_modules/yaml-language-server/bin/yaml-language-server")
    command = [str(node()), str(server), "--stdio"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        hung = Timer(PATIENCE, process.kill)
        hung.start()
        try:
            yield LanguageServer(process, root, settings)
        finally:
            hung.cancel()
            process.kill()
