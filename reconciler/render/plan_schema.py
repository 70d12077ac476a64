"""The JSON Schema of the plan's JSON document: what each member is.

Every member that is always there is required. Further members are accepted: minor versions of the format only add.
"""

from __future__ import annotations

from typing import Any, Final, get_args

from reconciler.kinds.model_schema import Schema
from reconciler.model import Action, Applies, Cause, Origin


def member(types: str, description: str, **more: Any) -> Schema:
    """A member of these types."""
    names = types.split()
    return {"description": description, "type": names[0] if len(names) == 1 else names, **more}


def _enumerated(words: Any, description: str, *, nullable: bool = False) -> Schema:
    return {"description": description, "enum": [*get_args(words), *([None] if nullable else [])]}


def object_of(description: str, members: Schema, *, rarely: Schema | None = None, types: str = "object") -> Schema:
    """A mapping whose members are always there, apart from those that rarely are."""
    whole = {**members, **(rarely or {})}
    return member(types, description, properties=whole, required=list(members))


def listed(description: str, items: Schema) -> Schema:
    """A list of such entries."""
    return member("array", description, items=items)


_ADDRESS: Final = member("string", "Kind and key, such as `assistant.hr-helper`.")
_FILE: Final = member("string null", "The manifest, from the root of the repository; null if there is none.")
_LINE: Final = member("integer null", "The line at which the manifest begins.")
_PATH: Final = member("string", "The path of the field, such as `metadata.team` or `tools.functions.lookup`.")
_ORIGIN: Final = _enumerated(
    Origin, "With a base: whether this change brings it, or it was pending before; else null.", nullable=True
)
_FIGURES: Final = {
    "add": member("integer", "How many are created."),
    "change": member("integer", "How many are changed in place."),
    "destroy": member("integer", "How many are deleted."),
    "import": member("integer", "How many are adopted."),
    "forget": member("integer", "How many are no longer managed, and stay."),
}
_FIELD: Final = object_of(
    "One field that differs.",
    {
        "path": _PATH,
        "before": {"description": "The live value; null if there is none."},
        "after": {"description": "The desired value; null if there is none."},
        "cause": _enumerated(Cause, "Who changed it: Git, the server, both, or nobody knows."),
        "origin": _ORIGIN,
    },
    rarely={
        "file": member("string", "The file that the value comes from."),
        "files": listed("The files that the value comes from.", member("string", "A file.")),
        "reason": member("string", "Why the field changes although no manifest says so."),
        "applied": {"description": "The value of the last apply, of a conflict."},
    },
)
_MEANING: Final = object_of(
    "What a change of a JSON Schema means to its callers.",
    {
        "path": _PATH,
        "text": member("string", "What it means."),
        "breaking": member("boolean", "Whether callers may break."),
    },
)
_CHANGE: Final = object_of(
    "One thing that an apply does.",
    {
        "address": _ADDRESS,
        "kind": member("string", "The kind, such as `assistant`."),
        "key": member("string", "The key within the kind."),
        "previous_key": member("string null", "The key before a rename."),
        "action": _enumerated(Action, "What is done."),
        "origin": _ORIGIN,
        "id": member("string null", "The id of the live object."),
        "file": _FILE,
        "line": _LINE,
        "seen": member("string null", "A digest of the live object that the plan was made from."),
        "digest": member("string", "A digest of the change: what was reviewed is known again by it."),
        "fields": listed("The fields that differ.", _FIELD),
        "patch": member("object", "What is sent, less the marker."),
        "previous_stack": member("string null", "The stack before its rename."),
        "unchanged_fields": member("integer", "How many fields do not differ."),
        "meanings": listed("What changes of JSON Schemas mean to callers.", _MEANING),
    },
)
_OBJECTION: Final = object_of(
    "A reason why changes are probably wrong.",
    {
        "code": member("string", "Its code, by which `--allow` overrides it."),
        "message": member("string", "What is wrong."),
        "address": member("string null", "What it is about; null if it is about the plan."),
        "remedy": member("string", "What to do."),
        "allowed": member("boolean", "Whether it was overridden."),
        "allowed_by": member("string null", "Who overrode it, by a label."),
        "holds": listed("The addresses whose changes it blocks.", _ADDRESS),
        "origin": _ORIGIN,
    },
)
_MISMATCH: Final = object_of(
    "A live object that is not as stated after its last apply.",
    {
        "address": _ADDRESS,
        "id": member("string", "The id of the live object."),
        "file": member("string", "The manifest."),
        "line": _LINE,
        "fields": listed(
            "Where it is not as stated.",
            object_of(
                "One path.",
                {
                    "path": _PATH,
                    "live": {"description": "The live value."},
                    "desired": {"description": "The desired value."},
                },
            ),
        ),
    },
)


_ENVIRONMENT: Final = {
    "name": member("string", "Its name."),
    "provider": member("string", "The type of its server."),
    "base_url": member("string null", "The address of its server."),
    "organization": member("string null", "The organization that requests are for."),
    "project": member("string null", "The project that requests are for."),
}
_BASE: Final = {
    "revision": member("string", "The revision as it was named."),
    "commit": member("string null", "Its commit; null if it is unknown."),
    "manifests_changed": member("boolean", "Whether the manifests differ from it."),
}
_UNTOUCHED: Final = {
    "unchanged": member("integer", "How many are as stated."),
    "unmanaged": member("integer", "How many live objects are not managed here."),
}
_ELSEWHERE: Final = {"elsewhere": member("integer", "How many of the unmanaged another stack manages.")}
_MARK: Final = {"address": _ADDRESS, "id": member("string", "The id of the live object.")}
_PENDING: Final = {
    "summary": object_of("The figures.", _FIGURES),
    "changes": listed("What was pending before.", _CHANGE),
    "objections": listed("What speaks against that.", _OBJECTION),
}


def plan_schema() -> Schema:
    """What the JSON document of a plan is."""
    return object_of("A plan of reconciler, as `--format json` prints it.", _plan_members())


def _plan_members() -> Schema:
    return {
        "format_version": member(
            "string", "The version of this format; minor versions only add.", pattern=r"^1\.[0-9]+$"
        ),
        "reconciler_version": member("string", "The version of reconciler that made it."),
        "stack": member("string", "The stack."),
        "environment": object_of("The environment.", _ENVIRONMENT),
        "base": object_of(
            "The revision that the plan was compared with; null without one.", _BASE, types="object null"
        ),
        "applies": _enumerated(Applies, "What an apply of it applies: what the change brings, or everything."),
        "kinds": listed("The kinds that it is about.", member("string", "A kind.")),
        "offline": member("string null", "Why nothing live was read; null if it was."),
        "fingerprint": member("string", "Equal in plans that do the same."),
        "digest": member("string", "A digest of the document, by which an edited one is refused."),
        "summary": object_of("The figures.", {**_FIGURES, **_UNTOUCHED}, rarely=_ELSEWHERE),
        "changes": listed("What an apply does.", _CHANGE),
        "marks": listed("The objects whose marker alone is refreshed.", object_of("One object.", _MARK)),
        "objections": listed("What speaks against it.", _OBJECTION),
        "pending": object_of("What was pending before and is not applied, else null.", _PENDING, types="object null"),
        "notes": listed("What else a reviewer should know.", member("string", "A note.")),
        "mismatches": listed("What the server did not take as it was sent.", _MISMATCH),
        "applyable": member("boolean", "Whether an apply of it would do anything."),
        "complete": member("boolean", "Whether nothing is left once it is applied."),
    }
