"""The JSON Schema of the plan's JSON document: what each member is.

Every member that is always there is required. Further members are accepted: minor versions of the format only add.
"""

from __future__ import annotations

from typing import Any, Final, TypeAlias, get_args

from reconciler.model import Action, Applies, Cause, Origin

_Schema: TypeAlias = dict[str, Any]


def _a(types: str, description: str, **more: Any) -> _Schema:
    """A member of these types."""
    names = types.split()
    return {"description": description, "type": names[0] if len(names) == 1 else names, **more}


def _enumerated(words: Any, description: str, *, nullable: bool = False) -> _Schema:
    return {"description": description, "enum": [*get_args(words), *([None] if nullable else [])]}


def _object(description: str, members: _Schema, *, rarely: _Schema | None = None, types: str = "object") -> _Schema:
    """A mapping whose members are always there, apart from those that rarely are."""
    whole = {**members, **(rarely or {})}
    return _a(types, description, properties=whole, required=list(members))


def _list(description: str, items: _Schema) -> _Schema:
    return _a("array", description, items=items)


_ADDRESS: Final = _a("string", "Kind and key, such as `assistant.hr-helper`.")
_FILE: Final = _a("string null", "The manifest, from the root of the repository; null if there is none.")
_LINE: Final = _a("integer null", "The line at which the manifest begins.")
_PATH: Final = _a("string", "The path of the field, such as `metadata.team` or `tools.functions.lookup`.")
_ORIGIN: Final = _enumerated(
    Origin, "With a base: whether this change brings it, or it was pending before; else null.", nullable=True
)
_FIGURES: Final = {
    "add": _a("integer", "How many are created."),
    "change": _a("integer", "How many are changed in place."),
    "destroy": _a("integer", "How many are deleted."),
    "import": _a("integer", "How many are adopted."),
    "forget": _a("integer", "How many are no longer managed, and stay."),
}
_FIELD: Final = _object(
    "One field that differs.",
    {
        "path": _PATH,
        "before": {"description": "The live value; null if there is none."},
        "after": {"description": "The desired value; null if there is none."},
        "cause": _enumerated(Cause, "Who changed it: Git, the server, both, or nobody knows."),
        "origin": _ORIGIN,
    },
    rarely={
        "file": _a("string", "The file that the value comes from."),
        "files": _list("The files that the value comes from.", _a("string", "A file.")),
        "reason": _a("string", "Why the field changes although no manifest says so."),
        "applied": {"description": "The value of the last apply, of a conflict."},
    },
)
_MEANING: Final = _object(
    "What a change of a JSON Schema means to its callers.",
    {
        "path": _PATH,
        "text": _a("string", "What it means."),
        "breaking": _a("boolean", "Whether callers may break."),
    },
)
_CHANGE: Final = _object(
    "One thing that an apply does.",
    {
        "address": _ADDRESS,
        "kind": _a("string", "The kind, such as `assistant`."),
        "key": _a("string", "The key within the kind."),
        "previous_key": _a("string null", "The key before a rename."),
        "action": _enumerated(Action, "What is done."),
        "origin": _ORIGIN,
        "id": _a("string null", "The id of the live object."),
        "file": _FILE,
        "line": _LINE,
        "seen": _a("string null", "A digest of the live object that the plan was made from."),
        "digest": _a("string", "A digest of the change: what was reviewed is known again by it."),
        "fields": _list("The fields that differ.", _FIELD),
        "patch": _a("object", "What is sent, less the marker."),
        "previous_stack": _a("string null", "The stack before its rename."),
        "unchanged_fields": _a("integer", "How many fields do not differ."),
        "meanings": _list("What changes of JSON Schemas mean to callers.", _MEANING),
    },
)
_OBJECTION: Final = _object(
    "A reason why changes are probably wrong.",
    {
        "code": _a("string", "Its code, by which `--allow` overrides it."),
        "message": _a("string", "What is wrong."),
        "address": _a("string null", "What it is about; null if it is about the plan."),
        "remedy": _a("string", "What to do."),
        "allowed": _a("boolean", "Whether it was overridden."),
        "allowed_by": _a("string null", "Who overrode it, by a label."),
        "holds": _list("The addresses whose changes it blocks.", _ADDRESS),
        "origin": _ORIGIN,
    },
)
_MISMATCH: Final = _object(
    "A live object that is not as stated after its last apply.",
    {
        "address": _ADDRESS,
        "id": _a("string", "The id of the live object."),
        "file": _a("string", "The manifest."),
        "line": _LINE,
        "fields": _list(
            "Where it is not as stated.",
            _object(
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
    "name": _a("string", "Its name."),
    "provider": _a("string", "The type of its server."),
    "base_url": _a("string null", "The address of its server."),
    "organization": _a("string null", "The organization that requests are for."),
    "project": _a("string null", "The project that requests are for."),
}
_BASE: Final = {
    "revision": _a("string", "The revision as it was named."),
    "commit": _a("string null", "Its commit; null if it is unknown."),
    "manifests_changed": _a("boolean", "Whether the manifests differ from it."),
}
_UNTOUCHED: Final = {
    "unchanged": _a("integer", "How many are as stated."),
    "unmanaged": _a("integer", "How many live objects are not managed here."),
}
_ELSEWHERE: Final = {"elsewhere": _a("integer", "How many of the unmanaged another stack manages.")}
_MARK: Final = {"address": _ADDRESS, "id": _a("string", "The id of the live object.")}
_PENDING: Final = {
    "summary": _object("The figures.", _FIGURES),
    "changes": _list("What was pending before.", _CHANGE),
    "objections": _list("What speaks against that.", _OBJECTION),
}


def plan_schema() -> _Schema:
    """What the JSON document of a plan is."""
    return _object("A plan of reconciler, as `--format json` prints it.", _plan_members())


def _plan_members() -> _Schema:
    return {
        "format_version": _a("string", "The version of this format; minor versions only add.", pattern=r"^1\.[0-9]+$"),
        "reconciler_version": _a("string", "The version of reconciler that made it."),
        "stack": _a("string", "The stack."),
        "environment": _object("The environment.", _ENVIRONMENT),
        "base": _object("The revision that the plan was compared with; null without one.", _BASE, types="object null"),
        "applies": _enumerated(Applies, "What an apply of it applies: what the change brings, or everything."),
        "kinds": _list("The kinds that it is about.", _a("string", "A kind.")),
        "offline": _a("string null", "Why nothing live was read; null if it was."),
        "fingerprint": _a("string", "Equal in plans that do the same."),
        "digest": _a("string", "A digest of the document, by which an edited one is refused."),
        "summary": _object("The figures.", {**_FIGURES, **_UNTOUCHED}, rarely=_ELSEWHERE),
        "changes": _list("What an apply does.", _CHANGE),
        "marks": _list("The objects whose marker alone is refreshed.", _object("One object.", _MARK)),
        "objections": _list("What speaks against it.", _OBJECTION),
        "pending": _object("What was pending before and is not applied, else null.", _PENDING, types="object null"),
        "notes": _list("What else a reviewer should know.", _a("string", "A note.")),
        "mismatches": _list("What the server did not take as it was sent.", _MISMATCH),
        "applyable": _a("boolean", "Whether an apply of it would do anything."),
        "complete": _a("boolean", "Whether nothing is left once it is applied."),
    }
