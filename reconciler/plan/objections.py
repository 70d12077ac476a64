"""The codes of objections: what each means, what it was called before, and which cannot be overridden."""

from __future__ import annotations

from typing import Final

API_GONE: Final = "api-gone"
OBJECTIONS: dict[str, str] = {
    API_GONE: "Manifests want objects of a kind whose API the server does not have.",
    "conflict": "A field changed in Git and in the live object since the last apply.",
    "duplicate": "Several live objects carry one address; where no manifest wants it, only if they differ.",
    "id-not-found": "A manifest names an id that was not found.",
    "kind-changed": "An object would be destroyed whose key is now that of another kind.",
    "marker-lost": "A create is of an object that is live and was managed from here, and has no marker any more.",
    "metadata-full": "A live object has sixteen metadata pairs, which leaves no room for the marker.",
    "no-manifests": "No manifest is found while objects are managed.",
    "other-environment": "Another environment manages the object that a manifest names.",
    "other-stack": "Another stack manages the object that a manifest names.",
    "outdated-checkout": "The object was last applied from a commit, and a state, that this history does not contain.",
    "possible-duplicate": "A create has the name or content of an object that is unmanaged, or about to be deleted.",
    "refused-removal": "The manifest of an object with `on_removal: refuse` was removed.",
    "renamed-twice": "Both a key and one it had before are live.",
    "rolled-back": "Git still says exactly what was rolled back.",
    "too-many-changes": "More changes than `limits.changes` allows.",
    "too-many-deletes": "More deletes than `limits.deletes` allows, by default a fifth of what is managed.",
    "unreliable-list": "The server's list contradicts itself, so that what it leaves out is unknown.",
    "wrong-project": "The server answered for another project than the environment's.",
}
FORMER_CODES: dict[str, str] = {
    "behind": "outdated-checkout",
    "id-gone": "id-not-found",
    "looks-like": "possible-duplicate",
    "no-room": "metadata-full",
}
"""What objections were called before; `--allow` and labels still take these."""
NEVER_ALLOWED = frozenset({API_GONE, "unreliable-list"})
"""The objections that cannot be overridden: what they are about cannot be looked at either."""
