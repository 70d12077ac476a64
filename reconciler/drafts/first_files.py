"""The first files of a repository: `reconciler.yaml`, an example, and lines for files that may be there already."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from reconciler.config.values import DEFAULT_STACK, FILE
from reconciler.source import write

Modeline = Callable[[str], str]
"""The comment by which an editor finds the schema of a file."""
KEY: Final = "helper"
"""The key of the example."""
IGNORED: Final = ".reconciler/"
_LAST: Final = frozenset({"live", "prod", "production"})
_PROMPT: Final = """\
You answer questions about our product.
Answer in at most three sentences, and say so when you do not know.
"""
_EXAMPLE: Final = """\
# An example. The name of the file is its key, and the fields are those of the API.
name: Helper
model: gpt-5.4-mini
"""
_ABSENT: Final = "false         # the example is for `local` only; without this line it exists here too"


@dataclass(frozen=True, slots=True)
class FirstEnvironment:
    """An environment that is stated for the first time."""

    name: str
    url: str | None = None
    """None for OpenAI's own."""
    variable: str | None = None
    """The variable of the key; None for the usual one."""
    stack: str | None = None
    """None for that of the file."""

    @property
    def provider(self) -> str:
        """The provider whose servers have such addresses."""
        return "foundry" if self.url is not None and "/api/projects/" in self.url else "openai"


def in_turn(names: Sequence[str]) -> tuple[str, ...]:
    """The environments in the order in which a merge is applied to them: as they stand, and production last."""
    return tuple(sorted(names, key=lambda name: name in _LAST))


def usual_variable(name: str, url: str | None, *, is_last: bool) -> str:
    """The variable for the key of an environment; that of the last one, usually production, has the plain name."""
    own = "" if is_last or name in _LAST else f"{re.sub('[^A-Z0-9]', '_', name.upper())}_"
    return f"{'OPENAI' if url is None else 'ASSISTANTS'}_{own}API_KEY"


def completed(environments: Sequence[FirstEnvironment], stack: str) -> tuple[FirstEnvironment, ...]:
    """The same, each with a variable of its own; of those on one server, all but the last with a stack of its own."""
    order = in_turn([each.name for each in environments])
    by_name = {each.name: each for each in environments}

    def complete(each: FirstEnvironment) -> FirstEnvironment:
        later = order[order.index(each.name) + 1 :]
        is_shared = any(by_name[name].url == each.url for name in later)
        variable = each.variable or usual_variable(each.name, each.url, is_last=not later)
        return replace(each, variable=variable, stack=f"{stack}-{each.name}" if is_shared else None)

    return tuple(map(complete, environments))


@dataclass(frozen=True, slots=True)
class FirstConfiguration:
    """What the first `reconciler.yaml` of a folder states."""

    stack: str
    environments: Sequence[FirstEnvironment] = ()
    extends: str | None = None
    """The file that it inherits from."""
    manifests: str | None = None
    """The folder of manifests, where it is not a usual one."""
    keeps_default: bool = False
    """Whether something was tried before under the stack of a folder without this file, which `local` keeps."""

    def text(self, modeline: Modeline) -> str:
        """The file, with comments that teach."""
        inherited = "   # its environments, limits and rules hold here as well" if self.extends is not None else ""
        local = f"{{stack: {DEFAULT_STACK}}}" if self.keeps_default else "{}"
        lines = [
            modeline(FILE),
            "version: 1",
            f"{_line('stack', self.stack)}   # the name under which this folder manages agents and assistants",
            *([f"{_line('extends', self.extends)}{inherited}"] if self.extends is not None else []),
            *([f"manifests: [{self.manifests}]"] if self.manifests is not None else []),
            "environments:",
            f"  local: {local}   # the embedded server, in this process: a place to try things, without a key",
            *(
                line
                for index, each in enumerate(self.environments)
                for line in _environment_lines(each, is_first=not index)
            ),
        ]
        return "".join(f"{line}\n" for line in lines)


def _environment_lines(each: FirstEnvironment, *, is_first: bool) -> Iterator[str]:
    server = "OpenAI itself; `base_url` names another server" if each.url is None else "any server of these APIs"
    yield f"  {each.name}:"
    yield f"    provider: {each.provider}" + (f"   # {server}" if is_first and each.provider == "openai" else "")
    if each.url is not None:
        yield f"    {_line('base_url', each.url)}"
    key = f"    api_key: {{env: {each.variable}}}"
    yield key + ("   # the name of a variable, never the key itself" if is_first else "")
    if each.stack is not None:
        yield f"    {_line('stack', each.stack)}   # of its own, because another environment is on the same server"


def example(folder: str, layout: str, absent: Sequence[str], modeline: Modeline) -> dict[str, str]:
    """An example with its prompt in this layout, by path, which does not exist in some environments."""
    elsewhere = "".join(f"    {name}: {_ABSENT if not index else 'false'}\n" for index, name in enumerate(absent))
    own = f"reconciler:\n  environments:\n{elsewhere}" if absent else ""
    if layout == "markdown":
        return {f"{folder}/{KEY}.md": f"---\n{_EXAMPLE}{own}---\n\n{_PROMPT}"}
    file = f"{folder}/{KEY}.yaml"
    instructions = f"instructions: {{file: prompts/{KEY}.md}}   # the path is relative to this file\n"
    return {
        file: f"{modeline(file)}\n{_EXAMPLE}{instructions}{own}",
        f"{folder}/prompts/{KEY}.md": _PROMPT,
    }


def usual_kind(environments: Sequence[FirstEnvironment]) -> str:
    """The kind that servers like these have."""
    return "assistant" if any(each.provider == "foundry" for each in environments) else "agent"


def with_ignored(text: str | None) -> str:
    """The text of a `.gitignore` with what is kept beside the checkout; all that is there stays to the byte."""
    line = f"# run records, the lock and local data of reconciler\n{IGNORED}\n"
    return appended(text, line, gap="")


def appended(text: str | None, lines: str, gap: str = "\n") -> str:
    """The text and the lines, with its own line ends."""
    if not text:
        return lines
    ending = line_end(text)
    between = ("" if text.endswith("\n") else ending) + gap.replace("\n", ending)
    return text + between + lines.replace("\n", ending)


def line_end(text: str) -> str:
    """How the lines of a text end."""
    return "\r\n" if "\r\n" in text else "\n"


def _line(name: str, value: str) -> str:
    return write({name: value}).rstrip("\n")
