from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from support.alerts import a_notice
from support.webhooks import an_endpoint

from podcore.errors import ConfigError
from podcore.outbox import Attempt, Outbox
from podtwin.store.deliveries import Deliveries, MessageQuery
from podtwin.store.outbox import DUE, SqliteOutbox
from podtwin.store.state import StateStore


@pytest.fixture
def store(tmp_path: Path) -> Iterator[StateStore]:
    opened = StateStore(tmp_path / "state.db")
    SqliteOutbox(opened).add(an_endpoint(), "kl")
    yield opened
    opened.close()


@pytest.fixture
def outbox(store: StateStore) -> SqliteOutbox:
    return SqliteOutbox(store)


def tell(store: StateStore, *alerts: str) -> None:
    """A notice of each alert, in this order."""
    for number, alert in enumerate(alerts):
        ts_ns = 10 * (number + 1)
        store.commit([], [], 1, [a_notice(f"{alert}-{number}", alert, ts_ns=ts_ns)])


def due(
    outbox: SqliteOutbox, now_ns: int = 100, limit: int = 10, *, probe: bool = False
) -> list[str]:
    return [each.alert for each in outbox.due("ep_ops", now_ns, limit, probe=probe)]


def settle(
    outbox: SqliteOutbox, state: str, due_ns: int = 0, reason: str = "http_500", now_ns: int = 100
) -> str:
    """Takes what is due first and settles it; its id."""
    message = outbox.due("ep_ops", now_ns, 1)[0].id
    assert outbox.take(message, now_ns)
    outbox.conclude(attempt(message, state, reason), due_ns)
    return message


def attempt(message: str, state: str, reason: str = "http_500", started_ns: int = 100) -> Attempt:
    return Attempt(message, started_ns, 2.5, "http://h/", "10.0.0.1", {"webhook-id": message}, 500,
                   b"no", reason, state)  # fmt: skip


def test_it_is_what_the_notifier_asks_for(outbox: SqliteOutbox) -> None:
    as_outbox: Outbox = outbox
    assert as_outbox.endpoints() == [an_endpoint()]


def test_of_each_alert_only_the_first_unsettled_message_is_due(
    store: StateStore, outbox: SqliteOutbox
) -> None:
    tell(store, "a", "b", "a", "a")
    assert due(outbox) == ["a", "b"]
    settle(outbox, "delivered")
    assert due(outbox) == ["b", "a"]


def test_what_is_being_sent_or_retried_holds_back_only_its_own_alert(
    store: StateStore, outbox: SqliteOutbox
) -> None:
    tell(store, "a", "a", "b")
    settle(outbox, "retrying", due_ns=10_000)
    assert due(outbox) == ["b"]
    outbox.take(outbox.due("ep_ops", 100, 1)[0].id, 100)
    assert due(outbox) == []
    assert due(outbox, 10_000) == ["a"]


def test_a_dead_message_holds_back_nothing(store: StateStore, outbox: SqliteOutbox) -> None:
    tell(store, "a", "a")
    first = settle(outbox, "dead")
    assert [each.id for each in outbox.due("ep_ops", 100, 9)] != [first]
    assert due(outbox) == ["a"]


def test_a_message_is_taken_once(store: StateStore, outbox: SqliteOutbox) -> None:
    tell(store, "a")
    message = outbox.due("ep_ops", 100, 1)[0].id
    assert [outbox.take(message, 100), outbox.take(message, 100)] == [True, False]


def test_the_day_counts_from_the_first_attempt(store: StateStore, outbox: SqliteOutbox) -> None:
    tell(store, "a")
    settle(outbox, "retrying", due_ns=100, now_ns=100)
    settle(outbox, "retrying", due_ns=900, now_ns=500)
    found = outbox.due("ep_ops", 900, 1)[0]
    assert (found.attempts, found.first_ns) == (2, 100)


def test_a_probe_comes_early_but_not_before_the_receiver_said(
    store: StateStore, outbox: SqliteOutbox
) -> None:
    tell(store, "a", "b")
    settle(outbox, "retrying", due_ns=10_000, reason="http_429")
    settle(outbox, "retrying", due_ns=10_000)
    assert due(outbox) == []
    assert due(outbox, probe=True) == ["b"]


def test_what_waits_is_hastened_unless_the_receiver_asked_it_to_wait(
    store: StateStore, outbox: SqliteOutbox
) -> None:
    tell(store, "a", "b")
    settle(outbox, "retrying", due_ns=10_000, reason="http_429")
    settle(outbox, "retrying", due_ns=10_000)
    outbox.hasten("ep_ops", 100)
    assert due(outbox) == ["b"]


def test_what_was_being_sent_when_the_process_ended_is_sent_again(
    store: StateStore, outbox: SqliteOutbox
) -> None:
    tell(store, "a")
    message = outbox.due("ep_ops", 100, 1)[0].id
    outbox.take(message, 100)
    assert outbox.recover(200) == 1
    again = outbox.due("ep_ops", 200, 1)[0]
    assert (again.id, again.state) == (message, "retrying")


