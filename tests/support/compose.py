"""The Compose file that we ship, as it is read: anchors resolved, nothing interpolated."""

from __future__ import annotations

import functools
from typing import Any

import yaml
from support.sources import ROOT


@functools.cache
def compose(name: str = "compose.yaml") -> dict[str, Any]:
    """The whole of it."""
    found: dict[str, Any] = yaml.safe_load((ROOT / name).read_text(encoding="utf-8"))
    return found


def service(name: str) -> dict[str, Any]:
    """One of its services."""
    found: dict[str, Any] = compose()["services"][name]
    return found
