"""The table of fields: what a create and a modify accept, with every limit."""

from functools import cache

from reconciler.emulator.settings import Settings
from reconciler.emulator.shapes import (
    Anything,
    Flag,
    Many,
    Members,
    Number,
    Optional,
    Pairs,
    Shape,
    Text,
    Variants,
    WordOr,
    optional,
)

FIELDS = (
    "name",
    "description",
    "model",
    "instructions",
    "tools",
    "top_p",
    "temperature",
    "reasoning_effort",
    "tool_resources",
    "metadata",
    "response_format",
)
"""In the order in which the hosted server answers them."""

EFFORTS = ("none", "minimal", "low", "medium", "high", "xhigh", "max")
RANKERS = ("auto", "default_2024_08_21")
NAME = Text(pattern="^[a-zA-Z0-9_-]+$", longest=64, may_be_empty=False)
METADATA = Pairs(most=16, longest_name=64, value=Text(longest=512))


@cache
def request(settings: Settings, *, creating: bool) -> Members:
    """What the body of a create or a modify looks like."""
    nulls = settings.echo == "nulls"
    members: dict[str, Shape] = {
        "model": Text(may_be_empty=False),
        "name": Optional(Text(longest=256)),
        "description": Optional(Text(longest=512)),
        "instructions": Optional(Text(longest=256_000)),
        "tools": Many(of=_tool(nulls=nulls), noun="objects", longest=128),
        "tool_resources": Optional(_tool_resources(creating=creating, nulls=nulls)),
        "metadata": Optional(_metadata(removable=settings.metadata == "merge-null")),
        "temperature": Optional(Number(minimum=0, maximum=2)),
        "top_p": Optional(Number(minimum=0, maximum=1)),
        "response_format": Optional(WordOr("auto", _response_format(nulls=nulls))),
        "reasoning_effort": Optional(Text(choices=EFFORTS)),
    }
    return Members(members=members, required=("model",) if creating else ())


def _metadata(*, removable: bool) -> Pairs:
    value = Optional(METADATA.value) if removable else METADATA.value
    return Pairs(most=METADATA.most, longest_name=METADATA.longest_name, value=value)


def _tool(*, nulls: bool) -> Variants:
    return Variants(
        {
            "code_interpreter": _tagged({}),
            "file_search": _tagged({"file_search": _file_search(nulls=nulls)}, nulls=nulls),
            "function": _tagged({"function": _function(nulls=nulls)}, required=("function",)),
        }
    )


def _file_search(*, nulls: bool) -> Members:
    ranking: dict[str, Shape] = {
        "ranker": Text(choices=RANKERS),
        "score_threshold": Number(minimum=0, maximum=1),
        # in no schema, but echoed by the hosted server: whoever keeps what it does not know sends it back
        "hybrid_search": Optional(Anything()),
    }
    options = _members(ranking, required=("score_threshold",), nulls=nulls)
    return _members(
        {"max_num_results": Number(minimum=1, maximum=50, whole=True), "ranking_options": options},
        nulls=nulls,
    )


def _function(*, nulls: bool) -> Members:
    members: dict[str, Shape] = {
        "name": NAME,
        "description": Text(),
        "parameters": Anything(),
        "strict": Optional(Flag()),
    }
    return _members(members, required=("name",), nulls=nulls)


def _response_format(*, nulls: bool) -> Variants:
    schema: dict[str, Shape] = {
        "name": NAME,
        "description": Text(),
        "schema": Anything(),
        "strict": Optional(Flag()),
    }
    named = _members(schema, required=("name",), nulls=nulls)
    return Variants(
        {
            "json_object": _tagged({}),
            "json_schema": _tagged({"json_schema": named}, required=("json_schema",)),
            "text": _tagged({}),
        }
    )


def _tool_resources(*, creating: bool, nulls: bool) -> Members:
    stores: dict[str, Shape] = {"vector_store_ids": Many(of=Text(), noun="strings", longest=1)}
    if creating:
        stores["vector_stores"] = Many(of=_vector_store(), noun="objects", longest=1)
    search = Members(
        members=optional(stores, names=stores if nulls else ()),
        exclusive=tuple(stores) if creating else (),
    )
    files = _members({"file_ids": Many(of=Text(), noun="strings", longest=20)}, nulls=nulls)
    return _members({"code_interpreter": files, "file_search": search}, nulls=nulls)


def _vector_store() -> Members:
    tokens = Number(minimum=100, maximum=4096, whole=True)
    overlap = Number(minimum=0, maximum=2048, whole=True)
    static = Members(
        members={"max_chunk_size_tokens": tokens, "chunk_overlap_tokens": overlap},
        required=("max_chunk_size_tokens", "chunk_overlap_tokens"),
    )
    chunking = Variants({"auto": _tagged({}), "static": _tagged({"static": static}, required=("static",))})
    return Members(
        members={
            "file_ids": Many(of=Text(), noun="strings", longest=100_000_000),
            "chunking_strategy": chunking,
            "metadata": Optional(METADATA),
        }
    )


def _members(members: dict[str, Shape], *, required: tuple[str, ...] = (), nulls: bool) -> Members:
    names = [name for name in members if name not in required] if nulls else []
    return Members(members=optional(members, names=names), required=required)


def _tagged(members: dict[str, Shape], *, required: tuple[str, ...] = (), nulls: bool = False) -> Members:
    return _members({"type": Text(), **members}, required=("type", *required), nulls=nulls)
