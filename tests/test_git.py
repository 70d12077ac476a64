"""What Git is asked: the repository that is meant, by no setting, hook or transport that a branch brings."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from textwrap import dedent

import pytest

from reconciler.run.checkout import absent_from_history, commit
from reconciler.run.git import repository
from reconciler.run.revision import laid_out
from support.checkout import Answering, Checkout, answering
from support.gits import commit as committed
from support.gits import git
from support.gits import repository as made

HR = "model: gpt-4o\nname: HR Helper\n"
CONFIG = """\
version: 1
stack: acme
environments:
  away: {{provider: openai, base_url: "{url}", api_key: {{env: AWAY_KEY}}}}
"""
EMPTY = '{"object": "list", "data": [], "has_more": false, "first_id": null, "last_id": null}'

pytestmark = [pytest.mark.needs("git", "bash"), pytest.mark.no_cover]


@pytest.fixture(params=["as it is", "before 2.38"])
def version(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """Git, and one that knows neither `safe.bareRepository` nor GIT_NO_LAZY_FETCH; the file it writes calls to."""
    folder = tmp_path_factory.mktemp("bin")
    calls, real = folder / "calls", shutil.which("git")
    forgets = request.param != "as it is"
    script = f"""\
        #!/bin/bash
        {{ echo CALL; printf '%s\\n' "$@"; env | grep ^GIT_; }} >> {calls}
        words=()
        for word in "$@"; do
          if {str(forgets).lower()} && [[ $word == safe.bareRepository=* ]]; then word=x.y=z; fi
          words+=("$word")
        done
        {"unset GIT_NO_LAZY_FETCH" if forgets else ""}
        PATH=${{PATH#*:}} exec {real} "${{words[@]}}"
    """
    (folder / "git").write_text(dedent(script))
    (folder / "git").chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")
    return calls


@dataclass
class Attack:
    """A team's repository with its configuration in a subfolder, and a branch that somebody else wrote."""

    here: Checkout
    infra: Path
    ours: Answering
    thief: Answering

    @property
    def trace(self) -> Path:
        """What a command of the attacker would make."""
        return self.here.root / "ran"

    def bare(self) -> Path:
        """A bare repository in which everything is as the attacker likes it, in place of the subfolder's files."""
        fake = self.here.root.parent / "fake"
        shutil.copytree(self.infra, fake / "infra")
        (fake / "infra" / "reconciler.yaml").write_text(CONFIG.format(url=self.thief.url))
        made(fake)
        git(self.here.root.parent, "clone", "-q", "--bare", str(fake), str(self.here.root.parent / "bare"))
        bare = self.here.root.parent / "bare"
        (bare / "packed-refs").unlink(missing_ok=True)
        (bare / "refs" / "remotes" / "origin").mkdir(parents=True)
        for name in ("heads/main", "remotes/origin/main"):
            (bare / "refs" / name).write_text(git(fake, "rev-parse", "HEAD") + "\n")
        shutil.rmtree(bare / "hooks")
        return bare

    def push(self, bare: Path, settings: str) -> None:
        """The branch with the bare repository, checked out as a runner would."""
        (bare / "config").write_text(
            f"[core]\n\trepositoryformatversion = 1\n\tbare = false\n\tworktree = .\n{settings}"
        )
        for one in bare.iterdir():
            shutil.move(one, self.infra / one.name)
        git(self.here.root, "checkout", "-qb", "evil")
        git(self.here.root, "add", "-fA")
        committed(self.here.root)

    def plan(self) -> None:
        told = self.here.run("plan", "-e", "away", "--base", "refs/heads/main")
        assert told.code == 0, told.err
        assert "main (" in told.out


@pytest.fixture
def attack(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], version: Path
) -> Iterator[Attack]:
    infra = tmp_path / "team" / "infra"
    infra.mkdir(parents=True)
    monkeypatch.setenv("AWAY_KEY", "sk-secret")
    here = Checkout(infra, monkeypatch, capsys, hr=HR)
    here.root = infra.parent
    with answering(200, EMPTY) as ours, answering(200, EMPTY) as thief:
        (infra / "reconciler.yaml").write_text(CONFIG.format(url=ours.url))
        made(here.root)
        yield Attack(here, infra, ours, thief)


def test_a_bare_repository_that_a_branch_brings_gets_no_key_and_runs_nothing(attack: Attack) -> None:
    attack.push(attack.bare(), f"\tfsmonitor = touch {attack.trace}\n\tsshCommand = touch {attack.trace}\n")

    attack.plan()
    attack.here.run("apply", "-e", "away", "--config-from", "refs/heads/main", "--expect", "nothing")
    at = commit(attack.infra)

    assert at == git(attack.here.root, "rev-parse", "--short=12", "HEAD")
    assert (attack.thief.asked, attack.trace.exists()) == ([], False)
    assert {asked[1]["Authorization"] for asked in attack.ours.asked} == {"Bearer sk-secret"}


def test_an_empty_folder_for_git_makes_a_bare_repository_no_other(attack: Attack) -> None:
    attack.push(attack.bare(), "")
    (attack.infra / ".git").mkdir()

    attack.plan()

    assert attack.thief.asked == []


TRANSPORTS = {
    "ext": "url = ext::touch {trace}",
    "uploadpack": "url = {folder}\n\tuploadpack = touch {trace}; false",
    "ssh": "url = ssh://example.com/x\n[core]\n\tsshCommand = touch {trace}",
    "helper": "url = x\n\tvcs = evil",
}


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_nothing_that_is_missing_is_fetched(attack: Attack, transport: str) -> None:
    helper = Path(os.environ["PATH"].partition(":")[0]) / "git-remote-evil"
    helper.write_text(f"#!/bin/sh\ntouch {attack.trace}\n")
    helper.chmod(0o755)
    remote = TRANSPORTS[transport].format(trace=attack.trace, folder=attack.here.root)
    settings = f'[extensions]\n\tpartialClone = evil\n[remote "evil"]\n\tpromisor = true\n\t{remote}\n'
    with (attack.here.root / ".git" / "config").open("a") as stream:
        stream.write(settings)
    git(attack.here.root, "config", "core.repositoryformatversion", "1")
    blob = git(attack.here.root, "rev-parse", "HEAD:infra/assistants/hr.yaml")
    (attack.here.root / ".git" / "objects" / blob[:2] / blob[2:]).unlink()

    told = attack.here.run("plan", "-e", "away", "--base", "refs/heads/main")

    assert (told.code, attack.trace.exists()) == (1, False)
    assert "Git cannot read all of" in told.err


@pytest.mark.parametrize("version", ["as it is"], indirect=True)
def test_every_call_is_guarded_and_asks_the_repository_that_is_meant(
    attack: Attack, version: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in (
        "GIT_DIR",
        "GIT_WORK_TREE",
        "GIT_INDEX_FILE",
        "GIT_OBJECT_DIRECTORY",
        "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    ):
        monkeypatch.setenv(name, str(attack.here.root.parent))
    version.write_text("")
    attack.plan()
    assert commit(attack.infra) is not None
    absent_from_history(attack.infra, ["0123456789ab"])

    calls = [call.splitlines() for call in version.read_text().split("CALL\n")[1:]]
    assert len(calls) > 10
    for words in calls:
        assert words[0:6:2] == ["-c"] * 3
        assert words[1:6:2] == ["safe.bareRepository=explicit", "core.fsmonitor=false", "core.hooksPath=/dev/null"]
        assert words[6:8] == ["-C", str(attack.here.root)]
        told = dict(word.split("=", 1) for word in words if word.startswith("GIT_"))
        said = {name: value for name, value in told.items() if os.environ.get(name) != value}
        assert said == {
            "GIT_ALLOW_PROTOCOL": "",
            "GIT_NO_LAZY_FETCH": "1",
            "GIT_NO_REPLACE_OBJECTS": "1",
            "GIT_OPTIONAL_LOCKS": "0",
            "GIT_CEILING_DIRECTORIES": str(attack.here.root.parent),
        }


@pytest.mark.parametrize("version", ["as it is"], indirect=True)
def test_a_submodule_is_what_a_branch_makes_of_it(attack: Attack) -> None:
    fake = attack.here.root.parent / "fake"
    shutil.copytree(attack.infra, fake)
    (fake / "reconciler.yaml").write_text(CONFIG.format(url=attack.thief.url))
    made(fake)
    os.chdir(attack.here.root)
    git(attack.here.root, "checkout", "-qb", "evil")
    git(attack.here.root, "rm", "-rqf", "infra")
    git(attack.here.root, "-c", "protocol.file.allow=always", "submodule", "add", "-q", "-f", str(fake), "infra")
    committed(attack.here.root)
    os.chdir(attack.infra)

    told = attack.here.run("plan", "-e", "away", "--base", "refs/heads/main")

    assert (told.code, attack.thief.asked) == (1, [])
    assert "infra is a submodule, so a branch of the repository around it decides" in told.err
    assert commit(attack.infra) == git(attack.infra, "rev-parse", "--short=12", "HEAD")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "file.md").write_text("text")
    return made(tmp_path)


def test_a_worktree_within_its_repository_is_no_submodule(root: Path) -> None:
    git(root, "worktree", "add", "-q", str(root / "modules" / "tree"), "-b", "other")

    with laid_out(root / "modules" / "tree", "main") as found:
        assert (found.root / "file.md").read_text() == "text"


def test_what_runs_by_itself_in_the_repository_is_left_out(root: Path, tmp_path: Path) -> None:
    git(root, "config", "core.fsmonitor", f"touch {tmp_path}/ran")
    hook = root / ".git" / "hooks" / "post-index-change"
    hook.write_text(f"#!/bin/sh\ntouch {tmp_path}/ran\n")
    hook.chmod(0o755)
    os.utime(root / "file.md", (1, 1))

    assert commit(root) == git(root, "rev-parse", "--short=12", "HEAD")


def test_objects_are_read_as_they_are_and_not_as_something_replaced_them(root: Path) -> None:
    first = git(root, "rev-parse", "HEAD")
    (root / "file.md").write_text("other")
    git(root, "commit", "-qam", "other")
    git(root, "replace", first, "HEAD")

    with laid_out(root, first) as found:
        assert (found.root / "file.md").read_text() == "text"


def test_a_folder_without_git_above_has_no_repository(tmp_path: Path) -> None:
    assert repository(tmp_path) is None
    assert repository(Path(os.devnull)) is None


@pytest.mark.parametrize("word", ["--help", "ab\x00cd", "\ud800", "HEAD", "../x", "-1"])
def test_a_forged_commit_is_no_argument_of_git(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], word: str
) -> None:
    here = Checkout(tmp_path, monkeypatch, capsys, hr=HR)
    made(tmp_path)
    monkeypatch.setenv("AWAY_KEY", "sk-secret")
    one = {"id": "asst_1", "model": "gpt-4o", "metadata": {"reconciler": f"v1 acme/away/hr f=1 c={word}"}}
    with answering(200, json.dumps({**json.loads(EMPTY), "data": [one]})) as server:
        (tmp_path / "reconciler.yaml").write_text(CONFIG.format(url=server.url))
        told = here.run("plan", "-e", "away", "--json")

    assert told.code == 0, told.err
    assert [change["address"] for change in told.data["changes"]] == [
        "agent.hr",
        "assistant.hr",
    ]  # it lists one for both


# objects that are not what they should be


def store(root: Path, kind: str, content: bytes) -> str:
    """An object as nobody checks it; its name."""
    asked = ["git", "-C", str(root), "hash-object", "-w", "--literally", "-t", kind, "--stdin"]
    return subprocess.run(asked, input=content, capture_output=True, check=True).stdout.decode().strip()


def commit_of(root: Path, tree: str) -> str:
    head = f"tree {tree}\nauthor a <a> 1 +0000\ncommitter a <a> 1 +0000\n\nodd\n"
    return store(root, "commit", head.encode())


def damage(root: Path, name: str, content: bytes) -> None:
    path = root / ".git" / "objects" / name[:2] / name[2:]
    path.chmod(0o644)
    path.write_bytes(content)


@pytest.mark.parametrize(
    "content", [b"", b"nonsense", zlib.compress(b"blob 9\0text"), zlib.compress(b"blob 99999\0" + b"x" * 9)]
)
@pytest.mark.parametrize("name", ["HEAD:assistants/hr.yaml", "HEAD:assistants", "HEAD^{tree}"])
def test_a_damaged_object_is_a_clear_message(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], name: str, content: bytes
) -> None:
    here = Checkout(tmp_path, monkeypatch, capsys, hr=HR)
    made(tmp_path)
    damage(tmp_path, git(tmp_path, "rev-parse", name), content)

    told = here.run("plan", "-e", "local", "--base", "main", "--offline")

    assert told.code == 1
    assert "Git cannot read all of" in told.err


