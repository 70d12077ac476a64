"""What is deployed: an image that runs as nobody and writes next to nothing, and a job that may as little."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterable
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name as canonical

from reconciler.cli import COMMANDS
from support.checkout import command, plain
from support.emulator_process import served
from support.emulator_world import BETA
from support.needing import PATIENCE
from support.teamwork import KEY
from support.workflow import ROOT, read

pytestmark = pytest.mark.no_cover

DEPLOY = ROOT / "deploy"
ACTION = read(ROOT / "action.yml")


def instructions(name: str) -> list[tuple[str, str]]:
    """A Dockerfile's instructions, each on one line."""
    lines = [line for line in (DEPLOY / name).read_text().splitlines() if not line.startswith("#")]
    text = "\n".join(lines).replace("\\\n", "")
    return [(word, rest.strip()) for word, _, rest in (line.partition(" ") for line in text.splitlines() if line)]


DOCKERFILE = instructions("Dockerfile")
JOB: Any = yaml.safe_load((DEPLOY / "cronjob.yaml").read_text())
POD: Any = JOB["spec"]["jobTemplate"]["spec"]["template"]["spec"]
(CONTAINER,) = POD["containers"]


def of(word: str) -> list[str]:
    return [rest for name, rest in DOCKERFILE if name == word]


def copied(folder: Path) -> Path:
    """The folder that the image is built from: what is copied, and what .dockerignore lets through of it."""
    allowed = (ROOT / ".dockerignore").read_text().splitlines()
    for source in [word for line in of("COPY") if "--from" not in line for word in line.split()[:-1]]:
        assert f"!{source}" in allowed, f"{source} is ignored"
        copy = shutil.copytree if (ROOT / source).is_dir() else shutil.copy
        copy(ROOT / source, folder / source)
    return folder


# the image


def test_the_image_runs_as_nobody_and_knows_no_key() -> None:
    last = [index for index, (name, _) in enumerate(DOCKERFILE) if name == "FROM"][-1]

    assert re.fullmatch(r"[1-9]\d+:[1-9]\d+", dict(DOCKERFILE[last:])["USER"])
    assert of("ARG") == []
    assert not re.search(r"KEY|TOKEN|SECRET|PASSWORD|--mount", (DEPLOY / "Dockerfile").read_text())


def test_the_image_is_named_by_its_version_and_begins_with_the_tool() -> None:
    assert all(re.fullmatch(r"python:3\.\d+-slim-\w+( AS build)?", image) for image in of("FROM"))
    assert json.loads(of("ENTRYPOINT")[0]) == ["reconciler"]


def test_the_state_of_the_image_is_a_volume_that_the_job_mounts() -> None:
    (volume,) = of("VOLUME")

    assert f"RECONCILER_STATE_DIR={volume}" in of("ENV")[0]
    assert volume in [mount["mountPath"] for mount in CONTAINER["volumeMounts"]]


def test_what_the_build_needs_is_copied(tmp_path: Path) -> None:
    folder = copied(tmp_path)

    project = (folder / "pyproject.toml").read_text()
    assert all((folder / name).is_file() for name in re.findall(r'"(README\.md|LICENSE)"', project))
    assert (folder / "reconciler" / "__main__.py").is_file()


@pytest.mark.soak
def test_the_image_is_built_by_what_its_lines_say(tmp_path: Path) -> None:
    folder, target = copied(tmp_path), tmp_path / "opt"
    line = of("RUN")[0].replace("/opt/reconciler", str(target)).replace("python -m venv", f"{sys.executable} -m venv")

    subprocess.run(["sh", "-e", "-c", line], cwd=folder, check=True)
    shutil.rmtree(folder / "reconciler")

    said = subprocess.run([str(target / "bin" / "reconciler"), "--version"], capture_output=True, text=True)
    assert said.stdout.startswith("reconciler ")


# what jobs install

