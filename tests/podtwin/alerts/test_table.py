from __future__ import annotations

import enum
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import product
from typing import TypeVar

import pytest

from podtwin.alerts import conditions, delivery, handling, suppression
from podtwin.alerts.table import NoTransition, follow

StateT = TypeVar("StateT", bound=enum.StrEnum)
EventT = TypeVar("EventT", bound=enum.StrEnum)


@dataclass(frozen=True)
class Case:
    """A pair of a table: what the table says of it, and what following it gives."""

    name: str
    expected: str | None
    follow: Callable[[], str]


def cases(
    table: Mapping[tuple[StateT, EventT], StateT], states: type[StateT], events: type[EventT]
) -> list[Case]:
    def followed(state: StateT, event: EventT) -> Callable[[], str]:
        return lambda: follow(table, state, event).value

    return [
        Case(
            f"{states.__name__}-{state}-{event}", table.get((state, event)), followed(state, event)
        )
        for state, event in product(states, events)
    ]


EVERY_PAIR = [
    *cases(conditions.TRANSITIONS, conditions.State, conditions.Event),
    *cases(handling.TRANSITIONS, handling.Handling, handling.HandlingEvent),
    *cases(suppression.TRANSITIONS, suppression.Suppression, suppression.SuppressionEvent),
    *cases(delivery.TRANSITIONS, delivery.Delivery, delivery.DeliveryEvent),
]


@pytest.mark.parametrize("case", EVERY_PAIR, ids=lambda case: case.name)
def test_every_pair_of_every_table_leads_on_or_raises(case: Case) -> None:
    if case.expected is not None:
        assert case.follow() == case.expected
        return
    with pytest.raises(NoTransition, match="no event"):
        case.follow()


@pytest.mark.parametrize(
    ("reached", "others"),
    (
        (set(conditions.TRANSITIONS.values()), set(conditions.State)),
        (set(handling.TRANSITIONS.values()), set(handling.Handling)),
        (set(suppression.TRANSITIONS.values()), set(suppression.Suppression)),
        (set(delivery.TRANSITIONS.values()), set(delivery.Delivery) - {delivery.Delivery.QUEUED}),
    ),
)
def test_every_state_can_be_reached(reached: set[str], others: set[str]) -> None:
    assert reached == others


def test_the_conditions_are_these_and_no_others() -> None:
    pairs = {f"{s}+{e}>{after}" for (s, e), after in conditions.TRANSITIONS.items()}
    assert pairs == {
        "inactive+raised>pending",
        "pending+held>firing",
        "pending+fell>inactive",
        "pending+lost>inactive",
        "firing+fell>recovering",
        "firing+lost>no_data",
        "recovering+raised>firing",
        "recovering+cleared>resolved",
        "recovering+lost>no_data",
        "no_data+back>firing",
        "no_data+fell>recovering",
        "resolved+raised>pending",
        "pending+withdrawn>inactive",
        "firing+withdrawn>resolved",
        "recovering+withdrawn>resolved",
        "no_data+withdrawn>resolved",
    }


def test_a_refusal_names_what_may_happen() -> None:
    with pytest.raises(NoTransition, match="what may happen then is raised"):
        follow(conditions.TRANSITIONS, conditions.State.INACTIVE, conditions.Event.HELD)
