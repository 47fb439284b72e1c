"""Clocks that are wrong: of a sender, of this machine, in another unit."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from support.fault_ledger import Cost, Tell
from support.frames import NS
from support.ingesting import BOOT, NOON_NS, Ingest, air_site, topic

from ingest.native import encode_telemetry
from podcore.frame import Flag, Kind

COUNT = 200
HOUR_S, YEAR_S = 3_600, 31_536_000
LATE, SUSPECT = int(Flag.LATE), int(Flag.SUSPECT_CLOCK)


def send(ingest: Ingest, seq: int, ts_ns: int) -> None:
    ingest.send(topic(), encode_telemetry(BOOT, seq, ts_ns, {"rack-01/it_power": float(seq)}))


def flags(ingest: Ingest) -> Counter[int]:
    return Counter(frame.flags for frame in ingest.frames(Kind.READING))


@pytest.mark.parametrize(
    ("fault", "skew_s", "stored", "flag"),
    (
        ("1 h behind", -HOUR_S, True, LATE),
        ("1 y behind", -YEAR_S, True, LATE),
        ("1 h ahead", HOUR_S, True, SUSPECT),
        ("1 y ahead", YEAR_S, False, 0),
    ),
)
def test_a_clock_that_is_off_is_flagged_or_refused_and_never_rewritten(
    tmp_path: Path, fault: str, skew_s: int, stored: bool, flag: int, tell: Tell
) -> None:
    ingest = Ingest(tmp_path, air_site())
    for seq in range(1, COUNT + 1):
        send(ingest, seq, NOON_NS + skew_s * NS)
    ledger = ingest.finish()
    frames = ingest.frames(Kind.READING)
    tell(Cost(f"clock of a sender {fault}", COUNT, len(frames), ledger.duplicate, ledger.dead))
    assert (len(frames), ledger.dead) == ((COUNT, 0) if stored else (0, COUNT))
    assert {frame.ts_ns for frame in frames} <= {NOON_NS + skew_s * NS}
    assert flags(ingest) == ({flag: COUNT} if stored else {})
    assert set(ledger.dead_by_reason) == (set() if stored else {"ts_range"})


@pytest.mark.parametrize(("unit", "per_s"), (("s", 1), ("ms", 1_000), ("us", 1_000_000)))
def test_a_time_in_another_unit_is_a_dead_letter_that_says_which(
    tmp_path: Path, unit: str, per_s: int, tell: Tell
) -> None:
    ingest = Ingest(tmp_path, air_site())
    for seq in range(1, COUNT + 1):
        send(ingest, seq, NOON_NS // NS * per_s)
    ledger = ingest.finish()
    stored = len(ingest.frames(Kind.READING))
    tell(Cost(f"times in {unit} for ns", COUNT, stored, ledger.duplicate, ledger.dead))
    assert (stored, ledger.dead) == (0, COUNT)
    assert all("looks like" in str(why) for why in ingest.refusals())


def test_a_step_back_of_this_machine_s_clock_loses_nothing_and_order_stays(
    tmp_path: Path, tell: Tell
) -> None:
    ingest = Ingest(tmp_path, air_site())
    for seq in range(1, COUNT + 1):
        if seq == COUNT // 2:
            ingest.clock.pass_s(-HOUR_S)
        send(ingest, seq, NOON_NS + seq * NS)
        ingest.clock.pass_s(1.0)
    ledger = ingest.finish()
    frames = ingest.frames(Kind.READING)
    tell(Cost("clock of ingest set back by 1 h", COUNT, len(frames), 0, ledger.dead))
    assert [frame.seq for frame in frames] == list(range(1, COUNT + 1))
    assert [frame.ts_ns for frame in frames] == [NOON_NS + n * NS for n in range(1, COUNT + 1)]
    ticks = [frame.recv_ns for frame in ingest.frames(Kind.TICK)]
    assert ticks == sorted(ticks)
