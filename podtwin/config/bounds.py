"""How much messages alone may bring, out of the settings."""

from __future__ import annotations

from ingest.bounds import Bounds
from podtwin.config.settings import Settings


def bounds_of(settings: Settings) -> Bounds:
    """The bounds of ingest."""
    given = settings.ingest
    return Bounds(given.max_points, given.max_node_points, given.max_nodes, given.max_sites)
