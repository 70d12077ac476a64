"""APIs and models that their vendors retire, with the dates that the vendors published, and the manifests concerned."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Final
from urllib.parse import urlsplit

from reconciler.diagnostics import Location
from reconciler.model import Desired, Target

_LOCAL: Final = "local"
_MODEL_VENDOR: Final = "api.openai.com"


@dataclass(frozen=True, slots=True)
class _HostedApi:
    """An API that its vendor retires; other servers of the same API are not concerned."""

    kind: str
    hosts: tuple[str, ...]
    ends: str
    name: str
    successors: str


_APIS: Final = (
    _HostedApi(
        "assistant",
        ("api.openai.com", "*.openai.azure.com"),
        "2026-08-26",
        "hosted Assistants API",
        "the Agents API and the Responses API",
    ),
    _HostedApi(
        "assistant",
        ("*.services.ai.azure.com",),
        "2027-03-31",
        "classic Agent Service of Azure AI Foundry",
        "Foundry agents, which have versions",
    ),
)
_MODELS: Final = {
    "2024-09-13": ("gpt-3.5-turbo-0301", "gpt-3.5-turbo-0613", "gpt-3.5-turbo-16k", "gpt-3.5-turbo-16k-0613"),
    "2024-12-06": ("gpt-4-vision-preview",),
    "2025-06-06": ("gpt-4-32k", "gpt-4-32k-0314", "gpt-4-32k-0613"),
    "2025-07-28": ("o1-preview", "o1-preview-2024-09-12"),
    "2025-10-10": ("gpt-4o-audio-preview-2024-10-01",),
    "2025-10-27": ("o1-mini", "o1-mini-2024-09-12"),
    "2026-02-12": ("codex-mini-latest",),
    "2026-02-17": ("chatgpt-4o-latest",),
    "2026-03-26": ("gpt-4-0125-preview", "gpt-4-0314", "gpt-4-turbo-preview"),
    "2026-05-07": (
        "gpt-4o-audio-preview", "gpt-4o-audio-preview-2024-12-17", "gpt-4o-audio-preview-2025-06-03",
        "gpt-4o-mini-audio-preview", "gpt-4o-mini-audio-preview-2024-12-17",
    ),
    "2026-07-23": (
        "gpt-4o-mini-search-preview", "gpt-4o-mini-search-preview-2025-03-11", "gpt-4o-search-preview",
        "gpt-4o-search-preview-2025-03-11", "gpt-5-chat-latest", "gpt-5.1-chat-latest", "gpt-5.1-codex",
    ),
    "2026-08-10": ("gpt-5.2-chat-latest", "gpt-5.3-chat-latest"),
    "2026-09-28": ("gpt-3.5-turbo-1106",),
    "2026-10-23": (
        "gpt-3.5-turbo", "gpt-3.5-turbo-0125", "gpt-4", "gpt-4-0613", "gpt-4-1106-preview", "gpt-4-turbo",
        "gpt-4-turbo-2024-04-09", "gpt-4.1-nano", "gpt-4.1-nano-2025-04-14", "gpt-4o-2024-05-13", "o1",
        "o1-2024-12-17", "o3-mini", "o3-mini-2025-01-31", "o4-mini", "o4-mini-2025-04-16",
    ),
    "2026-12-11": (
        "gpt-5", "gpt-5-2025-08-07", "gpt-5-mini", "gpt-5-mini-2025-08-07", "gpt-5-nano", "gpt-5-nano-2025-08-07",
        "gpt-5-pro", "o3", "o3-2025-04-16", "o3-pro",
    ),
    "2027-01-14": (
        "gpt-4.1", "gpt-4.1-2025-04-14", "gpt-4.1-mini", "gpt-4.1-mini-2025-04-14", "gpt-4o", "gpt-4o-2024-08-06",
        "gpt-4o-2024-11-20", "gpt-4o-mini", "gpt-4o-mini-2024-07-18",
    ),
    "2027-01-20": ("gpt-audio-mini", "gpt-audio-mini-2025-12-15"),
    "2027-04-01": ("gpt-5.1", "gpt-5.1-2025-11-13", "gpt-5.4-nano", "gpt-5.4-nano-2026-03-17"),
}  # fmt: skip
"""By the day on which OpenAI's hosted API ends them."""
_MODEL_ENDS: Final = {name: day for day, names in _MODELS.items() for name in names}


