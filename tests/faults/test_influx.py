"""InfluxDB away, slow, and answering 429, 413 and 422: what comes to be stored in a real one.

Everything runs against one log while it grows, through a proxy that makes the fault. The Frames
of the log are counted in the bucket at the end.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from support.fault_ledger import Cost, Scale, Tell
from support.fault_proxy import FaultProxy
from support.frames import NS, reading
from support.influxd import Influxd
from support.live_ingest import LAB
from support.memory_log import MemoryLog
from support.waiting import eventually

from podcore.clock import SystemClock
from podtwin.pipeline.forward import LOG_CURSOR, make_forward_role
from podtwin.store.influx_client import SINK, InfluxAddress, InfluxTarget
from podtwin.store.state import StateStore
from podtwin.store.undelivered import UndeliveredRows

COUNT = 12_000
PART = 500


@pytest.fixture(scope="module")
def influxd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Influxd]:
    with Influxd(tmp_path_factory.mktemp("influxd")) as running:
        yield running


def frames_in(influxd: Influxd, address: InfluxAddress, what: str) -> int:
    text = influxd.flux(
        f'from(bucket: "{address.bucket}") |> range(start: 0) |> filter(fn: (r) => {what})'
        " |> toFloat() |> group() |> count()"
    )
    rows = text.split()
    return int(rows[1].rpartition(",")[2]) if len(rows) > 1 else 0


class Forwarded:
    """A forwarder between a log and a proxy, and the log growing in the meantime."""

    def __init__(self, proxy: FaultProxy, state: StateStore) -> None:
        self.log = MemoryLog()
        self.state = state
        self._start_ns = SystemClock().now_ns() // NS * NS - 2 * COUNT * NS
        self._seq = 0
        self._proxy = proxy
        self.start()

    def start(self) -> None:
        """Starts a forwarder, the first or, after a stop, the next one."""
        self.role = make_forward_role(
            InfluxTarget(SINK, self._proxy.address),
            self.log,
            MemoryLog(),
            self.state,
            lambda: [LAB],
            SystemClock(),
        )
        self.role.start()

    def stop(self) -> None:
        """Ends it in order."""
        self.role.drain(5.0)
        self.role.stop()

    def grow(self, count: int = PART) -> None:
        """More Frames come, whatever becomes of them."""
        numbers = range(self._seq + 1, self._seq + count + 1)
        self._seq += count
        values = {"probe-1/air_temp": 20.0, "meter-1/voltage": 230.0, "meter-1/power": 1.0}
        self.log.append(
            [reading(values, self._start_ns + n * NS, site="lab", seq=n) for n in numbers]
        )

    def finish(self, within_s: float = 240.0) -> None:
        """All that is to come comes, and all of it is settled."""
        self.grow(COUNT - self._seq)
        eventually(lambda: self.lag() == 0, "all forwarded", within_s)
        self.stop()

    def lag(self) -> int:
        """Frames that wait."""
        return self.log.last_offset() - self.state.get(LOG_CURSOR)


def away(run: Forwarded, proxy: FaultProxy, influxd: Influxd, scale: Scale) -> None:
    influxd.kill()
    run.grow()
    for _ in range(10):
        run.grow()
        pause(scale.seconds(1.0, 60.0))
    assert run.lag() >= 10 * PART
    influxd.start()


def slow(run: Forwarded, proxy: FaultProxy, influxd: Influxd, scale: Scale) -> None:
    proxy.delay_s = 1.0
    for _ in range(10):
        run.grow()
        pause(scale.seconds(0.5, 30.0))
    proxy.delay_s = 0.0


def answers_429(run: Forwarded, proxy: FaultProxy, influxd: Influxd, scale: Scale) -> None:
    proxy.refuse = (429, {"Retry-After": "1"})
    run.grow()
    eventually(lambda: proxy.answered[429] >= 3, "three refusals", 60.0)
    assert run.lag() >= PART
    proxy.refuse = None


def answers_413(run: Forwarded, proxy: FaultProxy, influxd: Influxd, scale: Scale) -> None:
    proxy.most_bytes = 4_000
    run.grow(COUNT // 2)
    eventually(lambda: proxy.answered[413] >= 3, "three refusals", 60.0)
    eventually(lambda: proxy.answered[204] >= 10, "smaller requests", 60.0)


def hangs_up(run: Forwarded, proxy: FaultProxy, influxd: Influxd, scale: Scale) -> None:
    proxy.silent = True
    run.grow()
    pause(scale.seconds(3.0, 60.0))
    assert run.lag() >= PART
    proxy.silent = False


def pause(seconds: float) -> None:
    clock = SystemClock()
    ends_s = clock.monotonic_s() + seconds
    eventually(lambda: clock.monotonic_s() >= ends_s, "the fault to last", seconds + 60.0)


FAULTS: dict[str, Callable[[Forwarded, FaultProxy, Influxd, Scale], None]] = {
    "InfluxDB killed and away": away,
    "InfluxDB takes 1 s a request": slow,
    "InfluxDB answers 429": answers_429,
    "InfluxDB answers 413 above 4 kB": answers_413,
    "InfluxDB hangs up": hangs_up,
}


@pytest.mark.timeout(400)
@pytest.mark.parametrize("fault", FAULTS)
def test_every_frame_comes_to_be_stored(
    influxd: Influxd, tmp_path: Path, fault: str, scale: Scale, tell: Tell
) -> None:
    address = influxd.new_bucket()
    state = StateStore(tmp_path / "state.db")
    with FaultProxy(address) as proxy:
        run = Forwarded(proxy, state)
        run.grow()
        eventually(lambda: run.lag() == 0, "a good beginning", 60.0)
        FAULTS[fault](run, proxy, influxd, scale)
        run.finish()
    stored = frames_in(influxd, address, 'r._measurement == "frame" and r._field == "seq"')
    tell(Cost(fault, COUNT, stored))
    assert stored == COUNT
    assert frames_in(influxd, address, 'r._field == "air_temp"') == COUNT
    assert not UndeliveredRows(state).counts()
    state.close()


def test_422_costs_the_series_of_the_other_type_and_nothing_else(
    influxd: Influxd, tmp_path: Path, tell: Tell
) -> None:
    address = influxd.new_bucket()
    influxd.write(address, f"meter,site=by-hand power=5i {SystemClock().now_ns() - 3_600 * NS}")
    # The conflict is one of a shard: all rows lie in one.
    influxd.write(address, f"meter,site=by-hand power=5i {SystemClock().now_ns() - COUNT * NS}")
    state = StateStore(tmp_path / "state.db")
    with FaultProxy(address) as proxy:
        run = Forwarded(proxy, state)
        run.finish()
        assert proxy.answered[422] > 0
    stored = frames_in(influxd, address, 'r._field == "voltage"')
    dead = sum(UndeliveredRows(state).counts().values())
    power = frames_in(influxd, address, 'r._field == "power" and r.site == "lab"')
    tell(Cost("InfluxDB answers 422 for one field (values of it)", COUNT, power, 0, dead))
    assert (stored, power + dead) == (COUNT, COUNT)
    state.close()


def test_what_is_missing_in_the_bucket_is_seen(influxd: Influxd, tmp_path: Path) -> None:
    address = influxd.new_bucket()
    state = StateStore(tmp_path / "state.db")
    with FaultProxy(address) as proxy:
        run = Forwarded(proxy, state)
        run.stop()
        run.grow()
        state.set(LOG_CURSOR, PART // 2)  # as if more had been stored than was
        run.start()
        run.finish()
    stored = frames_in(influxd, address, 'r._measurement == "frame" and r._field == "seq"')
    assert stored == COUNT - PART // 2
    state.close()
