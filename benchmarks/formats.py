"""CPU time of other formats: decode, and all of it from bytes to Frames.

    python -P benchmarks/formats.py [--repeat K] [--number N]

What is read is what a real Telegraf sent (the recordings of the tests), the processors of a
large host made like them, and fifty values in each of the other formats. Beside it as many values
of the native forms, JSON and packed, for the ratio that carries over to another machine. CPU time
of this thread, the best of the repeats.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from ingest.foreign import ForeignReader, ForeignSource
from ingest.inbox import Arrival
from ingest.line_protocol import LineProtocol
from ingest.mapping import Mapping, Match, Place, Rule, Sent
from ingest.native import Telemetry, decode_telemetry, encode_telemetry
from ingest.native_msgpack import decode_packed
from ingest.redfish import Redfish
from ingest.registry import Registry
from ingest.sample import NOT_SAID, Came, Decoded, Format
from ingest.senml import SenML
from ingest.sparkplug import Sparkplug
from ingest.sparkplug_schema import new_payload
from ingest.topic_filter import TopicFilter
from ingest.validate import Validator
from podtwin.config.mapping import load_mapping

ROOT = Path(__file__).resolve().parents[1]
RECORDED = ROOT / "tests" / "recordings" / "telegraf" / "shipped"
NOW_NS = 1_795_577_100_000_000_000  # behind what was recorded
CORES = 32
FIFTY = 50
ANY = Mapping([Rule(Match(), Place.parse("lab", "gw", "dev/{field}"), Sent("Cel"))])


@dataclass(frozen=True)
class Payload:
    """A message, its format, and what must come before it."""

    name: str
    topic: str
    text: bytes
    form: Format = field(default_factory=LineProtocol)
    before: tuple[tuple[str, bytes], ...] = ()


def main() -> None:
    """Prints a table and one line of JSON."""
    options = arguments()
    load = os.getloadavg()[0]
    print(
        f"{platform.machine()}, {os.cpu_count()} cores, load {load:.1f}, CPU time, best of repeats"
    )
    print(
        f"{'payload':<24} {'values':>6} {'decode µs':>10} {'to Frame µs':>12} {'native µs':>10} "
        f"{'packed µs':>10}"
    )
    results = []
    for payload in [*recorded(), cores(), *others()]:
        found = measure(payload, options.repeat, options.number)
        results.append(found)
        print(
            f"{payload.name:<24} {found['values']:6.0f} {found['decode_us']:10.3f} "
            f"{found['take_us']:12.3f} {found['native_us']:10.3f} {found['packed_us']:10.3f}"
        )
    print(json.dumps({"benchmark": "formats", "a_value": results}))


def arguments() -> argparse.Namespace:
    """The options of the command line."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--repeat", type=int, default=15)
    parser.add_argument("--number", type=int, default=200, help="messages a repeat")
    return parser.parse_args()


def recorded() -> list[Payload]:
    """The newest message of each topic that Telegraf sent."""
    rows = [json.loads(line) for line in (RECORDED / "messages.jsonl").read_text().splitlines()]
    newest = {row["topic"]: row["payload"].encode() for row in rows}
    return [
        Payload(f"telegraf {topic.rpartition('/')[2]}", topic, text)
        for topic, text in sorted(newest.items())
    ]


def cores() -> Payload:
    """The processors of a large host, as Telegraf writes them."""
    lines = [
        f"cpu,cpu=cpu{n},host=node-01 usage_active={n * 1.731 % 100!r},usage_iowait=0 {NOW_NS}\n"
        for n in range(CORES)
    ]
    return Payload(f"telegraf cpu, {CORES} cores", "telegraf/node-01/cpu", "".join(lines).encode())


