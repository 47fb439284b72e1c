"""Connections: so many at once, and none that keeps the server waiting for its request.

By itself the web server waits for ever for the rest of a request and takes as many connections
as the process may have files, which the logs and the history need as well.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Any, Final, cast

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

# 256 streams and as many requests beside them: half of the 1,024 files that a process usually may
# have, so that the other half stays for the logs and the history.
MAX_CONNECTIONS: Final = 512
REQUEST_S: Final = 10.0  # for a whole request, 64 kB at most: what any line carries in a second
TOO_MANY: Final = "too_many_connections"
TOO_SLOW: Final = "request_too_slow"
MALFORMED: Final = "malformed_request"

_AWAITED: Final = frozenset({h11.IDLE, h11.SEND_BODY})  # states in which more of it must come
# The library warns in text of its own, once for each request that is none: who has no key could
# fill a disk with it. Such requests are counted instead.
_logger = logging.getLogger("podtwin.api.connection")
_logger.setLevel(logging.ERROR)


class Connection(H11Protocol):
    """One connection. count : told why one was ended."""

    def __init__(self, *args: Any, count: Callable[[str], None], **named: Any) -> None:  # noqa: ANN401 - the library's own
        super().__init__(*args, **named)
        self._count = count
        self.logger = _logger
        self._deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Somebody has come."""
        super().connection_made(cast("asyncio.Transport", transport))
        if len(self.connections) > MAX_CONNECTIONS:
            self._count(TOO_MANY)
            self.transport.abort()
        else:
            self._weigh()

    def data_received(self, data: bytes) -> None:
        """Part of a request has come."""
        super().data_received(data)
        self._weigh()

    def connection_lost(self, exc: Exception | None) -> None:
        """He has left, or was made to."""
        self._forget_deadline()
        super().connection_lost(exc)

    def send_400_response(self, msg: str) -> None:
        """What came is no HTTP."""
        self._count(MALFORMED)
        super().send_400_response(msg)

    def _weigh(self) -> None:
        """The clock runs from the first sign of a request until all of it is here."""
        if self.conn.their_state not in _AWAITED:
            self._forget_deadline()
        elif self._deadline is None and not self.transport.is_closing():
            self._deadline = self.loop.call_later(REQUEST_S, self._end)

    def _end(self) -> None:
        self._count(TOO_SLOW)
        self.transport.abort()

    def _forget_deadline(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None
