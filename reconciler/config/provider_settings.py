"""What an environment states for its provider, checked by the provider's own model; and errors in our words."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from reconciler.config.values import LOCAL, Environment
from reconciler.diagnostics import CODES, Diagnostic, did_you_mean
from reconciler.kinds.problems import siblings
from reconciler.settings import ProviderSettings
from reconciler.source import Node, locate

Providers: TypeAlias = Mapping[str, type[ProviderSettings]]
Errors: TypeAlias = list[tuple[str | None, Diagnostic]]
"""Each with the environment that it is of; one of the file as a whole has none."""

_KINDS_OF_VALUE: Final = {
    "string_type": "Text",
    "list_type": "A list",
    "dict_type": "A mapping",
    "model_type": "A mapping",
    "bool_type": "`true` or `false`",
}
_MISSING: Final = {
    "version": "write `version: 1` as the first line",
    "name": "write `stack: {name: …, was: […]}`, or the name alone",
}


def implied(providers: Providers) -> dict[str, Environment]:
    """The environments that need no file, since the provider's name is enough to reach its server."""
    return {
        name: Environment(name, name, settings())
        for name, settings in providers.items()
        if not settings.embedded and not any(field.is_required() for field in settings.model_fields.values())
    }


def settings_of_all(
    value: Any, node: Node, providers: Providers, common: Collection[str]
) -> tuple[dict[str, ProviderSettings], Errors]:
    """By environment, what it states for its provider beside the common fields, and what is wrong with that."""
    environments = value.get("environments") if isinstance(value, dict) else None
    stated = {LOCAL: None, **(environments if isinstance(environments, dict) else {})}
    sound: dict[str, ProviderSettings] = {}
    wrong: Errors = []
    for name, own in stated.items():
        fields = own if isinstance(own, dict) else {}
        provider = str(fields.get("provider") or (LOCAL if name == LOCAL else ""))
        block = _Block(node, name, provider, providers, common)
        try:
            sound[name] = block.form.model_validate({each: fields[each] for each in fields if each not in common})
        except ValidationError as error:
            found = error.errors(include_url=False, include_input=False)
            faults = [(name, fault) for detail in found for fault in block.faults(detail)]
            wrong += faults
            if not faults:  # its provider is missing or unknown, which is reported elsewhere
                sound[name] = ProviderSettings()
    return sound, wrong


@dataclass(frozen=True, slots=True)
class _Block:
    """What an environment states."""

    node: Node
    name: str
    provider: str
    providers: Providers
    common: Collection[str]

    @property
    def form(self) -> type[ProviderSettings]:
        return self.providers.get(self.provider, ProviderSettings)

    def faults(self, detail: ErrorDetails) -> Iterator[Diagnostic]:
        """What is wrong with a setting; of an unknown provider only what no provider has."""
        path = detail["loc"]
        if detail["type"] == "extra_forbidden" and len(path) == 1:
            yield from self._unknown(str(path[0]))
        else:
            placed: Any = {**detail, "loc": ("environments", self.name, *path)}
            yield form_error(self.node, placed, siblings(self.form, map(str, path)), self.form.remedies)

    def _unknown(self, field: str) -> Iterator[Diagnostic]:
        place = locate(self.node, ["environments", self.name, field], key=True)
        having = [name for name, settings in self.providers.items() if field in settings.model_fields]
        if having and self.provider in self.providers:
            remedy = f"remove it, or write {' or '.join(f'`provider: {name}`' for name in having)}"
            yield Diagnostic(place, "config", f"The provider `{self.provider}` has no `{field}`.", remedy)
        elif not having:
            known = [*self.common, *(each for form in self.providers.values() for each in form.model_fields)]
            own = [*self.common, *self.form.model_fields] if self.provider in self.providers else known
            yield Diagnostic(place, "unknown-field", f"There is no `{field}` here.", did_you_mean(field, own))


def form_error(
    node: Node, detail: ErrorDetails, known: Collection[str], remedies: Mapping[str, str] = _MISSING
) -> Diagnostic:
    """The error in our words; `known` are the fields that stand beside."""
    path, kind = detail["loc"], detail["type"]
    field = str(path[-1]) if path else ""
    place = locate(node, path, key=kind == "extra_forbidden" or field == "[key]")
    if kind in CODES:
        return Diagnostic(place, kind, detail["ctx"]["message"], detail["ctx"]["remedy"])
    if kind == "extra_forbidden":
        return Diagnostic(place, "unknown-field", f"There is no `{field}` here.", did_you_mean(field, known))
    if kind == "missing":
        return Diagnostic(place, "missing-field", f"`{field}` is missing.", remedies.get(field, f"write `{field}: …`"))
    if kind == "too_short":
        return Diagnostic(place, "missing-field", "An empty list.", "name one at least, or leave it out")
    wanted = _KINDS_OF_VALUE.get(kind, "Something else")
    remedy = "quote it, if it is text" if wanted == "Text" else ""
    return Diagnostic(place, "wrong-type", f"{wanted} belongs here.", remedy)
