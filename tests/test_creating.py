"""A create happens once: what surely did not happen is tried again, everything else is looked for first."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import httpx
import pytest

from reconciler.canonical import Json
from reconciler.model import Live
from reconciler.plan import marker as markers
from reconciler.providers import InDoubt, ProviderError, Unauthorized, until
from support.faults import Script, clock, is_collection, ok, page, run, scripted
from support.lives import KIND, wanted

pytestmark = pytest.mark.no_cover

WANTED = wanted("a", name="A")
MARKER = markers.stamp(WANTED, KIND, ("acme", "production"), id=None, nonce="now", commit=None)
MADE: dict[str, Json] = {
    "id": "asst_1", "model": "gpt-4o", "name": "A", "metadata": {"reconciler": markers.encode(MARKER, KIND)},
    "created_at": 5,
}  # fmt: skip
OTHER = {**MADE, "id": "asst_0", "metadata": {"reconciler": "v1 acme/production/a n=before f=1"}}
BODY: Mapping[str, Json] = {"model": "gpt-4o", "name": "A"}

Answer = httpx.Response | Exception | Callable[[httpx.Request], httpx.Response]


class Place:
    """Creates are answered one way, looks another."""

    def __init__(self, creates: list[Any], looks: list[Any]) -> None:
        self.creates, self.looks = Script(*creates), Script(*(looks or [page()]))
        self.looked_at: list[float] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        assert is_collection(request)
        if request.method == "POST":
            return self.creates(request)
        self.looked_at.append(clock())
        return self.looks(request)


def create(
    creates: list[Any],
    looks: list[Any] | None = None,
    seconds: float = float("inf"),
    chance: float = 0.0,
    witness: str | None = None,
) -> tuple[Live | ProviderError, Place, bool]:
    """What came of a create, the place it was sent to, and whether it was ever in doubt.

    A `witness` was created just before, so that lists which show it can be believed.
    """
    place = Place(creates, looks or [])

    async def story() -> tuple[Live | ProviderError, Place, bool]:
        provider = scripted(place, lambda: chance)
        if witness is not None:
            provider.known("assistant").sent[witness] = clock()
        try:
            with until(clock() + seconds):
                return await provider.create("assistant", BODY, MARKER), place, bool(provider.doubted)
        except ProviderError as error:
            return error, place, bool(provider.doubted)

    found: tuple[Live | ProviderError, Place, bool] = run(story)
    return found


TURNED_AWAY = [ok({}, status) for status in (409, 425, 429, 503)]
UNSENT = [httpx.ConnectError("x"), httpx.ConnectTimeout("x"), httpx.PoolTimeout("x")]
DOUBTFUL = [
    httpx.ReadError("x"), httpx.WriteError("x"), httpx.ReadTimeout("x"), httpx.RemoteProtocolError("x"),
    *(ok({}, status) for status in (408, 499, 500, 502, 504)),
    ok([]), ok({}), ok({"error": "x"}), ok({"id": ""}), ok({"id": ".."}),
]  # fmt: skip
CERTAIN = [ok({"error": "no"}, status) for status in (400, 401, 403, 404, 405, 410, 413, 415, 422, 424)]


def test_a_create_that_is_answered_is_done() -> None:
    made, place, doubt = create([ok(MADE)])

    assert isinstance(made, Live)
    assert (made.id, doubt, place.looked_at) == ("asst_1", False, [])


@pytest.mark.parametrize("fault", UNSENT)
def test_what_was_never_sent_is_sent_again_without_a_look(fault: Any) -> None:
    made, place, doubt = create([fault, fault, ok(MADE)])

    assert isinstance(made, Live)
    assert (place.looked_at, doubt, len(place.creates.asked)) == ([], False, 3)


@pytest.mark.parametrize("fault", CERTAIN)
def test_what_was_turned_down_did_not_happen(fault: Any) -> None:
    error, place, doubt = create([fault])

    assert isinstance(error, ProviderError)
    assert (place.looked_at, doubt, len(place.creates.asked)) == ([], False, 1)


@pytest.mark.parametrize("fault", DOUBTFUL)
def test_what_may_have_happened_is_looked_for_and_taken(fault: Any) -> None:
    made, place, doubt = create([fault], [page(MADE, OTHER)])

    assert isinstance(made, Live)
    assert (made.id, doubt, len(place.creates.asked)) == ("asst_1", True, 1)


@pytest.mark.parametrize("fault", [*DOUBTFUL, *TURNED_AWAY])
def test_what_is_surely_absent_is_sent_again(fault: Any) -> None:
    made, place, doubt = create([fault, ok(MADE)], [page(OTHER)], witness="asst_0")

    assert isinstance(made, Live)
    assert (doubt, len(place.creates.asked)) == (True, 2)
    assert len(place.looked_at) >= 2


@pytest.mark.parametrize("fault", DOUBTFUL)
@pytest.mark.parametrize(("listed", "witness"), [(OTHER, None), (OTHER, "asst_unlisted"), (None, None)])
def test_what_no_list_can_be_believed_about_is_in_doubt(fault: Any, listed: Any, witness: str | None) -> None:
    error, place, doubt = create([fault, ok(MADE)], [page(*filter(None, [listed]))], witness=witness)

    assert isinstance(error, InDoubt)
    assert (doubt, len(place.creates.asked), error.blind) == (True, 1, None)


@pytest.mark.parametrize("fault", TURNED_AWAY)
def test_a_server_that_says_that_it_did_nothing_is_asked_again_after_a_look(fault: Any) -> None:
    made, place, doubt = create([fault, ok(MADE)])

    assert isinstance(made, Live)
    assert (doubt, len(place.creates.asked), len(place.looked_at)) == (True, 2, 2)


def test_it_is_looked_for_newest_first_and_more_than_once_with_growing_pauses() -> None:
    _, place, _ = create([httpx.ReadTimeout("x"), ok(MADE)])
    pauses = [later - earlier for earlier, later in zip(place.looked_at, place.looked_at[1:], strict=False)]

    assert len(place.looked_at) == 4
    assert pauses == sorted(pauses)
    assert sum(pauses) > 1.5
    assert {request.url.params["order"] for request in place.looks.asked} == {"desc"}


def test_where_there_were_too_many_requests_two_more_have_to_do() -> None:
    _, place, _ = create([ok({}, 429), ok(MADE)], [page({"id": "other"}, has_more=True)])

    assert len(place.looked_at) == 2


def test_the_last_look_goes_through_everything() -> None:
    many = [{"id": f"asst_{n}", "model": "m"} for n in range(100, 200)]
    newest, rest = page(*many, has_more=True), page(MADE)

    made, place, _ = create(
        [httpx.ReadTimeout("x")], [newest, newest, newest, lambda r: (rest if "after" in r.url.params else newest)(r)]
    )

    assert isinstance(made, Live)
    assert len(place.creates.asked) == 1


def test_a_list_that_lags_is_waited_for() -> None:
    made, place, _ = create([httpx.ReadTimeout("x")], [page(), page(), page(MADE)])

    assert isinstance(made, Live)
    assert len(place.creates.asked) == 1


def test_of_two_that_landed_the_older_is_taken() -> None:
    twin = {**MADE, "id": "asst_0", "created_at": 6}
    made, _, _ = create([httpx.ReadTimeout("x")], [page(twin, MADE)])

    assert isinstance(made, Live)
    assert made.id == "asst_1"


def test_a_create_is_tried_five_times_at_most() -> None:
    error, place, doubt = create([ok({}, 500)], [page(OTHER)], witness="asst_0")

    assert isinstance(error, ProviderError)
    assert not isinstance(error, InDoubt)
    assert (doubt, len(place.creates.asked)) == (True, 5)


def test_a_create_that_is_not_to_be_tried_again_is_still_looked_for() -> None:
    never = ok({}, 500, x_should_retry="false")

    assert isinstance(create([never], [page(MADE)])[0], Live)
    error, place, doubt = create([never])
    assert isinstance(error, ProviderError)
    assert (doubt, len(place.creates.asked)) == (True, 1)


def test_without_credit_nothing_is_created_or_looked_for() -> None:
    quota = ok({"error": {"code": "insufficient_quota"}}, 429, x_should_retry="true")
    error, place, doubt = create([quota])

    assert isinstance(error, ProviderError)
    assert (doubt, len(place.creates.asked), place.looked_at) == (False, 1, [])


def test_a_redirected_create_may_have_happened() -> None:
    assert isinstance(create([ok({}, 303)], [page(MADE)])[0], Live)
    assert len(create([ok({}, 303)])[1].creates.asked) == 1


def test_where_nobody_can_look_nothing_is_created_again() -> None:
    error, place, doubt = create([httpx.ReadTimeout("x"), ok(MADE)], [ok({"error": "who?"}, 401)])

    assert isinstance(error, InDoubt)
    assert isinstance(error.blind, Unauthorized)
    assert (doubt, len(place.creates.asked)) == (True, 1)


def test_after_its_time_a_create_is_not_sent_again() -> None:
    error, place, doubt = create([ok({}, 429, retry_after="60"), ok(MADE)], seconds=30)

    assert isinstance(error, ProviderError)
    assert (doubt, len(place.creates.asked)) == (True, 1)


@pytest.mark.parametrize(
    ("text", "same"),
    [
        (markers.encode(MARKER, KIND), True),
        ("v1 acme/production/a n=now f=1", True),
        ("v1 acme/production/a n=then f=1", False),
        ("v1 acme/production/a f=1", False),
        ("v1 acme/production/b n=now f=1", False),
        ("v1 acme/staging/a n=now f=1", False),
        ("v1 other/production/a n=now f=1", False),
        ("garbage", False),
        (None, False),
    ],
)
def test_what_this_very_create_made_is_known_by_its_nonce_and_address(text: str | None, same: bool) -> None:
    one = Live("assistant", "asst_1", {}, {}, marker=markers.decode(text, KIND))

    assert one.carries(MARKER) == same
