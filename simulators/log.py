"""Frames of simulated sites, as ingest would have committed them; simulated time, no broker.

For scenarios, benchmarks and whatever else wants a plant's hours in seconds.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import count

from podcore.clock import NS
from podcore.frame import ConfigBody, Flag, Frame, Kind, ReadingBody, Source, encode_body
from podcore.site import Site
from simulators.faults import Fault
from simulators.site import SimulatedSite

START_NS = 1_795_478_400 * NS  # 2026-11-24T00:00:00Z
RECV_DELAY_NS = 5_000_000


class PlantLog:
    """Sites side by side, a reading and a tick a second, offsets in one line."""

    def __init__(
        self, *sites: Site, seed: int = 42, faults: Mapping[str, Sequence[Fault]] | None = None
    ) -> None:
        """Site files and, by site, the faults that befall it."""
        befall = faults or {}
        self._offsets = count(1)
        self._sites = sites
        self._plants = [
            SimulatedSite(site, seed=seed, start_ns=START_NS, faults=befall.get(site.id, ()))
            for site in sites
        ]
        self._second = 0
        self.silent: set[str] = set()

    def configs(self) -> list[Frame]:
        """The config Frame of each site."""
        bodies = [(site.id, encode_body(ConfigBody(site))) for site in self._sites]
        return [self._frame(Kind.CONFIG, name, START_NS - NS, body) for name, body in bodies]

    def seconds(self, number: int, *, recorded: bool = False) -> Iterator[Frame]:
        """The Frames of that many more seconds; a site in `silent` sends nothing."""
        for _ in range(number):
            self._second += 1
            ts_ns = START_NS + self._second * NS
            yield self._frame(Kind.TICK, "", ts_ns, b"")
            for plant in self._plants:
                sample = plant.sample(ts_ns)
                if plant.site.id not in self.silent:
                    body = encode_body(ReadingBody(list(sample), list(sample.values())))
                    flags = int(Flag.RECORDED) if recorded else 0
                    yield self._frame(Kind.READING, plant.site.id, ts_ns, body, flags)

    @property
    def now_ns(self) -> int:
        """The last second that was given."""
        return START_NS + self._second * NS

    def _frame(self, kind: Kind, site: str, ts_ns: int, body: bytes, flags: int = 0) -> Frame:
        recv_ns = ts_ns + (RECV_DELAY_NS if kind is Kind.READING else 0)
        node = "gw-1" if kind is Kind.READING else ""
        return Frame(
            next(self._offsets), kind, site, node, "", None, ts_ns, recv_ns, 0,
            Source.MEASURED, flags, body,
        )  # fmt: skip


def fault(name: str, onset_s: float, lasts_s: float, point: str | None = None) -> Fault:
    """A fault with its times counted from the start."""
    onset_ns = START_NS + round(onset_s * NS)
    return Fault(name, onset_ns, onset_ns + round(lasts_s * NS), None, point)
