"""Ten thousand new series of one node: all the others go on, and all of it is counted."""

from __future__ import annotations

from pathlib import Path

from support.fault_ledger import Cost, Tell
from support.ingesting import BOOT, NOON_NS, NS, Ingest, air_site, topic

from ingest.native import encode_birth, encode_telemetry
from podcore.frame import READING, BirthPoint, Kind

SERIES = 10_000
EACH = 500  # in a message, so that it stays below what a payload may have
OTHERS = 200
SITE_POINTS = 2_000  # at most, DESIGN: names, points, quantities


def births(part: int) -> bytes:
    """The flooding node is born again with other points, as often as it likes."""
    names = range(part * EACH, (part + 1) * EACH)
    points = tuple(BirthPoint(f"flood/series_{n}", "temperature", "Cel", 1.0) for n in names)
    return encode_birth("flood", NOON_NS, 1, recorded=False, points=points)


def test_a_node_that_invents_series_costs_the_others_nothing(tmp_path: Path, tell: Tell) -> None:
    ingest = Ingest(tmp_path, air_site(), discover=True)
    messages = SERIES // EACH
    for part in range(messages):
        names = range(part * EACH, (part + 1) * EACH)
        values = {f"flood/series_{n}": 20.0 for n in names}
        ts_ns = NOON_NS + part * NS
        flood = {"site": "ams-04", "node": "flood"}
        ingest.send(topic("birth", **flood), births(part))
        ingest.send(topic(**flood), encode_telemetry("flood", part + 1, ts_ns, values))
        for seq in range(part * OTHERS // messages, (part + 1) * OTHERS // messages):
            good = encode_telemetry(BOOT, seq + 1, ts_ns + seq, {"rack-01/it_power": float(seq)})
            ingest.send(topic(), good)
    ledger = ingest.finish()
    frames = ingest.frames(Kind.READING)
    others = [frame for frame in frames if frame.node == "gw-1"]
    flooded = [READING.decode(frame.body) for frame in frames if frame.node == "flood"]
    stored = len(others) + sum(len(body.points) for body in flooded)
    tell(
        Cost(
            "10,000 new series of one node (readings of all nodes)",
            SERIES + OTHERS, stored, ledger.duplicate, ledger.readings_dead,
        )
    )  # fmt: skip
    assert len(others) == OTHERS
    assert 0 < len({point for body in flooded for point in body.points}) <= SITE_POINTS
    assert ledger.readings_offered == stored + ledger.readings_dead == SERIES + OTHERS
    assert ledger.received == messages + OTHERS
    assert "too_many_points" in {why.reason.value for why in ingest.refusals()}
