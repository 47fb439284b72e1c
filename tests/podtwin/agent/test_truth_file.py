from __future__ import annotations

import json
from pathlib import Path

import pytest

from podcore.clock import NS
from podcore.errors import ConfigError
from podtwin.agent.truth_file import TruthFile
from simulators.faults import Fault, Label

START_NS = 1_795_478_400 * NS


def label(end_ns: int | None = None) -> Label:
    fault = Fault("coil-fouling", START_NS, end_ns, severity=0.3, ramp_ns=60 * NS)
    return Label.of(fault, "ams-03", "crac-1")


def test_each_fault_is_a_line(tmp_path: Path) -> None:
    path = tmp_path / "truth.jsonl"
    truth = TruthFile(path)
    truth.tell([label(), label(START_NS + NS)])
    truth.close()
    first, second = map(json.loads, path.read_text().splitlines())
    assert first == {
        "site": "ams-03",
        "fault": "coil-fouling",
        "asset": "crac-1",
        "point": None,
        "onset": "2026-11-24T00:00:00Z",
        "end": None,
        "severity": 0.3,
        "ramp_s": 60.0,
    }
    assert second["end"] == "2026-11-24T00:00:01Z"


def test_a_file_that_is_there_grows(tmp_path: Path) -> None:
    path = tmp_path / "truth.jsonl"
    for _ in range(2):
        truth = TruthFile(path)
        truth.tell([label()])
        truth.close()
    assert len(path.read_text().splitlines()) == 2


def test_a_place_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"--truth.*cannot be written: Is a directory"):
        TruthFile(tmp_path)
