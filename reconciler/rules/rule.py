"""What a rule is: a function over what one environment desires, or over a text, and how severe its findings are."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from reconciler.diagnostics import Diagnostic, Location, Severity
from reconciler.kinds import Kind
from reconciler.paths import Path
from reconciler.rules.settings import RuleSettings
from reconciler.source import Node, fields, items, member


@dataclass(frozen=True, slots=True)
class RuleFinding:
    """One thing that a rule found: where, what, and what to do about it."""

    place: Location
    message: str
    remedy: str


@dataclass(frozen=True, slots=True)
class JudgedResource:
    """What one manifest states for an environment, with the location of everything."""

    kind: Kind
    body: Node
    """The fields, with references resolved and the environment's patch merged."""
    ignore: tuple[Path, ...] = ()
    """What is left to the dashboard."""
    files: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """By field, the files that it was read from, where that is not the manifest."""

    def key(self, name: str) -> Location:
        """Where a field is stated; where the manifest begins if it is not."""
        return self.body.keys.get(name, self.body.place)

    def text(self, name: str) -> Node | None:
        """A field that holds a text."""
        found = member(self.body, name)
        return found if found is not None and isinstance(found.value, str) else None

    def tools(self, type_: str) -> Iterator[Node]:
        """The tools of a type."""
        for tool in items(member(self.body, "tools")):
            if (stated := member(tool, "type")) is not None and stated.value == type_:
                yield tool

    def functions(self) -> Iterator[Node]:
        """The functions that may be called: beside their type, or under `function`."""
        for tool in self.tools("function"):
            inner = member(tool, "function")
            yield inner if inner is not None and fields(inner) else tool

    def ignores(self, path: Path) -> bool:
        """Whether a path, or what holds it, is left to the dashboard."""
        return any(path[: len(ignored)] == ignored for ignored in self.ignore)


@dataclass(frozen=True, slots=True)
class JudgedEnvironment:
    """What one environment desires, its settings, and what was found without rules."""

    settings: RuleSettings = field(default_factory=RuleSettings)
    resources: Sequence[JudgedResource] = ()
    found: Sequence[Diagnostic] = ()


def _no_findings(*_: Any) -> Iterator[RuleFinding]:
    yield from ()


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule: its code, how severe it is where nothing else is chosen, and what it promises."""

    code: str
    severity: Severity
    sentence: str
    of_resource: Callable[[JudgedResource, RuleSettings, Mapping[str, str]], Iterator[RuleFinding]] = _no_findings
    """The findings in a resource; the last argument has the text of each file."""
    of_text: Callable[[str, str], Iterator[RuleFinding]] = _no_findings
    """The findings in the file of that name with that text."""
    is_policy: bool = False
    """Whether it is a team's own: then no comment silences it."""
    is_online: bool = False
    """Whether only a server can tell."""


def is_blank(node: Node | None) -> bool:
    """Whether nothing is written there."""
    return node is None or node.value is None or (isinstance(node.value, str) and not node.value.strip())