@pytest.mark.parametrize(
    "tree", [b"nonsense", b"100644 a.md\0short", b"100644 \0" + b"1" * 20, b"xyz a.md\0" + b"1" * 20]
)
def test_a_tree_that_is_none_is_a_clear_message(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tree: bytes
) -> None:
    here = Checkout(tmp_path, monkeypatch, capsys, hr=HR)
    made(tmp_path)
    odd = commit_of(tmp_path, store(tmp_path, "tree", tree))

    told = here.run("plan", "-e", "local", "--base", odd, "--offline")

    assert told.code == 1
    assert "Git cannot read all of" in told.err


@pytest.mark.parametrize("name", ["{outside}/evil.md", "../evil.md", "a/../../evil.md", ".GIT/evil.md"])
def test_no_name_in_a_tree_is_written_elsewhere(
    root: Path, tmp_path_factory: pytest.TempPathFactory, name: str
) -> None:
    outside = tmp_path_factory.mktemp("outside")
    blob = bytes.fromhex(store(root, "blob", b"evil"))
    entry = b"100644 " + name.format(outside=outside).encode() + b"\0" + blob
    odd = commit_of(root, store(root, "tree", entry))

    with laid_out(root, odd) as found:
        assert list(found.root.iterdir()) == []
    assert list(outside.iterdir()) == []
