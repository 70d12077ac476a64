"""Folders become manifests, whatever lies in them."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from reconciler.canonical import Json
from reconciler.diagnostics import CODES
from reconciler.manifests import disk
from reconciler.manifests.reading import FILE_BYTES, Manifest, ReadFolders, read
from reconciler.source import plain

REFERS = "instructions: {file: %s}\n"
CALLS = "tools: [{type: function, function: {file: %s}}]\n"


def write(root: Path, files: dict[str, str | bytes]) -> Path:
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return root


def found(root: Path, *folders: str) -> ReadFolders:
    everything = read(root, folders or ("a",))
    assert all(fault.code in CODES for fault in everything.faults)
    return everything


def names(everything: ReadFolders) -> list[str]:
    return [manifest.file for manifest in everything.manifests]


def faults(everything: ReadFolders) -> list[str]:
    return [f"{fault.place} {fault.code}" for fault in everything.faults]


def attached(manifest: Manifest) -> dict[str, Json]:
    return {written: plain(node) for written, node in manifest.attachments.items()}


def refused(root: Path, reference: str) -> str:
    """The code and message of what is wrong with a manifest's only reference, which stands in its place."""
    (fault,) = found(write(root, {"a/m.yaml": REFERS % reference})).faults
    assert str(fault.place) == "a/m.yaml:1:22"
    assert fault.remedy
    return f"{fault.code}: {fault.message}"


def test_manifests_are_found_in_nested_folders_in_order(tmp_path: Path) -> None:
    write(tmp_path, {"a/z.yaml": "x: 1", "a/b/y.yml": "x: 2", "c/UPPER.YAML": "x: 3", "other/n.yaml": ""})

    everything = found(tmp_path, "c", "a", "a/b", "./a/")

    assert names(everything) == ["a/b/y.yml", "a/z.yaml", "c/UPPER.YAML"]
    assert [manifest.stem for manifest in everything.manifests] == ["y", "z", "UPPER"]
    assert faults(everything) == []
    assert everything.sources["a/z.yaml"] == "x: 1"


def test_hidden_things_and_the_folders_of_data_hold_no_manifests(tmp_path: Path) -> None:
    write(tmp_path, {"a/.h/m.yaml": "", "a/.m.yaml": "", "a/prompts/m.yaml": "", "a/functions/deep/m.yml": ""})

    everything = found(tmp_path)

    assert names(everything) == []
    assert faults(everything) == ["a/functions/deep/m.yml unused-file", "a/prompts/m.yaml unused-file"]


def test_a_folder_of_another_kind_that_is_not_listed_is_told_where_it_has_manifests(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "assistants/m.yaml": "model: o3",
            "agents/deep/n.yaml": "model: o3",
            "b/agents/m.yaml": "",
            "c/agents/x.md": "",
        },
    )
    write(
        tmp_path, {"b/assistants/prompts/p.yaml": "", "c/assistants/m.yaml": "x: 1", "d/agents/x.yaml": "a: 1\n---\nb"}
    )
    told = "reconciler.yaml unread-folder"

    assert faults(found(tmp_path, "assistants")) == [told]
    assert (
        found(tmp_path, "./assistants/").faults[0].message.startswith("`manifests` does not list the folder `agents`")
    )
    assert faults(found(tmp_path, "agents")) == [told]
    assert faults(found(tmp_path, "assistants", "agents/deep")) == []
    assert faults(found(tmp_path, "b/agents")) == faults(found(tmp_path, "c/assistants")) == []
    (tmp_path / "d/assistants").mkdir()
    assert faults(found(tmp_path, "d/assistants")) == []  # somebody else's agents


def test_the_configuration_is_no_manifest(tmp_path: Path) -> None:
    write(tmp_path, {"reconciler.yaml": "version: 1", "m.yaml": "x: 1"})

    assert names(found(tmp_path, ".")) == ["m.yaml"]


