"""Which numbers of a sender were seen: intervals, never closing a gap.

A number is a duplicate only if it lies in an interval. The confirmed number N is another thing:
the end of the unbroken run from the newest `first`. What lies below `first` is given up by its
sender, yet stored if it still comes.
"""

from __future__ import annotations

from bisect import bisect_right

import msgspec

MAX_INTERVALS = 1_000  # a boot; past it the oldest is forgotten (8 kB as MessagePack)
MAX_GIVEN_UP = 10**9  # counted at one birth: 30 years at 1 Hz; past it `first` is a mistake, and
# sums of it would leave the 64 bits of the log's counters


class Seen(msgspec.Struct):
    """The numbers seen of one (site, node, boot).

    starts, ends : (n,) closed intervals, ascending, never touching.
    first : the lowest number that the sender's newest birth still held, None without a birth.
    refused : readings in messages of these numbers that were not stored.
    """

    starts: list[int] = []
    ends: list[int] = []
    first: int | None = None
    refused: int = 0

    def add(self, seq: int) -> bool:
        """Remembers a number; whether it was new."""
        starts, ends = self.starts, self.ends
        if ends and seq == ends[-1] + 1:  # nearly always
            ends[-1] = seq
            return True
        index = bisect_right(starts, seq) - 1
        if index >= 0 and seq <= ends[index]:
            return False
        self._insert(index, seq)
        return True

    def _insert(self, index: int, seq: int) -> None:
        starts, ends = self.starts, self.ends
        joins_left = index >= 0 and ends[index] == seq - 1
        joins_right = index + 1 < len(starts) and starts[index + 1] == seq + 1
        if joins_left and joins_right:
            ends[index] = ends[index + 1]
            del starts[index + 1], ends[index + 1]
        elif joins_left:
            ends[index] = seq
        elif joins_right:
            starts[index + 1] = seq
        else:
            starts.insert(index + 1, seq)
            ends.insert(index + 1, seq)
            if len(starts) > MAX_INTERVALS:
                del starts[0], ends[0]

    def forget(self, low: int, high: int) -> None:
        """Takes the numbers from `low` to `high` as never seen."""
        spans = list(zip(self.starts, self.ends, strict=True))
        kept = [(start, min(end, low - 1)) for start, end in spans if start < low]
        kept += [(max(start, high + 1), end) for start, end in spans if end > high]
        self.starts, self.ends = [start for start, _ in kept], [end for _, end in kept]

    def born(self, first: int | None) -> int:
        """Takes the `first` of a birth; how many numbers were given up unseen by it."""
        before = self.confirmed()
        self.first = 1 if first is None else first
        if before is None or self.first <= before + 1:
            return 0
        missing = (self.first - 1 - before) - self._count(before + 1, self.first - 1)
        return min(missing, MAX_GIVEN_UP)

    def _count(self, low: int, high: int) -> int:
        return sum(
            max(0, min(end, high) - max(start, low) + 1)
            for start, end in zip(self.starts, self.ends, strict=True)
        )

    def missing(self) -> int:
        """How many numbers between the lowest and the highest seen did not come."""
        if not self.starts:
            return 0
        span = self.ends[-1] - self.starts[0] + 1
        return min(span - self._count(self.starts[0], self.ends[-1]), MAX_GIVEN_UP)

    def confirmed(self) -> int | None:
        """N: all numbers from `first` to N were seen; None when no birth said where to begin."""
        if self.first is None:
            return None
        index = bisect_right(self.starts, self.first) - 1
        if index >= 0 and self.first <= self.ends[index]:
            return self.ends[index]
        return self.first - 1
