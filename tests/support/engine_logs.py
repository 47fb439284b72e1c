"""Logs for the engine's tests: small `air-dx` sites and what their gateways would have sent."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping

import msgspec
from support.frames import MIDNIGHT_NS, NS, config, reading, tick
from support.memory_log import MemoryLog

from podcore.frame import Flag, Frame
from podcore.resolve import resolve
from podcore.site import Site, SiteFile

START_NS = MIDNIGHT_NS  # on the grid of any step that divides a minute


def air_dx(site_id: str = "ams-03", *, step_s: float = 5.0, **parameters: float) -> Site:
    return site_of(
        {
            "id": site_id,
            "type": "air-dx",
            "nodes": ["gw-1", "gw-2"],
            "assets": [
                {"id": "meter-main", "class": "meter", "feeds": ["crac-1"]},
                {"id": "rack-[01-02]", "class": "rack"},
                {"id": "crac-1", "class": "crac", "rating": {"air_flow_m3_s": 1.9}},
                {"id": "weather-1", "class": "weather-station"},
            ],
            "twin": {"step_s": step_s, "parameters": parameters},
        }
    )


def power_only(site_id: str = "lisa", step_s: float = 30.0) -> Site:
    assets = [{"id": "it-load", "class": "cluster"}]
    return site_of(
        {"id": site_id, "type": "power-only", "assets": assets, "twin": {"step_s": step_s}}
    )


def untwinned(site_id: str = "ams-03") -> Site:
    return site_of({"id": site_id, "type": "none"})


def site_of(document: Mapping[str, object]) -> Site:
    file = msgspec.convert({"schema": "podtwin/site/1", **document}, SiteFile)
    return resolve(file)


def values(second: int, shift: float = 0.0) -> dict[str, float]:
    """A gateway's message at a second: powers each second, air each five, weather each thirty."""
    wave = math.sin(0.01 * second + shift)
    sent = {
        "meter-main/power": 16_000.0 + 500.0 * wave,
        "rack-01/it_power": 5_000.0 + 300.0 * wave,
        "rack-02/it_power": 6_000.0 - 100.0 * wave,
        "crac-1/fan_speed": 70.0,
        "crac-1/mode": 1.0,
    }
    if second % 5 == 0:
        sent |= {
            "crac-1/supply_air_temp": 20.0 + 0.2 * wave,
            "crac-1/return_air_temp": 27.0 + 0.5 * wave,
            "rack-01/inlet_temp": 22.0,
        }
    if second % 30 == 0:
        sent["crac-1/supply_air_temp_setpoint"] = 20.0
        sent["weather-1/outdoor_air_temp"] = 18.0 + wave
    return sent


def live(
    seconds: Iterable[int], *, sites: Iterable[str] = ("ams-03",), delay_ns: int = 200_000_000
) -> Iterator[Frame]:
    """Ticks and live readings, one a second and site."""
    for second in seconds:
        at_ns = START_NS + second * NS
        yield tick(at_ns)
        for number, site in enumerate(sites):
            received = at_ns + delay_ns + number
            yield reading(values(second, number), at_ns, site=site, recv_ns=received)


def recorded(
    seconds: Iterable[int], *, recv_ns: int, sites: Iterable[str] = ("ams-03",)
) -> Iterator[Frame]:
    """Recorded readings of a past, all received within a moment."""
    for count, second in enumerate(seconds):
        for number, site in enumerate(sites):
            yield reading(
                values(second, number),
                START_NS + second * NS,
                site=site,
                recv_ns=recv_ns + count * 1_000_000,
                flags=int(Flag.RECORDED),
            )


def log_of(*parts: Iterable[Frame]) -> MemoryLog:
    log = MemoryLog()
    for part in parts:
        log.append(list(part))
    return log


def configs(*sites: Site) -> list[Frame]:
    return [config(site, START_NS - 60 * NS) for site in sites]
