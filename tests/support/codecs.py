"""What is fuzzed: each codec with recorded messages, in the ingest that reads them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import msgspec
from support.dialogues import dialogues
from support.ingesting import BOOT, NOON, NOON_NS, air_site, empty_registry, topic
from support.mutations import Form, JsonForm, PackedForm
from support.sparkplug import BOOLEAN, INT32, INT64, STRING, metric

from ingest.foreign import ForeignSource, Source
from ingest.intake import Intake
from ingest.native_msgpack import PackedTopics
from ingest.registry import Registry
from ingest.sparkplug_schema import new_payload
from ingest.ticks import Ticks
from ingest.topic_filter import TopicFilter
from podcore.site import Site, SiteType
from podtwin.config.mapping import load_mapping
from podtwin.config.sources import FORMATS

Message = tuple[str, bytes]  # topic, payload
_POINTS = ["crac-1/supply_air_temp", "rack-01/it_power", "meter-1/power"]


@dataclass(frozen=True, slots=True)
class Codec:
    """One codec.

    setup : messages that come first, unchanged. seeds : what mutations begin from.
    sources : made anew for each world, since some remember what came.
    """

    name: str
    setup: Sequence[Message]
    seeds: Sequence[Message]
    sources: Callable[[], list[Source]] = list
    form: Form | None = None
    sites: Sequence[Site] = ()


class World:
    """An ingest without a log, with discovery on."""

    def __init__(self, codec: Codec) -> None:
        self.registry: Registry = empty_registry()
        for site in codec.sites:
            self.registry.adopt(site, NOON_NS)
        self.intake = Intake(self.registry, Ticks(NOON_NS), lambda _: None)
        self.intake.add_sources(codec.sources())


def _native(packed: bool = False) -> tuple[list[Message], list[Message]]:
    encode = msgspec.msgpack.encode if packed else msgspec.json.encode
    births = [
        (topic("birth"), {"v": 1, "boot": BOOT, "first": 1, "started": NOON, "clock": "live",
                          "points": [{"id": each} for each in _POINTS]}),
        (topic("birth", site="lab", node="n-1"),
         {"v": 1, "points": [{"id": "x/power", "unit": "kW", "quantity": "power", "period_s": 5}]}),
    ]  # fmt: skip
    named = dict(zip(_POINTS, (22.5, 8_000.0, 9.1), strict=True))
    telemetry: list[tuple[str, dict[str, object]]] = [
        (topic(), {"v": 1, "boot": BOOT, "seq": 7, "ts": NOON, "m": named}),
        (topic(), {"v": 1, "ts": NOON_NS,
                   "m": {f"probe/t_{n:02d}": 20 + n / 7 for n in range(50)}}),
        (topic(site="lab", node="n-1"), {"v": 1, "m": {"x/power": 1}}),
        (topic(site="nowhere"), {"v": 1, "m": {"x/power": None}}),
    ]  # fmt: skip
    setup = [(to, msgspec.json.encode(body)) for to, body in births]
    seeds = [(to, encode(body)) for to, body in telemetry]
    states = [(topic("state"), b'{"v":1,"state":"online"}'), (topic("state"), b"offline")]
    return setup, seeds if packed else [*seeds, *setup, *states]


def _compact() -> list[Message]:
    values: list[list[object]] = [[22.5, 8_000, None], [1e3, -4.25, 0], [None, None, 3.5]]
    return [
        (topic(), msgspec.json.encode({"v": 1, "boot": BOOT, "seq": seq, "ts": NOON, "a": each}))
        for seq, each in enumerate(values, 1)
    ]


def _packed_sources() -> list[Source]:
    return [PackedTopics(TopicFilter.parse("podtwin/v1/+/+/telemetry"))]


def _foreign(
    name: str, sender: str, more: Sequence[Message] = (), form: Form | None = None
) -> Codec:
    cases = dialogues(sender)
    messages = [(each.topic, each.payload) for case in cases for each in case.messages]

    def sources() -> list[Source]:
        made: list[Source] = []
        for case in cases:
            topics = TopicFilter.parse(case.expected.topics)
            if any(each.topics.overlaps(topics) for each in made):
                continue
            mapping, _ = load_mapping(case.map_file)
            made.append(ForeignSource(topics, FORMATS[case.expected.format](), mapping))
        return made

    return Codec(name, messages, [*messages, *more], sources, form)


def _sparkplug() -> list[Message]:
    """Kinds of values, lengths and numbers that recordings have none of."""
    metrics = [
        metric("a", 1.5), metric("b", 2**32 - 1, INT32),
        metric("c", 2**64 - 1, INT64), metric("d", b"\xff", STRING), metric("e", True, BOOLEAN),
        metric(None, 3.0, alias=2**64 - 1), metric("f", 1.0, typed=False),
        metric("bdSeq", 3, INT64),
    ]  # fmt: skip
    kinds = ("NBIRTH/e1", "NDATA/e1", "DBIRTH/e1/d1", "DDATA/e1/d1", "NDEATH/e1", "DDEATH/e1/d1")
    payload = new_payload(timestamp=NOON_NS // 10**6, seq=0, metrics=metrics)
    return [(f"spBv1.0/Plant 1/{kind}", payload) for kind in kinds]


def _codecs() -> dict[str, Codec]:
    setup, seeds = _native()
    packed_setup, packed_seeds = _native(packed=True)
    compact = _compact()
    packed_seeds += [
        (to, msgspec.msgpack.encode(msgspec.json.decode(each))) for to, each in compact
    ]
    json, sites = JsonForm(), (air_site(), air_site("free", site_type=SiteType.NONE))
    made = [
        Codec("native-json", setup, seeds, form=json, sites=sites),
        Codec("native-compact", setup, compact, form=json, sites=sites),
        Codec("native-msgpack", packed_setup, packed_seeds, _packed_sources, PackedForm(), sites),
        _foreign("sparkplug", "sparkplug", _sparkplug()),
        _foreign("influx", "telegraf"),
        _foreign("senml", "senml", form=json),
        _foreign("redfish", "redfish", form=json),
    ]
    return {codec.name: codec for codec in made}


CODECS: Mapping[str, Codec] = MappingProxyType(_codecs())
