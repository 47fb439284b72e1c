from __future__ import annotations

from pathlib import Path

import pytest
from support.certificates import Authority
from support.ingesting import HandClock

from ingest.certificate import ends_ns
from podtwin.pipeline.checks import Verdict
from podtwin.pipeline.doctor_certificate import SOON_NS, check_certificate

DAY_NS = 86_400_000_000_000


@pytest.mark.parametrize(
    ("left_ns", "verdict", "said"),
    (
        (SOON_NS + DAY_NS, Verdict.OK, "holds until"),
        (SOON_NS - DAY_NS, Verdict.WARN, "29 days more"),
        (-DAY_NS, Verdict.FAIL, "has expired"),
    ),
)
def test_its_end_is_said_a_month_before(
    tmp_path: Path, left_ns: int, verdict: Verdict, said: str
) -> None:
    node = Authority(tmp_path).sign("node", "DNS:node")
    node.key.chmod(0o600)
    (found,) = check_certificate(node.file, node.key, HandClock(ends_ns(node.file) - left_ns))
    assert found.verdict is verdict
    assert said in found.found


def test_a_key_that_everybody_may_read_is_said(tmp_path: Path) -> None:
    node = Authority(tmp_path).sign("node", "DNS:node")
    node.key.chmod(0o644)
    (found,) = check_certificate(node.file, node.key, HandClock(0))
    assert found.verdict is Verdict.WARN
    assert "chmod 640" in found.way_out


def test_a_file_that_is_not_there_is_a_failure(tmp_path: Path) -> None:
    (found,) = check_certificate(tmp_path / "no.pem", None, HandClock())
    assert found.verdict is Verdict.FAIL


def test_without_a_certificate_there_is_nothing_to_say() -> None:
    assert list(check_certificate(None, None, HandClock())) == []
