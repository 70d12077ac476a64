"""What a server is like, as far as its answers show it: asked for on purpose, or seen in passing."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from reconciler.plan import marker as markers
from support.apis import Api, Apis
from support.faults import ok, over, page, run, scripted
from support.lives import KIND, wanted

MARKER = markers.stamp(wanted("a"), KIND, ("acme", "production"), id=None, nonce="n", commit=None)
ROWS = [{"id": f"asst_{number}", "object": "assistant", "model": "m"} for number in range(3)]


def asked(script: Any, ask: str, *arguments: Any) -> Any:
    async def story() -> Any:
        return await getattr(scripted(script), ask)(*arguments)

    return run(story)


def paged(request: httpx.Request) -> httpx.Response:
    ids = [row["id"] for row in ROWS]
    after = request.url.params.get("after")
    rows = ROWS[ids.index(after) + 1 :] if after else ROWS
    limit = int(request.url.params["limit"])
    return httpx.Response(200, json={"data": rows[:limit], "has_more": len(rows) > limit})


@pytest.mark.parametrize(
    ("script", "paging"),
    [
        (paged, "works"),
        (page(), "unknown"),
        (page(ROWS[0]), "unknown"),
        (page(*ROWS), "none"),
        (lambda request: page(*ROWS)(request) if "after" not in request.url.params else ok({}, 400)(request), "none"),
    ],
    ids=["pages", "empty", "one object", "everything at once", "no cursors"],
)
def test_pages_are_tried_with_one_object_each(script: Any, paging: str) -> None:
    assert asked(script, "paging", "assistant") == paging


def test_a_cursor_that_fails_for_another_reason_is_no_sign() -> None:
    with pytest.raises(Exception, match="no entry"):
        asked(
            lambda request: (
                paged(request) if "after" not in request.url.params else ok({"error": "no entry"}, 403)(request)
            ),
            "paging",
            "assistant",
        )


@pytest.mark.parametrize(("status", "may"), [(404, True), (200, True), (405, False), (501, False)])
def test_whether_a_server_deletes_is_asked_about_what_does_not_exist(status: int, may: bool) -> None:
    assert asked(ok({}, status), "deletes", "assistant") is may


@pytest.mark.parametrize(
    ("answer", "models"),
    [
        (
            ok({"data": [{"id": "a", "shutdown_date": "2027-01-14"}, {"id": "b", "shutdown_date": None}, {}, 1]}),
            {"a": "2027-01-14", "b": None},
        ),
        (ok([{"id": "a"}]), {"a": None}),
        (ok({"data": "soon"}), {}),
        (ok({}, 404), {}),
        (ok({}, 500), {}),
    ],
    ids=["dates", "array", "no list", "no such path", "broken"],
)
def test_the_models_of_a_server_are_what_it_lists_and_nothing_where_it_does_not(answer: Any, models: Any) -> None:
    seen: list[httpx.Request] = []

    def script(request: httpx.Request) -> Any:
        seen.append(request)
        return answer(request)

    assert asked(script, "models") == models
    assert [(request.url.path, request.headers.get("openai-beta")) for request in seen] == [("/v1/models", None)]


@pytest.mark.parametrize(("metadata", "merges", "removal"), [("merged", True, "null"), ("replaced", False, None)])
def test_what_a_modify_has_shown_can_be_asked_for(metadata: Any, merges: bool, removal: str | None) -> None:
    async def story() -> None:
        server = over(Apis(Api("assistants", metadata=metadata), Api("agents")))
        live = await server.create("assistant", {"model": "m", "metadata": {"a": "1", "b": "2"}}, MARKER)
        await server.update(live, {"metadata": {"a": "1"}}, MARKER, ())
        learned = server.learned("assistant")
        assert (learned.merges, learned.pair_removal, learned.upserts) == (merges, removal, False)
        assert (learned.reads_by_id, learned.sends_arrays, learned.page) == (True, False, 100)
        assert server.learned("agent").pair_removal is None

    run(story)
