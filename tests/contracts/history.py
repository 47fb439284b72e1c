"""What every history answers, whichever way it keeps its rows."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from typing import Protocol

import polars as pl
import pytest
from support.frames import MIDNIGHT_NS, NS, reading
from support.memory_history import MemoryHistory

from podcore.frame import Flag, Frame, Source
from podcore.ports import History, Latest, SeriesQuery
from podtwin.store.bins import BINS


class BinnedHistory(History, Protocol):
    """A history that is asked for bins as well."""

    def bins(self, query: SeriesQuery, step_ns: int) -> Iterator[pl.DataFrame]: ...


Store = Callable[[Sequence[Frame]], BinnedHistory]
ALL = (Source.MEASURED, Source.TWIN)
AT = MIDNIGHT_NS + 12 * 3600 * NS
LATE_NS = 90 * NS
# An instant that comes again later, in part; and what is to be found of it.
TWICE = (
    reading({"a/x": 1.0, "a/y": 9.0}, AT, recv_ns=AT + NS),
    reading({"a/x": 2.0}, AT, recv_ns=AT + LATE_NS, flags=Flag.LATE),
)
STAYS = [("a/x", [2.0], [Flag.LATE]), ("a/y", [9.0], [0])]
# As PodTwin allows them at their longest, and with every sign that may stand in them.
LONG_NAMES = (
    "a" * 63 + "/" + "p" * 64,
    "0-rack-00-9/x_9__z",
    "9/power",
    "9/power__sd",
    "9/power__sd__flags",
    "9/power__value",
)


def query(
    *points: str,
    site: str = "ams-03",
    from_ns: int = 0,
    to_ns: int = 2**62,
    sources: tuple[Source, ...] = (Source.MEASURED,),
) -> SeriesQuery:
    return SeriesQuery(site, points, from_ns, to_ns, sources)


STEPS = tuple(seconds * NS for seconds in (7, 60, 300, 3_600, 5_400, 86_400))


def binned(history: BinnedHistory, query: SeriesQuery, step_ns: int) -> pl.DataFrame:
    tables = [pl.DataFrame(schema=BINS), *history.bins(query, step_ns)]
    return pl.concat(tables).sort("asset", "point", "source", "ts")


NOBODYS = ("", "a", "a/", 'a"/x', "a/x\\", "a/x\n", "a/${r.asset}", "ä/x", "*/*", '" or true or "')


class HistoryContract:
    """Inherited by the tests of each history, which give the fixture `store`.

    What is stored comes as a log holds it: in the order in which it was received.
    """

    def test_nothing_stored_is_nothing_answered(self, store: Store) -> None:
        history = store([])
        assert history.series(query()) == []
        assert history.latest("ams-03") == []
        assert history.extent("ams-03") is None
        assert history.sites() == []

    def test_a_value_comes_back_bit_for_bit(self, store: Store) -> None:
        awkward = {"a/x": 0.1 + 0.2, "a/y": -0.0, "a/z": 5e-324, "b/w": 1.7976931348623157e308}
        found = store([reading(awkward, AT + 1)]).series(query())
        assert {s.point: s.values[0] for s in found} == awkward
        assert math.copysign(1, next(s for s in found if s.point == "a/y").values[0]) == -1
        assert all(list(s.ts_ns) == [AT + 1] for s in found)

    def test_series_come_by_point_and_source_and_in_time(self, store: Store) -> None:
        frames = [reading({"b/x": 3.0, "a/x": 4.0}, AT + 2 * NS), reading({"a/x": 1.0}, AT)]
        twin = reading({"a/x": 2.0}, AT, source=Source.TWIN, sd=[0.5])
        found = store([*frames, twin]).series(query(sources=ALL))
        assert [(s.point, s.source) for s in found] == [
            ("a/x", Source.MEASURED),
            ("a/x", Source.TWIN),
            ("b/x", Source.MEASURED),
        ]
        assert list(found[0].ts_ns) == [AT, AT + 2 * NS]
        assert list(found[0].values) == [1.0, 4.0]

    def test_a_range_holds_its_start_and_not_its_end(self, store: Store) -> None:
        history = store([reading({"a/x": float(k)}, AT + k * NS) for k in range(4)])
        (found,) = history.series(query(from_ns=AT + NS, to_ns=AT + 3 * NS))
        assert list(found.values) == [1.0, 2.0]
        assert history.series(query(from_ns=AT + NS, to_ns=AT + NS)) == []

    def test_a_range_may_span_midnights(self, store: Store) -> None:
        times = [MIDNIGHT_NS - 1, MIDNIGHT_NS, MIDNIGHT_NS + 86_400 * NS]
        history = store([reading({"a/x": float(k)}, ts) for k, ts in enumerate(times)])
        (found,) = history.series(query())
        assert list(found.ts_ns) == times

    def test_only_the_points_asked_for_are_answered(self, store: Store) -> None:
        history = store([reading({"a/x": 1.0, "a/y": 2.0, "b/x": 3.0, "b/y": 4.0}, AT)])
        assert [s.point for s in history.series(query("a/y", "b/x"))] == ["a/y", "b/x"]
        assert history.series(query("a/none")) == []

    def test_sites_are_kept_apart(self, store: Store) -> None:
        history = store([reading({"a/x": 1.0}, AT), reading({"a/x": 2.0}, AT, site="cph-01")])
        (found,) = history.series(query(site="cph-01"))
        assert (found.site, list(found.values)) == ("cph-01", [2.0])
        assert history.sites() == ["ams-03", "cph-01"]
        assert history.series(query(site="esp-07")) == []

    def test_sources_are_kept_apart(self, store: Store) -> None:
        twin = reading({"a/x": 2.0}, AT, source=Source.TWIN, sd=[0.25])
        history = store([reading({"a/x": 1.0}, AT), twin])
        (found,) = history.series(query(sources=(Source.TWIN,)))
        assert (list(found.values), list(found.sd or [])) == ([2.0], [0.25])
        (found,) = history.series(query())
        assert (list(found.values), found.sd) == ([1.0], None)

    def test_flags_of_the_frame_and_of_the_value_are_joined(self, store: Store) -> None:
        frame = reading(
            {"a/x": 1.0, "a/y": 2.0}, AT, flags=Flag.LATE, value_flags=[0, Flag.OUT_OF_RANGE]
        )
        found = store([frame]).series(query())
        assert [list(s.flags) for s in found] == [[Flag.LATE], [Flag.LATE | Flag.OUT_OF_RANGE]]

    def test_of_two_for_one_instant_the_newest_receive_stays(self, store: Store) -> None:
        found = store(list(TWICE)).series(query())
        assert [(s.point, list(s.values), list(s.flags)) for s in found] == STAYS

    def test_what_comes_twice_alike_is_there_once(self, store: Store) -> None:
        twin = reading({"a/x": 2.5}, AT, source=Source.TWIN, sd=[0.25])
        (found,) = store([twin, twin, twin]).series(query(sources=ALL))
        assert (list(found.ts_ns), list(found.values), list(found.sd or [])) == (
            [AT],
            [2.5],
            [0.25],
        )

    def test_of_two_received_at_once_the_later_commit_stays(self, store: Store) -> None:
        (found,) = store([reading({"a/x": v}, AT) for v in (1.0, 2.0, 3.0)]).series(query())
        assert list(found.values) == [3.0]

    def test_late_data_finds_its_place(self, store: Store) -> None:
        old = AT - 40 * 86_400 * NS
        history = store([reading({"a/x": 2.0}, AT), reading({"a/x": 1.0}, old, recv_ns=AT + NS)])
        (found,) = history.series(query())
        assert list(found.ts_ns) == [old, AT]
        assert history.extent("ams-03") == (old, AT)

    def test_latest_is_the_newest_by_time_and_not_by_arrival(self, store: Store) -> None:
        frames = [
            reading({"a/x": 1.0, "a/y": 5.0}, AT),
            reading({"a/x": 2.0}, AT + NS, flags=Flag.OUT_OF_RANGE),
            reading({"a/x": 9.0}, AT - 86_400 * NS, recv_ns=AT + 2 * NS),
            reading({"a/x": 7.0}, AT + NS, source=Source.TWIN, sd=[0.5]),
        ]
        assert store(frames).latest("ams-03") == [
            Latest("a/x", Source.MEASURED, AT + NS, 2.0, Flag.OUT_OF_RANGE),
            Latest("a/x", Source.TWIN, AT + NS, 7.0, 0, 0.5),
            Latest("a/y", Source.MEASURED, AT, 5.0, 0),
        ]

    def test_latest_of_an_instant_is_the_newest_receive(self, store: Store) -> None:
        found = store(list(TWICE)).latest("ams-03")
        assert [(one.point, one.value) for one in found] == [("a/x", 2.0), ("a/y", 9.0)]

    def test_latest_keeps_the_nanosecond(self, store: Store) -> None:
        assert [one.ts_ns for one in store([reading({"a/x": 1.0}, AT + 7)]).latest("ams-03")] == [
            AT + 7
        ]

    def test_neighbouring_nanoseconds_are_three_instants(self, store: Store) -> None:
        history = store([reading({"a/x": float(k)}, AT + k) for k in range(3)])
        (found,) = history.series(query())
        assert (list(found.ts_ns), list(found.values)) == ([AT, AT + 1, AT + 2], [0.0, 1.0, 2.0])
        (found,) = history.series(query(from_ns=AT + 1, to_ns=AT + 2))
        assert list(found.ts_ns) == [AT + 1]

    def test_ranges_without_anything_in_them_are_empty(self, store: Store) -> None:
        history = store([reading({"a/x": 1.0}, AT), reading({"a/x": 2.0}, AT + 10 * NS)])
        assert history.series(query(from_ns=AT + NS, to_ns=AT + 9 * NS)) == []
        assert history.series(query(to_ns=AT)) == []
        assert history.series(query(from_ns=AT + 10 * NS + 1)) == []
        assert history.series(query(from_ns=AT + NS, to_ns=AT)) == []
        assert history.series(query(sources=())) == []

    def test_a_deviation_may_be_missing_at_an_instant(self, store: Store) -> None:
        frames = [
            reading({"a/x": 1.0}, AT, source=Source.TWIN, sd=[0.1]),
            reading({"a/x": 2.0}, AT + NS, source=Source.TWIN),
            reading({"a/x": 3.0}, AT + 2 * NS, source=Source.TWIN, sd=[0.0]),
        ]
        (found,) = store(frames).series(query(sources=ALL))
        assert list(found.values) == [1.0, 2.0, 3.0]
        assert list(found.sd or []) == [pytest.approx(0.1, rel=1e-6), None, 0.0]

    def test_every_source_and_any_choice_of_them_is_answered(self, store: Store) -> None:
        of_each = {source: float(source) for source in Source}
        frames = [reading({"a/x": v}, AT, source=s, sd=[v / 2]) for s, v in of_each.items()]
        history = store(frames)
        found = history.series(query(sources=tuple(Source)))
        assert {s.source: (s.values[0], (s.sd or [None])[0]) for s in found} == {
            source: (value, value / 2) for source, value in of_each.items()
        }
        some = (Source.FORECAST, Source.MEASURED)
        assert {s.source for s in history.series(query(sources=some))} == set(some)
        assert {one.source for one in history.latest("ams-03")} == set(Source)

    def test_every_flag_comes_back_with_the_values_beside_it_unflagged(self, store: Store) -> None:
        every = [0, *Flag, 63]
        names = [f"a/p{k}" for k in range(len(every))]
        frame = reading(dict.fromkeys(names, 1.0), AT, value_flags=every)
        found = store([frame]).series(query())
        assert [list(s.flags) for s in found] == [[flag] for flag in every]

    def test_flags_of_one_instant_are_not_those_of_the_next(self, store: Store) -> None:
        frames = [
            reading({"a/x": 1.0}, AT, flags=Flag.LATE),
            reading({"a/x": 2.0}, AT + NS),
            reading({"a/x": 3.0}, AT + 2 * NS, value_flags=[Flag.OUT_OF_RANGE]),
            reading({"a/x": 4.0}, AT + 3 * NS),
        ]
        history = store(frames)
        (found,) = history.series(query())
        assert list(found.flags) == [Flag.LATE, 0, Flag.OUT_OF_RANGE, 0]
        assert history.latest("ams-03") == [Latest("a/x", Source.MEASURED, AT + 3 * NS, 4.0, 0)]

    def test_a_name_comes_back_as_it_was_and_finds_its_point_alone(self, store: Store) -> None:
        site = "s" * 63
        of_each = {name: float(number) for number, name in enumerate(LONG_NAMES)}
        sd = [number / 2 for number in of_each.values()]
        flags = [number % 2 for number in range(len(of_each))]
        history = store([reading(of_each, AT, site=site, sd=sd, value_flags=flags)])
        for name, value in of_each.items():
            (found,) = history.series(query(name, site=site))
            assert (found.site, found.point, list(found.values)) == (site, name, [value])
            assert (list(found.sd or []), list(found.flags)) == ([value / 2], [value % 2])
        assert [one.point for one in history.latest(site)] == sorted(LONG_NAMES)

    def test_a_name_that_nobody_has_finds_nothing_and_does_no_harm(self, store: Store) -> None:
        history = store([reading({"a/x": 1.0}, AT)])
        for name in NOBODYS:
            assert history.series(query(name)) == []
            assert history.series(query("a/x", site=name)) == []
            assert history.extent(name) is None
        assert history.latest(NOBODYS[-1]) == []

    def test_what_came_before_its_time_is_kept_as_it_says(self, store: Store) -> None:
        frame = reading({"a/x": 1.0}, AT, recv_ns=AT - 5 * NS, flags=Flag.SUSPECT_CLOCK)
        (found,) = store([frame]).series(query())
        assert (list(found.ts_ns), list(found.flags)) == ([AT], [Flag.SUSPECT_CLOCK])

    def test_the_first_and_the_last_time_that_ingest_accepts_are_held(self, store: Store) -> None:
        first, last = 946_684_800 * NS, 2_114_380_800 * NS  # 2000 and 2037
        history = store([reading({"a/x": 1.0}, first), reading({"a/x": 2.0}, last)])
        assert history.extent("ams-03") == (first, last)
        (found,) = history.series(query())
        assert list(found.ts_ns) == [first, last]

    @pytest.mark.parametrize("step_ns", STEPS)
    def test_bins_come_to_the_same_bit_for_bit_in_every_history(
        self, store: Store, step_ns: int
    ) -> None:
        frames = [
            reading(
                {"a/x": math.sin(k) * 10 ** (k % 7), "b/y": k / 3},
                AT + k * 61 * NS,
                value_flags=[Flag.LATE if k % 50 == 0 else 0, 0],
            )
            for k in range(200)
        ]
        twin = [
            reading({"a/x": k / 7}, AT + k * 300 * NS, source=Source.TWIN, sd=[k / 4])
            for k in range(40)
        ]
        again = [reading({"a/x": -5.0}, AT + 61 * NS, recv_ns=AT + 2 * LATE_NS)]
        plain, history = MemoryHistory([*frames, *twin, *again]), store([*frames, *twin, *again])
        for asked in (
            query(sources=ALL),
            query("a/x", from_ns=AT + 17 * NS, to_ns=AT + 9_001 * NS),
            query("b/y", from_ns=AT + 3_600 * NS, to_ns=AT + 2 * 3_600 * NS, sources=ALL),
        ):
            assert binned(history, asked, step_ns).equals(binned(plain, asked, step_ns))

    def test_bins_of_nothing_are_none(self, store: Store) -> None:
        history = store([reading({"a/x": 1.0}, AT)])
        assert list(history.bins(query("a/none"), 60 * NS)) == []
        assert list(history.bins(query("a/x", from_ns=AT + 1, to_ns=AT + 1), 60 * NS)) == []


class AnyOrderContract(HistoryContract):
    """For a history that keeps when a value was received, so that the order of writes is free."""

    def test_what_was_received_later_stays_though_it_is_stored_first(self, store: Store) -> None:
        history = store(list(reversed(TWICE)))
        found = history.series(query())
        assert [(s.point, list(s.values), list(s.flags)) for s in found] == STAYS
        assert [one.value for one in history.latest("ams-03")] == [2.0, 9.0]

    def test_a_value_that_comes_again_without_its_flag_loses_it(self, store: Store) -> None:
        old = reading({"a/x": 999.0}, AT, flags=Flag.OUT_OF_RANGE)
        new = reading({"a/x": 20.0}, AT, recv_ns=AT + LATE_NS)
        (found,) = store([old, new]).series(query())
        assert (list(found.values), list(found.flags)) == ([20.0], [0])
