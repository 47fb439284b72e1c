from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.alerts import a_notice
from support.webhooks import SECRET, serving
from typer.testing import CliRunner, Result

from podcore.clock import SystemClock
from podcore.errors import ConfigError
from podcore.outbox import Attempt
from podtwin.cli.endpoints import app
from podtwin.notify.receiver import Received, Receiver
from podtwin.store.outbox import SqliteOutbox
from podtwin.store.state import StateStore

RUNNER = CliRunner()


@pytest.fixture(autouse=True)
def nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def received() -> Iterator[tuple[str, list[Received]]]:
    got: list[Received] = []
    receiver = Receiver(0, SECRET, SystemClock(), got.append)
    receiver.start()
    yield receiver.url, got
    receiver.stop()


def run(*arguments: str) -> Result:
    done = RUNNER.invoke(app, list(arguments))
    if isinstance(done.exception, ConfigError):
        raise done.exception
    return done


def outbox() -> tuple[StateStore, SqliteOutbox]:
    store = StateStore(Path("data/state.db"))
    return store, SqliteOutbox(store)


def test_a_secret_is_made_and_shown_once() -> None:
    added = json.loads(run("add", "http://127.0.0.1:9/", "--name", "ops", "-o", "json").stdout)
    assert added["secret"].startswith("whsec_")
    listed = run("list", "-o", "json").stdout
    assert json.loads(listed)["endpoints"][0]["id"] == added["id"]
    assert "whsec_" not in listed + run("list").stdout


@pytest.mark.parametrize(
    ("url", "words"),
    (
        ("http://169.254.169.254/", "never a target"),
        ("http://192.168.1.5/hook", r"192\.168\.1\.5 or its net to alerts\.allow_targets"),
        ("mailto:kl@example.org", "an http or https address"),
    ),
)
def test_a_target_that_is_closed_is_refused_when_it_is_added(url: str, words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        run("add", url)


def test_a_test_message_says_what_came_of_it(received: tuple[str, list[Received]]) -> None:
    url, got = received
    run("add", url, "--name", "ops", "--secret", SECRET)
    done = run("test", "ops", "-o", "json")
    said = json.loads(done.stdout)
    assert (done.exit_code, said["accepted"], said["status"]) == (0, True, 204)
    assert json.loads(got[0].body)["type"] == "podtwin.test"
    assert got[0].verdict == "verified"


def test_a_test_message_that_is_not_accepted_is_a_finding() -> None:
    with serving(b"HTTP/1.1 500 X\r\ncontent-length: 3\r\n\r\nwhy") as (port, _):
        run("add", f"http://127.0.0.1:{port}/", "--name", "ops")
        done = run("test", "ops")
    assert done.exit_code == 1
    assert "not accepted: http_500 from 127.0.0.1" in done.stdout
    assert "why" in done.stdout


def test_what_was_sent_is_shown_and_sent_once_more() -> None:
    run("add", "http://127.0.0.1:9/", "--name", "ops")
    store, box = outbox()
    store.commit([], [], 1, [a_notice()])
    message = box.due(box.endpoint("ops").id, 1, 1)[0].id
    box.take(message, 1)
    box.conclude(
        Attempt(message, 1, 2.5, "http://h/", "10.0.0.1", {"webhook-id": message}, 400, b"bad",
                "http_400", "dead"), 0,
    )  # fmt: skip
    store.close()
    log = json.loads(run("log", message, "-o", "json").stdout)["messages"][0]
    assert (log["state"], log["reason"]) == ("dead", "http_400")
    assert log["attempts"][0]["request_headers"] == {"webhook-id": message}
    assert log["attempts"][0]["answer"] == "bad"
    assert "http_400" in run("log").stdout
    assert run("redeliver", message).exit_code == 0
    assert "redelivered" in run("list").stdout


def test_an_endpoint_is_enabled_again_and_taken_out() -> None:
    run("add", "http://127.0.0.1:9/", "--name", "ops")
    store, box = outbox()
    box.disable(box.endpoint("ops").id, "endpoint_gone", 5)
    assert "disabled: endpoint_gone" in run("list").stdout
    run("enable", "ops")
    assert box.endpoint("ops").enabled
    run("remove", "ops")
    assert box.endpoints() == []
    store.close()


def test_without_a_data_directory_the_way_out_is_named() -> None:
    with pytest.raises(ConfigError, match=r"holds no state\.db"):
        run("list")
    with pytest.raises(ConfigError, match=r"\.yaml|none of that id|is no|no state"):
        run("log", "msg_x", "--data-dir", "gone")
