"""The history in a real InfluxDB under the contract: forwarded, waiting, and half and half."""

from __future__ import annotations

import itertools
import socket
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest
from contracts.history import ALL, AT, LATE_NS, BinnedHistory, HistoryContract, Store, query
from support.frames import NS, reading
from support.influxd import Influxd
from support.manual_clock import ManualClock
from support.memory_cursors import MemoryCursors
from support.memory_log import MemoryLog

from podcore.errors import Refused, Unreachable
from podcore.frame import Flag, Frame, Source
from podtwin.store import influx_history
from podtwin.store.history import LONG_SCHEMA, EmbeddedHistory
from podtwin.store.influx import InfluxSink
from podtwin.store.influx_client import InfluxAddress
from podtwin.store.influx_history import InfluxHistory
from podtwin.store.influx_lines import LineEncoder
from podtwin.store.influx_reader import FluxReader
from podtwin.store.rows import ORDER

SITES = ("ams-03", "cph-01")
POINTS: tuple[tuple[str, ...], ...] = ((), ("a/x",), ("b/x", "a/y"), ("a/none",))


@pytest.fixture(scope="module")
def influxd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Influxd]:
    with Influxd(tmp_path_factory.mktemp("influxd")) as server:
        yield server


class Site:
    """A bucket and both logs, into which Frames go as they come."""

    def __init__(self, address: InfluxAddress) -> None:
        self.log, self.derived = MemoryLog(), MemoryLog()
        self.cursors = MemoryCursors()
        self.sink = InfluxSink(address, LineEncoder(tuple), ManualClock())
        self.reader = FluxReader(address)

    def add(self, frames: Sequence[Frame]) -> None:
        for frame in frames:
            (self.log if frame.source is Source.MEASURED else self.derived).append([frame])

    def forward(self, *, trim: bool = True) -> None:
        for name, log in (("log", self.log), ("derived", self.derived)):
            cursor = f"forward/influx/{name}"
            assert not self.sink.write(log.read(self.cursors.get(cursor), 10_000))
            self.cursors.set(cursor, log.last_offset())
            if trim:
                log.trim(log.last_offset())

    def forwarded(self) -> tuple[int, int]:
        return self.cursors.get("forward/influx/log"), self.cursors.get("forward/influx/derived")

    def history(self) -> InfluxHistory:
        # A minute: what is tested is not how fast a busy machine is.
        return InfluxHistory(self.reader, self.log, self.derived, self.forwarded, short_s=60.0)


@pytest.fixture
def site(influxd: Influxd) -> Site:
    return Site(influxd.new_bucket())


class TestForwardedAndTrimmed(HistoryContract):
    @pytest.fixture
    def store(self, site: Site) -> Store:
        def keep(frames: Sequence[Frame]) -> BinnedHistory:
            site.add(frames)
            site.forward()
            return site.history()

        return keep


class TestWaiting(HistoryContract):
    @pytest.fixture
    def store(self, site: Site) -> Store:
        def keep(frames: Sequence[Frame]) -> BinnedHistory:
            site.add(frames)
            return site.history()

        return keep


