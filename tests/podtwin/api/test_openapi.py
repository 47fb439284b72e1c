"""The OpenAPI document says what is true, and nothing drawn from it finds a 500."""

from __future__ import annotations

from typing import Any

import pytest
import schemathesis
from fastapi import FastAPI
from hypothesis import HealthCheck, Phase, settings
from schemathesis.specs.openapi.checks import positive_data_acceptance
from support.api import Client, SetClock, World
from support.memory_alerts import (
    MemoryAlerts,
    MemoryDeliveries,
    MemoryEndpoints,
    alert,
    endpoint,
    message,
    resolved,
)
from support.memory_keys import MemoryKeys, made_key

from podcore.access import Key, Scope
from podtwin.api.app import create_app
from podtwin.api.deps import Access
from podtwin.api.scopes import NEEDS

EXAMPLES = 16  # a route; all together under 30 s
FEW = 5  # the same once more where keys are asked for, which is what differs
OPEN = {path for (_, path), need in NEEDS.items() if need is None}
HOST = {"Host": "localhost:8080"}


KEY, TOKEN = made_key("fuzz", Scope.ADMIN)


class Hurried(SetClock):
    """Each look at it is a minute later, so that wrong keys in great number are never too many."""

    def monotonic_s(self) -> float:
        self.minutes = getattr(self, "minutes", 0) + 1
        return super().monotonic_s() + self.minutes * 61


def filled(*keys: Key) -> FastAPI:
    world = World(
        clock=Hurried() if keys else SetClock(),
        keys=MemoryKeys(*keys),
        access=Access(required=bool(keys)),
        alerts=MemoryAlerts(alert(), resolved("a2")),
        deliveries=MemoryDeliveries(message()),
        endpoints=MemoryEndpoints(endpoint()),
    )
    for minute in range(5):
        world.measure(ago_s=minute * 60)
    world.hub.load()
    return create_app(world.deps())


# A schema says that a time is a string, not which: refusing `now-6y` is right.
NO_GRAMMAR = positive_data_acceptance
APP = filled()
schema = schemathesis.openapi.from_asgi("/openapi.json", APP, headers=HOST).exclude(
    path="/api/v1/stream"
)


@schema.parametrize()
@settings(
    max_examples=EXAMPLES,
    phases=(Phase.explicit, Phase.generate),
    suppress_health_check=list(HealthCheck),
    derandomize=True,
)
def test_no_request_makes_it_fail(case: schemathesis.Case[Any]) -> None:
    case.call_and_validate(headers=HOST, excluded_checks=[NO_GRAMMAR])


guarded = schemathesis.openapi.from_asgi("/openapi.json", filled(KEY), headers=HOST).exclude(
    path="/api/v1/stream"
)
few = settings(
    max_examples=FEW,
    phases=(Phase.explicit, Phase.generate),
    suppress_health_check=list(HealthCheck),
    derandomize=True,
)


@guarded.parametrize()
@few
def test_no_request_with_a_key_makes_it_fail(case: schemathesis.Case[Any]) -> None:
    shown = {**HOST, "Authorization": f"Bearer {TOKEN}"}
    case.call_and_validate(headers=shown, excluded_checks=[NO_GRAMMAR])


@guarded.parametrize()
@few
def test_no_request_without_a_key_makes_it_fail(case: schemathesis.Case[Any]) -> None:
    answer = case.call(headers=HOST)
    assert answer.status_code == 401 or (case.path in OPEN and answer.status_code < 500)


def operations() -> list[tuple[str, dict[str, Any]]]:
    return [
        (path, operation)
        for path, methods in APP.openapi()["paths"].items()
        for operation in methods.values()
    ]


@pytest.mark.parametrize(("path", "operation"), operations())
def test_each_route_says_what_it_is_for_and_how_it_fails(
    path: str, operation: dict[str, Any]
) -> None:
    assert operation["summary"], path
    assert operation["description"], path
    for code, answer in operation["responses"].items():
        assert answer["description"]
        if code not in {"200", "201", "202", "204"}:
            assert set(answer["content"]) == {"application/problem+json"}, (path, code)
    assert ("422" in operation["responses"]) is ("requestBody" in operation)
    assert "default" in operation["responses"]


def test_shapes_say_class_and_from_as_the_answers_do() -> None:
    shapes = APP.openapi()["components"]["schemas"]
    assert "class" in shapes["AssetShape"]["properties"]
    assert "from" in shapes["SeriesShape"]["properties"]
    assert "HTTPValidationError" not in shapes


def test_the_document_is_served_as_it_is() -> None:
    assert Client(World()).get("/openapi.json").json()["info"]["title"] == "PodTwin"
