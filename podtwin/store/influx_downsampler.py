"""Minutes and hours of an InfluxDB, made of what its raw bucket holds.

A minute is read whole from the raw bucket, where what came twice or late is settled already, and
its buckets replace what was there: however often it is made, and from where a crash left it, it
comes to the same. An hour is made of its minutes. The arithmetic is that of `rollup`.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import Final

import polars as pl
import structlog

from podcore.clock import NS
from podcore.errors import Refused, Unreachable
from podcore.frame import Source
from podcore.ports import Clock, WriteRefused
from podtwin.store import flux
from podtwin.store.downsampling import MINUTES, MarkedHour, Marks
from podtwin.store.flux import Rows
from podtwin.store.influx import InfluxSink
from podtwin.store.influx_answer import LineReason
from podtwin.store.influx_buckets import make_buckets
from podtwin.store.influx_client import Downsampling, InfluxAddress
from podtwin.store.influx_lines import LineEncoder
from podtwin.store.influx_reader import FluxReader, long_rows
from podtwin.store.influx_rollups import buckets_of, fields_of, lines_of
from podtwin.store.rollup import HOUR, MINUTE, Fold, empty
from podtwin.store.rows import SERIES, settle

PASS_S: Final = 5.0  # between two passes once all is made
BUDGET_S: Final = 1.0  # of a pass; then raw lines have their turn, for as long
REFUSED_WAIT_S: Final = 60.0
AWAY_WAIT_S: Final = 10.0
GRACE_NS: Final = 10 * NS  # a minute is made so long after its end, once and not twice
HOURS_AT_ONCE: Final = 200  # of a pass, of all sites
ROWS_AT_ONCE: Final = 250_000  # raw rows in memory, of about 100 bytes

_logger = structlog.get_logger("forward")


class Downsampler:
    """Makes what is marked, a bounded time at a call; belongs to the thread of its sink.

    Parameters
    ----------
    encoder : knows the classes of assets.
    """

    def __init__(
        self,
        address: InfluxAddress,
        plan: Downsampling,
        marks: Marks,
        encoder: LineEncoder,
        clock: Clock,
    ) -> None:
        self._address = address
        self._plan = plan
        self._marks = marks
        self._encoder = encoder
        self._clock = clock
        self._reader = FluxReader(address)
        self._minutes = InfluxSink(plan.at(address, MINUTE), encoder, clock)
        self._hours = InfluxSink(plan.at(address, HOUR), encoder, clock)
        self._next_s = 0.0
        self._prepared = False
        self._rows_a_minute: dict[str, int] = {}
        self.why = ""

    def __call__(self) -> None:
        """One pass, when it is due. What fails is told by `why`, and tried again later."""
        begun_s = self._clock.monotonic_s()
        if begun_s < self._next_s:
            return
        try:
            all_made = self._pass(begun_s + BUDGET_S)
        except (Unreachable, Refused) as error:
            away = isinstance(error, Unreachable)
            self._note(f"cannot be downsampled: {error}")
            self._next_s = begun_s + (AWAY_WAIT_S if away else REFUSED_WAIT_S)
            return
        self._note("")
        now_s = self._clock.monotonic_s()
        self._next_s = now_s + (PASS_S if all_made else now_s - begun_s)

    def _note(self, why: str) -> None:
        if bool(why) != bool(self.why):
            _logger.warning("downsampling_stopped" if why else "downsampling_again", why=why)
        self.why = why

    def _pass(self, until_s: float) -> bool:
        """Whether all that is ripe was made."""
        if not self._prepared:
            make_buckets(self._address, self._plan)
            self._minutes.prove()
            self._hours.prove()
            self._prepared = True  # before any site is begun, of which readers then ask these
        for site in self._marks.new_sites():
            held = self._reader.times(flux.hours(self._of(site)))
            self._marks.begin(site, {ns // HOUR.width_ns for ns in held})
        ripe_ns = self._clock.now_ns() - GRACE_NS
        ripe = self._marks.ripe(ripe_ns, HOURS_AT_ONCE)
        for done, hour in enumerate(ripe, 1):
            self._make(hour, ripe_ns)
            if self._clock.monotonic_s() > until_s:
                return done == len(ripe) < HOURS_AT_ONCE
        return len(ripe) < HOURS_AT_ONCE

    def _make(self, hour: MarkedHour, ripe_ns: int) -> None:
        start = hour.hour * HOUR.width_ns
        head = partial(self._encoder.head, hour.site)
        for low, high in hour.runs():
            for buckets in self._made_minutes(hour.site, start, low, high):
                self._write(self._minutes, lines_of(buckets, head))
        if hour.minutes:
            self._marks.made(hour)
        if start + HOUR.width_ns <= ripe_ns:
            self._write(self._hours, lines_of(self._made_hour(hour.site, start), head))
            self._marks.made_whole(hour)

    def _made_minutes(self, site: str, start: int, low: int, high: int) -> Iterable[pl.DataFrame]:
        """Buckets of minutes of an hour, in parts of bounded size."""
        at = low
        while at < high:
            # Nothing is known of a site at first: one minute then.
            seen = self._rows_a_minute.get(site, ROWS_AT_ONCE)
            end = min(high, at + max(1, ROWS_AT_ONCE // max(1, seen)))
            width = MINUTE.width_ns
            rows = self._of(site).within(start + at * width, start + end * width)
            found = _in_order(long_rows(self._reader.rows(flux.values(rows))))
            self._rows_a_minute[site] = found.height // (end - at)
            at = end
            fold = Fold(width)
            yield pl.concat([empty(), fold.add(found), fold.finish()])

    def _made_hour(self, site: str, start: int) -> pl.DataFrame:
        fold = Fold(HOUR.width_ns)
        for minutes in self._minutes_of(site, start):
            fold.add_buckets(minutes, MINUTE.width_ns)
        return fold.finish()

    def _minutes_of(self, site: str, start: int) -> Iterable[pl.DataFrame]:
        """All minutes of an hour: as they were written, or made again where they are too old."""
        kept_ns = self._plan.minute.keep_s * NS
        oldest_ns = self._clock.now_ns() - kept_ns + HOUR.width_ns if kept_ns else 0
        if start < oldest_ns:
            return self._made_minutes(site, start, 0, MINUTES)
        bucket = self._plan.minute.bucket
        rows = Rows(bucket, site, (), tuple(Source), start, start + HOUR.width_ns, fields_of)
        return [buckets_of(self._reader.rows(flux.values(rows)))]

    def _of(self, site: str) -> Rows:
        return Rows(self._address.bucket, site)

    def _write(self, sink: InfluxSink, lines: list[bytes]) -> None:
        refused = sink.write_lines(lines)
        # Older than a downsampled bucket keeps is what nobody asks it for.
        bad = [each for each in refused if each.reason != LineReason.RETENTION.value]
        if bad:
            _said(bad)


def _in_order(rows: pl.DataFrame) -> pl.DataFrame:
    """Rows by series and time, each once, as they come unless an asset has changed its class.

    Sorting them costs 0.5 µs a row; that there is nothing to sort is seen in a tenth of it.
    """
    same = pl.all_horizontal(pl.col(name) == pl.col(name).shift(1) for name in SERIES)
    ascends = pl.col("ts") > pl.col("ts").shift(1)
    runs = rows.select(begins=(~same).fill_null(value=True), ascends=ascends)
    series = rows.select(SERIES).filter(runs["begins"])
    if series.n_unique() == series.height and (runs["begins"] | runs["ascends"]).all():
        return rows
    return settle(rows)


def _said(refused: list[WriteRefused]) -> None:
    first = refused[0]
    _logger.error(
        "downsampled_lines_refused", count=len(refused), reason=first.reason, detail=first.detail
    )
