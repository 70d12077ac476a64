"""The ASGI application: five calls on two paths."""

import json
import logging
import math
import os
import re
import secrets
import sqlite3
import string
import time
import uuid
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from dataclasses import dataclass
from hmac import compare_digest
from typing import Any
from urllib.parse import parse_qs

from reconciler import __version__
from reconciler.emulator import assistants
from reconciler.emulator.assistants import Fields
from reconciler.emulator.settings import Settings
from reconciler.emulator.shapes import Number, Text, WireError
from reconciler.emulator.store import ListPosition, Store, StoredObject

_log = logging.getLogger(__name__)
LARGEST = 4 * 1024 * 1024
DEEPEST = 128
_DEFAULT_SETTINGS = Settings()
_DEFAULT_LIMIT = 20
_LIMIT = Number(minimum=1, maximum=100, whole=True)
_ORDER = Text(choices=("asc", "desc"))

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]
Call = Callable[[], Awaitable["JsonAnswer"]]


class _DisconnectedError(Exception):
    """The client has gone; no answer can be sent."""


@dataclass(frozen=True, slots=True)
class JsonAnswer:
    """One JSON answer."""

    body: dict[str, Any]
    status: int = 200
    headers: tuple[tuple[str, str], ...] = ()

    @classmethod
    def of_error(cls, error: WireError, *headers: tuple[str, str]) -> "JsonAnswer":
        return cls(error.body, error.status, headers)

    async def send(self, send: Send, *headers: tuple[str, str]) -> None:
        """Send it whole, with the headers every answer has."""
        # escaped to ASCII: a lone surrogate in a prompt has no encoding, and must not end the answer
        body = json.dumps(self.body).encode("ascii")
        standing = (
            ("content-type", "application/json"),
            ("content-length", str(len(body))),
            ("x-request-id", f"req_{uuid.uuid4().hex}"),
            ("openai-version", "2020-10-01"),
            ("server", f"reconciler-emulator/{__version__}"),
        )
        encoded = [(name.encode(), value.encode()) for name, value in (*standing, *headers, *self.headers)]
        await send({"type": "http.response.start", "status": self.status, "headers": encoded})
        await send({"type": "http.response.body", "body": body})


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
        """Close the database."""
        self._store.close()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request; a failure of the emulator's own is a 500, never a connection left open."""
        if scope["type"] == "lifespan":
            for _ in ("startup", "shutdown"):
                message = await receive()
                await send({"type": f"{message['type']}.complete"})
        elif scope["type"] == "http":
            started = time.perf_counter()
            try:
                answer = await self._answer(scope, receive)
            except _DisconnectedError:
                return
            taken = round((time.perf_counter() - started) * 1000)
            settings = {"organization": self.settings.organization, "project": self.settings.project}
            named = [(f"openai-{name}", value) for name, value in settings.items() if value is not None]
            await answer.send(send, *named, ("openai-processing-ms", str(taken)))

    async def _answer(self, scope: Scope, receive: Receive) -> JsonAnswer:
        try:
            return await self._call(scope, receive)
        except WireError as error:
            return JsonAnswer.of_error(error)
        except sqlite3.Error as error:
            return _server_error(f"the emulator's database: {error}")
        except _DisconnectedError:
            raise
        except Exception as error:  # noqa: BLE001 - whatever it is, the client gets an answer
            _log.exception("the emulator failed")
            return _server_error(f"{type(error).__name__}: {error}")

    async def _call(self, scope: Scope, receive: Receive) -> JsonAnswer:
        method, path = scope["method"], scope["path"].removeprefix(scope.get("root_path", ""))
        id = _requested_id(path, self.settings.base_path)
        if id is None or self.settings.api_gone:
            raise WireError(f"Invalid URL ({method} {path})", status=404)
        calls: dict[str, Call] = {
            "GET": lambda: self._retrieve(id),
            "POST": lambda: self._modify(id, receive),
            "DELETE": lambda: self._delete(id),
        }
        if not id:
            calls = {"GET": lambda: self._list(scope["query_string"]), "POST": lambda: self._create(receive)}
        if method not in calls:
            hint = "(HINT: Perhaps you meant to make your request using a different HTTP method?)"
            error = WireError(f"Not allowed to {method} on {path}. {hint}", code="method_not_supported", status=405)
            return JsonAnswer.of_error(error, ("allow", ", ".join(calls)))
        self._admit(scope)
        return await calls[method]()

    def _admit(self, scope: Scope) -> None:
        if self.settings.require_key is not None:
            _check_key(header(scope, "authorization"), self.settings.require_key)
        beta = header(scope, "openai-beta") or ""
        if "assistants=v2" not in [part.strip() for part in beta.split(",")]:
            message = (
                "You must provide the 'OpenAI-Beta' header to access the Assistants API. Please try again by "
                "setting the header 'OpenAI-Beta: assistants=v2'."
            )
            raise WireError(message, code="invalid_beta")

    async def _list(self, query_string: bytes) -> JsonAnswer:
        records, has_more = self._page_of_records(query_string)
        ids = [record.id for record in records]
        page = {
            "object": "list",
            "data": [_wire_object(record) for record in records],
            "first_id": ids[0] if ids else None,
            "last_id": ids[-1] if ids else None,
            "has_more": has_more,
        }
        return JsonAnswer(page)

    def _page_of_records(self, query_string: bytes) -> tuple[list[StoredObject], bool]:
        """The assistants of one page, and whether there are more; raises WireError where the query is wrong."""
        sent = parse_qs(query_string.decode("latin-1"), keep_blank_values=True)
        query = {name: values[-1] for name, values in sent.items()}
        order = query.get("order", "desc")
        _ORDER.check(order, "order")
        descending = order == "desc"
        if self.settings.paging == "none":
            return self._store.stretch(descending=descending), False
        limit = _requested_limit(query)
        after, before = self._cursor(query.get("after")), self._cursor(query.get("before"))
        records = self._store.stretch(descending=descending, after=after, before=before, limit=limit + 1)
        has_more = len(records) > limit
        return (records[-limit:] if before is not None and after is None else records[:limit]), has_more

    def _cursor(self, id: str | None) -> ListPosition | None:
        if not id:
            return None
        position = self._store.place(id)
        if position is None:
            raise _not_found(id)
        return position

    async def _create(self, receive: Receive) -> JsonAnswer:
        sent = await self._read_fields(receive, creating=True)
        id = self._new_id()
        record = StoredObject(id, int(self._now()), assistants.create(sent, self.settings, id=id))
        self._store.add(record)
        return JsonAnswer(_wire_object(record))

    async def _retrieve(self, id: str) -> JsonAnswer:
        record = self._store.find(id)
        if record is None:
            raise _not_found(id)
        return JsonAnswer(_wire_object(record))

    async def _modify(self, id: str, receive: Receive) -> JsonAnswer:
        sent = await self._read_fields(receive, creating=False)
        after = self._store.change(id, lambda before: assistants.modify(before, sent, self.settings))
        if after is None:
            raise _not_found(id)
        return JsonAnswer(_wire_object(after))

    async def _delete(self, id: str) -> JsonAnswer:
        if not self._store.remove(id):
            raise _not_found(id)
        return JsonAnswer({"id": id, "object": "assistant.deleted", "deleted": True})

    async def _read_fields(self, receive: Receive, *, creating: bool) -> Fields:
        sent = _parsed_json(await _read_request(receive))
        assistants.request(self.settings, creating=creating).check(sent, "")
        fields: Fields = sent
        return fields


