"""A real broker with TLS and accounts: let in when all is right, else told what is wrong."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from support.certificates import Authority, Certificate
from support.mosquitto import GuardedMosquitto, Mosquitto
from support.program import Programs

from ingest.address import BrokerAddress
from podcore.errors import ConfigError
from podtwin.pipeline.checks import Check, Verdict
from podtwin.pipeline.doctor_broker import PROBES, check_broker

# paho leaves the socket of a handshake that failed to the collector.
pytestmark = pytest.mark.filterwarnings("ignore:Exception ignored in. <ssl")
USER, PASSWORD = "podtwin", "a long password"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("broker")


@pytest.fixture(scope="module")
def authority(folder: Path) -> Authority:
    return Authority(folder)


@pytest.fixture(scope="module")
def guarded(folder: Path, authority: Authority) -> Iterator[GuardedMosquitto]:
    certificate = authority.sign("broker", "IP:127.0.0.1")
    with GuardedMosquitto(folder, certificate, USER, PASSWORD) as running:
        yield running


def looked_at(url: str, ca_file: Path | None = None, password: str = PASSWORD) -> Check:
    address = BrokerAddress.parse(url).with_account(USER, password).with_ca_file(ca_file)
    return check_broker(address, "d1")


def test_an_account_and_a_certificate_that_are_right_are_let_in(
    guarded: GuardedMosquitto, authority: Authority
) -> None:
    found = looked_at(guarded.url, authority.file)
    assert found.verdict is Verdict.OK, found
    assert f"kept {PROBES} of {PROBES}" in found.found


def test_a_wrong_password_is_said_to_be_one(
    guarded: GuardedMosquitto, authority: Authority
) -> None:
    found = looked_at(guarded.url, authority.file, "hunter2")
    assert found.verdict is Verdict.FAIL
    assert "refuses us: not authorized" in found.found
    assert "broker.password" in found.way_out
    assert "hunter2" not in str(found)


def test_an_authority_that_nobody_named_is_not_trusted(guarded: GuardedMosquitto) -> None:
    found = looked_at(guarded.url)
    assert "nobody known here vouches for its certificate" in found.found
    assert "broker.ca_file" in found.way_out


def test_another_authority_is_not_trusted(guarded: GuardedMosquitto, tmp_path: Path) -> None:
    other = Authority(tmp_path, "other")
    assert "nobody known here vouches" in looked_at(guarded.url, other.file).found


def test_a_certificate_for_another_name_is_not_trusted(
    authority: Authority, tmp_path: Path
) -> None:
    certificate = authority.sign("elsewhere", "DNS:broker.example")
    with GuardedMosquitto(tmp_path, certificate, USER, PASSWORD) as running:
        found = looked_at(running.url, authority.file)
    assert "its certificate is for another name" in found.found


def test_a_port_without_tls_is_said_to_be_one(broker: Mosquitto, authority: Authority) -> None:
    found = looked_at(broker.url.replace("mqtt:", "mqtts:"), authority.file)
    assert found.verdict is Verdict.FAIL
    assert "does not answer" in found.found


@pytest.mark.parametrize(("text", "why"), ((None, "cannot be read"), ("x", "is no PEM file")))
def test_a_file_that_holds_no_authority_is_named(
    text: str | None, why: str, tmp_path: Path
) -> None:
    file = tmp_path / "ca.pem"
    if text is not None:
        file.write_text(text)
    found = looked_at("mqtts://127.0.0.1:1", file)
    assert found.verdict is Verdict.FAIL
    assert why in found.found
    assert "broker.ca_file" in found.found


def test_an_authority_without_tls_is_refused_at_once(authority: Authority) -> None:
    with pytest.raises(ConfigError, match=r"broker\.ca_file .* mqtts://"):
        looked_at("mqtt://127.0.0.1:1883", authority.file)


@pytest.fixture(scope="module")
def asking(
    tmp_path_factory: pytest.TempPathFactory, authority: Authority
) -> Iterator[GuardedMosquitto]:
    """A broker that asks for a certificate, and takes its common name for the account."""
    folder = tmp_path_factory.mktemp("asking")
    certificate = authority.sign("asking-broker", "IP:127.0.0.1")
    with GuardedMosquitto(folder, certificate, USER, PASSWORD, clients=authority.file) as running:
        yield running


def shown(url: str, authority: Authority, certificate: Certificate | None) -> Check:
    address = BrokerAddress.parse(url).with_ca_file(authority.file)
    if certificate is not None:
        address = address.with_certificate(certificate.file, certificate.key)
    return check_broker(address, "d2")


def test_a_certificate_of_the_authority_is_let_in_without_a_password(
    asking: GuardedMosquitto, authority: Authority
) -> None:
    found = shown(asking.url, authority, authority.sign("podtwin", "DNS:podtwin"))
    assert found.verdict is Verdict.OK, found


def test_a_broker_that_asks_for_a_certificate_gets_none_of_us_without_one(
    asking: GuardedMosquitto, authority: Authority
) -> None:
    assert shown(asking.url, authority, None).verdict is Verdict.FAIL


def test_a_certificate_of_somebody_else_or_of_the_past_is_not_accepted(
    asking: GuardedMosquitto, authority: Authority, tmp_path: Path
) -> None:
    other = Authority(tmp_path, "other").sign("podtwin", "DNS:podtwin")
    assert shown(asking.url, authority, other).verdict is Verdict.FAIL
    past = authority.sign("past", "DNS:past", days=-1)
    assert shown(asking.url, authority, past).verdict is Verdict.FAIL


def settings_file(folder: Path, url: str, ca_file: Path, password: str = PASSWORD) -> Path:
    file = folder / "podtwin.yaml"
    file.write_text(
        f"broker:\n  url: {url}\n  username: {USER}\n  password: {password}\n  ca_file: {ca_file}\n"
    )
    return file


def test_sender_and_receiver_meet_over_tls(
    guarded: GuardedMosquitto, authority: Authority, programs: Programs
) -> None:
    settings_file(programs.folder, guarded.url, authority.file)
    receiver = programs.start("run", "--port", 0, "--data-dir", "run").ready()
    programs.start(
        "simulate", "--broker", guarded.url, "--ca-file", authority.file, "--sites", 1,
        "--data-dir", "plants",
    )  # fmt: skip
    receiver.eventually(
        lambda: receiver.json("/api/v1/status")["ledger"]["stored"] > 0, "a message over TLS"
    )


@pytest.mark.slow
def test_a_broker_that_is_not_trusted_is_told_of_once(
    guarded: GuardedMosquitto, tmp_path: Path, programs: Programs
) -> None:
    other = Authority(tmp_path, "other")
    settings_file(programs.folder, guarded.url, other.file)
    receiver = programs.start("run", "--port", 0, "--data-dir", "run")
    assert "nobody known here vouches" in receiver.logged("broker_lost")["why"]
    receiver.eventually(lambda: receiver.get("/readyz").status_code == 503, "not ready")
    ended = programs.run(
        "simulate", "--broker", guarded.url, "--ca-file", other.file, "--sites", 1,
        "--data-dir", "plants", "--duration", "3s",
    )  # fmt: skip
    assert ended.code == 3
    assert "vouches" in ended.err
    assert receiver.err.count('"event": "broker_lost"') == 1
    assert PASSWORD not in receiver.err + ended.err
