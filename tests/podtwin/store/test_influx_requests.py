from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from podtwin.store.influx_requests import IN_FLIGHT, LINES, MAX_BYTES, Part, lanes, requests

sites = st.lists(st.lists(st.integers(1, LINES), min_size=1, max_size=8), max_size=8)


def parts_of(sizes: list[list[int]]) -> list[list[Part]]:
    return [
        [Part(n, b"%d/%d" % (site, n), lines) for n, lines in enumerate(of_site)]
        for site, of_site in enumerate(sizes)
    ]


@given(sites)
def test_each_site_is_whole_and_in_order_in_one_lane(sizes: list[list[int]]) -> None:
    by_site = parts_of(sizes)
    dealt = lanes(by_site)
    assert len(dealt) <= IN_FLIGHT
    assert sorted(p.text for lane in dealt for p in lane) == sorted(
        p.text for parts in by_site for p in parts
    )
    for parts in by_site:
        (lane,) = [lane for lane in dealt if parts[0] in lane]
        assert [p for p in lane if p in parts] == parts


@given(sites)
def test_there_are_no_more_lanes_than_requests_to_fill(sizes: list[list[int]]) -> None:
    total = sum(map(sum, sizes))
    assert len(lanes(parts_of(sizes))) <= -(-total // LINES)


@given(st.lists(st.integers(1, 2 * LINES), max_size=20))
def test_requests_hold_everything_in_order_and_no_more_than_they_may(sizes: list[int]) -> None:
    parts = [Part(n, b"x", lines) for n, lines in enumerate(sizes)]
    cut = list(requests(parts))
    assert [part for request in cut for part in request] == parts
    assert all(len(r) == 1 or sum(p.lines for p in r) <= LINES for r in cut)


def test_long_lines_make_short_requests() -> None:
    parts = [Part(n, b"x" * (MAX_BYTES // 3), 1) for n in range(7)]
    assert [len(request) for request in requests(parts)] == [3, 3, 1]
