from __future__ import annotations

import json
import threading

import msgspec
import pytest
from support.api import DATA_DIR_ID, NOW_NS, VALUES, SetClock, World, air_site
from support.frames import NS, config, reading
from support.memory_history import MemoryHistory
from support.memory_log import MemoryLog

from podcore.clock import SystemClock
from podcore.frame import Frame
from podtwin.api.deltas import Wanted
from podtwin.api.hub import READ_LIMIT, Hub

POINT = "rack-01/it_power"


def value(hub: Hub, point: str = POINT) -> float | None:
    return hub.ask("ams-03", lambda site: site.points[point].value)


def test_it_starts_from_the_registry_the_history_and_the_tails_of_both_logs() -> None:
    world = World()
    sealed = reading({POINT: 1.0, "rack-02/it_power": 2.0}, NOW_NS - 100 * NS)
    world.log.append([sealed, reading({POINT: 3.0}, NOW_NS)])
    hub = Hub(
        world.log,
        world.derived,
        MemoryHistory([sealed]),
        world.clock,
        world.wake,
        data_dir_id=DATA_DIR_ID,
        sites=lambda: [air_site()],
        sealed=lambda: (1, 0),
    )
    hub.load()
    assert (value(hub), value(hub, "rack-02/it_power")) == (3.0, 2.0)
    assert hub.site_ids() == ["ams-03"]


def test_a_site_of_which_only_the_history_knows_is_there() -> None:
    history = MemoryHistory([reading({"lamp/power": 5.0}, NOW_NS, site="lab")])
    hub = Hub(
        MemoryLog(), MemoryLog(), history, SetClock(), threading.Event(), data_dir_id=DATA_DIR_ID
    )
    hub.load()
    assert hub.site_ids() == ["lab"]


def test_it_follows_both_logs_and_configs() -> None:
    world = World()
    world.hub.load()
    world.measure()
    world.estimate({POINT: 3_900.0}, NOW_NS - NOW_NS % (5 * NS))
    world.log.append([config(msgspec.structs.replace(air_site("cph-01")), NOW_NS)])
    assert world.follow()
    assert world.hub.ask("ams-03", lambda site: site.points[POINT].twin) == 3_900.0
    assert world.hub.site_ids() == ["ams-03", "cph-01"]


def test_deltas_leave_at_most_four_a_second() -> None:
    world = World()
    world.hub.load()
    published = 0
    for second in range(100):
        world.measure({POINT: float(second)})
        published += world.follow(0.1)
    assert published == pytest.approx(10 * 100 / 30, abs=1)  # each third tenth of a second


def test_it_says_how_far_behind_it_is() -> None:
    world = World()
    world.hub.load()
    world.log.append([reading({POINT: 1.0}, NOW_NS + n) for n in range(READ_LIMIT + 500)])
    assert world.hub.catch_up()
    assert world.hub.lag_frames == 500
    assert world.hub.catch_up()
    assert world.hub.lag_frames == 0
    assert not world.hub.catch_up()


def test_listeners_hear_of_each_delta_until_they_leave() -> None:
    world = World()
    world.hub.load()
    heard: list[int] = []
    leave = world.hub.listen(lambda: heard.append(1))
    assert world.hub.clients == 1
    world.measure()
    world.follow()
    leave()
    world.measure()
    world.follow()
    assert (heard, world.hub.clients) == ([1], 0)
    assert world.hub.wait_for_no_clients(0)


def test_its_thread_publishes_what_is_appended_and_ends_when_told() -> None:
    world = World()
    wake, heard = threading.Event(), threading.Event()
    hub = Hub(
        world.log, world.derived, MemoryHistory(), SystemClock(), wake, data_dir_id=DATA_DIR_ID
    )
    hub.start()
    try:
        hub.listen(heard.set)
        world.measure()
        wake.set()
        assert heard.wait(5)
        assert json.loads(hub.snapshot(Wanted()).data)["values"].keys() == {
            f"ams-03/{point}" for point in VALUES
        }
    finally:
        hub.stop()
        hub.stop()
    assert not hub.failure


class BrokenLog(MemoryLog):
    """A log whose disk went away after so many reads."""

    good_reads = 1

    def read(self, after: int, limit: int) -> list[Frame]:
        self.good_reads -= 1
        if self.good_reads < 0:
            raise OSError("disk went away")
        return super().read(after, limit)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_hub_that_cannot_load_says_so_at_the_start() -> None:
    log = BrokenLog()
    log.good_reads = 0
    hub = Hub(log, MemoryLog(), MemoryHistory(), SystemClock(), threading.Event(), data_dir_id="X")
    with pytest.raises(RuntimeError, match="disk went away"):
        hub.start()
    hub.stop()


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_hub_that_fails_later_is_known_to_have() -> None:
    log = BrokenLog()
    log.good_reads = 3
    hub = Hub(log, MemoryLog(), MemoryHistory(), SystemClock(), threading.Event(), data_dir_id="X")
    hub.start()
    for thread in threading.enumerate():
        if thread.name == "api-hub":
            thread.join(5)
    assert "disk went away" in hub.failure
