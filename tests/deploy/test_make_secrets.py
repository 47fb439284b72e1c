"""`deploy/make-secrets`: random, once, and for nobody else on the machine."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from support.components import require
from support.shipped_broker import make_secrets

NAMES = {
    "mqtt-podtwin",
    "mqtt-plants",
    "mqtt-nodes",
    "influx-admin-password",
    "influx-admin-token",
    "grafana-admin-password",
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    assert make_secrets(tmp_path / "secrets").returncode == 0
    return tmp_path / "secrets"


def test_each_secret_is_a_file_and_no_two_are_alike(folder: Path) -> None:
    texts = {path.name: path.read_text() for path in folder.iterdir()}
    assert set(texts) == NAMES
    assert len(set(texts.values())) == len(texts)
    assert all(len(text) >= 43 for text in texts.values())  # 32 random bytes


def test_another_folder_gets_other_secrets(folder: Path, tmp_path: Path) -> None:
    make_secrets(tmp_path / "other")
    name = "mqtt-podtwin"
    assert (folder / name).read_text() != (tmp_path / "other" / name).read_text()


def test_what_is_there_stays(folder: Path) -> None:
    before = {path.name: path.read_text() for path in folder.iterdir()}
    said = make_secrets(folder)
    assert {path.name: path.read_text() for path in folder.iterdir()} == before
    assert said.stdout == ""


def test_what_is_missing_is_made(folder: Path) -> None:
    (folder / "mqtt-plants").unlink()
    assert "mqtt-plants" in make_secrets(folder).stdout
    assert {path.name for path in folder.iterdir()} == NAMES


def test_nobody_else_on_the_machine_comes_in_and_every_container_can_read(folder: Path) -> None:
    assert folder.stat().st_mode & 0o777 == 0o700
    assert {path.stat().st_mode & 0o777 for path in folder.iterdir()} == {0o444}


def test_a_folder_that_was_open_is_closed(folder: Path) -> None:
    folder.chmod(0o755)
    make_secrets(folder)
    assert folder.stat().st_mode & 0o777 == 0o700


def names_and_passwords(folder: Path) -> list[tuple[str, str]]:
    lines = (folder / "mqtt-nodes").read_text().splitlines()[1:]
    return [(name, password) for name, _, password in (line.partition(":") for line in lines)]


def test_a_node_gets_an_account_once(folder: Path) -> None:
    said = make_secrets(folder, "--node", "ams-03.gw-1", "--node", "ams-03.gw-2").stdout
    accounts = names_and_passwords(folder)
    assert [name for name, _ in accounts] == ["ams-03.gw-1", "ams-03.gw-2"]
    assert all(password in said for _, password in accounts)
    make_secrets(folder, "--node", "ams-03.gw-1")
    assert names_and_passwords(folder) == accounts


def test_a_name_that_another_only_looks_like_is_free(folder: Path) -> None:
    # A dot is any sign to grep.
    make_secrets(folder, "--source", "ams-03-gw-1", "--node", "ams-03.gw-1")
    assert [name for name, _ in names_and_passwords(folder)] == ["ams-03-gw-1", "ams-03.gw-1"]


def test_a_sender_without_rules_is_told_what_it_lacks(folder: Path) -> None:
    said = make_secrets(folder, "--source", "telegraf").stdout
    assert "until deploy/mosquitto/acl has 'user telegraf'" in said


@pytest.mark.parametrize(
    ("arguments", "rule"),
    (
        (["--node", "gw-1"], "a node is named with its site"),
        (["--node", "ams-03.Gw:1"], "a node is named with its site"),
        (["--node", "ams-03.gw.1"], "a node is named with its site"),
        (["--node", "ams-03.+"], "a node is named with its site"),
        (["--node", f"{'a' * 64}.gw-1"], "a node is named with its site"),
        (["--node", "ams-03.gw-1\nuser"], "a node is named with its site"),
        (["--source", "ams-03.gw-1"], "a node of PodTwin has --node"),
        (["--source", "podtwin"], "a service has that account"),
        (["--source", "health"], "a service has that account"),
        (["--tls", "a b"], "host name or IPv4 address"),
        (["--node"], "usage:"),
        (["--nod", "ams-03.gw-1"], "usage:"),
    ),
)
def test_a_wrong_command_is_refused(folder: Path, arguments: list[str], rule: str) -> None:
    before = (folder / "mqtt-nodes").read_text()
    said = make_secrets(folder, *arguments)
    assert said.returncode == 2
    assert rule in said.stderr
    assert (folder / "mqtt-nodes").read_text() == before


@pytest.mark.parametrize("host", ("broker.example.org", "192.0.2.7"))
def test_the_certificate_is_the_brokers_and_vouched_for(folder: Path, host: str) -> None:
    openssl = require("openssl", "look at a certificate")
    assert make_secrets(folder, "--tls", host).returncode == 0
    checked = ("-verify_hostname", host) if host[0].isalpha() else ("-verify_ip", host)
    files = ("-CAfile", folder / "broker-ca.crt", folder / "broker.crt")
    ended = subprocess.run(
        [openssl, "verify", "-x509_strict", "-purpose", "sslserver", *checked, *files],
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    assert not list(folder.glob("*ca.key"))
