"""The page about metrics names what a scrape gives, and no more."""

from __future__ import annotations

import re

import pytest
from prometheus_client.parser import text_string_to_metric_families
from support.api import World
from support.documents import blocks, rows, text_of

from podtwin.api.metrics import metrics_text

PAGE = "docs/metrics.md"
ROWS = [row for row in rows(text_of(PAGE)) if len(row) == 4]


@pytest.fixture(scope="module")
def scraped() -> dict[str, tuple[str, frozenset[str]]]:
    """Type and labels by the name that a scrape shows."""
    world = World()
    counts = world.alerts.open_counts(), world.deliveries.counts()
    text = metrics_text(world.status, world.hub, *counts, {}).decode()
    return {
        family.name + ("_total" if family.type == "counter" else ""): (
            family.type,
            frozenset(label for sample in family.samples for label in sample.labels),
        )
        for family in text_string_to_metric_families(text)
    }


def test_every_metric_stands_there_with_its_type(
    scraped: dict[str, tuple[str, frozenset[str]]],
) -> None:
    shown = {name: kind for name, kind, _, _ in ROWS}
    assert shown == {name: kind for name, (kind, _) in scraped.items()}


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0])
def test_its_labels_are_named(
    row: tuple[str, ...], scraped: dict[str, tuple[str, frozenset[str]]]
) -> None:
    for label in scraped[row[0]][1]:
        assert re.search(rf"\b{label}\b", row[2])


def test_rules_for_alarms_ask_for_metrics_that_there_are(
    scraped: dict[str, tuple[str, frozenset[str]]],
) -> None:
    asked = {
        name
        for block in blocks("yaml", PAGE)
        for name in re.findall(r"podtwin_[a-z_]+", block.text)
    }
    assert asked
    assert asked <= scraped.keys()
