"""What every API of the embedded server does: its five calls, headers, pages, and how servers differ."""

import re
from collections.abc import Iterator

import pytest

from reconciler import __version__
from reconciler.emulator import APIS, Emulator, Settings
from support.emulator_world import BETAS, World, call

pytestmark = pytest.mark.parametrize("api", APIS)


@pytest.fixture
def world(api: str) -> Iterator[World]:
    world = World(api=api)
    yield world
    world.emulator.close()


# --- the five calls ---


def test_what_was_created_is_retrieved(world: World) -> None:
    created = world.create(name="HR Helper", metadata={"team": "people"})

    assert created["object"] == APIS[world.api].noun
    assert world.retrieve(world.id(1)) == created


def test_a_modify_keeps_what_it_does_not_name(world: World) -> None:
    tool = {"type": "function", "name": "f", "description": "", "parameters": {}}
    tool = tool if world.api == "agents" else {"type": "function", "function": {"name": "f"}}
    created = world.create(name="HR Helper", instructions="Be kind.", tools=[tool], metadata={"a": "b"})

    modified = world.modify(world.id(1), name="People Helper")

    assert modified == {**created, "name": "People Helper"}
    assert world.retrieve(world.id(1)) == modified


def test_a_modify_without_a_body_changes_nothing(world: World) -> None:
    created = world.create()

    assert call(world.emulator, "POST", f"{world.collection}/{world.id(1)}").json() == created


def test_a_modify_is_told_where_an_object_has_the_time_of_it(world: World) -> None:
    created = world.create()
    world.time = 2000.0

    modified = world.modify(world.id(1))

    assert (created["created_at"], modified["created_at"]) == (1000, 1000)
    assert modified.get("updated_at") == (2000 if world.api == "agents" else None)
    assert world.retrieve(world.id(1)) == modified


def test_what_was_deleted_is_gone(world: World) -> None:
    created = world.create()

    deleted = world.ok("DELETE", f"{world.collection}/{world.id(1)}")

    assert deleted == {"id": world.id(1), "object": f"{created['object']}.deleted", "deleted": True}
    assert world.page()["data"] == []


@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
def test_an_unknown_id_is_named_in_a_404(world: World, method: str) -> None:
    answer = call(world.emulator, method, f"{world.collection}/id_x")

    assert answer.status_code == 404
    assert answer.json() == {
        "error": {
            "message": f"No {APIS[world.api].noun} found with id 'id_x'.",
            "type": "invalid_request_error",
            "param": None,
            "code": None,
        }
    }


def test_ids_look_like_the_hosted_ones(api: str) -> None:
    created = call(Emulator(), "POST", f"/v1/{api}", {"model": "gpt-4o"}).json()

    assert re.fullmatch({"assistants": "asst", "agents": "agent"}[api] + "_[A-Za-z0-9]{24}", created["id"])


def test_a_lone_surrogate_survives(world: World) -> None:
    body = b'{"model": "gpt-4o", "name": "\\ud800", "metadata": {"\\udfff": "\\u0000"}}'

    answer = call(world.emulator, "POST", world.collection, content=body)

    assert answer.json()["name"] == "\ud800"
    assert world.retrieve(world.id(1)) == answer.json()


# --- paths, methods, headers ---


@pytest.mark.parametrize("path", ["/", "/v1", "/v1/", "/v1/xyz", "/{}", "/v1/{}/", "/v1/{}/a/b", "/v1/{}x", "/v1x/{}"])
def test_another_path_is_an_invalid_url(world: World, path: str) -> None:
    path = path.format(world.api)

    answer = call(world.emulator, "GET", path)

    assert answer.status_code == 404
    assert answer.json()["error"]["message"] == f"Invalid URL (GET {path})"


@pytest.mark.parametrize(("method", "id", "allowed"), [("PUT", "", "GET, POST"), ("PATCH", "/1", "GET, POST, DELETE")])
def test_another_method_is_a_405(world: World, method: str, id: str, allowed: str) -> None:
    answer = call(world.emulator, method, f"{world.collection}{id}")

    assert answer.status_code == 405
    assert answer.headers["allow"] == allowed
    assert answer.json()["error"]["code"] == "method_not_supported"


@pytest.mark.parametrize(("base_path", "path"), [("", "/{}"), ("/openai/", "/openai/{}"), ("/v1", "/v1/{}")])
def test_the_base_path_is_a_setting(api: str, base_path: str, path: str) -> None:
    world = World(Settings(base_path=base_path))

    assert world.ok("GET", path.format(api))["data"] == []


