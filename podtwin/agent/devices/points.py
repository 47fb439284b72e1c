"""Points of devices: what a file says of one, as a node announces it."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from podcore.errors import ConfigError
from podcore.frame import BirthPoint
from podcore.names import ID_RULE, POINT_RULE, did_you_mean, is_local_id, is_point
from podcore.quantity import QUANTITIES
from podtwin.agent.mapping import Mapped, announced

SHORTEST_S, LONGEST_S = 1.0, 3600.0
Period = Annotated[float, Meta(ge=SHORTEST_S, le=LONGEST_S)]


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
