"""The manifests that are measured: each of 1 KB of YAML, with a prompt file of 3 KB."""

from __future__ import annotations

from pathlib import Path

_MANIFEST = """\
name: Assistant {n}
model: house-model
description: Answers what people ask about topic {n}, from the handbook and nothing else.
instructions: {{file: prompts/p{n}.md}}
temperature: 0.{t}
metadata: {{team: team-{t}, tier: gold, owner: someone}}
tool_resources: {{file_search: {{vector_store_ids: [vs_handbook]}}}}
tools:
  - type: file_search
    file_search: {{max_num_results: 7}}
  - type: function
    function:
      name: lookup_{n}
      description: Looks up one thing of topic {n} by its number, and says when it was last seen.
      parameters:
        type: object
        properties:
          number: {{type: string, description: The number on the label}}
          since: {{type: string, format: date, description: Only what was seen after this day}}
          limit: {{type: integer, minimum: 1, maximum: 50}}
        required: [number]
  - type: function
    function:
      name: report_{n}
      description: Reports a fault of topic {n} to those who look after it, with what was seen.
      parameters: {{type: object, properties: {{text: {{type: string}}, urgent: {{type: boolean}}}}}}
"""
_LINE = "You answer questions about topic {n}; say so when you do not know, and never guess a number.\n"
_CONFIGURATION = """\
version: 1
stack: bench
default_environment: bench
environments:
  bench: {{provider: openai, base_url: '{url}', limits: {{deletes: 100%}}}}
"""


def make(folder: Path, count: int) -> None:
    """Writes so many manifests."""
    (folder / "assistants" / "prompts").mkdir(parents=True)
    for n in range(count):
        (folder / "assistants" / f"a{n:05}.yaml").write_text(_MANIFEST.format(n=n, t=n % 10))
        _prompt(folder, n).write_text(_LINE.format(n=n) * 34)


def configure(folder: Path, url: str) -> None:
    """Makes the server at this address the environment."""
    (folder / "reconciler.yaml").write_text(_CONFIGURATION.format(url=url))


def edit(folder: Path, count: int, edition: int) -> None:
    """Changes a line in the prompts of so many, to another text in each edition."""
    for n in range(count):
        path = _prompt(folder, n)
        lines = path.read_text().splitlines(keepends=True)
        path.write_text("".join([f"Edition {edition}: be brief.\n", *lines[1:]]))


def _prompt(folder: Path, n: int) -> Path:
    return folder / "assistants" / "prompts" / f"p{n}.md"