class TestHalfForwarded(HistoryContract):
    @pytest.fixture
    def store(self, site: Site) -> Store:
        def keep(frames: Sequence[Frame]) -> BinnedHistory:
            site.add(frames[: len(frames) // 2])
            site.forward(trim=False)
            site.add(frames[len(frames) // 2 :])
            return site.history()

        return keep


def test_a_table_has_the_long_columns_and_the_nanoseconds(site: Site) -> None:
    site.add([reading({"a/x": 1.0}, AT + 1), reading({"a/x": 2.0}, AT + 2)])
    site.forward()
    found = site.history().frame(query())
    assert dict(found.schema) == LONG_SCHEMA
    assert found["ts"].cast(pl.Int64).to_list() == [AT + 1, AT + 2]
    assert found.row(0)[1:] == ("ams-03", "a", "x", "measured", 1.0, 0, None)
    nothing = site.history().frame(query(to_ns=AT))
    assert (dict(nothing.schema), nothing.height) == (LONG_SCHEMA, 0)


def test_it_gives_the_very_tables_of_the_embedded_history(site: Site, tmp_path: Path) -> None:
    frames = [
        reading(
            {"a/x": k / 7, "a/y": -k / 3, "b/x": float(k)},
            AT + k * NS + k,
            site=("ams-03", "cph-01")[k % 2],
            source=(Source.MEASURED, Source.TWIN)[k // 2 % 2],
            sd=(None, [0.1 * k, 0.0, 1.0])[k // 2 % 2],
            value_flags=(None, [0, 2, 33])[k % 3 == 0],
        )
        for k in range(40)
    ]
    site.add(frames)
    embedded = EmbeddedHistory(tmp_path, site.log, site.derived)
    wanted = [query(*points, site=one, sources=ALL) for one in SITES for points in POINTS]
    expected = [embedded.frame(each) for each in wanted]
    latest = [embedded.latest(one) for one in SITES]
    site.forward()
    history = site.history()
    assert all(
        history.frame(each).equals(table) for each, table in zip(wanted, expected, strict=True)
    )
    assert [history.latest(one) for one in SITES] == latest


def test_pieces_are_in_time_bounded_and_together_the_whole(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    dense = [AT + k * NS for k in range(30)]
    times = [AT - 86_400 * NS, *dense, AT + 40 * 86_400 * NS]
    site.add([reading({"a/x": float(k), "b/y": 0.5}, ts) for k, ts in enumerate(times[:20])])
    site.forward()
    site.add([reading({"a/x": float(k + 20), "b/y": 0.5}, ts) for k, ts in enumerate(times[20:])])
    whole = site.history().frame(query())
    monkeypatch.setattr(influx_history, "PIECE_ROWS", 8)
    pieces = list(site.history().frames(query()))
    assert pl.concat(pieces).sort(ORDER).equals(whole)
    assert whole.height == 2 * len(times)
    assert max(piece.height for piece in pieces) <= 8
    held = [piece["ts"].cast(pl.Int64).to_list() for piece in pieces]
    assert all(max(one) < min(two) for one, two in itertools.pairwise(held))


def test_what_is_forwarded_between_the_two_looks_is_found(site: Site) -> None:
    site.add([reading({"a/x": 1.0}, AT), reading({"a/x": 2.0}, AT + NS)])

    def at_once() -> tuple[int, int]:
        before = site.forwarded()
        site.forward()
        return before

    history = InfluxHistory(site.reader, site.log, site.derived, at_once)
    (found,) = history.series(query())
    assert list(found.values) == [1.0, 2.0]


def test_what_waits_goes_before_what_was_sent(site: Site) -> None:
    site.add([reading({"a/x": 1.0}, AT)])
    site.forward()
    site.add([reading({"a/x": 2.0}, AT, recv_ns=AT - NS)])  # the clock was set back meanwhile
    (found,) = site.history().series(query())
    assert list(found.values) == [2.0]
    assert [one.value for one in site.history().latest("ams-03")] == [2.0]


def test_a_flag_stays_where_the_same_instant_comes_again_without_it(site: Site) -> None:
    # The one difference to the embedded history: a field that is not written again is not erased.
    site.add([reading({"a/x": 999.0}, AT, flags=Flag.OUT_OF_RANGE)])
    site.add([reading({"a/x": 20.0}, AT, recv_ns=AT + LATE_NS)])
    site.forward()
    (found,) = site.history().series(query())
    assert (list(found.values), list(found.flags)) == ([20.0], [Flag.OUT_OF_RANGE])


@pytest.mark.parametrize("distinct", (5, 210))
def test_more_points_than_can_be_named_are_still_only_those(site: Site, distinct: int) -> None:
    names = [f"a-{k}/p{k % distinct}" for k in range(210)]
    site.add([reading(dict.fromkeys([*names, "a-0/p1", "a-0/other"], 1.0), AT)])
    site.forward()
    found = site.history().series(query(*names))
    assert sorted(one.point for one in found) == sorted(names)


def test_lines_that_others_write_into_the_bucket_do_no_harm(site: Site, influxd: Influxd) -> None:
    site.add([reading({"a/x": 1.0}, AT)])
    site.forward()
    address = site.reader.address
    influxd.write(address, f'cpu,host=h1,site=ams-03 usage=3.0,name="text" {AT}')
    influxd.write(address, f"rack,site=ams-03,asset=a,source=other x=3.0 {AT}")
    assert [one.point for one in site.history().latest("ams-03")] == ["a/x"]
    assert [list(s.values) for s in site.history().series(query())] == [[1.0]]


def test_a_database_that_is_away_is_said_to_be_and_comes_back(tmp_path: Path) -> None:
    with Influxd(tmp_path) as server:
        site = Site(server.new_bucket())
        site.add([reading({"a/x": 1.0}, AT)])
        site.forward()
        history = site.history()
        assert history.latest("ams-03")
        server.kill()
        for asked in (
            lambda: history.latest("ams-03"),
            lambda: history.extent("ams-03"),
            history.sites,
            lambda: history.series(query()),
        ):
            with pytest.raises(Unreachable, match=server.url):
                asked()
        server.start()
        assert history.extent("ams-03") == (AT, AT)


def test_a_server_that_takes_connections_and_says_nothing_is_away() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        reader = FluxReader(InfluxAddress(url, "podtwin", "podtwin", "token"))
        history = InfluxHistory(reader, MemoryLog(), MemoryLog(), lambda: (0, 0), short_s=0.2)
        with pytest.raises(Unreachable, match="does not answer"):
            history.latest("ams-03")


def test_a_wrong_token_and_a_missing_bucket_are_refusals_with_the_way_out(
    influxd: Influxd,
) -> None:
    good = influxd.new_bucket()
    for wrong, said in (
        (replace(good, token="nobody's"), "refuses the token"),
        (replace(good, bucket="none"), "no bucket 'none'"),
        (replace(good, org="nobody"), 'organization name "nobody" not found'),
        (replace(good, token=influxd.new_token(good.bucket, rights=("write",))), "no bucket"),
    ):
        reader = FluxReader(wrong)
        history = InfluxHistory(reader, MemoryLog(), MemoryLog(), lambda: (0, 0), short_s=60.0)
        with pytest.raises(Refused, match=said):
            history.latest("ams-03")