def test_an_overlay_is_read_as_if_it_were_written(tmp_path: Path) -> None:
    write(tmp_path, {"a/m.yaml": "model: old", "a/prompts/p.md": "old"})
    overlay = {
        "a/m.yaml": REFERS % "prompts/p.md",
        "a/prompts/p.md": "\ufeffnew",
        "a/new/n.md": "---\ninstructions: {file: ../functions/t.txt}\n---\n",
        "a/functions/t.txt": "text",
        "gone/x.yaml": "model: o3",
        "gone/.hidden/y.yaml": "",
        "gone/deep/x/prompts/unused.yaml": "",
        "elsewhere/z.yaml": "",
    }

    everything = read(tmp_path, ["a", "gone", "gone/deep"], overlay)

    assert faults(everything) == ["gone/deep/x/prompts/unused.yaml unused-file"]
    assert [(each.file, attached(each)) for each in everything.manifests] == [
        ("a/m.yaml", {"prompts/p.md": "new"}),
        ("a/new/n.md", {"../functions/t.txt": "text"}),
        ("gone/x.yaml", {}),
    ]
    assert (tmp_path / "a/m.yaml").read_text() == "model: old"
    (fault,) = read(tmp_path, ["a"], {"a/m.yaml": "x" * (FILE_BYTES + 1)}).faults[:1]
    assert (str(fault.place), fault.code) == ("a/m.yaml", "too-large")


def test_markdown_with_front_matter_is_a_manifest_unless_a_reference_names_it(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "a/m.md": "---\nmodel: o3\n---\n\nHelp.\n",
            "a/deep/bom.MD": "\ufeff---\r\nmodel: o3\r\n---\r\n\r\nHelp.\r\n",
            "a/n.yaml": REFERS % "text.md",
            "a/text.md": "---\nkept: as text\n---\nHelp.",
            "a/README.md": "---\nmodel: o3\n---\n",
            "a/prompts/p.md": "---\nmodel: o3\n---\n",
        },
    )

    everything = found(tmp_path)

    assert faults(everything) == ["a/prompts/p.md unused-file"]
    assert {manifest.file: (manifest.stem, plain(manifest.node)) for manifest in everything.manifests} == {
        "a/deep/bom.MD": ("bom", {"model": "o3", "instructions": "Help.\r\n"}),
        "a/m.md": ("m", {"model": "o3", "instructions": "Help.\n"}),
        "a/n.yaml": ("n", {"instructions": {"file": "text.md"}}),
    }
    assert attached(everything.manifests[2]) == {"text.md": "---\nkept: as text\n---\nHelp."}


def test_markdown_without_front_matter_among_manifests_is_an_error_with_the_lines_to_add(tmp_path: Path) -> None:
    write(tmp_path, {"a/newbot.md": "You help.", "a/m.yaml": "x: 1", "a/prompts/p.md": "unused"})

    everything = found(tmp_path)

    assert faults(everything) == ["a/newbot.md:1:1 no-front-matter", "a/prompts/p.md unused-file"]
    assert "\n---\nmodel: gpt-4.1\n---\n" in everything.faults[0].remedy


def test_what_pull_could_not_merge_is_an_error_and_no_manifest(tmp_path: Path) -> None:
    write(tmp_path, {"a/m.staging.live.md": "---\nmodel: o3\n---\nlive", "a/m.yaml": REFERS % "n.live.md"})
    write(tmp_path, {"a/n.live.md": "a name of one's own", "a/prompts/p.live.md": ""})

    everything = found(tmp_path)

    assert names(everything) == ["a/m.yaml"]
    assert faults(everything) == ["a/m.staging.live.md unresolved-conflict", "a/prompts/p.live.md unresolved-conflict"]


def test_references_are_read_by_what_they_are(tmp_path: Path) -> None:
    manifest = """\
instructions: {files: [prompts/a.md, ../shared/b.txt]}
tools:
  - {type: function, function: {file: f.json}}
  - {type: function, function: {file: functions/g.yaml}}
"""
    files = {"prompts/a.md": "\ufeffhello\n", "f.json": '{"name": "f"}', "functions/g.yaml": "name: g\n---\n"}
    write(tmp_path, {"a/m.yaml": manifest, "shared/b.txt": "b", **{f"a/{name}": text for name, text in files.items()}})

    everything = found(tmp_path)

    assert faults(everything) == []
    assert attached(everything.manifests[0]) == {
        "prompts/a.md": "hello\n",
        "../shared/b.txt": "b",
        "f.json": {"name": "f"},
        "functions/g.yaml": {"name": "g"},
    }
    assert everything.sources["shared/b.txt"] == "b"


def test_a_file_that_many_name_is_read_once(tmp_path: Path) -> None:
    write(tmp_path, {"a/m.yaml": CALLS % "f.json", "a/n.yaml": CALLS % "./f.json", "a/f.json": '{"a": 1, "a": 2}'})

    everything = found(tmp_path)

    assert faults(everything) == ["a/f.json:1:10 duplicate-key"]
    one, other = everything.manifests
    assert one.attachments["f.json"] is other.attachments["./f.json"]


