"""Redfish MetricReport (DMTF DSP2046): values as text, each with an id of its vendor.

The measurement is the report's Id, the field the MetricId. Tags: `property` is the MetricProperty
(the path of what was read) and `property.N` its Nth part, from 1; what a vendor adds below `Oem`
is there by its path, as `Dell.ContextID`. A value's own Timestamp counts, else the report's.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

import msgspec

from ingest.json_text import read_json
from ingest.reasons import Reason, Rejected, reject
from ingest.sample import NOT_SAID, Came, Decoded, Names, Sample
from ingest.timestamps import parse_ts

MAX_VALUES = 10_000  # a report; iDRAC sends some hundreds
MAX_SERIES = 4_096  # characters of all names of a value: they are keys of caches
MAX_DEPTH = 4  # of what stands below Oem
MAX_TIMES = 64  # of a report, whose text is not read again
NO_REPORT = "MetricReport"

_NUMBER = re.compile(r"[+-]?(?:\d++(?:\.\d*+)?|\.\d++)(?:[eE][+-]?\d++)?", re.ASCII)
_WORDS = {"true": 1.0, "false": 0.0}
_NOT_FINITE = {"nan", "inf", "infinity"}
_BETWEEN = re.compile(r"[/#]+")
_encoder = msgspec.json.Encoder()
_series = msgspec.json.Decoder(tuple[str, str, dict[str, object]])


class Redfish:
    """The format `redfish`."""

    def decode(self, payload: bytes, _unit_ns: int = 1, _came: Came = NOT_SAID) -> Decoded:
        """The samples of a report; never raises, whatever the bytes."""
        found = Decoded()
        report = read_json(payload)
        if isinstance(report, Rejected):
            found.refusals.add(report)
            return found
        values = report.get("MetricValues") if isinstance(report, dict) else None
        if not isinstance(report, dict) or not isinstance(values, list):
            hint = "a report is one JSON object with the array MetricValues"
            found.refusals.refuse(Reason.BAD_RECORD, "payload", payload[:48], hint)
        elif len(values) > MAX_VALUES:
            hint = f"a report has at most {MAX_VALUES} values"
            found.refusals.refuse(Reason.TOO_LARGE, "MetricValues", len(values), hint)
        else:
            _Report(report, found).read(values)
        return found

    def names(self, series: str) -> Names | str:
        """Report, property and vendor's names of a series."""
        report, path, oem = _series.decode(series)
        parts = [part for part in _BETWEEN.split(path) if part]
        tags = {f"property.{number}": part for number, part in enumerate(parts, 1)}
        return Names(report, {"property": path} | tags | dict(_texts(oem)))


class _Report:
    """One report while it is read."""

    def __init__(self, report: Mapping[str, object], found: Decoded) -> None:
        self._name = _name(report)
        self._otherwise = report.get("Timestamp")
        self._found = found
        self._times: dict[str, int | Rejected] = {}

    def read(self, values: list[object]) -> None:
        """Makes a sample of each value."""
        for number, value in enumerate(values, 1):
            read = self._read(value, number)
            if isinstance(read, Rejected):
                self._found.refusals.add(read)
            elif read is not None:
                self._found.samples.append(read)

    def _read(self, value: object, number: int) -> Sample | Rejected | None:
        place = f"MetricValues[{number - 1}]"
        if not isinstance(value, dict):
            return reject(Reason.BAD_RECORD, place, value, "a value is one JSON object")
        text = value.get("MetricValue")
        if text is None or text == "":
            return None  # not there now
        names = _names(self._name, value)
        if names is None:
            hint = f"a value has MetricId or MetricProperty, and names of {MAX_SERIES} characters"
            return reject(Reason.BAD_RECORD, place, value.get("MetricId"), hint)
        ts_ns = self._time(value.get("Timestamp", self._otherwise), place)
        if isinstance(ts_ns, Rejected):
            return ts_ns
        series, field = names
        read = _value(text, field)
        if isinstance(read, Rejected):
            return Sample(series, (), [], ts_ns, number, ((field, read),))
        return Sample(series, (field,), [read], ts_ns, number)

    def _time(self, text: object, place: str) -> int | Rejected | None:
        if text is None:
            return None
        if not isinstance(text, str):
            return reject(Reason.TS_FORMAT, f"{place}.Timestamp", text)
        if text not in self._times:
            if len(self._times) >= MAX_TIMES:
                self._times.clear()
            self._times[text] = parse_ts(text)
        return self._times[text]


def _name(report: Mapping[str, object]) -> str:
    name = report.get("Id")
    return name if isinstance(name, str) and name else NO_REPORT


def _names(report: str, value: Mapping[str, object]) -> tuple[str, str] | None:
    """Series and field of a value; None when it has no name, or one past all bounds."""
    path, field = value.get("MetricProperty") or "", value.get("MetricId")
    if not isinstance(path, str):
        return None
    if not field:
        field = next((part for part in reversed(_BETWEEN.split(path)) if part), "")
    if not field or not isinstance(field, str) or len(field) > MAX_SERIES:
        return None
    oem = value.get("Oem")
    try:
        series = _encoder.encode((report, path, oem if isinstance(oem, dict) else {})).decode()
    except (RecursionError, UnicodeEncodeError):  # only what the loose reading lets through
        return None
    return (series, field) if len(series) <= MAX_SERIES else None


def _texts(oem: Mapping[str, object], above: str = "", depth: int = 1) -> Iterator[tuple[str, str]]:
    """Texts below `Oem`, by their paths."""
    for key, value in oem.items():
        path = f"{above}{key}"
        if isinstance(value, dict) and depth < MAX_DEPTH:
            yield from _texts(value, f"{path}.", depth + 1)
        elif isinstance(value, str | int) and not isinstance(value, bool):
            yield path, str(value)


def _value(sent: object, field: str) -> float | Rejected:
    """The number that a text says; true and false are 1 and 0."""
    if isinstance(sent, bool):
        return float(sent)
    text = str(sent).strip() if isinstance(sent, str | int | float) else ""
    if _NUMBER.fullmatch(text) and len(text) <= MAX_SERIES:
        number = float(text)
        return number if abs(number) < float("inf") else reject(Reason.NOT_FINITE, field, sent)
    word = _WORDS.get(text.lower())
    if word is not None:
        return word
    if text.lower().lstrip("+-") in _NOT_FINITE:
        return reject(Reason.NOT_FINITE, field, sent)
    return reject(Reason.WRONG_TYPE, field, sent, "text is no reading")
