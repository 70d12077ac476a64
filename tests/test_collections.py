"""What a provider learns about one collection stays with it, and each is spoken to in its own way."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from reconciler.model import Live
from reconciler.plan import marker as markers
from reconciler.providers import ApiGone, ProviderError, Rejected, Unauthorized
from reconciler.providers.openai import COLLECTIONS
from reconciler.providers.server import Server
from reconciler.providers.wire import Wire, client
from support.apis import Api, Apis
from support.faults import Script, ok, over, page, run
from support.lives import KIND, wanted

MARKER = markers.stamp(wanted("a"), KIND, ("acme", "production"), id=None, nonce="n", commit=None)


async def made(server: Server, kind: str, **body: Any) -> Live:
    return await server.create(kind, {"model": "m", "name": kind, **body}, MARKER)


def user(metadata: Any) -> dict[str, Any]:
    return {key: value for key, value in metadata.items() if key != markers.KEY}


PAIRS = {"team": "people", "tier": "gold"}


def test_every_request_carries_the_beta_of_its_collection() -> None:
    apis = Apis(Api("assistants"), Api("agents"))

    async def story() -> None:
        server = over(apis)
        for kind in ("assistant", "agent"):
            live = await server.update(await made(server, kind), {"name": "new"}, MARKER, ())
            await server.delete(await server.fetch(kind, live.id))
            assert await server.observe(kind) == await server.newest(kind) == ()

    run(story)
    betas = {(request.url.path.split("/")[2], request.headers["openai-beta"]) for request in apis.asked}
    assert betas == {("assistants", "assistants=v2"), ("agents", "agents=v1")}


@pytest.mark.parametrize("order", [("assistant", "agent"), ("agent", "assistant")])
def test_how_one_collection_removes_a_pair_is_no_news_of_another(order: tuple[str, str]) -> None:
    """Agents answer 400 to a null, and replace what is left out: one sent would be refused."""
    apis = Apis(Api("assistants", metadata="merged"), Api("agents"))

    async def story() -> None:
        server = over(apis)
        for kind in (*order, *order):
            live = await made(server, kind, metadata=PAIRS)
            live = await server.update(live, {"metadata": {"team": "people"}}, MARKER, ())
            assert user(live.raw["metadata"]) == {"team": "people"}

    run(story)
    assert [None in body["metadata"].values() for body in apis.apis["agents"].bodies] == [False] * 4
    assert [None in body["metadata"].values() for body in apis.apis["assistants"].bodies] == [
        False,
        False,
        True,
        False,
        True,
    ]


def test_pairs_that_are_ignored_are_sent_to_the_collection_that_replaces_them_alone() -> None:
    apis = Apis(Api("assistants", metadata="merged"), Api("agents"))
    ignore = (("metadata", "tier"),)

    async def story() -> None:
        server = over(apis)
        for kind in ("assistant", "agent"):
            live = await made(server, kind, metadata={**PAIRS, "more": "x"})
            live = await server.update(live, {"metadata": PAIRS}, MARKER, ignore)
            live = await server.update(live, {"name": "new"}, MARKER, ignore)
            assert user(live.raw["metadata"]) == PAIRS

    run(story)
    assert user(apis.apis["agents"].bodies[-1]["metadata"]) == PAIRS
    assert user(apis.apis["assistants"].bodies[-1]["metadata"]) == {"team": "people"}


def test_a_list_that_lags_does_not_make_a_collection_merge_that_replaces() -> None:
    """Else pairs that are ignored would be left out, and so wiped."""
    agents = Api("agents")

    async def story() -> Live:
        server = over(Apis(agents))
        live = await made(server, "agent", metadata=PAIRS)
        stale = ok(agents.kept[live.id])
        behind = over(httpx.MockTransport(Script(stale, stale, stale, lambda request: agents.answer(request, live.id))))
        await behind.update(live, {"metadata": {"tier": "gold"}}, MARKER, ())
        return await behind.update(live, {"metadata": PAIRS}, MARKER, (("metadata", "tier"),))

    assert user(run(story).raw["metadata"]) == PAIRS


@pytest.mark.parametrize(
    ("there", "gone", "api"), [("assistants", "agent", "Agents API"), ("agents", "assistant", "Assistants API")]
)
def test_a_server_of_one_api_works_and_says_which_one_it_has_not(there: str, gone: str, api: str) -> None:
    async def story() -> str:
        server = over(Apis(Api(there)))
        live = await made(server, there.removesuffix("s"))
        assert await server.observe(there.removesuffix("s")) == (live,)
        with pytest.raises(ApiGone) as caught:
            await server.observe(gone)
        assert gone in server.gone
        assert ("2026-08-26" in caught.value.remedy) == (gone == "assistant")
        return caught.value.message

    assert run(story).startswith(f"This server has no {api}: 404: Invalid URL")


def test_a_server_that_answers_every_path_alike_has_no_agents_to_delete() -> None:
    async def story() -> str:
        server = over(httpx.MockTransport(page({"id": "asst_1", "object": "assistant", "model": "m"})))
        assert [live.id for live in await server.observe("assistant")] == ["asst_1"]
        with pytest.raises(ApiGone) as caught:
            await server.observe("agent")
        return caught.value.message

    assert run(story) == "This server has no Agents API: /agents answers with assistants."


def test_a_kind_that_no_server_of_the_sort_has_is_an_api_that_is_gone() -> None:
    async def story() -> ProviderError:
        http = client("http://localhost/v1", {}, httpx.MockTransport(Script(ok({}))))
        with pytest.raises(ApiGone) as caught:
            await Server(Wire(http, lambda line: None), [COLLECTIONS["agent"]]).observe("assistant")
        return caught.value

    assert run(story).message == "This server has no Assistants API."


def test_a_key_without_the_right_is_told_of_the_kind() -> None:
    async def story() -> ProviderError:
        with pytest.raises(Unauthorized) as caught:
            await over(httpx.MockTransport(Script(ok({"error": "no"}, 401)))).observe("agent")
        return caught.value

    assert run(story).remedy.endswith("whether it may read and write agents")


# an agent


@pytest.mark.parametrize("echoes", [True, False])
@pytest.mark.parametrize("stated", [{}, {"reasoning": {"summary": "auto"}}])
def test_an_effort_that_an_answer_does_not_repeat_is_no_reset(echoes: bool, stated: dict[str, Any]) -> None:
    agents = Api("agents", effort="high", echoes=echoes)

    async def story() -> None:
        server = over(Apis(agents))
        await made(server, "agent", **stated)
        (live,) = await server.observe("agent")
        await server.update(live, {"name": "new"}, MARKER, ())
        await server.update(live, {"model": "n"}, MARKER, ())

    run(story)
    assert [set(body) for body in agents.bodies[1:]] == [{"name", "metadata"}, {"model", "metadata"}]
    assert agents.kept["agent_1"].get("reasoning", {}) == stated.get("reasoning", {})


@pytest.mark.parametrize("gone", ["named", "nameless", "html"])
def test_an_agent_that_is_gone_is_no_api_that_is_gone(gone: Any) -> None:
    async def story() -> str:
        server = over(Apis(Api("agents", gone=gone)))
        live = await made(server, "agent")
        await server.delete(live)
        await server.delete(live)
        with pytest.raises(ProviderError) as caught:
            await server.fetch("agent", live.id)
        return type(caught.value).__name__

    assert run(story) == "ObjectGone"


NO_DELETE = [
    (405, "Method Not Allowed"),
    (501, ""),
    (404, "Not Found"),
    (404, "<html>Cannot DELETE</html>"),
    (410, "gone"),
]


@pytest.mark.parametrize("answer", NO_DELETE)
def test_a_server_that_deletes_nothing_is_told_plainly(answer: tuple[int, str]) -> None:
    async def story() -> ProviderError:
        server = over(Apis(Api("agents", no_delete=answer)))
        live = await made(server, "agent")
        with pytest.raises(Rejected) as caught:
            await server.delete(live)
        return caught.value

    found: ProviderError = run(story)
    assert found.message == f"This server does not delete agents: it answered {answer[0]}."
    assert found.remedy == "remove agent_1 by other means, or forget it: `reconciler forget agent.a`"
