"""The official package as the judge of what is sent to the Agents and the Responses API, and of what is answered."""

from __future__ import annotations

from typing import Any

import pytest

pytest.importorskip("openai.types.beta.agent", reason="openai 3.52 or newer has agents")

from openai.types.beta.agent import Agent
from openai.types.beta.agent_create_params import AgentCreateParams
from openai.types.beta.agent_update_params import AgentUpdateParams
from openai.types.responses.file_search_tool_param import FileSearchToolParam
from openai.types.responses.function_tool_param import FunctionToolParam
from openai.types.responses.response_create_params import ResponseCreateParamsNonStreaming
from openai.types.responses.response_format_text_json_schema_config_param import ResponseFormatTextJSONSchemaConfigParam
from openai.types.responses.response_text_config_param import ResponseTextConfigParam
from openai.types.responses.tool_param import CodeInterpreter, CodeInterpreterContainerCodeInterpreterToolAuto
from openai.types.shared_params.reasoning import Reasoning
from pydantic import ConfigDict, TypeAdapter


def _judge(params: Any) -> TypeAdapter[Any]:
    params.__pydantic_config__ = ConfigDict(extra="forbid", strict=True)
    return TypeAdapter(params)


_CREATE, _UPDATE = _judge(AgentCreateParams), _judge(AgentUpdateParams)
for _part in (
    FileSearchToolParam, FunctionToolParam, ResponseFormatTextJSONSchemaConfigParam, ResponseTextConfigParam,
    CodeInterpreter, CodeInterpreterContainerCodeInterpreterToolAuto, Reasoning,
):  # fmt: skip
    _part.__pydantic_config__ = ConfigDict(extra="forbid", strict=True)  # type: ignore[attr-defined]
_RESPONSE = _judge(ResponseCreateParamsNonStreaming)


def judge_request(body: dict[str, Any], *, creating: bool) -> None:
    """Raises where the package does not know what is sent, or knows it as something else."""
    told = {name: _in_python(name, value) for name, value in body.items()}
    read = (_CREATE if creating else _UPDATE).validate_python(told)
    list(read.get("tools") or ())  # an iterable is judged only as it is read


def _in_python(name: str, value: Any) -> Any:
    """The one member that has another name in Python, where a word is reserved."""
    return {"async_": value["async"]} if name == "compaction" and value else value


def judge_answer(raw: dict[str, Any]) -> None:
    """Raises where the package would not read an answer."""
    Agent.model_validate(raw)


def judge_response_request(request: dict[str, Any]) -> None:
    """Raises where `client.responses.create(**request, input=…)` is not what the package declares."""
    read = _RESPONSE.validate_python({**request, "input": "Hi"})
    list(read.get("tools") or ())  # an iterable is judged only as it is read
