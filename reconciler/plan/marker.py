"""The marker: whose an object is and what the last apply left in it, in at most 512 characters.

    v1 acme/production/hr-helper id=asst_abc rm=keep n=3f9c… c=1a2b3c4d5e6f+dirty f=1 i=x9Zk2w d=… m=…

The readable part comes first. `d` holds six characters for each field of the kind, in the kind's
order; `m` ten for each member of the fields that are attributed member by member, where all fit.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import get_args
from urllib.parse import quote, unquote

from reconciler.canonical import ABSENT, Absent, Fields, Json, digest
from reconciler.kinds import Kind
from reconciler.model import Desired, Live, Marker, OnRemoval
from reconciler.paths import Path, at, copied, show, without

KEY = "reconciler"
LIMIT = 512

_NAME = r"[a-z0-9][a-z0-9._-]{0,63}"
_OWNER = re.compile(
    rf"v(?P<version>\d+) (?P<stack>{_NAME})/(?P<environment>{_NAME})/(?P<key>{_NAME})(?: (?P<rest>.*))?"
)
_FORM = re.compile(r"[0-9]{1,9}")
_INDEX = "0123456789abcdefghijklmnopqrstuvwxyz"
_FIELD = 6
_HASH = 4
_MEMBER = 6
_NONE = "-" * _FIELD
_LONGEST_ID = 64
_CUT = 128


def stamp(
    desired: Desired, kind: Kind, owner: tuple[str, str], *, id: str | None, nonce: str, commit: str | None
) -> Marker:
    """The marker for an object that is about to hold what is desired."""
    stack, environment = owner
    return Marker(
        stack=stack,
        environment=environment,
        key=desired.address.key,
        form=kind.form,
        digests=digests(desired.fields, desired.ignore, kind),
        ignored=ignore_digest(desired.ignore),
        id=id,
        on_removal=desired.on_removal,
        nonce=nonce,
        commit=commit,
    )


def holding(stamped: Marker, desired: Desired, live: Live, previous: Marker | None, kind: Kind) -> Marker:
    """The stamp of a write that holds something back: of that it says what the marker on the object said.

    An object that is adopted has none yet: what it holds is what this apply leaves there.
    """
    known = previous or replace(stamped, digests=digests(live.fields, desired.ignore, kind))
    fields = dict(desired.fields)
    kept: set[str] = set()
    for path in desired.held:
        was = _applied_side(path, desired, live, known, kind) if len(path) > 1 else None
        if was is None:
            kept |= {path[0], _member(path)}
        else:
            fields[path[0]] = kind.tidy(path[0], copied(fields[path[0]], path[1:], was))
    made = digests(fields, desired.ignore, kind)
    if kept and "#" not in known.digests:
        kept |= {name for name in made if name.startswith("#")}
    said = {name: known.digests[name] for name in kept if name in known.digests}
    return replace(
        stamped,
        digests={name: value for name, value in made.items() if name not in kept} | said,
        ignored=known.ignored,
        on_removal=known.on_removal if ("reconciler",) in desired.held else stamped.on_removal,
    )


def _applied_side(path: Path, desired: Desired, live: Live, known: Marker, kind: Kind) -> Json:
    """The side of a field, live or desired, that has at the path what was applied there; None where neither has."""
    field, by_member = path[0], "#" in known.digests
    for body in (live.fields, desired.fields):
        value = less_ignored(field, body[field], desired.ignore, kind)
        here = _member_digest(value, path[1:]) if by_member else _none_if_absent(value)
        if here == applied(known, kind, path if by_member else path[:1]):
            return body[field]
    return None


def _member_digest(value: Json | Absent, path: Path) -> str:
    there, member = at(None if isinstance(value, Absent) else value, path)
    return digest(member if there else ABSENT, _MEMBER)


def digests(fields: Fields, ignore: Iterable[Path], kind: Kind) -> dict[str, str]:
    """What is remembered of a body: a digest a field, and one a member, by `#` and a hash of its path."""
    found: dict[str, str] = {"#": ""}
    for field in kind.fields:
        value = less_ignored(field, fields[field], ignore, kind)
        found[field] = _none_if_absent(value)
        members = kind.members(field, value) if not isinstance(value, Absent) else {}
        for path, member in members.items():
            if path != (field,):
                found[_member(path)] = digest(member, _MEMBER)
    return found


def less_ignored(field: str, value: Json, ignore: Iterable[Path], kind: Kind) -> Json | Absent:
    """A field's value without what is left to the dashboard; `ABSENT` where that is all of it."""
    inside = [path[1:] for path in ignore if path[0] == field]
    if () in inside:
        return ABSENT
    for path in inside:
        value = without(value, path)
    return kind.tidy(field, value) if inside else value


def applied(marker: Marker, kind: Kind, path: Path) -> str | None:
    """The digest that the last apply left at a field or a member; None where none was kept."""
    if path[0] not in marker.digests:
        return None
    if len(path) == 1:
        return marker.digests[path[0]]
    if "#" not in marker.digests:
        return None
    return marker.digests.get(_member(path), digest(ABSENT, _MEMBER))


