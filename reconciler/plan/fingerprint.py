"""What a plan amounts to: one fingerprint of what was reviewed, and the figures of its last line."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from reconciler.canonical import Json, digest
from reconciler.model import Change, Plan


@dataclass(frozen=True, slots=True)
class Summary:
    """The figures of a plan's last line."""

    add: int = 0
    change: int = 0
    destroy: int = 0
    imports: int = 0
    forget: int = 0


def fingerprint(plan: Plan) -> str:
    """The same for the same changes to the same place, whatever their order, the commit or the run."""
    where = plan.where
    digests: list[Json] = [*sorted(change.digest for change in plan.changes)]
    return digest(
        {
            "stack": where.stack,
            "environment": where.environment,
            "provider": where.provider,
            "base_url": where.base_url,
            "project": where.project,
            "changes": digests,
        }
    )


def tally(changes: Iterable[Change]) -> Summary:
    """Changes by what they do; an import that changes fields counts as both, as in Terraform."""
    counts: Counter[str] = Counter()
    for change in changes:
        counts[change.action] += 1
        counts["changing import"] += change.action == "adopt" and bool(change.fields)
    return Summary(
        add=counts["create"],
        change=counts["update"] + counts["rename"] + counts["changing import"],
        destroy=counts["delete"],
        imports=counts["adopt"],
        forget=counts["forget"],
    )
