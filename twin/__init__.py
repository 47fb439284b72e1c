"""Physics of a module: arrays in, arrays out; no files, no network, no clock."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from twin.rollout import run

__all__ = ["run"]


def __getattr__(name: str) -> object:
    # `twin.run` without numpy (0.1 s) for those who only check a site file's parameters.
    if name == "run":
        from twin.rollout import run  # noqa: PLC0415 - importing late is the point

        return run
    raise AttributeError(f"module 'twin' has no attribute {name!r}")
