"""Values of Sparkplug B metrics as numbers, by datatype.

Integers travel as unsigned ones of 32 or 64 bits; senders extend the sign of small ones to 32 bits
or leave it at their width, and both are read. What is no number (text, bytes, data sets,
templates, arrays) is no reading.
"""

from __future__ import annotations

from types import MappingProxyType

from ingest.reasons import Reason, Rejected, reject
from ingest.sparkplug_schema import BOOLEAN, Metric

_SIGNED = MappingProxyType({1: 8, 2: 16, 3: 32, 4: 64})
_UNSIGNED = MappingProxyType({5: 8, 6: 16, 7: 32, 8: 64, 13: 64})  # 13: DateTime, in ms
_FLOATS = frozenset({9, 10})
_NUMBERS = frozenset({"int_value", "long_value", "float_value", "double_value"})
_INTEGERS = frozenset({"int_value", "long_value"})
_NAMES = MappingProxyType(
    {12: "String", 14: "Text", 15: "UUID", 16: "DataSet", 17: "Bytes", 18: "File", 19: "Template"}
)
NUMERIC = frozenset({*_SIGNED, *_UNSIGNED, *_FLOATS, BOOLEAN})


def value_of(metric: Metric, datatype: int, name: str) -> float | Rejected:
    """The number that a metric says, or why it says none."""
    kind = metric.WhichOneof("value")
    if datatype not in NUMERIC or kind is None:
        return _no_number(datatype, kind, name)
    sent = getattr(metric, kind)
    if datatype == BOOLEAN:
        if kind != "boolean_value" and kind not in _INTEGERS:
            return reject(Reason.WRONG_TYPE, name, kind, "the datatype is Boolean")
        return float(bool(sent))
    if kind not in _NUMBERS:
        return reject(Reason.WRONG_TYPE, name, kind, f"the datatype is number {datatype}")
    if kind in _INTEGERS and datatype not in _FLOATS:
        return _integer(sent, datatype, name)
    return float(sent) if abs(sent) < float("inf") else reject(Reason.NOT_FINITE, name, sent)


def _integer(sent: int, datatype: int, name: str) -> float | Rejected:
    bits = _SIGNED.get(datatype) or _UNSIGNED[datatype]
    within = sent < 1 << bits
    if datatype in _SIGNED:
        half = 1 << (bits - 1)
        for width in (bits, 32, 64):
            if width >= bits and (1 << width) - half <= sent < 1 << width:
                return float(sent - (1 << width))
        within = sent < half
    if within:
        return float(sent)
    return reject(Reason.WRONG_TYPE, name, sent, f"the datatype has {bits} bits")


def _no_number(datatype: int, kind: str | None, name: str) -> Rejected:
    if datatype == 0:
        hint = "neither it nor its birth says a datatype"
        return reject(Reason.NO_BIRTH, name, kind, hint)
    if datatype in NUMERIC:
        hint = "it has no value, and does not say that it is null"
        return reject(Reason.WRONG_TYPE, name, kind, hint)
    called = _NAMES.get(datatype, f"datatype {datatype}")
    return reject(Reason.WRONG_TYPE, name, called, f"{called} is no reading")