LOCK = (ROOT / "requirements.txt").read_text()
PINNED = {canonical(name): version for name, version in re.findall(r"^([\w.-]+)==(\S+)", LOCK, re.M)}
PROJECT: Any = tomllib.loads((ROOT / "pyproject.toml").read_text())
BUILD = [Requirement(word) for word in PROJECT["build-system"]["requires"]]


def needed_by(requirements: Iterable[Requirement], known: frozenset[str] = frozenset()) -> set[str]:
    """What is required, and what that requires, as far as the pinned version of it is installed here."""
    found = {canonical(one.name) for one in requirements if one.marker is None or one.marker.evaluate({"extra": ""})}
    for name in found - known:
        with suppress(PackageNotFoundError):
            if version(name) == PINNED.get(name):
                found |= needed_by(map(Requirement, requires(name) or ()), known | found)
    return found


def test_the_lock_holds_what_the_package_and_its_build_require() -> None:
    required = [*BUILD, *(Requirement(word) for word in PROJECT["project"]["dependencies"])]

    assert [str(one) for one in required if not one.specifier.contains(PINNED.get(canonical(one.name), "0"))] == []
    assert needed_by(required) - set(PINNED) == set()


def test_every_line_of_the_lock_has_hashes_and_names_no_place() -> None:
    entries = re.split(r"\n(?=[\w])", re.sub(r"^\s*#.*\n", "", LOCK, flags=re.M).strip())

    assert len(entries) == len(PINNED)
    assert [one for one in entries if not re.fullmatch(r"\S+==\S+( \\\n    --hash=sha256:[0-9a-f]{64})+", one)] == []
    assert not re.search(r"://|--index|--find-links|@ |/(home|tmp|work|opt|root)\b", LOCK)


@pytest.mark.parametrize("lines", [ACTION["runs"]["steps"][0]["run"], of("RUN")[0]], ids=["the action", "the image"])
def test_nothing_is_installed_but_what_the_lock_knows_by_its_hash(lines: str) -> None:
    locked, package = re.findall(r"(?:pip install|\$\{install\[@\]\}\") +(--.*?)(?: ?&&|\n)", lines + "\n")[-2:]

    assert re.search(r"--require-hashes --only-binary :all: --requirement \S*requirements.txt", locked)
    assert re.search(r"--no-deps --no-build-isolation --no-index \S+ *$", package)


def test_what_builds_the_package_is_not_in_the_image() -> None:
    (taken_out,) = re.findall(r"pip uninstall .*$", of("RUN")[0])
    vias = dict(re.findall(r"^([\w.-]+)==\S+ \\\n(?:    --hash=.*\n)+((?:    #.*\n)*)", LOCK, re.M))
    gone = {canonical(one.name) for one in BUILD}
    while (
        more := {name for name, via in vias.items() if via and set(re.findall(r"[\w.-]{3,}", via)) - {"via"} <= gone}
        - gone
    ):
        gone |= more

    assert set(taken_out.split()[4:]) == {*gone, "pip"}


# the job


def test_one_pass_runs_at_a_time_and_is_not_tried_again() -> None:
    assert JOB["spec"]["concurrencyPolicy"] == "Forbid"
    assert JOB["spec"]["jobTemplate"]["spec"]["backoffLimit"] == 0
    assert JOB["spec"]["jobTemplate"]["spec"]["activeDeadlineSeconds"] < 3600
    assert POD["restartPolicy"] == "Never"


