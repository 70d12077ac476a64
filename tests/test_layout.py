"""What is imported becomes files that a person would have written."""

from __future__ import annotations

from reconciler.canonical import Json
from reconciler.manifests.layout import Draft, folder_of, laid_out
from reconciler.model import Address

FOLDERS = {"agent": "agents", "assistant": "assistants"}


def draft(key: str, kind: str = "assistant", own: dict[str, Json] | None = None, **body: Json) -> Draft:
    return Draft(Address(kind, key), body, own or {})


def test_a_small_assistant_is_one_file_with_its_fields_as_people_read_them() -> None:
    own: dict[str, Json] = {"id": {"production": "asst_1"}}
    one = draft("hr", own=own, model="gpt-4.1", metadata={"team": "people"}, name="HR", instructions="Help.\nBe brief.")

    assert laid_out([one], "yaml", FOLDERS) == {
        "assistants/hr.yaml": "name: HR\n"
        "model: gpt-4.1\n"
        "instructions: |-\n"
        "  Help.\n"
        "  Be brief.\n"
        "metadata:\n"
        "  team: people\n"
        "reconciler:\n"
        "  id:\n"
        "    production: asst_1\n"
    }


def test_in_markdown_the_prompt_is_the_body() -> None:
    assert laid_out([draft("hr", model="gpt-4.1", instructions="Help.\nBe brief.")], "markdown", FOLDERS) == {
        "assistants/hr.md": "---\nmodel: gpt-4.1\n---\n\nHelp.\nBe brief.\n"
    }


def test_a_folder_is_the_one_of_the_kind_or_else_one_below_the_first() -> None:
    assert folder_of("agent", ["bots", "ai/agents/"]) == "ai/agents/"
    assert folder_of("assistant", ["bots", "ai/agents"]) == "bots"
    assert folder_of("agent", ["bots"]) == "bots/agents"
