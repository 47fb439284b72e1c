"""kill -9 between a transition and its delivery: nothing is lost, nobody is paged twice."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from support import notifying
from support.webhooks import SECRET, an_endpoint

from podcore.clock import SystemClock
from podtwin.notify.receiver import Received, Receiver
from podtwin.store.alert_rows import Alerts
from podtwin.store.deliveries import Deliveries, MessageQuery
from podtwin.store.outbox import SqliteOutbox
from podtwin.store.state import StateStore

PROGRAM = Path(notifying.__file__)


@pytest.fixture
def got() -> list[Received]:
    return []


@pytest.fixture
def path(tmp_path: Path, got: list[Received]) -> Iterator[Path]:
    """A state database with an endpoint that is up."""
    receiver = Receiver(0, SECRET, SystemClock(), got.append)
    receiver.start()
    store = StateStore(tmp_path / "state.db")
    SqliteOutbox(store).add(an_endpoint(url=receiver.url), "kl")
    store.close()
    yield tmp_path / "state.db"
    receiver.stop()


def live(path: Path, point: str = "") -> int:
    return subprocess.run([sys.executable, str(PROGRAM), str(path), point], check=False).returncode


@pytest.mark.parametrize("point", notifying.POINTS)
def test_wherever_it_is_killed_the_alert_is_told_under_one_id(
    path: Path, got: list[Received], point: str
) -> None:
    assert live(path, point) == -signal.SIGKILL
    assert live(path) == 0
    assert live(path) == 0
    assert {each.body for each in got} == {notifying.BODY}
    assert len({each.id for each in got}) == 1
    # Sent and not noted is sent again: the id says so to whoever received it.
    assert [each.again for each in got] == ([False, True] if point == "sent" else [False])
    store = StateStore(path)
    assert [m.state for m in Deliveries(store).messages(MessageQuery())] == ["delivered"]
    assert [t.after for t in store.transitions("ams-03")] == ["firing"]
    assert Alerts(store).get("a1") is not None
    store.close()
