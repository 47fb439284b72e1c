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

import re

import msgspec

from ingest.line_reader import INT64, MAX_FIELDS, LineReader, unescaped
from ingest.reasons import Reason
from ingest.sample import NOT_SAID, Came, Decoded, Names, Sample

MAX_LINES = 10_000  # a payload; ten times what Telegraf puts in one by default
MAX_SERIES = 4_096  # characters of measurement and tags: they are keys of caches
MAX_PATTERNS = 10_000  # of separators that are kept; a sender has a few dozen
MAX_PATTERN = 256  # bytes of one: a line of a hundred fields

# Possessive: what was read stays read, so that no line is tried in several ways.
_TAG = re.compile(r"((?:[^,=\\]|\\.|\\)++)=((?:[^,=\\]|\\.|\\)++)", re.DOTALL)
_NAME = re.compile(r"(?:[^,\\]|\\.|\\)++", re.DOTALL)

# Of the plain lines: what stands between names and values, and values of which some are integers.
_NO_SEPARATORS = bytes(set(range(256)) - set(b" ,=\n"))
_SEPARATORS_OF_FIELDS = b"=," * MAX_FIELDS
_NUMBER = r"(?:-?\d++(?:i|(?:\.\d++)?+(?:[eE][-+]?+\d++)?+)|\d++u)"
_NUMBERS = re.compile(rf"{_NUMBER}(?:,{_NUMBER})*+", re.ASCII)
_WITHOUT_SUFFIX = {ord("i"): None, ord("u"): None}
_WITHOUT_TIME, _WITH_TIME = 2, 3  # parts of a line: names, fields, perhaps a time
_PLAIN_DIGITS = 19  # of a time: what surely fits and needs no look for a sign
_floats = msgspec.json.Decoder(list[float])  # five times as fast as float() over the parts


class LineProtocol:
    """The format `influx`; it keeps what patterns of separators mean, else nothing."""

    def __init__(self) -> None:
        self._patterns: dict[bytes, int] = {}

    def decode(self, payload: bytes, unit_ns: int = 1, _came: Came = NOT_SAID) -> Decoded:
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
            self._decode_by_line(payload, unit_ns, found)
        else:
            self._decode_text(text, payload, 1, unit_ns, found)
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
            key = unescaped(tag[1])
            if key in tags:
                return f"the tag {key!r} stands there twice"
            tags[key] = unescaped(tag[2])
            at = tag.end()
            if at < len(series) and series[at] != ",":
                return f"at character {at + 1} the tag {key!r} goes on after its value"
        return Names(unescaped(head[0]), tags)

    def _decode_by_line(self, payload: bytes, unit_ns: int, found: Decoded) -> None:
        # Only lines that are UTF-8 can be read; in such a payload no text spans several.
        for number, raw in enumerate(payload.split(b"\n"), 1):
            try:
                self._decode_text(raw.decode("utf-8"), raw, number, unit_ns, found)
            except UnicodeDecodeError as error:
                there = raw[error.start : error.start + 8]
                place = f"line {number} byte {error.start + 1}"
                found.refusals.refuse(Reason.NOT_UTF8, place, there)

    def _decode_text(
        self, text: str, payload: bytes, first_line: int, unit_ns: int, found: Decoded
    ) -> None:
        if '"' in text or "\\" in text or "\r" in text:
            LineReader(text, first_line, unit_ns, found).read()
            return
        patterns = payload.translate(None, _NO_SEPARATORS).split(b"\n")
        lines = zip(text.split("\n"), patterns, strict=True)
        time, ts_ns = "", 0  # nearly always all lines have one
        for number, (line, pattern) in enumerate(lines, first_line):
            if not line or line[0] == "#":
                continue
            parts = self._parts(pattern)
            cells = line.split(" ")
            if parts == _WITH_TIME and cells[2] != time:
                time = cells[2]
                plain = time.isdigit() and time.isascii() and len(time) <= _PLAIN_DIGITS
                ts_ns = int(time) * unit_ns if plain else 0
            values = _plain_values(cells[1]) if parts and cells[0] else None
            if values is None or (parts == _WITH_TIME and not ts_ns):
                LineReader(line, number, unit_ns, found).read()
                continue
            names, numbers = values
            at_ns = ts_ns if parts == _WITH_TIME else None
            found.samples.append(Sample(cells[0], names, numbers, at_ns, number))

    def _parts(self, pattern: bytes) -> int:
        """Of how many parts a line is, by its separators; 0 when it has to be read with care."""
        parts = self._patterns.get(pattern)
        if parts is None:
            parts = _count_parts(pattern)
            if len(self._patterns) >= MAX_PATTERNS:
                self._patterns.clear()
            if len(pattern) <= MAX_PATTERN:
                self._patterns[pattern] = parts
        return parts


def _count_parts(pattern: bytes) -> int:
    parts = pattern.split(b" ")
    # name=value,name=value and nothing else, then perhaps a time.
    if len(parts) < _WITHOUT_TIME or not len(parts[1]) % 2:
        return 0
    if not _SEPARATORS_OF_FIELDS.startswith(parts[1]) or parts[2:] not in ([], [b""]):
        return 0
    return len(parts)


def _plain_values(fields: str) -> tuple[tuple[str, ...], list[float]] | None:
    """Names and values of name=value,name=value; None when a value is no plain number."""
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
    if len(values) != len(names) or "" in names:  # one field without a value makes an empty list
        return None
    # The sum is in the range of integers only if all are finite; which are not, is found with care.
    return (names, values) if -INT64 < sum(values) < INT64 else None
