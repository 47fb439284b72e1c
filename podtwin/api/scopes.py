"""What each route asks of a key: one table, in which every route stands.

The guard reads it before anything else looks at a request, so that who may not ask learns
nothing from how a request is refused.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from fastapi import APIRouter
from fastapi.routing import APIRoute
from starlette.routing import compile_path

from podcore.access import Scope


@dataclass(frozen=True, slots=True)
class Need:
    """What a key must allow. whole : it must be for all sites, since the answer tells of all."""

    scope: Scope
    whole: bool = False


READ: Final = Need(Scope.READ)
READ_ALL: Final = Need(Scope.READ, whole=True)
OPERATE: Final = Need(Scope.OPERATE)
CONFIGURE_ALL: Final = Need(Scope.CONFIGURE, whole=True)
ADMIN_ALL: Final = Need(Scope.ADMIN, whole=True)

# None: open to whoever can reach the port.
NEEDS: Mapping[tuple[str, str], Need | None] = {
    ("GET", "/healthz"): None,
    ("GET", "/readyz"): None,
    ("POST", "/api/v1/session"): None,  # this is where a key is shown
    ("GET", "/api/v1/session"): READ,
    ("DELETE", "/api/v1/session"): READ,
    ("GET", "/metrics"): READ_ALL,
    ("GET", "/api/v1/status"): READ_ALL,
    ("GET", "/api/v1/sites"): READ,
    ("GET", "/api/v1/sites/{site}"): READ,
    ("GET", "/api/v1/sites/{site}/topology"): READ,
    ("GET", "/api/v1/sites/{site}/points"): READ,
    ("GET", "/api/v1/sites/{site}/state"): READ,
    ("GET", "/api/v1/sites/{site}/kpis"): READ,
    ("GET", "/api/v1/series"): READ,
    ("GET", "/api/v1/stream"): READ,
    ("GET", "/api/v1/alerts"): READ,
    ("GET", "/api/v1/alerts/{alert}"): READ,
    ("GET", "/api/v1/alerts/{alert}/timeline"): READ,
    ("GET", "/api/v1/alerts/{alert}/deliveries"): READ,
    ("POST", "/api/v1/alerts/{alert}/ack"): OPERATE,
    ("GET", "/api/v1/endpoints"): CONFIGURE_ALL,
    ("POST", "/api/v1/endpoints/{endpoint}/test"): CONFIGURE_ALL,
    ("GET", "/api/v1/deliveries"): READ,
    ("GET", "/api/v1/deliveries/{delivery}"): READ,
    ("POST", "/api/v1/deliveries/{delivery}/redeliver"): OPERATE,
    ("GET", "/api/v1/recordings"): READ,
    ("GET", "/api/v1/replays"): READ,
    ("GET", "/api/v1/deadletters"): READ_ALL,
    ("GET", "/api/v1/deadletters/{deadletter}"): READ_ALL,
    ("POST", "/api/v1/deadletters/{deadletter}/retry"): CONFIGURE_ALL,
    ("GET", "/api/v1/keys"): ADMIN_ALL,
    ("POST", "/api/v1/keys"): ADMIN_ALL,
    ("DELETE", "/api/v1/keys/{key}"): ADMIN_ALL,
    ("GET", "/api/v1/audit"): ADMIN_ALL,
}


class NeedTable:
    """Finds what a request needs by its method and path, as the router will match them."""

    def __init__(self, needs: Mapping[tuple[str, str], Need | None] = NEEDS) -> None:
        # Compiled as the router does it: `$` lets a line's end pass, which no `==` would.
        self._patterns: dict[str, list[tuple[re.Pattern[str], Need | None]]] = {}
        for (method, path), need in needs.items():
            self._patterns.setdefault(method, []).append((compile_path(path)[0], need))

    def find(self, method: str, path: str) -> Need | None:
        """The need; None for what is open. An API path that no route has needs a key as well."""
        for pattern, need in self._patterns.get(method, ()):
            if pattern.match(path):
                return need
        known = path.startswith("/api/") or path in {"/api", "/metrics"}
        return READ if known else None

    def methods(self, path: str) -> set[str]:
        """What may be done at a path of the API."""
        return {
            method
            for method, patterns in self._patterns.items()
            if any(pattern.match(path) for pattern, _ in patterns)
        }


def undeclared(routers: Iterable[APIRouter]) -> list[tuple[str, str]]:
    """Routes that stand in no line of the table."""
    return [key for key in sorted(routes_of(routers)) if key not in NEEDS]


def routes_of(routers: Iterable[APIRouter]) -> Iterator[tuple[str, str]]:
    """Method and path of every route of the routers."""
    for router in routers:
        for route in router.routes:
            assert isinstance(route, APIRoute)  # noqa: S101 - their decorators make no other
            for method in route.methods or ():
                yield method, route.path
