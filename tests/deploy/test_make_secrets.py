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


def test_a_node_gets_an_account_once(folder: Path) -> None:
    said = make_secrets(folder, "--node", "gw-1", "--node", "gw-2").stdout
    lines = (folder / "mqtt-nodes").read_text().splitlines()
    assert [line.partition(":")[0] for line in lines[1:]] == ["gw-1", "gw-2"]
    assert lines[1].partition(":")[2] in said
    make_secrets(folder, "--node", "gw-1")
    assert (folder / "mqtt-nodes").read_text().splitlines() == lines


@pytest.mark.parametrize(
    ("arguments", "rule"),
    (
        (["--node", "Gw:1"], "a node is named by"),
        (["--node", "podtwin"], "a service has that account"),
        (["--node", "health"], "a service has that account"),
        (["--tls", "a b"], "host name or IPv4 address"),
        (["--node"], "usage:"),
        (["--nod", "gw-1"], "usage:"),
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
