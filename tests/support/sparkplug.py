"""Sparkplug messages by hand, to a host that reads them."""

from __future__ import annotations

from dataclasses import dataclass, field

from ingest.sample import Came, Decoded
from ingest.sparkplug import Sparkplug
from ingest.sparkplug_schema import new_payload

NOON_MS = 1_795_521_600_000
INT32, INT64, FLOAT, DOUBLE, BOOLEAN, STRING = 3, 4, 9, 10, 11, 12
_FIELDS = {
    INT32: "int_value", INT64: "long_value", FLOAT: "float_value", DOUBLE: "double_value",
    BOOLEAN: "boolean_value", STRING: "string_value",
}  # fmt: skip


def metric(
    name: str | None, value: object = None, kind: int = DOUBLE, *, alias: int | None = None,
    typed: bool = True, **more: object,
) -> dict[str, object]:  # fmt: skip
    """A metric; `typed` says its datatype, as in a birth."""
    made: dict[str, object] = {} if name is None else {"name": name.encode()}
    made |= {} if alias is None else {"alias": alias}
    made |= {"datatype": kind} if typed else {}
    return made | ({} if value is None else {_FIELDS[kind]: value}) | more


def bd_seq(number: int) -> dict[str, object]:
    """What a death is matched by."""
    return metric("bdSeq", number, INT64)


@dataclass(slots=True)
class Talk:
    """Messages to a host, each numbered; the host's answers."""

    host: Sparkplug = field(default_factory=Sparkplug)
    now_ms: int = NOON_MS
    seq: int = 0

    def send(
        self, topic: str, *metrics: object, seq: int | None = None, again_ms: int | None = None
    ) -> Decoded:
        """One message on `spBv1.0/plant/` and what is told; its number follows unless given."""
        kind, _, rest = topic.partition("/")
        fields: dict[str, object] = {"timestamp": self.now_ms, "metrics": metrics}
        if kind != "NDEATH":
            number = 0 if kind == "NBIRTH" else self.seq if seq is None else seq
            self.seq, fields["seq"] = (number + 1) % 256, number
        return self.hear(f"spBv1.0/plant/{kind}/{rest}", new_payload(**fields), again_ms=again_ms)

    def hear(self, topic: str, payload: bytes, *, again_ms: int | None = None) -> Decoded:
        """One payload, come now or, of one that is tried again, then."""
        came_ns = (self.now_ms if again_ms is None else again_ms) * 1_000_000
        return self.host.decode(payload, 1, Came(topic, came_ns, again_ms is not None))
