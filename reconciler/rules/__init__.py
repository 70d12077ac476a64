"""Judgement: what is allowed and yet probably wrong, and what a team's policy forbids. How each finding is silenced."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Final, Literal, TypeAlias

from reconciler.diagnostics import CODES, Diagnostic, did_you_mean, errors, in_order
from reconciler.rules.allow_comments import AllowComments, ManifestText, allow_comments
from reconciler.rules.key_shapes import POSSIBLE_SECRET
from reconciler.rules.merge_markers import MERGE_MARKERS
from reconciler.rules.online import ONLINE
from reconciler.rules.policy import POLICY
from reconciler.rules.rule import JudgedEnvironment, JudgedResource, Rule, RuleFinding
from reconciler.rules.sampling import SAMPLING
from reconciler.rules.settings import RuleSettings
from reconciler.rules.strict_schemas import STRICT_SUBSET
from reconciler.rules.tool_rules import SEARCH, UNDESCRIBED

__all__ = [
    "ADJUSTABLE",
    "RULES",
    "JudgedEnvironment",
    "JudgedResource",
    "Judging",
    "ManifestText",
    "Rule",
    "RuleSettings",
    "report",
]

_BAD_ALLOW: Final = Rule("bad-allow", "warning", "A comment `# reconciler: allow CODE` that can silence nothing.")
_UNUSED_ALLOW: Final = Rule("unused-allow", "note", "A comment `# reconciler: allow CODE` that silences nothing.")

_NO_COMMENTS: Final = AllowComments()

RULES: dict[str, Rule] = {
    rule.code: rule
    for rule in (
        SAMPLING,
        SEARCH,
        UNDESCRIBED,
        STRICT_SUBSET,
        POSSIBLE_SECRET,
        MERGE_MARKERS,
        *ONLINE,
        *POLICY,
        _BAD_ALLOW,
        _UNUSED_ALLOW,
    )
}
"""By code."""

_WARNINGS: Final = (
    "json-not-mentioned",
    "model-family",
    "no-effect",
    "retired-api",
    "retired-model",
    "unknown-model",
    "unknown-tool",
    "unread-folder",
    "unused-file",
)
"""What is found without rules, as a warning or a note, and can be silenced in the same ways."""
ADJUSTABLE: Final = frozenset({*RULES, *_WARNINGS})
"""The codes whose severity reconciler.yaml may state."""

Judging: TypeAlias = Literal["all", "errors", "none"]
"""Which rules judge."""
_Texts: TypeAlias = Mapping[str, Sequence[RuleFinding]]
"""By code, what was found in the texts of files."""


def report(
    environments: Sequence[JudgedEnvironment],
    sources: Mapping[str, str],
    manifests: Callable[[], Sequence[ManifestText]],
    *,
    judging: Judging = "all",
    every: bool = False,
    online: bool = False,
) -> tuple[Diagnostic, ...]:
    """What was found without rules, as far as nothing silences it, and what the rules find.

    All rules judge and the comments are judged too, or only rules whose findings are errors, or none, and then nothing
    becomes an error that was none. `every` and `online` say that all environments and their servers were asked: a
    comment that silences nothing is useless then.
    """
    codes = {code for each in environments for code in _judging(each.settings, judging)}
    found = [diagnostic for each in environments for diagnostic in each.found]
    if not codes and not any(_is_adjustable(each) for each in found):
        return tuple(found)
    texts = {code: [each for item in sources.items() for each in RULES[code].of_text(*item)] for code in codes}
    allowed = allow_comments(manifests, sources)
    reported = [
        diagnostic for each in environments for diagnostic in _of_environment(each, sources, texts, allowed, judging)
    ]
    if judging == "all":
        of_comments = [*_bad(allowed), *(_unused(allowed, online=online) if every and not errors(found) else ())]
        reported += [
            diagnostic
            for each in environments
            for rule, finding in of_comments
            for diagnostic in _of_rule(rule, finding, each.settings)
        ]
    return in_order(reported)


def _judging(settings: RuleSettings, judging: Judging) -> Iterator[str]:
    """The codes of the rules that judge."""
    for code, rule in RULES.items():
        severity = settings.severity.get(code, rule.severity)
        is_stated = not rule.is_policy or settings.states_policy
        if is_stated and severity != "allow" and (judging == "all" or (judging, severity) == ("errors", "error")):
            yield code


def _of_environment(
    environment: JudgedEnvironment,
    sources: Mapping[str, str],
    texts: _Texts,
    allowed: AllowComments,
    judging: Judging,
) -> Iterator[Diagnostic]:
    settings = environment.settings if judging != "none" else environment.settings.less_errors()
    for diagnostic in environment.found:
        yield from _adjusted(diagnostic, settings, allowed) if _is_adjustable(diagnostic) else (diagnostic,)
    for rule in (RULES[code] for code in _judging(settings, judging)):
        for resource in environment.resources:
            for finding in rule.of_resource(resource, settings, sources):
                yield from _of_rule(rule, finding, settings, allowed)
        for finding in texts[rule.code]:
            yield from _of_rule(rule, finding, settings, allowed)


def _is_adjustable(diagnostic: Diagnostic) -> bool:
    """Whether something may silence it: no error that the API would make of it."""
    return diagnostic.severity != "error" and diagnostic.code in ADJUSTABLE


def _of_rule(
    rule: Rule, finding: RuleFinding, settings: RuleSettings, allowed: AllowComments = _NO_COMMENTS
) -> Iterator[Diagnostic]:
    found = Diagnostic(finding.place, rule.code, finding.message, finding.remedy, rule.severity)
    return _adjusted(found, settings, _NO_COMMENTS if rule.is_policy else allowed)


def _adjusted(diagnostic: Diagnostic, settings: RuleSettings, allowed: AllowComments) -> Iterator[Diagnostic]:
    """The finding as severe as reconciler.yaml has it; nothing where that or a comment silences it."""
    if allowed.silence(diagnostic):
        return
    severity = settings.severity.get(diagnostic.code, diagnostic.severity)
    if severity != "allow":
        yield replace(diagnostic, severity=severity)


def _bad(allowed: AllowComments) -> Iterator[tuple[Rule, RuleFinding]]:
    """The comments that can silence nothing."""
    for place in allowed.malformed:
        remedy = "write `# reconciler: allow CODE, CODE`, and a reason in parentheses"
        yield _BAD_ALLOW, RuleFinding(place, "A code is missing here.", remedy)
    for comment in allowed.listed:
        rule = RULES.get(comment.code)
        if rule is not None and rule.is_policy:
            message = f"`{comment.code}` is the team's policy, which no comment silences."
            yield _BAD_ALLOW, RuleFinding(comment.place, message, "change `rules` in reconciler.yaml, or remove this")
        elif comment.code in CODES and comment.code not in ADJUSTABLE:
            message = f"`{comment.code}` cannot be silenced."
            yield _BAD_ALLOW, RuleFinding(comment.place, message, "remove this, and fix what is reported")
        elif comment.code not in ADJUSTABLE:
            known = (code for code in ADJUSTABLE if code not in RULES or not RULES[code].is_policy)
            message = f"`{comment.code}` is not a code of a warning."
            yield _BAD_ALLOW, RuleFinding(comment.place, message, did_you_mean(comment.code, known))


def _unused(allowed: AllowComments, *, online: bool) -> Iterator[tuple[Rule, RuleFinding]]:
    """The comments that could silence something, and do not."""
    for comment in allowed.unused:
        rule = RULES.get(comment.code)
        is_judged = comment.code in ADJUSTABLE and (
            rule is None or not (rule.is_policy or (rule.is_online and not online))
        )
        if is_judged:
            message = f"`{comment.code}` is not reported here, so this comment silences nothing."
            yield _UNUSED_ALLOW, RuleFinding(comment.place, message, "remove it")
