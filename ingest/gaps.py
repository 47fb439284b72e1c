"""Numbers that are missing between those seen of a boot, told to the readers of the log.

A reader of Frames cannot see them by itself: a duplicate or a dead message has a number and makes
no Frame. So what ingest knows exactly goes into the log as states of the node, at a tick, where
it has changed.
"""

from __future__ import annotations

from ingest.dedupe import Seen
from podcore.frame import Frame, Kind, Source, StateBody, encode_body

MAX_TOLD = 20_000  # boots with a gap that is remembered as told; past it all are told again

BootKey = tuple[str, str, str]  # site, node, boot


class Gaps:
    """What is to be told at the next tick."""

    def __init__(self) -> None:
        self._changed: dict[BootKey, Seen] = {}
        self._told: dict[BootKey, int] = {}

    def saw(self, key: BootKey, seen: Seen) -> None:
        """Notes a boot whose numbers have changed."""
        if len(seen.starts) > 1 or key in self._told:
            self._changed[key] = seen

    def frames(self, at_ns: int) -> list[Frame]:
        """States of the nodes of which more, fewer or no numbers are missing than was told."""
        changed, self._changed = self._changed, {}
        found = []
        for key, seen in changed.items():
            missing = seen.missing()
            if missing == self._told.get(key, 0):
                continue
            if len(self._told) >= MAX_TOLD:
                self._told.clear()
            self._told[key] = missing
            if not missing:
                del self._told[key]
            found.append(_frame(key, missing, at_ns))
        return found


def _frame(key: BootKey, missing: int, at_ns: int) -> Frame:
    body = encode_body(StateBody(None, missing=missing))
    return Frame(0, Kind.STATE, *key, None, at_ns, at_ns, 0, Source.MEASURED, 0, body)
