"""Exported files as streams to be sent again: one a site, the same for the same files.

Times and values are kept. Flags are not sent: the receiver says anew what is out of range, and
all of it is `recorded`, since it comes from a file. Who sent it is not in an export either, so
that one node speaks for all.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import TYPE_CHECKING

from ulid import ULID

from ingest.native import encode_telemetry
from podcore.errors import ConfigError
from podcore.frame import BirthPoint
from podcore.names import ID_RULE, is_id
from podcore.ports import Message
from podtwin.agent.blocks import BLOCK, BlockBacklog
from podtwin.agent.mapping import Mapped, announced
from podtwin.agent.spool import SpooledSite
from podtwin.agent.table import publication_id

if TYPE_CHECKING:
    import polars as pl

PERIOD_S = 10.0  # of a point of which the files hold one value
_UNKNOWN_SHOWN = 5


@dataclass(frozen=True, slots=True)
class ImportedSite:
    """One site of the files, as a publisher sends it. site : under its new name."""

    site: str
    node: str
    boot: str
    points: tuple[BirthPoint, ...]
    ts_ns: pl.Series
    spooled: SpooledSite

    def backlog(self) -> BlockBacklog:
        """A message an instant."""
        return BlockBacklog(self.boot, len(self.ts_ns), self._encode)

    def _encode(self, start: int) -> list[Message]:
        times = self.ts_ns.slice(start, BLOCK)
        rows = self.spooled.between(times[0], times[-1]).select("ts", "point", "value").iter_rows()
        return [
            Message(seq, encode_telemetry(self.boot, seq, ts, {p: v for _, p, v in group}))
            for seq, (ts, group) in enumerate(groupby(rows, key=itemgetter(0)), start + 1)
        ]


def imported(
    spooled: Iterable[SpooledSite],
    files: Sequence[Path],
    node: str,
    names: Mapping[str, str],
    units: Mapping[str, str],
) -> Iterator[ImportedSite]:
    """The streams of some files, each made when it is asked for.

    Parameters
    ----------
    names : new ids of sites by those in the files.
    units : of points whose name no class knows, by `asset/point`.

    Raises
    ------
    ConfigError  When of some point nothing says what is measured.
    """
    base = publication_id(files, "import", (), "", node)
    for each in spooled:
        site = names.get(each.site, each.site)
        # A unit that is put right makes another stream, else nothing would be sent again.
        said = "".join(f"\0{p}={u}" for p, u in sorted(units.items()) if p in each.points)
        boot = hashlib.sha256(base + f"{each.site}={site}{said}".encode()).digest()[:16]
        points = _points(each, units)
        yield ImportedSite(site, node, str(ULID.from_bytes(boot)), points, each.times(), each)


def renamed(texts: Sequence[str], sites: Sequence[str]) -> dict[str, str]:
    """What `--site` says: `old=new`, or a name alone for the only site there is.

    Raises
    ------
    ConfigError  When it names no site of the files, or what is no id, or one name twice.
    """
    names: dict[str, str] = {}
    for text in texts:
        old, equals, new = text.partition("=")
        if not equals:
            if len(sites) != 1:
                rule = f"the files hold {len(sites)} sites: {', '.join(sites)}"
                raise ConfigError("--site", text, rule, "say which, as ams-03=lab-01")
            old, new = sites[0], text
        if old not in sites:
            rule = f"is no site of the files, which hold {', '.join(sites)}"
            raise ConfigError("--site", old, rule)
        if not is_id(new):
            raise ConfigError("--site", new, ID_RULE)
        names[old] = new
    targets = [names.get(site, site) for site in sites]
    for site in targets:
        if targets.count(site) > 1:
            raise ConfigError("--site", site, "two sites would become one", "import them in turn")
    return names


def parse_units(texts: Sequence[str]) -> dict[str, str]:
    """What `--unit asset/point=UNIT` says.

    Raises
    ------
    ConfigError  When it is not of that form.
    """
    units: dict[str, str] = {}
    for text in texts:
        point, equals, unit = text.partition("=")
        if not equals or not unit or "/" not in point:
            raise ConfigError("--unit", text, "is of the form asset/point=UNIT", "as probe/t1=Cel")
        units[point] = unit
    return units


def _points(spooled: SpooledSite, units: Mapping[str, str]) -> tuple[BirthPoint, ...]:
    known: list[BirthPoint] = []
    unknown: list[str] = []
    for point in sorted(spooled.points):
        period_s = spooled.period_s.get(point, PERIOD_S)
        try:
            known.append(announced(Mapped(point, point, units.get(point)), period_s))
        except ConfigError as error:
            if point in units:
                place = f"--unit {point}"
                raise ConfigError(place, units[point], error.rule, error.way_out) from None
            unknown.append(point)
    if not unknown:
        return tuple(known)
    shown = ", ".join(unknown[:_UNKNOWN_SHOWN]) + (" …" if len(unknown) > _UNKNOWN_SHOWN else "")
    rule = f"nothing says what is measured at {len(unknown)} of its points: {shown}"
    way_out = f"give the unit of each: --unit {unknown[0]}=Cel"
    raise ConfigError("site", spooled.site, rule, way_out)
