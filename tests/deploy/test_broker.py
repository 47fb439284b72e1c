"""The broker of compose.yaml, its configuration and its start script run for real."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.components import require
from support.compose import service
from support.shipped_broker import DEPLOY, ShippedBroker, make_secrets
from support.waiting import eventually

from ingest.address import BrokerAddress
from podtwin.pipeline.doctor_broker import check_broker

pytestmark = pytest.mark.system
ANSWERED_NO = 5  # of mosquitto_pub: the broker refused the account


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ShippedBroker]:
    folder = tmp_path_factory.mktemp("broker")
    made = make_secrets(folder / "secrets", "--node", "ams-03.gw-1", "--tls", "127.0.0.1")
    assert made.returncode == 0, made.stderr
    with ShippedBroker(folder) as started:
        yield started


def published(broker: ShippedBroker, *arguments: str) -> int:
    program = require("mosquitto_pub", "publish")
    topic = ("-t", "podtwin/v1/ams-03/gw-1/state", "-m", "{}", "-q", "1")
    command = [str(program), "-h", "127.0.0.1", *topic, *arguments]
    return subprocess.run(command, check=False, capture_output=True, timeout=30).returncode


def test_podtwin_has_an_account_and_the_broker_keeps_its_queue(broker: ShippedBroker) -> None:
    password = broker.secret("mqtt-podtwin")
    address = BrokerAddress.parse(broker.url).with_account("podtwin", password)
    found = check_broker(address, "podtwin-doctor-test")
    assert found.verdict.value == "ok", found.found


def test_a_wrong_password_is_refused(broker: ShippedBroker) -> None:
    account = ("-u", "podtwin", "-P", "wrong")
    assert published(broker, "-p", str(broker.port), *account) == ANSWERED_NO


def test_nobody_comes_in_without_an_account(broker: ShippedBroker) -> None:
    assert published(broker, "-p", str(broker.port)) == ANSWERED_NO


def test_a_node_has_the_account_that_was_made_for_it(broker: ShippedBroker) -> None:
    password = broker.secret("mqtt-nodes").rpartition(":")[2]
    account = ("-u", "ams-03.gw-1", "-P", password)
    assert published(broker, "-p", str(broker.port), *account) == 0


def test_plants_have_an_account_of_their_own(broker: ShippedBroker) -> None:
    account = ("-u", "plants", "-P", broker.secret("mqtt-plants"))
    assert published(broker, "-p", str(broker.port), *account) == 0


def test_a_node_that_knows_the_authority_comes_in_by_tls(broker: ShippedBroker) -> None:
    account = ("-u", "plants", "-P", broker.secret("mqtt-plants"), "-p", str(broker.tls_port))
    authority = broker.run_folder.parent / "secrets" / "broker-ca.crt"
    assert published(broker, *account, "--cafile", str(authority)) == 0


def test_a_node_that_knows_another_authority_does_not(
    broker: ShippedBroker, tmp_path: Path
) -> None:
    make_secrets(tmp_path / "secrets", "--tls", "127.0.0.1")
    account = ("-u", "plants", "-P", broker.secret("mqtt-plants"), "-p", str(broker.tls_port))
    authority = tmp_path / "secrets" / "broker-ca.crt"
    assert published(broker, *account, "--cafile", str(authority)) != 0


def test_passwords_are_kept_as_hashes_for_the_broker_alone(broker: ShippedBroker) -> None:
    accounts = broker.run_folder / "passwords"
    assert accounts.stat().st_mode & 0o777 == 0o600
    lines = accounts.read_text().splitlines()
    names = {line.partition(":")[0] for line in lines}
    assert names == {"health", "podtwin", "plants", "ams-03.gw-1"}
    assert all(line.partition(":")[2].startswith("$7$") for line in lines)


def test_the_health_check_of_the_container_passes_while_the_broker_runs(tmp_path: Path) -> None:
    make_secrets(tmp_path / "secrets")
    broker = ShippedBroker(tmp_path)
    _, check = service("mosquitto")["healthcheck"]["test"]
    line = broker.adapted(check.replace("$$", "$")).replace(
        "-h 127.0.0.1", f"-h 127.0.0.1 -p {broker.port}"
    )

    def healthy() -> bool:
        return subprocess.run(["sh", "-c", line], check=False, capture_output=True).returncode == 0

    assert not healthy()
    with broker:
        eventually(healthy, "the broker is healthy", 30.0)
    assert not healthy()


def test_without_a_certificate_there_is_no_tls(tmp_path: Path) -> None:
    make_secrets(tmp_path / "secrets")
    with ShippedBroker(tmp_path) as broker:
        assert list((broker.run_folder / "conf.d").iterdir()) == []


def test_an_account_that_was_added_counts_from_the_next_start(tmp_path: Path) -> None:
    make_secrets(tmp_path / "secrets")
    with ShippedBroker(tmp_path) as broker:
        broker.stop()
        make_secrets(tmp_path / "secrets", "--node", "ams-03.gw-2")
        broker.start()
        password = broker.secret("mqtt-nodes").rpartition(":")[2]
        assert published(broker, "-p", str(broker.port), "-u", "ams-03.gw-2", "-P", password) == 0


def test_a_queue_outlives_a_restart(tmp_path: Path) -> None:
    make_secrets(tmp_path / "secrets")
    with ShippedBroker(tmp_path) as broker:
        port = ("-p", str(broker.port))
        account = ("-u", "podtwin", "-P", broker.secret("mqtt-podtwin"), *port)
        plants = ("-u", "plants", "-P", broker.secret("mqtt-plants"), *port)
        away = ("-c", "-i", "away", "-q", "1", "-t", "podtwin/v1/#", *account)
        program = str(require("mosquitto_sub", "come back for a queue"))
        subprocess.run([program, "-E", *away], check=True, timeout=30)
        assert published(broker, *plants) == 0
        broker.stop()
        broker.start()
        command = [program, *away, "-C", "1", "-W", "20"]
        said = subprocess.run(command, check=True, capture_output=True, text=True, timeout=30)
    assert said.stdout == "{}\n"


def test_its_queues_are_those_of_the_broker_without_a_container() -> None:
    def settings(text: str) -> dict[str, str]:
        return dict(re.findall(r"^(\w+) (\S+)$", text, re.MULTILINE))

    own = {"listener", "allow_anonymous", "persistence_location"}
    own |= {"password_file", "acl_file", "include_dir"}
    there = settings((DEPLOY / "mosquitto.conf").read_text())
    here = settings((DEPLOY / "mosquitto" / "mosquitto.conf").read_text())
    assert {k: v for k, v in here.items() if k not in own} == {
        k: v for k, v in there.items() if k not in own
    }
