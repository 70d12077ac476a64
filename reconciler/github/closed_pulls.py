"""Preview stacks of pull requests: which are live, and which of them no pull request needs any more."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from reconciler.config import Config, Environment
from reconciler.console.failure import Failure
from reconciler.github import AbsentError, CodeHost
from reconciler.model import NAME, Live

_NUMBER = r"[1-9][0-9]{0,9}"


@dataclass(frozen=True, slots=True)
class Preview:
    """A stack that was made for a pull request."""

    stack: str
    pull: int


def previews(live: Iterable[Live], environment: Environment, pattern: str, config: Config) -> tuple[Preview, ...]:
    """The live stacks of the pattern in this environment, by pull request; never one that the configuration names."""
    before, star, after = pattern.partition("*")
    if not star or not before + after or not NAME.fullmatch(f"{before}1{after}"):
        remedy = "write one `*` where the number of the pull request stands: `--stack 'acme-pr-*'`"
        raise Failure(f"{pattern!r} is not a valid pattern of preview stacks.", remedy)
    own = {name for each in config.environments.values() for name in (each.stack, *each.former_stacks)}
    form = re.compile(f"{re.escape(before)}({_NUMBER}){re.escape(after)}")
    markers = (each.marker for each in live if each.marker and each.marker.environment == environment.name)
    stacks = {marker.stack for marker in markers} - own
    found = (Preview(stack, int(match[1])) for stack in stacks if (match := form.fullmatch(stack)))
    return tuple(sorted(found, key=lambda preview: preview.pull))


def preview_fates(host: CodeHost, previews: Iterable[Preview]) -> Iterator[tuple[Preview, bool, str]]:
    """Each preview, whether it is to be destroyed, and the state of its pull request.

    One that is not found is no reason: the token may not read it, or another repository counts these numbers.
    """
    for preview in previews:
        try:
            pull = host.pull(preview.pull)
        except AbsentError:
            yield preview, False, "was not found"
            continue
        if not pull.open:
            yield preview, True, "is closed"
        elif pull.conflicting:
            yield preview, True, f"has conflicts with {pull.base or 'its base'}, so no workflow runs for it"
        else:
            yield preview, False, "is open"
