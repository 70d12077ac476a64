"""One manifest against one live object: what differs, who moved it, and the smallest patch."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler import paths
from reconciler.canonical import ABSENT, Json, digest, equal
from reconciler.model import Desired, Difference, Live
from reconciler.plan import diff
from reconciler.plan import marker as markers
from reconciler.plan.diff import compare, differences, whole
from support.lives import KIND, applied, causes, marked, stamped, stranger, wanted

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-2, 2) | st.sampled_from([0.5, 1.0, "", "a"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("a_1.\"' [", max_size=3), inner, max_size=4),
    max_leaves=12,
)


def against(one: Desired, live: Live) -> diff.Comparison:
    return compare(one, live, KIND, live.marker)


def function(name: str, **body: Any) -> dict[str, Any]:
    return {"type": "function", "function": {"name": name, **body}}


SEARCH, CODE = {"type": "file_search"}, {"type": "code_interpreter"}
LOOK, FIND = function("look", description="one"), function("find", description="one")


@pytest.mark.parametrize(
    ("before", "after", "moved", "found"),
    [
        pytest.param({}, {}, {}, {}, id="nothing"),
        pytest.param({}, {"name": "new"}, {}, {"name": "edit"}, id="Git adds"),
        pytest.param({"name": "x"}, {}, {}, {"name": "edit"}, id="Git removes"),
        pytest.param({"name": "x"}, {"name": "x"}, {"name": "moved"}, {"name": "drift"}, id="the world moves"),
        pytest.param({"name": "x"}, {"name": "y"}, {"name": "z"}, {"name": "conflict"}, id="both move apart"),
        pytest.param({"name": "x"}, {"name": "y"}, {"name": "y"}, {}, id="both move alike"),
        pytest.param(
            {"name": "x"},
            {"name": "y"},
            {"temperature": 0.5},
            {"name": "edit", "temperature": "drift"},
            id="each field for itself",
        ),
        pytest.param(
            {"tools": [LOOK]},
            {"tools": [LOOK, FIND]},
            {"tools": [LOOK, SEARCH]},
            {"tools.functions.find": "edit", "tools.file_search": "drift"},
            id="each tool for itself",
        ),
        pytest.param(
            {"tools": [LOOK, CODE]},
            {"tools": [CODE]},
            {"tools": [LOOK]},
            {"tools.functions.look": "edit", "tools.code_interpreter": "drift"},
            id="a tool taken out on each side",
        ),
        pytest.param(
            {"tools": [LOOK]},
            {"tools": [function("look", description="two")]},
            {"tools": [function("look", description="three")]},
            {"tools.functions.look.description": "conflict"},
            id="one tool moved apart",
        ),
        pytest.param(
            {"metadata": {"a": "1", "b": "1"}},
            {"metadata": {"a": "2", "b": "1"}},
            {"metadata": {"a": "1", "b": "2", "c": "3"}},
            {"metadata.a": "edit", "metadata.b": "drift", "metadata.c": "drift"},
            id="each metadata pair for itself",
        ),
        pytest.param(
            {"tools": [LOOK]},
            {"tools": [LOOK]},
            {"tools": "odd"},
            {"tools": "drift", "tools.functions.look": "drift"},
            id="a field of an odd shape drifted as a whole",
        ),
        pytest.param({"temperature": 0}, {"temperature": 0}, {"temperature": 0.0}, {}, id="0 is 0.0"),
        pytest.param(
            {"temperature": 0}, {"temperature": 0}, {"temperature": 1}, {"temperature": "drift"}, id="0 is a value"
        ),
    ],
)
def test_each_part_says_who_moved(before: dict, after: dict, moved: dict, found: dict) -> None:
    assert causes(against(wanted(**after), applied(wanted(**before), **moved)).fields) == found


def test_conflicts_are_those_fields_alone() -> None:
    compared = against(wanted(name="y", description="d"), applied(wanted(name="x"), name="z"))

    assert causes(compared.fields) == {"description": "edit", "name": "conflict"}


def test_what_nobody_stamped_is_an_adoption() -> None:
    assert causes(against(wanted(name="x"), stranger(temperature=0)).fields) == {
        "name": "adoption",
        "temperature": "adoption",
    }


@pytest.mark.parametrize(
    "other",
    [{"form": 99, "digests": {}}, {"ignored": "zzzzzz"}],
    ids=["another version of the normal form", "another ignore list"],
)
def test_digests_that_cannot_be_compared_leave_the_cause_unknown(other: dict) -> None:
    live = marked(applied(wanted(name="x"), name="z"), **other)

    assert causes(against(wanted(name="y"), live).fields) == {"name": "unknown"}


def test_a_field_that_the_last_version_did_not_manage_is_announced() -> None:
    live = applied(wanted(), reasoning_effort="low", model="o3-mini")
    assert live.marker is not None
    known = {name: value for name, value in live.marker.digests.items() if name != "reasoning_effort"}

    compared = against(wanted(model="o3-mini", reasoning_effort="high"), marked(live, digests=known))

    assert compared.newly_managed == ("reasoning_effort",)
    assert causes(compared.fields)["reasoning_effort"] == "unknown"


MANY = [function(f"function_{n}") for n in range(60)]


@pytest.mark.parametrize(
    ("after", "moved", "found"),
    [
        ([*MANY, LOOK], MANY, {"tools.functions.look": "edit"}),
        (MANY, [*MANY, LOOK], {"tools.functions.look": "drift"}),
        ([*MANY, LOOK], [*MANY, FIND], {"tools.functions.look": "conflict", "tools.functions.find": "conflict"}),
    ],
    ids=["edit", "drift", "conflict"],
)
def test_more_tools_than_the_marker_has_room_for_are_judged_as_one(after: list, moved: list, found: dict) -> None:
    live = applied(wanted(tools=MANY), tools=moved)
    assert live.marker is not None
    assert "#" not in live.marker.digests

    assert causes(against(wanted(tools=after), live).fields) == found


# what is left to the dashboard


def ignoring(*paths: str, **body: Any) -> Desired:
    return wanted(**body, own={"ignore_changes": list(paths)})


@pytest.mark.parametrize(
    ("one", "moved"),
    [
        (ignoring("temperature"), {"temperature": 0.2}),
        (ignoring("metadata", metadata={"a": "1"}), {"metadata": {"b": "2"}}),
        (ignoring("metadata.seen"), {"metadata": {"seen": "today"}}),
        (ignoring("metadata.seen", metadata={"seen": "never"}), {"metadata": {}}),
        (ignoring("tools.functions.look.description", tools=[LOOK]), {"tools": [function("look", description="two")]}),
        (ignoring("tools.functions.look", tools=[LOOK]), {"tools": []}),
    ],
)
def test_what_is_ignored_never_differs(one: Desired, moved: dict) -> None:
    live = applied(one, **moved)

    assert against(one, live).fields == ()
    assert against(one, live).patch == {}
    assert list(differences(one, live, KIND)) == []


def test_a_patch_carries_ignored_members_as_they_are_live() -> None:
    one = ignoring("metadata.seen", "metadata.gone", metadata={"team": "people", "seen": "never", "gone": "yes"})
    live = applied(one, metadata={"team": "elsewhere", "seen": "today"})

    assert against(one, live).patch == {"metadata": {"team": "people", "seen": "today"}}


def test_ignored_tool_resources_do_not_travel_with_changed_tools() -> None:
    with_store: dict[str, Any] = {"tool_resources": {"file_search": {"vector_store_ids": ["vs_1"]}}}
    one = ignoring("tool_resources", tools=[SEARCH, CODE], **with_store)
    by_hand = {"tools": [SEARCH], "tool_resources": {"file_search": {"vector_store_ids": ["vs_by_hand"]}}}

    assert set(against(one, applied(one, **by_hand)).patch) == {"tools"}


def test_resources_that_would_stay_behind_travel_with_changed_tools() -> None:
    one = wanted(tools=[SEARCH, CODE])
    live = applied(one, tools=[CODE], tool_resources={"file_search": {"vector_store_ids": ["vs_left"]}})

    compared = against(one, live)

    assert compared.patch["tool_resources"] == {"file_search": {"vector_store_ids": []}}
    assert causes(compared.fields) == {"tools.file_search": "drift", "tool_resources.file_search": "drift"}


def test_an_ignored_temperature_goes_where_the_model_refuses_one() -> None:
    one = ignoring("temperature", model="o3-mini")

    compared = against(one, applied(wanted(), temperature=0.5))

    assert compared.patch == {"model": "o3-mini", "temperature": None, "top_p": None}


@pytest.mark.parametrize(("model", "patch"), [("o3", {}), ("gpt-4o", {"reasoning_effort": None})])
def test_an_ignored_effort_outlives_its_model_if_the_next_one_takes_it(model: str, patch: dict) -> None:
    one = ignoring("reasoning_effort", model=model)

    compared = against(one, applied(wanted(model="o3-mini"), temperature=None, top_p=None, reasoning_effort="high"))

    assert compared.patch == {"model": model, **patch}


# what is left to the server


def test_what_the_server_chose_is_no_change() -> None:
    one = wanted(model="o3-mini")

    assert against(one, applied(one, reasoning_effort="medium")).fields == ()


def test_what_a_manifest_once_stated_is_reset_once() -> None:
    live = applied(wanted(model="o3-mini", reasoning_effort="high"))
    one = wanted(model="o3-mini")

    compared = against(one, live)

    assert [(c.path, c.before, c.after, c.cause) for c in compared.fields] == [
        (("reasoning_effort",), "high", None, "edit")
    ]
    assert compared.patch == {"reasoning_effort": None}
    assert against(one, applied(one, reasoning_effort="high")).fields == ()


def test_what_somebody_else_stated_stays_where_the_manifest_says_nothing() -> None:
    one = wanted(model="o3-mini")

    assert against(one, stranger(model="o3-mini", reasoning_effort="high")).fields == ()


def test_a_model_takes_its_companions_along_when_adopted_too() -> None:
    compared = against(wanted(model="o3-mini"), stranger(temperature=0.5))

    assert causes(compared.fields) == {"model": "adoption", "temperature": "adoption"}
    assert compared.patch == {"model": "o3-mini", "temperature": None}


@pytest.mark.parametrize(
    ("before", "after", "reasons"),
    [
        (
            {"temperature": 0.5},
            {"model": "gpt-5.1"},
            {"model": None, "temperature": "gpt-5.1 does not take it", "top_p": "gpt-5.1 does not take it"},
        ),
        (
            {"model": "o3-mini", "reasoning_effort": "high"},
            {"model": "gpt-4o", "name": "HR"},
            {"model": None, "name": None, "reasoning_effort": "gpt-4o does not take it"},
        ),
        (
            {"model": "o3-mini", "reasoning_effort": "high"},
            {"model": "o3"},
            {
                "model": None,
                "reasoning_effort": "o3 chooses its own",
                "temperature": "o3 does not take it",
                "top_p": "o3 does not take it",
            },
        ),
        ({"model": "o3", "reasoning_effort": "high"}, {"model": "o3"}, {"reasoning_effort": None}),
        ({"temperature": 0.5}, {"model": "gpt-4.1"}, {"model": None, "temperature": None}),
    ],
)
def test_a_reset_with_the_model_says_why(before: dict, after: dict, reasons: dict) -> None:
    found = against(wanted(**after), applied(wanted(**before)))

    assert {paths.show(change.path): change.reason for change in found.fields} == reasons


# leaves


@given(st.dictionaries(st.text("a_1.", min_size=1, max_size=3), JSON, max_size=4), st.data())
def test_the_paths_account_for_everything_that_differs(before: dict[str, Json], data: st.DataObject) -> None:
    after = data.draw(st.dictionaries(st.sampled_from([*before, "__b", "c"]), JSON, max_size=4))
    rebuilt: Json = before
    for path, have, want in diff.smallest_differences((), before, after) if not equal(before, after) else ():
        assert not equal(have, want)
        rebuilt = paths.without(rebuilt, path) if want is ABSENT else paths.put(rebuilt, path, want)

    assert equal(rebuilt, after)


def test_a_member_with_two_underscores_is_no_secret() -> None:
    schema: dict[str, Any] = {"properties": {"__typename": {"type": "string"}}}
    live = applied(wanted(tools=[function("look", parameters=schema)]))
    other: dict[str, Any] = {"properties": {"__typename": {"type": "integer"}}}

    compared = against(wanted(tools=[function("look", parameters=other)]), live)

    assert list(causes(compared.fields)) == ["tools.functions.look.parameters.properties.__typename.type"]


def test_a_list_is_compared_as_one() -> None:
    live = applied(wanted(tools=[function("look", parameters={"required": ["a", "b"]})]))

    compared = against(wanted(tools=[function("look", parameters={"required": ["b"]})]), live)

    assert [(c.before, c.after) for c in compared.fields] == [(["a", "b"], ["b"])]


def test_what_a_server_made_of_a_write_is_told_path_by_path() -> None:
    one = wanted(name="x", metadata={"a": "1"})

    assert list(differences(one, applied(one, name="y", metadata={}), KIND)) == [
        Difference(("name",), "x", "y"),
        Difference(("metadata", "a"), "1", ABSENT),
    ]


def test_a_new_object_shows_all_that_is_no_default() -> None:
    one = wanted(tools=[CODE, LOOK], metadata={"a": "1"}, temperature=1)

    shown = {paths.show(change.path): change.after for change in whole(one.fields, KIND, created=True)}

    assert shown == {
        "model": "gpt-4o",
        "tools.code_interpreter": {},
        "tools.functions.look": {"description": "one"},
        "metadata.a": "1",
    }


def test_a_doomed_object_shows_what_goes() -> None:
    (change,) = whole(wanted().fields, KIND, created=False)

    assert (change.before, change.after) == ("gpt-4o", ABSENT)


def test_hidden_fields_are_counted() -> None:
    compared = against(wanted(name="x", tools=[CODE, LOOK]), applied(wanted()))

    assert compared.hidden == len(KIND.fields) - 2


def test_a_marker_that_someone_cut_short_is_unknown_and_no_conflict() -> None:
    one = wanted(name="x")
    stamp = markers.stamp(one, KIND, ("acme", "production"), id="asst_1", nonce="n", commit=None)

    live = stamped(one, replace(stamp, digests={}), name="z")

    assert causes(against(wanted(name="y"), live).fields) == {"name": "unknown"}


def unsettled(one: Desired, **moved: Any) -> Live:
    """What an apply left behind on a server that keeps a name of its own, and what somebody moved since."""
    live = applied(one, name="HR (kept)")
    kept = {"name": digest(live.fields["name"], 6)}
    return marked(applied(one, **{"name": "HR (kept)", **moved}), unsettled=kept)


def test_what_the_server_would_not_take_is_not_sent_again() -> None:
    compared = against(wanted(name="HR"), unsettled(wanted(name="HR")))

    assert (compared.fields, compared.patch, compared.unsettled) == ((), {}, ("name",))


def test_what_the_server_would_not_take_is_sent_again_once_either_side_moves() -> None:
    live = unsettled(wanted(name="HR"))

    assert against(wanted(name="People"), live).unsettled == ()
    assert against(wanted(name="HR"), unsettled(wanted(name="HR"), name="by hand")).unsettled == ()
