"""What becomes of assistants elsewhere, as text, as Markdown and as JSON."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from textwrap import wrap
from typing import Final, TypeAlias

from reconciler.canonical import Json
from reconciler.kinds.carrying import FieldVerdict, Verdict
from reconciler.kinds.migration import TARGETS, VERDICTS, Assessment
from reconciler.paths import show
from reconciler.render import markup
from reconciler.render.sentences import count
from reconciler.render.style import Style, paint
from reconciler.render.values import in_ascii, one_line

AssessmentFormat: TypeAlias = Callable[[Sequence[Assessment], Style], str]
_INKS: Final = {"lost": "bad", "changed": "warning", "same": "good"}
_NOTHING: Final = "There is no assistant in the manifests, so there is nothing to assess."
_FOOT: Final = (
    "Nothing was sent or written. Wherever an assistant goes, it gets another id or none, so the programs that call it"
    " change too: threads and runs become sessions of an agent, or requests."
)
_MARGIN: Final = 13


def _text(assessments: Sequence[Assessment], style: Style) -> str:
    if not assessments:
        return f"{_NOTHING}\n"
    blocks = ["\n".join(_block(each, style)) for each in assessments]
    ends = [*_totals(assessments), _FOOT]
    return "\n\n".join([*blocks, *("\n".join(wrap(line, style.width)) for line in ends)]) + "\n"


def _block(assessment: Assessment, style: Style) -> Iterator[str]:
    yield f"{paint(one_line(str(assessment.address)), 'bold', style)}  {one_line(assessment.place.file)}"
    for target, name in TARGETS.items():
        yield f"  as {name}: {_counts(assessment, target)}"
        for verdict, paths, text in _rows(assessment, target):
            named = ", ".join(map(one_line, paths)) + (f": {text}" if text else "")
            first, *rest = wrap(named, style.width - _MARGIN, break_long_words=False, break_on_hyphens=False)
            yield f"    {paint(f'{verdict:<8}', _INKS[verdict], style)} {first}"
            yield from (f"{' ' * _MARGIN}{line}" for line in rest)
    best, why = assessment.recommended
    yield f"  Recommended: {TARGETS[best]}; {why}."


def _markdown(assessments: Sequence[Assessment], style: Style) -> str:
    if not assessments:
        return f"{_NOTHING}\n"
    table = [
        "| assistant | as an agent | as a Responses request | recommended |",
        "|---|---|---|---|",
        *(
            f"| {markup.span(str(each.address))} | {_counts(each, 'agent')} | {_counts(each, 'responses')} "
            f"| {TARGETS[each.recommended[0]]} |"
            for each in assessments
        ),
    ]
    blocks = ["\n".join(_markdown_block(each)) for each in assessments]
    return "\n\n".join(["\n".join(table), *_totals(assessments), *blocks, _FOOT]) + "\n"


def _markdown_block(assessment: Assessment) -> Iterator[str]:
    best, why = assessment.recommended
    yield f"### {markup.span(str(assessment.address))}\n\nRecommended: {TARGETS[best]}; {why}."
    for target, name in TARGETS.items():
        yield f"\n**As {name}**: {_counts(assessment, target)}\n"
        for verdict, paths, text in _rows(assessment, target):
            yield f"- {verdict}: {', '.join(map(markup.span, paths))}{f': {markup.sentence(text)}' if text else ''}"


def _json(assessments: Sequence[Assessment], style: Style) -> str:
    listed = [_data(each) for each in assessments]
    return in_ascii({"format_version": "1.0", "assistants": listed}, indent=2) + "\n"


def _data(assessment: Assessment) -> dict[str, object]:
    best, why = assessment.recommended
    targets: dict[str, object] = {
        target: {"counts": assessment.counted(target), "fields": [_field_data(each) for each in found]}
        for target, found in assessment.targets.items()
    }
    return {
        "address": str(assessment.address),
        "file": assessment.place.file,
        "targets": targets,
        "recommended": {"target": best, "reason": why},
    }


def _field_data(verdict: FieldVerdict) -> Json:
    environments: Json = [*verdict.environments] if verdict.environments else None
    return {"path": [*verdict.path], "verdict": verdict.verdict, "text": verdict.text, "environments": environments}


def _counts(assessment: Assessment, target: str) -> str:
    """`2 lost, 1 changed, 4 same`."""
    numbers = assessment.counted(target)
    return ", ".join(f"{numbers[verdict]} {verdict}" for verdict in VERDICTS if numbers[verdict])


def _rows(assessment: Assessment, target: str) -> Iterator[tuple[Verdict, list[str], str]]:
    """The fields of one verdict and text together, the losses first."""
    grouped: dict[tuple[Verdict, str], list[str]] = {}
    for each in assessment.targets[target]:
        grouped.setdefault((each.verdict, each.text), []).append(_path(each))
    for (verdict, text), paths in sorted(grouped.items(), key=lambda item: VERDICTS.index(item[0][0])):
        yield verdict, paths, text


def _path(verdict: FieldVerdict) -> str:
    where = f" ({', '.join(verdict.environments)})" if verdict.environments else ""
    return f"{show(verdict.path)}{where}"


def _totals(assessments: Sequence[Assessment]) -> Iterator[str]:
    """`2 of 3 assistants lose nothing as a Responses request, 0 as an agent.`"""
    lossless = {target: sum(not each.counted(target)["lost"] for each in assessments) for target in TARGETS}
    of = " and ".join(f"{number:,} as {TARGETS[target]}" for target, number in lossless.items())
    yield f"Of {count(len(assessments), 'assistant')}, these lose nothing: {of}."


ASSESSMENT_FORMATS: dict[str, AssessmentFormat] = {"text": _text, "markdown": _markdown, "json": _json}
