"""Keyring: looks up what requests show, in threads of its own and at most once a second each.

Another process may revoke a key (`podtwin keys revoke`), so nothing is believed for longer than
a second; what this process revokes ends at once. The state database has other writers, and the
event loop must not wait for them.
"""

from __future__ import annotations

import contextlib
from collections import OrderedDict
from typing import Final

from podcore.access import Key
from podcore.errors import NotWritten
from podcore.ports import Clock
from podtwin.api.authorize import Asked, Caller, Found, Proof, Refused, authorize
from podtwin.api.deps import KeyBook
from podtwin.api.scopes import READ
from podtwin.api.threads import Threads

FRESH_S: Final = 1.0
MAX_HELD: Final = 1_024  # keys and sessions that were right; 1 kB each
LOOKUP_THREADS: Final = 2  # a lookup takes 50 µs; slow reads of the history must not hold it up
USED_EVERY_NS: Final = 3_600_000_000_000  # a use is noted once an hour, not at each request


class Keyring:
    """What was found right in the last second, and the way to the rest."""

    def __init__(self, keys: KeyBook, clock: Clock) -> None:
        self._keys, self._clock = keys, clock
        self._threads = Threads(LOOKUP_THREADS)
        self._held: OrderedDict[bytes, tuple[float, Found]] = OrderedDict()
        self._changes = 0

    async def decide(self, asked: Asked) -> Caller | Refused:
        """Whether a request is answered."""
        return authorize(asked, await self._find(asked), self._clock.now_ns())

    async def still(self, caller: Caller) -> bool:
        """Whether a caller who was let in may stay."""
        if caller.proof is Proof.NOTHING:
            return True
        asked = Asked("GET", READ, caller.proof, caller.digest, caller.key_id)
        return isinstance(await self.decide(asked), Caller)

    def knows(self, digest: bytes) -> bool:
        """Whether it was right when it was last looked up."""
        return digest in self._held

    def forget(self) -> None:
        """After a key or a session was changed here: all is looked up anew."""
        self._changes += 1
        for digest, (_, found) in self._held.items():
            self._held[digest] = (float("-inf"), found)

    async def _find(self, asked: Asked) -> Found:
        if asked.proof is Proof.NOTHING:
            return Found()
        held = self._held.get(asked.digest)
        now_s, changes = self._clock.monotonic_s(), self._changes
        if held is not None and now_s - held[0] < FRESH_S:
            return held[1]
        found = await self._threads.run(lambda: self._look(asked))
        # What changed meanwhile may be this one.
        self._hold(asked, found, now_s if changes == self._changes else float("-inf"))
        return found

    def _hold(self, asked: Asked, found: Found, now_s: float) -> None:
        self._held.pop(asked.digest, None)
        key = found.key
        if key is None or (asked.proof is Proof.KEY and key.digest != asked.digest):
            return
        self._held[asked.digest] = (now_s, found)
        if len(self._held) > MAX_HELD:
            self._held.popitem(last=False)

    def _look(self, asked: Asked) -> Found:
        if asked.proof is Proof.COOKIE:
            pair = self._keys.session(asked.digest)
            found = Found() if pair is None else Found(pair[1], pair[0])
        else:
            found = Found(self._keys.get(asked.key_id) if asked.key_id else None)
        if isinstance(authorize(asked, found, self._clock.now_ns()), Caller) and found.key:
            self._note_use(found.key)
        return found

    def _note_use(self, key: Key) -> None:
        now_ns = self._clock.now_ns()
        if key.used_ns is None or now_ns - key.used_ns >= USED_EVERY_NS:
            # A full disk must not lock anybody out.
            with contextlib.suppress(NotWritten):
                self._keys.used(key.id, now_ns)
