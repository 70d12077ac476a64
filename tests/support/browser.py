"""Debian's chromium, driven over a pipe: what a page looks like, weighs up to, asks for and holds."""

from __future__ import annotations

import base64
import json
import os
import select
import shutil
import signal
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from support.needing import PATIENCE

_OPTIONS = (
    "--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--no-first-run", "--disable-sync",
    "--disable-background-networking", "--disable-component-update", "--disable-default-apps", "--disable-extensions",
    "--disable-dev-shm-usage", "--remote-debugging-pipe", "about:blank",
)  # fmt: skip


@dataclass
class Page:
    """One tab."""

    browser: Browser
    session: str
    requests: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    def call(self, method: str, **parameters: Any) -> Any:
        """One command of the DevTools protocol."""
        return self.browser.call(method, self.session, **parameters)

    def open(self, url: str, *, width: int = 1280, dark: bool = False, script: bool = True) -> None:
        """Loads the page afresh, in a window of that width and in that colour scheme."""
        scheme = [{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}]
        self.call("Emulation.setEmulatedMedia", media="screen", features=scheme)
        self.resize(width)
        self.call("Emulation.setScriptExecutionDisabled", value=not script)
        self.requests.clear()
        self.complaints.clear()
        self.browser.loaded.discard(self.session)
        self.call("Page.navigate", url=url)
        while self.session not in self.browser.loaded:
            self.browser.listen()

    def resize(self, width: int) -> None:
        """Gives the window that width, of a phone where it is narrow."""
        phone = {"width": width, "height": 844, "deviceScaleFactor": 2 if width < 600 else 1, "mobile": width < 600}
        self.call("Emulation.setDeviceMetricsOverride", **phone)

    def evaluate(self, expression: str) -> Any:
        """What a script of ours finds on the page; the page's own policy does not bind it."""
        answer = self.call("Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True)
        assert "exceptionDetails" not in answer, answer["exceptionDetails"]
        return answer["result"].get("value")

    def shot(self, path: Path, *, whole: bool = True) -> None:
        """A picture of the page."""
        picture = self.call("Page.captureScreenshot", format="png", captureBeyondViewport=whole)
        path.write_bytes(base64.b64decode(picture["data"]))


@dataclass
class Browser:
    """A running chromium: commands go into one pipe, answers and events come out of the other."""

    pid: int
    commands: int
    answers: int
    pages: dict[str, Page] = field(default_factory=dict)
    loaded: set[str] = field(default_factory=set)
    _number: int = 0
    _rest: bytes = b""
    _ready: dict[int, Any] = field(default_factory=dict)

    def call(self, method: str, session: str | None = None, **parameters: Any) -> Any:
        """Sends one command and waits for its answer."""
        self._number += 1
        message = {"id": self._number, "method": method, "params": parameters}
        message |= {"sessionId": session} if session else {}
        _write(self.commands, json.dumps(message).encode() + b"\0")
        while self._number not in self._ready:
            self.listen()
        answer = self._ready.pop(self._number)
        assert "error" not in answer, f"{method}: {answer['error']}"
        return answer["result"]

    def listen(self) -> None:
        """Waits for what comes next."""
        ready, _, _ = select.select([self.answers], [], [], PATIENCE)
        assert ready, f"chromium was silent for {PATIENCE} s"
        read = os.read(self.answers, 1 << 20)
        assert read, "chromium has ended"
        *messages, self._rest = (self._rest + read).split(b"\0")
        for message in messages:
            self._take(json.loads(message))

    def _take(self, message: dict[str, Any]) -> None:
        if "id" in message:
            self._ready[message["id"]] = message
            return
        page, told = self.pages.get(message.get("sessionId", "")), message["params"]
        if page is None:
            return
        match message["method"]:
            case "Page.loadEventFired":
                self.loaded.add(page.session)
            case "Network.requestWillBeSent":
                page.requests.append(told["request"]["url"])
            case "Log.entryAdded":
                page.complaints.append(told["entry"]["text"])

    def page(self) -> Page:
        """A new tab that notes what it asks for and what it complains of."""
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        page = self.pages[session] = Page(self, session)
        for domain in ("Page", "Network", "Log", "Runtime"):
            page.call(f"{domain}.enable")
        return page


@contextmanager
def browser() -> Iterator[Browser]:
    """A browser with a profile of its own, ended at the end."""
    folder = tempfile.mkdtemp(prefix="page-")
    command = shutil.which("chromium")
    assert command
    theirs, commands = os.pipe()
    answers, ours = os.pipe()
    actions = [
        (os.POSIX_SPAWN_OPEN, 2, os.devnull, os.O_WRONLY, 0),
        (os.POSIX_SPAWN_DUP2, theirs, 13),  # out of the way first: one of the two may be 3 or 4 itself
        (os.POSIX_SPAWN_DUP2, ours, 14),
        (os.POSIX_SPAWN_DUP2, 13, 3),
        (os.POSIX_SPAWN_DUP2, 14, 4),
    ]
    arguments = [command, f"--user-data-dir={folder}", *_OPTIONS]
    environ = {**os.environ, "HOME": folder}
    pid = os.posix_spawn(command, arguments, environ, file_actions=actions, setpgroup=0)
    for end in (theirs, ours):
        os.close(end)
    try:
        yield Browser(pid, commands, answers)
    finally:
        os.killpg(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        os.close(commands)
        os.close(answers)
        shutil.rmtree(folder, ignore_errors=True)


def _write(end: int, content: bytes) -> None:
    while content:
        content = content[os.write(end, content) :]
