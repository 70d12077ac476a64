"""Changes an object as it was meant, whatever a server's modify does with what it is sent and what it is not."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping

from reconciler.canonical import Absent, Json, equal
from reconciler.model import Live
from reconciler.paths import has
from reconciler.providers.collection import Collection
from reconciler.providers.errors import Rejected
from reconciler.providers.removal import UNPROCESSABLE, Removal

Post = Callable[[Live, Mapping[str, Json]], Awaitable[Live]]


class Modifier:
    """Modifies the objects of one collection; what it learns of their server is kept for the run."""

    def __init__(self, collection: Collection, post: Post) -> None:
        self._kind = collection.kind
        self._post = post
        self._may_merge = collection.metadata != "replaced"
        self.merges = collection.metadata == "merged"
        self.pair_removal = Removal("null", "empty")
        self.text_removal = Removal("empty")
        """Where null was sent, as it is first of all, and had no effect."""
        self.upserts = False

    async def modify(
        self, live: Live, patch: Mapping[str, Json], wanted: dict[str, Json], ignored: frozenset[str]
    ) -> Live:
        """Writes, reads the answer, and sees to what the server kept or dropped against our will."""
        doomed = [key for key in pairs(live.raw.get("metadata")) if key not in wanted and key not in ignored]
        texts = [name for name in self._kind.texts if patch.get(name, "") is None]
        body = {**patch, "metadata": self._metadata(wanted, doomed, ignored)}
        answered = await self._send_without_texts(texts, live, body)

        def remaining(answer: Live) -> list[str]:
            filled = [key for key, value in pairs(answer.raw.get("metadata")).items() if value not in (None, "")]
            return [key for key in filled if key not in wanted and key not in ignored]

        async def send(answer: Live, removal: dict[str, Json]) -> Live:
            return await self.send(answer, {"metadata": {**self._metadata(wanted, [], ignored), **removal}})

        if not remaining(answered):
            return answered
        self.merges = self._may_merge
        return await self.pair_removal.finish(answered, remaining, send)

    async def send(self, live: Live, body: Mapping[str, Json]) -> Live:
        """The answer to a modify; a server that resets what is left out is sent everything, then and later."""
        if self.upserts:
            return await self._post(live, {**self._whole_body(live), **body})
        try:
            answered = await self._post(live, body)
        except Rejected as error:
            needs_model = "model" not in body and "model" in str(error).lower()
            if not needs_model or error.response.status not in UNPROCESSABLE:
                raise
        else:
            if not self._was_reset(live, answered, body):
                return answered
        self.upserts = True
        return await self.send(live, body)

    async def _send_without_texts(self, texts: list[str], live: Live, body: Mapping[str, Json]) -> Live:
        """The answer to a modify that takes texts out: some servers ignore or reject null, and take an empty one."""

        def remaining(answer: Live) -> list[str]:
            return [name for name in texts if answer.fields[name] is not None]

        async def send(answer: Live, removal: dict[str, Json]) -> Live:
            return await self.send(answer, {"metadata": body["metadata"], **removal})

        removal = self.text_removal.request(texts)  # by now; when the answer comes others may have learnt more
        try:
            answered = await self.send(live, {**body, **removal})
        except Rejected as rejection:
            if removal or not texts or rejection.response.status not in UNPROCESSABLE:
                raise
            try:
                answered = await self.send(live, {**body, **dict.fromkeys(texts, "")})
            except Rejected:  # maybe it was for another reason
                raise rejection from None
            self.text_removal.way = "empty"
        return await self.text_removal.finish(answered, remaining, send) if remaining(answered) else answered

    def _metadata(self, wanted: Mapping[str, Json], doomed: list[str], ignored: frozenset[str]) -> dict[str, Json]:
        sent = {key: value for key, value in wanted.items() if not (self.merges and key in ignored)}
        return {**sent, **self.pair_removal.request(doomed)}

    def _whole_body(self, live: Live) -> dict[str, Json]:
        """All that an object says, for a server whose modify drops what is left out, perhaps to defaults of its own."""
        whole = [path[0] for path in self._kind.chosen if len(path) == 1]
        chosen = {name: live.raw[name] for name in whole if live.raw.get(name) is not None}
        stated = [name for name in self._kind.fields if not equal(live.fields[name], self._kind.default(name))]
        return {**chosen, **{name: self._kind.wire(name, live.fields[name], None) for name in stated}}

    def _was_reset(self, live: Live, answered: Live, patch: Mapping[str, Json]) -> bool:
        """Whether fields that were not written went back to their defaults: this server's modify replaces.

        A server may have defaults of its own for what models choose; where those alone changed and other fields
        stayed, somebody edited them meanwhile.
        """
        kind, unsent = self._kind, self._bound_to_stay(live, patch)
        before, after = ({f: self._stated(f, each) for f in unsent} for each in (live, answered))
        changed = [f for f in unsent if before[f] != after[f]]
        if any(after[f] == kind.default(f) for f in changed):
            return True
        stayed = [f for f in unsent if f not in (*changed, *kind.exchanged) and before[f] != kind.default(f)]
        return not stayed and any(path[0] in changed for path in kind.chosen)

    def _bound_to_stay(self, live: Live, patch: Mapping[str, Json]) -> list[str]:
        """The fields that no server has a reason to change as it writes the patch."""
        table = self._kind.table
        companions = {name for rules in table.values() for name in rules.companions}
        resets = {path for name, rules in table.items() if name in patch for path in rules.resets}
        filled = {name for name, *part in resets if not part and not has(dict(live.raw), (name,))}
        return [name for name in table if name not in {*patch, *companions, *filled}]

    def _stated(self, name: str, live: Live) -> Json | Absent:
        """A field without the parts that the server chooses, be they in its answer or not."""
        value = live.fields[name]
        return value if (name,) in self._kind.chosen else self._kind.less_chosen((name,), value)


def pairs(metadata: Json) -> dict[str, Json]:
    """The pairs of an object's metadata, if that is what they are."""
    return dict(metadata) if isinstance(metadata, dict) else {}
