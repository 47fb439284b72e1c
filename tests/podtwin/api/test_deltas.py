from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.api import DATA_DIR_ID, NOW_NS, VALUES, air_site
from support.frames import NS, reading

from podtwin.api.deltas import QUEUE, RING, Deltas, Event, Position, Wanted
from podtwin.api.newest import Newest

ALL = Wanted()
POINT = "rack-01/it_power"


class Story:
    """Readings that come and deltas that are published, by hand."""

    def __init__(self, *sites: str) -> None:
        self.newest = Newest(air_site(site) for site in sites or ("ams-03",))
        self.deltas = Deltas(self.newest, DATA_DIR_ID)
        self.log = 0
        self.ns = NOW_NS

    def tell(self, value: float, site: str = "ams-03", point: str = POINT) -> bool:
        self.log += 1
        self.ns += NS
        self.newest.apply(reading({point: value}, self.ns, site=site))
        return self.publish()

    def publish(self, *, with_sites: bool = True) -> bool:
        return self.deltas.publish(self.ns, Position(self.log, 0), with_sites=with_sites)

    def after(self, number: int, wanted: Wanted = ALL) -> Event:
        event = self.deltas.after(number, wanted, self.ns)
        assert event is not None
        return event

    def snapshot(self, wanted: Wanted = ALL) -> Event:
        return self.deltas.snapshot(wanted, self.ns)


def data(event: Event) -> dict[str, Any]:
    shown: dict[str, Any] = json.loads(event.data)
    return shown


def values(event: Event) -> dict[str, float]:
    return {point: row[1] for point, row in data(event)["values"].items()}


def test_a_snapshot_holds_everything_and_a_delta_what_changed() -> None:
    story = Story()
    for point, value in VALUES.items():
        story.tell(value, point=point)
    snapshot = story.snapshot()
    assert (snapshot.name, snapshot.id) == ("snapshot", f"{DATA_DIR_ID}.{len(VALUES)}.0")
    assert values(snapshot) == {f"ams-03/{point}": value for point, value in VALUES.items()}
    assert data(snapshot)["sites"]["ams-03"]["summary"]["it_power_w"] == 10_000
    story.tell(5_000.0)
    assert values(story.after(snapshot.number)) == {f"ams-03/{POINT}": 5_000.0}


def test_a_row_is_time_value_flags_and_the_twins_view() -> None:
    story = Story()
    story.tell(5_000.0)
    assert data(story.snapshot())["values"][f"ams-03/{POINT}"] == [
        story.ns // 1_000_000, 5_000.0, 0, *[None] * 5,
    ]  # fmt: skip


def test_nothing_new_is_no_delta() -> None:
    story = Story()
    assert story.tell(1.0)
    assert not story.publish()
    assert story.deltas.after(story.snapshot().number, ALL, story.ns) is None


def test_a_client_that_keeps_up_gets_each_delta_by_itself() -> None:
    story = Story()
    number = story.snapshot().number
    for value in range(QUEUE):
        story.tell(float(value))
    seen = []
    for _ in range(QUEUE):
        event = story.after(number)
        seen.append(values(event)[f"ams-03/{POINT}"])
        number = event.number
    assert seen == [float(value) for value in range(QUEUE)]
    assert story.deltas.merged == 0


def test_a_slow_client_gets_one_delta_with_the_newest_of_all() -> None:
    story = Story()
    story.tell(0.0)
    number = story.snapshot().number
    story.tell(7.0, point="rack-02/it_power")
    for value in range(20):
        story.tell(float(value))
    event = story.after(number)
    assert values(event) == {"ams-03/rack-02/it_power": 7.0, f"ams-03/{POINT}": 19.0}
    assert story.deltas.after(event.number, ALL, story.ns) is None
    assert story.deltas.merged == 20


def test_who_was_away_for_too_long_begins_anew() -> None:
    story = Story()
    story.tell(1.0)
    event_id = story.snapshot().id
    for value in range(RING):
        assert story.deltas.find(event_id) is not None
        story.newest.apply(reading({POINT: float(value)}, story.ns + value))
        story.log += 1
        story.publish(with_sites=False)
    assert story.deltas.find(event_id) is None


@given(
    st.lists(st.tuples(st.sampled_from(sorted(VALUES)), st.integers(0, 9)), max_size=40), st.data()
)
def test_snapshot_and_deltas_together_are_the_newest_however_slow_the_client(
    told: list[tuple[str, int]], choice: st.DataObject
) -> None:
    story = Story()
    event = story.snapshot()
    number, seen = event.number, values(event)
    for point, value in told:
        story.tell(float(value), point=point)
        if choice.draw(st.booleans()):
            event = story.after(number)
            number = event.number
            seen |= values(event)
    while (following := story.deltas.after(number, ALL, story.ns)) is not None:
        number = following.number
        seen |= values(following)
    assert seen == values(story.snapshot())


def test_a_client_hears_only_of_the_sites_and_kinds_it_wants() -> None:
    story = Story("ams-03", "cph-01")
    number = story.snapshot().number
    story.tell(1.0, site="cph-01")
    assert story.after(number, Wanted(frozenset({"ams-03"}))).empty is False  # both sites are new
    number = story.snapshot().number
    story.tell(2.0, site="cph-01")
    assert story.after(number, Wanted(frozenset({"ams-03"}))).empty
    assert data(story.after(number, Wanted(values=False)))["values"] == {}
    assert data(story.after(number, Wanted(site_shapes=False)))["sites"] == {}
    assert list(data(story.snapshot(Wanted(frozenset({"cph-01"}))))["sites"]) == ["cph-01"]


def test_a_client_goes_on_where_it_was() -> None:
    story = Story()
    story.tell(1.0)
    event_id = story.snapshot().id
    story.tell(2.0, point="rack-02/it_power")
    number = story.deltas.find(event_id)
    assert number is not None
    assert values(story.after(number)) == {"ams-03/rack-02/it_power": 2.0}


@pytest.mark.parametrize(
    "event_id",
    (
        "", "x", "OTHER.1.0", f"{DATA_DIR_ID}.9.9", f"{DATA_DIR_ID}.1", f"{DATA_DIR_ID}.1.0.0",
        f"{DATA_DIR_ID}.01.0",
    ),
)  # fmt: skip
def test_an_event_id_of_elsewhere_is_not_found(event_id: str) -> None:
    story = Story()
    story.tell(1.0)
    assert story.deltas.find(event_id) is None


def test_a_site_that_falls_silent_is_a_change_without_a_frame() -> None:
    story = Story()
    story.tell(1.0)
    at = story.snapshot()
    story.ns += 60 * NS
    assert story.publish()
    event = story.after(at.number)
    assert data(event)["sites"]["ams-03"]["state"] == "no_data"
    assert data(event)["values"] == {}
    # The same offsets name both deltas; who comes back with them must not miss the second.
    assert story.deltas.find(at.id) == at.number


def test_what_sites_say_waits_for_its_turn() -> None:
    story = Story()
    story.publish()
    story.newest.apply(reading({POINT: 1.0}, story.ns))
    number = story.snapshot().number
    story.publish(with_sites=False)
    assert data(story.after(number))["sites"] == {}
    story.publish()
    assert list(data(story.after(number + 1))["sites"]) == ["ams-03"]
