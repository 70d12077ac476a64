"""What will be written, as a tree that can be read at a glance."""

from __future__ import annotations

from reconciler.render import Style
from reconciler.render.file_tree import file_tree


def test_files_stand_in_their_folders_with_what_they_are() -> None:
    files = {
        "assistants/hr-helper-10.yaml": ("HR Helper", "asst_3"),
        "assistants/prompts/hr-helper.md": (),
        "assistants/hr-helper-2.yaml": ("HR Helper", "asst_2"),
        "agents/order-desk.yaml": ("Order Desk", "agent_1"),
        "assistants/hr-helper.yaml": ("HR Helper", "asst_1"),
        "²x.yaml": ("", "asst_4"),
        "assistants/functions/lookup.json": (),
    }

    assert file_tree(files, Style()) == [
        "  ²x.yaml                asst_4",
        "  agents/",
        "    order-desk.yaml      Order Desk  agent_1",
        "  assistants/",
        "    hr-helper.yaml       HR Helper  asst_1",
        "    hr-helper-2.yaml     HR Helper  asst_2",
        "    hr-helper-10.yaml    HR Helper  asst_3",
        "    functions/",
        "      lookup.json",
        "    prompts/",
        "      hr-helper.md",
    ]


def test_no_name_acts_on_a_terminal_and_a_long_one_is_cut() -> None:
    name = "\x1b[2J\u202etob\nbot " + "x" * 80

    lines = file_tree({"a.yaml": (name, "asst_1")}, Style(colour=True))

    assert lines == ["  a.yaml    \x1b[2m<U+001B>[2J<U+202E>tob\\nbot xxxxxxxxxxx…  asst_1\x1b[0m"]


def test_one_long_path_does_not_move_what_is_said_of_the_others() -> None:
    lines = file_tree({"a.yaml": ("A",), f"{'b' * 60}.yaml": ("B",)}, Style())

    assert lines == [f"  a.yaml{' ' * 40}A", f"  {'b' * 60}.yaml    B"]


def test_nothing_is_no_line() -> None:
    assert file_tree({}, Style()) == []