def header(scope: Scope, name: str) -> str | None:
    """The value of a request header; None when it was not sent."""
    wanted = name.lower().encode()
    values = [value.decode("latin-1") for key, value in scope["headers"] if key.lower() == wanted]
    return ", ".join(values) if values else None


def _requested_id(path: str, base_path: str) -> str | None:
    """The id that a path names, empty for the collection; None where the path is not one of this API."""
    collection = f"{base_path.rstrip('/')}/assistants"
    if path == collection:
        return ""
    id = path.removeprefix(f"{collection}/")
    return id if id != path and id and "/" not in id else None


def _requested_limit(query: Mapping[str, str]) -> int:
    sent = query.get("limit", str(_DEFAULT_LIMIT))
    limit = int(sent) if re.fullmatch("-?[0-9]{1,9}", sent) else sent
    if limit == 0:  # the official packages' own tests ask for none, and mean the default
        return _DEFAULT_LIMIT
    _LIMIT.check(limit, "limit")
    return int(limit)


def _check_key(authorization: str | None, required: str) -> None:
    scheme, _, key = (authorization or "").partition(" ")
    key = key.strip()
    if scheme.lower() != "bearer" or not key:
        message = (
            "You didn't provide an API key. You need to provide your API key in an Authorization header "
            "using Bearer auth (i.e. Authorization: Bearer YOUR_KEY)."
        )
        raise WireError(message, status=401)
    if not compare_digest(key.encode(), required.encode()):
        # names the key as the hosted server does: enough to recognize it, never enough to use it
        hint = f"{key[:4]}{'*' * 8}{key[-4:]}" if len(key) > 16 else "*" * 8
        where = "You can find your API key at https://platform.openai.com/account/api-keys."
        raise WireError(f"Incorrect API key provided: {hint}. {where}", code="invalid_api_key", status=401)


