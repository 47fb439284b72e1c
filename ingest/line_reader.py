"""Line protocol read step by step: what has escapes, text or faults, and names the place of these.

Each line is read once, from its left to its right; a bad line costs itself alone, a bad value costs
that value.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

from ingest.reasons import Reason, Rejected, reject
from ingest.sample import Decoded, Sample

MAX_FIELDS = 2_000  # a line; as many as a site has points
MAX_FIELD_NAME = 256
INT64 = 2**63
_UINT64 = 2**64

# Possessive: what was read stays read, so that no line is tried in several ways.
_SERIES = re.compile(r"(?:[^ \\\n]|\\[^\n]|\\)++")
_KEY = re.compile(r"(?:[^ ,=\\\n]|\\[^\n]|\\)++")
_STRING = re.compile(r'"(?:[^"\\]|\\.)*+"', re.DOTALL)
_BARE = re.compile(r"[^ ,\n]*+")
_SPACES = re.compile(r" *+")
_TIME = re.compile(r"[^ \n]*+")
_ESCAPED = re.compile(r"\\([,= ])")
# Possessive: a long run of digits that is no number must not be tried in two parts at every place.
_FLOAT = re.compile(r"[-+]?(?:\d++(?:\.\d*+)?|\.\d++)(?:[eE][-+]?\d++)?", re.ASCII)
_INTEGER = re.compile(r"([-+]?\d{1,20})([iu])", re.ASCII)
_INTEGER_TIME = re.compile(r"-?\d{1,20}", re.ASCII)  # ns of the year 9999 take 18
_TRUE = frozenset({"t", "T", "true", "True", "TRUE"})
_FALSE = frozenset({"f", "F", "false", "False", "FALSE"})
_NOT_FINITE = frozenset({"nan", "inf", "+inf", "-inf", "infinity", "+infinity", "-infinity"})


@dataclass(slots=True)
class LineReader:
    """Reads a text into `found`; `at` is where it has come to, `line` the number of that line."""

    text: str
    line: int
    unit_ns: int
    found: Decoded
    at: int = 0

    def read(self) -> None:
        """All lines."""
        while self.at < len(self.text):
            start = self.at
            self._spaces()
            if not self._ends() and not self.text.startswith("#", self.at):
                self._one(start)
            else:
                self._next_line(start, self.at)

    def _one(self, start: int) -> None:
        """One line; whatever is wrong with it, the next one is read from its beginning."""
        sample = Sample(self._take(_SERIES), (), [], None, self.line)
        fault = self._fields(sample) or self._time(sample)
        if fault is None:
            self.found.samples.append(sample)
            self._next_line(start, self.at)
            return
        place = f"line {self.line} character {self.at - start + 1}"
        shown = self.text[self.at : self.at + 24].partition("\n")[0]
        self.found.refusals.refuse(fault[0], place, shown, fault[1])
        # Text that has no end would take the lines after it along; they are read for themselves.
        self._next_line(start, start if self.text.startswith('"', self.at) else self.at)

    def _fields(self, sample: Sample) -> tuple[Reason, str] | None:
        keys: list[str] = []
        bad: list[tuple[str, Rejected]] = []
        self._spaces()
        while True:
            key = unescaped(self._take(_KEY))
            if not key or not self.text.startswith("=", self.at):
                return Reason.BAD_LINE, "here a field as name=value is expected"
            if len(key) > MAX_FIELD_NAME:
                return Reason.BAD_LINE, f"a field's name has at most {MAX_FIELD_NAME} characters"
            self.at += 1
            is_text = self.text.startswith('"', self.at)
            value = self._take(_STRING if is_text else _BARE)
            if is_text and not value:
                return Reason.BAD_LINE, "the text that begins here has no end"
            number = _number(f"line {sample.line} {key}", value.removesuffix("\r"))
            if isinstance(number, Rejected):
                bad.append((key, number))
            else:
                keys.append(key)
                sample.values.append(number)
            if len(keys) + len(bad) > MAX_FIELDS:
                return Reason.BAD_LINE, f"a line has at most {MAX_FIELDS} fields"
            if not self.text.startswith(",", self.at):
                sample.fields, sample.bad = tuple(keys), tuple(bad)
                return None
            self.at += 1

    def _time(self, sample: Sample) -> tuple[Reason, str] | None:
        if not self._ends() and not self.text.startswith(" ", self.at):
            return Reason.BAD_LINE, "after the fields a space and the time are expected"
        self._spaces()
        begin = self.at
        time = self._take(_TIME).removesuffix("\r")
        if not time:
            return None
        if not _INTEGER_TIME.fullmatch(time):
            self.at = begin
            return Reason.TS_FORMAT, "in this format it is an integer"
        sample.ts_ns = int(time) * self.unit_ns
        self._spaces()
        return None if self._ends() else (Reason.BAD_LINE, "after the time the line ends")

    def _take(self, pattern: re.Pattern[str]) -> str:
        match = pattern.match(self.text, self.at)
        if match is None:
            return ""
        self.at = match.end()
        return match[0]

    def _spaces(self) -> None:
        self._take(_SPACES)

    def _ends(self) -> bool:
        at = self.at
        return at >= len(self.text) or self.text[at] == "\n" or self.text.startswith("\r\n", at)

    def _next_line(self, start: int, after: int) -> None:
        """Goes behind the first line end at or after a place, from a line that began at `start`."""
        end = self.text.find("\n", after)
        self.at = len(self.text) if end < 0 else end + 1
        self.line += self.text.count("\n", start, self.at)


def unescaped(name: str) -> str:
    """A name as it was before it was written."""
    return _ESCAPED.sub(r"\1", name) if "\\" in name else name


def _number(place: str, text: str) -> float | Rejected:
    if _FLOAT.fullmatch(text):
        value = float(text)
        return value if math.isfinite(value) else reject(Reason.NOT_FINITE, place, text)
    if integer := _INTEGER.fullmatch(text):
        value = int(integer[1])
        low, high = (0, _UINT64) if integer[2] == "u" else (-INT64, INT64)
        if low <= value < high:
            return float(value)
        return reject(Reason.WRONG_TYPE, place, text, "an integer has 64 bits")
    if text in _TRUE or text in _FALSE:
        return 1.0 if text in _TRUE else 0.0
    if text.casefold() in _NOT_FINITE:
        return reject(Reason.NOT_FINITE, place, text)
    hint = "text is no reading; a rule of the mapping may ignore it"
    return reject(Reason.WRONG_TYPE, place, text, hint if text.startswith('"') else "")
