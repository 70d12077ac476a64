"""The marker: whose an object is and what the last apply left in it, in at most 512 characters.

    v1 acme/production/hr-helper id=asst_abc rm=keep n=3f9c… c=1a2b3c4d5e6f+dirty f=1 i=x9Zk2w d=… m=…

The readable part comes first. `d` holds six characters for each field of the kind, in the kind's
order; `m` ten for each member of the fields that are attributed member by member, where all fit.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Final, get_args
from urllib.parse import quote, unquote

from reconciler.canonical import ABSENT, Absent, Fields, Json, digest
from reconciler.kinds import Kind
from reconciler.kinds.metadata import MARKER
from reconciler.model import NAME, Desired, Live, Marker, OnRemoval
from reconciler.paths import Path, at, copied, has, show, without

KEY: Final = MARKER
LIMIT: Final = 512
WIDTH: Final = 6
"""Characters of each digest in a marker."""

_STEP: Final = f"({NAME.pattern})"
_OWNER: Final = re.compile(rf"v(\d+) {_STEP}/{_STEP}/{_STEP}(?: (.*))?")
_FORM: Final = re.compile(r"[0-9]{1,9}")
_INDEX: Final = "0123456789abcdefghijklmnopqrstuvwxyz"
_PATH_WIDTH: Final = 4
_NONE: Final = "-" * WIDTH
_LONGEST_ID: Final = 64
_CUT: Final = 128


def short_digest(value: Json | Absent) -> str:
    """What a marker remembers of the value of a field or a member."""
    return digest(value, WIDTH)


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
    """The stamp of a write that holds something back: of that it says what the marker on the object remembered.

    An object that is adopted has none yet: what it holds is what this apply leaves there.
    """
    known = previous or replace(stamped, digests=digests(live.fields, desired.ignore, kind))
    fields = dict(desired.fields)
    kept: set[str] = set()
    for path in desired.held:
        was = _applied_side(path, desired, live, known, kind) if len(path) > 1 else None
        if was is None:
            kept |= {path[0], _member_name(path)}
        else:
            fields[path[0]] = kind.tidy(path[0], copied(fields[path[0]], path[1:], was))
    made = digests(fields, desired.ignore, kind)
    if kept and "#" not in known.digests:
        kept |= {name for name in made if name.startswith("#")}
    remembered = {name: known.digests[name] for name in kept if name in known.digests}
    return replace(
        stamped,
        digests={name: value for name, value in made.items() if name not in kept} | remembered,
        ignored=known.ignored,
        on_removal=known.on_removal if ("reconciler",) in desired.held else stamped.on_removal,
    )


def _applied_side(path: Path, desired: Desired, live: Live, known: Marker, kind: Kind) -> Json:
    """The side of a field, live or desired, that has at the path what was applied there; None where neither has."""
    field, by_member = path[0], "#" in known.digests
    for body in (live.fields, desired.fields):
        value = less_ignored(field, body[field], desired.ignore, kind)
        here = short_digest(at(value, path[1:])) if by_member else _field_digest(value)
        if here == applied(known, path if by_member else path[:1]):
            return body[field]
    return None


def digests(fields: Fields, ignore: Iterable[Path], kind: Kind) -> dict[str, str]:
    """What is remembered of a body: a digest a field, and one a member, by `#` and a hash of its path."""
    found: dict[str, str] = {"#": ""}
    for field in kind.fields:
        value = less_ignored(field, fields[field], ignore, kind)
        found[field] = _field_digest(value)
        members = kind.members(field, value) if not isinstance(value, Absent) else {}
        for path, member in members.items():
            if path != (field,):
                found[_member_name(path)] = short_digest(member)
    return found


def less_ignored(field: str, value: Json, ignore: Iterable[Path], kind: Kind) -> Json | Absent:
    """A field's value without what is left to the dashboard; `ABSENT` where that is all of it."""
    inside = [path[1:] for path in ignore if path[0] == field]
    if () in inside:
        return ABSENT
    for path in inside:
        value = without(value, path)
    return kind.tidy(field, value) if inside else value


def applied(marker: Marker, path: Path) -> str | None:
    """The digest that the last apply left at a field or a member; None where none was kept."""
    if path[0] not in marker.digests:
        return None
    if len(path) == 1:
        return marker.digests[path[0]]
    if "#" not in marker.digests:
        return None
    return marker.digests.get(_member_name(path), short_digest(ABSENT))


def is_stated(path: Path, body: Mapping[str, Json], fields: Fields) -> bool:
    """Whether anything is at a path; of a whole field the normal form does not tell null from the default."""
    return has(dict(body if len(path) == 1 else fields), path)


def less_unstated(live: Live, kind: Kind) -> tuple[frozenset[Path], Fields]:
    """What of an object a server chose, as far as its marker tells, and its fields without that."""
    chosen = frozenset(path for path in kind.choosable(live.fields) if not _was_stated(path, live, kind))
    kept = {name: less_ignored(name, live.fields[name], chosen, kind) for name in kind.fields}
    return chosen, {name: kind.default(name) if isinstance(value, Absent) else value for name, value in kept.items()}


def _was_stated(path: Path, live: Live, kind: Kind) -> bool:
    """Whether a value that servers may choose was stated; without a marker it is taken to be."""
    if not is_stated(path, live.raw, live.fields):
        return False
    members = kind.members(path[0], live.fields[path[0]])
    part = next(part for part in members if path[: len(part)] == part)
    left = applied(live.marker, part) if live.marker is not None else None
    unstated = kind.default(path[0]) if len(path) == 1 else kind.less_chosen(part, members[part])
    return (left or short_digest(members[part])) != short_digest(unstated)


def ignore_digest(ignore: Iterable[Path]) -> str:
    """A digest of what is left to the dashboard; empty where nothing is."""
    shown: list[Json] = [*sorted(map(show, ignore))]
    return short_digest(shown) if shown else ""


def encode(marker: Marker, kind: Kind) -> str:
    """The marker as the text of one metadata value."""
    unsettled = "".join(
        f"{_INDEX[kind.fields.index(field)]}{value}" for field, value in sorted(marker.unsettled.items())
    )
    words = [
        f"v1 {marker.stack}/{marker.environment}/{marker.key}",
        f"id={_short_id(marker.id)}" if marker.id else "",
        f"rm={marker.on_removal}" if marker.on_removal != "delete" else "",
        f"n={marker.nonce}" if marker.nonce else "",
        f"c={marker.commit}" if marker.commit else "",
        f"f={marker.form}",
        f"i={marker.ignored}" if marker.ignored else "",
        f"u={unsettled}" if unsettled else "",
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
    version, stack, environment, key, words = match.groups(default="")
    rest = dict(word.split("=", 1) for word in words.split(" ") if "=" in word)
    form = int(rest["f"]) if version == "1" and _FORM.fullmatch(rest.get("f", "")) else -1
    return Marker(
        stack=stack,
        environment=environment,
        key=key,
        form=form,
        digests=_digests(rest, kind) if form == kind.form else {},
        id=unquote(rest["id"]) if "id" in rest else None,
        on_removal=_on_removal(rest.get("rm")),
        unsettled=_unsettled(rest.get("u", ""), kind),
        rejected=rest.get("x"),
        nonce=rest.get("n"),
        commit=rest.get("c"),
        ignored=rest.get("i", ""),
    )


def agrees(wanted: Marker, present: Marker, kind: Kind, text: Json = None) -> bool:
    """Whether the two say the same, but for the run, the commit and the object's own id.

    A server that cuts values short leaves the beginning of the `text`: writing it again would be no use.
    """
    same = encode(replace(wanted, id=present.id, nonce=present.nonce, commit=present.commit), kind)
    return decode(same, kind) == present or (isinstance(text, str) and len(text) >= _CUT and same.startswith(text))


def is_left_by(desired: Desired, marker: Marker, kind: Kind) -> bool:
    """Whether an apply of the manifest leaves this marker, whatever the server made of it."""
    wanted = stamp(desired, kind, (marker.stack, marker.environment), id=None, nonce="", commit=None)
    return agrees(replace(wanted, unsettled=marker.unsettled, rejected=marker.rejected), marker, kind)


def is_own(marker: Marker, id: str) -> bool:
    """Whether the marker was written for this object, as far as it says; a copy carries another's id."""
    return marker.id is None or marker.id in (id, _short_id(id))


def _packed_parts(packed: str, width: int) -> list[str]:
    return [packed[start : start + width] for start in range(0, len(packed), width)]


def _unsettled(packed: str, kind: Kind) -> dict[str, str]:
    known = dict(zip(_INDEX, kind.fields, strict=False))
    whole = (part for part in _packed_parts(packed, 1 + WIDTH) if len(part) == 1 + WIDTH)
    return {known[part[0]]: part[1:] for part in whole if part[0] in known}


def _on_removal(word: str | None) -> OnRemoval:
    for known in get_args(OnRemoval):
        if word == known:
            return word  # type: ignore[return-value]  # it is one of them
    return "delete" if word is None else "refuse"


def _digests(rest: Mapping[str, str], kind: Kind) -> dict[str, str]:
    packed = zip(kind.fields, _packed_parts(rest.get("d", ""), WIDTH), strict=False)
    known = {field: part for field, part in packed if len(part) == WIDTH and part != _NONE}
    width = _PATH_WIDTH + WIDTH
    if "m" in rest and len(rest["m"]) % width == 0:  # some servers cut values short; a part says what is not so
        members = {f"#{part[:_PATH_WIDTH]}": part[_PATH_WIDTH:] for part in _packed_parts(rest["m"], width)}
        return {**known, **members, "#": ""}
    return known


def _field_digest(value: Json | Absent) -> str:
    return _NONE if isinstance(value, Absent) else short_digest(value)


def _member_name(path: Path) -> str:
    return "#" + digest(list(path), _PATH_WIDTH)


def _short_id(id: str) -> str:
    quoted = quote(id, safe="")
    return quoted if len(quoted) <= _LONGEST_ID else "~" + digest(id, 16)
