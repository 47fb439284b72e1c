from __future__ import annotations

from support.alerts import LEVEL, Run, air_dx_site

from podtwin.alerts.conditions import INACTIVE, Signal
from podtwin.alerts.fingerprint import alert_id
from podtwin.alerts.outcome import at_live_turn, outcome, watch

WATCHED = watch(air_dx_site(), LEVEL, "crac-1/supply_air_temp")
SIGNAL = Signal(2.0, 1, 31.2, 22.4, 0.9)


def history(*, recorded: bool) -> list[tuple[str, str | None]]:
    run = Run(LEVEL)
    run.see(2.0, for_s=10)
    run.see(0.0, for_s=65)
    found = [outcome(WATCHED, change, SIGNAL, 7, recorded=recorded) for change in run.changes]
    return [(t.after, None if n is None else n.kind) for t, n in found]


def test_what_is_stored_and_what_is_told_of_an_excursion() -> None:
    assert history(recorded=False) == [
        ("pending", None),
        ("firing", "alert.firing"),
        ("recovering", None),
        ("resolved", "alert.resolved"),
    ]


def test_of_recorded_time_everything_is_stored_and_nothing_told() -> None:
    assert {told for _, told in history(recorded=True)} == {None}


def test_the_same_history_gives_the_same_keys() -> None:
    keys = []
    for _ in range(2):
        run = Run(LEVEL)
        run.see(2.0, for_s=10)
        keys.append([outcome(WATCHED, c, SIGNAL, 7, recorded=False)[0].key for c in run.changes])
    assert keys[0] == keys[1]


def test_an_alert_is_there_once_it_fires() -> None:
    run = Run(LEVEL)
    run.see(2.0, for_s=10)
    pending, firing = (outcome(WATCHED, c, SIGNAL, 7, recorded=False)[0] for c in run.changes)
    assert pending.alert is None
    assert firing.alert is not None
    assert firing.alert.id == alert_id(WATCHED.mark, run.condition.started_ns)
    assert firing.alert.text.startswith("CRAC-1 supply air is 31.2 °C")


def test_what_still_fires_at_the_live_turn_is_told_once() -> None:
    run = Run(LEVEL)
    run.see(2.0, for_s=10)
    first = at_live_turn(WATCHED, run.condition, SIGNAL, 8, run.ts_ns)
    again = at_live_turn(WATCHED, run.condition, SIGNAL, 9, run.ts_ns + 5)
    assert first is not None
    assert again is not None
    assert first.key == again.key
    assert at_live_turn(WATCHED, INACTIVE, None, 8, run.ts_ns) is None
