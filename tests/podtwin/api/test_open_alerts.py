from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.api import World
from support.memory_alerts import MemoryAlerts, alert, resolved

from podtwin.api.deltas import Event, Wanted
from podtwin.api.newest import OpenCounts
from podtwin.api.open_alerts import KEPT, OpenAlerts, counts_by_site

ALL = Wanted()


def told(event: Event | None) -> dict[str, str]:
    """The states of the alerts that an event tells of."""
    assert event is not None
    found: dict[str, Any] = json.loads(event.data)["alerts"]
    return {name: shown["state"] for name, shown in found.items()}


def site(event: Event | None, name: str = "ams-03") -> Any:  # noqa: ANN401 - JSON
    assert event is not None
    return json.loads(event.data)["sites"][name]


def world(*alerts: object) -> World:
    made = World(alerts=MemoryAlerts(*alerts))  # type: ignore[arg-type]
    made.measure()
    made.hub.load()
    return made


def test_a_snapshot_tells_of_what_is_open_and_counts_it_at_its_site() -> None:
    made = world(alert("a1"), alert("a2", severity="critical"), resolved("a3"))
    event = made.hub.snapshot(ALL)
    assert told(event) == {"a1": "firing", "a2": "firing"}
    assert site(event)["alerts"] == {"critical": 1, "warning": 1}
    assert site(event)["state"] == "critical"


def test_an_alert_appears_changes_and_is_resolved_in_deltas() -> None:
    made = world()
    number = made.hub.snapshot(ALL).number
    seen = []
    for now in (
        alert("a1"),
        alert("a1", handling="acknowledged"),
        resolved("a1"),
    ):
        made.alerts.put(now)
        assert made.follow()
        event = made.hub.after(number, ALL)
        assert event is not None
        number = event.number
        seen.append((told(event), site(made.hub.snapshot(ALL))["state"]))
    assert seen == [
        ({"a1": "firing"}, "warning"),
        ({"a1": "firing"}, "warning"),
        ({"a1": "resolved"}, "normal"),
    ]
    assert told(made.hub.snapshot(ALL)) == {}


def test_a_client_that_was_away_hears_of_the_end_of_what_it_knows() -> None:
    made = world(alert("a1"), alert("a2"))
    before = made.hub.snapshot(ALL)
    made.alerts.put(resolved("a1"))
    for minute in range(20):
        made.measure({"rack-01/it_power": float(minute)})
        made.follow()
    assert told(made.hub.after(before.number, ALL)) == {"a1": "resolved"}


def test_a_client_hears_of_alerts_of_its_sites_and_only_when_it_wants() -> None:
    made = world(alert("a1"), alert("a2", site="cph-01"))
    assert told(made.hub.snapshot(Wanted(frozenset({"cph-01"})))) == {"a2": "firing"}
    assert told(made.hub.snapshot(Wanted(alerts=False))) == {}


def test_silence_is_worse_than_a_warning_and_no_worse_than_a_critical_alert() -> None:
    made = world(alert("a1"))
    made.follow(60)
    assert site(made.hub.snapshot(ALL))["state"] == "no_data"
    made.alerts.put(alert("a2", severity="critical"))
    made.follow(2)
    assert site(made.hub.snapshot(ALL))["state"] == "critical"


def test_open_alerts_are_counted_by_site_and_severity_whatever_their_state() -> None:
    counts = {
        ("a", "warning", "firing"): 2, ("a", "warning", "no_data"): 1,
        ("a", "critical", "recovering"): 1, ("b", "critical", "firing"): 4,
    }  # fmt: skip
    assert counts_by_site(counts) == {"a": OpenCounts(1, 3), "b": OpenCounts(4, 0)}


def test_what_is_forgotten_is_known_to_be() -> None:
    kept = OpenAlerts()
    kept.take([alert(f"a{each}") for each in range(KEPT + 5)])
    kept.publish(1)
    kept.take([resolved(f"a{each}") for each in range(KEPT + 5)])
    kept.publish(2)
    assert len(kept.since(1)) == KEPT
    assert kept.forgotten == 2  # who is at 1 has not heard of five ends


@given(
    st.lists(
        st.tuples(st.sampled_from("abc"), st.sampled_from(("firing", "no_data", "resolved"))),
        max_size=20,
    ),
    st.data(),
)
def test_what_a_client_puts_together_is_what_is_open(
    changes: list[tuple[str, str]], choice: st.DataObject
) -> None:
    kept, at = OpenAlerts(), 0
    seen: dict[str, str] = {}
    truth: dict[str, str] = {}
    for number, (name, state) in enumerate(changes, 1):
        kept.take([resolved(name) if state == "resolved" else alert(name, state=state)])
        kept.publish(number)
        truth[name] = state
        if choice.draw(st.booleans()):
            seen |= {each.alert.id: each.alert.state for each in kept.since(at)}
            at = number
    seen |= {each.alert.id: each.alert.state for each in kept.since(at)}
    assert seen == truth
    assert {each.alert.id for each in kept.open()} == {
        name for name, state in truth.items() if state != "resolved"
    }


@pytest.mark.parametrize("same", (alert("a1"), alert("a1", minute=0)))
def test_what_did_not_change_is_not_told_again(same: object) -> None:
    kept = OpenAlerts()
    kept.take([alert("a1")])
    assert len(kept.publish(1)) == 1
    kept.take([same])  # type: ignore[list-item]
    assert kept.publish(2) == []
