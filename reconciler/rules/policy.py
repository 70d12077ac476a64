"""A team's policy, stated in reconciler.yaml: models, metadata, words, the size of prompts."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from typing import Final

from reconciler.diagnostics import Location
from reconciler.rules.rule import JudgedResource, Rule, RuleFinding, is_blank
from reconciler.rules.settings import RuleSettings
from reconciler.source import Node, Positions, fields, items, member

_READ: Final = ("description", "title", "name", "const", "default", "enum", "examples")
"""The members of tools and schemas that hold texts for the model."""
_INVISIBLE: Final = re.compile("[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff]")


def _other_model(resource: JudgedResource, settings: RuleSettings, _: Mapping[str, str]) -> Iterator[RuleFinding]:
    model = resource.text("model")
    patterns = settings.models
    if model is None or patterns is None or any(fnmatchcase(str(model.value), each) for each in patterns):
        return
    listed = ", ".join(f"`{each}`" for each in patterns) or "none"
    message = f"`rules.models` does not allow `{model.value}`."
    yield RuleFinding(model.place, message, f"allowed here: {listed}")


def _lacking_metadata(resource: JudgedResource, settings: RuleSettings, _: Mapping[str, str]) -> Iterator[RuleFinding]:
    pairs = member(resource.body, "metadata")
    for key in settings.metadata:
        if is_blank(member(pairs, key)):
            message = f"`rules.metadata` requires the metadata key `{key}`."
            yield RuleFinding(resource.key("metadata"), message, f"add `metadata: {{{key}: …}}`")


def _too_long(resource: JudgedResource, settings: RuleSettings, _: Mapping[str, str]) -> Iterator[RuleFinding]:
    field, most = resource.kind.prompt[0], settings.largest_prompt
    prompt = resource.text(field)
    size = len(str(prompt.value).replace("\r\n", "\n").rstrip("\n")) if prompt is not None else 0
    if most is not None and size > most:
        message = f"The prompt has {size:,} characters; `rules.largest_prompt` allows {most:,}."
        yield RuleFinding(resource.key(field), message, "shorten it")


def _forbidden(resource: JudgedResource, settings: RuleSettings, sources: Mapping[str, str]) -> Iterator[RuleFinding]:
    patterns = [(each, _pattern(_as_read(each).strip() or each), _pattern(each)) for each in settings.forbidden]
    for field, text in _texts_for_model(resource) if patterns else ():
        for phrase, as_read, as_written in patterns:
            if as_read.search(_as_read(str(text.value))):
                place = _within(text, as_written, resource.files.get(field, ()), sources)
                yield RuleFinding(place, f"`rules.forbidden` does not allow `{phrase}` here.", "write it otherwise")


def _pattern(phrase: str) -> re.Pattern[str]:
    """The phrase at the boundaries of words, whatever its case and the white space in it."""
    words = phrase.split()
    before, after = (r"(?<!\w)" if _is_apart(words[0][0]) else ""), (r"(?!\w)" if _is_apart(words[-1][-1]) else "")
    return re.compile(before + r"\s+".join(map(re.escape, words)) + after, re.IGNORECASE)


def _is_apart(character: str) -> bool:
    """Whether words that it is in stand apart from others, as they do not in Chinese and Japanese."""
    return character.isalnum() and unicodedata.east_asian_width(character) != "W"


def _as_read(text: str) -> str:
    """The text without invisible characters, and with one spelling of those that look the same."""
    if text.isascii():
        return text
    return _INVISIBLE.sub("", unicodedata.normalize("NFKC", text)).replace("’", "'").casefold()


def _texts_for_model(resource: JudgedResource) -> Iterator[tuple[str, Node]]:
    """The texts that the model reads, each with its field: the prompt, and what tools and schemas say."""
    prompt, schema = resource.kind.prompt[0], resource.kind.answer_schema[0]
    if (text := resource.text(prompt)) is not None:
        yield prompt, text
    for field in ("tools", schema):
        if (node := member(resource.body, field)) is not None:
            yield from ((field, each) for each in _texts_in(node, is_read=False))


def _texts_in(node: Node, *, is_read: bool) -> Iterator[Node]:
    if isinstance(node.value, str):
        yield from (node,) if is_read else ()
    for inner in items(node):
        yield from _texts_in(inner, is_read=is_read)
    for key, inner in fields(node).items():
        if key == "properties":
            yield from (Node(name, place) for name, place in inner.keys.items())
        yield from _texts_in(inner, is_read=key in _READ)


def _within(text: Node, pattern: re.Pattern[str], files: tuple[str, ...], sources: Mapping[str, str]) -> Location:
    """Where in a file the phrase of a text stands; where the text begins if that cannot be told."""
    begin = text.place
    places = [begin] if len(files) < 2 else [Location(file, 1, 1) for file in files]
    for place in places:
        source = sources.get(place.file, "")
        lines = re.split(r"(?<=\n)|(?<=\r)(?!\n)", source)
        start = sum(map(len, lines[: place.line - 1])) + place.column - 1
        match = pattern.search(source, start)
        if match is not None:
            return Positions(source, place.file).place(match.start())
    return begin


POLICY: Final = tuple(
    Rule(code, "error", sentence, judge, is_policy=True)
    for code, sentence, judge in (
        ("forbidden-text", "A text for the model has a word that `rules.forbidden` lists.", _forbidden),
        ("metadata-required", "A metadata key that `rules.metadata` requires is missing.", _lacking_metadata),
        ("model-not-allowed", "A model that `rules.models` does not allow.", _other_model),
        ("prompt-too-large", "A prompt with more characters than `rules.largest_prompt`.", _too_long),
    )
)
