"""Which column of a file is which point: `column=asset/point:unit`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from podcore.classes import CLASSES, point_spec
from podcore.errors import ConfigError
from podcore.frame import BirthPoint
from podcore.names import ID_RULE, POINT_RULE, did_you_mean, is_local_id, split_local_id
from podcore.quantity import QUANTITIES, known_units, quantity_of_unit

_PLACE = "--map"
_FORM = "a mapping is column=asset/point:unit"
_EXAMPLE = "as in power_w=meter-main/power:W"


@dataclass(frozen=True, slots=True)
class Mapped:
    """A column and the point it fills; the unit may be left to the point's class."""

    column: str
    point: str
    unit: str | None

    @classmethod
    def parse(cls, text: str) -> Mapped:
        """The mapping in `column=asset/point[:unit]`; a column may hold `=` itself.

        Raises
        ------
        ConfigError  When it is none.
        """
        column, equals, target = text.rpartition("=")
        if not equals or not column:
            raise ConfigError(_PLACE, text, _FORM, _EXAMPLE)
        point, _, unit = target.partition(":")
        if not is_local_id(point):
            raise ConfigError(
                _PLACE, point, f"a point is asset/point: {ID_RULE}; {POINT_RULE}", _EXAMPLE
            )
        return cls(column, point, unit or None)

    def __str__(self) -> str:
        return f"{self.column}={self.point}" + (f":{self.unit}" if self.unit else "")


def parse_maps(texts: Sequence[str]) -> list[Mapped]:
    """The mappings, at least one, each point filled once.

    Raises
    ------
    ConfigError  With the first that is wrong.
    """
    maps = [Mapped.parse(text) for text in texts]
    if not maps:
        raise ConfigError(_PLACE, None, "at least one column must be mapped", _EXAMPLE)
    filled: dict[str, Mapped] = {}
    for mapped in maps:
        other = filled.setdefault(mapped.point, mapped)
        if other is not mapped:
            rule = f"fills a point that {other.column!r} fills already"
            raise ConfigError(_PLACE, str(mapped), rule, "name another point, or leave one out")
    return maps


def announced(mapped: Mapped, period_s: float) -> BirthPoint:
    """The point as a birth says it: quantity by its name, else by its unit.

    The asset's class is known to the receiver alone, so that every class is asked for a point of
    that name, and one whose quantity accepts the unit is believed.

    Raises
    ------
    ConfigError  When neither name nor unit says what is measured.
    """
    _, name = split_local_id(mapped.point)
    specs = [spec for word in CLASSES if (spec := point_spec(word, name)) is not None]
    known = list(dict.fromkeys(spec.quantity for spec in specs))
    if mapped.unit is None:
        if len(known) != 1:
            rule = f"no class knows a point {name!r}" if not known else f"{name!r} may be {known}"
            raise ConfigError(_PLACE, str(mapped), f"{rule}; its unit must be given", _EXAMPLE)
        return BirthPoint(mapped.point, known[0], QUANTITIES[known[0]].unit, period_s)
    for quantity in known:
        if QUANTITIES[quantity].conversion(mapped.unit) is not None:
            return BirthPoint(mapped.point, quantity, mapped.unit, period_s)
    by_unit = quantity_of_unit(mapped.unit)
    if by_unit is None:
        way_out = did_you_mean(mapped.unit, known_units())
        raise ConfigError(_PLACE, mapped.unit, "is no unit that is accepted", way_out)
    return BirthPoint(mapped.point, by_unit.name, mapped.unit, period_s)
