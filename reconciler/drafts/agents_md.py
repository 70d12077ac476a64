"""The section of an `AGENTS.md` that tells coding assistants what they may run, and what is for a person."""

from __future__ import annotations

import re
from typing import Final

from reconciler.drafts.first_files import appended, line_end

BEGIN: Final = "<!-- reconciler: begin -->"
END: Final = "<!-- reconciler: end -->"
_BETWEEN = re.compile(f"{re.escape(BEGIN)}.*?{re.escape(END)}", re.DOTALL)
_SECTION: Final = """\
## Agents and assistants as code

The manifests below <<folders>> say what every agent and assistant here is: its model, its prompt, its tools.
`reconciler` compares them with what is live and applies the difference. A prompt is the text of a Markdown manifest,
or the file that `instructions: {file: …}` names. Edit manifests and prompts; leave the ids under `reconciler.id`.

After each edit, verify it<<where>>:

1. `reconciler validate` reports every error with its line. Fix all of them.
2. `reconciler plan<<environment>>` shows what an apply would change. It must show what you meant, and nothing else.
3. Quote the last line of the plan in the pull request. Its merge applies the change.

Safe to run at any time, because they change no file and no server: `reconciler validate`, `plan`, `diff`, `status`,
`show`, `output`, `history`, `doctor` (without `--write`), and any command with `--dry-run` or `--help`.

Run these only when you are asked to. They write files of this repository; show what `git diff` says: `init`, `import`,
`pull`, `migrate --to`, `schema --write`, `output --write-pins`.

A person runs these, because they change what is live: `apply`, `destroy`, `forget`, `rollback`, `reconcile`,
`doctor --write`. Do not run them, and

- never pass `--auto-approve` (`-y`, `--yes`) or `--allow`, and never set `RECONCILER_AUTO_APPROVE` or
  `RECONCILER_ALLOW`: approval is a person's;
- never set a label `reconciler/allow:…`: report the objection and its remedy;
- never read, print or ask for an API key. Without one, `reconciler plan -e local` works.
"""


class MarkerError(Exception):
    """The markers of the section do not come in pairs, so that its end is not known."""


def with_section(text: str | None, folders: str, environment: str, where: str = "") -> str:
    """The text with the section: in place of an earlier one, else at the end; all else stays to the byte."""
    words = _SECTION.replace("<<folders>>", folders).replace("<<environment>>", environment).replace("<<where>>", where)
    section = f"{BEGIN}\n{words}{END}\n"
    if text is None or (BEGIN not in text and END not in text):
        return appended(text, section)
    if text.count(BEGIN) != 1 or text.count(END) != 1 or _BETWEEN.search(text) is None:
        raise MarkerError
    return _BETWEEN.sub(lambda _: section.rstrip("\n").replace("\n", line_end(text)), text)