def test_the_job_may_nothing_beyond_its_work() -> None:
    assert CONTAINER["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert POD["securityContext"]["runAsNonRoot"] is True
    assert POD["securityContext"]["runAsUser"] == int(of("USER")[0].partition(":")[0])
    assert POD["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert POD["automountServiceAccountToken"] is False
    assert all(set(volume) == {"name", "emptyDir"} for volume in POD["volumes"])
    assert CONTAINER["resources"]["limits"]["memory"]


def test_the_key_comes_from_a_secret_alone() -> None:
    (key,) = CONTAINER["env"]

    assert set(key["valueFrom"]) == {"secretKeyRef"}
    assert "value" not in key


@pytest.mark.parametrize("policy", ["", "reconcile: {apply: [drift]}\n"], ids=["reports", "puts-back"])
def test_a_pass_writes_where_the_job_has_a_volume_and_nowhere_else(tmp_path: Path, policy: str) -> None:
    for name in ("state", "tmp", "repository/assistants"):
        (tmp_path / name).mkdir(parents=True)
    here = tmp_path / "repository"
    (here / "assistants" / "hr.yaml").write_text("model: gpt-4o\nname: HR\n")
    with served(tmp_path / "live.db") as address:
        (here / "reconciler.yaml").write_text(_CONFIG.format(url=f"{address}/v1") + policy)
        _drifted(here, f"{address}/v1/assistants", tmp_path / "elsewhere")
        done = _watched(tmp_path, here, *CONTAINER["args"])

    assert CONTAINER["args"][0] in COMMANDS
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("assistant.hr: Updated") == (1 if policy else 0)
    written = {line for line in (tmp_path / "tmp" / "written").read_text().splitlines() if line != os.devnull}
    assert [path for path in written if not path.startswith((f"{tmp_path}/state", f"{tmp_path}/tmp"))] == []
    assert any(path.startswith(f"{tmp_path}/state/history") for path in written) is bool(policy)


_CONFIG = """\
version: 1
stack: acme
environments:
  production: {{provider: openai, base_url: "{url}", api_key: {{env: ASSISTANTS_API_KEY}}}}
"""


def _drifted(here: Path, url: str, state: Path) -> None:
    """Applies the manifests, and then somebody changes what is live."""
    apply = command("apply", "-e", "production", "--auto-approve", "--state-dir", str(state))
    subprocess.run(apply, cwd=here, env=plain(ASSISTANTS_API_KEY=KEY), capture_output=True, check=True)
    (live,) = httpx.get(url, headers=BETA).json()["data"]
    httpx.post(f"{url}/{live['id']}", headers=BETA, json={"name": "Moved"}).raise_for_status()


# Stands before the command in its process, and keeps every path that is opened to be written, made, moved or removed.
_WATCH = """
import os, runpy, sys
kept = os.open(os.path.join(os.environ["TMPDIR"], "written"), os.O_CREAT | os.O_WRONLY | os.O_APPEND)
def watch(event, arguments):
    if event == "open":
        path, mode, flags = arguments
        writes = flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT) if isinstance(flags, int) else "r" != (mode or "r")[:1]
        paths = [path] if writes and isinstance(path, (str, bytes, os.PathLike)) else []
    elif event in ("os.mkdir", "os.remove", "os.rmdir", "os.chmod", "os.truncate", "sqlite3.connect"):
        paths = arguments[:1]
    elif event in ("os.rename", "os.link", "os.symlink"):
        paths = arguments[:2]
    else:
        return
    for path in paths:
        if isinstance(path, int):
            continue
        os.write(kept, os.fsencode(os.path.abspath(os.fsdecode(path))) + b"\\n")
sys.addaudithook(watch)
sys.argv[0] = "reconciler"
runpy.run_module("reconciler", run_name="__main__", alter_sys=True)
"""


def _watched(folder: Path, here: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """The command as the image has it, and what it wrote in tmp/written."""
    settings = dict(word.split("=", 1) for word in of("ENV")[0].split())
    environ = {
        **settings,
        "PATH": os.environ["PATH"],
        "HOME": str(folder / "tmp"),
        "TMPDIR": str(folder / "tmp"),
        "RECONCILER_STATE_DIR": str(folder / "state"),
        "ASSISTANTS_API_KEY": KEY,
    }
    without_coverage = {name: value for name, value in plain(**environ).items() if not name.startswith("COVERAGE")}
    return subprocess.run(
        [sys.executable, "-P", "-c", _WATCH, *arguments],
        cwd=here,
        env=without_coverage,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )
