"""The marker tells whose an object is, always fits, and survives whatever stands in its place."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.canonical import ABSENT, Absent, Json, digest
from reconciler.diagnostics import Location
from reconciler.kinds import KINDS, Kind
from reconciler.model import Address, Desired, Marker, OnRemoval
from reconciler.paths import Path
from reconciler.plan import marker as markers

KIND: Kind = KINDS["assistant"]
OWNER = ("acme", "production")
DEFAULTS: dict[str, Json] = {field: KIND.default(field) for field in KIND.fields}
NAMES = st.from_regex(r"[a-z0-9][a-z0-9._-]{0,63}", fullmatch=True)


def desired(fields: dict[str, Json] | None = None, **more: object) -> Desired:
    body = {**DEFAULTS, "model": "gpt-4o", **(fields or {})}
    return replace(Desired(Address("assistant", "hr-helper"), body, Location("hr-helper.yaml", 1, 1)), **more)  # type: ignore[arg-type]  # each is a field


def stamp(
    fields: dict[str, Json] | None = None, *, id: str | None = "asst_1", commit: str | None = "abc", **more: object
) -> Marker:
    return markers.stamp(desired(fields, **more), KIND, OWNER, id=id, nonce="3f9c", commit=commit)


def decoded(text: Json) -> Marker:
    found = markers.decode(text, KIND)
    assert found is not None
    return found


def functions(count: int) -> Json:
    return {"functions": {f"look_up_{number}": {"description": str(number)} for number in range(count)}}


def test_the_readable_part_comes_first() -> None:
    text = markers.encode(
        stamp({"name": "HR"}, on_removal="keep", ignore=(("temperature",),), commit="1a2b3c+dirty"), KIND
    )

    assert text.startswith("v1 acme/production/hr-helper id=asst_1 rm=keep n=3f9c c=1a2b3c+dirty f=1 i=")


def test_what_is_not_so_is_not_said() -> None:
    assert markers.encode(replace(stamp(id=None, commit=None), nonce=None, digests={}), KIND) == (
        "v1 acme/production/hr-helper f=1 d=" + "-" * 66
    )


@given(
    stack=NAMES,
    environment=NAMES,
    key=NAMES,
    id=st.none() | st.text(st.characters(codec="utf-8"), min_size=1, max_size=200),
    on_removal=st.sampled_from(("delete", "keep", "refuse")),
    nonce=st.from_regex(r"[0-9a-f]{8}", fullmatch=True),
    commit=st.none() | st.from_regex(r"[0-9a-f]{12,40}(\+dirty)?", fullmatch=True),
    count=st.integers(0, 40),
    ignore=st.sets(st.sampled_from([("temperature",), ("metadata", "last eval"), ("tools", "functions", "look_up_0")])),
)
def test_any_marker_fits_and_reads_as_it_was(
    stack: str,
    environment: str,
    key: str,
    id: str | None,
    on_removal: OnRemoval,
    nonce: str,
    commit: str | None,
    count: int,
    ignore: set[Path],
) -> None:
    address = Address("assistant", key)
    wanted = desired({"tools": functions(count)}, address=address, ignore=tuple(sorted(ignore)), on_removal=on_removal)
    marker = markers.stamp(wanted, KIND, (stack, environment), id=id, nonce=nonce, commit=commit)
    text = markers.encode(marker, KIND)
    found = decoded(text)

    assert len(text) <= markers.LIMIT
    assert markers.encode(found, KIND) == text
    assert (found.stack, found.environment, found.key) == (stack, environment, key)
    assert (found.on_removal, found.nonce, found.commit) == (on_removal, nonce, commit)
    assert (found.form, found.ignored) == (KIND.form, marker.ignored)
    assert markers.is_own(found, id or "anything")
    assert markers.agrees(marker, found, KIND)
    assert found.digests.items() <= dict(marker.digests).items()


@given(st.text() | st.from_regex(r"v1 a/b/c [a-z]+=[^ ]* (f|d|m|i|rm|id)=.*", fullmatch=True))
def test_any_text_is_a_marker_or_none(text: str) -> None:
    found = markers.decode(text, KIND)

    assert found is None or len(markers.encode(found, KIND)) >= len("v1 a/b/c f=1 d=")


@pytest.mark.parametrize(
    "text",
    [
        None,
        3,
        True,
        [],
        {},
        "",
        "hr",
        "v1",
        "v1 acme/production",
        "v1 Acme/production/hr",
        "v1 acme/production/hr\n",
        "v1 acme/production/hr f=1\nx",
        "x1 acme/production/hr f=1",
        "v1  acme/production/hr f=1",
        f"v1 acme/production/{'x' * 65} f=1",
    ],
)
def test_what_is_no_marker_reads_as_none(text: Json) -> None:
    assert markers.decode(text, KIND) is None


@pytest.mark.parametrize(
    "rest",
    ["", " ", " f=", " f=x", " f=2", " f=²", f" f={'9' * 5000}", " f=-1", " nothing", " f=2 d=aaaaaabbbbbb m=cccc"],
)
def test_a_marker_of_another_form_still_says_whose_it_is(rest: str) -> None:
    found = decoded(f"v1 acme/production/hr{rest}")

    assert (found.stack, found.environment, found.key) == ("acme", "production", "hr")
    assert found.form != KIND.form
    assert found.digests == {}


def test_a_marker_of_a_later_version_keeps_its_owner_and_loses_its_digests() -> None:
    found = decoded("v2 acme/production/hr f=1 d=aaaaaa rm=keep")

    assert (found.key, found.form, found.on_removal, found.digests) == ("hr", -1, "keep", {})


@pytest.mark.parametrize(
    ("word", "on_removal"),
    [("", "delete"), (" rm=delete", "delete"), (" rm=keep", "keep"), (" rm=refuse", "refuse"), (" rm=x", "refuse")],
)
def test_an_unknown_way_of_removal_refuses(word: str, on_removal: OnRemoval) -> None:
    assert decoded(f"v1 acme/production/hr{word} f=1").on_removal == on_removal


@pytest.mark.parametrize(
    ("rest", "digests"),
    [
        ("d=aaaaaabbbbbb", {"model": "aaaaaa", "name": "bbbbbb"}),
        ("d=aaaaaabbb", {"model": "aaaaaa"}),
        ("d=------bbbbbb", {"name": "bbbbbb"}),
        ("d=", {}),
        ("", {}),
        ("m=", {"#": ""}),
        ("m=hashmember", {"#": "", "#hash": "member"}),
        ("m=hashmemberha", {}),
    ],
)
def test_digests_are_read_as_far_as_they_go(rest: str, digests: dict[str, str]) -> None:
    assert decoded(f"v1 acme/production/hr f=1 {rest}").digests == digests


@pytest.mark.parametrize(
    ("marked", "id", "own"),
    [
        (None, "asst_1", True),
        ("asst_1", "asst_1", True),
        ("asst_1", "asst_2", False),
        ("a b/c=d~é", "a b/c=d~é", True),
        ("x" * 64, "x" * 64, True),
        ("x" * 65, "x" * 65, True),
        ("x" * 65, "x" * 66, False),
    ],
)
def test_a_copy_carries_the_id_of_another(marked: str | None, id: str, own: bool) -> None:
    assert markers.is_own(decoded(markers.encode(stamp(id=marked), KIND)), id) is own


AGREEING: dict[str, dict[str, object]] = {
    "the run": {"nonce": "other"},
    "the commit": {"commit": None},
    "its own id": {"id": None},
}
DISAGREEING: dict[str, dict[str, object]] = {
    "the key": {"key": "other"},
    "the stack": {"stack": "other"},
    "on_removal": {"on_removal": "keep"},
    "what is ignored": {"ignored": "abcdef"},
    "the form": {"form": 2},
    "a digest": {"digests": {}},
}


@pytest.mark.parametrize("other", AGREEING.values(), ids=AGREEING)
def test_markers_agree_whatever_the_run(other: dict[str, object]) -> None:
    assert markers.agrees(stamp(), decoded(markers.encode(replace(stamp(), **other), KIND)), KIND)  # type: ignore[arg-type]  # each is a field


@pytest.mark.parametrize("other", DISAGREEING.values(), ids=DISAGREEING)
def test_markers_disagree_about_anything_else(other: dict[str, object]) -> None:
    assert not markers.agrees(stamp(), decoded(markers.encode(replace(stamp(), **other), KIND)), KIND)  # type: ignore[arg-type]  # each is a field


TOOLS: dict[str, Json] = {"tools": {"file_search": {}, "functions": {"a": {"description": "x"}, "b": {}}}}


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("tools", "functions", "a"), {"description": "x"}),
        (("tools", "functions", "b"), {}),
        (("tools", "file_search"), {}),
        (("tools", "functions", "c"), ABSENT),
        (("metadata", "team"), "people"),
        (("metadata", "other"), ABSENT),
        (("model",), "gpt-4o"),
        (("temperature",), 1),
    ],
)
def test_what_was_applied_is_remembered_member_by_member(path: Path, value: Json | Absent) -> None:
    found = decoded(markers.encode(stamp({**TOOLS, "metadata": {"team": "people"}}), KIND))

    assert markers.applied(found, path) == digest(value, 6)


@pytest.mark.parametrize("path", [("tools", "functions", "look_up_0"), ("metadata", "team")])
def test_without_room_for_members_only_fields_are_remembered(path: Path) -> None:
    found = decoded(markers.encode(stamp({"tools": functions(128)}), KIND))

    assert markers.applied(found, path) is None
    assert markers.applied(found, ("tools",)) == digest(functions(128), 6)


@pytest.mark.parametrize("path", [("temperature",), ("metadata",), ("metadata", "team")])
def test_a_field_left_to_the_dashboard_is_not_remembered(path: Path) -> None:
    ignoring = stamp({"metadata": {"team": "people"}}, ignore=(("temperature",), ("metadata",)))

    assert markers.applied(decoded(markers.encode(ignoring, KIND)), path) is None


@pytest.mark.parametrize(
    ("ignore", "rest"),
    [
        ((), {"a": "1", "b": "2"}),
        ((("metadata", "a"),), {"b": "2"}),
        ((("metadata", "x"), ("name",)), {"a": "1", "b": "2"}),
        ((("metadata", "a"), ("metadata", "b")), {}),
        ((("metadata",),), ABSENT),
    ],
)
def test_what_is_ignored_is_left_out(ignore: tuple[Path, ...], rest: Json | Absent) -> None:
    assert markers.less_ignored("metadata", {"a": "1", "b": "2"}, ignore, KIND) == rest


def test_the_digest_of_what_is_ignored_knows_no_order() -> None:
    paths: tuple[Path, ...] = (("temperature",), ("metadata", "a b"))

    assert markers.ignore_digest(paths) == markers.ignore_digest(reversed(paths)) != ""
    assert markers.ignore_digest(paths[:1]) != markers.ignore_digest(paths)
    assert markers.ignore_digest(()) == ""


def test_what_ignoring_empties_is_as_if_it_had_never_been_there() -> None:
    ignore = (("tool_resources", "file_search", "vector_store_ids"), ("tools", "functions", "f"))

    stores: Json = {"file_search": {"vector_store_ids": ["vs_1"]}}
    assert markers.less_ignored("tool_resources", stores, ignore, KIND) == {}
    assert markers.less_ignored("tools", {"file_search": {}, "functions": {"f": {}}}, ignore, KIND) == {
        "file_search": {}
    }


@pytest.mark.parametrize("lost", range(1, 10))
def test_members_that_a_server_cuts_off_are_unknown_and_not_absent(lost: int) -> None:
    path = ("tools", "functions", "f1")
    whole = markers.encode(stamp({"tools": {"functions": {"f1": {}, "f2": {}}}}), KIND)

    assert markers.applied(decoded(whole), path) is not None
    assert markers.applied(decoded(whole[:-lost]), path) is None


def test_a_marker_that_a_server_cuts_short_is_not_written_again() -> None:
    many: Json = {"functions": {f"f{n}": {} for n in range(5)}}
    whole = markers.encode(stamp({"tools": many}), KIND)
    cut = whole[:130]
    assert len(whole) > len(cut)

    assert markers.agrees(stamp({"tools": many}), decoded(cut), KIND, cut)
    assert not markers.agrees(stamp({"tools": many}), decoded(cut), KIND)
    assert not markers.agrees(stamp({"name": "New"}), decoded(whole), KIND, whole)


@pytest.mark.parametrize(
    "then", [{"unsettled": {"name": "abcdef"}}, {"rejected": "x"}, {"nonce": "n9", "commit": None}]
)
def test_what_was_applied_is_known_again_whatever_became_of_it(then: dict[str, object]) -> None:
    left = replace(decoded(markers.encode(stamp({"name": "HR"}), KIND)), **then)  # type: ignore[arg-type]  # each is a field

    assert markers.is_left_by(desired({"name": "HR"}), left, KIND)
    assert not markers.is_left_by(desired({"name": "Other"}), left, KIND)
    assert not markers.is_left_by(desired({"name": "HR"}, ignore=(("name",),)), left, KIND)


def test_a_marker_of_today_is_read_by_every_later_version() -> None:
    """Its digests are on live objects everywhere: another byte would turn every field into one of unknown cause."""
    own = {"name": "HR", "metadata": {"team": "people"}, "tools": functions(2)}

    assert markers.encode(stamp(own, ignore=(("temperature",),)), KIND) == (
        "v1 acme/production/hr-helper id=asst_1 n=3f9c c=abc f=1 i=Qj_x-U"
        " d=V6IDLyoR6BQ3dCNOmKdCNOmKNXgbcXRBNvo1s_J5OJ------a4ayc_Y0Y1ohdCNOmK m=X6E8qYwi46YPZMXu38Suqb1K3lGMzy"
    )
