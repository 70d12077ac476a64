"""Strategies: bodies of every kind that a server takes, and worlds that change over time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

from hypothesis import strategies as st

Resource: TypeAlias = tuple[str, dict[str, Any]]
"""A body and its kind."""
Edit: TypeAlias = Callable[[Resource], Resource]

TEXT = st.text(st.characters(codec="utf-8", exclude_categories=("Cs", "Cc")), min_size=1, max_size=30).map(str.strip)
PROMPT = st.lists(TEXT, min_size=1, max_size=4).map("\n".join).filter(str.strip)
NAMES = st.text("abcXYZ09_-", min_size=1, max_size=12)
IDS = st.text("abc019", min_size=1, max_size=6).map("file_".__add__)

_leaf = st.sampled_from(
    [{"type": "string"}, {"type": "integer", "minimum": 0}, {"enum": ["a", 1, None]}, {"type": ["string", "null"]}, {}]
)
_objects = st.dictionaries(NAMES, _leaf, max_size=3).map(lambda p: {"type": "object", "properties": p})
SCHEMAS = st.one_of(_objects, st.dictionaries(NAMES, _objects, max_size=2).map(lambda p: {"properties": p}))


@st.composite
def _functions(draw: st.DrawFn) -> list[dict[str, Any]]:
    names = draw(st.lists(NAMES, max_size=3, unique=True))
    return [{"type": "function", "function": draw(_function(name))} for name in names]


def _function(name: str) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries(
        {"name": st.just(name)},
        optional={"description": TEXT.filter(bool), "parameters": SCHEMAS, "strict": st.just(False)},
    )


def _ranking() -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries(
        {"score_threshold": st.sampled_from([0, 0.0, 0.5, 1])},
        optional={"ranker": st.sampled_from(["auto", "default_2024_08_21"])},
    )


@st.composite
def bodies(draw: st.DrawFn) -> dict[str, Any]:
    """Any body that the API takes and that a manifest may state."""
    reasoning = draw(st.booleans())
    body: dict[str, Any] = {"model": draw(st.sampled_from(["o3-mini", "o1"] if reasoning else ["gpt-4o", "my-deploy"]))}
    body |= draw(
        st.fixed_dictionaries(
            {},
            optional={
                "name": TEXT.filter(bool),
                "description": TEXT.filter(bool),
                "instructions": PROMPT,
                "metadata": st.dictionaries(NAMES.filter("reconciler".__ne__), TEXT.filter(bool), max_size=3),
                **(
                    {"reasoning_effort": st.sampled_from(["low", "medium", "high"])}
                    if reasoning
                    else {"temperature": st.sampled_from([0, 0.5, 1, 2]), "top_p": st.sampled_from([0.1, 1.0])}
                ),
            },
        )
    )
    tools = draw(_functions())
    if draw(st.booleans()):
        body["response_format"] = draw(_formats())
    else:
        tools += draw(_others(body))
    if tools:
        body["tools"] = draw(st.permutations(tools))
    return body


def _formats() -> st.SearchStrategy[Any]:
    schema = st.fixed_dictionaries({"name": NAMES}, optional={"schema": SCHEMAS, "strict": st.just(False)})
    return st.one_of(
        st.sampled_from(["auto", {"type": "text"}]),
        schema.map(lambda inner: {"type": "json_schema", "json_schema": inner}),
    )


@st.composite
def _others(draw: st.DrawFn, body: dict[str, Any]) -> list[dict[str, Any]]:
    tools: list[dict[str, Any]] = []
    resources: dict[str, Any] = {}
    if draw(st.booleans()):
        tools.append({"type": "code_interpreter"})
        resources["code_interpreter"] = {"file_ids": draw(st.lists(IDS, max_size=3, unique=True))}
    if draw(st.booleans()):
        options = st.fixed_dictionaries(
            {}, optional={"max_num_results": st.integers(1, 50), "ranking_options": _ranking()}
        )
        tools.append({"type": "file_search", "file_search": draw(options)})
        resources["file_search"] = {"vector_store_ids": draw(st.lists(IDS, max_size=1))}
    if resources and draw(st.booleans()):
        body["tool_resources"] = resources
    return tools


_TEXTS = TEXT.filter(bool)
_AGENT_FUNCTIONS = st.lists(NAMES, max_size=3, unique=True).flatmap(
    lambda names: st.tuples(
        *(
            st.fixed_dictionaries(
                {"type": st.just("function"), "name": st.just(name), "description": TEXT, "parameters": SCHEMAS},
                optional={"async": st.booleans()},
            )
            for name in names
        )
    )
)
_TRANSPORTS = st.one_of(
    st.fixed_dictionaries(
        {"type": st.just("http"), "server_url": _TEXTS}, optional={"headers": st.dictionaries(NAMES, TEXT, max_size=2)}
    ),
    st.fixed_dictionaries(
        {"type": st.just("stdio"), "command": _TEXTS, "cwd": _TEXTS},
        optional={name: st.lists(NAMES, max_size=2) for name in ("args", "env_vars")},
    ),
)
_SERVERS = st.lists(NAMES, max_size=2, unique=True).flatmap(
    lambda labels: st.tuples(
        *(
            st.fixed_dictionaries(
                {"type": st.just("mcp"), "server_label": st.just(label), "transport": _TRANSPORTS},
                optional={
                    "allowed_tools": st.none() | st.lists(NAMES, max_size=2),
                    "connection_origin": st.sampled_from([None, "service", "environment"]),
                    "credential_id": st.none() | NAMES,
                    "request_metadata": st.none() | st.dictionaries(NAMES, NAMES, max_size=1),
                    "required": st.booleans(),
                },
            )
            for label in labels
        )
    )
)
_PLACES = st.dictionaries(st.sampled_from(["city", "country", "region", "timezone"]), st.none() | _TEXTS)
_SINGLE = st.tuples(
    st.none() | st.fixed_dictionaries({"type": st.just("automations")}),
    st.none() | st.fixed_dictionaries({"type": st.just("tool_search")}),
    st.none()
    | st.fixed_dictionaries({"type": st.just("computer_use")}, optional={"include_screenshots": st.booleans()}),
    st.none()
    | st.fixed_dictionaries({"type": st.just("programmatic_tool_calling")}, optional={"enabled": st.booleans()}),
    st.none()
    | st.fixed_dictionaries(
        {"type": st.just("web_search")},
        optional={
            "mode": st.sampled_from([None, "disabled", "cached", "live"]),
            "context_size": st.sampled_from([None, "low", "medium", "high"]),
            "allowed_domains": st.none() | st.lists(NAMES, max_size=2),
            "location": st.none() | _PLACES,
        },
    ),
).map(lambda tools: [tool for tool in tools if tool is not None])
_ANSWERS = st.one_of(
    st.just({"type": "text"}), SCHEMAS.map(lambda schema: {"type": "json_schema", "schema": schema}), st.none()
)


def agent_bodies() -> st.SearchStrategy[dict[str, Any]]:
    """Any body of an agent that the API takes and that a manifest may state."""
    tools = st.tuples(_AGENT_FUNCTIONS, _SERVERS, _SINGLE).map(lambda parts: [tool for part in parts for tool in part])
    optional: dict[str, st.SearchStrategy[Any]] = {
        "name": _TEXTS,
        "instructions": PROMPT,
        "tools": tools.flatmap(st.permutations),
        "metadata": st.dictionaries(NAMES.filter("reconciler".__ne__), _TEXTS, max_size=3),
        "reasoning": st.fixed_dictionaries(
            {},
            optional={
                "effort": st.sampled_from([None, "none", "low", "max"]),
                "summary": st.sampled_from([None, "auto", "concise", "detailed"]),
            },
        ),
        "text": st.fixed_dictionaries(
            {}, optional={"format": _ANSWERS, "verbosity": st.sampled_from([None, "low", "medium", "high"])}
        ),
        "service_tier": st.sampled_from(["auto", "flex", "priority"]),
        "multi_agent": st.one_of(
            st.just({"enabled": False}),
            st.fixed_dictionaries({"enabled": st.just(True)}, optional={"max_concurrent_subagents": st.integers(1, 8)}),
        ),
        "compaction": st.fixed_dictionaries({}, optional={"async": st.none() | st.booleans()}),
        "experimental": st.fixed_dictionaries({}, optional={"time_awareness": st.booleans()}),
    }
    return st.fixed_dictionaries({"model": st.sampled_from(["gpt-5.1", "o3", "my-deploy"])}, optional=optional)


BODIES = {"agent": agent_bodies(), "assistant": bodies()}
_EDITED = {"agent": ["name", "instructions"], "assistant": ["name", "description", "instructions"]}
_SAID: dict[str, dict[str, Any]] = {"agent": {"parameters": {}}, "assistant": {}}
"""What a function needs beside its description."""


def of_one_kind(*shapes: Callable[[str], st.SearchStrategy[Any]]) -> st.SearchStrategy[tuple[Any, ...]]:
    """Resources and edits that belong to the same kind."""
    return st.sampled_from(sorted(BODIES)).flatmap(lambda kind: st.tuples(*(shape(kind) for shape in shapes)))


def resource(kind: str) -> st.SearchStrategy[Resource]:
    return st.tuples(st.just(kind), BODIES[kind])


def resources() -> st.SearchStrategy[Resource]:
    """Bodies of any kind."""
    return st.sampled_from(sorted(BODIES)).flatmap(resource)


_PIECES = st.one_of(
    st.sampled_from(
        ["---", "\n", "\r\n", "\r", "\t", "  ", "{{ x }}", "{file: a.md}", "...", "yes", "1e3", "# a", "a: b", "::x"]
    ),
    st.text(st.characters(exclude_categories=("Cs",)), max_size=8),
)
MESS = st.one_of(
    st.lists(_PIECES, min_size=1, max_size=12).map("".join),
    st.tuples(st.lists(_PIECES, min_size=1, max_size=3).map("".join), st.integers(50, 300)).map(lambda t: t[0] * t[1]),
).map(lambda text: text[:20_000])
"""Texts of any characters, long ones as well."""


def _large_functions(kind: str) -> st.SearchStrategy[list[dict[str, Any]]]:
    """Functions that are the same in many bodies, or nearly: of few names, and of few schemas with many properties."""
    names = st.lists(st.sampled_from(["look_up", "Look_up", "LOOK_UP", "con", "-"]), max_size=3, unique=True)
    one = st.tuples(st.integers(8, 10), SCHEMAS).map(
        lambda made: {"type": "object", "properties": {f"p{number}": made[1] for number in range(made[0])}}
    )
    described = _SAID[kind] | ({"description": ""} if kind == "agent" else {})
    return names.flatmap(
        lambda named: st.tuples(
            *(
                one.map(lambda schema, name=name: _as_tool(kind, {**described, "name": name, "parameters": schema}))
                for name in named
            )
        ).map(list)
    )


@st.composite
def messy(draw: st.DrawFn, kind: str) -> Resource:
    """A body with texts of any characters, as people type and programs generate them."""
    _, body = draw(resource(kind))
    body = {**body, **draw(st.fixed_dictionaries({}, optional={"tools": _large_functions(kind)}))}
    texts = {"name": MESS.map(lambda text: text[:100]), "instructions": MESS}
    if kind == "assistant":
        texts["description"] = MESS.map(lambda text: text[:500])
    body = {**body, **draw(st.fixed_dictionaries({}, optional=texts))}
    pairs = st.dictionaries(
        MESS.map(lambda text: text[:60]).filter(bool), MESS.map(lambda text: text[:500]), max_size=3
    )
    if draw(st.booleans()):
        body["metadata"] = {key: value for key, value in draw(pairs).items() if key != "reconciler"}
    return kind, body


def messes() -> st.SearchStrategy[Resource]:
    """The same of any kind."""
    return st.sampled_from(sorted(BODIES)).flatmap(messy)


@st.composite
def edit(draw: st.DrawFn, kind: str) -> Edit:
    """How somebody edits a body, in Git or in a dashboard: some fields, some pairs of metadata, some functions."""
    other, fields = draw(BODIES[kind]), draw(st.sets(st.sampled_from(_EDITED[kind])))
    keys, names = draw(st.sets(NAMES, max_size=2)), draw(st.sets(NAMES, max_size=2))

    def edited(one: Resource) -> Resource:
        body = one[1]
        pairs, functions, others = {**body.get("metadata", {})}, _by_name(body), _other_tools(body)
        pairs |= dict.fromkeys(keys, "edited")
        functions |= {name: {"name": name, "description": "edited", **_SAID[kind]} for name in names} | _by_name(other)
        for some in (pairs, functions):
            if len(some) > len(keys) + 1 and "reconciler" not in some:
                del some[min(some)]
        changed = {field: other.get(field, "edited") for field in fields}
        tools = others + [_as_tool(kind, function) for function in functions.values()]
        return kind, {**body, **changed, "metadata": pairs, "tools": tools}

    return edited


def _as_tool(kind: str, function: dict[str, Any]) -> dict[str, Any]:
    return {"type": "function", **(function if kind == "agent" else {"function": function})}


def _by_name(body: dict[str, Any]) -> dict[str, Any]:
    functions = [tool.get("function", tool) for tool in body.get("tools", ()) if tool["type"] == "function"]
    return {function["name"]: function for function in functions}


def _other_tools(body: dict[str, Any]) -> list[dict[str, Any]]:
    return [tool for tool in body.get("tools", ()) if tool["type"] != "function"]


def worlds() -> st.SearchStrategy[list[dict[str, Resource]]]:
    """Manifests over time: what each of a few keys asks for, state after state."""
    keys = st.sampled_from(["a", "b", "c"])
    return st.lists(st.dictionaries(keys, resources(), min_size=1, max_size=3), min_size=1, max_size=3)
