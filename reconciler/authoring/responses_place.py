"""The environment that a migration to the Responses API is for: one that is stated, or one that is added."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from reconciler.authoring.file_changes import text_of
from reconciler.canonical import Json
from reconciler.config import FILE, Config, Environment
from reconciler.console.configuration import read_configuration
from reconciler.console.failure import Failure
from reconciler.diagnostics import errors
from reconciler.drafts.keys import slug_of
from reconciler.model import NAME, NAME_RULE
from reconciler.source import Edit, OneLine, edited, member, parse, plain, write

PROVIDER = "responses"
_USUAL = "production"
_STACK = "assistants"


@dataclass(frozen=True, slots=True)
class ResponsesPlace:
    """The environment, the configuration that has it, and what `reconciler.yaml` becomes for it."""

    environment: Environment
    config: Config
    edited: Mapping[str, str] = field(default_factory=dict)
    before: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_new(self) -> bool:
        """Whether it is added."""
        return bool(self.edited)


def responses_place(loaded: Config, source: Environment | None, into: str | None) -> ResponsesPlace:
    """The environment of the provider `responses` with this name; else one for what the source has, or the only one.

    One that is not stated is added to the text of `reconciler.yaml`; nothing is written.
    """
    stated = [each for each in loaded.environments.values() if each.provider == PROVIDER]
    if into is None and source is None and len(stated) == 1:
        return ResponsesPlace(stated[0], loaded)
    name = into or _name_for(loaded, source)
    there = loaded.environments.get(name)
    if there is not None and there.provider == PROVIDER:
        return ResponsesPlace(there, loaded)
    if there is not None or name in loaded.broken:
        raise Failure(f"The environment {name} does not have the provider `{PROVIDER}`.", "pass --into NAME")
    if not NAME.fullmatch(name):
        raise Failure(f"{name!r} is not a name for an environment.", f"use {NAME_RULE}")
    before = text_of(loaded.root, FILE) if loaded.file is not None else None
    folder = f"dist/{source.name if source is not None and into is None else name}"
    after = _with_environment(before, loaded, name, _stated_place(before, loaded, source, folder))
    return _place_in(after, loaded, name, before)


def _name_for(loaded: Config, source: Environment | None) -> str:
    if source is not None:
        return source.name if source.provider == PROVIDER else f"{source.name}-{PROVIDER}"
    return PROVIDER if _USUAL in {*loaded.environments, *loaded.broken} else _USUAL


def _stated_place(text: str | None, loaded: Config, source: Environment | None, folder: str) -> dict[str, Json]:
    """What is stated of it: what manifests need of the source's environment is as it is there, and a stack it needs."""
    documents = parse(text or "", FILE).documents
    document = documents[0] if documents else None
    environments = member(document, "environments")
    node = member(environments, source.name) if source is not None else None
    own = plain(node) if node is not None else None
    members: dict[str, Json] = own if isinstance(own, dict) else {}
    if source is not None:  # some may be inherited
        members |= {"values": {**source.values}, "models": {**source.models}}
    kept = {name: members[name] for name in ("stack", "values", "models") if members.get(name)}
    if document is not None and "stack" not in kept and member(document, "stack") is None:
        kept["stack"] = _usual_stack(loaded)
    stated: dict[str, Json] = {"provider": PROVIDER, "folder": folder, "kinds": ["assistant"], **kept}
    return stated if kept else OneLine(stated)


def _usual_stack(loaded: Config) -> str:
    return slug_of(loaded.root.name) or _STACK


def _with_environment(text: str | None, loaded: Config, name: str, stated: dict[str, Json]) -> str:
    if text is None:
        stack: dict[str, Json] = {"stack": _usual_stack(loaded)}
        if loaded.environments:  # what was tried under the stack of a folder without this file keeps it
            return write({"version": 1, "environments": {name: {**stated, **stack}}})
        return write({"version": 1, **stack, "environments": {name: stated}})
    document = parse(text, FILE).documents[0]
    after = edited(text, FILE, document.place, [Edit(("environments", name), stated)])
    if after is None:
        line = f"{name}: {{provider: {PROVIDER}, folder: {stated['folder']}}}"
        raise Failure(f"{FILE} cannot be edited safely.", f"add this under `environments`: {line}")
    return after


def _place_in(text: str, loaded: Config, name: str, before: str | None) -> ResponsesPlace:
    read = read_configuration(text, loaded.root)
    faults = read.config.broken.get(name, ()) if read.config is not None else errors(read.faults)
    if read.config is None or faults:
        reasons = "\n".join(f"{fault.message} {fault.remedy}" for fault in faults)
        raise Failure(f"The environment {name} cannot be added to {FILE}.", reasons)
    there = replace(read.config, file=loaded.file)  # which may not be written yet
    return ResponsesPlace(there.environments[name], there, {FILE: text}, {} if before is None else {FILE: before})
