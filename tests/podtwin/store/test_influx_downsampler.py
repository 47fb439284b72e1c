"""Minutes and hours in a real InfluxDB: what is asked of them comes to what the rows come to."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

import polars as pl
import pytest
from contracts.history import ALL, AT, BinnedHistory, HistoryContract, Store, query
from support.frames import NS, reading
from support.influxd import Influxd
from support.ingesting import HandClock
from support.memory_log import MemoryLog

from ingest.forwarder import Forwarder, cursor_name
from podcore.frame import Frame, Source
from podtwin.store.bins import BINS
from podtwin.store.downsampling import Marks, count_marked, marked_hours
from podtwin.store.influx import InfluxSink
from podtwin.store.influx_bins import RolledBins
from podtwin.store.influx_client import SINK, Downsampling, InfluxTarget, KeptBucket
from podtwin.store.influx_downsampler import Downsampler
from podtwin.store.influx_history import InfluxHistory
from podtwin.store.influx_lines import LineEncoder
from podtwin.store.influx_reader import FluxReader
from podtwin.store.state import StateStore
from podtwin.store.undelivered import SqliteForwardBook

DAY_NS = 86_400 * NS
HOUR_NS = 3_600 * NS
STEPS_NS = (60 * NS, 300 * NS, HOUR_NS, 6 * HOUR_NS)


@pytest.fixture(scope="module")
def influxd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Influxd]:
    with Influxd(tmp_path_factory.mktemp("influxd")) as server:
        yield server


class Site:
    """Both logs, their way into a raw bucket, and what makes minutes and hours of it."""

    def __init__(self, influxd: Influxd, folder: Path) -> None:
        address = influxd.new_bucket()
        plan = Downsampling(KeptBucket(f"{address.bucket}_1m"), KeptBucket(f"{address.bucket}_1h"))
        self.target = InfluxTarget(SINK, address, plan)
        self.plan = plan
        self.log, self.derived = MemoryLog(), MemoryLog(derived=True)
        self.state = StateStore(folder / "state.db")
        self.clock = HandClock(AT + 2 * DAY_NS)
        self.reader = FluxReader(address)
        self.start()

    def start(self) -> None:
        """As a process that begins does."""
        encoder = LineEncoder(tuple)
        sink = InfluxSink(self.target.address, encoder, self.clock)
        book = SqliteForwardBook(self.state, self.clock, downsampled=SINK)
        self.forwarders = [
            Forwarder("log", self.log, SINK, sink, book),
            Forwarder("derived", self.derived, SINK, sink, book),
        ]
        marks = Marks(self.state, SINK, self.target.place)
        self.downsampler = Downsampler(self.target.address, self.plan, marks, encoder, self.clock)

    def add(self, frames: Sequence[Frame]) -> None:
        for frame in frames:
            (self.log if frame.source is Source.MEASURED else self.derived).append([frame])

    def forward(self) -> None:
        for each in self.forwarders:
            while each.advance():
                pass

    def make(self) -> None:
        for _ in range(50):
            self.clock.pass_s(60.0)
            self.downsampler()
            assert self.downsampler.why == ""
            if not count_marked(self.state.path, SINK):
                return
        raise AssertionError("not all was made")

    def history(self) -> InfluxHistory:
        marked = partial(marked_hours, self.state.path, SINK, self.target.place)
        rolled = RolledBins(self.reader, self.plan.buckets(), marked)
        return InfluxHistory(
            self.reader, self.log, self.derived, self.forwarded, short_s=60.0, rolled=rolled
        )

    def forwarded(self) -> tuple[int, int]:
        log, derived = (self.state.get(cursor_name(SINK, name)) for name in ("log", "derived"))
        return log, derived

    def same_as_rows(self) -> None:
        """Every bin is what the rows of the raw bucket come to."""
        plain = InfluxHistory(self.reader, self.log, self.derived, self.forwarded, short_s=60.0)
        for step_ns in STEPS_NS:
            asked = query(from_ns=AT - DAY_NS, to_ns=AT + DAY_NS, sources=ALL)
            assert binned(self.history(), asked, step_ns).equals(binned(plain, asked, step_ns))


def binned(history: BinnedHistory, asked: object, step_ns: int) -> pl.DataFrame:
    tables = [pl.DataFrame(schema=BINS), *history.bins(asked, step_ns)]  # type: ignore[arg-type]
    return pl.concat(tables).sort("asset", "point", "source", "ts")


def hours(count: int, start_ns: int = AT) -> list[Frame]:
    """A value a minute and a bit, whose sums round."""
    return [
        reading({"a/x": 0.1 * k, "a/x__min": k / 3, "b/y__value": float(k)}, start_ns + k * 97 * NS)
        for k in range(count * 37)
    ]


@pytest.fixture
def site(influxd: Influxd, tmp_path: Path) -> Site:
    return Site(influxd, tmp_path)


class TestDownsampled(HistoryContract):
    @pytest.fixture
    def store(self, site: Site) -> Store:
        def keep(frames: Sequence[Frame]) -> BinnedHistory:
            site.add(frames)
            site.forward()
            for _ in frames[:9]:  # what is of tomorrow stays marked
                site.clock.pass_s(60.0)
                site.downsampler()
            return site.history()

        return keep


def test_bins_come_from_the_buckets_and_are_those_of_the_rows(site: Site) -> None:
    site.add(hours(5))
    site.add([reading({"a/x": 1.5}, AT + 60 * NS, source=Source.TWIN, sd=[0.3])])
    site.forward()
    site.make()
    site.same_as_rows()
    raw = site.target.address.bucket
    everything = query(from_ns=AT, to_ns=AT + 4 * HOUR_NS)
    before = binned(site.history(), everything, HOUR_NS)
    asked: list[str] = []
    rows = site.reader.rows

    def noted(flux: str, silence_s: float = 60.0) -> pl.DataFrame:
        asked.append(flux)
        return rows(flux, silence_s)

    site.reader.rows = noted  # type: ignore[method-assign]
    assert binned(site.history(), everything, HOUR_NS).equals(before)
    assert asked
    assert not any(f'"{raw}"' in each for each in asked)


def test_what_comes_late_and_twice_is_counted_again(site: Site) -> None:
    site.add(hours(3))
    site.forward()
    site.make()
    late = [
        reading({"a/x": -40.0}, AT + 500 * NS, recv_ns=AT + DAY_NS),
        reading({"a/x": 99.0}, AT + 97 * NS, recv_ns=AT + DAY_NS),  # settles one that was there
    ]
    site.add(late)
    site.same_as_rows()  # while it waits in the log
    site.forward()
    site.same_as_rows()  # while it is marked
    site.make()
    site.same_as_rows()
    (first, *_) = binned(site.history(), query("a/x"), HOUR_NS).iter_rows(named=True)
    assert (first["min"], first["max"]) == (-40.0, 99.0)


def test_killed_at_any_write_it_ends_in_the_same(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Killed(BaseException):
        pass

    write, left = InfluxSink.write_lines, 0

    def some(self: InfluxSink, lines: list[bytes]) -> object:
        nonlocal left
        left -= 1
        if left < 0:
            raise Killed
        return write(self, lines)

    site.add(hours(3))
    site.forward()
    for survived in range(6):
        left = survived
        with monkeypatch.context() as patched:
            patched.setattr(InfluxSink, "write_lines", some)
            site.clock.pass_s(60.0)
            try:
                site.downsampler()
            except Killed:
                site.same_as_rows()
        site.start()
    site.make()
    site.same_as_rows()


def test_what_the_bucket_held_before_is_made_too(site: Site) -> None:
    old = InfluxSink(site.target.address, LineEncoder(tuple), site.clock)
    before = MemoryLog()
    before.append(hours(2, AT - 5 * HOUR_NS))
    assert not old.write(before.read(0, 10_000))
    site.add(hours(1))
    site.forward()
    site.make()
    site.same_as_rows()
    assert binned(site.history(), query("a/x", from_ns=0), 24 * HOUR_NS)["count"].sum() == 3 * 37


def test_a_minute_that_has_not_ended_waits(site: Site) -> None:
    site.clock = HandClock(AT + 90 * NS)
    site.start()
    site.add([reading({"a/x": 1.0}, AT + second * NS) for second in range(90)])
    site.forward()
    site.downsampler()
    assert marked_hours(site.state.path, SINK, site.target.place, "ams-03") == frozenset(
        {AT // HOUR_NS}
    )
    site.same_as_rows()


def test_a_bucket_that_nobody_may_make_is_said_and_frames_go_on(
    influxd: Influxd, site: Site
) -> None:
    raw = site.target.address
    token = influxd.new_token(raw.bucket)
    site.target = replace(site.target, address=replace(raw, token=token))
    site.start()
    site.add(hours(1))
    site.forward()
    site.clock.pass_s(60.0)
    site.downsampler()
    assert "write:buckets" in site.downsampler.why or "not found" in site.downsampler.why
    assert site.forwarded()[0] == 37
    site.same_as_rows()
