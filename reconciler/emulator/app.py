"""The ASGI application: five calls on two paths."""

import logging
import os
import secrets
import sqlite3
import string
import time
from collections.abc import Awaitable, Callable
from hmac import compare_digest

from reconciler.emulator import bodies, changes, refusals
from reconciler.emulator.answers import JsonAnswer, Receive, Scope, Send, header
from reconciler.emulator.fields import request
from reconciler.emulator.listing import list_page, page_body
from reconciler.emulator.refusals import RequestRefused
from reconciler.emulator.rules import Fields
from reconciler.emulator.settings import Settings
from reconciler.emulator.store import Store, StoredObject

_log = logging.getLogger(__name__)
_DEFAULT_SETTINGS = Settings()

Call = Callable[[], Awaitable[JsonAnswer]]


def random_id() -> str:
    """An id as the hosted server makes them."""
    alphabet = string.ascii_letters + string.digits
    return "asst_" + "".join(secrets.choice(alphabet) for _ in range(24))


class Emulator:
    """A server of the Assistants API v2, as an ASGI application; close it when done."""

    def __init__(
        self,
        path: str | os.PathLike[str] = ":memory:",
        settings: Settings = _DEFAULT_SETTINGS,
        *,
        now: Callable[[], float] = time.time,
        new_id: Callable[[], str] = random_id,
        patience: float = 5.0,
    ) -> None:
        """Open, or make, the database at `path`; raise EmulatorError where that cannot be.

        `patience` is how many seconds a write waits for another process that is writing.
        """
        self.settings = settings
        self._store = Store(path, patience=patience)
        self._now = now
        self._new_id = new_id

    def close(self) -> None:
        """Let go of the database."""
        self._store.close()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request; a fault of the emulator's own is a 500, never a connection left open."""
        if scope["type"] == "lifespan":
            await _live(receive, send)
        elif scope["type"] == "http":
            await self._serve(scope, receive, send)

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        started = time.perf_counter()
        try:
            answer = await self._answer(scope, receive)
        except bodies.Disconnected:
            return
        taken = round((time.perf_counter() - started) * 1000)
        await answer.send(send, *self._headers(), ("openai-processing-ms", str(taken)))

    def _headers(self) -> list[tuple[str, str]]:
        named = {
            "openai-organization": self.settings.organization,
            "openai-project": self.settings.project,
        }
        return [(name, value) for name, value in named.items() if value is not None]

    async def _answer(self, scope: Scope, receive: Receive) -> JsonAnswer:
        try:
            return await self._call(scope, receive)
        except RequestRefused as refusal:
            return JsonAnswer.of_fault(refusal.fault)
        except sqlite3.Error as error:
            return JsonAnswer.of_fault(refusals.server_error(f"the emulator's database: {error}"))
        except bodies.Disconnected:
            raise
        except Exception as error:  # noqa: BLE001 - whatever it is, the client gets an answer
            _log.exception("the emulator failed")
            return JsonAnswer.of_fault(refusals.server_error(f"{type(error).__name__}: {error}"))

    async def _call(self, scope: Scope, receive: Receive) -> JsonAnswer:
        method, path = scope["method"], _path(scope)
        assistant_id = _route(path, self.settings.base_path)
        if assistant_id is None or self.settings.api_gone:
            raise RequestRefused(refusals.unknown_url(method, path))
        calls = self._on_one(assistant_id, receive) if assistant_id else self._on_all(scope, receive)
        if method not in calls:
            fault = refusals.method_not_supported(method, path)
            return JsonAnswer.of_fault(fault, ("allow", ", ".join(calls)))
        self._admit(scope)
        return await calls[method]()

    def _on_all(self, scope: Scope, receive: Receive) -> dict[str, Call]:
        return {
            "GET": lambda: self._list(scope["query_string"]),
            "POST": lambda: self._create(receive),
        }

    def _on_one(self, assistant_id: str, receive: Receive) -> dict[str, Call]:
        return {
            "GET": lambda: self._retrieve(assistant_id),
            "POST": lambda: self._modify(assistant_id, receive),
            "DELETE": lambda: self._delete(assistant_id),
        }

    def _admit(self, scope: Scope) -> None:
        if self.settings.require_key is not None:
            _check_key(header(scope, "authorization"), self.settings.require_key)
        beta = header(scope, "openai-beta") or ""
        if "assistants=v2" not in [part.strip() for part in beta.split(",")]:
            raise RequestRefused(refusals.no_beta_header())

    async def _list(self, query_string: bytes) -> JsonAnswer:
        records, has_more = list_page(self._store, query_string, self.settings)
        return JsonAnswer(page_body([_body(record) for record in records], has_more=has_more))

    async def _create(self, receive: Receive) -> JsonAnswer:
        sent = await self._read(receive, creating=True)
        assistant_id = self._new_id()
        fields = changes.create(sent, self.settings, assistant_id=assistant_id)
        record = StoredObject(assistant_id, int(self._now()), fields)
        self._store.add(record)
        return JsonAnswer(_body(record))

    async def _retrieve(self, assistant_id: str) -> JsonAnswer:
        return JsonAnswer(_body(_existing(self._store.find(assistant_id), assistant_id)))

    async def _modify(self, assistant_id: str, receive: Receive) -> JsonAnswer:
        sent = await self._read(receive, creating=False)
        after = self._store.change(assistant_id, lambda before: changes.modify(before, sent, self.settings))
        return JsonAnswer(_body(_existing(after, assistant_id)))

    async def _delete(self, assistant_id: str) -> JsonAnswer:
        if not self._store.remove(assistant_id):
            raise RequestRefused(refusals.no_assistant(assistant_id))
        return JsonAnswer({"id": assistant_id, "object": "assistant.deleted", "deleted": True})

    async def _read(self, receive: Receive, *, creating: bool) -> Fields:
        sent = bodies.parse(await bodies.read(receive))
        request(self.settings, creating=creating).check(sent, "")
        fields: Fields = sent
        return fields


async def _live(receive: Receive, send: Send) -> None:
    for _ in ("startup", "shutdown"):
        message = await receive()
        await send({"type": f"{message['type']}.complete"})


def _path(scope: Scope) -> str:
    """The path below the place where this application is mounted."""
    path: str = scope["path"]
    return path.removeprefix(scope.get("root_path", ""))


def _route(path: str, base_path: str) -> str | None:
    """The id that a path names, empty for the collection; None where the path is not ours."""
    collection = f"{base_path.rstrip('/')}/assistants"
    if path == collection:
        return ""
    assistant_id = path.removeprefix(f"{collection}/")
    ours = assistant_id != path and assistant_id and "/" not in assistant_id
    return assistant_id if ours else None


def _check_key(authorization: str | None, key: str) -> None:
    scheme, _, sent = (authorization or "").partition(" ")
    if scheme.lower() != "bearer" or not sent:
        raise RequestRefused(refusals.no_key())
    if not compare_digest(sent.strip().encode(), key.encode()):
        raise RequestRefused(refusals.wrong_key(sent.strip()))


def _existing(record: StoredObject | None, assistant_id: str) -> StoredObject:
    if record is None:
        raise RequestRefused(refusals.no_assistant(assistant_id))
    return record


def _body(record: StoredObject) -> Fields:
    return {"id": record.id, "object": "assistant", "created_at": record.created_at, **record.fields}