@dataclass(frozen=True, slots=True)
class Retirement:
    """One API or model that ends, as far as an environment uses it."""

    code: str
    message: str
    remedy: str
    is_of_vendor: bool
    """Whether the environment is at the vendor whose date this is."""
    place: Location | None = None
    """The first manifest that names the model."""

    @property
    def note(self) -> str:
        """The retirement in one line of a plan."""
        return f"{self.message} {self.remedy[:1].upper()}{self.remedy[1:]}."


def is_of_model_vendor(base_url: str | None) -> bool:
    """Whether a server has the models of the vendor whose names are known here, as far as its address says."""
    host = urlsplit(base_url or "").hostname or ""
    return host in ("", _MODEL_VENDOR) or host.endswith(f".{_MODEL_VENDOR}")


def retirements(
    desired: Sequence[Desired],
    where: Target,
    today: str,
    *,
    deployments: Collection[str] = (),
    live_dates: Mapping[str, str | None] | None = None,
) -> tuple[Retirement, ...]:
    """What ends or has ended of all that the manifests use at the target, APIs first; nothing for the embedded server.

    `deployments` are names that stand for models of the environment's own. What the server itself says of a model
    (`live_dates`: its last day, or None) is taken instead of the table.
    """
    if where.provider == _LOCAL:
        return ()
    host = urlsplit(where.base_url).hostname or ""
    kinds = {resource.address.kind for resource in desired}
    return (*_ending_apis(kinds, host, today), *_ending_models(desired, host, today, deployments, live_dates or {}))


def _ending_apis(kinds: Collection[str], host: str, today: str) -> Iterator[Retirement]:
    for api in _APIS:
        if api.kind in kinds and any(fnmatchcase(host, pattern) for pattern in api.hosts):
            verb = "ended" if api.ends <= today else "ends"
            message = f"The {api.name} at {host} {verb} on {api.ends}."
            remedy = f"the vendor names as successors: {api.successors}; see docs/sunset.md"
            yield Retirement("retired-api", message, remedy, is_of_vendor=True)


def _ending_models(
    desired: Iterable[Desired],
    host: str,
    today: str,
    deployments: Collection[str],
    live_dates: Mapping[str, str | None],
) -> Iterator[Retirement]:
    uses: dict[str, list[Location]] = {}
    for resource in desired:
        if isinstance(model := resource.fields.get("model"), str) and model not in deployments:
            uses.setdefault(model, []).append(resource.place)
    ends = {model: live_dates.get(model, _MODEL_ENDS.get(model)) for model in sorted(uses)}
    of_vendor = [model for model in ends if host == _MODEL_VENDOR or model in live_dates]
    for model in (model for model in of_vendor if ends[model]):
        several = f" {len(uses[model])} manifests name it." if len(uses[model]) > 1 else ""
        message = f"The model {_model_end(model, ends[model], today)}.{several}"
        yield Retirement("retired-model", message, "choose another model", is_of_vendor=True, place=min(uses[model]))
    others = [model for model in ends if model not in of_vendor and ends[model]]
    if others:
        message = f"At OpenAI {', '.join(_model_end(model, ends[model], today) for model in others)}."
        place = min(place for model in others for place in uses[model])
        remedy = (
            "this server may have dates of its own" if host else "a folder does not say where its requests are sent"
        )
        yield Retirement("retired-model", message, remedy, is_of_vendor=False, place=place)


def _model_end(model: str, day: str | None, today: str) -> str:
    return f"`{model}` {'was retired' if str(day) <= today else 'retires'} on {day}"