def test_it_can_be_mounted_under_a_path(world: World) -> None:
    async def mounted(scope, receive, send) -> None:
        await world.emulator({**scope, "root_path": "/below"}, receive, send)

    assert call(mounted, "GET", f"/below{world.collection}").status_code == 200


def test_every_answer_carries_the_hosted_headers(api: str) -> None:
    world = World(Settings(organization="acme", project="proj_1"))

    for path in (f"/v1/{api}", f"/v1/{api}/id_x", "/nowhere"):
        headers = call(world.emulator, "GET", path).headers
        assert headers["content-type"] == "application/json"
        assert re.fullmatch("req_[0-9a-f]{32}", headers["x-request-id"])
        assert headers["openai-version"] == "2020-10-01"
        assert headers["openai-organization"] == "acme"
        assert headers["openai-project"] == "proj_1"
        assert int(headers["openai-processing-ms"]) >= 0
        assert headers["server"] == f"reconciler-emulator/{__version__}"
        assert not [name for name in headers if name.startswith("x-ratelimit")]


def test_without_a_project_no_project_is_named(world: World) -> None:
    headers = call(world.emulator, "GET", world.collection).headers

    assert "openai-project" not in headers
    assert "openai-organization" not in headers


@pytest.mark.parametrize("sent", [None, "assistants=v1", "agents=v2", "other"])
def test_the_beta_header_is_asked_for(world: World, sent: str | None) -> None:
    other = BETAS["assistants" if world.api == "agents" else "agents"]
    headers = {} if sent is None else other if sent == "other" else {"OpenAI-Beta": sent}

    answer = call(world.emulator, "GET", world.collection, headers=headers)

    error = answer.json()["error"]
    assert (answer.status_code, error["code"]) == (400, "invalid_beta")
    assert error["message"] == (
        f"You must provide the 'OpenAI-Beta' header to access the {world.api.title()} API. Please try again by setting "
        f"the header 'OpenAI-Beta: {BETAS[world.api]['OpenAI-Beta']}'."
    )


def test_the_beta_header_may_name_several(world: World) -> None:
    headers = {"OpenAI-Beta": "realtime=v1, assistants=v2, agents=v1"}

    assert call(world.emulator, "GET", world.collection, headers=headers).status_code == 200


def test_a_required_key_lets_its_owner_in_and_nobody_else(api: str) -> None:
    world = World(Settings(require_key="sk-right"))

    statuses = [
        call(world.emulator, "GET", f"/v1/{api}", headers={**BETAS[api], "Authorization": f"Bearer {key}"}).status_code
        for key in ("sk-right", "sk-wrong")
    ]

    assert statuses == [200, 401]


def test_an_api_that_is_gone_answers_404_to_everything_and_leaves_the_others(api: str) -> None:
    others = tuple(name for name in APIS if name != api)
    world = World(Settings(apis=others))

    for path in (f"/v1/{api}", f"/v1/{api}/id_1"):
        answer = call(world.emulator, "GET", path)
        assert answer.status_code == 404
        assert answer.json()["error"]["message"] == f"Invalid URL (GET {path})"
    assert [world.ok("GET", f"/v1/{name}")["data"] for name in others] == [[]] * len(others)


