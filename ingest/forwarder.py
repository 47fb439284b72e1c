"""The forwarder of one log to one sink: read, write, and only then move the cursor.

Whatever ends the process between two lines, the Frames after the cursor are written again: a sink
takes a Frame twice as once. What the sink refused is kept in the transaction that moves the
cursor, so it is there once and never lost.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import structlog

from podcore.frame import Frame, Kind
from podcore.ports import LogReader, Sink, WriteRefused
from podcore.undelivered import ForwardBook, Undelivered

READ_LIMIT: Final = 2_000  # Frames at once: 2.4 MB at 1.2 kB, and about 22,000 lines
MAX_LINE: Final = 4_096  # bytes of a refused line that are kept: an asset of 150 points

_MINUTE_NS: Final = 60_000_000_000
_logger = structlog.get_logger("forward")


def cursor_name(sink_name: str, log_name: str) -> str:
    """The cursor behind which a log may be trimmed."""
    return f"forward/{sink_name}/{log_name}"


class Forwarder:
    """One log on its way to one sink; belongs to one thread, but for `lag`.

    Parameters
    ----------
    log_name : `log` or `derived`. sink_name : as in the cursor's name.
    """

    def __init__(
        self, log_name: str, reader: LogReader, sink_name: str, sink: Sink, book: ForwardBook
    ) -> None:
        self._log_name = log_name
        self._reader = reader
        self._sink_name = sink_name
        self._sink = sink
        self._book = book
        self._cursor = cursor_name(sink_name, log_name)
        self._offset = self._recovered()
        self.frames = 0
        self.lag = 0
        self.look()

    def advance(self) -> int:
        """Delivers what one read gives; how many Frames.

        Raises
        ------
        Unreachable, Refused  As the sink says; nothing has moved.
        NotWritten  When the cursor could not be kept; the same is delivered again.
        """
        frames = self._reader.read(self._offset, READ_LIMIT)
        self.look()
        if not frames:
            return 0
        refused = self._sink.write(frames)
        kept = self._kept(frames, refused)
        self._book.settle(self._cursor, frames[-1].offset, kept, _minutes(frames))
        self._offset = frames[-1].offset
        self.frames += len(frames)
        self.look()
        return len(frames)

    def look(self) -> None:
        """Finds out anew how many Frames wait, for `lag`."""
        self.lag = max(0, self._reader.last_offset() - self._offset)

    def _recovered(self) -> int:
        """Where to go on: after the cursor, unless the log is another one."""
        offset, last = self._book.get(self._cursor), self._reader.last_offset()
        if offset > last:
            _logger.warning("log_replaced", reader=self._cursor, last_offset=last, cursor=offset)
            return 0
        return offset

    def _kept(self, frames: Sequence[Frame], refused: Sequence[WriteRefused]) -> list[Undelivered]:
        if not refused:
            return []
        by_offset = {frame.offset: frame for frame in frames}
        return [self._undelivered(by_offset[each.offset], each) for each in refused]

    def _undelivered(self, frame: Frame, refused: WriteRefused) -> Undelivered:
        return Undelivered(
            self._sink_name,
            self._log_name,
            frame.offset,
            frame.site,
            frame.node,
            frame.ts_ns,
            refused.reason,
            refused.detail,
            refused.line[:MAX_LINE],
            len(refused.line),
        )


def _minutes(frames: Sequence[Frame]) -> set[tuple[str, int]]:
    """The sites and minutes of which these hold readings."""
    reading = Kind.READING
    return {(each.site, each.ts_ns // _MINUTE_NS) for each in frames if each.kind is reading}
