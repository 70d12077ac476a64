"""What is live is listed while many manifests are read, and what is said in the end is as if it came after."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import anyio
import pytest

from reconciler.console.failure import Failure
from reconciler.manifests.steps import Steps, Work
from reconciler.model import Live
from reconciler.run import overlap
from reconciler.run.lock import only_one
from reconciler.run.options import SessionOptions
from reconciler.run.session import open_session
from support.checkout import Answering, Checkout, Told, answering
from support.gits import repository

EMPTY = '{"object": "list", "data": [], "has_more": false}'
NO_KEY = '{"error": {"message": "No such key.", "code": "invalid_api_key"}}'
RIGHT, WRONG = "model: m\nname: HR Helper\n", "model: m\nnaem: HR Helper\n"


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Checkout:
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    return Checkout(tmp_path, monkeypatch, capsys, hr=RIGHT, it=RIGHT, legal=RIGHT)


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """How many steps are done before anything is sent."""
    return lambda number: monkeypatch.setattr(overlap, "FEW", number)


def environments(here: Checkout, server: Answering, *more: str) -> None:
    stated = f"provider: openai, base_url: '{server.url}', kinds: [assistant]"
    lines = [f"  {name}: {{{stated}, {rest}}}\n" for name, _, rest in (each.partition(" ") for each in more)]
    here.config(f"stack: acme\nenvironments:\n  away: {{{stated}}}\n{''.join(lines)}")


@pytest.fixture
def server(here: Checkout) -> Iterator[Answering]:
    with answering(200, EMPTY) as server:
        environments(here, server)
        yield server


def test_the_server_is_asked_while_manifests_are_read_and_not_before_the_first_of_them_are(
    server: Answering, few: Callable[[int], None]
) -> None:
    few(5)
    asked_after: list[int] = []

    def steps() -> Steps[str]:
        for number in range(1_000_000):
            if server.asked:
                asked_after.append(number)
                return "all manifests"
            yield
        return "never asked"

    async def story() -> tuple[str, tuple[Live, ...]]:
        work = Work(steps())
        async with overlap.opened_beside(open_session(SessionOptions(environment="away"), owns=True), work) as (
            _,
            live,
        ):
            return work.result, live

    assert anyio.run(story) == ("all manifests", ())
    assert asked_after[0] > 5


COMMANDS = (["plan"], ["plan", "--base", "main"], ["status"], ["apply"], ["reconcile", "--no-issue"])


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
@pytest.mark.parametrize("manifest", [RIGHT, WRONG], ids=["right", "wrong"])
@pytest.mark.parametrize(("status", "body"), [(200, EMPTY), (401, NO_KEY)])
def test_what_is_said_is_the_same_whether_or_not_the_server_was_asked_meanwhile(
    here: Checkout, few: Callable[[int], None], status: int, body: str, manifest: str, command: list[str]
) -> None:
    with answering(status, body) as server:
        environments(here, server)
        repository(here.root)
        here.write(it=manifest)
        few(1)
        meanwhile = here.run(*command, "-e", "away")
        asked = len(server.asked)
        few(1_000)
        after = here.run(*command, "-e", "away")

    assert (meanwhile.code, meanwhile.out) == (after.code, after.out)
    assert meanwhile.err.replace("found; nothing was changed", "found; nothing was sent") == after.err
    assert (len(server.asked) - asked, "nothing was sent" in after.err) == (
        (0, True) if manifest == WRONG else (1, False)
    )
    assert ("found; nothing was changed" in meanwhile.err) == (manifest == WRONG)


@pytest.mark.parametrize(
    ("more", "names"),
    [
        (["keyed stack: b, api_key: {command: [touch, run]}"], ["-e", "keyed"]),
        (["other stack: b"], ["-e", "away", "-e", "other"]),
    ],
    ids=["a program prints the key", "several environments"],
)
def test_nothing_is_sent_or_run_while_a_manifest_is_wrong(
    here: Checkout, few: Callable[[int], None], server: Answering, more: list[str], names: list[str]
) -> None:
    few(1)
    environments(here, server, *more)
    here.write(it=WRONG)

    told: Told = here.run("plan", *names)

    assert (told.code, server.asked, (here.root / "run").exists()) == (1, [], False)
    assert "naem" in told.err


@pytest.mark.parametrize(("manifest", "reason"), [(WRONG, "naem"), (RIGHT, "Another apply runs in this checkout")])
def test_what_is_wrong_with_manifests_is_told_before_that_another_apply_runs(
    here: Checkout, few: Callable[[int], None], server: Answering, manifest: str, reason: str
) -> None:
    few(1)
    here.write(it=manifest)

    with only_one(here.root / ".reconciler"):
        told = here.run("apply", "-e", "away")

    assert (told.code, server.asked) == (1, [])
    assert ("naem" in told.err, reason in told.err) == (manifest == WRONG, True)


def test_work_that_failed_has_no_result_however_often_it_is_asked_for() -> None:
    def steps() -> Steps[str]:
        yield
        raise Failure("A manifest is wrong.")

    work = Work(steps())
    for _ in range(3):
        with pytest.raises(Failure, match="wrong"):
            work.result  # noqa: B018
