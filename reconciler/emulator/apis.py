"""The APIs there are."""

from reconciler.emulator.agents import AGENTS
from reconciler.emulator.api import Api
from reconciler.emulator.assistants import ASSISTANTS

APIS: dict[str, Api] = {api.name: api for api in (AGENTS, ASSISTANTS)}