def ignore_digest(ignore: Iterable[Path]) -> str:
    """A digest of what is left to the dashboard; empty where nothing is."""
    shown = sorted(show(path) for path in ignore)
    return digest(list(shown), _FIELD) if shown else ""


def encode(marker: Marker, kind: Kind) -> str:
    """The marker as the text of one metadata value."""
    words = [
        f"v1 {marker.stack}/{marker.environment}/{marker.key}",
        f"id={_short_id(marker.id)}" if marker.id else "",
        f"rm={marker.on_removal}" if marker.on_removal != "delete" else "",
        f"n={marker.nonce}" if marker.nonce else "",
        f"c={marker.commit}" if marker.commit else "",
        f"f={marker.form}",
        f"i={marker.ignored}" if marker.ignored else "",
        _packed_unsettled(marker, kind),
        f"x={marker.rejected}" if marker.rejected else "",
        "d=" + "".join(marker.digests.get(field, _NONE) for field in kind.fields),
    ]
    text = " ".join(word for word in words if word)
    members = "".join(sorted(name[1:] + value for name, value in marker.digests.items() if name.startswith("#")))
    fits = "#" in marker.digests and len(text) + len(" m=") + len(members) <= LIMIT
    return f"{text} m={members}" if fits else text


def decode(text: Json, kind: Kind) -> Marker | None:
    """The marker that a metadata value holds; None where it holds none."""
    match = _OWNER.fullmatch(text) if isinstance(text, str) else None
    if match is None:
        return None
    rest = dict(word.split("=", 1) for word in (match["rest"] or "").split(" ") if "=" in word)
    marker = Marker(
        stack=match["stack"],
        environment=match["environment"],
        key=match["key"],
        form=int(rest["f"]) if match["version"] == "1" and _FORM.fullmatch(rest.get("f", "")) else -1,
        id=unquote(rest["id"]) if "id" in rest else None,
        on_removal=_on_removal(rest.get("rm")),
        unsettled=_unsettled(rest.get("u", ""), kind),
        rejected=rest.get("x"),
        nonce=rest.get("n"),
        commit=rest.get("c"),
        ignored=rest.get("i", ""),
    )
    return replace(marker, digests=_digests(rest, kind)) if marker.form == kind.form else marker


def agrees(wanted: Marker, found: Marker, kind: Kind, text: Json = None) -> bool:
    """Whether the two say the same, but for the run, the commit and the object's own id.

    A server that cuts values short leaves the beginning of the `text`: writing it again would be no use.
    """
    same = encode(replace(wanted, id=found.id, nonce=found.nonce, commit=found.commit), kind)
    return decode(same, kind) == found or (isinstance(text, str) and len(text) >= _CUT and same.startswith(text))


def is_left_by(desired: Desired, marker: Marker, kind: Kind) -> bool:
    """Whether an apply of the manifest leaves this marker, whatever the server made of it."""
    wanted = stamp(desired, kind, (marker.stack, marker.environment), id=None, nonce="", commit=None)
    return agrees(replace(wanted, unsettled=marker.unsettled, rejected=marker.rejected), marker, kind)


def is_own(marker: Marker, id: str) -> bool:
    """Whether the marker was written for this object, as far as it says; a copy carries another's id."""
    return marker.id is None or marker.id in (id, _short_id(id))


def _packed_unsettled(marker: Marker, kind: Kind) -> str:
    listed = (f"{_INDEX[kind.fields.index(field)]}{value}" for field, value in sorted(marker.unsettled.items()))
    packed = "".join(listed)
    return f"u={packed}" if packed else ""


def _unsettled(packed: str, kind: Kind) -> dict[str, str]:
    width = 1 + _FIELD
    parts = [packed[start : start + width] for start in range(0, len(packed), width)]
    known = dict(zip(_INDEX, kind.fields, strict=False))
    return {known[part[0]]: part[1:] for part in parts if len(part) == width and part[0] in known}


def _on_removal(word: str | None) -> OnRemoval:
    for known in get_args(OnRemoval):
        if word == known:
            return word  # type: ignore[return-value]  # it is one of them
    return "delete" if word is None else "refuse"


def _digests(rest: Mapping[str, str], kind: Kind) -> dict[str, str]:
    packed = rest.get("d", "")
    parts = [packed[start : start + _FIELD] for start in range(0, len(packed), _FIELD)]
    found = {
        field: part for field, part in zip(kind.fields, parts, strict=False) if len(part) == _FIELD and part != _NONE
    }
    width = _HASH + _MEMBER
    if "m" in rest and len(rest["m"]) % width == 0:  # some servers cut values short; a part says what is not so
        members = [rest["m"][start : start + width] for start in range(0, len(rest["m"]), width)]
        found.update({f"#{member[:_HASH]}": member[_HASH:] for member in members}, **{"#": ""})
    return found


def _none_if_absent(value: Json | Absent) -> str:
    return _NONE if isinstance(value, Absent) else digest(value, _FIELD)


def _member(path: Path) -> str:
    return "#" + digest(list(path), _HASH)


def _short_id(id: str) -> str:
    quoted = quote(id, safe="")
    return quoted if len(quoted) <= _LONGEST_ID else "~" + digest(id, 16)