def others() -> list[Payload]:
    """Fifty values of one device in each of the other formats."""
    names = [f"temp_{number:02d}" for number in range(FIFTY)]
    values = [20.0 + number * 0.731 for number in range(FIFTY)]
    rows = list(zip(names, values, strict=True))
    pack: list[dict[str, object]] = [{"bn": "dev:", "bt": NOW_NS // 10**9, "bu": "Cel"}]
    pack += [{"n": name, "v": value} for name, value in rows]
    path = "/redfish/v1/Chassis/1/Sensors/"
    report = [
        {"MetricId": name, "MetricValue": f"{value:.3f}", "MetricProperty": path + name}
        for name, value in rows
    ]
    births = [
        {"name": name.encode(), "alias": number, "datatype": 10, "double_value": value}
        for number, (name, value) in enumerate(rows)
    ]
    data = [{"alias": number, "double_value": value} for number, value in enumerate(values)]
    stamp = NOW_NS // 10**6
    born = [("spBv1.0/g/NBIRTH/e", new_payload(timestamp=stamp, seq=0, metrics=births))]
    return [
        Payload("senml, 50", "t", json.dumps(pack).encode(), SenML()),
        Payload(
            "redfish, 50", "t", json.dumps({"Id": "R", "MetricValues": report}).encode(), Redfish()
        ),
        Payload(
            "sparkplug aliases, 50", "spBv1.0/g/NDATA/e",
            new_payload(timestamp=stamp, seq=1, metrics=data), Trusting(), tuple(born),
        ),
    ]  # fmt: skip


class Trusting(Sparkplug):
    """A host to which the same message comes again and again, as if its number followed."""

    def decode(self, payload: bytes, unit_ns: int = 1, came: Came = NOT_SAID) -> Decoded:
        """Reads it as the message behind the birth."""
        for edge in self._edges.values():
            edge.seq = 0
        return super().decode(payload, unit_ns, came)


def measure(payload: Payload, repeat: int, number: int) -> dict[str, float | str]:
    """CPU time a value: of the decoder, of all until the Frame, of both native forms."""
    form = payload.form
    mapping = load_mapping(RECORDED / "map.yaml")[0] if isinstance(form, LineProtocol) else ANY
    registry = Registry({}, {}, {}, discover=True)
    validator = Validator(registry)
    reader = ForeignReader(
        ForeignSource(TopicFilter.parse("#"), form, mapping), registry, validator
    )
    arrival = Arrival(1, 1, 1, payload.topic, payload.text, len(payload.text), NOW_NS)
    came = Came(payload.topic, NOW_NS)
    for topic, text in payload.before:
        reader.take(Arrival(1, 1, 1, topic, text, len(text), NOW_NS))
    taken = reader.take(arrival)
    values = sum(len(sample.fields) for sample in form.decode(payload.text, 1, came).samples)
    readings = taken.readings
    points = [point.id for point in registry.sites()[0].points]
    native = encode_telemetry(None, None, NOW_NS, dict.fromkeys(points, 12.3456))
    site = registry.sites()[0].id
    node = "telegraf-node-01" if isinstance(form, LineProtocol) else "gw"
    packed = msgspec.msgpack.encode(msgspec.json.decode(native))

    def as_json() -> None:
        message = decode_telemetry(native)
        assert isinstance(message, Telemetry)  # noqa: S101 -- ours, and good
        validator.telemetry(site, node, message, NOW_NS)

    def as_packed() -> None:
        message = decode_packed(packed)
        assert isinstance(message, Telemetry)  # noqa: S101 -- ours, and good
        validator.telemetry(site, node, message, NOW_NS)

    return {
        "payload": payload.name,
        "values": values,
        "decode_us": best_us(lambda: form.decode(payload.text, 1, came), repeat, number) / values,
        "take_us": best_us(lambda: reader.take(arrival), repeat, number) / values,
        "native_us": best_us(as_json, repeat, number) / readings,
        "packed_us": best_us(as_packed, repeat, number) / readings,
    }


def best_us(run: Callable[[], object], repeat: int, number: int) -> float:
    """CPU time of one run, the least of the repeats. [µs]"""
    best = float("inf")
    for _ in range(repeat):
        started_s = time.thread_time()
        for _ in range(number):
            run()
        best = min(best, time.thread_time() - started_s)
    return best * 1e6 / number


if __name__ == "__main__":
    main()
