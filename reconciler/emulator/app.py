"""The ASGI application: an API for each collection, and what they all have: paths, keys, beta headers, failures."""

import logging
import os
import secrets
import sqlite3
import string
import time
from collections.abc import Callable
from hmac import compare_digest
from urllib.parse import parse_qs

from reconciler.emulator.api import Api
from reconciler.emulator.apis import APIS
from reconciler.emulator.exchange import DisconnectedError, JsonAnswer, Receive, Scope, Send, header, read_json
from reconciler.emulator.served import ServedApi, ServedRequest
from reconciler.emulator.settings import Settings
from reconciler.emulator.shapes import WireError
from reconciler.emulator.store import Store

_log = logging.getLogger(__name__)
_DEFAULT_SETTINGS = Settings()


def random_id(prefix: str) -> str:
    """An id as the hosted server makes them."""
    alphabet = string.ascii_letters + string.digits
    return prefix + "".join(secrets.choice(alphabet) for _ in range(24))


class Emulator:
    """A server of the APIs there are, as an ASGI application; close it when done."""

    def __init__(
        self,
        path: str | os.PathLike[str] = ":memory:",
        settings: Settings = _DEFAULT_SETTINGS,
        *,
        now: Callable[[], float] = time.time,
        new_id: Callable[[str], str] = random_id,
        patience: float = 5.0,
    ) -> None:
        """Open, make or upgrade the database at `path`; raise EmulatorError where that cannot be.

        `new_id` is given the prefix of an API's ids. `patience` is how many seconds a write waits for another
        process that is writing.
        """
        self.settings = settings
        self._store = Store(path, patience=patience)
        named = APIS if settings.apis is None else settings.apis
        self._served = {name: ServedApi(APIS[name], settings.of(name), self._store, now, new_id) for name in named}

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
            except DisconnectedError:
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
        except DisconnectedError:
            raise
        except Exception as error:  # noqa: BLE001 - whatever it is, the client gets an answer
            _log.exception("the emulator failed")
            return _server_error(f"{type(error).__name__}: {error}")

    async def _call(self, scope: Scope, receive: Receive) -> JsonAnswer:
        method, path = scope["method"], scope["path"].removeprefix(scope.get("root_path", ""))
        served, id = self._addressed(path)
        if served is None:
            raise WireError(f"Invalid URL ({method} {path})", status=404)
        calls = served.calls(id)
        if method not in calls:
            hint = "(HINT: Perhaps you meant to make your request using a different HTTP method?)"
            error = WireError(f"Not allowed to {method} on {path}. {hint}", code="method_not_supported", status=405)
            return JsonAnswer.of_error(error, ("allow", ", ".join(calls)))
        if self.settings.require_key is not None:
            _check_key(header(scope, "authorization"), self.settings.require_key)
        _check_beta(header(scope, "openai-beta"), served.api)
        body = await read_json(receive, served.api.largest) if method == "POST" else None
        return JsonAnswer(calls[method](ServedRequest(_query(scope), body)))

    def _addressed(self, path: str) -> tuple[ServedApi | None, str]:
        """The API that a path names, and the id, which is empty for the collection."""
        base = self.settings.base_path.rstrip("/")
        name, slash, id = path.removeprefix(f"{base}/").partition("/")
        is_named = path.startswith(f"{base}/") and "/" not in id and bool(id) == bool(slash)
        return (self._served.get(name) if is_named else None), id


def _query(scope: Scope) -> dict[str, str]:
    sent = parse_qs(scope["query_string"].decode("latin-1"), keep_blank_values=True)
    return {name: values[-1] for name, values in sent.items()}


def _check_beta(sent: str | None, api: Api) -> None:
    if api.beta not in [part.strip() for part in (sent or "").split(",")]:
        message = (
            f"You must provide the 'OpenAI-Beta' header to access the {api.title}. Please try again by "
            f"setting the header 'OpenAI-Beta: {api.beta}'."
        )
        raise WireError(message, code="invalid_beta")


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


def _server_error(reason: str) -> JsonAnswer:
    message = f"The server had an error while processing your request. Sorry about that! ({reason})"
    return JsonAnswer.of_error(WireError(message, status=500, type="server_error"))
