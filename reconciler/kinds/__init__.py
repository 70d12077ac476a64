"""What a resource is: its fields, limits, defaults, normal form, and the rules between fields."""

from __future__ import annotations

from reconciler.kinds.agent import AGENT
from reconciler.kinds.assistant import ASSISTANT
from reconciler.kinds.kind import Kind
from reconciler.kinds.problems import Checked, Problem, ServerTraits

KINDS: dict[str, Kind] = {"agent": AGENT, "assistant": ASSISTANT}

__all__ = ["KINDS", "Checked", "Kind", "Problem", "ServerTraits"]
