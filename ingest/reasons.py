"""Why an input was not taken: one closed list, each with its rule and its way out."""

from __future__ import annotations

import enum
from types import MappingProxyType

import msgspec

from podcore.errors import shorten


class Reason(enum.StrEnum):
    """The word under which a refused input is counted."""

    EMPTY = "empty"
    TOO_LARGE = "too_large"
    BAD_TOPIC = "bad_topic"
    NOT_UTF8 = "not_utf8"
    NOT_JSON = "not_json"
    TOO_DEEP = "too_deep"
    WRONG_VERSION = "wrong_version"
    WRONG_TYPE = "wrong_type"
    MISSING_FIELD = "missing_field"
    NO_BIRTH = "no_birth"
    WRONG_LENGTH = "wrong_length"
    TS_FORMAT = "ts_format"
    TS_RANGE = "ts_range"
    NOT_FINITE = "not_finite"
    BAD_NAME = "bad_name"
    UNKNOWN_SITE = "unknown_site"
    UNKNOWN_POINT = "unknown_point"
    UNKNOWN_QUANTITY = "unknown_quantity"
    WRONG_UNIT = "wrong_unit"
    OWNED_BY_OTHER_NODE = "owned_by_other_node"
    TOO_MANY_POINTS = "too_many_points"
    TOO_MANY_NODES = "too_many_nodes"
    TOO_MANY_SITES = "too_many_sites"
    BAD_LINE = "bad_line"
    UNMAPPED = "unmapped"
    POINT_TWICE = "point_twice"
    BAD_RECORD = "bad_record"
    NOT_MSGPACK = "not_msgpack"
    NOT_PROTOBUF = "not_protobuf"


_TEXTS: MappingProxyType[Reason, tuple[str, str]] = MappingProxyType(
    {
        Reason.EMPTY: (
            "a payload has at least one byte",
            "send values: a JSON object with v and m, or lines of the source's format",
        ),
        Reason.TOO_LARGE: ("a payload has at most 256 KiB", "send fewer points in a message"),
        Reason.BAD_TOPIC: (
            "a topic is podtwin/v1/{site}/{node}/telemetry, birth or state; ids are of a-z, 0-9, -",
            "correct the topic that the sender publishes to",
        ),
        Reason.NOT_UTF8: (
            "a payload is UTF-8",
            "encode it as UTF-8, or choose its format for this topic",
        ),
        Reason.NOT_JSON: (
            "a payload is JSON, of PodTwin's own one object",
            "validate what the sender makes with a JSON parser",
        ),
        Reason.TOO_DEEP: ("a payload nests a few levels", "send values as one flat object under m"),
        Reason.WRONG_VERSION: ("v is 1", "send v: 1, or update PodTwin if the sender is newer"),
        Reason.WRONG_TYPE: (
            "the value has another type than its field",
            "send a number",
        ),
        Reason.MISSING_FIELD: ("v and one of m and a are required", "add the field"),
        Reason.NO_BIRTH: (
            "values without names (the compact form a, an alias) need a birth of their node first",
            "publish a birth, or send names",
        ),
        Reason.WRONG_LENGTH: (
            "a has one entry for each point of the birth",
            "send null for what was not sampled",
        ),
        Reason.TS_FORMAT: (
            "ts is RFC 3339 with a zone, or integer ns",
            "for example 2026-11-24T14:03:20Z",
        ),
        Reason.TS_RANGE: (
            "ts lies between 2000-01-01 and one day from now",
            "set the sender's clock",
        ),
        Reason.NOT_FINITE: ("a value is a finite number", "send null, or leave the point out"),
        Reason.BAD_NAME: (
            "a point id is asset/point of a-z, 0-9, - and (in the point) _",
            "rename the point",
        ),
        Reason.UNKNOWN_SITE: (
            "the site has a site file or was born",
            "add sites/<site>.yaml, or turn ingest.discover on and send a birth",
        ),
        Reason.UNKNOWN_POINT: (
            "the point stands in the site file or in a birth",
            "add it to the site file or to the birth",
        ),
        Reason.UNKNOWN_QUANTITY: ("the quantity is one of the known list", "see docs/points.md"),
        Reason.WRONG_UNIT: ("the unit is accepted for the point's quantity", "see docs/points.md"),
        Reason.OWNED_BY_OTHER_NODE: (
            "a point belongs to the node that bore it first, or to the site file's nodes",
            "send it from one node only, or free it by taking the other out of nodes",
        ),
        Reason.TOO_MANY_POINTS: (
            "a site has at most 2,000 points, of which one node adds at most 1,500",
            "split it into several sites of one group, or see ingest.max_node_points",
        ),
        Reason.TOO_MANY_NODES: (
            "a site has at most 500 nodes that its file does not name",
            "name them under nodes in the site file, or raise ingest.max_nodes",
        ),
        Reason.TOO_MANY_SITES: (
            "discovery makes at most 1,000 sites",
            "add sites/<site>.yaml, or raise ingest.max_sites",
        ),
        Reason.BAD_LINE: (
            "a line is measurement,tag=value field=value time",
            "correct what the sender writes; the other lines are taken",
        ),
        Reason.UNMAPPED: (
            "a rule of the mapping says what a foreign name is",
            "add a rule for it, or one with ignore: true",
        ),
        Reason.POINT_TWICE: (
            "at one time one name alone fills a point",
            "tell the names apart in the rule's point, as by {tag.host}",
        ),
        Reason.BAD_RECORD: (
            "a record follows its format",
            "correct what the sender writes; see docs/formats.md",
        ),
        Reason.NOT_MSGPACK: (
            "a payload is one map of MessagePack",
            "pack it as the source says, or take the topic out of the source",
        ),
        Reason.NOT_PROTOBUF: (
            "a payload is one of Sparkplug B, as protocol buffers",
            "choose the format that is sent for this topic",
        ),
    }
)


class Rejected(msgspec.Struct, frozen=True):
    """One refused thing: where it stood, what it was, which rule, what to do."""

    reason: Reason
    place: str
    value: str
    rule: str
    way_out: str

    def __str__(self) -> str:
        return f"{self.place} is {self.value}: {self.rule}; {self.way_out}"


def reject(reason: Reason, place: str, value: object, hint: str = "") -> Rejected:
    """A refusal with the texts of its reason; `hint` goes before the general way out."""
    rule, way_out = _TEXTS[reason]
    return Rejected(
        reason, shorten_text(place), _shown(value), rule, f"{hint}; {way_out}" if hint else way_out
    )


def _shown(value: object) -> str:
    # Not the text of a container: one nested as deep as the parser goes would be too deep to show.
    if isinstance(value, dict):
        return "an object"
    return "an array" if isinstance(value, list) else shorten(value)


def shorten_text(text: str, limit: int = 200) -> str:
    """The text, cut and printable; hostile names must not fill or break the log of refusals."""
    shown = text if text.isprintable() else repr(text)[1:-1]  # a lone surrogate is no UTF-8
    return shown if len(shown) <= limit else shown[: limit - 1] + "…"
