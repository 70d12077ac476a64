"""One API over the store: what can be done with its collection, and with one of its objects."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from reconciler.emulator.api import Api
from reconciler.emulator.settings import Settings
from reconciler.emulator.shapes import Fields, Number, Text, WireError
from reconciler.emulator.store import ListPosition, Store, StoredObject

_DEFAULT_LIMIT = 20
_LIMIT = Number(minimum=1, maximum=100, whole=True)
_ORDER = Text(choices=("asc", "desc"))


@dataclass(frozen=True, slots=True)
class ServedRequest:
    """What a call comes with, beside its path."""

    query: Mapping[str, str]
    body: Any = None


Call = Callable[[ServedRequest], Fields]
"""Returns the body of the answer; raises WireError where there is none."""


@dataclass(frozen=True, slots=True)
class ServedApi:
    """One API, the settings it is served with, and where its objects are."""

    api: Api
    settings: Settings
    store: Store
    now: Callable[[], float]
    new_id: Callable[[str], str]

    def calls(self, id: str) -> dict[str, Call]:
        """By method, what can be done with the object `id`; with the collection where `id` is empty."""
        if not id:
            return {"GET": lambda asked: self._list(asked.query), "POST": lambda asked: self._create(asked.body)}
        return {
            "GET": lambda _: self._retrieve(id),
            "POST": lambda asked: self._modify(id, asked.body),
            "DELETE": lambda _: self._delete(id),
        }

    def _list(self, query: Mapping[str, str]) -> Fields:
        records, has_more = self._page_of_records(query)
        ids = [record.id for record in records]
        return {
            "object": "list",
            "data": [self._wire_object(record) for record in records],
            "first_id": ids[0] if ids else None,
            "last_id": ids[-1] if ids else None,
            "has_more": has_more,
        }

    def _page_of_records(self, query: Mapping[str, str]) -> tuple[list[StoredObject], bool]:
        """The objects of one page, and whether there are more."""
        order = query.get("order", "desc")
        _ORDER.check(order, "order")
        descending = order == "desc"
        if self.settings.paging == "none":
            return self.store.stretch(self.api.name, descending=descending), False
        limit = _requested_limit(query)
        after, before = self._cursor("after", query), self._cursor("before", query)
        records = self.store.stretch(self.api.name, descending=descending, after=after, before=before, limit=limit + 1)
        has_more = len(records) > limit
        return (records[-limit:] if before is not None and after is None else records[:limit]), has_more

    def _cursor(self, name: str, query: Mapping[str, str]) -> ListPosition | None:
        id = query.get(name) if name in self.api.cursors else None
        if not id:
            return None
        position = self.store.place(self.api.name, id)
        if position is None:
            raise self._not_found(id)
        return position

    def _create(self, sent: Any) -> Fields:
        self.api.request(self.settings, creating=True).check(sent, "")
        id, now = self.new_id(self.api.id_prefix), int(self.now())
        record = StoredObject(id, now, now, self.api.create(sent, self.settings, id))
        self.store.add(self.api.name, record)
        return self._wire_object(record)

    def _retrieve(self, id: str) -> Fields:
        record = self.store.find(self.api.name, id)
        if record is None:
            raise self._not_found(id)
        return self._wire_object(record)

    def _modify(self, id: str, sent: Any) -> Fields:
        self.api.request(self.settings, creating=False).check(sent, "")

        def decide(before: Fields) -> Fields:
            return self.api.modify(before, sent, self.settings)

        after = self.store.change(self.api.name, id, int(self.now()), decide)
        if after is None:
            raise self._not_found(id)
        return self._wire_object(after)

    def _delete(self, id: str) -> Fields:
        if not self.store.remove(self.api.name, id):
            raise self._not_found(id)
        return {"id": id, "object": f"{self.api.noun}.deleted", "deleted": True}

    def _wire_object(self, record: StoredObject) -> Fields:
        updated = {"updated_at": record.updated_at} if self.api.tells_updates else {}
        fields = self.api.echo(record.fields, self.settings)
        return {"id": record.id, "object": self.api.noun, "created_at": record.created_at, **updated, **fields}

    def _not_found(self, id: str) -> WireError:
        return WireError(f"No {self.api.noun} found with id '{id}'.", status=404)


def _requested_limit(query: Mapping[str, str]) -> int:
    sent = query.get("limit", str(_DEFAULT_LIMIT))
    limit = int(sent) if re.fullmatch("-?[0-9]{1,9}", sent) else sent
    if limit == 0:  # the official packages' own tests ask for none, and mean the default
        return _DEFAULT_LIMIT
    _LIMIT.check(limit, "limit")
    return int(limit)