@pytest.mark.parametrize("escaped", ["m", "\\u6d4b"])
def test_a_body_may_be_as_large_as_its_api_says(world: World, escaped: str) -> None:
    largest = APIS[world.api].largest
    head, end = b'{"model": "gpt-4o", "x": "', b'"}'
    filling = escaped.encode() * ((largest - len(head + end)) // len(escaped))

    fits, is_larger = (
        call(world.emulator, "POST", world.collection, content=head + filling + more + end)
        for more in (b"", b"m" * len(escaped))
    )

    assert (fits.status_code, fits.json()["error"]["code"]) == (400, "unknown_parameter")
    assert (is_larger.status_code, is_larger.json()["error"]["code"]) == (413, "too_large")


# --- the ways servers differ ---


def test_an_api_may_differ_from_the_server(api: str) -> None:
    world = World(Settings(of_api={api: Settings(echo="sparse", forget_metadata=True)}))

    for name in APIS:
        created = world.ok("POST", f"/v1/{name}", {"model": "gpt-4o", "metadata": {"a": "b"}})
        assert created.get("metadata") == (None if name == api else {"a": "b"})


def test_an_upsert_returns_what_is_left_out_to_its_default(api: str) -> None:
    world = World(Settings(modify="upsert"), api=api)
    bare = world.create()
    full = world.create(name="n", instructions="i", metadata={"a": "b"})

    modified = world.modify(full["id"], instructions="j")

    # metadata that is merged is kept
    kept = {"instructions": "j", "id": full["id"], "metadata": modified["metadata"]}
    assert modified == {**bare, **kept}
    assert modified["name"] is None


@pytest.mark.parametrize(("echo", "metadata"), [("defaults", {}), ("nulls", None), ("sparse", None)])
def test_metadata_may_be_forgotten(api: str, echo: str, metadata: dict | None) -> None:
    world = World(Settings(forget_metadata=True, echo=echo), api=api)

    assert world.create(metadata={"a": "b"}).get("metadata") == metadata


def test_a_sparse_server_answers_what_was_set_and_no_more(api: str) -> None:
    world = World(Settings(echo="sparse"), api=api)
    times = {"created_at", "updated_at"}

    created = world.create(name=None)
    modified = world.modify(world.id(1), metadata={"a": "b"})

    assert created.keys() - times == {"id", "object", "name", "model"}
    assert modified == {**created, "metadata": {"a": "b"}}


# --- listing ---


def ids(page: dict) -> str:
    """The numbers in the ids, as they are listed."""
    return "".join(one["id"].rpartition("_")[2] for one in page["data"])


def test_a_listing_begins_with_the_newest_and_has_twenty(world: World) -> None:
    for _ in range(21):
        world.create()

    page = world.page()

    assert [one["id"] for one in page["data"]] == [world.id(number) for number in range(21, 1, -1)]
    assert (page["first_id"], page["last_id"], page["has_more"]) == (world.id(21), world.id(2), True)
    assert page["object"] == "list"


def test_an_empty_listing_has_no_ends(world: World) -> None:
    assert world.page() == {"object": "list", "data": [], "first_id": None, "last_id": None, "has_more": False}


def test_created_at_comes_before_the_order_of_insertion(world: World) -> None:
    world.create()
    world.time = 500.0
    world.create()
    world.create()

    assert ids(world.page("?order=asc")) == "231"
    assert ids(world.page("?order=desc")) == "132"


@pytest.mark.parametrize(
    ("query", "found", "has_more"),
    [
        ("?after={4}&limit=2", "32", True),
        ("?after={3}&limit=2", "21", False),
        ("?after={1}", "", False),
        ("?order=asc&after={4}", "56", False),
        ("?limit=0", "654321", False),
        ("?after=&foo=bar", "654321", False),
    ],
)
def test_cursors_cut_a_listing(world: World, query: str, found: str, has_more: bool) -> None:
    for _ in range(6):
        world.create()

    page = world.page(query.format(*map(world.id, range(7))))

    assert (ids(page), page["has_more"]) == (found, has_more)


def test_paging_visits_everything_once_while_others_are_deleted(world: World) -> None:
    for _ in range(25):
        world.create()
    page = world.page("?limit=10")
    seen = [one["id"] for one in page["data"]]
    world.ok("DELETE", f"{world.collection}/{world.id(3)}")
    while page["has_more"]:
        page = world.page(f"?limit=10&after={page['last_id']}")
        seen += [one["id"] for one in page["data"]]

    assert seen == [world.id(number) for number in range(25, 0, -1) if number != 3]


def test_a_cursor_that_was_deleted_is_named_in_a_404(world: World) -> None:
    answer = call(world.emulator, "GET", f"{world.collection}?after=id_x")

    assert answer.status_code == 404
    assert answer.json()["error"]["message"] == f"No {APIS[world.api].noun} found with id 'id_x'."


@pytest.mark.parametrize(
    ("query", "param", "code"),
    [
        ("?limit=101", "limit", "integer_above_max_value"),
        ("?limit=-1", "limit", "integer_below_min_value"),
        ("?limit=ten", "limit", "invalid_type"),
        ("?limit=99999999999999999999", "limit", "invalid_type"),
        ("?order=up", "order", "invalid_value"),
        ("?order=", "order", "invalid_value"),
    ],
)
def test_a_wrong_query_is_rejected(world: World, query: str, param: str, code: str) -> None:
    error = world.refused("GET", f"{world.collection}{query}")

    assert (error["param"], error["code"]) == (param, code)


def test_a_server_without_paging_answers_everything_at_once(api: str) -> None:
    world = World(Settings(paging="none"), api=api)
    for _ in range(25):
        world.create()

    page = world.page("?limit=2&after=id_x&order=asc")

    assert [one["id"] for one in page["data"]] == [world.id(number) for number in range(1, 26)]
    assert page["has_more"] is False
