"""What a check of an installation comes to."""

from __future__ import annotations

import enum
from dataclasses import dataclass


class Verdict(enum.StrEnum):
    """How a check ended."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True, slots=True)
class Check:
    """One thing looked at; `way_out` is empty when all is well."""

    name: str
    verdict: Verdict
    found: str
    way_out: str = ""