def test_a_redelivered_message_keeps_its_id_and_stands_outside_of_the_order(
    store: StateStore, outbox: SqliteOutbox
) -> None:
    tell(store, "a", "a")
    first = settle(outbox, "dead")
    outbox.redeliver(first, "kl", 300)
    found = outbox.due("ep_ops", 300, 9)
    assert [each.state for each in found] == ["redelivered", "queued"]
    assert (found[0].id, found[0].attempts, found[0].first_ns) == (first, 0, None)


def test_only_what_is_settled_is_sent_once_more(store: StateStore, outbox: SqliteOutbox) -> None:
    tell(store, "a")
    with pytest.raises(ConfigError, match="is queued: only what is delivered or dead"):
        outbox.redeliver(outbox.due("ep_ops", 100, 1)[0].id, "kl", 300)
    with pytest.raises(ConfigError, match="none of that id"):
        outbox.redeliver("msg_x", "kl", 300)


def test_each_attempt_is_in_the_log(store: StateStore, outbox: SqliteOutbox) -> None:
    tell(store, "a")
    message = settle(outbox, "retrying", due_ns=100)
    settle(outbox, "delivered", reason="http_204")
    log = Deliveries(store).attempts(message)
    assert log == [attempt(message, "retrying"), attempt(message, "delivered", "http_204")]


def test_messages_are_listed_newest_first_in_pages(store: StateStore, outbox: SqliteOutbox) -> None:
    tell(store, "a", "b", "a")
    deliveries = Deliveries(store)
    first = deliveries.messages(MessageQuery(limit=2))
    rest = deliveries.messages(MessageQuery(limit=2, before=first[-1].id))
    assert [m.alert for m in (*first, *rest)] == ["a", "b", "a"]
    assert [m.alert for m in deliveries.messages(MessageQuery(alert="b"))] == ["b"]
    assert deliveries.messages(MessageQuery(state="dead")) == []
    assert deliveries.counts() == {("ep_ops", "queued"): 3}
    assert deliveries.message("msg_x") is None


def test_an_endpoint_that_is_taken_out_leaves_its_messages_dead(
    store: StateStore, outbox: SqliteOutbox
) -> None:
    tell(store, "a")
    outbox.remove("ep_ops", "kl", 300)
    assert outbox.endpoints() == []
    message = Deliveries(store).messages(MessageQuery())[0]
    assert (message.state, message.reason) == ("dead", "endpoint_removed")


def test_an_endpoint_is_disabled_with_a_reason_and_enabled_again(outbox: SqliteOutbox) -> None:
    outbox.disable("ep_ops", "endpoint_gone", 5)
    assert (outbox.endpoint("ops").enabled, outbox.endpoint("ops").reason) == (
        False,
        "endpoint_gone",
    )
    outbox.enable("ep_ops", "kl", 6)
    assert outbox.endpoint("ep_ops") == an_endpoint()


def test_a_wrong_name_gets_the_nearest_right_one(outbox: SqliteOutbox) -> None:
    with pytest.raises(ConfigError, match="nearest is 'ops'"):
        outbox.endpoint("opps")
    with pytest.raises(ConfigError, match="already the name"):
        outbox.add(an_endpoint(), "kl")


def test_old_settled_messages_go_with_their_log_and_open_ones_stay(
    store: StateStore, outbox: SqliteOutbox
) -> None:
    tell(store, "a", "b")
    message = settle(outbox, "delivered")
    assert outbox.prune(10**12) == 1
    assert Deliveries(store).attempts(message) == []
    assert due(outbox) == ["b"]
    assert outbox.prune(10**12) == 0


def test_what_people_change_is_in_the_audit_and_no_secret_is(
    store: StateStore, outbox: SqliteOutbox
) -> None:
    outbox.disable("ep_ops", "endpoint_gone", 5)
    rows = store.rows("SELECT by, what, target, detail FROM audit")
    assert rows[0][:3] == ("kl", "endpoint_added", "ep_ops")
    assert rows[1] == ("podtwin", "endpoint_disabled", "ep_ops", "endpoint_gone")
    assert "whsec_" not in str(rows)


def test_the_file_is_for_its_owner_alone(store: StateStore) -> None:
    assert store.path.stat().st_mode & 0o077 == 0


def test_what_is_due_is_found_without_looking_at_what_is_settled(store: StateStore) -> None:
    given = {"endpoint": "ep_ops", "now": 1, "limit": 2, "probe": False, "limited": "http_429"}
    plan = [str(row[3]) for row in store.rows(f"EXPLAIN QUERY PLAN {DUE}", given)]
    assert "SEARCH o USING INDEX outbox_due (endpoint=?)" in plan
    assert not [line for line in plan if line.startswith("SCAN")]
