"""A simulated site: a plant, its sensors, and the faults that befall them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace

from podcore.clock import NS
from podcore.errors import ConfigError
from podcore.frame import BirthPoint
from podcore.names import did_you_mean
from podcore.site import Point, Site
from simulators.build import build_air_dx
from simulators.chance import stream
from simulators.fault_kinds import FAULTS, Aim
from simulators.faults import Fault, Label
from simulators.ills import ills_at
from simulators.sensors import Sensor, kind_of
from simulators.truth import truths

_STEP_S = 1.0
_STEP_NS = NS


@dataclass(slots=True)
class _Channel:
    """A point with its sensor, and where the truth is read."""

    point: str
    period_ns: int
    sensor: Sensor
    truth: Callable[[], float]


class SimulatedSite:
    """A module that can be sampled like a real one.

    The same site, seed, start, faults and samples give the same values, in any process.

    Parameters
    ----------
    site : of type `air-dx`.
    seed : of everything drawn: the build, the weather, the load, the sensors.
    start_ns : time of the plant's beginning; steps of 1 s count from here.
    faults : times absolute; see `FaultSpec.at`.

    Attributes
    ----------
    truths : by `asset/point`, what its sensor would show if it were perfect.

    Raises
    ------
    ConfigError  When there is no plant for the site, or a fault names a point it does not have.
    """

    def __init__(
        self, site: Site, *, seed: int, start_ns: int, faults: Sequence[Fault] = ()
    ) -> None:
        self.site = site
        self.plant = build_air_dx(site, seed, start_ns / NS)
        self.truths = truths(site, self.plant)
        self._channels = [
            _Channel(
                point.id,
                round(point.period_s * NS),
                Sensor(kind_of(point), stream(seed, site.id, "sensor", point.id)),
                self.truths[point.id],
            )
            for point in site.points
            if point.id in self.truths
        ]
        self._slow = [channel for channel in self._channels if channel.sensor.lag_s > 0.0]
        self._racks = [rack.id for rack in site.assets_of("rack")]
        self._faults = [self._aimed(fault) for fault in faults]
        self._now_ns = start_ns
        self._sampled_ns: int | None = None
        for channel in self._slow:
            channel.sensor.follow(channel.truth(), _STEP_S)

    @property
    def birth_points(self) -> list[BirthPoint]:
        """What the site's node announces: the points it samples, in computing units."""
        sampled = {channel.point for channel in self._channels}
        return [_announced(point) for point in self.site.points if point.id in sampled]

    @property
    def labels(self) -> list[Label]:
        """The truth about the faults given."""
        return [Label.of(fault, self.site.id, self._asset(fault)) for fault in self._faults]

    def add_fault(self, fault: Fault) -> None:
        """One more fault, known only once the plant runs; it must lie ahead.

        Raises
        ------
        ConfigError  When it names a point that the site does not have.
        """
        self._faults.append(self._aimed(fault))

    def sample(self, ts_ns: int, *, every_s: float = 1.0) -> dict[str, float]:
        """The readings that are due at a time, by `asset/point`; advances the plant to it.

        Due are points sampled at least every `every_s`, and slower ones when a multiple of their
        period has come since the last sample. The first sample holds all points.

        Raises
        ------
        ValueError  When `ts_ns` lies before the sample or step before.
        """
        if ts_ns < max(self._now_ns, self._sampled_ns or 0):
            raise ValueError(f"a plant does not go back: asked for {ts_ns} at {self._now_ns}")
        while self._now_ns + _STEP_NS <= ts_ns:
            self._step()
        self._apply_faults(ts_ns)
        every_ns, last_ns = round(every_s * NS), self._sampled_ns
        self._sampled_ns = ts_ns
        return {
            channel.point: channel.sensor.read(channel.truth())
            for channel in self._channels
            if (
                last_ns is None
                or channel.period_ns <= every_ns
                or ts_ns // channel.period_ns != last_ns // channel.period_ns
            )
            and not channel.sensor.drops()
        }

    def _step(self) -> None:
        self._apply_faults(self._now_ns)
        self.plant.step(_STEP_S)
        self._now_ns += _STEP_NS
        for channel in self._slow:
            channel.sensor.follow(channel.truth(), _STEP_S)

    def _apply_faults(self, ts_ns: int) -> None:
        if not self._faults:
            return
        self.plant.ills = ills_at(self._faults, ts_ns, self._racks)
        about_sensors = [fault for fault in self._faults if fault.point is not None]
        for channel in self._channels if about_sensors else ():
            mine = [fault for fault in about_sensors if fault.point == channel.point]
            _disturb(channel.sensor, mine, ts_ns)

    def _aimed(self, fault: Fault) -> Fault:
        match FAULTS[fault.name].aim:
            case Aim.SENSOR:
                crac = self.site.assets_of("crac")[0].id
                point = fault.point or f"{crac}/supply_air_temp"
                _require(point, self.truths, f"is no point of {self.site.id}")
                return replace(fault, point=point)
            case Aim.RACK:
                rack = fault.rack or self._racks[0]
                _require(rack, self._racks, f"is no rack of {self.site.id}")
                return replace(fault, rack=rack)
            case _:
                return fault

    def _asset(self, fault: Fault) -> str:
        if fault.point is not None:
            return fault.point.partition("/")[0]
        if fault.rack is not None:
            return fault.rack
        return self.site.assets_of(FAULTS[fault.name].aim.value)[0].id


def _require(name: str, known: Collection[str], rule: str) -> None:
    if name not in known:
        raise ConfigError("--fault", name, rule, did_you_mean(name, known))


def _disturb(sensor: Sensor, faults: Sequence[Fault], ts_ns: int) -> None:
    strengths = {fault.name: fault.strength(ts_ns) for fault in faults if fault.holds(ts_ns)}
    sensor.stuck = "sensor-stuck" in strengths
    sensor.off = strengths.get("sensor-bias", 0.0)
    for fault in faults:
        if fault.name == "sensor-drift":
            sensor.off += fault.strength(ts_ns) * (ts_ns - fault.onset_ns) / (3600.0 * NS)
    sensor.noisy = strengths.get("sensor-noise", 0.0)
    sensor.dropping = strengths.get("sensor-dropout", 0.0)


def _announced(point: Point) -> BirthPoint:
    return BirthPoint(point.id, point.quantity, point.unit, point.period_s)
