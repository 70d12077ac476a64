"""The key that requests carry: known from the start, or printed by a command."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import anyio

from reconciler.masking import Mask, mask
from reconciler.providers.errors import CONCEALED
from reconciler.providers.key_command import KeyCommand, NoKeyError
from reconciler.settings import Access


class RequestKey:
    """The key of one environment in one run. A command is asked for it once, and again after it was rejected."""

    def __init__(
        self, access: Access, command: KeyCommand | None = None, learned: Callable[[str], None] | None = None
    ) -> None:
        self._access = access
        self._command = command
        self._learned = learned
        """Is told of each key that the command prints, so that it is hidden everywhere."""
        self._key = access.api_key
        self._failure: NoKeyError | None = None
        self._asking = anyio.Lock()
        self._secrets = {*access.secrets, *([access.api_key] if access.api_key else [])}
        self.mask: Mask = self._mask()
        """Hides everything secret that requests carry."""

    async def headers(self, limit: float = float("inf")) -> dict[str, str]:
        """How the key travels with a request; a command has so many seconds at most."""
        if self._key is None and self._command is not None:
            async with self._asking:
                if self._key is None:
                    await self._ask(self._command, limit)
        return self._access.key_headers(self._key)

    async def renewed(self, sent: Mapping[str, str], limit: float) -> bool:
        """Whether there is another key than the rejected one that was sent; several that ask share one answer."""
        async with self._asking:
            if self._access.key_headers(self._key) != sent:
                return True
            if self._command is None:
                return False
            await self._ask(self._command, limit)
            if self._access.key_headers(self._key) != sent:
                return True
            self._command = None  # it has no other key: the server rejects this one
            return False

    async def _ask(self, command: KeyCommand, limit: float) -> None:
        if self._failure is not None:
            raise self._failure
        try:
            self._key = await command.key(limit)
        except NoKeyError as error:
            self._failure = error  # whoever waits for it now would only wait for the same
            raise
        if self._key not in self._secrets:
            self._secrets.add(self._key)
            self.mask = self._mask()
            if self._learned is not None:
                self._learned(self._key)

    def _mask(self) -> Mask:
        return mask(self._secrets, lambda form, secret, how: CONCEALED)
