"""What ingest reads, made wrong in many ways: no crash, no stall, and the ledger closes."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

import msgspec
import pytest
from support.codecs import CODECS
from support.fuzzing import BLOCK, FoundError, Report, fuzz, play
from support.ingesting import topic
from support.mutations import JsonForm, mutated
from support.yaml_fuzzing import KINDS, fuzz_yaml

YAML_SHARE = 50  # a file takes as long as fifty messages

# Cases that were found by fuzzing once, by codec.
KEPT = (
    # Fifty wrong names in one message: 50 ms, as long as the nearest right one was sought for each.
    ("native-json", topic(),
     msgspec.json.encode({"v": 1, "m": {f"probe/x_{n:02d}": 1.0 for n in range(50)}})),
    # Digits that are no number: 4 ms for 400 of them, and with the square of their number.
    ("influx", "plant/cph-01/node-01/cpu", b"cpu,host=node-01 usage_idle=" + b"1" * 50_000 + b"x"),
    ("redfish", "redfish/bmc-1/reports",
     msgspec.json.encode({"MetricValues": [{"MetricId": "a", "MetricValue": "1" * 50_000 + "x"}]})),
)  # fmt: skip


@pytest.mark.parametrize("name", tuple(CODECS))
def test_no_message_crashes_stalls_or_is_lost(
    name: str, chunk: tuple[int, int], seed: int, record_property: Callable[[str, object], None]
) -> None:
    number, cases = chunk
    first, total = number * 10_000 // BLOCK, Report()
    for begin in range(0, cases, BLOCK):
        total.add(fuzz(CODECS[name], seed, first + begin // BLOCK, min(BLOCK, cases - begin)))
    assert total.cases == cases
    assert total.outcomes["dead"] > 0
    record_property(name, (total.worst_s * 1e3, cases, str(total.worst)[:300]))


@pytest.mark.parametrize("kind", tuple(KINDS))
def test_no_file_of_an_operator_crashes(kind: str, chunk: tuple[int, int], seed: int) -> None:
    number, cases = chunk
    outcomes = fuzz_yaml(kind, seed * 1_000_000 + number, cases // YAML_SHARE)
    assert outcomes["refused"] > 0


@pytest.mark.parametrize(("codec", "to", "payload"), KEPT)
def test_a_case_that_was_found_once_is_harmless(codec: str, to: str, payload: bytes) -> None:
    play(CODECS[codec], to, payload)


def test_a_crash_names_codec_seed_and_case(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> object:
        raise ZeroDivisionError("division by zero")

    monkeypatch.setattr("ingest.intake.Intake._telemetry", broken)
    with pytest.raises(FoundError, match=r"ZeroDivisionError.*codec native-json, seed 5, case \d"):
        fuzz(CODECS["native-json"], 5, 0)


def test_the_same_seed_makes_the_same_cases() -> None:
    def made(seed: int) -> list[bytes]:
        random = Random(seed)
        return [mutated(random, b'{"v":1,"m":{"a/b":1}}', [b"x=1"], JsonForm()) for _ in range(200)]

    assert made(1) == made(1)
    assert made(1) != made(2)
