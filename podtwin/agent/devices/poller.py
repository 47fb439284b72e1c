"""Devices read at their own pace, each by a thread of its own.

So that a device which hangs or fails holds up nobody else. A device that did not answer is asked
again after a wait that doubles up to a minute; how it is, is said every period all the same.
"""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import structlog

from podcore.backoff import backoff_s
from podcore.clock import NS
from podcore.frame import BirthPoint
from podcore.ports import Clock
from podtwin.agent.devices.device import Device, DeviceFault, Health, Reading, health_points

FIRST_PAUSE_S, LONGEST_PAUSE_S = 1.0, 60.0
END_WAIT_S = 2.0  # for all threads together at the end; one in a long time-out is left behind

Keep = Callable[[int, Mapping[str, float]], None]

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Asked:
    """What came of asking a device once. crash : a mistake of ours that it met."""

    device: Device
    reading: Reading
    fault: DeviceFault | None
    took_s: float
    crash: Exception | None = None

    @property
    def health(self) -> Health:
        """How it answered."""
        return self.reading.health if self.fault is None else self.fault.health


def ask(device: Device, clock: Clock) -> Asked:
    """Reads a device; never raises, so that a device cannot end who asks it."""
    at_s = clock.monotonic_s()
    reading, fault, crash = Reading(), None, None
    try:
        reading = device.read(at_s)
    except DeviceFault as error:
        fault = error
    except Exception as error:  # noqa: BLE001 - the top of a task: it is said, and asked again
        crash = error
        fault = DeviceFault(Health.GARBLED, f"cannot be read: {error!r}", "report it, with the log")
    if fault is not None:
        device.close()
    return Asked(device, reading, fault, clock.monotonic_s() - at_s, crash)


def ask_all(devices: Sequence[Device], clock: Clock) -> list[Asked]:
    """Each device once, all at the same time."""
    found: dict[int, Asked] = {}

    def one(number: int, device: Device) -> None:
        found[number] = ask(device, clock)

    threads = [
        threading.Thread(target=one, args=(number, device), name=f"ask-{device.id}", daemon=True)
        for number, device in enumerate(devices)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return [found[number] for number in range(len(devices))]


class Poller:
    """One device at its pace; thread `device-{id}`.

    Parameters
    ----------
    chance : numbers from [0, 1), so that devices which fell silent together are not asked together.
    """

    def __init__(
        self, device: Device, clock: Clock, chance: Callable[[], float] = random.random
    ) -> None:
        self._device = device
        self._clock = clock
        self._chance = chance
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None
        self._watch = _Watch(device.id)
        self._failures = 0
        self._again_s: float | None = None  # not to be asked before
        self._good_s = clock.monotonic_s()

    @property
    def points(self) -> list[BirthPoint]:
        """The device's points, and those that say how it is."""
        return [*self._device.points, *health_points(self._device.id, self._device.period_s)]

    def start(self, keep: Keep) -> None:
        """Begins to read; what comes goes to `keep`, from the thread."""
        name = f"device-{self._device.id}"
        self._thread = threading.Thread(target=self._run, args=(keep,), name=name, daemon=True)
        self._thread.start()

    def end(self) -> None:
        """Says that no more is wanted."""
        self._stopping.set()

    def join(self, timeout_s: float) -> None:
        """Waits at most so long for the thread."""
        if self._thread is not None:
            self._thread.join(timeout_s)

    def poll(self) -> dict[str, float]:
        """Reads the device if it may be asked; its values, and how it is."""
        now_s, name = self._clock.monotonic_s(), self._device.id
        if self._again_s is not None and now_s < self._again_s:
            return {f"{name}/health": self._watch.health.code, f"{name}/read_age": self._age_s()}
        asked = ask(self._device, self._clock)
        self._watch.see(asked, self._age_s())
        if asked.fault is None:
            self._failures, self._again_s, self._good_s = 0, None, now_s
        else:
            self._failures += 1
            pause_s = backoff_s(self._failures, FIRST_PAUSE_S, LONGEST_PAUSE_S, self._chance())
            self._again_s = self._clock.monotonic_s() + pause_s
        return {
            **asked.reading.values,
            f"{name}/health": asked.health.code,
            f"{name}/read_duration": asked.took_s,
            f"{name}/read_age": self._age_s(),
        }

    def _age_s(self) -> float:
        return self._clock.monotonic_s() - self._good_s

    def _run(self, keep: Keep) -> None:
        while not self._stopping.is_set():
            ts_ns = self._clock.now_ns()
            values = self.poll()
            if self._stopping.is_set():
                break
            keep(ts_ns, values)
            # The next whole period of the wall clock; those that a slow answer took are not made
            # up.
            period_s = self._device.period_s
            self._clock.wait(self._stopping, period_s - (self._clock.now_ns() / NS) % period_s)
        self._device.close()


class Pollers:
    """All devices of a node."""

    def __init__(self, devices: Sequence[Device], clock: Clock) -> None:
        self._pollers = [Poller(device, clock) for device in devices]
        self._clock = clock
        self._stopped = False

    @property
    def points(self) -> list[BirthPoint]:
        """Of all devices, as their file orders them."""
        return [point for poller in self._pollers for point in poller.points]

    def start(self, keep: Keep) -> None:
        """Begins to read all of them."""
        for poller in self._pollers:
            poller.start(keep)

    def stop(self) -> None:
        """Ends all, and waits a little, once, for those that are being read."""
        if self._stopped:
            return
        self._stopped = True
        for poller in self._pollers:
            poller.end()
        until_s = self._clock.monotonic_s() + END_WAIT_S
        for poller in self._pollers:
            poller.join(max(until_s - self._clock.monotonic_s(), 0.0))


class _Watch:
    """Says in the log what changes about a device, and each absence once by name."""

    def __init__(self, device: str) -> None:
        self.health = Health.OK
        self._device = device
        self._absent: set[str] = set()
        self._doubted: set[str] = set()

    def see(self, asked: Asked, age_s: float) -> None:
        """Compares with what was said before."""
        lost = self.health not in {Health.OK, Health.PARTIAL}
        fault = asked.fault
        if fault is not None and fault.health is not self.health:
            _log.warning(
                "device_lost",
                device=self._device,
                health=fault.health.value,
                why=fault.why,
                way_out=fault.way_out,
                exc_info=asked.crash,
            )
        elif fault is None and lost:
            _log.info("device_found", device=self._device, away_s=round(age_s, 1))
        self.health = asked.health
        if fault is None:
            self._points(asked.reading)

    def _points(self, reading: Reading) -> None:
        for absent in reading.absent:
            if absent.point not in self._absent:
                _log.warning(
                    "point_absent", point=absent.point, why=absent.why, way_out=absent.way_out
                )
        absent_now = {absent.point for absent in reading.absent}
        for point in sorted(self._absent - absent_now):
            _log.info("point_found", point=point)
        self._absent = absent_now
        for doubt in reading.doubts:
            if doubt.point not in self._doubted:
                self._doubted.add(doubt.point)
                _log.warning(
                    "value_doubtful", point=doubt.point, why=doubt.why, way_out=doubt.way_out
                )
