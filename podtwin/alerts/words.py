"""Numbers, names and lengths of time as a person on call reads them."""

from __future__ import annotations

import math

from podcore.names import split_local_id
from podcore.site import Site

UNKNOWN = "unknown"
# Units as they are printed; the others are printed as UCUM writes them.
_PRINTED = {"Cel": "°C", "W.h": "Wh", "1": "", "By": "B", "By/s": "B/s", "g/(kW.h)": "g/kWh"}
_THOUSANDS = {"W": "kW", "W.h": "kWh"}  # from 1,000 of them on
_DECIMALS = {"Cel": 1, "%": 1, "kW": 2, "kWh": 2, "W": 0, "Pa": 0}
_ABBREVIATIONS = frozenset({"crac", "crah", "ups", "pdu", "cdu", "pv", "it", "cpu", "gpu"})
_MINUTE_S, _HOUR_S, _DAY_S = 60.0, 3_600.0, 86_400.0


def amount(value: float | None, unit: str, band: float | None = None) -> str:
    """`31.2 °C`, or with a band `22.4 ± 0.9 °C`; kW from 1,000 W on.

    unit : the point's UCUM code.
    """
    if value is None or not math.isfinite(value):
        return UNKNOWN
    scale, shown = 1.0, unit
    if unit in _THOUSANDS and abs(value) >= 1e3:  # noqa: PLR2004 - what the k stands for
        scale, shown = 1e-3, _THOUSANDS[unit]
    text = _number(value * scale, shown)
    if band is not None and math.isfinite(band):
        text = f"{text} ± {_number(band * scale, shown)}"
    printed = _PRINTED.get(shown, shown)
    return f"{text} {printed}" if printed else text


def lasting(seconds: float) -> str:
    """`20 s`, `3 min`, `1 h 5 min`, `2 d 4 h`."""
    if not math.isfinite(seconds):
        return UNKNOWN
    if seconds < 2 * _MINUTE_S:
        return f"{seconds:.0f} s"
    if seconds < _HOUR_S:
        return f"{seconds / _MINUTE_S:.0f} min"
    minutes = round(seconds / _MINUTE_S)
    if seconds < _DAY_S:
        return f"{minutes // 60} h {minutes % 60} min"
    hours = round(seconds / _HOUR_S)
    return f"{hours // 24} d {hours % 24} h"


def where(site: Site, point: str) -> str:
    """`CRAC-1 supply air` for `crac-1/supply_air_temp`; the site's name without a point."""
    if not point:
        return site.name
    asset_id, name = split_local_id(point)
    asset = site.asset(asset_id)
    shown = asset.name if asset is not None and asset.name != asset_id else _asset_words(asset_id)
    return f"{shown} {_point_words(name)}"


def unit_of(site: Site, point: str) -> str:
    """The UCUM unit of a point of a site; empty for one that it does not list."""
    return next((each.unit for each in site.points if each.id == point), "")


def _number(value: float, unit: str) -> str:
    decimals = _DECIMALS.get(unit)
    if decimals is None:
        return f"{value:.3g}"
    text = f"{value:.{decimals}f}"
    return text.lstrip("-") if float(text) == 0.0 else text


def _asset_words(asset_id: str) -> str:
    head, dash, tail = asset_id.partition("-")
    first = head.upper() if head in _ABBREVIATIONS else head[:1].upper() + head[1:]
    # A number or letter belongs to the name; "cold-aisle" is two words.
    return f"{first}-{tail.upper()}" if dash and len(tail) <= 2 else f"{first} {tail}".strip()  # noqa: PLR2004


def _point_words(name: str) -> str:
    words = name.removesuffix("_temp").replace("_temp_", "_").split("_")
    return " ".join(word.upper() if word in _ABBREVIATIONS else word for word in words)
