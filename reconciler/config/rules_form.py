"""The form of `rules:` in reconciler.yaml, for the file and for each environment."""

from __future__ import annotations

from typing import Annotated, Any, Final

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema

from reconciler.config.field_types import OneOrMore
from reconciler.diagnostics import did_you_mean
from reconciler.kinds.model_schema import Schema
from reconciler.rules import ADJUSTABLE, RULES, RuleSettings
from reconciler.rules.settings import Chosen
from reconciler.settings import misfit

SEVERITIES: Final = ("allow", "note", "warning", "error")


def _known_code(value: str) -> str:
    if value not in ADJUSTABLE:
        message = f"`{value}` is not a code of a rule or a warning."
        raise misfit("unknown-value", message, did_you_mean(value, ADJUSTABLE))
    return value


def _severity(value: Any) -> Any:
    if value not in SEVERITIES:
        stated = f"`{value}`" if isinstance(value, str) else "This"  # `off` is false in YAML
        raise misfit("unknown-value", f"{stated} is not a severity.", f"one of {', '.join(SEVERITIES)}")
    return value


def _phrase(value: str) -> str:
    if not value.strip():
        raise misfit("too-small", "A text without a character.", "write a word or a phrase, or leave it out")
    return value


_Phrase = Annotated[str, AfterValidator(_phrase), WithJsonSchema({"type": "string", "pattern": r"\S"})]
_Texts = OneOrMore[_Phrase] | None


def _characters(value: Any) -> Any:
    if value is not None and (type(value) is not int or value < 1):
        raise misfit("wrong-type", "`largest_prompt` is a number of characters.", "write a whole number from 1 on")
    return value


def _severity_schema() -> Schema:
    told = {code: RULES[code].sentence if code in RULES else "A warning of `validate`." for code in sorted(ADJUSTABLE)}
    codes = {code: {"description": text, "enum": list(SEVERITIES)} for code, text in told.items()}
    return {"type": "object", "properties": codes, "additionalProperties": False}


class RulesForm(BaseModel):
    """How severe findings are, and the team's policy."""

    model_config = ConfigDict(strict=True, extra="forbid")

    severity: Annotated[
        dict[Annotated[str, AfterValidator(_known_code)], Annotated[Chosen, BeforeValidator(_severity)]],
        WithJsonSchema(_severity_schema()),
        Field(description="How severe a finding is, by its code; `allow` silences it."),
    ] = {}
    models: Annotated[
        _Texts, Field(description="The models that manifests may use; `*` stands for any characters.")
    ] = None
    metadata: Annotated[_Texts, Field(description="The metadata keys that every manifest must have.")] = None
    forbidden: Annotated[
        _Texts, Field(description="Words and phrases that no text for a model may contain, whatever their case.")
    ] = None
    largest_prompt: Annotated[
        int | None,
        BeforeValidator(_characters),
        WithJsonSchema({"type": ["integer", "null"], "minimum": 1}),
        Field(description="The most characters that a prompt may have."),
    ] = None


def rule_settings(common: RulesForm, own: RulesForm) -> RuleSettings:
    """What holds in an environment: its own settings, and those of the file that it does not state."""

    def either(name: str) -> Any:
        stated = getattr(own, name)
        return getattr(common, name) if stated is None else stated

    models = either("models")
    return RuleSettings(
        severity={**common.severity, **own.severity},
        models=None if models is None else tuple(models),
        metadata=tuple(either("metadata") or ()),
        forbidden=tuple(either("forbidden") or ()),
        largest_prompt=either("largest_prompt"),
    )
