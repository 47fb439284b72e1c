"""The role `forward`, a thread for each InfluxDB 2, and the cursors by which logs are kept."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Final

import structlog

from ingest.forward_role import NAME, ForwardRole
from ingest.forwarder import Forwarder, cursor_name
from podcore.ports import Clock, LogReader
from podcore.retry import RetryRequest, RetryRequests
from podcore.site import Site
from podcore.thread_role import STOP_S
from podtwin.store.downsampling import Marks, forget
from podtwin.store.influx import InfluxSink
from podtwin.store.influx_client import SINK, InfluxTarget
from podtwin.store.influx_downsampler import Downsampler
from podtwin.store.influx_lines import LineEncoder
from podtwin.store.retries import SinkRetries
from podtwin.store.state import StateStore
from podtwin.store.undelivered import SqliteForwardBook, UndeliveredRows

LOG_CURSOR: Final = cursor_name(SINK, "log")
DERIVED_CURSOR: Final = cursor_name(SINK, "derived")
LOOK_S: Final = 1.0  # between two looks for what is to be tried again
AT_ONCE: Final = 50  # lines a look: each is a request of its own

_logger = structlog.get_logger("podtwin")


def make_forward_role(
    target: InfluxTarget,
    log: LogReader,
    derived: LogReader,
    state: StateStore,
    sites: Callable[[], Iterable[Site]],
    clock: Clock,
    *,
    stop_s: float = STOP_S,
) -> ForwardRole:
    """The role for one of them; nothing is opened before it starts.

    Parameters
    ----------
    log, derived : on connections of this role's own.
    sites : what the log's registry knows, asked from the role's thread.
    """
    encoder = LineEncoder(sites)
    sink = InfluxSink(target.address, encoder, clock)
    downsampler = _downsampler(target, state, encoder, clock)
    book = SqliteForwardBook(state, clock, downsampled=target.name if downsampler else "")
    logs = {"log": log, "derived": derived}
    forwarders = [Forwarder(name, reader, target.name, sink, book) for name, reader in logs.items()]
    resender = Resender(SinkRetries(state, target.name), UndeliveredRows(state), sink, clock)
    return ForwardRole(
        forwarders,
        f"InfluxDB, {target.address},",
        clock,
        beside=Beside(resender, downsampler),
        name=NAME if target.name == SINK else f"{NAME}-{target.name}",
        stop_s=stop_s,
    )


class Beside:
    """What is done with a sink beside the Frames; implements `ingest.forward_role.Beside`."""

    def __init__(self, resender: Resender, downsampler: Downsampler | None) -> None:
        self._resender = resender
        self._downsampler = downsampler

    def __call__(self) -> None:
        """Sends again what a person asked for, and makes buckets of what is marked."""
        self._resender()
        if self._downsampler is not None:
            self._downsampler()

    def trouble(self) -> str:
        """Why buckets are not made; Frames are delivered meanwhile."""
        return self._downsampler.why if self._downsampler else ""


def _downsampler(
    target: InfluxTarget, state: StateStore, encoder: LineEncoder, clock: Clock
) -> Downsampler | None:
    if target.downsampling is None:
        forget(state, target.name)
        return None
    marks = Marks(state, target.name, target.place)
    return Downsampler(target.address, target.downsampling, marks, encoder, clock)


class Resender:
    """Sends refused lines again that a person asked for, for instance after a type was put right.

    What came of it is written beside the line before the request is forgotten; a crash between
    the two sends it no second time, and a second time would change nothing.
    """

    def __init__(
        self, requests: RetryRequests, rows: UndeliveredRows, sink: InfluxSink, clock: Clock
    ) -> None:
        self._requests = requests
        self._rows = rows
        self._sink = sink
        self._clock = clock
        self._looked_s = clock.monotonic_s()

    def __call__(self) -> None:
        """One look a second; raises as the sink does, and the request then waits."""
        now_s = self._clock.monotonic_s()
        if now_s - self._looked_s < LOOK_S:
            return
        self._looked_s = now_s
        for request in self._requests.pending(AT_ONCE):
            self._send(request)
            self._requests.done(request.id)

    def _send(self, request: RetryRequest) -> None:
        kept = self._rows.get(request.letter)
        if kept is None or kept.stored or kept.request == request.id or not kept.what.whole:
            return
        refused = self._sink.write_line(kept.what.line)
        outcome = f"refused again: {refused[0].reason}" if refused else "stored"
        now_ns = self._clock.now_ns()
        self._rows.mark(kept.id, request.id, now_ns, stored=not refused, outcome=outcome)


def drop_unconfigured(
    state: StateStore, configured: Collection[str], last_offsets: Mapping[str, int]
) -> None:
    """Forgets forwarders that are configured no longer, so that logs are not kept for them.

    Parameters
    ----------
    configured : cursor names of those that are. last_offsets : of `log` and `derived`.
    """
    for reader, offset in state.all().items():
        if not reader.startswith("forward/") or reader in configured:
            continue
        last = last_offsets.get(reader.rpartition("/")[2], offset)
        _logger.warning(
            "reader_dropped",
            reader=reader,
            not_read=max(0, last - offset),
            way_out="configured again, it begins with the oldest Frame that the log still holds",
        )
        state.drop(reader)
        forget(state, reader.split("/")[1])
