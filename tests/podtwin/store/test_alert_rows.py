from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from support.alerts import a_notice, an_alert
from support.webhooks import an_endpoint

from podcore.alert import Alert
from podcore.ports import Applied, Command, Transition
from podtwin.store.alert_rows import AlertQuery, Alerts
from podtwin.store.deliveries import Deliveries, MessageQuery
from podtwin.store.outbox import SqliteOutbox
from podtwin.store.state import StateStore


@pytest.fixture
def store(tmp_path: Path) -> Iterator[StateStore]:
    opened = StateStore(tmp_path / "state.db")
    yield opened
    opened.close()


def change(alert: Alert, before: str = "pending") -> Transition:
    key = f"{alert.id}-{alert.changed_ns}-{alert.state}-{alert.severity}"
    return Transition(
        key, alert.site, alert.fingerprint, before, alert.state, 7, alert.changed_ns,
        alert.evidence, alert,
    )  # fmt: skip


def acknowledge(command: str = "c1", alert: str = "a1", issued_ns: int = 1) -> Command:
    return Command(command, "ams-03", "acknowledge", alert, "kl", issued_ns, "on my way")


def queued(store: StateStore) -> int:
    return len(Deliveries(store).messages(MessageQuery()))


def test_an_alert_is_as_its_newest_change_left_it(store: StateStore) -> None:
    store.commit([change(an_alert())], [], 1)
    resolved = an_alert(state="resolved", changed_ns=500, ended_ns=500)
    store.commit([change(resolved, "recovering")], [], 2)
    assert Alerts(store).get("a1") == resolved


def test_two_changes_of_one_instant_are_taken_in_their_order(store: StateStore) -> None:
    recovering = an_alert(state="recovering", changed_ns=500)
    resolved = an_alert(state="resolved", changed_ns=500, ended_ns=500)
    store.commit([change(recovering), change(resolved)], [], 1)
    found = Alerts(store).get("a1")
    assert found is not None
    assert found.state == "resolved"


def test_a_rerun_after_a_crash_shows_no_alert_as_it_was_and_tells_nobody_twice(
    store: StateStore,
) -> None:
    SqliteOutbox(store).add(an_endpoint(), "kl")
    resolved = an_alert(state="resolved", changed_ns=500, ended_ns=500)
    store.commit([change(an_alert()), change(resolved)], [], 9, [a_notice()])
    store.commit([change(an_alert())], [], 1, [a_notice()])
    assert Alerts(store).get("a1") == resolved
    assert queued(store) == 1


def test_an_endpoint_added_since_is_not_told_of_what_a_rerun_repeats(store: StateStore) -> None:
    SqliteOutbox(store).add(an_endpoint(), "kl")
    store.commit([], [], 1, [a_notice()])
    SqliteOutbox(store).add(an_endpoint("later"), "kl")
    store.commit([], [], 1, [a_notice()])
    assert [m.endpoint for m in Deliveries(store).messages(MessageQuery())] == ["ep_ops"]


def test_every_endpoint_that_is_enabled_is_told_and_no_other(store: StateStore) -> None:
    outbox = SqliteOutbox(store)
    for name in ("a", "b", "c"):
        outbox.add(an_endpoint(name), "kl")
    outbox.disable("ep_b", "endpoint_gone", 5)
    store.commit([], [], 1, [a_notice()])
    messages = Deliveries(store).messages(MessageQuery())
    assert sorted(m.endpoint for m in messages) == ["ep_a", "ep_c"]
    assert len({m.id for m in messages}) == 2


def test_a_commit_that_fails_leaves_neither_alert_nor_message(store: StateStore) -> None:
    SqliteOutbox(store).add(an_endpoint(), "kl")
    with pytest.raises(OverflowError):
        store.commit([change(an_alert())], [], 2**63, [a_notice()])
    assert Alerts(store).get("a1") is None
    assert queued(store) == 0


def test_a_command_waits_until_the_engine_has_applied_it(store: StateStore) -> None:
    alerts = Alerts(store)
    store.commit([change(an_alert())], [], 1)
    alerts.add_command(acknowledge())
    assert store.pending_commands() == [acknowledge()]
    assert alerts.outcome("c1") is None
    acked = an_alert(handling="acknowledged", handled_by="kl")
    store.commit([], [], 2, applied=[Applied("c1", 9, 300, "applied", acked)])
    assert store.pending_commands() == []
    assert alerts.outcome("c1") == "applied"
    assert alerts.get("a1") == acked


