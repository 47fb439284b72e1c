from __future__ import annotations

import contextlib
import ssl
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.certificates import Authority, Certificate

from ingest import certificate
from ingest.certificate import ends_ns, is_open, load_certificate
from podcore.errors import ConfigError

HOUR_NS = 3_600_000_000_000


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="module")
def node(authority: Authority) -> Certificate:
    return authority.sign("node", "DNS:node")


def refused(cert_file: Path, key_file: Path | None) -> str:
    with pytest.raises(ConfigError) as refusal:
        load_certificate(ssl.create_default_context(), cert_file, key_file)
    assert refusal.value.way_out
    return str(refusal.value)


def test_a_certificate_and_its_key_are_taken(node: Certificate) -> None:
    load_certificate(ssl.create_default_context(), node.file, node.key)


def test_both_may_stand_in_one_file(node: Certificate, tmp_path: Path) -> None:
    both = tmp_path / "both.pem"
    both.write_text(node.key.read_text() + node.file.read_text())
    load_certificate(ssl.create_default_context(), both, None)
    assert ends_ns(both) == ends_ns(node.file)


def test_a_file_that_is_not_there_is_named(node: Certificate, tmp_path: Path) -> None:
    assert "broker.cert_file" in refused(tmp_path / "no.pem", node.key)
    said = refused(node.file, tmp_path / "no.key")
    assert "broker.key_file" in said
    assert "no such file" in said


def test_another_s_key_is_said_to_be_one(authority: Authority, node: Certificate) -> None:
    other = authority.sign("other", "DNS:other")
    assert f"is not the key of {node.file}" in refused(node.file, other.key)


def test_what_is_no_certificate_is_said(node: Certificate, tmp_path: Path) -> None:
    text = tmp_path / "text.pem"
    text.write_text("x")
    assert "is no PEM file" in refused(text, node.key)
    with pytest.raises(ConfigError, match="holds no certificate"):
        ends_ns(text)


def test_a_key_with_a_password_is_refused_and_asks_nobody(
    node: Certificate, tmp_path: Path, authority: Authority
) -> None:
    locked = tmp_path / "locked.key"
    authority.run("ec", "-in", node.key, "-aes256", "-passout", "pass:x", "-out", locked)
    assert "locked by a password" in refused(node.file, locked)


def test_its_end_is_that_of_openssl(authority: Authority, node: Certificate) -> None:
    left_s = (ends_ns(node.file) - node.file.stat().st_mtime_ns) / HOUR_NS
    assert left_s == pytest.approx(48.0, abs=0.1)
    # Beyond 2049 the date has another form.
    far = authority.sign("far", "DNS:far", days=20_000)
    assert (ends_ns(far.file) - far.file.stat().st_mtime_ns) / HOUR_NS / 24 == pytest.approx(
        20_000, abs=0.1
    )


@given(data=st.data())
def test_a_damaged_certificate_has_an_end_or_says_that_it_has_none(
    data: st.DataObject, node: Certificate
) -> None:
    whole = ssl.PEM_cert_to_DER_cert(node.file.read_text())
    place = data.draw(st.integers(0, len(whole) - 1))
    damaged = whole[:place] + bytes([data.draw(st.integers(0, 255))]) + whole[place + 1 :]
    with contextlib.suppress(ValueError, IndexError):
        certificate._not_after_ns(damaged[: data.draw(st.integers(0, len(damaged)))])  # noqa: SLF001


def test_a_key_that_everybody_may_read_is_open(node: Certificate) -> None:
    node.key.chmod(0o644)
    assert is_open(node.key)
    node.key.chmod(0o640)
    assert not is_open(node.key)
