"""What the provider of this wire does for an apply: metadata, servers that replace, things that are gone."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import httpx
import pytest

from reconciler.canonical import Json
from reconciler.emulator import Emulator
from reconciler.model import Live, Marker
from reconciler.plan import marker as markers
from reconciler.providers import PROVIDERS, ApiGone, Connection, ObjectGone, ProviderError, Unreachable
from reconciler.providers.errors import Broken, Rejected
from reconciler.providers.objects import live_object
from reconciler.settings import Access
from support.faults import Script, is_collection, ok, page, run, scripted
from support.lives import KIND, wanted

MARKER = markers.stamp(wanted("a"), KIND, ("acme", "production"), id="asst_1", nonce="now", commit=None)
TEXT = markers.encode(MARKER, KIND)
Removes = Literal["null", "empty", "never", "ignores"]


@dataclass
class Server:
    """One object on a server that merges metadata, and removes a key in one way or none."""

    removes: Removes = "null"
    replaces: bool = False
    needs_model: bool = False
    bare: bool = False
    raw: dict[str, Any] = field(
        default_factory=lambda: {
            "id": "asst_1", "model": "gpt-4o", "name": "A", "instructions": "Be kind.", "temperature": 0.5,
            "metadata": {"team": "people", "tier": "gold", "reconciler": TEXT},
        }
    )  # fmt: skip
    bodies: list[dict[str, Any]] = field(default_factory=list)

    def __call__(self, request: httpx.Request) -> httpx.Response:
        if request.method == "GET":
            return (page(self.raw) if is_collection(request) else ok(self.raw))(request)
        body = json.loads(request.content)
        self.bodies.append(body)
        if self.needs_model and "model" not in body:
            return ok({"error": {"message": "you must provide a model parameter"}}, 400)(request)
        if refused := self._refused(body):
            return ok({"error": {"message": refused}}, 400)(request)
        metadata = {**self.raw["metadata"], **body.get("metadata", {})}
        base = {"id": "asst_1", "model": "gpt-4o"} if self.replaces else self.raw
        kept = {key: value for key, value in metadata.items() if value is not None}
        self.raw = {**base, **body, "metadata": kept}
        return ok({} if self.bare else self.raw)(request)

    def _refused(self, body: Mapping[str, Any]) -> str:
        values = list(body.get("metadata", {}).values())
        if None in values and self.removes in ("empty", "never"):
            return "metadata: null is no text"
        if "" in values and self.removes == "never":
            return "metadata: an empty text"
        if self.removes == "ignores":
            for key in [key for key, value in body.get("metadata", {}).items() if not value]:
                del body["metadata"][key]
        return ""

    def live(self) -> Live:
        return live_object(KIND, self.raw)


def update(
    server: Server, *patches: Mapping[str, Json], ignore: tuple[tuple[str, ...], ...] = ()
) -> list[Live | ProviderError]:
    async def story() -> list[Live | ProviderError]:
        provider = scripted(server)
        return [await provider.update(server.live(), patch, MARKER, ignore) for patch in patches]

    found: list[Live | ProviderError] = run(story)
    return found


WITHOUT_TIER: dict[str, Json] = {"metadata": {"team": "people"}}
WITHOUT_ANY: dict[str, Json] = {"metadata": {}}


def metadata(body: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in body["metadata"].items() if key != "reconciler"}


def test_a_key_is_left_out_and_if_it_stays_it_is_removed_by_null() -> None:
    server = Server("null")
    update(server, WITHOUT_TIER)

    assert [metadata(body) for body in server.bodies] == [{"team": "people"}, {"team": "people", "tier": None}]
    assert server.raw["metadata"] == {"team": "people", "reconciler": TEXT}


def test_where_null_is_refused_an_empty_text_stands_for_absent() -> None:
    server = Server("empty")
    update(server, WITHOUT_TIER)

    assert [metadata(body).get("tier", "left out") for body in server.bodies] == ["left out", None, ""]
    assert server.raw["metadata"]["tier"] == ""


@pytest.mark.parametrize("removes", ["never", "ignores"])
def test_a_key_that_no_way_removes_stays_and_the_rest_is_written(removes: Removes) -> None:
    server = Server(removes)
    (found,) = update(server, {**WITHOUT_TIER, "name": "B"})

    assert isinstance(found, Live)
    assert (found.raw["name"], found.raw["metadata"]["tier"]) == ("B", "gold")  # type: ignore[index, call-overload]


@pytest.mark.parametrize(("removes", "writes"), [("null", [2, 3]), ("empty", [3, 4]), ("never", [3, 4])])
def test_what_a_server_does_is_learnt_once_a_run(removes: Removes, writes: list[int]) -> None:
    async def story() -> list[int]:
        server, counts = Server(removes), []
        provider = scripted(server)
        for patch in (WITHOUT_TIER, WITHOUT_ANY):
            await provider.update(server.live(), patch, MARKER, ())
            counts.append(len(server.bodies))
        return counts

    assert run(story) == writes


def test_a_way_is_learnt_only_once_it_has_worked() -> None:
    """Others write at the same time: a null that may be refused is not theirs to send."""

    async def story() -> list[Any]:
        server = Server("empty")
        script = Script(server, httpx.ReadTimeout("x"))
        provider = scripted(script)
        with pytest.raises(Unreachable):
            await provider.update(server.live(), WITHOUT_TIER, MARKER, ())
        script.answers = [server]
        await provider.update(server.live(), WITHOUT_TIER, MARKER, ())
        return [metadata(body).get("tier", "left out") for body in server.bodies]

    assert run(story) == ["left out", "left out", None, ""]


def test_without_credit_nothing_is_learnt_about_metadata() -> None:
    async def story() -> Any:
        server = Server("null")
        provider = scripted(Script(server, ok({"error": {"code": "insufficient_quota"}}, 429)))
        with pytest.raises(Rejected):
            await provider.update(server.live(), WITHOUT_TIER, MARKER, ())
        return provider.objects("assistant").modifier.pair_removal.way

    assert run(story) is None


def test_ignored_keys_are_left_to_the_dashboard() -> None:
    server = Server("null")
    update(server, WITHOUT_TIER, WITHOUT_TIER, ignore=(("metadata", "tier"),))

    assert server.raw["metadata"]["tier"] == "gold"
    assert len(server.bodies) == 2


def test_ignored_keys_are_not_sent_to_a_server_that_merges() -> None:
    async def story() -> list[Any]:
        server = Server("null")
        provider = scripted(server)
        await provider.update(server.live(), WITHOUT_TIER, MARKER, ())
        server.raw["metadata"]["theirs"] = "moved"
        await provider.update(
            server.live(), {"metadata": {"team": "x", "theirs": "seen"}}, MARKER, (("metadata", "theirs"),)
        )
        return [metadata(server.bodies[-1]), server.raw["metadata"]["theirs"]]

    assert run(story) == [{"team": "x"}, "moved"]


@pytest.mark.parametrize("removes", ["null", "empty", "never"])
def test_what_is_let_go_of_has_no_marker_on_any_server(removes: Removes) -> None:
    async def story() -> tuple[Marker | None, Json, Any]:
        server = Server(removes)
        freed = await scripted(server).forget(server.live(), {})
        return freed.marker, freed.raw["metadata"], server.raw["name"]

    marker, left, name = run(story)
    assert (marker, name) == (None, "A")
    expected: dict[str, dict[str, str]] = {"null": {}, "empty": {"reconciler": ""}, "never": {"reconciler": "let go"}}
    assert left == {"team": "people", "tier": "gold", **expected[removes]}


def test_a_server_that_resets_what_is_left_out_is_found_out_and_sent_everything() -> None:
    server = Server(replaces=True)
    (found,) = update(server, {"name": "B"})

    assert isinstance(found, Live)
    assert (found.raw["name"], found.raw["instructions"], found.raw["temperature"]) == ("B", "Be kind.", 0.5)
    assert len(server.bodies) == 2
    update(server, {"name": "C"}, {"name": "D"})
    assert len(server.bodies) == 5


def test_a_server_that_wants_a_model_is_sent_everything() -> None:
    server = Server(needs_model=True)
    update(server, {"name": "B"})

    assert [set(body) - {"metadata"} for body in server.bodies] == [
        {"name"},
        {"model", "name", "instructions", "temperature"},
    ]


@pytest.mark.parametrize("status", [400, 422, 429])
def test_a_refusal_that_is_not_about_the_model_is_one(status: int) -> None:
    async def story() -> int:
        script = Script(ok({"error": {"message": "name: too long", "code": "insufficient_quota"}}, status))
        with pytest.raises(Rejected):
            await scripted(script).update(Server().live(), {"name": "B"}, MARKER, ())
        return len(script.asked)

    assert run(story) == 1


def test_a_refused_model_that_was_sent_is_a_refusal() -> None:
    async def story() -> int:
        script = Script(ok({"error": {"message": "no such model"}}, 400))
        with pytest.raises(Rejected):
            await scripted(script).update(Server().live(), {"model": "B"}, MARKER, ())
        return len(script.asked)

    assert run(story) == 1


def test_a_modify_that_answers_with_nothing_is_read_back() -> None:
    (found,) = update(Server(bare=True), {"name": "B"})

    assert isinstance(found, Live)
    assert found.raw["name"] == "B"


# fetching and deleting

GONE = ok({"error": {"message": "No assistant found with id 'asst_1'."}}, 404)
NAMELESS = ok({"error": {"message": "not found"}}, 404)
HTML = lambda request: httpx.Response(404, text="<html>", headers={"Content-Type": "text/html"})  # noqa: E731
RAW = {"id": "asst_1", "model": "m"}


def fetched(*answers: Any) -> Live | ProviderError:
    async def story() -> Live | ProviderError:
        try:
            return await scripted(Script(*answers)).fetch("assistant", "asst_1")
        except ProviderError as error:
            return error

    found: Live | ProviderError = run(story)
    return found


def test_an_object_is_read_by_its_id_and_where_that_is_not_offered_from_the_list() -> None:
    for answers in ([ok(RAW)], [HTML, page(RAW)], [NAMELESS, page(RAW)]):
        found = fetched(*answers)
        assert isinstance(found, Live)


def test_an_object_is_gone_where_the_server_names_it_or_lists_others() -> None:
    for answers in ([GONE], [NAMELESS, page()], [HTML, page({"id": "b"})]):
        assert isinstance(fetched(*answers), ObjectGone)


def test_where_the_list_is_gone_too_so_is_the_api() -> None:
    assert isinstance(fetched(HTML, HTML), ApiGone)


def deleted(*answers: Any) -> ProviderError | None:
    async def story() -> ProviderError | None:
        try:
            await scripted(Script(*answers)).delete(Server().live())
        except ProviderError as error:
            return error
        return None

    found: ProviderError | None = run(story)
    return found


@pytest.mark.parametrize(
    "answers",
    [
        [ok({"id": "asst_1", "deleted": True})],
        [GONE],
        [NAMELESS, page()],
        [lambda request: httpx.Response(204), page()],
        [ok({}), page()],
        [httpx.ReadTimeout("x"), GONE],
    ],
)
def test_a_delete_that_finds_nothing_has_succeeded(answers: list[Any]) -> None:
    assert deleted(*answers) is None


@pytest.mark.parametrize(
    ("answers", "kind"),
    [
        ([NAMELESS, page(RAW), NAMELESS], ObjectGone),
        ([ok({"deleted": False}), page(RAW)], Broken),
        ([HTML], ApiGone),
        ([ok({}, 403)], ProviderError),
    ],
)
def test_a_delete_after_which_it_is_there_has_failed(answers: list[Any], kind: type[ProviderError]) -> None:
    assert isinstance(deleted(*answers), kind)


# what is sent, and what is read


@pytest.mark.parametrize("id", ["a/b", "a?b", "a#b", "a b", "a\nb", "../x", "%2e%2e", "ä", "a:b"])
def test_an_id_is_one_step_of_a_path_whatever_it_holds(id: str) -> None:
    script = Script(ok({"id": id, "model": "m"}))

    async def story() -> Live:
        return await scripted(script).fetch("assistant", id)

    assert run(story).id == id
    path = script.asked[0].url.raw_path.decode()
    assert path.startswith("/v1/assistants/")
    assert path.count("/") == 3
    assert script.asked[0].url.query == b""


@pytest.mark.parametrize("id", [None, 5, "", ".", "..", "x" * 513, "\udfff"])
def test_an_answer_about_something_without_a_sound_id_is_none(id: Any) -> None:
    with pytest.raises(Broken, match="strange"):
        live_object(KIND, {"id": id})


@pytest.mark.parametrize("created", [None, "soon", [], {}, 10**400, -1, 0.5, True])
def test_a_strange_time_of_creation_is_no_error(created: Any) -> None:
    assert live_object(KIND, {"id": "a", "created_at": created}).created_at >= -1


@pytest.mark.parametrize("value", [None, [], "x", 7, {"reconciler": 7}, {"reconciler": {}}, {"reconciler": "v9"}])
def test_strange_metadata_is_no_marker(value: Any) -> None:
    assert live_object(KIND, {"id": "a", "metadata": value}).marker is None


def test_a_place_is_opened_without_a_request() -> None:
    connection = Connection(Access("https://x/v1", project="proj_1"), Path())
    closed: Callable[..., Any] = PROVIDERS["openai"].open(connection, lambda line: None).aclose

    run(closed)


def test_the_embedded_server_is_opened_and_let_go_of(tmp_path: Path) -> None:
    connection = Connection(Access(), tmp_path)

    async def story() -> tuple[Any, ...]:
        provider = PROVIDERS["local"].open(connection, lambda line: None)
        found = await provider.observe("assistant")
        await provider.aclose()
        return found

    assert run(story) == ()
    Emulator(tmp_path / "local.db").close()


def test_an_embedded_server_that_cannot_be_is_unreachable(tmp_path: Path) -> None:
    (tmp_path / "local.db").write_text("no database " * 100)

    with pytest.raises(Unreachable):
        PROVIDERS["local"].open(Connection(Access(), tmp_path), lambda line: None)
