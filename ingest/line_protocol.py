"""InfluxDB line protocol: `measurement,tag=value field=1.5,other=2i 1795521600000000000`.

The format is that of InfluxDB 2 ("Line protocol", docs.influxdata.com): `,`, `=` and space are
escaped by a backslash in names, text stands in double quotes and may hold line ends, integers end
in `i` or `u`, a line that begins with `#` is a comment. Pure: bytes in, samples and refusals out,
never an exception, in time linear in the bytes.

Nearly every line has neither quote nor backslash and is split as it stands; all others are read
step by step, which also names the character at which a line is wrong. A bad line costs itself
alone, a bad value costs that value.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

import msgspec

from ingest.reasons import Reason, Rejected, reject
from ingest.sample import Decoded, Names, Sample

MAX_LINES = 10_000  # a payload; ten times what Telegraf puts in one by default
MAX_FIELDS = 2_000  # a line; as many as a site has points
MAX_SERIES = 4_096  # characters of measurement and tags: they are keys of caches
MAX_FIELD_NAME = 256
_INT64 = 2**63
_UINT64 = 2**64

# Possessive: what was read stays read, so that no line is tried in several ways.
_SERIES = re.compile(r"(?:[^ \\\n]|\\[^\n]|\\)++")
_KEY = re.compile(r"(?:[^ ,=\\\n]|\\[^\n]|\\)++")
_STRING = re.compile(r'"(?:[^"\\]|\\.)*+"', re.DOTALL)
_BARE = re.compile(r"[^ ,\n]*+")
_SPACES = re.compile(r" *+")
_TIME = re.compile(r"[^ \n]*+")
_TAG = re.compile(r"((?:[^,=\\]|\\.|\\)++)=((?:[^,=\\]|\\.|\\)++)", re.DOTALL)
_NAME = re.compile(r"(?:[^,\\]|\\.|\\)++", re.DOTALL)
_ESCAPED = re.compile(r"\\([,= ])")
_FLOAT = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?", re.ASCII)
_INTEGER = re.compile(r"([-+]?\d{1,20})([iu])", re.ASCII)
_INTEGER_TIME = re.compile(r"-?\d{1,20}", re.ASCII)  # ns of the year 9999 take 18
_TRUE = frozenset({"t", "T", "true", "True", "TRUE"})
_FALSE = frozenset({"f", "F", "false", "False", "FALSE"})
_NOT_FINITE = frozenset({"nan", "inf", "+inf", "-inf", "infinity", "+infinity", "-infinity"})

# Of the plain lines: what stands between names and values, and values of which some are integers.
_NO_SEPARATORS = bytes(set(range(256)) - set(b" ,="))
_SEPARATORS_OF_FIELDS = b"=," * MAX_FIELDS
_NUMBER = r"(?:-?\d++(?:i|(?:\.\d++)?+(?:[eE][-+]?+\d++)?+)|\d++u)"
_NUMBERS = re.compile(rf"{_NUMBER}(?:,{_NUMBER})*+", re.ASCII)
_WITHOUT_SUFFIX = {ord("i"): None, ord("u"): None}
_floats = msgspec.json.Decoder(list[float])  # five times as fast as float() over the parts


class LineProtocol:
    """The format `influx`."""

    def decode(self, payload: bytes, unit_ns: int = 1) -> Decoded:
        """The samples of a payload; never raises, whatever the bytes.

        unit_ns : one unit of its times. [ns]
        """
        found = Decoded()
        if payload.count(b"\n") > MAX_LINES:
            hint = f"a payload has at most {MAX_LINES} lines"
            found.refusals.refuse(Reason.TOO_LARGE, "payload", payload[:48], hint)
            return found
        try:
            text = payload.decode("utf-8")
        except UnicodeDecodeError:
            _decode_by_line(payload, unit_ns, found)
        else:
            _decode_text(text, payload, 1, unit_ns, found)
        if not found.samples and not found.refusals.total:
            found.refusals.refuse(Reason.EMPTY, "payload", payload[:48])
        return found

    def names(self, series: str) -> Names | str:
        """Measurement and tags of a series, or what is wrong with it."""
        if len(series) > MAX_SERIES:
            return f"measurement and tags have at most {MAX_SERIES} characters"
        head = _NAME.match(series)
        if head is None:
            return "a line begins with a measurement"
        tags: dict[str, str] = {}
        at = head.end()
        while at < len(series):
            tag = _TAG.match(series, at + 1)
            if tag is None:
                return f"at character {at + 2} a tag as name=value is missing"
            key = _plain(tag[1])
            if key in tags:
                return f"the tag {key!r} stands there twice"
            tags[key] = _plain(tag[2])
            at = tag.end()
            if at < len(series) and series[at] != ",":
                return f"at character {at + 1} the tag {key!r} goes on after its value"
        return Names(_plain(head[0]), tags)


def _decode_by_line(payload: bytes, unit_ns: int, found: Decoded) -> None:
    # Only lines that are UTF-8 can be read; in such a payload no text spans several.
    for number, raw in enumerate(payload.split(b"\n"), 1):
        try:
            _decode_text(raw.decode("utf-8"), raw, number, unit_ns, found)
        except UnicodeDecodeError as error:
            bytes_there = raw[error.start : error.start + 8]
            place = f"line {number} byte {error.start + 1}"
            found.refusals.refuse(Reason.NOT_UTF8, place, bytes_there)


def _decode_text(text: str, payload: bytes, first_line: int, unit_ns: int, found: Decoded) -> None:
    if '"' in text or "\\" in text or "\r" in text:
        _Careful(text, first_line, unit_ns, found).read()
        return
    lines = zip(text.split("\n"), payload.split(b"\n"), strict=True)
    for number, (line, raw) in enumerate(lines, first_line):
        if not line or line[0] == "#":
            continue
        sample = _plain_line(line, raw, number, unit_ns)
        if sample is not None:
            found.samples.append(sample)
        else:
            _Careful(line, number, unit_ns, found).read()


def _plain_line(line: str, raw: bytes, number: int, unit_ns: int) -> Sample | None:
    """A line of numbers, single spaces and no escapes; None when it is any other."""
    parts = line.split(" ")
    between = raw.translate(None, _NO_SEPARATORS).split(b" ")
    if len(parts) == 3:  # noqa: PLR2004 -- names, fields, time
        series, fields, time = parts
        if not (time.isdigit() and time.isascii() and len(time) < 20 and not between[2]):  # noqa: PLR2004 -- as _INTEGER_TIME
            return None
        ts_ns = int(time) * unit_ns
    elif len(parts) == 2:  # noqa: PLR2004 -- without a time
        (series, fields), ts_ns = parts, None
    else:
        return None
    # name=value,name=value and nothing else: cells are then names and values in turn.
    if not series or not len(between[1]) % 2 or not _SEPARATORS_OF_FIELDS.startswith(between[1]):
        return None
    cells = fields.replace("=", ",").split(",")
    names, texts = tuple(cells[::2]), ",".join(cells[1::2])
    if "i" in texts or "u" in texts:
        if not _NUMBERS.fullmatch(texts):
            return None
        texts = texts.translate(_WITHOUT_SUFFIX)
    try:
        values = _floats.decode(f"[{texts}]")
    except msgspec.DecodeError:
        return None
    # The sum is in the range of integers only if all are finite; which are not, is found with care.
    if "" in names or len(values) != len(names) or not -_INT64 < sum(values) < _INT64:
        return None
    return Sample(series, names, values, ts_ns, number)


@dataclass(slots=True)
class _Careful:
    """Reads a text step by step; `at` is where it has come to, `line` the number of that line."""

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
            key = _plain(self._take(_KEY))
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


def _plain(name: str) -> str:
    return _ESCAPED.sub(r"\1", name) if "\\" in name else name


def _number(place: str, text: str) -> float | Rejected:
    if _FLOAT.fullmatch(text):
        value = float(text)
        return value if math.isfinite(value) else reject(Reason.NOT_FINITE, place, text)
    if integer := _INTEGER.fullmatch(text):
        value = int(integer[1])
        low, high = (0, _UINT64) if integer[2] == "u" else (-_INT64, _INT64)
        if low <= value < high:
            return float(value)
        return reject(Reason.WRONG_TYPE, place, text, "an integer has 64 bits")
    if text in _TRUE or text in _FALSE:
        return 1.0 if text in _TRUE else 0.0
    if text.casefold() in _NOT_FINITE:
        return reject(Reason.NOT_FINITE, place, text)
    hint = "text is no reading; a rule of the mapping may ignore it"
    return reject(Reason.WRONG_TYPE, place, text, hint if text.startswith('"') else "")
