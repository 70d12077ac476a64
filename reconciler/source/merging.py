"""Mappings of nodes: what they have, and one merged over another with every place kept."""

from __future__ import annotations

from reconciler.source.nodes import Node


def member(node: Node | None, key: str) -> Node | None:
    """What a mapping has under a key."""
    return fields(node).get(key)


def fields(node: Node | None) -> dict[str, Node]:
    """What a mapping has; anything else has nothing."""
    return node.value if node is not None and isinstance(node.value, dict) else {}


def merged(base: Node, patch: Node) -> Node:
    """A JSON merge patch on nodes, so that everything keeps its place."""
    if not isinstance(patch.value, dict):
        return patch
    members = dict(fields(base))
    for key, inner in patch.value.items():
        if inner.value is None:
            members.pop(key, None)
        else:
            members[key] = merged(members.get(key, Node({}, inner.place)), inner)
    return Node(members, base.place, {**base.keys, **patch.keys})
