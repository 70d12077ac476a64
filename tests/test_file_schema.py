"""The JSON Schema of `reconciler.yaml`: it accepts whatever is read without an error, and names what is wrong."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from reconciler.authoring.editor_schemas import schema_text
from reconciler.config import read
from reconciler.kinds import KINDS
from reconciler.providers import PROVIDERS
from reconciler.source import parse, plain
from support.schemas import changed, described, places
from support.workflow import ROOT

SCHEMA = json.loads(schema_text("reconciler"))
VALIDATOR = jsonschema_rs.Draft7Validator(SCHEMA)
SETTINGS = {name: provider.settings for name, provider in PROVIDERS.items()}
WHOLE: dict[str, Any] = {
    "version": 1,
    "stack": {"name": "acme", "was": ["old"]},
    "manifests": ["assistants", "more"],
    "default_environment": "staging",
    "apply": "change",
    "limits": {"deletes": "20%", "changes": 50},
    "reconcile": {"apply": ["drift"], "after": "24h"},
    "allow": {"by_author": False},
    "rules": {"severity": {"unknown-model": "error"}, "models": "gpt-*", "metadata": ["team"], "largest_prompt": 5},
    "environments": {
        "local": {"values": {"handbook": "vs_local"}, "limits": None},
        "production": {
            "provider": "openai",
            "base_url": "https://api.example.com/v1",
            "api_key": {"env": "PROD_KEY"},
            "auth": {"header": "api-key"},
            "headers": {"X-Team": "people", "X-Other": {"env": "OTHER"}},
            "query": {"api-version": "v1"},
            "organization": "org_x",
            "kinds": "assistant",
            "stack": "acme-production",
            "models": {"my-deploy": "gpt-4o"},
            "limits": {"deletes": 3},
            "rules": {"severity": {"merge-markers": "allow"}},
        },
        "staging": {"provider": "openai", "auth": "bearer", "api_key": {"command": ["az"]}},
        "foundry": {"provider": "foundry", "base_url": "https://a.example.com/api/projects/p", "api_key": {"env": "T"}},
        "requests": {"provider": "responses", "folder": "dist/requests", "kinds": ["assistant"]},
    },
}
CHILD: dict[str, Any] = {
    "version": 1,
    "extends": "../reconciler.yaml",
    "stack": "child",
    "limits": None,
    "default_environment": "production",
    "environments": {"staging": None, "production": {"project": "p", "headers": {"X-Team": None}}, "foundry": None},
}
ODD: list[Any] = [
    None, True, 0, 1, 2, 1.5, -1, "", " ", "a", "A", "openai", "local", "foundry", "20%", "120%", "24h", "change",
    "drift", "bearer", "https://a.example.com",
    "dist/x", [], ["a"], ["edits"], {}, {"env": "A"}, {"env": "a b"}, {"a": "b"},
    {"provider": "openai"}, {"name": "a"}, {"header": "X-Key"}, {"apply": "edits"},
]  # fmt: skip


@pytest.fixture(scope="module")
def child(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder below one that has the whole file."""
    parent = tmp_path_factory.mktemp("repository")
    (parent / "reconciler.yaml").write_text(json.dumps(WHOLE))
    (parent / "child").mkdir()
    return parent / "child"


def wrong(file: Any) -> list[tuple[str | int, ...]]:
    """Where the schema finds something wrong."""
    return sorted({tuple(each.instance_path) for each in VALIDATOR.iter_errors(file)}, key=str)


def is_accepted(file: Any, folder: Path) -> bool:
    """Whether it is read without an error in any environment."""
    found = read(json.dumps(file), folder, providers=SETTINGS, kinds=tuple(KINDS), top=folder.parent)
    return found.config is not None and not found.config.broken


@st.composite
def _files(draw: st.DrawFn) -> Any:
    """A file with something odd somewhere."""
    file: Any = draw(st.sampled_from([WHOLE, CHILD]))
    for number in range(draw(st.integers(0, 3))):
        place = draw(st.sampled_from([*places(file)] or [()]))
        odd = ODD[min(number, 1) :]  # null under an unknown name takes nothing away, and only the schema is against it
        file = changed(file, place, draw(st.sampled_from([..., *odd])))
    return file


@pytest.mark.no_cover
@settings(max_examples=100, deadline=None)
@given(_files())
@example(WHOLE)
@example(CHILD)
def test_whatever_is_read_without_an_error_the_schema_accepts(child: Path, file: Any) -> None:
    if is_accepted(file, child):
        assert wrong(file) == []


def test_the_examples_are_read_and_accepted(child: Path) -> None:
    own = plain(parse((ROOT / "reconciler.yaml").read_text(), "reconciler.yaml").documents[0])

    assert [is_accepted(each, child) for each in (WHOLE, CHILD, own)] == [True, True, True]
    assert [wrong(each) for each in (WHOLE, CHILD, own)] == [[], [], []]


WRONG: list[tuple[dict[str, Any], tuple[str | int, ...]]] = [
    ({"vrsion": 1}, ()),
    ({"version": 2}, ("version",)),
    ({"stack": "A"}, ("stack",)),
    ({"limits": {"deletes": "120%"}}, ("limits", "deletes")),
    ({"reconcile": {"after": "1 day"}}, ("reconcile", "after")),
    ({"reconcile": {"apply": "all"}}, ("reconcile", "apply")),
    ({"rules": {"severity": {"unknown-modl": "error"}}}, ("rules", "severity")),
    ({"environments": {"x": {}}}, ("environments", "x")),
    ({"environments": {"x": {"provider": "opnai"}}}, ("environments", "x", "provider")),
    ({"environments": {"x": {"provider": "openai", "folder": "a"}}}, ("environments", "x")),
    ({"environments": {"x": {"provider": "foundry"}}}, ("environments", "x")),
    ({"environments": {"x": {"provider": "openai", "api_key": "sk-1"}}}, ("environments", "x", "api_key")),
    ({"environments": {"x": {"provider": "openai", "base_url": "example.com"}}}, ("environments", "x", "base_url")),
    ({"environments": {"x": {"provider": "openai", "values": {"a": 1}}}}, ("environments", "x", "values", "a")),
    ({"environments": {"local": {"base_url": "https://a"}}}, ("environments", "local")),
    ({"environments": {"X": {"provider": "openai"}}}, ("environments",)),
    ({"extends": "../reconciler.yaml", "environments": {"x": {"foldr": "a"}}}, ("environments", "x")),
]


@pytest.mark.parametrize(("file", "place"), WRONG, ids=lambda value: str(value)[:60])
def test_a_wrong_file_is_wrong_where_it_is(child: Path, file: dict[str, Any], place: tuple[str | int, ...]) -> None:
    whole = {"version": 1, "stack": "acme", **file}

    assert not is_accepted(whole, child)
    assert place in {path[: len(place)] for path in wrong(whole)}


def test_every_field_has_a_description_of_one_sentence() -> None:
    told = dict(described(SCHEMA))

    assert {path for path, text in told.items() if not text.endswith(".")} == set()
    assert len(told) > 60
