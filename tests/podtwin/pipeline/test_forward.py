"""Forwarding as it is put together: to a server, with a state database."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from structlog.testing import capture_logs
from support.fake_influx import FakeInflux, conflict
from support.frames import MIDNIGHT_NS, NS, reading
from support.live_ingest import LAB
from support.memory_log import MemoryLog
from support.waiting import eventually

from ingest.address import BrokerAddress
from podcore.clock import SystemClock
from podcore.errors import ConfigError
from podcore.frame import Source
from podcore.retry import FORWARD, RetryRequest
from podtwin.pipeline.assembly import Pipeline
from podtwin.pipeline.forward import (
    DERIVED_CURSOR,
    LOG_CURSOR,
    drop_unconfigured,
    make_forward_role,
)
from podtwin.pipeline.options import PipelineOptions
from podtwin.store.influx_client import InfluxAddress, InfluxTarget
from podtwin.store.retries import Retries, SinkRetries
from podtwin.store.state import StateStore
from podtwin.store.undelivered import UndeliveredRows


@pytest.fixture
def state(tmp_path: Path) -> Iterator[StateStore]:
    store = StateStore(tmp_path / "state.db")
    yield store
    store.close()


def test_both_logs_arrive_with_their_classes(state: StateStore) -> None:
    log, derived = MemoryLog(), MemoryLog(derived=True)
    log.append(
        [reading({"meter-1/power": float(n)}, MIDNIGHT_NS + n * NS, site="lab") for n in range(3)]
    )
    derived.append(
        [reading({"meter-1/power": 1.0}, MIDNIGHT_NS, site="lab", source=Source.TWIN, sd=[0.1])]
    )
    with FakeInflux() as server:
        server.judge = lambda lines: conflict(lines, "nothing", "of_the_kind")
        role = make_forward_role(
            InfluxTarget("influx", server.address),
            log,
            derived,
            state,
            lambda: [LAB],
            SystemClock(),
        )
        role.start()
        eventually(lambda: state.get(LOG_CURSOR) == 3 and state.get(DERIVED_CURSOR) == 1, "all")
        role.stop()
    assert (
        sum(
            line.startswith("meter,site=lab,asset=meter-1,source=measured") for line in server.lines
        )
        == 3
    )
    assert any("source=twin power=1.0,power__sd=0.1 " in line for line in server.lines)


def test_what_the_server_refuses_is_in_the_state_database(state: StateStore) -> None:
    log = MemoryLog()
    log.append([reading({"meter-1/power": 1.0, "meter-1/energy": 2.0}, MIDNIGHT_NS, site="lab")])
    with FakeInflux() as server:
        server.judge = lambda lines: conflict(lines, "meter", "energy")
        role = make_forward_role(
            InfluxTarget("influx", server.address),
            log,
            MemoryLog(),
            state,
            lambda: [LAB],
            SystemClock(),
        )
        role.start()
        eventually(lambda: state.get(LOG_CURSOR) == 1, "delivered")
        role.drain(10.0)
    (kept,) = UndeliveredRows(state).page(9)
    assert (kept.what.log, kept.what.offset, kept.what.reason) == ("log", 1, "field type conflict")
    assert kept.what.line.endswith(f"energy=2.0 {MIDNIGHT_NS}")


def test_a_refused_line_is_sent_again_when_a_person_asks(state: StateStore) -> None:
    log, requests = MemoryLog(), Retries(state, FORWARD)
    log.append([reading({"meter-1/power": 1.0}, MIDNIGHT_NS, site="lab")])
    rows = UndeliveredRows(state)
    with FakeInflux() as server:
        server.judge = lambda lines: conflict(lines, "meter", "power")
        role = make_forward_role(
            InfluxTarget("influx", server.address),
            log,
            MemoryLog(),
            state,
            lambda: [LAB],
            SystemClock(),
        )
        role.start()
        eventually(lambda: len(rows.page(9)) == 1, "refused")
        (kept,) = rows.page(9)
        requests.ask(RetryRequest("r1", kept.id, "ops", 1), "deadletter/f1")
        eventually(lambda: not requests.pending(9), "tried")
        assert "refused again" in rows.page(9)[0].outcome
        server.judge = lambda _: None  # the field's type was put right
        requests.ask(RetryRequest("r2", kept.id, "ops", 2), "deadletter/f1")
        eventually(lambda: not requests.pending(9), "tried again")
        role.stop()
    assert rows.page(9)[0].stored
    assert kept.what.line in server.lines


def test_a_sink_that_is_away_holds_up_no_other(state: StateStore) -> None:
    log = MemoryLog()
    log.append([reading({"meter-1/power": 1.0}, MIDNIGHT_NS, site="lab")])
    away = InfluxTarget("away", InfluxAddress("http://127.0.0.1:9", "acme", "twin", "secret"))
    with FakeInflux() as server:
        targets = (away, InfluxTarget("center", server.address))
        roles = [
            make_forward_role(each, log, MemoryLog(), state, lambda: [LAB], SystemClock())
            for each in targets
        ]
        for role in roles:
            role.start()
        eventually(lambda: state.get("forward/center/log") == 1, "delivered")
        eventually(lambda: not roles[0].health().ready, "away, and said")
        assert state.get("forward/away/log") == 0
        assert roles[1].health().ready
        for role in roles:
            role.stop()
    assert [role.name for role in roles] == ["forward-away", "forward-center"]
    assert server.lines


def test_a_letter_waits_for_the_sink_that_refused_it(state: StateStore) -> None:
    log, requests, rows = MemoryLog(), Retries(state, FORWARD), UndeliveredRows(state)
    log.append([reading({"meter-1/power": 1.0}, MIDNIGHT_NS, site="lab")])
    with FakeInflux() as first, FakeInflux() as second:
        first.judge = lambda lines: conflict(lines, "meter", "power")
        roles = [
            make_forward_role(
                InfluxTarget(name, server.address),
                log,
                MemoryLog(),
                state,
                lambda: [LAB],
                SystemClock(),
            )
            for name, server in (("first", first), ("second", second))
        ]
        roles[0].start()
        eventually(lambda: len(rows.page(9)) == 1, "refused")
        roles[0].stop()
        first.judge = lambda _: None
        (kept,) = rows.page(9)
        assert kept.what.sink == "first"
        requests.ask(RetryRequest("r1", kept.id, "ops", 1), "deadletter/f1")
        assert SinkRetries(state, "second").pending(9) == []
        assert [each.id for each in SinkRetries(state, "first").pending(9)] == ["r1"]
    assert kept.what.line not in second.lines


def test_a_forwarder_that_is_configured_no_longer_is_dropped_and_said(state: StateStore) -> None:
    state.set("engine", 5)
    state.set(LOG_CURSOR, 5)
    state.set("forward/other/log", 3)
    with capture_logs() as logs:
        drop_unconfigured(state, {LOG_CURSOR}, {"log": 10, "derived": 4})
    assert dict(state.all()) == {"engine": 5, LOG_CURSOR: 5}
    (said,) = logs
    assert (said["reader"], said["not_read"]) == ("forward/other/log", 7)


@pytest.mark.parametrize(
    ("history", "kept_for"),
    (
        ("embedded", {"sealer/log"}),
        ("influx", {LOG_CURSOR, "forward/center/log"}),
        ("both", {"sealer/log", LOG_CURSOR, "forward/center/log"}),
    ),
)
def test_a_log_is_kept_for_whoever_carries_it_on(
    tmp_path: Path, history: str, kept_for: set[str]
) -> None:
    pipeline = built(tmp_path, history)
    assert set(pipeline._keepers("log")) == kept_for  # noqa: SLF001 - what its trimmer waits for
    pipeline.stop()


def test_with_the_embedded_history_alone_an_old_forwarder_holds_no_log(tmp_path: Path) -> None:
    built(tmp_path, "both").stop()
    store = StateStore(tmp_path / "state.db")
    store.set(LOG_CURSOR, 3)
    with capture_logs() as logs:
        built(tmp_path, "embedded").stop()
    assert LOG_CURSOR not in store.all()
    assert any(each["event"] == "reader_dropped" for each in logs)
    store.close()


def test_without_an_address_the_role_is_refused(tmp_path: Path) -> None:
    options = PipelineOptions(tmp_path, roles=("forward",), history="influx")
    with pytest.raises(ConfigError, match="PODTWIN_INFLUX__TOKEN_FILE"):
        Pipeline(options, SystemClock())


def built(folder: Path, history: str) -> Pipeline:
    address = InfluxAddress("http://127.0.0.1:9", "acme", "twin", "secret")
    options = PipelineOptions(
        folder,
        roles=("ingest", "forward"),
        broker=BrokerAddress("127.0.0.1", 9),
        history=history,
        sinks=(InfluxTarget("influx", address), InfluxTarget("center", address)),
    )
    return Pipeline(options, SystemClock())