def test_a_file_that_is_wrong_is_told_wherever_it_is_named(tmp_path: Path) -> None:
    write(tmp_path, {"a/m.yaml": REFERS % "no.md", "a/n.yaml": REFERS % "no.md"})

    assert faults(found(tmp_path)) == ["a/m.yaml:1:22 unreadable", "a/n.yaml:1:22 unreadable"]


def test_a_file_that_a_reference_names_is_no_manifest(tmp_path: Path) -> None:
    write(tmp_path, {"a/m.yaml": CALLS % "data.yaml", "a/data.yaml": "name: f\n"})

    everything = found(tmp_path)

    assert names(everything) == ["a/m.yaml"]
    assert attached(everything.manifests[0]) == {"data.yaml": {"name": "f"}}


def test_a_manifest_that_another_names_does_not_vanish_in_silence(tmp_path: Path) -> None:
    write(tmp_path, {"a/m.yaml": CALLS % "n.yaml", "a/n.yaml": REFERS % "p.md", "a/p.md": "p"})

    assert faults(found(tmp_path)) == ["a/n.yaml:1:22 bad-reference"]


def test_a_markdown_manifest_that_another_names_does_not_vanish_in_silence_either(tmp_path: Path) -> None:
    write(tmp_path, {"a/m.md": f"---\nmodel: o3\n{REFERS % 'o.md'}---\n", "a/o.md": "---\nmodel: o3\n---\nHelp."})
    assert faults(found(tmp_path)) == ["a/o.md:2:1 bad-reference"]
    assert names(found(tmp_path)) == ["a/m.md"]

    write(tmp_path, {"a/o.md": f"---\nmodel: o3\n{REFERS % 'p.txt'}---\n", "a/p.txt": "Help."})
    assert faults(found(tmp_path)) == ["a/o.md:3:22 bad-reference"]


def test_a_manifest_may_not_name_itself(tmp_path: Path) -> None:
    assert faults(found(write(tmp_path, {"a/m.yaml": REFERS % "m.yaml"}))) == ["a/m.yaml:1:22 bad-reference"]


def test_files_that_nothing_names_are_warnings(tmp_path: Path) -> None:
    files = [
        "a/prompts/x.md",
        "a/prompts/y.txt",
        "a/z.json",
        "a/README.md",
        "a/b/readme.txt",
        "a/AGENTS.md",
        "a/b/CLAUDE.md",
        "a/.gitkeep",
        "a/logo.png",
    ]
    write(tmp_path, {"a/m.yaml": "x: 1", **dict.fromkeys(files, "")})

    everything = found(tmp_path)

    assert faults(everything) == ["a/prompts/x.md unused-file", "a/prompts/y.txt unused-file", "a/z.json unused-file"]
    assert {fault.severity for fault in everything.faults} == {"warning"}


def test_what_coding_assistants_read_is_a_manifest_only_with_front_matter(tmp_path: Path) -> None:
    write(tmp_path, {"AGENTS.md": "Be careful.\n", "a/claude.md": "---\nmodel: o3\n---\nHelp.\n"})

    everything = read(tmp_path, ["."])

    assert (names(everything), everything.faults) == (["a/claude.md"], ())


def test_nothing_is_called_unused_while_a_manifest_cannot_be_read(tmp_path: Path) -> None:
    write(tmp_path, {"a/m.yaml": "instructions: {file: x.md", "a/x.md": ""})

    assert faults(found(tmp_path)) == ["a/m.yaml:1:26 syntax"]


def test_several_documents_are_several_manifests_and_empty_ones_are_dropped(tmp_path: Path) -> None:
    write(tmp_path, {"a/m.yaml": "x: 1\n---\nx: 2\n---\n", "a/n.yaml": "x: 3\n---\n", "a/o.yaml": ""})

    manifests = found(tmp_path).manifests

    assert [(one.stem, plain(one.node), one.alone) for one in manifests] == [
        ("m", {"x": 1}, False),
        ("m", {"x": 2}, False),
        ("n", {"x": 3}, True),
        ("o", None, True),
    ]


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("f.json", "", "a/f.json:1:1 syntax"),
        ("f.json", "null", "a/f.json:1:1 syntax"),
        ("f.yaml", "", "a/f.yaml:1:1 syntax"),
        ("f.yaml", "a: 1\n---\nb: 2\n", "a/f.yaml:3:1 syntax"),
        ("f.json", "{} {}", "a/f.json:1:4 syntax"),
    ],
)
def test_a_data_file_holds_one_value(tmp_path: Path, name: str, content: str, expected: str) -> None:
    files = {"a/m.yaml": CALLS % name, f"a/{name}": content}

    assert faults(found(write(tmp_path, files))) == [expected]