def _wire_object(record: StoredObject) -> Fields:
    return {"id": record.id, "object": "assistant", "created_at": record.created_at, **record.fields}


def _not_found(id: str) -> WireError:
    return WireError(f"No assistant found with id '{id}'.", status=404)


def _server_error(reason: str) -> JsonAnswer:
    message = f"The server had an error while processing your request. Sorry about that! ({reason})"
    return JsonAnswer.of_error(WireError(message, status=500, type="server_error"))


async def _read_request(receive: Receive) -> bytes:
    """The whole body; raises WireError where it is larger than LARGEST.

    One that is too large is read to its end and thrown away: a client that is cut off while it still sends
    sees a broken connection, and never the answer.
    """
    chunks: list[bytes] = []
    size = 0
    more = True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise _DisconnectedError
        chunk = message.get("body", b"")
        size += len(chunk)
        if size <= LARGEST:
            chunks.append(chunk)
        more = message.get("more_body", False)
    if size > LARGEST:
        raise WireError(f"Request body too large: at most {LARGEST} bytes are accepted.", code="too_large", status=413)
    return b"".join(chunks)


def _parsed_json(body: bytes) -> Any:
    """The JSON value of a body, an empty one being `{}`; raises WireError where it is none."""
    if not body:
        return {}
    try:
        value = json.loads(body.decode("utf-8"), parse_constant=_finite, parse_float=_finite)
    except ValueError:
        message = (
            "We could not parse the JSON body of your request. (HINT: This likely means you aren't using your "
            "HTTP library correctly. The OpenAI API expects a JSON payload, but what was sent was not valid JSON.)"
        )
        raise WireError(message) from None
    except RecursionError:
        value = None
    else:
        if _depth_within(value, DEEPEST):
            return value
    raise WireError("The JSON body of your request is nested too deeply.", code="invalid_json")


def _finite(digits: str) -> float:
    number = float(digits)
    if not math.isfinite(number):
        raise ValueError(digits)
    return number


def _depth_within(value: Any, limit: int) -> bool:
    """Level by level rather than by recursion, which is what it guards."""
    level = [value]
    for _ in range(limit):
        inner = (node.values() if isinstance(node, dict) else node for node in level if isinstance(node, dict | list))
        level = [child for children in inner for child in children]
        if not level:
            return True
    return False
