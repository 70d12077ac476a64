"""The verdict on a plan in one line, which change is worst, and each change in a few words."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache

from reconciler.canonical import Json
from reconciler.kinds import KINDS
from reconciler.render import sentences
from reconciler.render.grouping import PROMPTS, WHOLE, about, by_owner, function_name, halves, owner
from reconciler.render.markup import named
from reconciler.render.sentences import count, differing
from reconciler.render.text_diff import LINE_END, Replacement, replacements
from reconciler.render.tree import Look, Phrase, Run
from reconciler.render.values import both, compact, one_line, shortened
from reconciler.render.view import ChangeView, FieldView, MeaningView, View

ORDER = ("delete", "conflict", "create", "breaking", "prompt", "model", "")
"""What is bad in a change, worst first; the last is for what has nothing of that."""
_CAUSES = ("conflict", "drift", "unknown", "adoption", "edit")
EDITED = "edited in Git"
_SENTENCES = {
    "conflict": "conflict: changed in Git and outside it since the last apply",
    "drift": "drift: changed outside Git; apply puts it back, pull takes it into Git",
    "unknown": "unknown: who changed it is not known",
    "adoption": "adoption: differs in what is adopted",
    "edit": EDITED,
}
_EARLIER = "edited in Git before this change, and not applied yet"
_MOST = 3  # parts of a headline: a line of more is not read
_LINE = 110  # characters of a headline with the changed words
_FIELDS = 5  # of one change that are named
_NAME = 40
_BRIEF = 24  # characters of a value
_PHRASE = 40  # characters of changed words
_WORDS = 2  # places where words changed
_TEXT = 100_000  # characters of a text that is searched for the changed words
_LONGEST_WORD = 15  # characters a word on average: beyond it, spaces do not part words there
_JSON_WORDS = ("", "null", "true", "false")
_PAST = {"adopt": "adopted", "rename": "renamed", "forget": "forgotten"}


# who changed a field


def explained(field: FieldView) -> str:
    """`drift: changed outside Git; apply puts it back, pull takes it into Git`."""
    if field.cause == "edit" and field.origin == "pending":
        return _EARLIER
    return _SENTENCES.get(field.cause, one_line(field.cause))


def cause_rank(field: FieldView) -> int:
    """By how much a reviewer wants to know of the cause; the lower the more."""
    return _CAUSES.index(field.cause) if field.cause in _CAUSES else len(_CAUSES)


# how long texts are


def size(text: str) -> str:
    """`1,204 words`; in characters where words are not parted by spaces."""
    words = _word_count(text)
    unit = _unit(len(text), words)
    return _number_of(words if unit == "word" else len(text), unit)


def grown(before: str | Sequence[str], after: str | Sequence[str]) -> str:
    """By how much a text grows, or several together: `+12 words`; in characters where the words are as many."""
    (length, words), (length_after, words_after) = map(_measured, (before, after))
    growth = {"word": words_after - words, "character": length_after - length}
    for unit in dict.fromkeys((_unit(length + length_after, words + words_after), "character")):
        if growth[unit]:
            return f"{growth[unit]:+,} {unit}{'' if abs(growth[unit]) == 1 else 's'}"
    return "same length"


def _unit(length: int, words: int) -> str:
    return "character" if length > _LONGEST_WORD * max(words, 1) else "word"


def _measured(texts: str | Sequence[str]) -> tuple[int, int]:
    texts = [texts] if isinstance(texts, str) else texts
    return sum(map(len, texts)), sum(map(_word_count, texts))


@lru_cache(maxsize=16_384)  # of each prompt it is asked for its row, its section and the headline
def _word_count(text: str) -> int:
    return len(text.split())


def _number_of(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


# how bad a change is


def ranked(changes: Iterable[ChangeView]) -> tuple[ChangeView, ...]:
    """The changes, worst first: what is blocked, then by danger, then by address."""
    return tuple(sorted(changes, key=rank))


def rank(change: ChangeView) -> tuple[bool, int, str]:
    """The lower the worse."""
    return not change.held_by, ORDER.index(worst(change)), change.address


def worst(change: ChangeView) -> str:
    """`delete`, `conflict`, `create`, `breaking`, `prompt` or `model`; nothing where it has nothing of that."""
    if change.action in WHOLE:
        return change.action
    paths = {field.path for field in change.fields}
    words = {
        "conflict": any(field.cause == "conflict" for field in change.fields),
        "breaking": any(meaning.breaking for meaning in change.meanings),
        "prompt": not PROMPTS.isdisjoint(paths),
        "model": "model" in paths,
        "": True,
    }
    return next(word for word, applies in words.items() if applies)


# a change in a few words


def unquoted(value: Json) -> str:
    """The value on one line; a text without quotes, where it cannot be mistaken for something else."""
    if isinstance(value, str) and value.strip() == value and value not in _JSON_WORDS:
        return one_line(value) if not value.lstrip("-")[:1].isdigit() else compact(value)
    return compact(value)


_DONE: dict[str, Phrase] = {
    "create": (Run("create", "good"),),
    "delete": (Run("delete", "bad"), Run(" for good")),
    "adopt": (Run("adopt", "strong"),),
    "rename": (Run("rename", "strong"),),
    "forget": (Run("forget", "strong"), Run(", do not delete")),
}


def done(change: ChangeView) -> Phrase:
    """What is done besides changing fields; nothing for an update."""
    return _DONE.get(change.action, () if change.action == "update" else (Run(change.action, "strong"),))


def in_few_words(change: ChangeView) -> tuple[Phrase, ...]:
    """What it is about, field by field, most wanted first."""
    if change.action in WHOLE:
        kind = KINDS.get(change.address.partition(".")[0])
        columns = kind.columns if kind is not None else ()
        return tuple(_known_names(change, columns[:1] if change.action == "create" else columns[::-1]))
    was = [(Run("was "), Run(shortened(change.previous_key, _NAME), "code"))] if change.previous_key else []
    meanings = by_owner(change.meanings)
    fields = list(dict.fromkeys(_field_words(field, meanings) for field in sorted(change.fields, key=cause_rank)))
    more = [(Run(f"and {len(fields) - _FIELDS} more"),)] if len(fields) > _FIELDS else []
    return (*was, *fields[:_FIELDS], *more)


def _known_names(change: ChangeView, names: Sequence[str]) -> Iterator[Phrase]:
    """What a person knows an object by, and how much is in it."""
    values = {field.path: field.before if field.after is None else field.after for field in change.fields}
    for value in map(values.get, names):
        if isinstance(value, str):
            yield (Run(shortened(value, _NAME), "code"),)
    for prompt in (values.get(path) for path in sorted(PROMPTS)):
        if isinstance(prompt, str):
            yield (Run(f"prompt of {size(prompt)}"),)
    functions = {own for own in map(owner, values) if own.startswith("tools.")}
    if functions:
        yield (Run(count(len(functions), "function")),)
    for path in values:
        if path.startswith("tools.") and not owner(path):
            yield (Run(shortened(path.removeprefix("tools."), _NAME), "code"),)
    stores = [store for path, value in values.items() if path.startswith("tool_resources") for store in _stores(value)]
    yield from [(Run(count(len(stores), "vector store")),)] if stores else []


def _stores(value: Json) -> list[Json]:
    """The vector stores of resources, or of one of them."""
    if not isinstance(value, dict):
        return []
    stores = value.get("vector_store_ids")
    within = [store for member in value.values() for store in _stores(member)]
    return [*stores, *within] if isinstance(stores, list) else within


def _field_words(field: FieldView, meanings: Mapping[str, Sequence[MeaningView]]) -> Phrase:
    """The field and its change, who made it where that was not Git, and why it is reset."""
    why = [] if field.cause in ("edit", "adoption") else [one_line(field.cause)]
    why += [f"reset: {one_line(field.reason)}"] if field.reason else []
    return (*_change_words(field, meanings), *((Run(f" ({', '.join(why)})"),) if why else ()))


def _change_words(field: FieldView, meanings: Mapping[str, Sequence[MeaningView]]) -> Phrase:
    own = owner(field.path)
    if own:
        return _function_words(own, field, meanings.get(own, ()))
    name = Run("prompt") if field.path in PROMPTS else Run(shortened(field.path, _NAME), "code")
    return (name, *_value_words(field))


def _value_words(field: FieldView) -> Phrase:
    before, after = field.before, field.after
    if before is None or after is None:
        if field.excerpt and isinstance(side := after if before is None else before, str) and len(side) <= _PHRASE:
            look: tuple[str, Look] = ("added", "new") if before is None else ("removed", "gone")
            return (Run(f" {look[0]} "), Run(f'"{side}"', look[1]))
        return (Run(f" {grown(str(before or ''), str(after or ''))}"),) if field.excerpt else (Run(f" {fate(field)}"),)
    sides = [unquoted(side) for side in both(before, after)]
    if field.path not in PROMPTS and all(len(side) <= _BRIEF for side in sides):
        return (Run(" "), Run(sides[0], "gone"), Run(" → "), Run(sides[1], "new"))
    if isinstance(before, str) and isinstance(after, str):
        words = changed_words(before, after)
        return (Run(": "), *words) if words else (Run(f" {grown(before, after)}"),)
    return ()


def _function_words(own: str, field: FieldView, meanings: Sequence[MeaningView]) -> Phrase:
    """`function refund: breaking, now requires amount`."""
    title: Phrase = (Run("function "), Run(shortened(function_name(own), _NAME), "code"))
    if not function_name(own):
        title = (Run("the answer's schema"),)
    title = (*title, Run(f" {fate(field)}")) if field.path == own and fate(field) else title
    if not meanings:
        return title
    first = min(meanings, key=lambda meaning: not meaning.breaking)
    more = f", and {len(meanings) - 1} more" if len(meanings) > 1 else ""
    breaking = (Run("breaking", "bad"), Run(", ")) if first.breaking else ()
    return (*title, Run(": "), *breaking, Run(f"{shortened(first.text, 2 * _NAME)}{more}"))


def fate(field: FieldView) -> str:
    """`added` or `removed`, where the whole field is."""
    return "" if field.excerpt else "added" if field.before is None else "removed" if field.after is None else ""


def changed_words(before: str, after: str) -> Phrase:
    """`300 → 500 EUR`: the words that changed, where they are few; else nothing."""
    changes = replacements(before, after, _WORDS, _PHRASE) if len(before) + len(after) <= _TEXT else ()
    if not changes or any(LINE_END in edit.removed + edit.added for edit in changes):
        return ()
    parts = [_replaced_words(edit) for edit in changes]
    return (*parts[0], *(run for part in parts[1:] for run in (Run(" and "), *part)))


def _replaced_words(edit: Replacement) -> Phrase:
    removed, added = edit.removed.strip(), edit.added.strip()
    unit = re.match(r" ?[^\W\d]{1,10}\b|%", edit.tail) if added[-1:].isdigit() else None
    tail = (Run(unit[0]),) if unit else ()
    if removed and added:
        return (Run(removed, "gone"), Run(" → "), Run(added, "new"), *tail)
    action: str
    look: Look
    action, words, look = ("added", added, "new") if edit.added else ("removed", removed, "gone")
    return (Run(f"{action} "), Run(f'"{words}"' if words else "white space", look))


def as_text(phrase: Phrase) -> str:
    """The phrase on one line."""
    return one_line("".join(run.text for run in phrase))


# the verdict


def headline(view: View) -> str:
    """One inert line: `1 blocked (conflict). Will apply: 1 deletion`, `1 prompt changed: 300 → 500 EUR`."""
    first, *others = halves(view)
    blocked = sum(bool(change.held_by) for change in view.changes)
    ready = [change for change in first.changes if not change.held_by]
    pending = [change for half in others for change in half.changes if view.pending or not change.held_by]
    parts = [", ".join(_summary_parts(ready))] if ready else []
    if pending:
        parts += [] if ready or first.changes else ["This change has no effect"]
        parts.append(f"{len(pending):,} already pending")
    parts += [differing([one.address for one in view.mismatches])] if view.mismatches else []
    if not view.standing:
        return one_line("; ".join(parts if view.changes or view.pending else ["No changes", *parts]))
    blocking = {code for change in view.changes for code in change.held_by} or {each.code for each in view.standing}
    codes = list(dict.fromkeys(each.code for each in view.standing if each.code in blocking))
    named = ", ".join([*codes[:_MOST], *(["and more"] if len(codes) > _MOST else [])])
    head = f"{blocked:,} blocked ({named})" if blocked else f"{_number_of(len(view.standing), 'objection')} ({named})"
    return one_line(f"{head}. {'Will apply: ' if ready else ''}{'; '.join(parts)}" if parts else head)


def _summary_parts(changes: Sequence[ChangeView]) -> list[str]:
    """What is done in all of them, worst first."""
    parts = list(_kinds_of_change(changes)) or [(_number_of(len(changes), "other change"), "")]
    if len(parts) > _MOST:
        return [*(part for part, _ in parts[:_MOST]), "and more"]
    room = _LINE - sum(len(part) + len(detail) for part, detail in parts)
    return [f"{part}{detail}" if room >= 0 else part for part, detail in parts]


def _kinds_of_change(changes: Sequence[ChangeView]) -> Iterator[tuple[str, str]]:
    """Each kind of change by number; with it what changed in detail, where that is the same in all."""
    actions = Counter(change.action for change in changes)
    updates = [change for change in changes if change.action not in WHOLE]
    breaking = [meaning for change in changes for meaning in change.meanings if meaning.breaking]
    plain = [field for change in updates for field in _not_breaking(change)]
    conflicts = sum(field.cause == "conflict" for change in updates for field in change.fields)
    new = f"new {sentences.noun(change.address for change in changes if change.action == 'create')}"
    deleted = _common_detail(change.address for change in changes if change.action == "delete")
    for number, noun, detail in (
        (actions["delete"], "deletion", deleted),
        (conflicts, "conflict", ""),
        (actions["create"], new, ""),
    ):
        yield from [(_number_of(number, noun), detail)] if number else []
    if breaking:
        yield _number_of(len(breaking), "breaking schema change"), _common_detail(map(_breaking, breaking))
    yield from _field_kinds(plain)
    yield from ((f"{actions[action]:,} {word}", "") for action, word in _PAST.items() if actions[action])


def _not_breaking(change: ChangeView) -> list[FieldView]:
    """Its fields less the schemas that break, which are counted as that."""
    schemas = {meaning.path for meaning in change.meanings if meaning.breaking}
    return [field for field in change.fields if not any(about(field.path, schema) for schema in schemas)]


def _breaking(meaning: MeaningView) -> str:
    own = owner(meaning.path)
    subject = function_name(own) if own else ""
    words = "".join(part for part, _ in named(meaning.text))
    return f"{subject or 'the answer'} {words}"


def _field_kinds(fields: Sequence[FieldView]) -> Iterator[tuple[str, str]]:
    prompts = [field for field in fields if field.path in PROMPTS]
    models = [field for field in fields if field.path == "model"]
    others = [field for field in fields if field.path not in {*PROMPTS, "model"}]
    if prompts:
        growth = grown([_as_str(field.before) for field in prompts], [_as_str(field.after) for field in prompts])
        words = _common_detail(
            as_text(_value_words(field)).removeprefix(": ") if _has_words(field) else "" for field in prompts
        )
        yield f"{_number_of(len(prompts), 'prompt')} changed", words or f", {growth}"
    if models:
        yield (
            f"{_number_of(len(models), 'model')} changed",
            _common_detail(as_text(_value_words(field)).strip() for field in models),
        )
    if others:
        noun = "other field" if prompts or models else "field"
        detail = _common_detail(f"{field.path}{as_text(_value_words(field))}" for field in others)
        yield f"{_number_of(len(others), noun)} changed", detail


def _has_words(field: FieldView) -> bool:
    before, after = field.before, field.after
    return isinstance(before, str) and isinstance(after, str) and bool(changed_words(before, after))


def _common_detail(details: Iterable[str]) -> str:
    """The detail, where it is the same in all and short enough to be read at a glance."""
    details = iter(details)
    detail = next(details, "")
    detail = detail if all(other == detail for other in details) else ""
    return f": {detail}" if detail and len(detail) <= 2 * _NAME else ""


def _as_str(value: Json) -> str:
    return value if isinstance(value, str) else ""
