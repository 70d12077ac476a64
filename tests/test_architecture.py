"""What holds of the code as a whole: who may use what, what is imported late, and how long things are."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent / "reconciler"
MODULES = {path.relative_to(ROOT).as_posix(): path for path in sorted(ROOT.rglob("*.py"))}
TREES = {name: ast.parse(path.read_text()) for name, path in MODULES.items()}

EDGE = ("cli/", "run/", "github/", "console/")
"""The rooms that talk to a person, a terminal or a runner."""
PURE_POSTS = "github/posts/"

OWNERS = {
    "yaml": ("source/",),
    "deepdiff": ("plan/diff.py",),
    "click": EDGE,
    "rich": ("run/",),
    "jsonschema_rs": ("kinds/",),
    "httpx": ("providers/", "github/http.py"),
    "uvicorn": ("emulator/",),
    "pydantic": ("kinds/", "manifests/", "config/"),
    "pydantic_core": ("kinds/", "manifests/", "config/"),
    "anyio": ("cli/", "run/", "apply/", "providers/"),
}
HEAVY = ("pydantic", "httpx", "rich", "deepdiff", "yaml", "anyio", "uvicorn", "jsonschema_rs", "asyncio")

each_module = pytest.mark.parametrize("name", list(MODULES))


def imported(tree: ast.AST) -> Iterator[str]:
    """The top-level packages that a module names, wherever it imports them."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            yield str(node.module).partition(".")[0]


@each_module
def test_each_package_from_outside_has_one_owner(name: str) -> None:
    foreign = {package for package in imported(TREES[name]) if package not in (*sys.stdlib_module_names, "reconciler")}

    assert foreign <= set(OWNERS), "a package that nobody owns yet"
    assert {package for package in foreign if not name.startswith(OWNERS[package])} == set()


@pytest.mark.parametrize("code", ["import reconciler.cli", "import reconciler.cli; reconciler.cli.run(['--help'])"])
def test_the_command_line_starts_without_heavy_imports(code: str) -> None:
    script = f"{code}\nimport sys\nprint(sorted(set({HEAVY!r}) & set(sys.modules)))"

    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=ROOT.parent)

    assert done.stdout.splitlines()[-1] == "[]"


ENDS = {"print", "input", "exit", "quit"}
WORLD = {("os", "environ"), ("os", "getenv"), ("sys", "exit"), ("sys", "argv"), ("sys", "stdout"), ("sys", "stderr")}


TALKS = {name for name in MODULES if name.startswith(EDGE) and not name.startswith(PURE_POSTS)}


@pytest.mark.parametrize("name", [name for name in MODULES if name not in {*TALKS, "__main__.py"}])
def test_only_the_edge_prints_exits_or_reads_the_environment(name: str) -> None:
    found = [
        ast.unparse(node)
        for node in ast.walk(TREES[name])
        if (isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ENDS)
        or (
            isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and (node.value.id, node.attr) in WORLD
        )
        or (isinstance(node, ast.ImportFrom) and any((node.module, alias.name) in WORLD for alias in node.names))
    ]

    assert found == []


@each_module
def test_every_module_says_what_it_is(name: str) -> None:
    assert ast.get_docstring(TREES[name])


@each_module
def test_every_public_class_and_function_says_what_it_promises(name: str) -> None:
    assert [node.name for node in _public(TREES[name]) if not ast.get_docstring(node)] == []


def _public(tree: ast.Module) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef]:
    """Classes and functions that other modules may name, but for shapes whose fields are all there is to say."""
    for node in tree.body:
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) or node.name.startswith("_"):
            continue
        if not all(isinstance(member, ast.AnnAssign) for member in node.body):
            yield node


@each_module
def test_no_function_has_more_than_40_lines(name: str) -> None:
    bodies = [node for node in ast.walk(TREES[name]) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    lengths = {node.name: (node.end_lineno or 0) - node.body[0].lineno + 1 for node in bodies}

    assert {function: length for function, length in lengths.items() if length > 40} == {}


@each_module
def test_nothing_is_excused_from_coverage(name: str) -> None:
    assert "pragma: no cover" not in MODULES[name].read_text()
