from __future__ import annotations

import pytest

from podtwin.alerts.handling import Handled, Handling, HandlingEvent, handle
from podtwin.alerts.table import NoTransition


def test_who_took_it_and_how_bad_it_was_is_kept() -> None:
    taken = handle(Handled(), HandlingEvent.ACKNOWLEDGE, "kl", 7, worst=2.5)
    assert taken == Handled(Handling.ACKNOWLEDGED, "kl", 7, 2.5)


def test_what_is_released_is_new_and_nobodys() -> None:
    taken = handle(Handled(), HandlingEvent.ASSIGN, "kl", 7, worst=2.5)
    assert handle(taken, HandlingEvent.RELEASE, "ow", 9, worst=2.5) == Handled(since_ns=9)


def test_what_nobody_has_cannot_be_released() -> None:
    with pytest.raises(NoTransition, match="new: no event release"):
        handle(Handled(), HandlingEvent.RELEASE, "kl", 7, worst=1.0)


@pytest.mark.parametrize(("worst", "expected"), ((4.9, False), (5.0, True)))
def test_it_is_no_longer_what_was_acknowledged_at_twice_the_score(
    worst: float, *, expected: bool
) -> None:
    taken = handle(Handled(), HandlingEvent.ACKNOWLEDGE, "kl", 7, worst=2.5)
    assert taken.grew_worse(worst) is expected


def test_another_acknowledgement_is_of_the_alert_as_it_is_now() -> None:
    taken = handle(Handled(), HandlingEvent.ACKNOWLEDGE, "kl", 7, worst=2.5)
    again = handle(taken, HandlingEvent.ACKNOWLEDGE, "ow", 9, worst=4.0)
    assert not again.grew_worse(5.0)
