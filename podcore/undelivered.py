"""What a sink refused on the way out, and where a forwarder keeps it with its cursor."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Undelivered:
    """What a sink refused of a Frame.

    sink, log, offset : where it was to go, and the Frame it is of, in `log` or `derived`.
    reason : of a closed list. detail : the sink's own words.
    line : as sent, or its beginning. size : its whole length, in characters.
    """

    sink: str
    log: str
    offset: int
    site: str
    node: str
    ts_ns: int
    reason: str
    detail: str
    line: str
    size: int

    @property
    def whole(self) -> bool:
        """Whether the line was kept to its end, so that it can be sent again."""
        return len(self.line) == self.size > 0


class ForwardBook(Protocol):
    """Where a forwarder keeps how far it is, and what was refused."""

    def get(self, reader: str) -> int:
        """The last offset done, 0 for a reader never seen."""

    def settle(
        self,
        reader: str,
        offset: int,
        refused: Sequence[Undelivered],
        minutes: Collection[tuple[str, int]] = (),
    ) -> None:
        """Keeps the refused and moves the cursor, in one transaction.

        minutes : of which sites, since 1970, something was delivered.
        """
