from __future__ import annotations

import msgspec

from podcore.alert import Alert
from podtwin.alerts.conditions import Tells
from podtwin.alerts.incident import NONE, Incident, follow_up

FIRST = Alert(
    id="a1", fingerprint="f1", site="ams-03", rule="twin-deviation", point="crac-1/supply_air_temp",
    severity="warning", state="firing", handling="new", handled_by="", title="t", text="first",
    raised_ns=1, started_ns=2, ended_ns=None, changed_ns=2, score=1.5, worst=1.5, evidence=b"{}",
)  # fmt: skip
SYMPTOM = msgspec.structs.replace(FIRST, id="a2", fingerprint="f2", text="symptom", started_ns=3)
CRITICAL = msgspec.structs.replace(
    FIRST, id="a3", fingerprint="f3", severity="critical", text="limit", changed_ns=9
)


def over(alert: Alert, ended_ns: int) -> Alert:
    return msgspec.structs.replace(alert, state="resolved", ended_ns=ended_ns, changed_ns=ended_ns)


def told(*events: tuple[Alert, Tells]) -> tuple[Incident, list[tuple[str, str, str]]]:
    incident, said = NONE, []
    for alert, tells in events:
        incident, what = follow_up(incident, alert, tells)
        if what is not None:
            said.append((what.alert.id, what.tells.value, what.alert.text))
    return incident, said


def test_the_first_alert_leads_and_its_symptoms_are_told_to_nobody() -> None:
    _, said = told((FIRST, Tells.FIRING), (SYMPTOM, Tells.FIRING), (SYMPTOM, Tells.NO_DATA))
    assert said == [("a1", "firing", "first")]


def test_a_critical_symptom_makes_the_leader_worse_once() -> None:
    incident, said = told((FIRST, Tells.FIRING), (CRITICAL, Tells.FIRING), (CRITICAL, Tells.WORSE))
    assert said == [("a1", "firing", "first"), ("a1", "worse", "limit")]
    assert incident.lead is not None
    assert incident.lead.severity == "critical"


def test_it_is_over_when_all_of_it_is_and_its_leader_says_so() -> None:
    incident, said = told(
        (FIRST, Tells.FIRING),
        (SYMPTOM, Tells.FIRING),
        (over(FIRST, 10), Tells.RESOLVED),
        (over(SYMPTOM, 20), Tells.RESOLVED),
    )
    assert said == [("a1", "firing", "first"), ("a1", "resolved", "first")]
    assert incident == NONE


def test_a_leader_that_goes_on_as_another_alert_is_closed_by_its_last_symptom() -> None:
    """A critical symptom is what was told last; it ends, and with it the incident."""
    _, said = told(
        (FIRST, Tells.FIRING),
        (CRITICAL, Tells.FIRING),
        (over(CRITICAL, 30), Tells.RESOLVED),
        (over(FIRST, 40), Tells.RESOLVED),
    )
    assert [each[:2] for each in said] == [("a1", "firing"), ("a1", "worse"), ("a1", "resolved")]


def test_what_grows_worse_or_is_lost_is_told_of_the_leader_alone() -> None:
    _, said = told((FIRST, Tells.FIRING), (FIRST, Tells.WORSE), (FIRST, Tells.NO_DATA))
    assert [each[1] for each in said] == ["firing", "worse", "no_data"]


def test_a_leader_never_looks_better_than_what_was_told_of_it() -> None:
    incident, _ = told((FIRST, Tells.FIRING), (CRITICAL, Tells.FIRING), (FIRST, Tells.FIRING))
    assert incident.lead is not None
    assert incident.lead.severity == "critical"


def test_the_end_of_what_nobody_was_told_of_is_told_to_nobody() -> None:
    assert told((over(FIRST, 5), Tells.RESOLVED), (SYMPTOM, Tells.NO_DATA)) == (NONE, [])


def test_after_the_end_the_next_alert_is_an_incident_of_its_own() -> None:
    _, said = told((FIRST, Tells.FIRING), (over(FIRST, 5), Tells.RESOLVED), (SYMPTOM, Tells.FIRING))
    assert [each[:2] for each in said] == [("a1", "firing"), ("a1", "resolved"), ("a2", "firing")]


def test_a_leader_that_fires_again_while_its_symptoms_last_keeps_its_first_name() -> None:
    again = msgspec.structs.replace(FIRST, id="a9", started_ns=50)
    _, said = told(
        (FIRST, Tells.FIRING),
        (SYMPTOM, Tells.FIRING),
        (over(FIRST, 10), Tells.RESOLVED),
        (again, Tells.FIRING),
        (over(SYMPTOM, 60), Tells.RESOLVED),
        (over(again, 70), Tells.RESOLVED),
    )
    assert [each[:2] for each in said] == [("a1", "firing"), ("a1", "resolved")]
