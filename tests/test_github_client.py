"""GitHub behind the seam: what is asked, what is tried again, and what is said when it cannot be."""

from __future__ import annotations

import io
import struct
import zipfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from typing import Any

import httpx
import pytest

from reconciler.github import Artifact, CodeHostError, Comment, Issue, Label, Pull
from reconciler.github.archives import MEMBERS, unpacked
from reconciler.github.client import GitHub
from reconciler.github.http import PAGES, WAITS, Exchange
from reconciler.providers.wire import Clock
from support.github import BOT, Hub, github, zipped

HEAD = "a" * 40
MERGE = "e" * 40
KEPT = Artifact(1, "plan")
COMMENTS = "/repos/acme/assistants/issues/7/comments"


@pytest.fixture
def hub() -> Iterator[Hub]:
    with github() as found:
        found.pull(7, head=HEAD)
        yield found


CLOCK = Clock(monotonic=lambda: 0.0, wall=lambda: 1000.0)


class Waits(list[float]):
    """How long was waited, by nobody."""


def place(hub: Hub, waits: list[float] | None = None, *, token: str | None = None, author: str | None = BOT) -> GitHub:
    exchange = Exchange(hub.url, token or hub.token, clock=CLOCK, sleep=(waits if waits is not None else []).append)
    return GitHub(exchange, hub.repository, author)


Answering = Callable[[httpx.Request], httpx.Response]


def answering(answer: Answering, waits: list[float] | None = None, url: str = "https://api.example.com") -> GitHub:
    sleep = (waits if waits is not None else []).append
    exchange = Exchange(url, "secret", transport=httpx.MockTransport(answer), clock=CLOCK, sleep=sleep)
    return GitHub(exchange, "acme/assistants", BOT)


def refused(ask: Callable[[], Any]) -> CodeHostError:
    with pytest.raises(CodeHostError) as caught:
        ask()
    return caught.value


# what is asked


def test_an_issue_is_locked_unlocked_and_labelled(hub: Hub) -> None:
    here = place(hub)
    number = here.open_issue("drift", "found", "reconciler").number

    here.lock(number, "resolved")
    here.set_label(number, "reconciler/hold")

    (found,) = here.issues(label="reconciler")
    assert (found.locked, found.lock_reason, found.labels) == (True, "resolved", ("reconciler", "reconciler/hold"))
    here.unlock(number)
    here.lock(number)
    here.unlock(number)
    assert [one.locked for one in here.issues(label="reconciler")] == [False]


def test_comments_are_read_page_after_page_the_oldest_first(hub: Hub) -> None:
    for number in range(250):
        hub.comment(7, f"comment {number}")

    found = place(hub).comments(7)

    assert [comment.body for comment in found] == [f"comment {number}" for number in range(250)]
    assert found[0] == Comment(hub.comments(7)[0]["id"], "octocat", "comment 0")
    assert len(hub.requests) == 3


def test_a_comment_is_written_and_edited(hub: Hub) -> None:
    here = place(hub)

    written = here.comment(7, "one")
    here.edit_comment(written.id, "two")

    assert written.author == BOT
    assert hub.bodies(7) == ["two"]


def test_an_issue_is_opened_found_by_its_label_and_closed(hub: Hub) -> None:
    hub.label(7, "reconciler")  # the pull request, which is no issue
    hub.issue("something else", by="octocat")
    here = place(hub)

    opened = here.open_issue("drift", "found", "reconciler")

    label = ("reconciler",)
    assert here.issues(label="reconciler") == [opened]
    assert opened == Issue(opened.number, BOT, "drift", "found", open=True, labels=label)
    here.edit_issue(opened.number, title="drift again", body="more", open=True)
    again = Issue(opened.number, BOT, "drift again", "more", open=True, labels=label)
    assert here.issues(label="reconciler") == here.issues(author=BOT) == [again]
    here.edit_issue(opened.number, title="drift again", body="gone", open=False)
    assert here.issues(label="reconciler") == []
    assert [one.open for one in here.issues(label="reconciler", closed=True)] == [False]


