"""The embedded server on a port, and what keeps it to its owner."""

import socket
import subprocess
import sys
import threading
from pathlib import Path

import anyio
import httpx
import pytest

from reconciler.emulator import Emulator, EmulatorError, guarded, serve
from reconciler.emulator.serve import listen
from support.emulator_process import served
from support.emulator_world import BETA, World, call

pytestmark = pytest.mark.no_cover

JSON = {**BETA, "Content-Type": "application/json"}


@pytest.fixture
def emulator() -> Emulator:
    return World().emulator


@pytest.mark.parametrize(
    "host",
    ["localhost", "LOCALHOST:8000", "localhost.", "127.0.0.1:80", "[::1]", "[::1]:8000", "emulator:8000"],
)
def test_its_own_hosts_are_served(emulator: Emulator, host: str) -> None:
    app = guarded(emulator, {"emulator"})

    assert call(app, "GET", "/v1/assistants", headers={**BETA, "Host": host}).status_code == 200


@pytest.mark.parametrize("host", ["evil.example", "localhost.evil.example:8000", "", "10.0.0.1", "[::2]:80"])
def test_a_foreign_host_is_refused(emulator: Emulator, host: str) -> None:
    answer = call(guarded(emulator), "GET", "/v1/assistants", headers={**BETA, "Host": host})

    assert answer.status_code == 403
    assert answer.json()["error"]["code"] == "host_not_allowed"
    assert "127.0.0.1, ::1, localhost" in answer.json()["error"]["message"]


@pytest.mark.parametrize(("host", "status"), [("10.0.0.1:80", 200), ("[::2]:80", 200), ("evil.example", 403)])
def test_a_server_on_every_address_is_called_by_address(emulator: Emulator, host: str, status: int) -> None:
    app = guarded(emulator, {"0.0.0.0"})

    assert call(app, "GET", "/v1/assistants", headers={**BETA, "Host": host}).status_code == status


@pytest.mark.parametrize("sent", [{}, {"Content-Type": "text/plain"}, {"Content-Type": "application/jsonx"}])
def test_a_post_that_any_page_could_send_is_refused(emulator: Emulator, sent: dict[str, str]) -> None:
    body = b'{"model": "gpt-4o"}'

    answer = call(guarded(emulator), "POST", "/v1/assistants", content=body, headers={**BETA, **sent})

    assert answer.status_code == 415
    assert answer.json()["error"]["code"] == "unsupported_content_type"


def test_a_post_of_json_passes(emulator: Emulator) -> None:
    headers = {**BETA, "Content-Type": "Application/JSON; charset=utf-8"}
    body = b'{"model": "gpt-4o"}'

    assert call(guarded(emulator), "POST", "/v1/assistants", content=body, headers=headers).status_code == 200


def test_what_is_not_http_passes_the_guard() -> None:
    seen = []

    async def app(scope, receive, send) -> None:
        seen.append(scope["type"])

    anyio.run(guarded(app), {"type": "lifespan"}, None, None)

    assert seen == ["lifespan"]


def test_it_is_served_on_a_free_port_and_ends_in_peace(tmp_path: Path) -> None:
    with served(tmp_path / "live.db") as address, httpx.Client(base_url=address, headers=JSON) as client:
        created = client.post("/v1/assistants", json={"model": "gpt-4o"})
        refused = client.get("/v1/assistants", headers={"Host": "evil.example"})
        listed = client.get("/v1/assistants")

    assert created.status_code == 200
    assert refused.status_code == 403
    assert listed.json()["data"] == [created.json()]
    assert listed.headers["server"].startswith("reconciler-emulator/")


def test_a_body_too_large_is_answered_on_a_port_too(tmp_path: Path) -> None:
    with served(tmp_path / "live.db") as address, httpx.Client(base_url=address, headers=JSON) as client:
        refused = client.post("/v1/assistants", content=b" " * 20_000_000)
        after = client.get("/v1/assistants")

    assert refused.status_code == 413
    assert after.status_code == 200


def test_many_clients_write_at_once(tmp_path: Path) -> None:
    statuses: list[int] = []

    def write(address: str) -> None:
        with httpx.Client(base_url=address, headers=JSON) as client:
            answers = [client.post("/v1/assistants", json={"model": "gpt-4o"}) for _ in range(10)]
        statuses.extend(answer.status_code for answer in answers)

    with served(tmp_path / "live.db") as address:
        threads = [threading.Thread(target=write, args=(address,)) for _ in range(5)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    assert statuses == [200] * 50


def test_an_interrupt_before_the_first_request_ends_it_in_peace(emulator: Emulator) -> None:
    def interrupt(host: str, port: int) -> None:
        raise KeyboardInterrupt

    serve(emulator, port=0, ready=interrupt)


def test_a_small_answer_waits_for_no_acknowledgement() -> None:
    with listen("127.0.0.1", 0) as listener, socket.create_connection(listener.getsockname()):
        accepted, _ = listener.accept()
        with accepted:
            assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


def test_a_port_in_use_is_refused(emulator: Emulator) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(EmulatorError, match="cannot listen") as refusal:
            serve(emulator, port=port)

    assert "Choose another port" in refusal.value.remedy


@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.1.7", "example.com", "::"])
def test_the_network_is_kept_out_unless_allowed(emulator: Emulator, host: str) -> None:
    with pytest.raises(EmulatorError, match="not a loopback address"):
        serve(emulator, host=host, port=0)


@pytest.mark.parametrize("host", ["0.0.0.0", "localhost", "127.0.0.2"])
def test_the_network_is_let_in_where_allowed(emulator: Emulator, host: str) -> None:
    addresses = []

    def interrupt(host: str, port: int) -> None:
        addresses.append(host)
        raise KeyboardInterrupt

    serve(emulator, host=host, port=0, allow_remote=True, ready=interrupt)

    assert addresses == [host]


def test_in_process_nobody_waits_for_uvicorn() -> None:
    script = "import reconciler.emulator, sys; sys.exit('uvicorn' in sys.modules or 'httpx' in sys.modules)"

    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0
