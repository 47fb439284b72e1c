"""Buckets of `rollup.ROLLED` as line protocol and back.

    rack,site=ams-03,asset=rack-01,source=measured it_power=8123.0,it_power__min=8100.0,… 17954784…

The field of the point's own name holds the mean, so that what asks the raw bucket may ask a
downsampled one as well; the others stand beside it. The time is the beginning of the bucket.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import groupby
from typing import Final

import msgspec
import polars as pl

from podtwin.store.influx_lines import FLAGS, SD, VALUE, escape
from podtwin.store.rollup import KEY, ROLLED

OF_ALL: Final = ("min", "max", "last", "count")
OF_SOME: Final = ("flags",)  # only where there are any
OF_DEVIATIONS: Final = ("variance", "sd_count", "min_sd", "max_sd", "last_sd")
BESIDE: Final = (*OF_ALL, *OF_SOME, *OF_DEVIATIONS)

_FROM_ZERO: Final = ("flags", "sd_count")  # what is left out of these is 0, of others nothing
_ENDINGS: Final = tuple(f"__{name}" for name in BESIDE)
_BESIDE: Final = f"__({'|'.join(BESIDE)})$"
_ORDER: Final = ("asset", "source", "ts", "point")
_numbers = msgspec.json.Encoder().encode


def mean_field(point: str) -> str:
    """The field that holds a point's mean: its name, unless that would read as another's."""
    return point + VALUE if point.endswith((*_ENDINGS, SD, FLAGS, VALUE)) else point


def fields_of(point: str) -> list[str]:
    """All fields of a point."""
    field = mean_field(point)
    return [field, *(field + ending for ending in _ENDINGS)]


def lines_of(buckets: pl.DataFrame, head: Callable[[str, str], bytes]) -> list[bytes]:
    """A line for each asset, source and bucket, with its end.

    Parameters
    ----------
    head : measurement and tags, with the blank behind them, of an asset and a source.
    """
    ordered = buckets.sort(_ORDER)
    texts = _texts(ordered)
    ts = ordered["ts"].cast(pl.Int64).to_list()
    keys = list(zip(ordered["asset"], ordered["source"], ts, strict=True))
    lines = []
    for (asset, source, at), rows in groupby(range(len(keys)), key=keys.__getitem__):
        lines.append(head(asset, source) + b",".join(texts[row] for row in rows) + b" %d\n" % at)
    return lines


def buckets_of(found: pl.DataFrame) -> pl.DataFrame:
    """Rows of a downsampled bucket, as `FluxReader.rows` gives them, as buckets by `KEY`."""
    field = pl.col("field")
    beside = field.str.extract(_BESIDE).fill_null("mean")
    point = field.str.replace(_BESIDE, "").str.strip_suffix(VALUE)
    named = found.with_columns(beside.alias("beside"), point.alias("point"))
    wide = named.pivot(on="beside", index=list(KEY), values="value")
    missing = [pl.lit(None).alias(name) for name in ROLLED if name not in wide.columns]
    filled = wide.with_columns(missing).with_columns(pl.col(_FROM_ZERO).fill_null(0))
    # A bucket of which a part is older than the retention would lack some.
    return (
        filled.drop_nulls(["mean", *OF_ALL])
        .select(pl.col(name).cast(dtype) for name, dtype in ROLLED.items())
        .sort(KEY)
    )


def _texts(buckets: pl.DataFrame) -> list[bytes]:
    """The fields of each row."""
    names = {point: escape(mean_field(point)) for point in buckets["point"].unique()}
    own = [names[point] for point in buckets["point"]]
    columns = {name: _words(buckets[name]) for name in ("mean", *OF_ALL)}
    texts = [
        f"{name}={mean},{name}__min={low},{name}__max={high},{name}__last={last},{name}__count={n}"
        for name, mean, low, high, last, n in zip(own, *columns.values(), strict=True)
    ]
    for name in (*OF_SOME, *OF_DEVIATIONS):
        none = "0.0" if name in _FROM_ZERO else "null"
        words = _words(buckets[name])
        if words.count(none) < len(words):
            for row, word in enumerate(words):
                if word != none:
                    texts[row] += f",{own[row]}__{name}={word}"
    return [text.encode() for text in texts]


def _words(numbers: pl.Series) -> list[str]:
    text = _numbers(numbers.cast(pl.Float64).to_list())[1:-1].decode()
    return text.split(",") if text else []
