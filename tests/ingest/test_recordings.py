"""What real senders sent, recorded from the wire, becomes what it became by hand."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.dialogues import Dialogue, dialogues
from support.documents import text_of
from support.ingesting import HandClock, Ingest
from support.sources import ROOT

from ingest.foreign import ForeignSource
from ingest.topic_filter import TopicFilter
from podcore.frame import CONFIG, READING, STATE, Kind
from podtwin.config.mapping import load_mapping
from podtwin.config.sources import FORMATS

TELEGRAF = dialogues("telegraf")
ALL = [*TELEGRAF, *dialogues("senml", "redfish", "sparkplug")]
named = [f"{case.folder.parent.name}-{case.folder.name}" for case in ALL]


def ingest_of(case: Dialogue, folder: Path) -> Ingest:
    mapping, _ = load_mapping(case.map_file)
    form = FORMATS[case.expected.format]()
    source = ForeignSource(TopicFilter.parse(case.expected.topics), form, mapping)
    newest_ns = max(int(str(row[4])) for row in case.expected.readings)
    clock = HandClock(case.expected.now_ns or newest_ns)
    return Ingest(folder, discover=True, clock=clock, sources=(source,))


def readings(ingest: Ingest) -> list[list[object]]:
    """All that was stored, as `expected.json` writes it."""
    units = {
        (frame.site, point.id): point.unit
        for frame in ingest.frames(Kind.CONFIG)
        for point in CONFIG.decode(frame.body).site.points
    }
    return sorted(
        [frame.site, frame.node, point, units[frame.site, point], frame.ts_ns, value]
        for frame in ingest.frames(Kind.READING)
        for body in [READING.decode(frame.body)]
        for point, value in zip(body.points, body.values, strict=True)
    )


def states(ingest: Ingest) -> list[list[object]]:
    """What was said of nodes, in order."""
    frames = ingest.frames(Kind.STATE)
    return [[frame.site, frame.node, STATE.decode(frame.body).online] for frame in frames]


@pytest.mark.parametrize("case", ALL, ids=named)
def test_a_recorded_dialogue_becomes_what_is_written_beside_it(
    case: Dialogue, tmp_path: Path
) -> None:
    ingest = ingest_of(case, tmp_path)
    for message in case.messages:
        ingest.send(message.topic, message.payload)
    ledger = ingest.finish()
    assert readings(ingest) == case.expected.readings
    assert states(ingest) == list(case.expected.states)
    assert ledger.messages() == case.expected.ledger
    assert ledger.dead_by_reason == case.expected.refused


def test_the_mapping_that_is_shipped_is_the_recorded_one() -> None:
    shipped = (ROOT / "deploy" / "telegraf" / "map.yaml").read_text(encoding="utf-8")
    (case,) = (each for each in TELEGRAF if each.folder.name == "shipped")
    assert case.map_file.read_text(encoding="utf-8") == shipped


def test_the_configuration_that_is_shipped_is_the_recorded_one() -> None:
    shipped = text_of("deploy/telegraf/telegraf.conf")
    recorded = text_of("tests/recordings/telegraf/shipped/telegraf.conf")
    ours = shipped.replace('# hostname = "node-01"', 'hostname = "node-01"')
    assert ours.replace('interval = "10s"', 'interval = "2s"') == recorded
