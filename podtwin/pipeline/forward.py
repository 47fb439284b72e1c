"""The role `forward` with InfluxDB 2 behind it, and the cursors by which logs are kept for it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Final

import structlog

from ingest.forward_role import ForwardRole
from ingest.forwarder import Forwarder, cursor_name
from podcore.ports import Clock, LogReader
from podcore.site import Site
from podtwin.store.influx import InfluxSink
from podtwin.store.influx_client import InfluxAddress
from podtwin.store.influx_lines import LineEncoder
from podtwin.store.state import StateStore
from podtwin.store.undelivered import SqliteForwardBook

SINK: Final = "influx"
LOG_CURSOR: Final = cursor_name(SINK, "log")
DERIVED_CURSOR: Final = cursor_name(SINK, "derived")

_logger = structlog.get_logger("podtwin")


def make_forward_role(
    address: InfluxAddress,
    log: LogReader,
    derived: LogReader,
    state: StateStore,
    sites: Callable[[], Iterable[Site]],
    clock: Clock,
) -> ForwardRole:
    """The role; nothing is opened before it starts.

    Parameters
    ----------
    log, derived : on connections of this role's own.
    sites : what the log's registry knows, asked from the role's thread.
    """
    sink = InfluxSink(address, LineEncoder(sites), clock)
    book = SqliteForwardBook(state, clock)
    logs = {"log": log, "derived": derived}
    forwarders = [Forwarder(name, reader, SINK, sink, book) for name, reader in logs.items()]
    return ForwardRole(forwarders, f"InfluxDB, {address},", clock)


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
