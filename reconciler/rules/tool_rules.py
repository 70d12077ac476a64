"""Tools that a model cannot use well: functions that nobody described, a search without anything to search."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from reconciler.rules.rule import JudgedResource, Rule, RuleFinding, is_blank
from reconciler.rules.settings import RuleSettings
from reconciler.source import Node, items, member

_STORES = ("tool_resources", "file_search", "vector_store_ids")


def _undescribed(resource: JudgedResource, settings: RuleSettings, sources: Mapping[str, str]) -> Iterator[RuleFinding]:
    for function in resource.functions():
        name = member(function, "name")
        if name is not None and isinstance(name.value, str) and is_blank(member(function, "description")):
            message = f"The function `{name.value}` has no description, by which the model decides when to call it."
            yield RuleFinding(name.place, message, "add `description: …`: what it does, and when to call it")


def _nothing_to_search(
    resource: JudgedResource, settings: RuleSettings, sources: Mapping[str, str]
) -> Iterator[RuleFinding]:
    node: Node | None = resource.body
    for step in _STORES:
        node = member(node, step)
    if items(node) or resource.ignores(_STORES):
        return
    for tool in resource.tools("file_search"):
        message = "`file_search` has no vector store, so it finds nothing unless each thread brings one."
        remedy = "add `tool_resources: {file_search: {vector_store_ids: […]}}`"
        yield RuleFinding(tool.place, message, remedy)


UNDESCRIBED = Rule("undescribed-tool", "warning", "A function has no description.", _undescribed)
SEARCH = Rule("search-without-store", "warning", "`file_search` has no vector store.", _nothing_to_search)
