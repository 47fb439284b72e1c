from __future__ import annotations

from datetime import UTC, date, datetime

import polars as pl
import pytest

from podcore.errors import ConfigError
from podtwin.agent.times import times_of

INSTANT = datetime(2026, 11, 24, 14, 3, 20, tzinfo=UTC)
NS = 1_795_529_000 * 10**9


def column(*values: object) -> pl.Series:
    return pl.Series("t", list(values))


@pytest.mark.parametrize(
    ("given", "assumed"),
    (
        (column(INSTANT), ""),
        (column(INSTANT).dt.convert_time_zone("Europe/Amsterdam"), ""),
        (column(INSTANT).dt.cast_time_unit("ms"), ""),
        (column(INSTANT.replace(tzinfo=None)), "has no time zone; taken as UTC"),
        (column(NS // 10**9), "holds numbers; taken as seconds"),
        (column(NS // 10**6), "holds numbers; taken as milliseconds"),
        (column(NS // 10**3), "holds numbers; taken as microseconds"),
        (column(NS), "holds numbers; taken as nanoseconds"),
        (column(NS / 1e9), "holds numbers; taken as seconds"),
        (column(NS / 1e6), "holds numbers; taken as milliseconds"),
        (column("2026-11-24T14:03:20Z"), ""),
        (column(" 2026-11-24T16:03:20+02:00 "), ""),
        (column("2026-11-24 14:03:20+0000"), ""),
        (column("2026-11-24T14:03:20"), "has no time zone; taken as UTC"),
        (column("2026-11-24 14:03:20.000"), "has no time zone; taken as UTC"),
        (column(str(NS // 10**9)), "holds numbers; taken as seconds"),
        (column(f"{NS // 10**9}.0"), "holds numbers; taken as seconds"),
    ),
)
def test_an_instant_is_the_same_in_every_form(given: pl.Series, assumed: str) -> None:
    assert times_of(given, "f: t").ns.to_list() == [NS]
    assert times_of(given, "f: t").assumed == assumed


def test_a_date_is_its_midnight() -> None:
    midnight = datetime(2026, 11, 24, tzinfo=UTC)
    for given in (column(date(2026, 11, 24)), column("2026-11-24")):
        assert times_of(given, "f: t").ns.to_list() == [int(midnight.timestamp()) * 10**9]


def test_nanoseconds_of_a_text_are_kept() -> None:
    given = column("2026-11-24T14:03:20.123456789Z")
    assert times_of(given, "f: t").ns.to_list() == [NS + 123_456_789]


def test_fractions_of_seconds_survive_to_the_microsecond() -> None:
    assert times_of(column(1_795_529_000.25), "f: t").ns.to_list() == [NS + 250_000_000]


def test_what_is_no_time_is_null_beside_what_is_one() -> None:
    assert times_of(column("2026-11-24T14:03:20Z", "soon", "", None), "f: t").ns.to_list() == [
        NS,
        None,
        None,
        None,
    ]


@pytest.mark.parametrize("given", (column("soon", "later"), column(True), column([1])))
def test_a_column_without_a_time_is_refused_with_the_forms_there_are(given: pl.Series) -> None:
    with pytest.raises(ConfigError, match=r"f: t.*RFC 3339"):
        times_of(given, "f: t")
