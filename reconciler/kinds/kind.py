"""A kind of resource: everything that follows from the table of its fields, for any kind alike."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from pydantic import BaseModel, ValidationError

from reconciler.canonical import ABSENT, Absent, Fields, Json, encode
from reconciler.kinds.families import reasons
from reconciler.kinds.fields import Data, FieldRules, ValueLimits, limit_problems
from reconciler.kinds.metadata import MARKER
from reconciler.kinds.problems import Checked, Loc, Problem, ServerTraits, from_pydantic, places
from reconciler.model import Desired, Live
from reconciler.paths import Path, has, without


def _nothing(*_: Any) -> Iterator[Problem]:
    yield from ()


@dataclass(frozen=True)
class Kind:
    """One kind of resource."""

    name: str
    """What addresses begin with."""
    model: type[BaseModel]
    """The table: markers name fields by position, so that a new one goes last."""
    form: int
    """The version of the normal form; digests of another version are not comparable."""
    id_prefix: str = ""
    """What the ids of the vendor's server begin with."""
    api: str = ""
    """What people call the API that has it."""
    prompt: Path = ("instructions",)
    """Which field is the prompt."""
    answer_schema: Path = ()
    """Where the JSON Schema of its answers is."""
    columns: tuple[str, ...] = ("model", "name")
    """The fields by which a list of such objects tells one from another."""
    metadata_is_replaced: bool = False
    """Whether other clients replace all metadata as they change a pair, and so erase the marker."""
    after_change: str = ""
    """What is to be known once such objects have changed, beside what became of each; empty where it is nothing."""
    set_by_server: tuple[str, ...] = ("id", "object", "created_at")
    """What an object has and no manifest may state."""
    elsewhere: Mapping[Path, str] = field(default_factory=dict)
    """By the path of a field that other kinds have, what to do about it here."""
    misshapen: Callable[[Mapping[str, Json]], Iterable[Problem]] = _nothing
    """What is wrong with the shape of a manifest in a way that the model cannot put well."""
    rules: Callable[[Any, ServerTraits, Collection[str]], Iterable[Problem]] = _nothing
    """What is wrong between fields; the last argument names those that cannot be judged."""
    is_allowed: Callable[[Problem, Mapping[str, Json]], bool] = lambda problem, body: False
    """Whether the body makes up for what the model finds wrong."""
    table: Mapping[str, FieldRules] = field(init=False)

    def __post_init__(self) -> None:
        fields = self.model.model_fields.items()
        table = {name: next(m for m in info.metadata if isinstance(m, FieldRules)) for name, info in fields}
        object.__setattr__(self, "table", table)

    @property
    def plural(self) -> str:
        """What several are called, and the folder of their manifests."""
        return f"{self.name}s"

    @property
    def with_article(self) -> str:
        """What one of them is called: `an assistant`."""
        return f"{'an' if self.name[0] in 'aeiou' else 'a'} {self.name}"

    @property
    def fields(self) -> tuple[str, ...]:
        return tuple(self.table)

    @property
    def chosen(self) -> tuple[Path, ...]:
        """What a server may fill with a value of its own choice; `*` is any member."""
        return tuple((name, *path) for name, rules in self.table.items() for path in rules.chosen)

    def is_chosen(self, path: Path) -> bool:
        """Whether a path leads to what a server may choose, or into it."""
        return any(_is_along(pattern, path) for pattern in self.chosen if len(pattern) <= len(path))

    def less_chosen(self, part: Path, value: Json | Absent) -> Json | Absent:
        """The value of a part without what a server may choose of it."""
        for pattern in (found for found in self.chosen if len(found) >= len(part) and _is_along(found, part)):
            if len(pattern) > len(part):
                for path in _pattern_paths(value, pattern[len(part) :]):
                    value = value if isinstance(value, Absent) else without(value, path)
            elif len(part) > 1:
                return ABSENT
            elif self.default(part[0]) is None:
                return None
        return value

    @property
    def texts(self) -> tuple[str, ...]:
        """The fields that hold one text, and are without a value where it is empty."""
        limits = {name: info.metadata for name, info in self.model.model_fields.items()}
        return tuple(n for n, found in limits.items() if any(isinstance(m, ValueLimits) and m.longest for m in found))

    @property
    def exchanged(self) -> tuple[str, ...]:
        """The fields that people change and still mean the same object, even one without a name."""
        return tuple(name for name, rules in self.table.items() if rules.exchanged)

    def choosable(self, fields: Fields) -> frozenset[Path]:
        """What a server may choose of such a body, be it stated or not."""
        less = {name: self.less_chosen((name,), value) for name, value in fields.items() if (name,) not in self.chosen}
        bare = {name: value for name, value in less.items() if not isinstance(value, Absent)}
        body, _ = self._read(self.manifest({name: self.default(name) for name in self.fields} | bare))
        return frozenset(self._left_to_server(body, self._normal(body), ServerTraits()))

    def check(
        self,
        body: Mapping[str, Json],
        traits: ServerTraits,
        unread: Collection[str] = (),
        *,
        accepted: Collection[Path] = (),
    ) -> Checked:
        """The normal form of what a manifest states, or every reason why not.

        `unread` names the fields that it states and that could not be read, which is not reported again; `accepted` are
        the paths of members that are not known here and are sent all the same.
        """
        problems = [*self.misshapen(body)]
        sound: Any = None
        odd: set[str] = set()
        try:
            bare = _without_places(body, [problem.loc for problem in problems])
            sound = self.model.model_validate(bare, strict=True, extra="forbid")
        except ValidationError as error:
            found = from_pydantic(error, self.model, self._remedy_elsewhere)
            told = (replace(each, is_new=self._is_new(each)) for each in found if not self.is_allowed(each, body))
            problems += [each for each in told if not (each.is_new and each.path in accepted)]
        for name, rules in self.table.items():
            if rules.required and body.get(name) in (None, "") and name not in unread:
                message = f"{self.with_article.capitalize()} needs a `{name}`."
                problems.append(Problem((name,), "missing-field", message, f"add `{name}: …`"))
        if sound is None or problems:
            sound, odd = self._read(_without_places(body, [problem.loc for problem in problems]))
        unjudged = {*unread, *odd, *(str(problem.loc[0]) for problem in problems if problem.loc)}
        problems += limit_problems(sound)
        problems += self.rules(sound, traits, unjudged)
        problems += self._family_problems(sound, traits)
        problems += self._unsupported(body, traits)
        fields = self._normal(sound)
        return Checked(fields, frozenset(self._left_to_server(sound, fields, traits)), tuple(problems))

    def read(self, raw: Mapping[str, Json]) -> Fields:
        """The normal form of a live object; a field of an unexpected shape is kept as it came."""
        known = {name: raw[name] for name in self.fields if raw.get(name) is not None}
        if isinstance(pairs := known.get("metadata"), dict):
            known["metadata"] = {key: value for key, value in pairs.items() if key != MARKER}
        body, odd = self._read(known)
        return {**self._normal(body), **{name: known[name] for name in known if name in odd}}

    def tidy(self, name: str, value: Json) -> Json:
        """A value from which something was taken out, without the mappings that the normal form never has empty."""
        return self.table[name].without_hollows(value)

    def members(self, name: str, value: Json) -> dict[Path, Json]:
        """A field's value by the parts that are compared and attributed one by one."""
        return self.table[name].members(name, value)

    def schemas(self, fields: Fields) -> dict[Path, Json]:
        """The JSON Schemas in a body, by where they stand."""
        return {
            (name, *path): schema
            for name, rules in self.table.items()
            for pattern in rules.schemas
            for path, schema in _matching(fields[name], pattern)
        }

    def wire(self, name: str, value: Json, live: Live | None) -> Json:
        """A field of the normal form as the API takes it."""
        return self.table[name].wire(value, live.raw.get(name) if live is not None else None)

    def companions(self, desired: Desired, live: Live, changed: Collection[str]) -> dict[str, Json]:
        """Fields that must travel with the changed ones, with what each would be otherwise: the server keeps it."""
        travelling: dict[str, Json] = {}
        for trigger in (name for name in self.fields if name in changed):
            wanted = self.wire(trigger, desired.fields[trigger], None)
            for name in self.table[trigger].companions:
                behind = self.read({trigger: wanted, name: live.raw.get(name)})[name]
                if name not in changed and encode(behind) != encode(desired.fields[name]):
                    travelling[name] = behind
        return travelling

    def resets(self, desired: Desired, live: Live, changed: Collection[str]) -> frozenset[Path]:
        """What is left to the server and is chosen anew with the changed fields: what is there is of the old ones.

        What is ignored stays as it is, unless the server would reject it.
        """
        of_changed = {path for path in desired.left_to_server if self._is_reset_by(changed, path)}
        ignored = {path for path in of_changed for one in desired.ignore if path[: len(one)] == one}
        there = {path for path in of_changed if has(dict(live.raw), path)}
        return frozenset(path for path in there if path not in ignored or self._is_refused(path, desired))

    def reset_reason(self, path: Path, desired: Desired, changed: Collection[str]) -> str | None:
        """Why what is left to the server is reset along with the changed fields."""
        if path not in desired.left_to_server or not self._is_reset_by(changed, path):
            return None
        model = desired.fields["model"]
        return f"{model} does not take it" if self._is_refused(path, desired) else f"{model} chooses its own"

    def default(self, name: str) -> Json:
        """What a field is where nothing is stated."""
        return self.table[name].default

    def manifest(self, fields: Fields) -> dict[str, Json]:
        """A body as a manifest would state it: what is not default, in the API's own shape."""
        stated = [name for name in self.fields if encode(fields[name]) != encode(self.default(name))]
        return {name: self.table[name].manifest(fields[name]) for name in stated}

    def _is_new(self, problem: Problem) -> bool:
        """Whether it is a member of a field that nothing is known of, which an API may have got since."""
        within = problem.code == "unknown-field" and len(problem.loc) > 1
        return within and self._remedy_elsewhere(problem.path) is None

    def _remedy_elsewhere(self, path: Path) -> str | None:
        if path[-1:] and path[-1] in self.set_by_server:
            return f"the server sets it: leave it out; `reconciler.id` adopts an existing {self.name}"
        return self.elsewhere.get(path)

    def _read(self, data: Mapping[str, Json]) -> tuple[Any, set[str]]:
        """The model of every field that has a shape it knows, and the names of the others."""
        try:
            return self.model.model_validate(data), set()
        except ValidationError as error:
            odd = {str(item["loc"][0]) for item in error.errors()}
            return self.model.model_validate({name: v for name, v in data.items() if name not in odd}), odd

    def _normal(self, body: Any) -> Data:
        stated = {name: getattr(body, name) for name in self.table}
        return {
            name: rules.default if stated[name] is None else rules.normal(stated[name], body)
            for name, rules in self.table.items()
        }

    def _left_to_server(self, body: Any, fields: Fields, traits: ServerTraits) -> Iterator[Path]:
        for name, rules in self.table.items() if traits.chooses else ():
            if not rules.chosen_by_all and not self._is_rejected(rules, body.model, traits):
                continue
            stated = None if getattr(body, name) is None else fields[name]
            places = (path for pattern in rules.chosen for path in _pattern_paths(stated, pattern))
            yield from ((name, *path) for path in places if not has(stated, path))

    def _is_reset_by(self, changed: Collection[str], path: Path) -> bool:
        return any(path in rules.resets for name, rules in self.table.items() if name in changed)

    def _is_refused(self, path: Path, desired: Desired) -> bool:
        """Whether the model does not take what is left to the server, which may be why it is."""
        rules = self.table[path[0]]
        return not rules.chosen_by_all or self._is_rejected(rules, desired.fields["model"], ServerTraits())

    def _is_rejected(self, rules: FieldRules, model: Json, traits: ServerTraits) -> bool:
        """Whether the model does not take the field, as far as its name tells."""
        family = {True: "reasoning", False: "other", None: None}[reasons(model, traits.families)]
        return family is not None and family == rules.rejected_by

    def _unsupported(self, body: Mapping[str, Json], traits: ServerTraits) -> Iterator[Problem]:
        where = traits.environment
        lacking = (loc for name in traits.unsupported.get(self.name, ()) for loc in places(body, name.split(".")))
        for loc in sorted(lacking, key=str):
            message = f"`{loc[-1]}` is not supported by environment {where}."
            patch = f": `reconciler: {{environments: {{{where}: {{{loc[0]}: null}}}}}}`" if len(loc) == 1 else ""
            yield Problem(loc, "unsupported-field", message, f"leave it out there{patch}", at_key=True)
        if (misfits := traits.misfits.get(self.name)) is not None:
            yield from misfits(body)

    def _family_problems(self, body: Any, traits: ServerTraits) -> Iterator[Problem]:
        for name, rules in self.table.items():
            if getattr(body, name) is not None and self._is_rejected(rules, body.model, traits):
                what = "reasons" if rules.rejected_by == "reasoning" else "does not reason"
                message = f"`{body.model}` {what}, and such models reject `{name}`."
                remedy = "leave it out, or set a deployment's family under `environments.….models`"
                yield Problem((name,), "model-family", message, remedy, "warning")


