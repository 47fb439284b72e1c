"""Answers of InfluxDB to Flux, as tables; and its silence or refusal, in words."""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

import msgspec
import polars as pl

from podcore.errors import Refused, Unreachable
from podtwin.store.influx_client import InfluxAddress, connect
from podtwin.store.influx_lines import FLAGS, SD, VALUE
from podtwin.store.rows import SCHEMA, SERIES, TS

if TYPE_CHECKING:
    from influxdb_client.client.influxdb_client import InfluxDBClient

READ_S: Final = 60.0  # silence in a long answer; counting a month of 38 points takes 1 s
ROWS: Final[dict[str, pl.DataType]] = {
    "ts": TS,
    "asset": pl.String(),
    "field": pl.String(),
    "source": pl.String(),
    "value": pl.Float64(),
}

_TEXT: Final = dict.fromkeys(("_time", "_field", "asset", "source"), pl.String())
_PLAIN_CSV: Final = {"header": True, "delimiter": ",", "annotations": []}
_FORBIDDEN: Final = (401, 403)
_BAD_REQUEST: Final = 400  # among others an organisation that it does not know
_NOT_FOUND: Final = 404
_SAID: Final = 300  # characters of the database's own words that are passed on
_KEY: Final = ("ts", *SERIES)
_OLDEST: Final = -(2**63)  # a delay that any row of a log outdoes
# What breaks off in the middle of an answer comes as a table of its own at the end.
_BROKEN_OFF: Final = b"error,reference"


class FluxReader:
    """Asks one bucket; any number of threads may, each request for itself.

    Every method raises `Unreachable` when the database does not answer or cannot now, and
    `Refused` when it says no: token, organisation or bucket are not what it knows.
    """

    def __init__(self, address: InfluxAddress) -> None:
        self.address = address
        self._clients: dict[float, InfluxDBClient] = {}  # by how long each waits

    def rows(self, flux: str, silence_s: float = READ_S) -> pl.DataFrame:
        """Rows of `ROWS`, in the order of the answer."""
        table = self._table(flux, silence_s, _TEXT | {"_value": pl.Float64()})
        if table is None:
            return pl.DataFrame(schema=ROWS)
        return _timed(table).rename({"_field": "field", "_value": "value"}).select(*ROWS)

    def times(self, flux: str, silence_s: float = READ_S) -> list[int]:
        """The column `_time` in ns."""
        table = self._table(flux, silence_s, {"_time": pl.String()})
        return [] if table is None else table.select(_instant().cast(pl.Int64))["_time"].to_list()

    def words(self, flux: str, silence_s: float = READ_S) -> list[str]:
        """The column `_value` as text."""
        table = self._table(flux, silence_s, {"_value": pl.String()})
        return [] if table is None else table["_value"].to_list()

    def _table(
        self, flux: str, silence_s: float, types: Mapping[str, pl.DataType]
    ) -> pl.DataFrame | None:
        answer = self._ask(flux, silence_s)
        if _BROKEN_OFF in answer:
            raise Unreachable(
                f"InfluxDB at {self.address.url} broke off: {_words(answer[-_SAID:])}"
            )
        csv = answer.strip()
        return pl.read_csv(io.BytesIO(csv), schema_overrides=types) if csv else None

    def _ask(self, flux: str, silence_s: float) -> bytes:
        from influxdb_client.rest import ApiException  # noqa: PLC0415 - see influx_client
        from urllib3.exceptions import HTTPError  # noqa: PLC0415

        client = self._clients.get(silence_s)
        if client is None:
            client = self._clients[silence_s] = connect(self.address, silence_s)
        try:
            response = client.query_api().query_raw(flux, self.address.org, _PLAIN_CSV)
            answer: bytes = response.data
            return answer
        except ApiException as error:
            raise refusal(self.address, error.status, _words(error.body)) from error
        except HTTPError as error:
            raise Unreachable(f"InfluxDB at {self.address.url} does not answer: {error}") from error


def long_rows(found: pl.DataFrame) -> pl.DataFrame:
    """Fields `power`, `power__sd` and `power__flags` of an instant, as one row of the history."""
    field = pl.col("field")
    is_sd, is_flags = field.str.ends_with(SD), field.str.ends_with(FLAGS)
    point = field.str.strip_suffix(VALUE).alias("point")
    rows = found.filter(~is_sd & ~is_flags).with_columns(point)
    for name, ending, rule in (("sd", SD, is_sd), ("flags", FLAGS, is_flags)):
        if rows.height == found.height:  # none has either
            rows = rows.with_columns(pl.lit(None, dtype=SCHEMA[name]).alias(name))
            continue
        point = field.str.strip_suffix(ending).alias("point")
        value = pl.col("value").cast(SCHEMA[name], strict=False).alias(name)
        beside = found.filter(rule).select("ts", "asset", point, "source", value)
        rows = rows.join(beside.unique(_KEY), on=_KEY, how="left")
    return rows.select(
        *_KEY, "value", pl.col("flags").fill_null(0), "sd", pl.lit(_OLDEST).alias("recv_delay_ms")
    )


def refusal(address: InfluxAddress, status: int | None, said: str) -> Refused | Unreachable:
    """What an answer that is an error means for who reads, with the way out."""
    where = f"InfluxDB at {address.url}"
    if status in _FORBIDDEN:
        rule = f"refuses the token for organisation {address.org!r} and bucket {address.bucket!r}"
        return Refused(f"{where} {rule}: {said}; podtwin doctor says what it may")
    if status == _BAD_REQUEST:
        return Refused(f"{where} does not take the question: {said}; see influx.org")
    if status == _NOT_FOUND:
        rule = f"finds no bucket {address.bucket!r} of organisation {address.org!r}"
        way_out = "see influx.org and influx.bucket, and whether the token may read it"
        return Refused(f"{where} {rule}: {said}; {way_out}")
    return Unreachable(f"{where} cannot answer now ({status}): {said}")


def _words(body: str | bytes | None) -> str:
    """The message in an answer that is an error, shortened."""
    text = body.decode("utf-8", "replace") if isinstance(body, bytes) else body or ""
    try:
        known = msgspec.json.decode(text, type=dict[str, object])
    except msgspec.DecodeError:
        return text.strip()[:_SAID]
    return str(known.get("message", text))[:_SAID]


def _timed(table: pl.DataFrame) -> pl.DataFrame:
    """The table with `ts`.

    Points of one message share its time, which is then read once: [m] 0.13 µs a row against 0.42.
    """
    times = table.select(pl.col("_time").unique()) if _has_several(table) else None
    if times is None:
        return table.with_columns(_instant().alias("ts"))
    read = times.with_columns(_instant().alias("ts"))
    return table.join(read, on="_time", how="left", maintain_order="left")


def _has_several(table: pl.DataFrame) -> bool:
    return any(table[name].n_unique() > 1 for name in ("_field", "asset"))


def _instant() -> pl.Expr:
    return pl.col("_time").str.to_datetime("%+", time_unit="ns")
