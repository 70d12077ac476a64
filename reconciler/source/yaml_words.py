"""What the YAML parser complains about, in words that say what to do."""

from __future__ import annotations

from typing import Final

import yaml

from reconciler.diagnostics import Diagnostic, Location
from reconciler.source.nodes import Positions, too_deep

_TAB: Final = ("A tab where spaces must be", "indent with spaces: YAML takes no tabs")
_INDENTATION: Final = "check the indentation, and the quotes of the lines above"
# By what the parser says (libyaml, then PyYAML where it says it otherwise): our words, and the remedy.
_WORDS: Final[tuple[tuple[str, str, str], ...]] = (
    ("tab character", *_TAB),
    ("'\\t' that cannot start", *_TAB),
    (
        "mapping values are not allowed",
        "A `:` where no key can be",
        "quote the text if the colon belongs to it, or fix the indentation",
    ),
    (
        "cannot start any token",
        "A character that no unquoted text may begin with",
        "put the text in quotes",
    ),
    ("unexpected end of stream", "A quote that is never closed", "close the quote"),
    ("unexpected document", "A quote that is not closed before the document ends", "close the quote"),
    (
        "unknown escape character",
        "An escape that YAML does not know",
        "write `\\\\` for a backslash, or use single quotes, where nothing is an escape",
    ),
    (
        "invalid Unicode character escape",
        "An escape that stands for no character",
        "write the character itself: YAML does not join two halves",
    ),
    ("find expected ':'", "A key without a `:`", "write `key: value`; text of several lines needs `|`"),
    ("expected ':'", "A key without a `:`", "write `key: value`; text of several lines needs `|`"),
    ("',' or ']'", "A `[` that is not closed, or a `,` missing within it", "add the `]` or the `,`"),
    ("',' or '}'", "A `{` that is not closed, or a `,` missing within it", "add the `}` or the `,`"),
    ("'-' indicator", "Something other than `-` in a list", _INDENTATION),
    ("expected key", "Something that does not continue the mapping", _INDENTATION),
    ("<block end>", "Something that does not continue what stands above", _INDENTATION),
    ("node content", "Expected a value", "write a value, or put the text in quotes"),
    ("<document start>", "A second document without `---` before it", "put `---` on a line of its own"),
    ("directive", "A `%` that begins no directive known here", "put the text in quotes"),
    ("undefined tag handle", "A tag nobody defined", "put the text in quotes: `!` begins a tag"),
)
# The parser says where it gave up; what is wrong is where it began to read.
_NOTICED_LATE: Final = ("expected ':'", "unexpected end of stream", "unexpected document")


def fault(error: yaml.YAMLError, positions: Positions) -> Diagnostic:
    """The fault that stands for an error of the parser, where the parser stopped."""
    if not isinstance(error, yaml.MarkedYAMLError) or error.problem_mark is None:
        return Diagnostic(Location(positions.file), "syntax", f"Invalid YAML: {error}", "")
    place = positions.place(error.problem_mark.index)
    start = positions.place(error.context_mark.index) if error.context_mark else place
    problem = str(error.problem)
    if "maximum nesting depth" in problem:  # a libyaml that has a limit of its own, which is far beyond ours
        return too_deep(place)
    message, remedy = _words(problem, positions.line(place)[: place.column])
    place = start if any(said in problem for said in _NOTICED_LATE) else place
    since = f", in what begins at line {start.line}" if start.line != place.line else ""
    return Diagnostic(place, "syntax", f"{message}{since}.", remedy)


def _words(problem: str, before: str) -> tuple[str, str]:
    if "\t" in before and not before.strip():
        return _TAB
    for said, message, remedy in _WORDS:
        if said in problem:
            return message, remedy
    return f"Invalid YAML: {problem}", _INDENTATION
