"""Manifests that were read → what the rules say of them, for one environment or for several."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial

from reconciler.config import FILE, Config, Environment
from reconciler.console import credentials
from reconciler.diagnostics import Diagnostic, Location, Severity
from reconciler.kinds import KINDS
from reconciler.manifests import parser, reading
from reconciler.manifests.references import file_references
from reconciler.model import Desired, Target
from reconciler.plan.retirements import retirements
from reconciler.rules import JudgedEnvironment, JudgedResource, Judging, ManifestText, report
from reconciler.source import member


def judged(
    environments: Sequence[tuple[Environment, parser.ParsedManifests, Sequence[Diagnostic]]],
    read: reading.ReadFolders,
    config: Config,
    *,
    judging: Judging,
    every: bool = False,
    online: bool = False,
) -> tuple[Diagnostic, ...]:
    """What was found in manifests, each environment's with its own, as far as nothing silences it, and what rules find.

    What the rules see of a file has no secret that this process knows: that is reported elsewhere.
    """
    sides = [
        JudgedEnvironment(environment.rules, _judged_resources(parsed), (*read.faults, *parsed.faults, *found))
        for environment, parsed, found in environments
    ]
    sources = {**config.sources, **_less_known_secrets(read.sources)}
    texts = partial(_manifest_texts, read.manifests, config.sources)
    return report(sides, sources, texts, judging=judging, every=every, online=online)


def retirement_warnings(
    parsed: parser.ParsedManifests,
    environment: Environment,
    where: Target,
    today: str,
    live_dates: Mapping[str, str | None] | None = None,
) -> Iterator[Diagnostic]:
    """What ends of all that is used, a model in each manifest: warnings where its server says so, else notes."""
    find = partial(retirements, where=where, today=today, deployments=environment.models, live_dates=live_dates)
    apis = (each for each in find(parsed.desired) if each.place is None)
    models = (each for one in parsed.desired for each in find([_at_model(one, parsed)]) if each.place is not None)
    for retirement in (*apis, *models):
        place = retirement.place or environment.place or Location(FILE)
        severity: Severity = "warning" if retirement.is_of_vendor else "note"
        yield Diagnostic(place, retirement.code, retirement.message, retirement.remedy, severity)


def _at_model(desired: Desired, parsed: parser.ParsedManifests) -> Desired:
    """The same as if it stood where it names its model."""
    model = member(parsed.bodies.get(desired.address), "model")
    return desired if model is None else replace(desired, place=model.place)


def _judged_resources(parsed: parser.ParsedManifests) -> tuple[JudgedResource, ...]:
    stated = ((each, parsed.bodies[each.address]) for each in parsed.desired if each.address in parsed.bodies)
    return tuple(JudgedResource(KINDS[each.address.kind], body, each.ignore, each.files) for each, body in stated)


def _manifest_texts(manifests: Collection[parser.Manifest], own: Collection[str]) -> Sequence[ManifestText]:
    return [*map(ManifestText, own), *map(_commented, manifests)]


def _commented(manifest: parser.Manifest) -> ManifestText:
    named = file_references(manifest.node)
    known = (
        (manifest.attachments[written].place.file, node) for written, node in named if written in manifest.attachments
    )
    return ManifestText(manifest.file, manifest.node, tuple((file, node.place.line) for file, node in known))


def _less_known_secrets(sources: Mapping[str, str]) -> Mapping[str, str]:
    mask = credentials.hidden()
    return {file: mask.starred(text) for file, text in sources.items()} if mask.words else sources