@pytest.mark.parametrize(
    "reference",
    ["/etc/x.md", "~/x.md", "C:/x.md", "'\\\\host\\x.md'", "../../x.md", "../.git/x.md",
     "../.reconciler/x.md", "../.GIT/x.md"],
)  # fmt: skip
def test_references_stay_in_the_repository(tmp_path: Path, reference: str) -> None:
    assert refused(tmp_path, reference).startswith("path-outside-repo: ")


def test_links_are_judged_by_where_they_lead(tmp_path: Path) -> None:
    write(tmp_path, {"out/secret.md": "", "repo/a/m.yaml": REFERS % "in.md", "repo/b/text.md": "text"})
    (tmp_path / "repo/a/in.md").symlink_to("../b/text.md")
    (tmp_path / "repo/a/n.yaml").write_text(REFERS % "out.md")
    (tmp_path / "repo/a/out.md").symlink_to(tmp_path / "out/secret.md")
    (tmp_path / "repo/a/o.yaml").symlink_to(tmp_path / "out/secret.md")

    everything = found(tmp_path / "repo")

    assert attached(everything.manifests[0]) == {"in.md": "text"}
    assert faults(everything) == ["a/n.yaml:1:22 path-outside-repo", "a/o.yaml path-outside-repo"]


@pytest.mark.parametrize("reference", ["x", "x.py", "x.html", "''", "https://example.com/x", ".md"])
def test_only_texts_and_data_may_be_named(tmp_path: Path, reference: str) -> None:
    assert refused(tmp_path, reference).startswith("bad-reference: ")


def test_what_a_link_leads_to_is_text_or_data_too(tmp_path: Path) -> None:
    write(tmp_path, {"a/x.py": ""})
    (tmp_path / "a/x.md").symlink_to("x.py")

    assert refused(tmp_path, "x.md").startswith("bad-reference: ")


def test_a_name_with_a_nul_is_no_name(tmp_path: Path) -> None:
    assert refused(tmp_path, '"x\\0.md"').startswith("bad-reference: ")


def test_a_missing_file_has_its_neighbour_for_a_remedy(tmp_path: Path) -> None:
    write(tmp_path, {"a/prompts/helper.md": "", "a/m.yaml": REFERS % "prompts/helpr.md"})

    (fault,) = found(tmp_path).faults

    assert (fault.message, fault.remedy) == (
        "There is no file a/prompts/helpr.md.",
        "did you mean `helper.md`? (in the same folder)",
    )


@pytest.mark.parametrize("reference", ["gone/x.md", "x.txt/y.md", "n" * 300 + ".md", "prompts/circle.md"])
def test_a_path_that_leads_nowhere_is_unreadable(tmp_path: Path, reference: str) -> None:
    write(tmp_path, {"a/x.txt": "", "a/prompts/.gitkeep": ""})
    (tmp_path / "a/prompts/circle.md").symlink_to("circle.md")

    assert refused(tmp_path, reference).startswith("unreadable: ")


@pytest.mark.parametrize("folders", ["folder.md", "folder.md/"])
def test_a_folder_is_no_file(tmp_path: Path, folders: str) -> None:
    (tmp_path / "a/folder.md").mkdir(parents=True)

    assert refused(tmp_path, folders) == "unreadable: This is a folder."


