"""Sparkplug B 3.0 as a host application: messages in; samples, states of nodes and commands out.

Pure but for what it remembers: the births of edge nodes and devices, in memory. When messages are
lost, and after a start, a node is asked for its births; until they come only metrics that say
their names are taken. Values of births are readings like any other. A historical metric is
`recorded`: kept, and never taken for the present.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import msgspec

from ingest.reasons import Reason, Rejected, reject
from ingest.sample import NOT_SAID, Came, Command, Decoded, Names, Sample, Turn
from ingest.sparkplug_edge import EdgeNode, Known, Life
from ingest.sparkplug_schema import Metric, Payload, read_payload, rebirth_command
from ingest.sparkplug_topic import (
    COMMANDS,
    Address,
    MessageKind,
    command_topic,
    parse_address,
    state_topic,
)
from ingest.sparkplug_values import value_of
from podcore.clock import NS
from podcore.frame import Flag

HOST_ID = "podtwin"
MAX_METRICS = 10_000  # of a message; 256 KiB hold about as many
MAX_NAME = 1_024  # characters
MAX_EDGES = 10_000  # edge nodes
MAX_KNOWN = 400_000  # metrics, aliases and devices of births: a hundred full sites, some 60 MB
STATE_PAUSE_NS = 10 * NS  # two hosts of one id must not answer each other for ever

_MS = 1_000_000
_BD_SEQ = "bdSeq"
_CONTROLS = ("Node Control/", "Device Control/")
_BIRTHS = frozenset({MessageKind.NODE_BIRTH, MessageKind.DEVICE_BIRTH})


class _State(msgspec.Struct):
    online: bool


@dataclass(slots=True)
class _Message:
    """One message while it is read. trusted : whether aliases mean what the birth said."""

    address: Address
    payload: Payload
    edge: EdgeNode
    came: Came
    trusted: bool = False
    found: Decoded = field(default_factory=Decoded)

    @property
    def is_birth(self) -> bool:
        return self.address.kind in _BIRTHS


class Sparkplug:
    """The format `sparkplug`."""

    def __init__(self, host_id: str = HOST_ID) -> None:
        self.host_id = host_id
        self._edges: dict[tuple[str, str], EdgeNode] = {}
        self._known = 0
        self._stated_ns: int | None = None

    def decode(self, payload: bytes, _unit_ns: int = 1, came: Came = NOT_SAID) -> Decoded:
        """What a message says, does and asks for; never raises, whatever the bytes."""
        address = parse_address(came.topic)
        if address is None:
            return _refused(reject(Reason.BAD_TOPIC, "topic", came.topic, "spBv1.0/group/..."))
        if address.kind in COMMANDS:
            return Decoded()  # of this host, or of another
        if address.kind is MessageKind.STATE:
            return self._state(address, payload, came)
        read = read_payload(payload)
        if read is None:
            return _refused(reject(Reason.NOT_PROTOBUF, "payload", payload[:48]))
        if len(read.metrics) > MAX_METRICS:
            hint = f"a message has at most {MAX_METRICS} metrics"
            return _refused(reject(Reason.TOO_LARGE, "metrics", len(read.metrics), hint))
        edge = self._edge(address)
        if edge is None:
            hint = f"at most {MAX_EDGES} edge nodes are known"
            return _refused(reject(Reason.TOO_LARGE, "edge node", address.series, hint))
        message = _Message(address, read, edge, came)
        message.found.topic = address.data_topic
        self._hear(message)
        return message.found

    def names(self, series: str) -> Names | str:
        """Group, edge node and device of a series."""
        group, edge, *device = series.split("/")
        tags = {"group": group, "edge": edge}
        return Names(device[0], tags | {"device": device[0]}) if device else Names(edge, tags)

    def life(self, group: str, edge: str) -> Life:
        """What is known of an edge node."""
        known = self._edges.get((group, edge))
        return known.life if known is not None else Life.UNKNOWN

    def _edge(self, address: Address) -> EdgeNode | None:
        key = (address.group, address.edge)
        edge = self._edges.get(key)
        if edge is None and len(self._edges) < MAX_EDGES:
            edge = self._edges[key] = EdgeNode()
        return edge

    def _state(self, address: Address, payload: bytes, came: Came) -> Decoded:
        """Says again that this host is there, when something else said that it is not."""
        found = Decoded()
        try:
            online = msgspec.json.decode(payload, type=_State).online
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            online = False
        since_ns = STATE_PAUSE_NS if self._stated_ns is None else came.ns - self._stated_ns
        recently = 0 <= since_ns < STATE_PAUSE_NS  # below zero the clock was set back
        if address.edge == self.host_id and not online and not recently and not came.again:
            self._stated_ns = came.ns
            found.commands.append(Command(state_topic(self.host_id), None))
        return found

    def _hear(self, message: _Message) -> None:
        edge, kind = message.edge, message.address.kind
        if message.came.again:  # what it said of the node is long past
            message.trusted = edge.life is Life.ONLINE and message.came.ns >= edge.born_ns
        elif kind is MessageKind.NODE_DEATH:
            self._node_death(message)
            return
        else:
            self._known -= edge.held  # of the others, while it moves
            self._move(message)
            self._known += edge.held
        self._read(message)

    def _move(self, message: _Message) -> None:
        """What the message changes: life, numbers, births, states."""
        edge, address, payload = message.edge, message.address, message.payload
        seq = payload.seq if payload.HasField("seq") else None
        if address.kind is MessageKind.NODE_BIRTH:
            edge.born(seq, _bd_seq(payload), message.came.ns)
        else:
            edge.hear(seq)
        trusted = edge.life is Life.ONLINE
        if address.kind is MessageKind.DEVICE_BIRTH and trusted:
            edge.leave(address.device)
            trusted = self._has_room(edge)
            if trusted:
                edge.devices.add(address.device)
        elif address.kind is MessageKind.DEVICE_DEATH:
            edge.leave(address.device)
            message.found.turns.append(Turn(address.series, online=False))
        elif address.kind is MessageKind.DEVICE_DATA:
            trusted = trusted and address.device in edge.devices
        message.trusted = trusted
        if message.is_birth:
            message.found.turns.append(Turn(address.series, online=True))
            if trusted:
                self._learn(message)
        if not trusted and address.kind is not MessageKind.DEVICE_DEATH:
            self._ask(message)

    def _learn(self, message: _Message) -> None:
        for metric in message.payload.metrics:
            name = _name(metric)
            if name is not None and self._has_room(message.edge):
                alias = metric.alias if metric.HasField("alias") else None
                known = Known(message.address.device, name, metric.datatype)
                message.edge.learn(alias, known)

    def _has_room(self, edge: EdgeNode) -> bool:
        return self._known + edge.held < MAX_KNOWN

    def _ask(self, message: _Message) -> None:
        if message.edge.may_ask(message.came.ns):
            topic = command_topic(message.address.group, message.address.edge)
            command = Command(topic, rebirth_command(message.came.ns // _MS))
            message.found.commands.append(command)

    def _node_death(self, message: _Message) -> None:
        edge, address = message.edge, message.address
        gone = [address.series, *(f"{address.series}/{name}" for name in sorted(edge.devices))]
        held = edge.held
        if edge.dies(_bd_seq(message.payload)):
            message.found.turns += [Turn(series, online=False) for series in gone]
            self._known -= held

    def _read(self, message: _Message) -> None:
        found = message.found
        for number, metric in enumerate(message.payload.metrics, 1):
            read = self._metric(message, metric, number)
            if isinstance(read, Rejected):
                found.refusals.add(read)
            elif read is not None:
                found.samples.append(read)

    def _metric(self, message: _Message, metric: Metric, number: int) -> Sample | Rejected | None:
        known = _known(message, metric, f"metric {number}")
        if isinstance(known, Rejected):
            return known
        name = known.name
        if name == _BD_SEQ or name.startswith(_CONTROLS) or metric.is_null:
            return None
        flags = Flag.RECORDED if metric.is_historical else Flag.NONE
        ts_ns, series = _time_ns(message.payload, metric), message.address.series
        value = value_of(metric, metric.datatype or known.datatype, name)
        if isinstance(value, Rejected):
            return Sample(series, (), [], ts_ns, number, ((name, value),), flags)
        return Sample(series, (name,), [value], ts_ns, number, (), flags)


def _refused(why: Rejected) -> Decoded:
    found = Decoded()
    found.refusals.add(why)
    return found


def _name(metric: Metric) -> str | None:
    """The name that a metric says, or None."""
    try:
        name = metric.name.decode("utf-8")
    except UnicodeDecodeError:
        return None
    return name if 0 < len(name) <= MAX_NAME else None


def _known(message: _Message, metric: Metric, place: str) -> Known | Rejected:
    """Which metric it is: by its name, else by its alias."""
    device = message.address.device
    if metric.HasField("name") and metric.name:
        name = _name(metric)
        if name is None:
            hint = f"a name is UTF-8 of 1 to {MAX_NAME} characters"
            return reject(Reason.BAD_RECORD, f"{place} name", metric.name[:48], hint)
        return message.edge.metrics.get((device, name)) or Known(device, name, 0)
    if not metric.HasField("alias"):
        return reject(Reason.BAD_RECORD, place, "", "a metric says its name or its alias")
    if not message.trusted:
        hint = "what aliases mean is said by a birth, which was asked for"
        return reject(Reason.NO_BIRTH, f"{message.address.series} alias", metric.alias, hint)
    known = message.edge.aliases.get(metric.alias)
    if known is None or known.device != device:
        hint = "the birth has no such alias"
        return reject(Reason.NO_BIRTH, f"{message.address.series} alias", metric.alias, hint)
    return known


def _bd_seq(payload: Payload) -> int | None:
    for metric in payload.metrics:
        if metric.name == _BD_SEQ.encode():
            kind = metric.WhichOneof("value")
            value = getattr(metric, kind) if kind in {"long_value", "int_value"} else None
            return value if isinstance(value, int) else None
    return None


def _time_ns(payload: Payload, metric: Metric) -> int | None:
    if metric.HasField("timestamp"):
        return metric.timestamp * _MS
    return payload.timestamp * _MS if payload.HasField("timestamp") else None