def _without_places(body: Mapping[str, Json], places: list[Loc]) -> dict[str, Json]:
    """The body without the fields at the places; of a list of tools, with an empty tool at each of them."""
    odd = {str(place[0]) for place in places if place}
    data = {name: value for name, value in body.items() if name not in odd}
    bad_tools = {place[1] for place in places if place[:1] == ("tools",) and len(place) > 1}
    listed = body.get("tools")
    if bad_tools and isinstance(listed, list):
        data["tools"] = [{} if index in bad_tools else tool for index, tool in enumerate(listed)]
    return data


def _is_along(pattern: Path, path: Path) -> bool:
    """Whether a path leads the way of a pattern, as far as both go."""
    return all(step in ("*", own) for step, own in zip(pattern, path, strict=False))


def _pattern_paths(value: Json | Absent, pattern: Path) -> Iterator[Path]:
    """The paths that a pattern stands for in a value, be anything there or not."""
    if not pattern:
        yield ()
        return
    members = value if isinstance(value, dict) else {}
    for key in members if pattern[0] == "*" else (pattern[0],):
        yield from ((key, *path) for path in _pattern_paths(members.get(key), pattern[1:]))


def _matching(value: Json, pattern: Path) -> Iterator[tuple[Path, Json]]:
    """What stands where the pattern leads, by its path."""
    if not pattern:
        yield (), value
    elif isinstance(value, dict):
        for key in value if pattern[0] == "*" else (pattern[0],):
            if key in value:
                yield from (((key, *path), found) for path, found in _matching(value[key], pattern[1:]))
