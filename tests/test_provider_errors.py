"""What answers mean: which errors they are, whether to try again, and for how long to leave a server alone."""

from __future__ import annotations

from email.utils import formatdate
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.providers.errors import (
    ApiGone,
    Broken,
    Busy,
    ObjectGone,
    ProviderError,
    Rejected,
    RequestContext,
    Unauthorized,
    advice,
    judged,
)
from reconciler.providers.openai import COLLECTIONS

NOW = 1_800_000_000.0


def judge(status: int, text: str | bytes = "{}", id: str | None = None, **headers: str) -> dict[str, Any]:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    response = httpx.Response(status, content=text, headers=named)
    return judged(RequestContext(COLLECTIONS["assistant"], id), response, response.content, lambda: NOW)


def error(status: int, text: str | bytes = "{}", id: str | None = None, **headers: str) -> ProviderError:
    with pytest.raises(ProviderError) as caught:
        judge(status, text, id, **headers)
    return caught.value


def of(**members: Any) -> str:
    return httpx.Response(200, json={"error": members}).text


QUOTA = "insufficient_quota"


@pytest.mark.parametrize("text", ['{"id": "a"}', '{"data": []}', '{"id": "a", "error": null}', "{}"])
def test_a_good_answer_is_its_body(text: str) -> None:
    assert judge(200, text) == httpx.Response(200, text=text).json()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Field required:\n  model\n", "422: Field required: model"),
        ('"Field required: model"', "422: Field required: model"),
        ("x" * 700, "422: " + "x" * 600 + "…"),
        ("", "422: 422 Unprocessable Entity"),
        ('{"cut', "422: 422 Unprocessable Entity"),
        (b"\xff\xfe", "422: 422 Unprocessable Entity"),
        ("[]", "422: 422 Unprocessable Entity"),
    ],
)
def test_an_error_in_plain_text_is_told_on_one_line(text: str | bytes, said: str) -> None:
    assert error(422, text).message == said


@pytest.mark.parametrize(
    ("status", "message", "lists", "id", "kind"),
    [
        (405, "Method Not Allowed", True, None, ApiGone),
        (501, "Not Implemented", True, None, ApiGone),
        (400, "Unknown beta requested: 'assistants=v2'.", True, None, ApiGone),
        (400, "Send the header OpenAI-Beta: assistants=v2.", True, None, Rejected),
        (400, "Unknown parameter: 'order'.", True, None, Rejected),
        (403, "Forbidden", True, None, Unauthorized),
        (500, "Not Implemented", True, None, Broken),
        (405, "Method Not Allowed", True, "asst_1", Rejected),
        (405, "Method Not Allowed", False, None, Rejected),
    ],
)
def test_a_list_that_a_server_has_not_is_an_api_that_it_has_not(
    status: int, message: str, lists: bool, id: str | None, kind: type[ProviderError]
) -> None:
    response = httpx.Response(status, text=of(message=message))
    with pytest.raises(ProviderError) as caught:
        judged(RequestContext(COLLECTIONS["assistant"], id, lists=lists), response, response.content, lambda: NOW)
    assert type(caught.value) is kind


def test_an_answer_without_content_says_nothing_more() -> None:
    assert judge(204, "") == {}


@pytest.mark.parametrize(
    "text",
    ["", "[]", '"text"', "1", "null", '{"id": "a"', "<html>", '{"a": NaN}', '{"a": Infinity}', '{"a": -Infinity}',
     '{"a": 1e999}', '{"error": "no"}', "[" * 100_000, '{"a":' * 250 + "1" + "}" * 250, b"\xff\xfe\xfa", b"\x80",
     '{"a": ' + "1" * 5_000 + "}"],
)  # fmt: skip
def test_an_answer_that_cannot_be_one_may_have_been_an_act(text: str | bytes) -> None:
    found = error(200, text)

    assert isinstance(found, Broken)
    assert (found.retryable, found.may_have_happened) == (True, True)


def test_brackets_within_texts_are_no_depth() -> None:
    assert judge(200, '{"id": "' + "[{" * 1_000 + '"}')["id"]
    assert judge(200, '{"id": ["' + "[" * 300 + '"]}')


