"""The query of a listing, and the page that answers it."""

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs

from reconciler.emulator import refusals
from reconciler.emulator.refusals import RequestRefused
from reconciler.emulator.settings import Settings
from reconciler.emulator.shapes import Number, Text
from reconciler.emulator.store import ListPosition, Span, Store, StoredObject

DEFAULT_LIMIT = 20
_LIMIT = Number(minimum=1, maximum=100, whole=True)
_ORDER = Text(choices=("asc", "desc"))


def list_page(store: Store, query_string: bytes, settings: Settings) -> tuple[list[StoredObject], bool]:
    """The assistants of one page, and whether there are more; raises Refused where the query is wrong."""
    query = {
        name: values[-1] for name, values in parse_qs(query_string.decode("latin-1"), keep_blank_values=True).items()
    }
    descending = _descending(query)
    if settings.paging == "none":
        return store.stretch(Span(descending=descending)), False
    limit = _limit(query)
    span = Span(
        descending=descending,
        after=_cursor(store, query.get("after")),
        before=_cursor(store, query.get("before")),
        limit=limit + 1,
    )
    records = store.stretch(span)
    if span.before is not None and span.after is None:
        return records[-limit:], len(records) > limit
    return records[:limit], len(records) > limit


def page_body(data: list[Mapping[str, Any]], *, has_more: bool) -> dict[str, Any]:
    """A page as the wire has it."""
    ids = [item["id"] for item in data]
    return {
        "object": "list",
        "data": data,
        "first_id": ids[0] if ids else None,
        "last_id": ids[-1] if ids else None,
        "has_more": has_more,
    }


def _descending(query: Mapping[str, str]) -> bool:
    order = query.get("order", "desc")
    _ORDER.check(order, "order")
    return order == "desc"


def _limit(query: Mapping[str, str]) -> int:
    sent = query.get("limit", str(DEFAULT_LIMIT))
    limit = int(sent) if re.fullmatch("-?[0-9]{1,9}", sent) else sent
    # the official packages' own tests ask for none, and mean the default
    if limit == 0:
        return DEFAULT_LIMIT
    _LIMIT.check(limit, "limit")
    return int(limit)


def _cursor(store: Store, assistant_id: str | None) -> ListPosition | None:
    if not assistant_id:
        return None
    place = store.place(assistant_id)
    if place is None:
        raise RequestRefused(refusals.no_assistant(assistant_id))
    return place