def test_a_pipe_is_never_opened(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    os.mkfifo(tmp_path / "a/pipe.md")
    os.mkfifo(tmp_path / "a/pipe.yaml")
    write(tmp_path, {"a/m.yaml": REFERS % "pipe.md"})

    assert faults(found(tmp_path)) == ["a/m.yaml:1:22 unreadable", "a/pipe.yaml unreadable"]


def test_a_device_is_no_file(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a/zero.yaml").symlink_to("/dev/zero")

    assert faults(found(tmp_path)) == ["a/zero.yaml path-outside-repo"]


@pytest.mark.skipif(os.geteuid() == 0, reason="permissions do not bind root")
def test_what_may_not_be_read_is_unreadable(tmp_path: Path) -> None:
    write(tmp_path, {"a/m.yaml": "", "a/b/n.yaml": ""})
    (tmp_path / "a/m.yaml").chmod(0)
    (tmp_path / "a/b").chmod(0)

    everything = found(tmp_path)

    (tmp_path / "a/b").chmod(0o700)
    assert faults(everything) == ["a/b unreadable", "a/m.yaml unreadable"]


@pytest.mark.parametrize("error", [PermissionError(13, "no"), FileNotFoundError(2, "no"), OSError(5, "broken")])
def test_every_error_of_the_system_has_a_remedy(error: OSError) -> None:
    unfit = disk.unfit(error)

    assert (unfit.code, bool(unfit.remedy)) == ("unreadable", True)


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="files that lie about their size need /proc")
def test_a_file_larger_than_it_says_is_refused_while_reading() -> None:
    with pytest.raises(disk.UnfitError, match="larger"):
        disk.text(Path("/proc/self/status"), "f", 10)


def sparse(path: Path, size: int) -> None:
    path.parent.mkdir(exist_ok=True)
    with path.open("wb") as stream:
        stream.truncate(size)


def test_a_huge_file_is_refused_by_its_size(tmp_path: Path) -> None:
    sparse(tmp_path / "a/huge.yaml", 100 * FILE_BYTES)
    sparse(tmp_path / "a/huge.md", 10_000 * FILE_BYTES)
    write(tmp_path, {"a/m.yaml": REFERS % "huge.md"})

    assert faults(found(tmp_path)) == ["a/m.yaml:1:22 too-large", "a/huge.yaml too-large"]


def test_whatever_an_api_takes_is_read(tmp_path: Path) -> None:
    """The instructions and tools of the largest agent, in the characters and with the escapes that take most room."""
    prompt, word = "\U0001f600" * 1_048_576, "\u00e9" * 1_000
    tools = [{"type": "function", "name": f"f{number}", "description": word} for number in range(1_500)]
    assert 3_000_000 < len(json.dumps(tools, ensure_ascii=False).encode()) < 3 * 1024 * 1024
    write(tmp_path, {"a/m.yaml": REFERS % "p.md", "a/n.yaml": REFERS % "p.json", "a/p.md": prompt.encode()})
    write(tmp_path, {"a/p.json": json.dumps([prompt, tools])})

    everything = found(tmp_path)

    assert faults(everything) == []
    assert [attached(one) for one in everything.manifests] == [{"p.md": prompt}, {"p.json": [prompt, tools]}]


@pytest.mark.parametrize(
    ("content", "place", "byte"),
    [
        (b"caf\xe9", "1:4", "0xe9"),
        (b"\xef\xbb\xbfcaf\xc3\xa9\r\n\xc3\xa9\xff", "2:2", "0xff"),
        ("héllo".encode("utf-16"), "1:1", "0xff"),
    ],
)
def test_what_is_not_utf_8_is_told_with_its_place(tmp_path: Path, content: bytes, place: str, byte: str) -> None:
    everything = found(write(tmp_path, {"a/m.yaml": REFERS % "p.md", "a/p.md": content}))

    assert faults(everything) == [f"a/p.md:{place} encoding"]
    assert byte in everything.faults[0].message
    assert "a/p.md" in everything.sources


def test_a_manifest_that_is_not_utf_8_is_told_too(tmp_path: Path) -> None:
    assert faults(found(write(tmp_path, {"a/m.yaml": b"name: \xff"}))) == ["a/m.yaml:1:7 encoding"]


def test_a_folder_that_is_none_is_told(tmp_path: Path) -> None:
    write(tmp_path, {"file": ""})

    everything = found(tmp_path, "gone", "file", "..", "/", ".git/a")

    assert faults(everything) == [
        "gone unreadable",
        "file unreadable",
        ".. path-outside-repo",
        f"{os.path.relpath('/', tmp_path)} path-outside-repo",
        ".git/a path-outside-repo",
    ]
    assert "reconciler.yaml" in everything.faults[0].remedy


def test_folders_linked_in_a_circle_are_read_once(tmp_path: Path) -> None:
    write(tmp_path, {"a/z/m.yaml": "x: 1", "b/n.yaml": "x: 2"})
    (tmp_path / "a/again").symlink_to(".")
    (tmp_path / "a/y").symlink_to("z")
    (tmp_path / "a/b").symlink_to("../b")
    (tmp_path / "a/out").symlink_to("/usr")
    (tmp_path / "a/self").symlink_to("self")

    everything = found(tmp_path)

    assert names(everything) == ["a/b/n.yaml", "a/z/m.yaml"]
    assert faults(everything) == ["a/out path-outside-repo"]