def test_a_label_was_set_by_whoever_set_it_last(hub: Hub) -> None:
    hub.label(7, "a", by="octocat")
    hub.unlabel(7, "a", by="octocat")
    hub.label(7, "a", by="maintainer")
    hub.label(7, "b", by="author")
    hub.all_issues[7]["labels"].append({"name": "never seen to be set"})

    assert [(label.name, label.by) for label in place(hub).labels(7)] == [
        ("a", "maintainer"),
        ("b", "author"),
        ("never seen to be set", None),
    ]


def test_a_label_of_somebody_who_is_gone_was_set_by_nobody(hub: Hub) -> None:
    hub.label(7, "a")
    hub.events[7][0]["actor"] = None

    assert place(hub).labels(7) == [Label("a", None, hub.events[7][0]["created_at"])]


def test_where_there_are_no_labels_nobody_asks_for_events(hub: Hub) -> None:
    assert place(hub).labels(7) == []
    assert [one.path for one in hub.requests] == ["/repos/acme/assistants/issues/7/labels"]


@pytest.mark.parametrize(
    ("permission", "may"), [("admin", True), ("maintain", True), ("write", True), ("triage", False), ("read", False)]
)
def test_who_may_write(hub: Hub, permission: str, may: bool) -> None:
    hub.permissions["somebody"] = permission

    assert place(hub).may_write("somebody") is may


def test_who_is_no_user_may_not_write(hub: Hub) -> None:
    assert not place(hub).may_write("renovate[bot]")


def test_a_pull_request_is_read(hub: Hub) -> None:
    hub.pull(8, head=HEAD, merged=MERGE, fork="somebody/assistants")
    here = place(hub)

    at = hub.pulls[8]
    merged = Pull(
        8,
        HEAD,
        "somebody/assistants",
        "acme/assistants",
        merged=True,
        merge_commit=MERGE,
        base="main",
        branch="change-8",
        author="author",
        created=at["created_at"],
        merged_at=at["merged_at"],
    )
    assert here.pull(8) == merged
    assert here.pulls_of(MERGE) == [merged]
    assert (here.pull(7).merged, here.pull(7).merged_at, here.pull(7).branch) == (False, "", "change-7")


def test_a_pull_request_of_a_fork_that_is_gone_came_from_nowhere(hub: Hub) -> None:
    hub.pulls[7]["head"]["repo"] = None

    assert place(hub).pull(7).head_repository == ""


def test_runs_are_those_of_the_workflow_and_the_head_the_newest_first(hub: Hub) -> None:
    first, second = hub.run("plan.yml", HEAD), hub.run("plan.yml", HEAD, conclusion=None, status="in_progress")
    hub.run("plan.yml", "f" * 40)
    hub.run("other.yml", HEAD)

    found = place(hub).runs("plan.yml", HEAD)

    assert [(run.id, run.status, run.conclusion) for run in found] == [
        (second, "in_progress", None),
        (first, "completed", "success"),
    ]


def test_what_a_run_kept_is_fetched_from_where_it_is_without_the_token(hub: Hub) -> None:
    run = hub.run("plan.yml", HEAD)
    hub.artifact(run, "other", {"a": "b"})
    hub.artifact(run, "plan", {"plan.json": "{}", "page.html": "<p>"})

    plan, other = place(hub).artifacts(run)
    found = place(hub).files(plan)

    assert (plan.name, other.name) == ("plan", "other")
    assert plan.made > other.made
    assert found == {"plan.json": b"{}", "page.html": b"<p>"}
    assert ["authorization" in one.headers for one in hub.stored] == [False]


def test_what_was_never_kept_or_is_gone_is_nothing(hub: Hub) -> None:
    run = hub.run("plan.yml", HEAD)
    hub.artifact(run, "expired", {"a": "b"}, expired=True)
    hub.artifact(run, "just gone", {"a": "b"})
    hub.fail("GET", "/zip", status=410)
    here = place(hub)

    assert here.artifacts(hub.run("plan.yml", HEAD)) == []
    assert [here.files(kept) for kept in here.artifacts(run)] == [None, None]


