"""What `pull` prints: files with their diffs, what else changes, what was left, totals."""

from __future__ import annotations

from dataclasses import replace

from reconciler.canonical import ABSENT
from reconciler.diagnostics import Location
from reconciler.model import Address
from reconciler.render import Style
from reconciler.render.pulled import EditedFile, LeftField, PulledText, holding, lines

HR, IT = Address("assistant", "hr"), Address("assistant", "it")
WHERE = ("production", "(https://api.example.com/v1), stack acme")
NOTHING = PulledText(*WHERE, (), (), (), (), (), 0, is_written=True)


def text(pulled: PulledText) -> str:
    return "\n".join(lines(pulled, Style(width=100)))


def test_each_file_stands_with_what_it_holds_and_its_diff() -> None:
    prompt = EditedFile(
        "assistants/prompts/hr.md", "assistant.hr instructions", "\ufeffOne.\r\nTwo.\r\n", "\ufeffOne.\r\nTwo!\r\n"
    )
    manifest = EditedFile("assistants/hr.yaml", "assistant.hr name", "name: A\n", "name: B\n")
    new = EditedFile("assistants/prompts/new.md", "assistant.hr instructions", "", "New.\n")
    pulled = replace(NOTHING, files=(prompt, manifest, new), also=("assistant.it", "assistant.hr in staging"), values=2)

    assert text(pulled).splitlines() == [
        "production (https://api.example.com/v1), stack acme",
        "",
        "  assistants/prompts/hr.md    assistant.hr instructions",
        "      │ One.",
        "    - │ Two[-.-]",
        "    + │ Two{+!+}",
        "",
        "  assistants/hr.yaml    assistant.hr name",
        "    - │ name: [-A-]",
        "    + │ name: {+B+}",
        "",
        "  assistants/prompts/new.md    assistant.hr instructions",
        "    + │ New.",
        "",
        "Also changes: assistant.it; assistant.hr in staging",
        "    To write the values for production alone, pass `--only production`.",
        "",
        "2 values written to 3 files.",
    ]
    assert "2 values would be written to 3 files." in text(replace(pulled, is_written=False))


def test_what_was_left_says_where_it_stands_and_why_with_both_sides() -> None:
    place = Location("assistants/hr.yaml", 3, 1)
    left = (
        LeftField(HR, ("temperature",), place, "changed on both sides", (0.9, None)),
        LeftField(HR, ("metadata", "a b"), place, "unknown", (ABSENT, "x" * 60)),
        LeftField(IT, ("instructions",), place, "overlaps"),
    )
    pulled = replace(NOTHING, beside=("assistants/it.production.live.md",), left=left, notes=("A note.",))

    assert text(pulled).splitlines()[1:] == [
        "",
        "  assistants/it.production.live.md",
        "",
        "Not taken:",
        "  assistant.hr temperature (assistants/hr.yaml:3)",
        "    changed on both sides",
        "    live 0.9, Git nothing",
        '  assistant.hr metadata["a b"] (assistants/hr.yaml:3)',
        "    unknown",
        f'    live nothing, Git "{"x" * 38}…',
        "  assistant.it instructions (assistants/hr.yaml:3)",
        "    overlaps",
        "",
        "No value was taken.",
        "A note.",
    ]


def test_that_there_is_nothing_to_pull_is_said() -> None:
    assert text(NOTHING).splitlines()[1:] == ["", "Nothing to pull: no value changed on the server alone."]


def test_what_a_file_holds_is_told_by_address() -> None:
    assert holding([(IT, "name"), (HR, "tools"), (HR, "name"), (HR, "tools")]) == (
        "assistant.hr name, tools; assistant.it name"
    )


def test_of_much_that_changes_as_well_the_number_is_told() -> None:
    also = tuple(f"assistant.a{number}" for number in range(12))

    told = text(replace(NOTHING, also=also, is_only=True)).splitlines()

    assert told[2] == f"Also changes: {'; '.join(also[:8])}; and 4 more"
    assert told[3] == ""
