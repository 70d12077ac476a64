"""What each format costs for the largest plans: CPU seconds from the document to the text, and how long that is.

Two plans: 9,000 creates, and 1,000 edits of prompts of 5 KB, a sentence changed in each and another one in every one.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator

from reconciler.canonical import Json
from reconciler.kinds import KINDS
from reconciler.manifests import parser, reading
from reconciler.model import Desired, Live, Plan, Target
from reconciler.plan.against_base import as_live
from reconciler.plan.make import make_plan
from reconciler.render import FORMATS, Style, document
from reconciler.source import parse, write

WHERE = Target(stack="bench", environment="production", provider="openai", base_url="https://api.example.com/v1")
CREATES, EDITS = 9_000, 1_000
BOUND = 2.0
COMMENT = 65_536
_SENTENCES = 60
_SETTING = parser.ManifestContext("production", ("production",), {})


def main() -> None:
    """Prints one line for each format and plan."""
    print(f"\nRendering; CPU seconds from document to text, {BOUND:.0f} s at most; {sys.version.split()[0]}")
    print(f"{'':36}{'CPU s':>8}{'KB':>8}")
    for what, plan in (("9,000 creates", _creates()), ("1,000 prompt edits", _edits())):
        made = document(plan)
        for shape, render in FORMATS.items():
            began = time.process_time()
            text = render(made, Style(width=100))
            spent = time.process_time() - began
            remark = "" if spent <= BOUND else "  OVER"
            if shape == "markdown":
                remark += f"  ({len(text):,} of {COMMENT:,} characters)"
            print(f"{f'{shape}, {what}':36}{spent:8.2f}{len(text.encode()) / 1024:8.0f}{remark}", flush=True)


def _creates() -> Plan:
    return make_plan(_desired({n: _prompt(n) for n in range(CREATES)}), (), WHERE)


def _edits() -> Plan:
    before = _desired({n: _prompt(n) for n in range(EDITS)})
    after = _desired({n: _prompt(n, changed=True) for n in range(EDITS)})
    return make_plan(after, _ids(as_live(before, WHERE)), WHERE)


def _ids(live: tuple[Live, ...]) -> Iterator[Live]:
    """The objects with ids of the usual length."""
    for number, one in enumerate(live):
        yield Live(one.kind, f"asst_{number:024}", one.fields, one.raw, one.marker)


def _desired(prompts: dict[int, str]) -> tuple[Desired, ...]:
    """What manifests with these prompts ask for; one is read as a file would be, the others are made like it."""
    body: dict[str, Json] = {"model": "gpt-4o", "name": "x", "temperature": 0.5, "tools": [{"type": "file_search"}]}
    one = reading.Manifest("assistants/a.yaml", "a", parse(write(body), "assistants/a.yaml").documents[0], alone=True)
    (like,) = parser.parse([one], _SETTING).desired
    return tuple(_named(like, number, prompt) for number, prompt in prompts.items())


def _named(like: Desired, number: int, prompt: str) -> Desired:
    kind = KINDS[like.address.kind]
    assert "instructions" in kind.fields
    fields = {**like.fields, "name": f"Assistant {number}", "instructions": prompt}
    return Desired(type(like.address)(like.address.kind, f"a{number:05}"), fields, like.place)


def _prompt(number: int, *, changed: bool = False) -> str:
    lines = [
        f"{n}. You answer questions about topic {number}, from what is written there; you never guess. Say so then."
        for n in range(_SENTENCES)
    ]
    if changed:
        lines[number % _SENTENCES] = f"Whatever else is said, you answer in the language of topic {number}."
        lines[7] = "7. Be brief."
    return "\n".join(lines)


if __name__ == "__main__":
    main()
