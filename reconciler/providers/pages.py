"""One page of a collection, as large as its server is able to send it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeGuard

from reconciler.canonical import Json
from reconciler.providers.collection import Collection
from reconciler.providers.errors import ARRAY, PAYLOAD_TOO_LARGE, Broken, Rejected, TooLarge, Unreachable
from reconciler.providers.removal import UNPROCESSABLE
from reconciler.providers.wire import Wire

PAGE = 100
_LONGEST_ID = 512
_SURE = 4
"""How often a first answer must be an empty array until it is believed: gateways send one in place of an error."""
_LIMIT = re.compile(r"\blimit\b")


@dataclass(frozen=True, slots=True)
class ListPage:
    """What one page shows."""

    rows: dict[str, dict[str, Json]]
    repeated: tuple[str, ...] = ()
    """The ids that this page alone has more than once."""
    says_more: bool = False


class Pages:
    """Reads pages of one collection, and remembers how much its server sends at once."""

    def __init__(self, wire: Wire, collection: Collection) -> None:
        self._wire = wire
        self._collection = collection
        self._limit = self.most = min(PAGE, collection.page)
        """How many objects the next page may have, and how many any page may."""
        self._sent: int | None = None
        """The limit of the last page that came."""
        self._empty_arrays = 0
        """How many came one after the other."""
        self._form: Json = None
        """What the server's pages are: objects, or arrays alone."""

    @property
    def are_arrays(self) -> bool:
        """Whether a page is an array alone, which cannot say that there is more."""
        return self._form == ARRAY

    async def read(self, **query: str) -> ListPage:
        """The first page, or the one after a cursor; a smaller one where the server does not send so much at once."""

        async def once() -> dict[str, Json]:
            answer = await self._answer(query)
            self._recognize(answer)
            return answer

        return _page(await self._wire.until_answered(once))

    async def _answer(self, query: Mapping[str, str]) -> dict[str, Json]:
        while True:
            limit = self._limit
            try:
                answer = await self._wire.page(self._collection, {"limit": str(limit), "order": "desc", **query})
            except (TooLarge, Rejected) as error:
                if not _is_too_much(error) or limit == 1:
                    raise
                self._limit = self.most = min(self.most, limit // 2)
            except (Broken, Unreachable) as error:
                if error.may_have_happened:
                    self._lighten(limit)
                raise
            else:
                self._sent, self._limit = limit, min(limit * 2, self.most)
                return answer

    def _lighten(self, limit: int) -> None:
        """Next less is asked for; from now on where a page that was smaller came."""
        if self._sent is not None and limit > self._sent:
            self.most = min(self.most, self._sent)
        self._limit = max(1, min(limit // 2, self.most))

    def _recognize(self, answer: Mapping[str, Json]) -> None:
        """Raises where an array may be a mistake: from a server of other pages, and an empty one until it comes again.

        What a list does not show would be created again.
        """
        form = ARRAY if answer.get("object") == ARRAY else "object"
        is_empty = form == ARRAY and not answer["data"]
        self._empty_arrays = self._empty_arrays + 1 if is_empty else 0
        if form == ARRAY and (self._form == "object" or (self._form is None and 0 < self._empty_arrays < _SURE)):
            raise Broken("The answer is not a JSON object.")
        self._form = form


def _is_too_much(error: TooLarge | Rejected) -> bool:
    """Whether less may be asked for with more success: a page is too large, or its limit is."""
    names_limit = error.response.param == "limit" or _LIMIT.search(error.message) is not None
    rejects_limit = error.response.status in UNPROCESSABLE and names_limit
    return rejects_limit or isinstance(error, TooLarge) or error.response.status == PAYLOAD_TOO_LARGE


def _page(answer: Mapping[str, Json]) -> ListPage:
    data = answer.get("data")
    if not isinstance(data, list):
        raise Broken("The server's list has no `data`.")
    rows: dict[str, dict[str, Json]] = {}
    repeated: list[str] = []
    for raw in data:
        id = raw.get("id") if isinstance(raw, dict) else None
        if not isinstance(raw, dict) or not is_id(id):
            raise Broken("The server's list holds something that has no id, or a strange one.")
        if id in rows:
            repeated.append(id)
        rows[id] = raw
    return ListPage(rows, tuple(repeated), answer.get("has_more") is True)


def is_id(id: Any) -> TypeGuard[str]:
    """Whether it can name an object in a path: not where it would lead to another one."""
    if not isinstance(id, str) or not 0 < len(id) <= _LONGEST_ID or id in (".", ".."):
        return False
    return not any("\ud800" <= character <= "\udfff" for character in id)