def test_the_owner_of_the_token_is_asked_for_once(hub: Hub) -> None:
    hub.tokens["mine"] = "octocat"
    here = place(hub, token="mine", author=None)

    assert (here.me(), here.me()) == ("octocat", "octocat")
    assert [one.path for one in hub.requests] == ["/user"]


def test_every_request_says_who_asks_and_in_which_version(hub: Hub) -> None:
    place(hub).pull(7)

    (asked,) = hub.requests
    assert asked.headers["authorization"] == f"Bearer {hub.token}"
    assert asked.headers["x-github-api-version"] == "2022-11-28"
    assert asked.headers["user-agent"].startswith("reconciler/")


# what is tried again


@pytest.mark.parametrize("status", [500, 502, 503])
def test_a_server_that_fails_is_asked_again(hub: Hub, status: int) -> None:
    waits: list[float] = []
    hub.fail("GET", COMMENTS, status=status, times=2)

    assert place(hub, waits).comments(7) == []
    assert waits == [1.0, 2.0]


def test_a_connection_that_breaks_is_made_again(hub: Hub) -> None:
    waits: list[float] = []
    hub.fail("GET", COMMENTS, drop=True)

    assert place(hub, waits).comments(7) == []
    assert waits == [1.0]


def test_there_is_an_end_to_trying(hub: Hub) -> None:
    waits: list[float] = []
    hub.fail("GET", COMMENTS, status=500, times=100, message="Server Error")

    error = refused(lambda: place(hub, waits).comments(7))

    assert error.message == f"GitHub could not answer GET {COMMENTS}: 500 Server Error."
    assert waits == list(WAITS)


@pytest.mark.parametrize(
    ("status", "headers", "message", "wait"),
    [
        (403, {"Retry-After": "17"}, "You have exceeded a secondary rate limit", 17.0),
        (429, {"Retry-After": "3"}, "Too many", 3.0),
        (429, {}, "Too many", 60.0),
        (403, {}, "You have exceeded a secondary rate limit.", 60.0),
        (403, {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "1030"}, "API rate limit exceeded", 31.0),
        (403, {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "900"}, "API rate limit exceeded", 1.0),
    ],
)
def test_a_server_that_was_asked_too_much_says_when_to_come_again(
    hub: Hub, status: int, headers: dict[str, str], message: str, wait: float
) -> None:
    waits: list[float] = []
    hub.fail("POST", COMMENTS, status=status, headers=headers, message=message)

    place(hub, waits).comment(7, "once")

    assert waits == [wait]
    assert hub.bodies(7) == ["once"]


def test_a_server_that_wants_to_be_left_alone_for_long_is_left_alone(hub: Hub) -> None:
    headers = {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "4600"}
    hub.fail("GET", COMMENTS, status=403, headers=headers)

    error = refused(lambda: place(hub).comments(7))

    assert error.message == "GitHub has been asked too much, and answers again at 1970-01-01 01:16 UTC."


@pytest.mark.parametrize("how", [{"drop": True}, {"status": 502}])
def test_a_comment_that_may_have_been_written_is_looked_for_first(hub: Hub, how: dict[str, Any]) -> None:
    hub.comment(7, "once", by="octocat")  # says the same, and is not ours
    hub.fail("POST", COMMENTS, after=True, **how)

    written = place(hub).comment(7, "once")

    assert hub.bodies(7) == ["once"]
    assert written.id == hub.comments(7, BOT)[0]["id"]


def test_a_comment_that_was_not_written_is_written_then(hub: Hub) -> None:
    hub.fail("POST", COMMENTS, drop=True, times=2)

    place(hub).comment(7, "once")

    assert hub.bodies(7) == ["once"]


def test_an_issue_that_may_have_been_opened_is_looked_for_first(hub: Hub) -> None:
    hub.fail("POST", "/issues", after=True, drop=True)

    opened = place(hub).open_issue("drift", "found\r\n", "reconciler")

    assert [issue.number for issue in place(hub).issues(label="reconciler")] == [opened.number]


def test_an_edit_whose_answer_is_lost_is_made_again(hub: Hub) -> None:
    here = place(hub)
    id = here.comment(7, "one").id
    hub.fail("PATCH", "/comments/", after=True, drop=True)

    here.edit_comment(id, "two")

    assert hub.bodies(7) == ["two"]