def test_a_command_is_applied_once(store: StateStore) -> None:
    store.commit([change(an_alert())], [], 1)
    Alerts(store).add_command(acknowledge())
    store.commit([], [], 2, applied=[Applied("c1", 9, 300, "applied", an_alert())])
    again = an_alert(handling="acknowledged", changed_ns=900)
    store.commit([], [], 2, applied=[Applied("c1", 9, 300, "other", again)])
    assert Alerts(store).outcome("c1") == "applied"


def test_an_acknowledgement_holds_after_the_step_that_it_names(store: StateStore) -> None:
    Alerts(store).add_command(acknowledge())
    acked = an_alert(handling="acknowledged")
    store.commit([change(an_alert())], [], 1, applied=[Applied("c1", 9, 300, "applied", acked)])
    found = Alerts(store).get("a1")
    assert found is not None
    assert found.handling == "acknowledged"


def test_an_acknowledgement_does_not_undo_what_came_after_it(store: StateStore) -> None:
    Alerts(store).add_command(acknowledge())
    acked = an_alert(handling="acknowledged")
    after = an_alert(state="recovering", handling="acknowledged", changed_ns=400)
    store.commit([change(after)], [], 1, applied=[Applied("c1", 9, 300, "applied", acked)])
    assert Alerts(store).get("a1") == after


def test_commands_are_applied_in_the_order_in_which_they_came(store: StateStore) -> None:
    for number in (3, 1, 2):
        Alerts(store).add_command(acknowledge(f"c{number}", issued_ns=number))
    assert [command.id for command in store.pending_commands()] == ["c1", "c2", "c3"]


def test_alerts_are_listed_newest_first_in_pages(store: StateStore) -> None:
    for number in range(5):
        store.commit([change(an_alert(f"a{number}", started_ns=number // 2))], [], 1)
    alerts = Alerts(store)
    first = alerts.page(AlertQuery(limit=3))
    rest = alerts.page(AlertQuery(limit=3, before=(first[-1].started_ns, first[-1].id)))
    assert [a.id for a in (*first, *rest)] == ["a4", "a3", "a2", "a1", "a0"]


def test_alerts_are_found_by_site_and_by_being_open(store: StateStore) -> None:
    done = an_alert("a2", state="resolved", changed_ns=500, ended_ns=500)
    store.commit([change(an_alert()), change(done), change(an_alert("a3", site="cph-01"))], [], 1)
    alerts = Alerts(store)
    assert [a.id for a in alerts.page(AlertQuery(site="ams-03", open_only=True))] == ["a1"]
    assert alerts.open_counts() == {
        ("ams-03", "warning", "firing"): 1,
        ("cph-01", "warning", "firing"): 1,
    }


def test_an_alert_is_found_by_the_first_digits_of_its_id(store: StateStore) -> None:
    store.commit([change(an_alert("abc1")), change(an_alert("abd2"))], [], 1)
    alerts = Alerts(store)
    assert [a.id for a in alerts.starting_with("abc")] == ["abc1"]
    assert len(alerts.starting_with("ab")) == 2
    assert alerts.starting_with("") == []
    assert alerts.starting_with("a_c") == []


def test_a_timeline_holds_states_what_was_told_and_what_people_did(store: StateStore) -> None:
    pending = Transition("p", "ams-03", "f1", "inactive", "pending", 6, 100, b"")
    store.commit([pending, change(an_alert())], [], 1, [a_notice()])
    Alerts(store).add_command(acknowledge(issued_ns=300))
    other = Transition("x", "ams-03", "f1", "inactive", "pending", 6, 50, b"")
    store.commit([other], [], 1)
    entries = Alerts(store).timeline(an_alert())
    assert [(e.ts_ns, e.what) for e in entries] == [
        (100, "pending"),
        (200, "firing"),
        (200, "told"),
        (300, "acknowledge"),
    ]
    assert (entries[-1].by, entries[-1].detail) == ("kl", "waiting")


def test_who_asked_for_what_is_in_the_audit(store: StateStore) -> None:
    Alerts(store).add_command(acknowledge())
    rows = store.rows("SELECT by, what, target, detail FROM audit")
    assert rows == [("kl", "acknowledge", "a1", "on my way")]
