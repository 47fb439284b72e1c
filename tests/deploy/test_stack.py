"""The demo of compose.yaml without containers: the same programs, files, accounts and commands.

What a container would have at a fixed place comes by a variable or another path; the host of
another service is the loopback.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from support.compose import compose, service
from support.dashboards import filled, macros_of, query, rows
from support.influxd import ORG, TOKEN, Influxd
from support.mosquitto import free_port
from support.shipped_broker import ShippedBroker, make_secrets
from support.sources import ROOT
from support.waiting import eventually

from podcore.clock import SystemClock

pytestmark = [pytest.mark.system, pytest.mark.slow, pytest.mark.timeout(420)]

CODE = "from podtwin.cli import main; main()"
NS = 1_000_000_000


@dataclass(slots=True)
class Stack:
    """The services, and how what they say inside a container is said here."""

    folder: Path
    broker: ShippedBroker
    influxd: Influxd
    port: int = field(default_factory=free_port)

    def here(self, text: str) -> str:
        """A word of the Compose file with the places and ports of this machine."""
        for there, here in (
            ("/run/secrets", str(self.folder / "secrets")),
            ("/var/lib/influx-tokens", str(self.folder / "tokens")),
            ("/etc/podtwin/sites", str(ROOT / "deploy" / "podtwin" / "demo")),
            ("/etc/podtwin/podtwin.yaml", str(self.folder / "podtwin.yaml")),
            ("/etc/podtwin/influxdb", str(ROOT / "deploy" / "influxdb")),
            ("mosquitto:1883", f"127.0.0.1:{self.broker.port}"),
            ("http://influxdb:8086", self.influxd.url),
            ("127.0.0.1:8080", f"127.0.0.1:{self.port}"),
            ("port: 8080", f"port: {self.port}"),
        ):
            text = text.replace(there, here)
        return text

    def folder_of(self, data: str) -> Path:
        """A data directory; a container begins in it, and finds no podtwin.yaml there."""
        (self.folder / data).mkdir()
        return self.folder / data

    def command(self, name: str, data: str) -> list[str]:
        """What a service starts."""
        words = [self.here(word) for word in service(name)["command"]]
        return [word.replace("/var/lib/podtwin", str(self.folder / data)) for word in words]

    def environment(self, name: str) -> dict[str, str]:
        """Its variables."""
        given = service(name).get("environment", {})
        return {**os.environ, **{key: self.here(value) for key, value in given.items()}}

    def make_tokens(self) -> None:
        """What the service of that name does before it ends."""
        maker = service("influxdb-tokens")
        words = [self.here(word) for word in (*maker["entrypoint"][1:], *maker["command"])]
        subprocess.run([sys.executable, *words, f"--url={self.influxd.url}"], check=True)

    def write_config(self) -> None:
        """The file that the container's own would be."""
        file = compose()["configs"]["podtwin-central"]["file"]
        text = self.here((ROOT / file).read_text(encoding="utf-8"))
        text = text.replace("/var/lib/podtwin", str(self.folder / "podtwin"))
        (self.folder / "podtwin.yaml").write_text(text, encoding="utf-8")

    def ask(self, dashboard: str, place: str) -> list[dict[str, str]]:
        """The answer to a query of a dashboard over the last three hours."""
        now = datetime.fromtimestamp(SystemClock().now_ns() / NS, UTC)
        start, stop = (f"{time:%Y-%m-%dT%H:%M:%SZ}" for time in (now - timedelta(hours=3), now))
        text = query(dashboard, place).text.replace("${site:regex}", ".*")
        variables = {"site": "ams-03", "asset": "crac-1", "point": "supply_air_temp"}
        text = filled(text, macros_of("podtwin", start, stop, "10s"), variables)
        return rows(self.influxd.flux(text))


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    folder = tmp_path_factory.mktemp("stack")
    make_secrets(folder / "secrets")
    (folder / "secrets" / "influx-admin-token").chmod(0o600)
    (folder / "secrets" / "influx-admin-token").write_text(TOKEN)
    with ExitStack() as running:
        broker = running.enter_context(ShippedBroker(folder))
        influxd = running.enter_context(Influxd(folder / "influxd"))
        assert service("influxdb")["environment"]["DOCKER_INFLUXDB_INIT_ORG"] == ORG
        made = Stack(folder, broker, influxd)
        made.make_tokens()
        made.write_config()
        for name, data in (("podtwin-demo", "podtwin"), ("plants", "plants")):
            log = running.enter_context((folder / f"{name}.log").open("wb"))
            process = subprocess.Popen(
                [sys.executable, "-c", CODE, *made.command(name, data)],
                env=made.environment(name),
                cwd=made.folder_of(data),
                stdout=log,
                stderr=log,
            )
            running.callback(process.wait, 30)
            running.callback(process.terminate)
            if name == "podtwin-demo":
                eventually(lambda: healthy(made), "PodTwin is healthy", 120.0)
        yield made


def healthy(stack: Stack) -> bool:
    """What the health check of the container says."""
    _, _, *arguments = (stack.here(word) for word in service("podtwin")["healthcheck"]["test"])
    return subprocess.run([sys.executable, *arguments], check=False).returncode == 0


def test_grafana_shows_all_sites_and_the_twin_with_its_past(stack: Stack) -> None:
    eventually(lambda: len(stack.ask("fleet", "Sites now A")) == 3, "three sites", 120.0)
    band = "Measured and twin: ${asset}/${point} B"
    eventually(lambda: len(stack.ask("site", band)) > 100, "a band over the past", 120.0)


def test_nothing_is_missing(stack: Stack) -> None:
    assert stack.ask("ingest", "Messages missing A") == []


def test_the_first_key_lies_where_the_page_about_deployment_says(stack: Stack) -> None:
    key = stack.folder / "podtwin" / "keys" / "admin"
    assert key.stat().st_mode & 0o777 == 0o600


def test_plants_are_healthy(stack: Stack) -> None:
    _, check = service("plants")["healthcheck"]["test"]
    line = check.replace("/var/lib/podtwin", str(stack.folder / "plants"))
    ended = subprocess.run(["sh", "-c", line], check=False)
    assert ended.returncode == 0


def test_nobody_wrote_a_password_to_a_log(stack: Stack) -> None:
    secrets = [path.read_text().strip() for path in (stack.folder / "secrets").glob("*-*")]
    tokens = [path.read_text().strip() for path in (stack.folder / "tokens").iterdir()]
    logs = "".join(path.read_text() for path in stack.folder.glob("*.log"))
    assert logs
    assert not [word for word in (*secrets, *tokens) if re.search(re.escape(word), logs)]
