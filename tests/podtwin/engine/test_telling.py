from __future__ import annotations

import json

from support.alerts import air_dx_site, an_alert
from support.frames import MIDNIGHT_NS, NS

from podtwin.alerts.conditions import Change, Condition, Event, Signal, State, Tells
from podtwin.alerts.fingerprint import alert_id, change_key, fingerprint
from podtwin.alerts.incident import Incident
from podtwin.alerts.rules import DEFAULT_RULES
from podtwin.engine.telling import Moment, Subject, Verdict, leave, tell

RULE = DEFAULT_RULES[0]
POINT = "crac-1/supply_air_temp"
MARK = fingerprint("ams-03", RULE.id, POINT)
SUBJECT = Subject(air_dx_site(), RULE, POINT, MARK)
AT = MIDNIGHT_NS
SIGNAL = Signal(2.0, 1, 31.2, 20.0, 0.5)
NOW = Moment(AT, cause=7)


def change(after: State, *, started_ns: int = AT, tells: Tells | None = None) -> Change:
    condition = Condition(after, AT, AT - 10 * NS, started_ns, AT, 2.0)
    return Change(Event.HELD, State.PENDING, condition, AT, tells)


def test_a_condition_that_fires_leaves_a_transition_with_its_alert() -> None:
    verdict = Verdict()
    alert = leave(verdict, SUBJECT, change(State.FIRING, tells=Tells.FIRING), SIGNAL, NOW)
    (transition,) = verdict.transitions
    assert alert is not None
    assert transition.alert == alert
    assert alert.id == alert_id(MARK, AT)
    assert alert.text.startswith("CRAC-1 supply air")
    assert transition.key == change_key(MARK, AT, "firing")
    assert (transition.before, transition.after) == ("pending", "firing")
    assert (transition.cause, transition.ts_ns, transition.body) == (7, AT, alert.evidence)
    assert verdict.notices == []


def test_what_never_fired_has_no_alert() -> None:
    verdict = Verdict()
    assert leave(verdict, SUBJECT, change(State.PENDING, started_ns=0), SIGNAL, NOW) is None
    assert [(t.after, t.alert, t.body) for t in verdict.transitions] == [("pending", None, b"")]


def test_a_change_nobody_is_told_of_is_written_down_all_the_same() -> None:
    verdict = Verdict()
    assert leave(verdict, SUBJECT, change(State.RECOVERING), SIGNAL, NOW) is None
    assert verdict.transitions[0].alert is not None


def test_of_the_recorded_past_nobody_is_told() -> None:
    verdict = Verdict()
    past = NOW._replace(recorded=True)
    assert leave(verdict, SUBJECT, change(State.FIRING, tells=Tells.FIRING), SIGNAL, past) is None
    assert verdict.transitions[0].alert is not None


def test_an_alert_without_a_signal_is_described_by_what_is_known() -> None:
    verdict = Verdict()
    alert = leave(verdict, SUBJECT, change(State.NO_DATA, tells=Tells.NO_DATA), None, NOW)
    assert alert is not None
    assert alert.state == "no_data"


def test_the_first_alert_is_told_and_its_symptom_is_not() -> None:
    verdict, first = Verdict(), an_alert("a1")
    incident = tell(verdict, Incident(), first, Tells.FIRING, 7, AT)
    symptom = an_alert("a2", fingerprint="f2")
    incident = tell(verdict, incident, symptom, Tells.FIRING, 8, AT + NS)
    assert [(n.alert, n.kind, n.cause, n.ts_ns) for n in verdict.notices] == [
        ("a1", "alert.firing", 7, AT)
    ]
    assert incident.open == {"f1", "f2"}


def test_the_end_is_told_once_all_of_it_is_resolved() -> None:
    verdict = Verdict()
    incident = Incident(an_alert("a1"), frozenset({"f1", "f2"}))
    for mark in ("f1", "f2"):
        ended = an_alert(fingerprint=mark, state="resolved", ended_ns=AT)
        incident = tell(verdict, incident, ended, Tells.RESOLVED, 9, AT)
    assert incident == Incident()
    assert [json.loads(notice.body)["type"] for notice in verdict.notices] == ["alert.resolved"]
