"""SenML JSON (RFC 8428): an array of records, each resolved by the base fields before it.

A record is one value. Its name is that of the base and its own in one; the last part of it,
behind the last `/` or `:`, is the field, what stands before is the measurement. Tags are `name`,
the whole of it, and `unit`. A time below 2^28 counts from when the message came. The sum `s` of a
record is not read.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from ingest.json_text import read_json
from ingest.reasons import Reason, Rejected, reject
from ingest.sample import NOT_SAID, Came, Decoded, Names, Sample
from podcore.frame import Flag

MAX_RECORDS = 10_000  # a pack; 256 KiB hold about as many of 25 bytes
MAX_NAME = 1_024  # characters of a resolved name
MAX_UNIT = 64
MAX_FIELDS = 20_000  # resolved names whose field is kept: ten sites' worth
VERSION = 10
ABSOLUTE_S = 2**28  # times from here on count from 1970, earlier ones from now
MAX_TIME_S = 1e11  # the year 5138; what is past it is in another unit

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9:./_-]*")
_VALUES = ("v", "vb", "vs", "vd")
_TEXTS = {"vs": "text", "vd": "data"}
_NAMES = "a name is of A-Z, a-z, 0-9 and - : . / _ and begins with a letter or digit"
_UNRESOLVED = "it and the records after it cannot be resolved"
_Record = dict[str, object]


@dataclass(slots=True)
class _Base:
    """Base fields as the records so far have set them."""

    name: str = ""
    unit: str = ""
    time_s: float | None = None
    value: float = 0.0

    def take(self, record: object, place: str) -> Rejected | None:
        """Sets what a record sets, or says which of it cannot be read."""
        if not isinstance(record, dict):
            return reject(Reason.BAD_RECORD, place, record, "a record is one JSON object")
        for key, value in record.items():
            good = _BASE_FIELDS.get(key)
            if (good is None and key.endswith("_")) or (good is not None and not good(value)):
                return reject(Reason.BAD_RECORD, f"{place} {key}", value, _UNRESOLVED)
        if "bn" in record:
            self.name = record["bn"]
        if "bu" in record:
            self.unit = record["bu"]
        if "bt" in record:
            self.time_s = float(record["bt"])
        if "bv" in record:
            self.value = float(record["bv"])
        return None


class SenML:
    """The format `senml`; it keeps which names have which field, else nothing."""

    def __init__(self) -> None:
        self._fields: dict[str, tuple[str, ...]] = {}

    def decode(self, payload: bytes, _unit_ns: int = 1, came: Came = NOT_SAID) -> Decoded:
        """The samples of a pack; never raises, whatever the bytes."""
        found = Decoded()
        pack = read_json(payload)
        if isinstance(pack, Rejected):
            found.refusals.add(pack)
        elif not isinstance(pack, list):
            hint = "a pack is one JSON array of records"
            found.refusals.refuse(Reason.BAD_RECORD, "payload", payload[:48], hint)
        elif len(pack) > MAX_RECORDS:
            hint = f"a pack has at most {MAX_RECORDS} records"
            found.refusals.refuse(Reason.TOO_LARGE, "payload", payload[:48], hint)
        elif not pack:
            found.refusals.refuse(Reason.EMPTY, "payload", payload[:48])
        else:
            self._decode_pack(pack, came, found)
        return found

    def names(self, series: str) -> Names | str:
        """Measurement and tags of a series; only names that follow the rules come this far."""
        name, _, unit = series.partition(" ")
        measurement, _ = _split(name)
        return Names(measurement, {"name": name, "unit": unit})

    def _decode_pack(self, pack: list[object], came: Came, found: Decoded) -> None:
        base = _Base()
        for number, record in enumerate(pack, 1):
            place = f"record {number}"
            fault = base.take(record, place)
            if fault is not None or not isinstance(record, dict):
                # What the ones after it are called is not known either.
                for _ in pack[number - 1 :]:
                    found.refusals.add(fault or reject(Reason.BAD_RECORD, place, record))
                return
            read = self._read(base, record, came, number)
            if isinstance(read, Sample):
                found.samples.append(read)
            elif read is not None:
                found.refusals.add(read)

    def _read(
        self, base: _Base, record: _Record, came: Came, number: int
    ) -> Sample | Rejected | None:
        """The sample of a record; None when it has base fields alone."""
        place = f"record {number}"
        kinds = [kind for kind in _VALUES if kind in record]
        if not kinds and "s" not in record:
            return None
        if len(kinds) > 1:
            return reject(Reason.BAD_RECORD, place, " ".join(kinds), "a record has one value")
        name = self._name(base, record, place)
        if isinstance(name, Rejected):
            return name
        unit = record.get("u", base.unit)
        if not isinstance(unit, str) or len(unit) > MAX_UNIT:
            return reject(Reason.BAD_RECORD, f"{place} u", unit, "a unit is a short text")
        time = _time(base, record, came, place)
        if isinstance(time, Rejected):
            return time
        ts_ns, flags = time
        value = _value(base, record, kinds, place)
        field, series = self._fields[name], f"{name} {unit}"
        if isinstance(value, Rejected):
            return Sample(series, (), [], ts_ns, number, ((field[0], value),), flags)
        return Sample(series, field, [value], ts_ns, number, (), flags)

    def _name(self, base: _Base, record: _Record, place: str) -> str | Rejected:
        """The resolved name, its field kept, or why it is none."""
        own = record.get("n", "")
        name = base.name + own if isinstance(own, str) else ""
        if name not in self._fields:
            if len(name) > MAX_NAME or not _NAME.fullmatch(name):
                return reject(Reason.BAD_RECORD, f"{place} n", name or own, _NAMES)
            if len(self._fields) >= MAX_FIELDS:
                self._fields.clear()
            self._fields[name] = (_split(name)[1],)
        return name


def _split(name: str) -> tuple[str, str]:
    """What stands before the last `/` or `:` that something follows, and what follows it."""
    bare = name.rstrip("/:") or name
    at = max(bare.rfind("/"), bare.rfind(":"))
    return (bare[:at], bare[at + 1 :]) if at >= 0 else ("", bare)


def _value(base: _Base, record: _Record, kinds: list[str], place: str) -> float | Rejected:
    if not kinds:
        return reject(Reason.WRONG_TYPE, f"{place} s", record["s"], "a sum alone is not read")
    kind = kinds[0]
    value = record[kind]
    if kind in _TEXTS:
        return reject(Reason.WRONG_TYPE, f"{place} {kind}", value, f"{_TEXTS[kind]} is no reading")
    if kind == "vb":
        if isinstance(value, bool):
            return float(value)
        return reject(Reason.WRONG_TYPE, f"{place} vb", value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return reject(Reason.WRONG_TYPE, f"{place} v", value)
    number = _number(value, None)
    total = float("inf") if number is None else number + base.value
    return total if _is_number(total) else reject(Reason.NOT_FINITE, f"{place} v", value)


def _time(
    base: _Base, record: _Record, came: Came, place: str
) -> tuple[int | None, Flag] | Rejected:
    """Source time in ns, None for now, with the flag of one that counts from the arrival."""
    own = record.get("t")
    if own is None and base.time_s is None:
        return None, Flag.NONE
    seconds = (_number(own, 0.0) or 0.0) + (base.time_s or 0.0)
    if (own is not None and not _is_number(own)) or not abs(seconds) < MAX_TIME_S:
        return reject(Reason.TS_FORMAT, f"{place} t", own, "t and bt are in seconds")
    time_ns = round(seconds * 1e6) * 1_000  # a float of today's seconds has a step of 0.24 µs
    if seconds >= ABSOLUTE_S:
        return time_ns, Flag.NONE
    return (came.ns + time_ns, Flag.NO_SOURCE_TIME) if time_ns else (None, Flag.NONE)


def _is_number(value: object) -> bool:
    return _number(value, None) is not None


def _number(value: object, otherwise: float | None) -> float | None:
    """A finite number as float, else what stands for it."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return otherwise
    try:
        number = float(value)
    except OverflowError:  # an integer past float64
        return otherwise
    return number if abs(number) < float("inf") else otherwise


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def _is_version(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 < value <= VERSION


_BASE_FIELDS: Mapping[str, Callable[[object], bool]] = {
    "bver": _is_version, "bn": _is_text, "bu": _is_text,
    "bt": _is_number, "bv": _is_number, "bs": _is_number,
}  # fmt: skip
