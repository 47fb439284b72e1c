"""The newest of before the start, from a history that may be away when it is asked."""

from __future__ import annotations

import threading

from support.api import DATA_DIR_ID, NOW_NS, SetClock, air_site
from support.frames import NS, reading
from support.memory_history import MemoryHistory
from support.memory_log import MemoryLog
from support.waiting import eventually

from podcore.errors import Refused, Unreachable
from podcore.frame import Source
from podcore.ports import Latest
from podtwin.api.hub import Hub
from podtwin.api.newest import Newest, NewestSite
from podtwin.api.seeding import START_S, Seeding

POINT = "rack-01/it_power"
OLD = reading({POINT: 1.0, "rack-02/it_power": 2.0}, NOW_NS - 100 * NS)


class Shaky(MemoryHistory):
    """A history that is away as long as `error` is set."""

    error: Exception | None = Unreachable("no answer")
    refusals = 0

    def latest(self, site: str) -> list[Latest]:
        if self.error is not None:
            self.refusals += 1
            raise self.error
        return super().latest(site)


class Impatient(SetClock):
    """Waits for nothing but the event, and not for long."""

    def wait(self, event: threading.Event, timeout_s: float) -> bool:
        return event.wait(0.01)


def hub_on(history: Shaky, log: MemoryLog, clock: SetClock) -> Hub:
    return Hub(
        log,
        MemoryLog(),
        history,
        clock,
        threading.Event(),
        data_dir_id=DATA_DIR_ID,
        sites=lambda: [air_site()],
    )


def value(hub: Hub, point: str) -> float | None:
    def of(site: NewestSite) -> float | None:
        known = site.points.get(point)
        return None if known is None else known.value

    return hub.ask("ams-03", of)


def test_a_history_that_is_there_is_taken_before_the_start_ends() -> None:
    history = Shaky([OLD])
    history.error = None
    taken: dict[str, list[Latest]] = {}
    seeding = Seeding(history, SetClock(), lambda: ["cph-01"], taken.__setitem__)
    seeding.begin()
    assert {site: len(latest) for site, latest in taken.items()} == {"ams-03": 2, "cph-01": 0}
    seeding.stop()


def test_without_its_history_the_page_has_what_the_log_tells() -> None:
    history, log = Shaky([OLD]), MemoryLog()
    log.append([reading({POINT: 3.0}, NOW_NS)])
    hub = hub_on(history, log, SetClock())
    hub.load()
    assert (value(hub, POINT), value(hub, "rack-02/it_power")) == (3.0, None)
    hub.stop()


def test_what_was_known_before_comes_when_the_history_is_back_and_what_is_newer_stays() -> None:
    history, log = Shaky([OLD]), MemoryLog()
    log.append([reading({POINT: 3.0}, NOW_NS)])
    hub = hub_on(history, log, Impatient())
    hub.load()
    history.error = Refused("the token is wrong")
    eventually(lambda: history.refusals > 2, "it is tried again")
    history.error = None
    eventually(lambda: value(hub, "rack-02/it_power") == 2.0, "the old value is shown")
    assert value(hub, POINT) == 3.0
    hub.stop()


def test_an_equal_instant_of_the_history_takes_nothing_from_the_log() -> None:
    newest = Newest([air_site()])
    newest.apply(reading({POINT: 3.0}, NOW_NS))
    newest.seed("ams-03", [Latest(POINT, Source.MEASURED, NOW_NS, 9.0, 0)])
    assert newest.sites["ams-03"].points[POINT].value == 3.0


def test_a_site_is_asked_for_once_however_often_it_is_tried() -> None:
    asked: list[str] = []

    class Second(Shaky):
        def latest(self, site: str) -> list[Latest]:
            asked.append(site)
            if site == "b" and asked.count("b") == 1:
                raise Unreachable("no answer")
            return []

    history = Second([reading({"x/y": 1.0}, NOW_NS, site=site) for site in ("a", "b")])
    seeding = Seeding(history, SetClock(), tuple, lambda _site, _latest: None)
    assert not seeding.attempt()
    assert seeding.attempt()
    assert asked == ["a", "b", "b"]


def test_a_start_does_not_wait_for_a_slow_history_of_many_sites() -> None:
    class Slow(MemoryHistory):
        def latest(self, site: str) -> list[Latest]:
            clock.advance(START_S * 0.7)
            return super().latest(site)

    clock = Impatient()
    taken: list[str] = []
    sites = [f"s-{number}" for number in range(4)]
    history = Slow([reading({"x/y": 1.0}, NOW_NS, site=site) for site in sites])
    seeding = Seeding(history, clock, tuple, lambda site, _latest: taken.append(site))
    assert not seeding.attempt(until_s=clock.monotonic_s() + START_S)
    assert taken == sites[:2]
    seeding.begin()
    eventually(lambda: taken == sites, "the others come later, each once")
    seeding.stop()


def test_it_ends_when_it_is_told_to() -> None:
    seeding = Seeding(Shaky([OLD]), Impatient(), tuple, lambda _site, _latest: None)
    seeding.begin()
    seeding.stop()
    seeding.stop()
    assert not any(thread.name == "api-seed" for thread in threading.enumerate())
