from __future__ import annotations

import pytest

from podtwin.alerts.suppression import TRANSITIONS, Suppression, SuppressionEvent, calls
from podtwin.alerts.table import follow


@pytest.mark.parametrize("state", list(Suppression))
def test_only_what_nothing_holds_back_calls(state: Suppression) -> None:
    assert calls(state) is (state is Suppression.NONE)


@pytest.mark.parametrize("state", [each for each in Suppression if each is not Suppression.NONE])
def test_whatever_holds_an_alert_back_can_be_lifted(state: Suppression) -> None:
    assert follow(TRANSITIONS, state, SuppressionEvent.LIFT) is Suppression.NONE


def test_what_was_computed_does_not_take_over_from_what_a_person_decided() -> None:
    assert (Suppression.SILENCED, SuppressionEvent.INHIBIT) not in TRANSITIONS
    after = follow(TRANSITIONS, Suppression.INHIBITED, SuppressionEvent.SILENCE)
    assert after is Suppression.SILENCED
