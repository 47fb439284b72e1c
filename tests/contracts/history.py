"""What every history answers, whichever way it keeps its rows."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import pytest
from support.frames import MIDNIGHT_NS, NS, reading

from podcore.frame import Flag, Frame, Source
from podcore.ports import History, Latest, SeriesQuery

Store = Callable[[Sequence[Frame]], History]
ALL = (Source.MEASURED, Source.TWIN)
AT = MIDNIGHT_NS + 12 * 3600 * NS
LATE_NS = 90 * NS


def query(
    *points: str,
    site: str = "ams-03",
    from_ns: int = 0,
    to_ns: int = 2**62,
    sources: tuple[Source, ...] = (Source.MEASURED,),
) -> SeriesQuery:
    return SeriesQuery(site, points, from_ns, to_ns, sources)


class HistoryContract:
    """Inherited by the tests of each history, which give the fixture `store`."""

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

    @pytest.mark.parametrize("newest_first", (False, True))
    def test_of_two_for_one_instant_the_newest_receive_stays(
        self, store: Store, *, newest_first: bool
    ) -> None:
        old = reading({"a/x": 1.0, "a/y": 9.0}, AT, recv_ns=AT + NS)
        new = reading({"a/x": 2.0}, AT, recv_ns=AT + LATE_NS, flags=Flag.LATE)
        found = store([new, old] if newest_first else [old, new]).series(query())
        assert [(s.point, list(s.values), list(s.flags)) for s in found] == [
            ("a/x", [2.0], [Flag.LATE]),
            ("a/y", [9.0], [0]),
        ]

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
        new = reading({"a/x": 2.0}, AT, recv_ns=AT + LATE_NS)
        old = reading({"a/x": 1.0}, AT, recv_ns=AT + NS)
        assert [one.value for one in store([new, old]).latest("ams-03")] == [2.0]

    def test_latest_keeps_the_nanosecond(self, store: Store) -> None:
        assert [one.ts_ns for one in store([reading({"a/x": 1.0}, AT + 7)]).latest("ams-03")] == [
            AT + 7
        ]