def test_a_storage_that_fails_is_asked_again_from_the_beginning(hub: Hub) -> None:
    run = hub.run("plan.yml", HEAD)
    hub.artifact(run, "plan", {"plan.json": "{}"})
    hub.fail("GET", "/kept/", status=503)

    (kept,) = place(hub).artifacts(run)
    assert place(hub).files(kept) == {"plan.json": b"{}"}


# what is said when it cannot be


def test_a_token_that_is_none_has_a_remedy(hub: Hub) -> None:
    error = refused(lambda: place(hub, token="wrong").comments(7))

    assert error.message == "GitHub does not accept the token (401: Bad credentials)."
    assert "GITHUB_TOKEN" in error.remedy


def test_a_token_that_may_not_has_the_permission_in_the_remedy(hub: Hub) -> None:
    hub.read_only.add(hub.token)
    here = place(hub)

    comment = refused(lambda: here.comment(7, "hello"))
    issue = refused(lambda: here.open_issue("a", "b", "c"))

    assert comment.message == f"The token may not POST {COMMENTS} (403: Resource not accessible by integration)."
    assert "permissions: {pull-requests: write}" in comment.remedy
    assert "permissions: {issues: write}" in issue.remedy


def test_what_is_not_there_may_be_what_may_not_be_seen(hub: Hub) -> None:
    error = refused(lambda: place(hub).pull(99))

    assert error.message == "GitHub has nothing for GET /repos/acme/assistants/pulls/99 (404: Not Found)."
    assert "permissions: {pull-requests: read}" in error.remedy


def test_what_is_wrong_with_a_request_is_said(hub: Hub) -> None:
    error = refused(lambda: place(hub).comment(7, "x" * 65_537))

    assert error.message == (
        f"GitHub rejects POST {COMMENTS} (422: Validation Failed; body is too long (maximum is 65536 characters))."
    )


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (httpx.Response(422, json={"message": "no", "errors": ["one", {"code": "two"}]}), " (422: no; one; two)."),
        (httpx.Response(422, json={"message": "::error::\n" + "x" * 999}), "…)."),
        (httpx.Response(422, text="<html>"), " (422)."),
        (httpx.Response(422, json=["no"]), " (422)."),
    ],
)
def test_what_a_server_says_is_on_one_line_and_not_long(answer: httpx.Response, said: str) -> None:
    error = refused(lambda: answering(lambda request: answer).pull(7))

    assert error.message.startswith("GitHub rejects GET /repos/acme/assistants/pulls/7")
    assert error.message.endswith(said)
    assert "\n" not in error.message
    assert len(error.message) < 500


