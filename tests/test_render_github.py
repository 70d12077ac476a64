"""Annotations and outputs for a job of GitHub Actions: where they stand, what they say, how many there are."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.diagnostics import Diagnostic, Location
from reconciler.model import Base, Meaning, Objection, Plan
from reconciler.render import FORMATS, Style, document, github
from reconciler.render.values import inert, one_line, shortened
from support.render_plans import adopt, create, delete, field, lookalike, merging, plan, rename, update
from support.runner_rules import KNOWN, Command, lines, outputs, parsed, suspicious
from support.world import Scenario, each_scenario


def told(of: Plan, folder: str = "") -> list[Command]:
    return heard(github.annotated(document(of), folder))


def faulted(*faults: Diagnostic, folder: str = "") -> list[Command]:
    return heard(github.commands(github.of_faults(faults), folder))


def heard(commands: tuple[str, ...]) -> list[Command]:
    found = [parsed(line) for line in commands]
    assert all(found)
    return [one for one in found if one is not None]


def test_the_format_is_the_text_and_then_the_annotations():
    of = plan(update("hr", field("model", "gpt-4o", "gpt-4.1")))

    assert FORMATS["github"](document(of), Style()) == FORMATS["text"](document(of), Style()) + (
        "::notice file=assistants/hr.yaml,line=1,title=In production%3A assistant.hr will be updated in-place"
        '::1 model changed: gpt-4o → gpt-4.1%0A~ model  "gpt-4o" -> "gpt-4.1"\n'
    )


def test_nothing_to_do_needs_no_annotation():
    assert told(plan(unchanged=3)) == []


def test_a_change_is_told_at_its_manifest_with_its_fields_and_their_cause():
    prompt = "You are kind.\nYou answer quickly."
    of = plan(
        update(
            "hr",
            field("instructions", prompt, prompt.replace("quickly", "slowly and well")),
            field("temperature", 1, 0.5, "drift"),
            field("tools.functions.f", {"name": "f", "x": "y" * 200}, {"name": "f"}),
            field("tools.functions.g", {"a": "y" * 200, "name": "f"}, {"a": "y" * 200, "name": "g"}),
            field("description", "z" * 70),
            field("top_p", None, None),
        )
    )

    (notice,) = told(of)

    assert notice.name == "notice"
    assert notice.properties["file"] == "assistants/hr.yaml"
    assert notice.data.split("\n") == [
        "1 prompt changed: quickly → slowly and well, 5 other fields changed",
        "drift: changed outside Git; apply puts it back, pull takes it into Git",
        "the rest: edited in Git",
        "~ instructions  6 words → 8 words (+2 words)",
        "~ temperature  1 -> 0.5  # drift",
        "+ top_p  null",
        "- description  70 characters",
        '~ Function f definition  "name": "f" -> {"name": "f"}',
        '~ Function g definition  "name": "f" -> "name": "g"',
    ]


def test_what_has_no_manifest_any_more_is_told_without_a_file():
    (notice,) = told(plan(delete("gone", field("name", "Old one"))))

    assert notice.properties == {"title": "In production: assistant.gone will be destroyed"}
    assert notice.data == "1 deletion: assistant.gone"


def test_what_schemas_mean_and_what_holds_back_is_told():
    change = update("hr", field("tools.functions.f.parameters", {"a": 1}, {"a": 2}))
    change = replace(change, meanings=((("tools", "functions", "f", "parameters"), Meaning("gone", breaking=True)),))

    error, notice = told(plan(change, objections=(lookalike("hr"),)))

    assert notice.data.split("\n")[:2] == ["1 breaking schema change: f gone", "Blocked: possible-duplicate"]
    assert notice.data.split("\n")[2] == "breaking: gone"
    assert error.name == "error"


def test_an_objection_is_an_error_at_the_manifest_and_an_allowed_one_a_notice():
    standing, *_ = told(plan(create("hr"), objections=(lookalike("hr"),)))
    _, allowed, *_ = told(plan(create("a"), create("hr"), objections=(lookalike("a"), lookalike("hr", allowed=True))))

    assert standing == Command(
        "error",
        "asst_9 has this name\nset `id: asst_9`\n(--allow possible-duplicate overrides it)",
        {
            "file": "assistants/hr.yaml",
            "line": "1",
            "title": "Objection (possible-duplicate) in production: assistant.hr",
        },
    )
    assert allowed.name == "notice"
    assert allowed.properties["title"] == "Allowed (possible-duplicate) in production: assistant.hr"
    assert allowed.data.endswith("(allowed by --allow possible-duplicate)")


def test_an_objection_to_the_whole_stands_at_what_it_holds_back_or_nowhere():
    hr = create("hr")
    whole = Objection("too-many-changes", "Too many.", "", None, frozenset({hr.address}), allowed=False)

    assert [one.properties.get("file") for one in told(plan(hr, objections=(whole,)))] == ["assistants/hr.yaml"] * 2
    assert "file" not in told(plan(objections=(whole,)))[0].properties
    assert told(plan(objections=(whole,)))[0].data.startswith("Too many.\n(--allow")


def test_what_is_pending_is_told_apart_and_after_what_this_change_does():
    drift = replace(field("temperature", 1, 0.5, "drift"), origin="pending")
    ours = replace(field("model", "a", "b"), origin="change")
    first, second = replace(update("b", ours), origin="change"), replace(update("a", drift), origin="pending")

    assert [one.properties["title"] for one in told(merging(first, rest=(second,)))] == [
        "In production: assistant.b will be updated in-place",
        "Not done by merging in production: assistant.a will be updated in-place",
    ]
    everything = plan(second, first, base=Base("main", "1a2b3c"))
    assert [one.properties["title"] for one in told(everything)] == [
        "In production: assistant.b will be updated in-place",
        "Also done by merging in production: assistant.a will be updated in-place",
    ]


def test_the_worst_comes_first():
    of = plan(
        adopt("adopted"),
        update("prompt", field("instructions", "a", "b")),
        create("new", field("name", after="New")),
        rename("after", "before"),
        delete("gone"),
    )

    assert [one.properties["title"].split()[2].partition(".")[2] for one in told(of)][:3] == ["gone", "new", "prompt"]


@pytest.mark.parametrize(("number", "last"), [(10, "In production"), (11, "2 more notices"), (1500, "1,491 more")])
def test_of_more_than_github_shows_the_last_says_how_many(number: int, last: str):
    found = told(plan(*(create(f"n{n:04}", field("name", after="N")) for n in range(number))))

    assert len(found) == github.MOST
    assert found[-1].properties["title"].startswith(last)
    assert ("file" in found[-1].properties) == (number == 10)


def test_each_kind_has_its_own_ten_and_errors_come_first():
    faults = [
        Diagnostic(Location("a.yaml", n, 1), "unknown-field", "No.", severity="warning" if n % 2 else "error")
        for n in range(1, 30)
    ]

    found = faulted(*faults)

    assert [one.name for one in found] == ["error"] * 10 + ["warning"] * 10
    assert [found[0].properties["line"], found[9].properties["title"], found[19].properties["title"]] == [
        "2",
        "5 more errors",
        "6 more warnings",
    ]


def test_a_long_message_is_cut_and_says_so():
    (notice,) = told(plan(create("hr", *(field(f"metadata.k{n}", after="v" * 20) for n in range(20)))))

    assert notice.data.split("\n")[-1] == "… and 8 more"
    assert len(notice.data.split("\n")) == 14


def test_a_fault_is_told_at_its_column_with_its_remedy():
    assert faulted(Diagnostic(Location("a/b.yaml", 3, 7), "unknown-tool", "No such tool.", "did you mean `x`?")) == [
        Command(
            "error",
            "No such tool.\ndid you mean `x`?",
            {"file": "a/b.yaml", "line": "3", "col": "7", "title": "unknown-tool"},
        )
    ]


@pytest.mark.parametrize(("file", "shown"), [("a.yaml", {"file": "a.yaml"}), ("--environment", {}), ("", {})])
def test_a_fault_of_a_whole_file_has_no_line_and_one_of_an_option_no_file(file: str, shown: dict[str, str]):
    (fault,) = faulted(Diagnostic(Location(file), "config", "Wrong."))

    assert fault.properties == {**shown, "title": "config"}
    assert fault.data == ("Wrong." if shown else f"{file}: Wrong.")


def test_files_are_those_of_the_repository():
    assert faulted(Diagnostic(Location("a.yaml", 1, 1), "c", "m"), folder="assistants/of us")[0].properties["file"] == (
        "assistants/of us/a.yaml"
    )
    assert told(plan(create("hr")), "deep/er")[0].properties["file"] == "deep/er/assistants/hr.yaml"


def test_the_outputs_are_the_figures_and_the_fingerprint():
    of = document(plan(create("a"), update("b", field("model", "a", "b")), objections=(lookalike("a"),)))

    assert github.outputs([of]) == {
        "has_changes": "true",
        "add": "1",
        "change": "1",
        "destroy": "0",
        "import": "0",
        "forget": "0",
        "objections": "1",
        "fingerprint": of["fingerprint"],
        "exitcode": "3",
    }


def test_the_exit_code_is_the_detailed_one():
    pending, nothing = document(plan(create("a"))), document(plan())

    assert [github.outputs(plans)["exitcode"] for plans in ([nothing], [pending], [nothing, pending])] == [
        "0",
        "2",
        "2",
    ]
    assert github.outputs([nothing], failed=True)["exitcode"] == "1"
    assert github.outputs([nothing])["has_changes"] == "false"


def test_several_plans_are_added_up_and_each_has_its_fingerprint():
    found = github.outputs([document(plan(create("a"))), document(plan(create("b")))])

    assert found["add"] == "2"
    assert [line.split()[0] for line in found["fingerprint"].split("\n")] == ["production", "production"]


TEXTS = st.text() | st.text("%0AD3C:,=;[]# \r\n\tx\u2028\u202e", max_size=30) | st.sampled_from(
    ["::error::x", "%0A::error::x", "##[error]x", "x\r::stop-commands::y", "a=b,c=d", "=", "%25", "::", " ", "/"]
)  # fmt: skip
FILES = TEXTS.map(lambda text: f"a/{text}.yaml") | TEXTS


@given(st.sampled_from(github.KINDS), TEXTS, TEXTS, FILES, st.integers(0, 9), st.integers(0, 9), TEXTS)
def test_what_the_runner_decodes_is_what_was_meant(kind, title, message, file, line, column, folder):
    (said,) = github.commands([github.Annotation(kind, title, message, file, line, column)], folder)

    found = parsed(said, KNOWN)

    assert lines(said) == [said]
    assert found is not None
    assert (found.name, found.data) == (kind, inert(message))
    assert found.properties.get("title", "") == shortened(" ".join(one_line(title).split()), 200)
    meant = one_line(f"{folder}/{file}" if folder else file)
    assert found.properties.get("file") in (meant, None)
    assert ("line" in found.properties) == bool("file" in found.properties and line)
    assert set(found.properties) <= {"file", "line", "col", "title"}


@given(TEXTS.map(lambda text: text.replace("\r", "")), TEXTS)
def test_no_value_of_an_output_ends_it(value, other):
    assert outputs(github.assignments({"a": value, "b": other}, "random")) == {"a": value, "b": other}


@pytest.mark.parametrize("name", sorted(FORMATS))
@each_scenario
def test_no_line_of_any_scenario_is_a_command_but_for_our_annotations(scenario: Scenario, name: str):
    of = document(scenario.planned)
    shown = FORMATS[name](of, Style())
    ours = github.annotated(of) if name == "github" else ()

    assert [line for line in suspicious(shown) if line not in ours] == []
    assert set(ours) <= set(lines(shown))
    assert [one.name for one in heard(ours) if one.name not in github.KINDS] == []