ANSWERS: list[tuple[int, str, type[ProviderError], bool, bool]] = [
    (400, of(message="no"), Rejected, False, False),
    (401, of(message="no"), Unauthorized, False, False),
    (403, of(message="no"), Unauthorized, False, False),
    (404, of(message="no"), ApiGone, False, False),
    (408, of(message="no"), Busy, True, True),
    (409, of(message="no"), Busy, True, True),
    (410, of(message="no"), ApiGone, False, False),
    (413, of(message="no"), Rejected, False, False),
    (422, '{"detail": [{"msg": "no"}]}', Rejected, False, False),
    (424, of(message="no"), ApiGone, False, False),
    (425, "", Busy, True, True),
    (429, of(message="slow", code="rate_limit_exceeded"), Busy, True, True),
    (429, of(message="pay", code=QUOTA), Rejected, False, False),
    (429, of(message="pay", type=QUOTA), Rejected, False, False),
    (429, of(message=QUOTA), Rejected, False, False),
    (499, "", Busy, True, True),
    (500, of(message="no"), Broken, True, True),
    (501, of(message="no"), Rejected, False, False),
    (502, "<html>", Broken, True, True),
    (529, "", Broken, True, True),
    (302, "", Rejected, False, True),
]


@pytest.mark.parametrize(("status", "text", "kind", "retryable", "may_have_happened"), ANSWERS)
def test_each_status_is_one_error(
    status: int, text: str, kind: type[ProviderError], retryable: bool, may_have_happened: bool
) -> None:
    found = error(status, text)

    assert (type(found), found.retryable, found.may_have_happened) == (kind, retryable, may_have_happened)
    assert found.response.status == status


@pytest.mark.parametrize("status", [408, 429, 500])
def test_a_server_may_say_that_trying_again_is_no_use(status: int) -> None:
    assert not error(status, x_should_retry="false").retryable


@pytest.mark.parametrize("status", [404, 413, 422])
def test_a_server_may_say_that_trying_again_is_of_use(status: int) -> None:
    assert error(status, x_should_retry="TRUE").retryable


@pytest.mark.parametrize(("status", "text"), [(400, "{}"), (401, "{}"), (403, "{}"), (429, of(code=QUOTA))])
def test_what_stays_refused_is_never_tried_again(status: int, text: str) -> None:
    assert not error(status, text, x_should_retry="true").retryable


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry_after": "7"}, 7.0),
        ({"retry_after": "0.5"}, 0.5),
        ({"retry_after_ms": "1500"}, 1.5),
        ({"retry_after_ms": "1500", "retry_after": "9"}, 1.5),
        ({"retry_after_ms": "soon", "retry_after": formatdate(NOW + 4, usegmt=True)}, 4.0),
        ({"retry_after": formatdate(NOW + 20, usegmt=True)}, 20.0),
        ({"retry_after": "Fri, 15 Jan 2027 08:00:30"}, 30.0),
        ({"retry_after": formatdate(NOW - 20, usegmt=True)}, 0.0),
        ({"retry_after": "-3"}, 0.0),
        ({"retry_after": "86400"}, 300.0),
        ({"retry_after": "soon"}, None),
        ({"retry_after": ""}, None),
        ({"retry_after": "nan"}, None),
        ({"retry_after": "1e999"}, None),
        ({}, None),
    ],
)
def test_a_server_says_for_how_long_in_many_ways(headers: dict[str, str], seconds: float | None) -> None:
    assert error(429, **headers).response.retry_after == seconds


@given(st.text(st.characters(codec="ascii", exclude_categories=("Cc",)), max_size=40))
def test_no_date_is_strange_enough_to_fail(date: str) -> None:
    found = error(429, retry_after=date).response.retry_after

    assert found is None or 0 <= found <= 300


@given(
    st.sampled_from(["Mon, ", ""]), st.integers(0, 99), st.sampled_from(["Jan", "Feb", "13", "Foo"]),
    st.integers(0, 99_999), st.integers(0, 99), st.sampled_from(["GMT", "+9999", "-2359", "EST", ""]),
)  # fmt: skip
def test_no_near_date_fails_either(day: str, number: int, month: str, year: int, hour: int, zone: str) -> None:
    error(429, retry_after=f"{day}{number} {month} {year} {hour}:00:00 {zone}")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (of(message="Wrong name.", param="name", code="bad"), "400: Wrong name. (bad)"),
        (of(message="It is bad.", code="bad"), "400: It is bad."),
        ('{"error": "plain"}', "400: plain"),
        ('{"detail": "found it"}', "400: found it"),
        ('{"detail": [{"msg": "odd"}]}', '400: [{"msg": "odd"}]'),
        ('{"message": "top"}', "400: top"),
        ('{"error": {"code": 7}}', '400: {"code": 7}'),
        ('{"error": {"message": {"deep": 1}}}', '400: {"deep": 1}'),
        ('{"error": null}', "400: 400 Bad Request"),
        ("[]", "400: 400 Bad Request"),
        ("<html>", "400: 400 Bad Request, with a web page (HTML) in place of JSON"),
        ('{"error": "' + "x" * 5_000 + '"}', "400: " + "x" * 600 + "…"),
    ],
)
def test_every_shape_of_error_is_told_in_short(text: str, said: str) -> None:
    assert error(400, text).message == said


