"""What holds of the code as a whole: who may use what, what is imported late, and how long things are."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

pytestmark = pytest.mark.no_cover

ROOT = Path(__file__).parent.parent / "reconciler"
MODULES = {path.relative_to(ROOT).as_posix(): path for path in sorted(ROOT.rglob("*.py"))}


@cache
def trees() -> dict[str, ast.Module]:
    """Each module, read."""
    return {name: ast.parse(path.read_text()) for name, path in MODULES.items()}


EDGE = ("cli/", "authoring/", "run/", "github/", "console/")
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
    "pydantic": ("kinds/", "manifests/", "config/", "providers/", "settings.py"),
    "pydantic_core": ("kinds/", "manifests/", "config/", "settings.py"),
    "anyio": ("cli/", "run/", "apply/", "providers/"),
}
HEAVY = ("pydantic", "httpx", "rich", "deepdiff", "yaml", "anyio", "uvicorn", "jsonschema_rs", "asyncio")


def imported(tree: ast.AST) -> Iterator[str]:
    """The top-level packages that a module names, wherever it imports them."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            yield str(node.module).partition(".")[0]


def test_each_package_from_outside_has_one_owner() -> None:
    known = {*sys.stdlib_module_names, "reconciler"}
    foreign = {(name, package) for name, tree in trees().items() for package in imported(tree) if package not in known}

    assert {package for _, package in foreign} <= set(OWNERS), "a package that nobody owns yet"
    assert {(name, package) for name, package in foreign if not name.startswith(OWNERS[package])} == set()


@pytest.mark.parametrize("code", ["import reconciler.cli", "import reconciler.cli; reconciler.cli.run(['--help'])"])
def test_the_command_line_starts_without_heavy_imports(code: str) -> None:
    script = f"{code}\nimport sys\nprint(sorted(set({HEAVY!r}) & set(sys.modules)))"

    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=ROOT.parent)

    assert done.stdout.splitlines()[-1] == "[]"


@pytest.mark.parametrize(
    "code", ["import reconciler.run.planner", "import reconciler.cli; reconciler.cli.run(['validate'])"]
)
def test_what_speaks_to_servers_and_explains_differences_is_imported_where_there_are_any(code: str) -> None:
    script = f"{code}\nimport sys\nprint(sorted({{'httpx', 'deepdiff', 'rich', 'asyncio', 'ssl'}} & set(sys.modules)))"

    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=ROOT.parent)

    assert done.stdout.splitlines()[-1] == "[]"


ENDS = {"print", "input", "exit", "quit"}
WORLD = {("os", "environ"), ("os", "getenv"), ("sys", "exit"), ("sys", "argv"), ("sys", "stdout"), ("sys", "stderr")}


TALKS = {name for name in MODULES if name.startswith(EDGE) and not name.startswith(PURE_POSTS)}


def test_only_the_edge_prints_exits_or_reads_the_environment() -> None:
    others = MODULES.keys() - TALKS - {"__main__.py"}

    assert [(name, ast.unparse(node)) for name in sorted(others) for node in _of_the_world(trees()[name])] == []


def _of_the_world(tree: ast.Module) -> Iterator[ast.AST]:
    """Where a module prints, exits or reads the environment."""
    for node in ast.walk(tree):
        match node:
            case ast.Call(func=ast.Name(id=called)) if called in ENDS:
                yield node
            case ast.Attribute(value=ast.Name(id=module), attr=name) if (module, name) in WORLD:
                yield node
            case ast.ImportFrom(module=module, names=names) if any((module, alias.name) in WORLD for alias in names):
                yield node


def test_every_module_says_what_it_is() -> None:
    assert [name for name, tree in trees().items() if not ast.get_docstring(tree)] == []


def test_every_public_class_and_function_says_what_it_promises() -> None:
    public = [(name, node) for name, tree in trees().items() for node in _public(tree)]

    assert [(name, node.name) for name, node in public if not ast.get_docstring(node)] == []


def _public(tree: ast.Module) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef]:
    """Classes and functions that other modules may name, but for shapes whose fields are all there is to say."""
    for node in tree.body:
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) or node.name.startswith("_"):
            continue
        if not all(isinstance(member, ast.AnnAssign) for member in node.body):
            yield node


def test_no_function_has_more_than_40_lines() -> None:
    nodes = [(name, node) for name, tree in trees().items() for node in ast.walk(tree)]
    functions = [(name, node) for name, node in nodes if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    lengths = [(name, node.name, (node.end_lineno or 0) - node.body[0].lineno + 1) for name, node in functions]

    assert [(name, function, length) for name, function, length in lengths if length > 40] == []


def test_no_two_classes_have_one_name() -> None:
    where = defaultdict(list)
    for name, tree in trees().items():
        for node in tree.body:
            if isinstance(node, ast.ClassDef):
                where[node.name].append(name)

    assert {name: modules for name, modules in where.items() if len(modules) > 1} == {}


def test_no_private_name_stands_for_different_things() -> None:
    """A helper of one name in two modules gives the same type in both."""
    results: dict[str, dict[str, str]] = defaultdict(dict)
    for name, tree in trees().items():
        for node in tree.body:
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("_"):
                results[node.name][name] = ast.unparse(node.returns) if node.returns else ""

    assert {name: types for name, types in results.items() if len(set(types.values())) > 1} == {}


def test_nothing_is_excused_from_coverage() -> None:
    assert [name for name, path in MODULES.items() if "pragma: no cover" in path.read_text()] == []
