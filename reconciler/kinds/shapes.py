"""The shapes of an assistant's fields: one model for both sides.

A live object is read leniently, and members that are not known are kept; a manifest is read with `extra="forbid"`.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Discriminator, Field, Tag

from reconciler.kinds.problems import tag


class _Open(BaseModel):
    """Keeps what it does not know; a manifest is read with `extra="forbid"` instead."""

    model_config = ConfigDict(extra="allow", protected_namespaces=())


class CodeInterpreter(_Open):
    """The code interpreter."""

    type: Literal["code_interpreter"]


class RankingOptions(_Open):
    ranker: str | None = None
    score_threshold: float | None = None


class FileSearchOptions(_Open):
    max_num_results: int | None = None
    ranking_options: RankingOptions | None = None


class FileSearch(_Open):
    type: Literal["file_search"]
    file_search: FileSearchOptions | None = None


class FunctionBody(_Open):
    name: str
    description: str | None = None
    parameters: dict[str, Any] | None = None
    strict: bool | None = None


class FunctionTool(_Open):
    type: Literal["function"]
    function: FunctionBody


class JsonSchemaBody(_Open):
    name: str
    description: str | None = None
    schema_: dict[str, Any] | None = Field(default=None, alias="schema")
    strict: bool | None = None


class Format(_Open):
    type: str
    json_schema: JsonSchemaBody | None = None


TYPES = {"code_interpreter": CodeInterpreter, "file_search": FileSearch, "function": FunctionTool}


def _tool_tag(value: Any) -> str:
    kind = value.get("type") if isinstance(value, dict) else None
    return tag(kind if isinstance(kind, str) and kind in TYPES else "other")


Tool = Annotated[
    Annotated[CodeInterpreter, Tag(tag("code_interpreter"))]
    | Annotated[FileSearch, Tag(tag("file_search"))]
    | Annotated[FunctionTool, Tag(tag("function"))]
    | Annotated[dict[str, Any], Tag(tag("other"))],
    Discriminator(_tool_tag),
]


def _format_tag(value: Any) -> str:
    return tag("word" if isinstance(value, str) else "format")


class CodeInterpreterResources(_Open):
    file_ids: list[str] | None = None


class FileSearchResources(_Open):
    vector_store_ids: list[str] | None = None


class ToolResources(_Open):
    code_interpreter: CodeInterpreterResources | None = None
    file_search: FileSearchResources | None = None


class Body(BaseModel):
    """The fields of an assistant; what else a live one has is ignored and never sent."""

    model_config = ConfigDict(extra="ignore", protected_namespaces=())

    model: str | None = None
    name: str | None = None
    description: str | None = None
    instructions: str | None = None
    tools: list[Tool] | None = None
    tool_resources: ToolResources | None = None
    metadata: dict[str, Any] | None = None
    temperature: float | None = Field(default=None, allow_inf_nan=False)
    top_p: float | None = Field(default=None, allow_inf_nan=False)
    response_format: (
        Annotated[Annotated[str, Tag(tag("word"))] | Annotated[Format, Tag(tag("format"))], Discriminator(_format_tag)]
        | None
    ) = None
    reasoning_effort: str | None = None
