"""Sparkplug from the inbox to the log: what is asked of edge nodes is asked behind the commit."""

from __future__ import annotations

from pathlib import Path

from support.ingesting import NOON_NS, HandClock, Ingest
from support.sparkplug import FLOAT, NOON_MS, bd_seq, metric

from ingest.foreign import ForeignSource
from ingest.mapping import Mapping, Match, Place, Rule, Sent
from ingest.sample import Command
from ingest.sparkplug import Sparkplug
from ingest.sparkplug_schema import new_payload
from ingest.topic_filter import TopicFilter
from podcore.frame import READING, STATE, Flag, Kind

RULE = Rule(Match(), Place.parse("lab", "{tag.edge}", "{measurement}/{field}"), Sent("Cel"))


def played(folder: Path, *messages: Message) -> Ingest:
    source = ForeignSource(TopicFilter.parse("spBv1.0/#"), Sparkplug(), Mapping([RULE]))
    ingest = Ingest(folder, discover=True, clock=HandClock(NOON_NS), sources=(source,))
    for topic, fields in messages:
        ingest.send(f"spBv1.0/{topic}", new_payload(timestamp=NOON_MS, **fields))
    ingest.finish()
    return ingest


Message = tuple[str, dict[str, object]]
BIRTH: Message = (
    "g/NBIRTH/e",
    {"seq": 0, "metrics": [bd_seq(1), metric("t", 20.0, FLOAT, alias=1)]},
)
DEATH: Message = ("g/NDEATH/e", {"metrics": [bd_seq(1)]})


def test_a_node_is_born_with_its_first_values_and_goes_with_its_death(tmp_path: Path) -> None:
    ingest = played(tmp_path, BIRTH, DEATH)
    frames = [frame for frame in ingest.frames() if frame.node == "e"]
    assert [frame.kind for frame in frames] == [Kind.BIRTH, Kind.STATE, Kind.READING, Kind.STATE]
    assert [STATE.decode(frame.body).online for frame in frames[1::2]] == [True, False]


def test_a_historical_value_is_a_frame_of_its_own(tmp_path: Path) -> None:
    both = [metric(None, 21.0, FLOAT, alias=1), metric("u", 9.0, is_historical=True)]
    ingest = played(tmp_path, BIRTH, ("g/NDATA/e", {"seq": 1, "metrics": both}))
    _, live, past = ingest.frames(Kind.READING)
    assert (READING.decode(live.body).values, live.flags) == ([21.0], Flag.NONE)
    assert (READING.decode(past.body).values, past.flags) == ([9.0], Flag.RECORDED)


def test_a_lost_message_is_told_to_whoever_publishes(tmp_path: Path) -> None:
    ingest = played(tmp_path, BIRTH, ("g/NDATA/e", {"seq": 2, "metrics": []}))
    assert [command.topic for command in ingest.told.commands] == ["spBv1.0/g/NCMD/e"]


def test_the_state_of_this_host_is_said_again(tmp_path: Path) -> None:
    source = ForeignSource(TopicFilter.parse("spBv1.0/#"), Sparkplug(), Mapping([RULE]))
    ingest = Ingest(tmp_path, sources=(source,))
    ingest.send("spBv1.0/STATE/podtwin", b'{"online":false,"timestamp":1}')
    ledger = ingest.finish()
    assert ingest.told.commands == [Command("spBv1.0/STATE/podtwin", None)]
    assert (ledger.stored, ledger.dead) == (1, 0)
