"""Ten thousand new series of one node: all the others go on, and all of it is counted."""

from __future__ import annotations

from pathlib import Path

from support.fault_ledger import Cost, Tell
from support.ingesting import BOOT, NOON_NS, NS, Ingest, air_site, topic

from ingest.native import encode_telemetry
from podcore.frame import READING, Kind

SERIES = 10_000
EACH = 500  # in a message, so that it stays below what a payload may have
OTHERS = 200
SITE_POINTS = 2_000  # at most, DESIGN: names, points, quantities


def test_a_node_that_invents_series_costs_the_others_nothing(tmp_path: Path, tell: Tell) -> None:
    ingest = Ingest(tmp_path, air_site(), discover=True)
    messages = SERIES // EACH
    for part in range(messages):
        names = range(part * EACH, (part + 1) * EACH)
        values = {f"flood/series_{n}": float(n) for n in names}
        ts_ns = NOON_NS + part * NS
        flood = encode_telemetry("", part + 1, ts_ns, values)
        ingest.send(topic(node="flood", site="ams-04"), flood)
        for seq in range(part * OTHERS // messages, (part + 1) * OTHERS // messages):
            good = encode_telemetry(BOOT, seq + 1, ts_ns + seq, {"rack-01/it_power": float(seq)})
            ingest.send(topic(), good)
    ledger = ingest.finish()
    frames = ingest.frames(Kind.READING)
    good_ones = [frame for frame in frames if frame.node == "gw-1"]
    series = {
        point
        for frame in frames
        if frame.node == "flood"
        for point in READING.decode(frame.body).points
    }
    told = Cost(
        "10,000 new series of one node (readings of all nodes)",
        SERIES + OTHERS, ledger.readings_stored, 0, SERIES + OTHERS - ledger.readings_stored,
    )  # fmt: skip
    tell(told)
    assert len(good_ones) == OTHERS
    assert len(series) <= SITE_POINTS
    whole_messages_dead = EACH * ledger.dead
    assert ledger.readings_stored + ledger.readings_dead + whole_messages_dead >= SERIES + OTHERS
    assert ledger.received == messages + OTHERS
