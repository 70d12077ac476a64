"""The examples have no errors, and together use everything that a manifest can contain."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from reconciler import config
from reconciler.config import Config
from reconciler.kinds import KINDS
from reconciler.manifests import parser, reading
from reconciler.manifests.references import FILE_KEYS
from reconciler.model import Target
from reconciler.plan.retirements import retirements
from reconciler.providers import PROVIDERS
from reconciler.source import plain

pytestmark = pytest.mark.no_cover

ROOT = Path(__file__).resolve().parent.parent
LOADED = config.load(
    ROOT, providers={name: provider.settings for name, provider in PROVIDERS.items()}, kinds=tuple(KINDS)
)
READ = reading.read(ROOT, LOADED.config.manifests if LOADED.config else ())
DOCUMENTS: list[Any] = [plain(manifest.node) for manifest in READ.manifests]
OWN = [document.get("reconciler", {}) for document in DOCUMENTS]
BLOCK = ("key", "id", "was", "on_removal", "ignore_changes", "environments")

of_each_environment = pytest.mark.parametrize("name", ["local", "production"])


def _config() -> Config:
    assert LOADED.config is not None
    return LOADED.config


def _parsed(name: str) -> parser.ParsedManifests:
    environment = config.choose(_config(), name, os.environ, owns=False)
    assert isinstance(environment, config.Environment)
    terms = replace(PROVIDERS[environment.provider].terms, families=environment.models)
    setting = parser.ManifestContext(name, tuple(_config().environments), environment.values, terms)
    return parser.parse(READ.manifests, setting)


def _fields(name: str = "local") -> dict[str, dict[str, Any]]:
    """The fields of everything in the environment, in normal form, by key."""
    return {desired.address.key: dict(desired.fields) for desired in _parsed(name).desired}


def _references(value: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Every `{file:}`, `{files:}` and `{value:}`, with where it stands."""
    for member in value if isinstance(value, list) else ():
        yield from _references(member, path)
    if not isinstance(value, dict):
        return
    word = next(iter(value)) if len(value) == 1 else ""
    if word in ("file", "files", "value"):
        yield word, path
    for key, member in value.items():
        yield from _references(member, (*path, key))


REFERENCES = [reference for document in DOCUMENTS for reference in _references(document)]


def _of_kind(kind: str) -> list[Any]:
    return [document for document, read in zip(DOCUMENTS, READ.manifests, strict=True) if read.file.startswith(kind)]


def _values(field: str, kind: str = "assistant") -> list[Any]:
    return [document[field] for document in _of_kind(kind) if field in document]


def _tools(kind: str = "assistant") -> list[dict[str, Any]]:
    return [tool for listed in _values("tools", kind) for tool in listed]


def test_reading_them_finds_no_error_and_no_unused_file() -> None:
    assert LOADED.faults == ()
    assert READ.faults == ()


@of_each_environment
def test_they_have_no_error_and_no_warning_in_any_environment(name: str) -> None:
    assert _parsed(name).faults == ()


@pytest.mark.parametrize(("kind", "field"), [(kind.name, field) for kind in KINDS.values() for field in kind.fields])
def test_some_example_states_the_field(kind: str, field: str) -> None:
    assert _values(field, kind)


@pytest.mark.parametrize(
    ("kind", "tool_type"),
    [("assistant", name) for name in ("code_interpreter", "file_search", "function")]
    + [("agent", name) for name in ("function", "mcp", "web_search")],
)
def test_some_example_has_a_tool_of_the_type(kind: str, tool_type: str) -> None:
    assert any(tool["type"] == tool_type for tool in _tools(kind))


def test_no_example_names_a_model_whose_end_is_known() -> None:
    at_the_vendor = Target("examples", "production", "openai", "https://api.openai.com/v1")
    for name in ("local", "production"):
        ending = retirements(_parsed(name).desired, at_the_vendor, "2026-11-01")
        assert [each.message for each in ending if each.code == "retired-model"] == []


def test_some_example_has_several_functions_of_which_one_is_strict() -> None:
    several = [fields["tools"].get("functions", {}) for fields in _fields().values()]

    assert any(len(functions) > 1 and any(f.get("strict") for f in functions.values()) for functions in several)


@pytest.mark.parametrize("format_type", ["text", "json_object", "json_schema"])
def test_some_example_asks_for_a_response_format_of_the_type(format_type: str) -> None:
    assert any(isinstance(value, dict) and value["type"] == format_type for value in _values("response_format"))


def test_some_example_leaves_the_response_format_to_the_model() -> None:
    assert "auto" in _values("response_format")


@pytest.mark.parametrize("key", BLOCK)
def test_some_example_uses_the_entry_of_the_block(key: str) -> None:
    assert any(key in own for own in OWN)


@pytest.mark.parametrize("rule", ["keep", "refuse"])
def test_some_example_states_the_removal_rule(rule: str) -> None:
    assert any(own.get("on_removal") == rule for own in OWN)


@pytest.mark.parametrize("word", ["file", "files", "value"])
def test_some_example_uses_the_reference(word: str) -> None:
    assert any(used == word for used, _ in REFERENCES)


@pytest.mark.parametrize("key", ["instructions", *FILE_KEYS])
def test_some_example_names_a_file_at(key: str) -> None:
    assert any(path[-1] == key for word, path in REFERENCES if word in ("file", "files"))


@pytest.mark.parametrize("suffix", [".md", ".json", ".yaml"])
def test_some_example_names_a_file_of_the_kind(suffix: str) -> None:
    assert any(name.endswith(suffix) for manifest in READ.manifests for name in manifest.attachments)


def test_one_file_holds_several_documents_and_one_folder_is_nested() -> None:
    assert any(not manifest.alone for manifest in READ.manifests)
    assert any(manifest.file.count("/") > 1 for manifest in READ.manifests)


def test_one_example_differs_by_environment_and_one_is_not_in_production() -> None:
    local, production = _fields(), _fields("production")

    assert local["hr-helper"]["model"] != production["hr-helper"]["model"]
    assert local.keys() - production.keys() == {"triage-chat"}