def test_a_server_that_nobody_can_reach_is_named() -> None:
    waits: list[float] = []

    def gone(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("nobody there")

    error = refused(lambda: answering(gone, waits).comment(7, "hello"))

    assert error.message == "Cannot reach https://api.example.com: nobody there."
    assert waits == list(WAITS)


def test_a_create_that_never_left_is_not_looked_for() -> None:
    asked = []

    def gone(request: httpx.Request) -> httpx.Response:
        asked.append(request.method)
        if len(asked) == 1:
            raise httpx.ConnectTimeout("")
        return httpx.Response(201, json={"id": 1, "user": {"login": BOT}, "body": "hello"})

    assert answering(gone).comment(7, "hello") == Comment(1, BOT, "hello")
    assert asked == ["POST", "POST"]


@pytest.mark.parametrize(
    "content",
    [b"<html>", b"[" * 100_000, b"[]", b'{"number": "7"}', b'{"number": true, "head": {}, "base": {}}', b""],
)
def test_an_answer_that_is_none_is_said_to_be(content: bytes) -> None:
    error = refused(lambda: answering(lambda request: httpx.Response(200, content=content)).pull(7))

    assert error.message.startswith("GitHub's response is n")


@pytest.mark.parametrize("content", [b"{}", b"[1]", b'{"message": "hello"}'])
def test_a_list_that_is_none_is_said_to_be(content: bytes) -> None:
    error = refused(lambda: answering(lambda request: httpx.Response(200, content=content)).comments(7))

    assert error.message == "GitHub's response is not a list."


def test_a_text_that_is_none_is_said_to_be() -> None:
    entry = {"id": 1, "user": {"login": "x"}, "body": 5}
    error = refused(lambda: answering(lambda request: httpx.Response(200, json=[entry])).comments(7))

    assert error.message == "GitHub's response is not as documented: its `body` is not text."


def test_a_comment_without_text_or_author_is_one() -> None:
    entry = {"id": 1, "user": None, "body": None}

    assert answering(lambda request: httpx.Response(200, json=[entry])).comments(7) == [Comment(1, "", "")]


def test_an_address_that_is_none_is_said_to_be() -> None:
    error = refused(lambda: answering(lambda request: httpx.Response(200), url="https://api.example.com:x").pull(7))

    assert error.remedy == "check that GITHUB_API_URL is the API's address"


def test_an_answer_that_does_not_end_is_left() -> None:
    class Endless(httpx.SyncByteStream):
        def __iter__(self) -> Iterator[bytes]:
            while True:
                yield b"x" * 50_000_000

    error = refused(lambda: answering(lambda request: httpx.Response(200, stream=Endless())).pull(7))

    assert error.message == "GitHub's response does not end."


def test_a_list_that_does_not_end_is_left() -> None:
    def more(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, json=[], headers={"Link": f'<{request.url}>; rel="next"'})

    assert refused(lambda: answering(more).comments(7)).message.startswith(f"GitHub has more than {PAGES} pages")


# where the token goes


@pytest.mark.parametrize(
    "url", ["https://evil.example/x", "http://api.example.com/x", "https://api.example.com:8443/x"]
)
def test_a_next_page_elsewhere_is_not_asked_for(url: str) -> None:
    asked = []

    def leads_away(request: httpx.Request) -> httpx.Response:
        asked.append(str(request.url))
        return httpx.Response(200, json=[], headers={"Link": f'<{url}>; rel="next"'})

    error = refused(lambda: answering(leads_away).comments(7))

    assert "another host" in error.message
    assert len(asked) == 1


@pytest.mark.parametrize("link", ["https://[x", "https://x:y/"])
def test_a_next_page_that_is_no_address_is_said_to_be(link: str) -> None:
    answer = httpx.Response(200, json=[], headers={"Link": f'<{link}>; rel="next"'})

    assert "an invalid address" in refused(lambda: answering(lambda request: answer).comments(7)).message


def test_a_redirect_is_not_followed_with_the_token() -> None:
    asked = []

    def moved(request: httpx.Request) -> httpx.Response:
        asked.append(str(request.url))
        return httpx.Response(301, headers={"Location": "https://evil.example/"})

    error = refused(lambda: answering(moved).pull(7))

    assert "the token is sent nowhere else" in error.message
    assert asked == ["https://api.example.com/repos/acme/assistants/pulls/7"]


def download(*answers: httpx.Response) -> tuple[GitHub, list[tuple[str, bool]]]:
    asked: list[tuple[str, bool]] = []
    left = list(answers)

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append((str(request.url), "authorization" in request.headers))
        return left.pop(0) if len(left) > 1 else left[0]

    return answering(answer), asked


def to(url: str) -> httpx.Response:
    return httpx.Response(302, headers={"Location": url})


def test_a_download_is_followed_without_the_token_wherever_it_leads() -> None:
    here, asked = download(
        to("https://one.example/a"), to("https://api.example.com/b"), httpx.Response(200, content=zipped({"a": "b"}))
    )

    assert here.files(KEPT) == {"a": b"b"}
    assert [with_token for _, with_token in asked] == [True, False, False]


def test_a_download_is_not_followed_where_others_can_read_along() -> None:
    here, asked = download(to("http://one.example/a"))

    assert refused(lambda: here.files(KEPT)).message.startswith("GitHub redirects a download to an unsafe address")
    assert len(asked) == 1


def test_a_download_that_leads_round_in_circles_is_left() -> None:
    here, asked = download(to("https://one.example/a"))

    assert "(302)" in refused(lambda: here.files(KEPT)).message
    assert len(asked) == 4


# archives


def test_folders_in_an_archive_are_no_files() -> None:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.mkdir("sub")
        archive.writestr("sub/plan.json", "{}")

    assert unpacked(content.getvalue()) == {"sub/plan.json": b"{}"}


@pytest.mark.parametrize("content", [b"", b"PK", b"no archive", zipped({"a": "b" * 999})[:-30]])
def test_what_is_no_archive_is_refused(content: bytes) -> None:
    assert refused(lambda: unpacked(content)).message.startswith("The artifact is not an archive that can be read: ")


def test_an_archive_that_is_damaged_within_is_refused() -> None:
    content = bytearray(zipped({"plan.json": "x" * 1000}))
    content[40:48] = b"\xff" * 8

    assert "not an archive" in refused(lambda: unpacked(bytes(content))).message


def test_an_archive_with_a_password_is_refused() -> None:
    content = bytearray(zipped({"plan.json": "{}"}))
    flags = content.index(b"PK\x01\x02") + 8
    content[flags : flags + 2] = struct.pack("<H", 1)

    assert "not an archive" in refused(lambda: unpacked(bytes(content))).message


def test_an_archive_that_unpacks_to_too_much_is_refused_whatever_it_says_of_itself() -> None:
    bomb = zipped({"a": "x" * 500_000, "b": "x" * 600_000})

    assert len(bomb) < 5_000
    assert unpacked(bomb, 1_100_000)["b"] == b"x" * 600_000
    assert refused(lambda: unpacked(bomb, 1_000_000)).message == "The artifact unpacks to more than any plan is."


def test_an_archive_of_too_many_files_is_refused() -> None:
    many = zipped({str(number): "" for number in range(MEMBERS + 1)})

    assert refused(lambda: unpacked(many)).message == "The artifact holds more than 1,000 files."


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_an_archive_with_one_name_twice_is_refused() -> None:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr("plan.json", "reviewed")
        archive.writestr("plan.json", "another")

    assert refused(lambda: unpacked(content.getvalue())).message == "The artifact holds 'plan.json' twice."


def listing(*links: str | None, url: str = "https://api.example.com") -> tuple[GitHub, list[str]]:
    """A server whose pages lead on by these links; and where it was asked."""
    asked: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(str(request.url))
        link = links[len(asked) - 1]
        entry = {"id": len(asked), "user": None, "body": None}
        return httpx.Response(200, json=[entry], headers={"Link": f'<{link}>; rel="next"'} if link else {})

    return answering(answer, url=url), asked


@pytest.mark.parametrize(
    ("url", "link"),
    [
        ("https://api.example.com", "?page=2"),
        ("https://api.example.com", f"{COMMENTS}?page=2"),
        ("https://api.example.com", f"//API.example.com:443{COMMENTS}?page=2"),
        ("https://api.example.com", f"https://inner.example:8443/elsewhere{COMMENTS}?page=2"),
        ("https://ghe.example/api/v3", "?page=2"),
        ("https://ghe.example/api/v3", f"/api/v3{COMMENTS}?page=2"),
        ("https://ghe.example/api/v3", f"http://ghe.example{COMMENTS}?page=2"),
    ],
)
def test_the_next_page_is_asked_of_the_same_api_however_it_is_named(url: str, link: str) -> None:
    here, asked = listing(link, None, url=url)

    assert [one.id for one in here.comments(7)] == [1, 2]
    assert httpx.URL(asked[1]).copy_with(query=None) == httpx.URL(f"{url}{COMMENTS}")
    assert httpx.URL(asked[1]).params["page"] == "2"


def test_a_repository_that_moved_within_its_api_is_followed() -> None:
    asked = []

    def moved(request: httpx.Request) -> httpx.Response:
        asked.append((request.method, request.url.path, request.content))
        if request.url.path.startswith("/repos/"):
            return httpx.Response(307, headers={"Location": "/repositories/1/issues/7/comments"})
        return httpx.Response(201, json={"id": 1, "user": {"login": BOT}, "body": "hello"})

    assert answering(moved).comment(7, "hello").id == 1
    assert asked[1] == ("POST", "/repositories/1/issues/7/comments", asked[0][2])


def test_what_is_written_is_not_sent_on_where_that_would_read_instead() -> None:
    gone = httpx.Response(301, headers={"Location": "/repositories/1/issues/7/comments"})

    assert "the token is sent nowhere else" in refused(lambda: answering(lambda request: gone).comment(7, "x")).message


def test_a_redirect_to_itself_ends() -> None:
    asked = []

    def itself(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.path)
        return httpx.Response(302, headers={"Location": request.url.path + "/"})

    refused(lambda: answering(itself).pull(7))
    assert len(asked) == 4
    refused(lambda: answering(lambda request: httpx.Response(301)).pull(7))
    for location in ("https://x:y/", "https://[x/"):
        nowhere = httpx.Response(301, headers={"Location": location})
        refused(lambda answer=nowhere: answering(lambda request: answer).pull(7))


def test_a_download_from_the_api_itself_wants_the_token() -> None:
    here, asked = download(to("/download/1"), httpx.Response(200, content=zipped({"a": "b"})))

    assert here.files(KEPT) == {"a": b"b"}
    assert asked[1] == ("https://api.example.com/download/1", True)


@pytest.mark.parametrize("says", ["Bad credentials: secret", "secret"])
def test_a_server_that_says_the_token_back_is_not_quoted(says: str) -> None:
    def echoing(request: httpx.Request) -> httpx.Response:
        raise httpx.RemoteProtocolError(says)

    for here in (answering(lambda request: httpx.Response(401, json={"message": says})), answering(echoing)):
        assert "secret" not in refused(lambda here=here: here.pull(7)).message.replace("(the token)", "")


@pytest.mark.parametrize(
    ("status", "headers", "wait"),
    [
        (429, {"Retry-After": "Thu, 01 Jan 1970 00:17:10 GMT"}, 30.0),
        (429, {"Retry-After": "Thu, 01 Jan 1970 00:00:10 GMT"}, 0.0),
        (403, {"Retry-After": "0.5"}, 0.5),
        (503, {"Retry-After": "7"}, 7.0),
        (503, {"Retry-After": "9999"}, 60.0),
        (503, {"Retry-After": "soon"}, 1.0),
    ],
)
def test_when_to_come_again_is_heeded_however_it_is_said(
    hub: Hub, status: int, headers: dict[str, str], wait: float
) -> None:
    waits: list[float] = []
    hub.fail("GET", COMMENTS, status=status, headers=headers)

    place(hub, waits).comments(7)

    assert waits == [wait]


def test_a_server_that_fails_in_html_is_said_to_fail() -> None:
    error = refused(lambda: answering(lambda request: httpx.Response(502, html="<h1>Bad gateway</h1>")).pull(7))

    assert error.message == "GitHub could not answer GET /repos/acme/assistants/pulls/7: 502."


def test_of_an_edit_no_answer_is_wanted() -> None:
    here = answering(lambda request: httpx.Response(200, html="<p>done"))

    here.edit_comment(1, "hello")
    here.edit_issue(1, title="a", body="b", open=False)


def test_a_label_has_the_same_name_in_any_case(hub: Hub) -> None:
    hub.label(7, "Reconciler/Allow:Conflict")
    hub.events[7][0]["label"]["name"] = "reconciler/allow:conflict"

    assert [label.by for label in place(hub).labels(7)] == ["maintainer"]


def test_a_label_is_made_where_there_is_none(hub: Hub) -> None:
    here = place(hub)
    here.make_label("reconciler/allow:conflict", "allows conflict")
    here.make_label("reconciler/allow:conflict", "allows conflict")

    assert [one["name"] for one in hub.all_labels.values()] == ["reconciler/allow:conflict"]
    assert [method for method, _ in hub.writes()] == ["POST"]


def test_a_label_whose_making_was_not_answered_is_looked_for(hub: Hub) -> None:
    hub.fail("POST", "/labels", status=502, after=True)

    place(hub).make_label("reconciler/allow:conflict", "allows conflict")

    assert [method for method, _ in hub.writes()] == ["POST"]


def test_a_label_is_taken_off_once(hub: Hub) -> None:
    hub.label(7, "Reconciler/Allow:Conflict")
    here = place(hub)
    here.take_label(7, "reconciler/allow:conflict")
    here.take_label(7, "reconciler/allow:conflict")

    assert here.labels(7) == []


def test_the_runs_of_a_pull_request_are_those_of_all_that_it_proposed(hub: Hub) -> None:
    before = hub.run("plan.yml", HEAD)
    hub.pull(8, head="b" * 40)
    first = hub.run("plan.yml", "b" * 40)
    second = hub.push(8, "f" * 40)
    hub.run("plan.yml", "f" * 40, event="push")
    here = place(hub)

    assert [run.id for run in here.runs_of("plan.yml", here.pull(8))] == [second, first]
    assert [run.id for run in here.runs_of("plan.yml", replace(here.pull(7), created=""))] == [before]


def test_a_run_is_read_as_it_is_and_as_its_attempts_were(hub: Hub) -> None:
    run = hub.run("plan.yml", HEAD, conclusion="failure")
    hub.again(run)
    here = place(hub)

    found = [here.run(run), here.run(run, 1), here.run(run, 2), here.run(run, 3), here.run(1)]

    assert [one and (one.attempt, one.conclusion) for one in found] == [
        (2, "success"),
        (1, "failure"),
        (2, "success"),
        None,
        None,
    ]


def test_a_server_that_only_has_a_timeline_tells_who_set_a_label() -> None:
    event = {"event": "labeled", "actor": {"login": "maintainer"}, "label": {"name": "a"}, "created_at": "2026"}

    def answer(request: httpx.Request) -> httpx.Response:
        found = {"labels": [{"name": "a"}], "timeline": [{"event": "committed", "sha": "x"}, event]}
        name = request.url.path.rpartition("/")[2]
        return httpx.Response(200, json=found[name]) if name in found else httpx.Response(404)

    assert answering(answer).labels(7) == [Label("a", "maintainer", "2026")]


@pytest.mark.parametrize("status", [None, 404, 422])
def test_a_merge_that_is_not_listed_with_its_commit_yet_is_found(hub: Hub, status: int | None) -> None:
    hub.pull(8, head=HEAD, merged=MERGE)
    hub.pull(9, head=HEAD, merged="f" * 40)
    hub.forgetful = True
    if status:
        hub.fail("GET", "/commits/", status=status, message="No commit found for SHA: e")

    assert [one.number for one in place(hub).pulls_of(MERGE)] == [8]


def test_a_pull_request_is_merged_whichever_member_says_so() -> None:
    there = {"sha": HEAD, "ref": "main", "repo": None}
    one = {"number": 7, "head": there, "base": there, "merged": True, "merge_commit_sha": MERGE}

    assert answering(lambda request: httpx.Response(200, json=one)).pull(7) == Pull(
        7, HEAD, "", "", merged=True, merge_commit=MERGE, base="main", branch="main"
    )


def test_a_run_of_which_little_is_told_is_one() -> None:
    one = {"id": 1, "head_sha": HEAD, "status": "queued", "conclusion": None, "head_repository": None, "event": "push"}
    found = answering(lambda request: httpx.Response(200, json={"workflow_runs": [one]})).runs("plan.yml", HEAD)

    assert [(run.attempt, run.conclusion, run.head_repository) for run in found] == [(1, None, "")]


@pytest.mark.parametrize("how", [zipfile.ZIP_LZMA, zipfile.ZIP_BZIP2, zipfile.ZIP_DEFLATED])
def test_an_archive_that_is_damaged_anywhere_is_refused_or_read(how: int) -> None:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", how) as archive:
        archive.writestr("../plan.json", "x" * 100)
    whole = content.getvalue()
    assert unpacked(whole) == {"../plan.json": b"x" * 100}

    for at in range(len(whole)):
        for broken in (whole[:at] + b"\xff" + whole[at + 1 :], whole[:at]):
            with suppress(CodeHostError):
                unpacked(broken)
