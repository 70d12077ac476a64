"""The JSON Schema of one line of `--json`: an event of an apply.

As in the plan's document, further members are accepted: minor versions of these lines only add.
"""

from __future__ import annotations

from typing import Final

from reconciler.kinds.model_schema import Schema
from reconciler.render.plan_schema import listed, member, object_of

_COMMON: Final = {
    "@level": {"description": "How severe it is.", "enum": ["info", "warn", "error"]},
    "@message": member("string", "The event as a sentence."),
    "@module": member("string", "Who speaks: `reconciler.ui`."),
}
_TIMESTAMP: Final = {"@timestamp": member("string", "When it happened, in UTC.")}
_RESOURCE: Final = object_of(
    "What it is about.",
    {
        "addr": member("string", "Kind and key, such as `assistant.hr-helper`."),
        "kind": member("string", "The kind."),
        "key": member("string", "The key within the kind."),
        "id": member("string null", "The id of the live object, if there is one."),
    },
)
_HOOK: Final = {"resource": _RESOURCE, "action": member("string", "What is done, such as `update`, or `mark`.")}
_SECONDS: Final = {"elapsed_seconds": member("integer", "How long it has taken.")}
_RESULT: Final = {
    **_HOOK,
    **_SECONDS,
    "outcome": {
        "description": "What became of it.",
        "enum": ["done", "unsettled", "failed", "stale", "skipped"],
    },
}
_KNOWN_ID: Final = {"id_value": member("string", "The id of the object.")}
_FIGURES: Final = object_of(
    "The figures.",
    {
        **{name: member("integer", f"How many: {name}.") for name in ("add", "change", "import", "remove", "forget")},
        "operation": {"description": "Whether this is planned or done.", "enum": ["plan", "apply"]},
    },
)
_DIAGNOSTIC: Final = object_of(
    "What a person should know.",
    {
        "severity": {"description": "How severe it is.", "enum": ["error", "warning", "info"]},
        "summary": member("string", "What it is, in one line."),
        "detail": member("string", "What to do, if there is something."),
        "address": member("string null", "What it is about."),
    },
)
_OBJECTION: Final = object_of(
    "The objection that it is.",
    {"code": member("string", "Its code."), "allowed": member("boolean", "Whether it was overridden.")},
    rarely={"allowed_by": member("string", "Who overrode it.")},
)
_OVERWRITTEN: Final = object_of(
    "A value that is in no commit.",
    {"path": member("string", "The path of the field."), "before": {"description": "The value."}},
)
_PLANNED: Final = object_of(
    "The change.", {**_HOOK, "digest": member("string", "A digest of the change, as in the plan's document.")}
)


def event_schema() -> Schema:
    """What a line may be, by its `type`."""
    failed = {
        **_KNOWN_ID,
        "request_id": member("string", "The id of the request that failed."),
        "in_doubt": member("boolean", "Whether it may have happened all the same."),
    }
    rarely_of_diagnostic = {
        "objection": _OBJECTION,
        "remainder": member("boolean", "Whether it says what differs once all is done."),
    }
    done = {**_KNOWN_ID, "done": member("string", "What was done, in words.")}
    return {
        "description": "One line of `reconciler apply --json`.",
        "oneOf": [
            _event_of("version", {name: member("string", f"The version of {name}.") for name in ("reconciler", "ui")}),
            _event_of("planned_change", {"change": _PLANNED}),
            _event_of("diagnostic", {"diagnostic": _DIAGNOSTIC}, rarely_of_diagnostic),
            _event_of(
                "change_summary",
                {"changes": _FIGURES},
                {"fingerprint": member("string", "Equal in plans that do the same.")},
            ),
            _event_of(
                "apply_start",
                {"hook": object_of("The task.", _HOOK)},
                {"overwrites": listed("What it writes over.", _OVERWRITTEN)},
            ),
            _event_of("apply_progress", {"hook": object_of("The task.", {**_HOOK, **_SECONDS})}),
            _event_of("apply_complete", {"hook": object_of("The task.", _RESULT, rarely=done)}),
            _event_of("apply_errored", {"hook": object_of("The task.", _RESULT, rarely=failed)}),
        ],
    }


def _event_of(type_: str, members: Schema, rarely: Schema | None = None) -> Schema:
    stated = {**_COMMON, "type": {"description": "What it tells.", "const": type_}, **members}
    return object_of(f"An event of type {type_}.", stated, rarely={**_TIMESTAMP, **(rarely or {})})
