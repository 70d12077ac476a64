"""`temperature` and `top_p`: the vendor recommends to change one of them, since each narrows what the other leaves."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from reconciler.rules.rule import JudgedResource, Rule, RuleFinding
from reconciler.rules.settings import RuleSettings
from reconciler.source import member


def _both_set(resource: JudgedResource, settings: RuleSettings, sources: Mapping[str, str]) -> Iterator[RuleFinding]:
    stated = [member(resource.body, name) for name in ("temperature", "top_p")]
    values = [node.value if node is not None else None for node in stated]
    if all(isinstance(value, int | float) and value != 1 for value in values):
        message = "`temperature` and `top_p` are both set; each narrows what the other leaves."
        yield RuleFinding(resource.key("top_p"), message, "leave one of them out: its default is 1")


SAMPLING = Rule(
    "temperature-and-top-p", "warning", "`temperature` and `top_p` both differ from their default.", _both_set
)
