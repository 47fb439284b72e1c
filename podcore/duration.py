"""Lengths of time as people write them: `90s`, `1.5h`, `250ms`."""

from __future__ import annotations

import re
from types import MappingProxyType

DURATION_RULE = "a length of time is a number and ms, s, m, h or d, as in 90s or 24h"

_FORM = re.compile(r"([0-9]{1,12}(?:\.[0-9]{1,9})?)(ms|s|m|min|h|d)?")
_UNIT_S = MappingProxyType(
    {None: 1.0, "ms": 1e-3, "s": 1.0, "m": 60.0, "min": 60.0, "h": 3600.0, "d": 86_400.0}
)


def parse_duration(text: str) -> float:
    """The length of time in `text`; a bare number is seconds. [s]

    Raises
    ------
    ValueError  When `text` is not of that form.
    """
    match = _FORM.fullmatch(text)
    if match is None:
        raise ValueError(f"{text!r}: {DURATION_RULE}")
    return float(match[1]) * _UNIT_S[match[2]]
