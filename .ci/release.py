"""What a release checks before anything is built or published, and the notes that it publishes.

Usage: release.py check TAG               Check that the tag, the package's version and the changelog agree.
       release.py notes TAG URL           Print the section of CHANGELOG.md, with links to the repository at URL.
       release.py links TAG URL COMMIT    Make the links of README.md lead there, and state them in pyproject.toml.
       release.py files TAG FOLDER        Check that the folder has the two files of this version, fit for an index.

It imports nothing but Python's own modules, so that it runs before anything is installed.
"""

from __future__ import annotations

import email
import re
import sys
import tarfile
import zipfile
from collections.abc import Callable
from email.message import Message
from pathlib import Path

NAME = "assistants_reconciler"
TARGET = re.compile(r"""(?<=\]\()[^()\s]+(?=\))|(?<=\ssrc=")[^"]+|(?<=\shref=")[^"]+|(?<=\ssrcset=")[^"]+""")
"""Where a link of Markdown or of HTML leads."""
UNRELEASED = {"README.md": "There is no release yet", "CHANGELOG.md": "No version is released yet"}
"""What is said until the first release."""
CODE = r"^```.*?^```$|`[^`\n]+`"


class Wrong(Exception):
    """Why there is no release, and what to do."""


def check(tag: str) -> None:
    """The tag names the version of the package, and the newest section of the changelog is of it and has a date."""
    version = _version(tag)
    (stated,) = re.findall(r'^__version__ = "(.+)"$', _text("reconciler/__init__.py"), re.M)
    if stated != version:
        raise Wrong(
            f"{tag} is not the tag of {stated}, the version in reconciler/__init__.py. Delete the tag; then tag this "
            f"commit v{stated}, or set the version to {version} and tag that commit."
        )
    heading, _ = _section(version)
    if not re.fullmatch(r"\[.+\] - \d{4}-\d\d-\d\d", heading):
        raise Wrong(f"In CHANGELOG.md the heading of {version} has no date. Write `## [{version}] - YYYY-MM-DD`.")
    newest = re.findall(r"^## \[(\d[^\]]*)\]", _text("CHANGELOG.md"), re.M)[0]
    if newest != version:
        raise Wrong(f"The newest section of CHANGELOG.md is of {newest}, not of {version}. Move {version} to the top.")
    for name, sentence in UNRELEASED.items():
        if sentence in _text(name):
            raise Wrong(
                f"{name} says: {sentence}. CONTRIBUTING.md, in its section on releases, has what to write there."
            )


def notes(tag: str, url: str) -> None:
    """Prints what the changelog says of the version."""
    _, text = _section(_version(tag))
    print(absolute(text, tag, url))


def links(tag: str, url: str, commit: str) -> None:
    """README.md is the page on the package index, where relative links lead nowhere; the project gets its addresses."""
    owner = "/".join(url.split("/")[-2:])
    page = absolute(_text("README.md"), tag, url)
    page = page.replace("OWNER/assistants-reconciler@COMMIT", f"{owner}@{commit} # {tag}")
    page = page.replace("OWNER/assistants-reconciler", owner)
    urls = f'Source = "{url}"\nIssues = "{url}/issues"\nChangelog = "{url}/blob/{tag}/CHANGELOG.md"\n'
    project = _text("pyproject.toml")
    if "[project.urls]" in project:
        raise Wrong("pyproject.toml has [project.urls] already: this works once in a checkout.")
    project = project.replace("\n[project.scripts]\n", f"\n[project.urls]\n{urls}\n[project.scripts]\n", 1)
    Path("README.md").write_text(page, encoding="utf-8")
    Path("pyproject.toml").write_text(project, encoding="utf-8")


def absolute(text: str, tag: str, url: str) -> str:
    """The text with each relative link leading to a page or a picture of the repository at the tag; code stays."""

    def lead(found: re.Match[str]) -> str:
        target = found[0]
        if re.match(r"[a-z]+:|//", target):
            return target
        shown = "raw" if target.endswith((".svg", ".png")) else "blob"
        return f"{url}/{shown}/{tag}/{'README.md' if target.startswith('#') else ''}{target}"

    parts = re.split(f"({CODE})", text, flags=re.M | re.S)
    return "".join(part if number % 2 else TARGET.sub(lead, part) for number, part in enumerate(parts))


def files(tag: str, folder: str) -> None:
    """The source distribution and the wheel are of this version, and their page has no link that leads nowhere."""
    version = _version(tag)
    wanted = {f"{NAME}-{version}.tar.gz", f"{NAME}-{version}-py3-none-any.whl"}
    found = {path.name for path in Path(folder).iterdir()}
    if found != wanted:
        raise Wrong(f"{folder} has {', '.join(sorted(found)) or 'nothing'}, and not {' and '.join(sorted(wanted))}.")
    for name in sorted(wanted):
        said = _metadata(Path(folder) / name, version)
        page = str(said.get_payload())
        if (said["Version"], said["Description-Content-Type"]) != (version, "text/markdown") or not page.strip():
            raise Wrong(f"{name} is of version {said['Version']}, and its page is {said['Description-Content-Type']}.")
        relative = [
            target
            for target in TARGET.findall(re.sub(CODE, "", page, flags=re.M | re.S))
            if not target.startswith("https://")
        ]
        if relative:
            raise Wrong(f"The page of {name} has links that lead nowhere on a package index: {', '.join(relative)}.")
    print(f"{' and '.join(sorted(wanted))} can be published.")


def _metadata(path: Path, version: str) -> Message:
    if path.suffix == ".whl":
        with zipfile.ZipFile(path) as wheel:
            return email.message_from_bytes(wheel.read(f"{NAME}-{version}.dist-info/METADATA"))
    with tarfile.open(path) as source, source.extractfile(f"{NAME}-{version}/PKG-INFO") as member:
        return email.message_from_binary_file(member)


def _version(tag: str) -> str:
    if not re.fullmatch(r"v\d+\.\d+\.\d+((a|b|rc)\d+)?", tag):
        raise Wrong(f"{tag} is not the tag of a version. Tags are like v1.2.3 or v1.2.3rc1.")
    return tag[1:]


def _section(version: str) -> tuple[str, str]:
    """The heading of a version's section in the changelog, and what follows up to the next."""
    for section in _text("CHANGELOG.md").split("\n## ")[1:]:
        heading, _, text = section.partition("\n")
        if heading.startswith(f"[{version}]"):
            if not text.strip():
                raise Wrong(f"CHANGELOG.md says nothing of {version}. Move there what stands under Unreleased.")
            return heading, text.strip()
    raise Wrong(f"CHANGELOG.md has no section of {version}. Rename `## [Unreleased]` to `## [{version}] - YYYY-MM-DD`.")


def _text(name: str) -> str:
    return Path(name).read_text(encoding="utf-8")


COMMANDS: dict[tuple[str, int], Callable[..., None]] = {
    ("check", 1): check,
    ("notes", 2): notes,
    ("links", 3): links,
    ("files", 2): files,
}
"""By name and number of words that follow."""


def main(words: list[str]) -> int:
    """Does what the first word says, with the others."""
    command = COMMANDS.get((words[0], len(words) - 1)) if words else None
    if command is None:
        print(__doc__, file=sys.stderr)
        return 1
    try:
        command(*words[1:])
    except Wrong as wrong:
        print(f"::error::{wrong}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
