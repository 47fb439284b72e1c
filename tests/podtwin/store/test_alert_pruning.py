from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from support.alerts import a_notice, an_alert
from support.webhooks import an_endpoint

from podcore.alert import Alert
from podcore.clock import NS
from podcore.ports import Applied, Command, Transition
from podtwin.store import alert_pruning
from podtwin.store.alert_pruning import AlertPruning
from podtwin.store.alert_rows import AlertQuery, Alerts
from podtwin.store.outbox import SqliteOutbox
from podtwin.store.state import StateStore

DAY = 86_400 * NS


@pytest.fixture
def store(tmp_path: Path) -> Iterator[StateStore]:
    opened = StateStore(tmp_path / "state.db")
    yield opened
    opened.close()


def lived(
    store: StateStore, name: str, day: int, *, site: str = "ams-03", resolved: bool = True
) -> None:
    """An alert that began on a day, with all that belongs to one; resolved an hour later."""
    start = day * DAY
    fires = an_alert(
        name, site=site, fingerprint=f"f-{name}", raised_ns=start, started_ns=start + 1,
        changed_ns=start + 1,
    )  # fmt: skip
    changes = [_change(fires, "pending")]
    if resolved:
        over = _after(fires, state="resolved", changed_ns=start + NS, ended_ns=start + NS)
        changes.append(_change(over, "recovering"))
    notice = a_notice(f"n-{name}", name)
    Alerts(store).add_command(Command(f"c-{name}", site, "acknowledge", name, "kl", start))
    done = Applied(f"c-{name}", 1, start, "applied", None)
    store.commit(changes, [], 1, [notice], [done])


def _after(alert: Alert, **changed: object) -> Alert:
    names = ("id", "fingerprint", "site", "raised_ns", "started_ns")
    kept = {name: getattr(alert, name) for name in names}
    return an_alert(kept.pop("id"), **{**kept, **changed})


def _change(alert: Alert, before: str) -> Transition:
    key = f"{alert.id}-{alert.state}"
    return Transition(
        key, alert.site, alert.fingerprint, before, alert.state, 7, alert.changed_ns, b"{}", alert
    )


def stray(store: StateStore, day: int) -> None:
    change = Transition(
        f"s{day}", "ams-03", "f-stray", "inactive", "pending", 7, day * DAY, b"{}", None
    )
    store.commit([change], [], 1)


def kept(store: StateStore) -> list[str]:
    return [each.id for each in Alerts(store).page(AlertQuery())][::-1]


def count(store: StateStore, table: str) -> int:
    return int(str(store.rows(f"SELECT count(*) FROM {table}")[0][0]))  # noqa: S608 - names of ours


def test_what_is_older_than_400_days_goes_with_all_that_belongs_to_it(store: StateStore) -> None:
    for name, day in (("a", 0), ("b", 90), ("c", 450)):
        lived(store, name, day)
    assert AlertPruning(store).prune() == 1
    assert kept(store) == ["b", "c"]
    assert count(store, "transitions") == 4
    assert count(store, "commands") == 2
    AlertPruning(store).prune()
    assert count(store, "notices") == 2


def test_an_open_alert_stays_whatever_its_age(store: StateStore) -> None:
    lived(store, "old", 0, resolved=False)
    lived(store, "new", 900)
    assert AlertPruning(store, keep_count=0).prune() == 1
    assert kept(store) == ["old"]
    assert count(store, "transitions") == 1


def test_age_counts_back_from_what_its_site_has_come_to(store: StateStore) -> None:
    lived(store, "recording", 10, site="surf")
    lived(store, "today", 5_000)
    assert AlertPruning(store).prune() == 0


def test_of_too_many_the_oldest_go_a_chunk_at_a_time(
    store: StateStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(alert_pruning, "CHUNK", 3)
    for day in range(10):
        lived(store, f"a{day}", day)
    pruning = AlertPruning(store, keep_count=5)
    assert [pruning.prune() for _ in range(3)] == [3, 2, 0]
    assert kept(store) == [f"a{day}" for day in range(5, 10)]


def test_changes_that_never_came_to_an_alert_go_after_thirty_days(store: StateStore) -> None:
    for day in (0, 15, 45, 50):
        stray(store, day)
    lived(store, "a", 10)
    AlertPruning(store).prune()
    left = {change.key for change in store.transitions("ams-03")}
    assert left == {"a-firing", "a-resolved", "s45", "s50"}


def test_a_notice_stays_as_long_as_a_message_of_it(store: StateStore) -> None:
    outbox = SqliteOutbox(store)
    outbox.add(an_endpoint(), "kl")
    lived(store, "a", 0)
    lived(store, "b", 900)
    pruning = AlertPruning(store)
    pruning.prune()
    pruning.prune()
    assert (kept(store), count(store, "notices")) == (["b"], 2)
    for message in outbox.due("ep_ops", 1, 10):
        outbox.give_up(message.id, "enough", 1)
    outbox.prune(10)
    pruning.prune()
    assert count(store, "notices") == 1