def test_an_error_names_the_call_and_the_parameter() -> None:
    found = error(400, of(message="no", param="tools[3].function.name"), x_request_id="req_1")

    assert (found.response.request_id, found.response.param) == ("req_1", "tools[3].function.name")


@pytest.mark.parametrize(("text", "named"), [(of(message="No assistant found with id 'asst_1'."), True), ("{}", False)])
def test_an_object_that_is_gone_is_not_an_api_that_is_gone(text: str, named: bool) -> None:
    found = error(404, text, "asst_1")

    assert isinstance(found, ObjectGone)
    assert found.named == named


@pytest.mark.parametrize(
    ("status", "text", "media"),
    [
        (404, "<html>asst_1</html>", "text/html; charset=utf-8"),
        (404, of(message="Invalid URL (GET /v1/assistants/asst_1)"), "application/json"),
        (404, of(message="Unknown request URL: GET /assistants/asst_1"), "application/json"),
        (410, of(message="asst_1 was retired"), "application/json"),
        (424, of(message="asst_1"), "application/json"),
    ],
)
def test_an_api_that_is_gone_is_told_from_an_object_by_its_words(status: int, text: str, media: str) -> None:
    found = error(status, text, "asst_1", content_type=media)

    assert isinstance(found, ApiGone)
    assert "2026-08-26" in found.remedy
    assert "Nothing was changed" not in found.remedy  # it may be found out in the middle


def test_a_redirect_is_told_with_where_it_leads() -> None:
    assert "https://elsewhere.example.com" in error(307, "", location="https://elsewhere.example.com/v1").message
    assert "elsewhere" in error(307, "").message


@pytest.mark.parametrize(
    ("url", "said"),
    [
        (
            "https://x.example",
            "`base_url` does not end in /v1, as it does for most servers: try https://x.example/v1 first.",
        ),
        ("https://x.example/api/", "try https://x.example/api/v1 first."),
        ("https://x.example/v1", "some servers have the API without /v1, at https://x.example."),
    ],
)
def test_a_path_that_may_be_wrong_is_told_from_the_address(url: str, said: str) -> None:
    told = advice(error(404, "<html>", content_type="text/html"), url)

    assert told.split("\n")[0].endswith(said)
    assert "2026-08-26" in told


@pytest.mark.parametrize("status", [400, 404, 405])
@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("https://x.example/v1/v1", "`base_url` ends in /v1 twice: write https://x.example/v1."),
        ("https://x.example/v1/assistants", "`/assistants` is added to `base_url`: write https://x.example/v1."),
        ("https://x.example/v1/agents/", "`/agents` is added to `base_url`: write https://x.example/v1."),
    ],
)
def test_a_path_that_is_wrong_whatever_the_server_says_is_told_alone(status: int, url: str, said: str) -> None:
    assert advice(error(status, of(message="You must provide the 'OpenAI-Beta' header.")), url) == said
    assert "base_url" not in advice(error(401, of(message="no")), url)


@pytest.mark.parametrize(
    ("status", "message", "url"),
    [
        (404, "The api-version query parameter (?api-version=) is required", "https://x.example/v1"),
        (400, "Missing API-Version", "https://x.example/v1"),
        (404, "Resource not found", "https://acme.openai.azure.com/openai"),
        (404, "Resource not found", "https://acme.services.ai.azure.com/api/projects/x"),
    ],
)
def test_an_address_that_wants_an_api_version_is_told(status: int, message: str, url: str) -> None:
    told = advice(error(status, of(message=message)), url)

    assert "requires an `api-version` in every URL" in told
    assert ("provider: foundry" in told) == ("/api/projects/" in url)
    assert "api-version" not in advice(error(404, of(message="not here")), url, {"api-version": "v1"})


def test_of_any_other_error_the_remedy_is_its_own() -> None:
    found = error(401, "{}")

    assert advice(found, "https://acme.openai.azure.com/v1") == found.remedy
