"""The OpenAPI document says what is true, and nothing drawn from it finds a 500."""

from __future__ import annotations

from typing import Any

import pytest
import schemathesis
from fastapi import FastAPI
from hypothesis import HealthCheck, Phase, settings
from schemathesis.specs.openapi.checks import positive_data_acceptance
from support.api import Client, World
from support.memory_alerts import (
    MemoryAlerts,
    MemoryDeliveries,
    MemoryEndpoints,
    alert,
    endpoint,
    message,
    resolved,
)

from podtwin.api.app import create_app

EXAMPLES = 25  # a route; all together under 30 s
HOST = {"Host": "localhost:8080"}


def filled() -> FastAPI:
    world = World(
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
        if code not in {"200", "202"}:
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
