"""Points of devices: what a file says of one, as a node announces it, and what raw values mean."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Annotated

import msgspec
from msgspec import Meta

from podcore.errors import ConfigError
from podcore.frame import BirthPoint
from podcore.names import ID_RULE, POINT_RULE, did_you_mean, is_local_id, is_point
from podcore.quantity import QUANTITIES
from podtwin.agent.mapping import Mapped, announced

SHORTEST_S, LONGEST_S = 1.0, 3600.0
Period = Annotated[float, Meta(ge=SHORTEST_S, le=LONGEST_S)]


class ValueFile(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, kw_only=True
):
    """What a map may say of one value, whatever the protocol that brings it."""

    scale: float = 1.0
    offset: float = 0.0
    unit: str | None = None
    quantity: str | None = None
    period_s: Period | None = None
    codes: dict[str, float] = {}
    missing: int | None = None


def device_point(
    at: str, asset: str, point: str, unit: str | None, quantity: str | None, period_s: float
) -> BirthPoint:
    """The point of an asset, with the quantity that the file, its name or its unit says.

    Parameters
    ----------
    at : the place of what describes it, for errors.
    point : its name, or `asset/point` where it belongs to another asset.

    Raises
    ------
    ConfigError  When it is no point, or nothing says what it measures.
    """
    local = point if "/" in point else f"{asset}/{point}"
    if not is_local_id(local) or not (is_point(point) or "/" in point):
        raise ConfigError(f"{at}.point", point, f"{POINT_RULE}; of an asset: {ID_RULE}")
    if quantity is None:
        return _by_name(at, local, unit, period_s)
    known = QUANTITIES.get(quantity)
    if known is None:
        way_out = did_you_mean(quantity, QUANTITIES)
        raise ConfigError(f"{at}.quantity", quantity, "is no quantity", way_out)
    if unit is not None and known.conversion(unit) is None:
        rule = f"is no unit of {quantity}"
        raise ConfigError(f"{at}.unit", unit, rule, did_you_mean(unit, known.units))
    return BirthPoint(local, quantity, unit or known.unit, period_s)


def _by_name(at: str, local: str, unit: str | None, period_s: float) -> BirthPoint:
    try:
        return announced(Mapped("", local, unit), period_s)
    except ConfigError as error:
        if unit is None:
            rule = f"nothing says what {local.partition('/')[2]!r} measures"
            way_out = "add unit: W, and quantity: where several use it"
            raise ConfigError(at, None, rule, way_out) from None
        raise ConfigError(f"{at}.unit", unit, error.rule, error.way_out) from None


def codes_of(at: str, told: Mapping[str, float]) -> dict[int, float]:
    """The codes of a state, as a file has them: raw value to the code of the point.

    Raises
    ------
    ConfigError  When a raw value is no whole number.
    """
    found: dict[int, float] = {}
    for text, value in told.items():
        try:
            found[int(text, 0)] = value
        except ValueError:
            rule = "a code is a whole number, as the device gives it"
            raise ConfigError(f"{at}.codes.{text}", text, rule) from None
    return found


def check_scale(at: str, scale: float) -> None:
    """Refuses a factor that leaves nothing."""
    if scale == 0:
        raise ConfigError(f"{at}.scale", scale, "a factor of 0 leaves nothing", "leave it out")


def check_once(at: str, points: Sequence[BirthPoint]) -> None:
    """Refuses a map that fills a point twice."""
    seen: dict[str, int] = {}
    for number, point in enumerate(points):
        first = seen.setdefault(point.id, number)
        if first != number:
            rule = f"{at}[{first}] is this point already"
            raise ConfigError(f"{at}[{number}].point", point.id, rule, "name another")


def made_of(
    raw: float,
    *,
    scale: float = 1.0,
    offset: float = 0.0,
    codes: Mapping[int, float],
    missing: int | None,
) -> float | None:
    """The value of a point that a raw value stands for; None for none.

    Raises
    ------
    LookupError  When there are codes, and the raw value is none of them.
    """
    if not math.isfinite(raw) or raw == missing:
        return None
    value = codes[int(raw)] if codes else scale * raw + offset
    return value if math.isfinite(value) else None


def plausible(point: BirthPoint, value: float) -> bool:
    """Whether a value is in the range of its quantity."""
    quantity = QUANTITIES[point.quantity]
    conversion = quantity.conversion(point.unit)
    return conversion is None or quantity.low <= conversion(value) <= quantity.high
