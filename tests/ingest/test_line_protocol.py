"""Line protocol: what is written comes back, what is wrong is named, nothing raises or stalls."""

from __future__ import annotations

import random
from time import process_time

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from support.lines import Value, Written, payload

from ingest.line_protocol import MAX_LINES, MAX_SERIES, LineProtocol
from ingest.line_reader import MAX_FIELDS
from ingest.native import MAX_PAYLOAD
from ingest.reasons import Reason, Rejected
from ingest.sample import Decoded, Names, Sample

NOON_NS = 1_795_521_600_000_000_000
FORMAT = LineProtocol()

# A name does not end in a backslash: in this format it would escape what follows.
NAME = st.text(
    st.characters(codec="utf-8", exclude_characters="\n\r\\"),
    min_size=1, max_size=8,
).filter(lambda name: not name.startswith("#"))  # fmt: skip
NUMBER = st.one_of(
    st.floats(allow_nan=False, allow_infinity=False),
    st.integers(-(2**63), 2**63 - 1),
    st.booleans(),
)
TEXT = st.text(st.characters(codec="utf-8"), max_size=12)
LINE = st.builds(
    Written,
    NAME,
    st.dictionaries(NAME, NAME, max_size=3),
    st.dictionaries(NAME, st.one_of(NUMBER, TEXT), min_size=1, max_size=4),
    st.one_of(st.none(), st.integers(-(10**18), 10**19)),
)


def decode(text: str | bytes) -> Decoded:
    return FORMAT.decode(text if isinstance(text, bytes) else text.encode())


def one(text: str) -> Sample:
    decoded = decode(text)
    assert not decoded.refusals.kept, decoded.refusals.kept
    (sample,) = decoded.samples
    return sample


def refused(text: str | bytes) -> list[tuple[Reason, str]]:
    return [(why.reason, why.place) for _, _, why in decode(text).refusals.kept]


def numbers(fields: dict[str, Value]) -> dict[str, float]:
    return {name: float(value) for name, value in fields.items() if not isinstance(value, str)}


@given(st.lists(LINE, min_size=1, max_size=4))
def test_what_is_written_comes_back(lines: list[Written]) -> None:
    decoded = decode(payload(lines))
    assert not decoded.refusals.kept
    for line, sample in zip(lines, decoded.samples, strict=True):
        assert FORMAT.names(sample.series) == Names(line.measurement, dict(line.tags))
        found = dict(zip(sample.fields, sample.values, strict=True))
        assert found == numbers(dict(line.fields))
        assert {name for name, _ in sample.bad} == line.fields.keys() - found.keys()
        assert sample.ts_ns == line.ts


@given(LINE, LINE)
def test_a_bad_line_costs_itself_alone(before: Written, after: Written) -> None:
    text = payload([before]) + b"no line\n" + payload([after])
    decoded = decode(text)
    assert len(decoded.samples) == 2
    (_, _, why) = decoded.refusals.kept[0]
    line = payload([before]).count(b"\n") + 1
    assert (why.reason, why.place) == (Reason.BAD_LINE, f"line {line} character 8")
    assert decoded.samples[1].line == line + 1


@given(LINE, st.booleans())
def test_the_quick_way_and_the_careful_way_agree(line: Written, text_beside: bool) -> None:
    other = Written("m", {}, {"text": 'a "quote"'} if text_beside else {"a": 1.0}, 1)
    samples = [decode(payload(lines)).samples[0] for lines in ([line], [line, other])]
    assert samples[0] == samples[1]


@pytest.mark.parametrize(
    ("text", "value"),
    (
        ("1", 1.0), ("-1.5", -1.5), ("+2", 2.0), ("1e3", 1000.0), (".5", 0.5), ("5.", 5.0),
        ("007", 7.0), ("12i", 12.0), ("-12i", -12.0), ("12u", 12.0), ("t", 1.0), ("FALSE", 0.0),
        ("18446744073709551615u", 2.0**64), ("-9223372036854775808i", -(2.0**63)),
    ),
)  # fmt: skip
def test_a_value_is_a_number(text: str, value: float) -> None:
    assert one(f"m a={text},b=1 {NOON_NS}").values == [value, 1.0]


@pytest.mark.parametrize(
    ("text", "reason"),
    (
        ("nan", Reason.NOT_FINITE), ("-Inf", Reason.NOT_FINITE), ("1e400", Reason.NOT_FINITE),
        ("1_000", Reason.WRONG_TYPE), ("5.5i", Reason.WRONG_TYPE), ("-1u", Reason.WRONG_TYPE),
        ("9223372036854775808i", Reason.WRONG_TYPE), ("0x1f", Reason.WRONG_TYPE),
        ("tRUE", Reason.WRONG_TYPE), ("\uff11", Reason.WRONG_TYPE), ("", Reason.WRONG_TYPE),
        ("12\\", Reason.WRONG_TYPE), ('"12"', Reason.WRONG_TYPE), ("[1]", Reason.WRONG_TYPE),
    ),
)  # fmt: skip
def test_a_value_that_is_none_costs_that_value(text: str, reason: Reason) -> None:
    sample = one(f"m a={text},b=1 {NOON_NS}")
    assert (sample.fields, sample.values) == (("b",), [1.0])
    assert [(name, why.reason) for name, why in sample.bad] == [("a", reason)]


def test_a_value_that_is_empty_is_none() -> None:
    sample = one("m a=")
    assert (sample.fields, sample.values, sample.bad[0][0]) == ((), [], "a")


@pytest.mark.parametrize(
    ("text", "reason", "place"),
    (
        ("m", Reason.BAD_LINE, "line 1 character 2"),
        ("m ", Reason.BAD_LINE, "line 1 character 3"),
        ("m a", Reason.BAD_LINE, "line 1 character 4"),
        ("m =1", Reason.BAD_LINE, "line 1 character 3"),
        ("m a=1,", Reason.BAD_LINE, "line 1 character 7"),
        ("m a=1,=2", Reason.BAD_LINE, "line 1 character 7"),
        ("m a=1, b=2", Reason.BAD_LINE, "line 1 character 7"),
        ("m a,1=c=2", Reason.BAD_LINE, "line 1 character 4"),
        ('m a="x', Reason.BAD_LINE, "line 1 character 5"),
        ('m a="x"y', Reason.BAD_LINE, "line 1 character 8"),
        ("m a=1 noon", Reason.TS_FORMAT, "line 1 character 7"),
        ("m a=1 1.5", Reason.TS_FORMAT, "line 1 character 7"),
        ("m a=1 1 2", Reason.BAD_LINE, "line 1 character 9"),
        ('{"v":1,"m":{}}', Reason.BAD_LINE, "line 1 character 15"),
    ),
)
def test_a_line_that_is_none_is_named_with_its_place(text: str, reason: Reason, place: str) -> None:
    assert refused(text) == [(reason, place)]


def test_text_that_has_no_end_takes_no_other_line_along() -> None:
    decoded = decode('m a=1 1\nm a="open 2\nm a=3 3\nm a=4 4\n')
    assert [sample.ts_ns for sample in decoded.samples] == [1, 3, 4]
    assert [why.place for _, _, why in decoded.refusals.kept] == ["line 2 character 5"]


def test_text_may_hold_a_line_end() -> None:
    decoded = decode('m a="two\nlines",b=1 5\nm b=2 6\n')
    assert [(sample.line, sample.ts_ns) for sample in decoded.samples] == [(1, 5), (3, 6)]


def test_comments_empty_lines_and_carriage_returns_are_passed_over() -> None:
    decoded = decode("# note\r\n\r\n\n  m a=1i 7\r\nm  b=2   8 \n#m a=3 9\nm c=t\r\n")
    assert [sample.ts_ns for sample in decoded.samples] == [7, 8, None]
    assert not decoded.refusals.kept


def test_names_are_unescaped() -> None:
    sample = one(r"disk\ io,path=C:\Program\ Files,k\=ey=a\,b read\ rate=5,w=1 1")
    assert sample.fields == ("read rate", "w")
    names = FORMAT.names(sample.series)
    assert names == Names("disk io", {"path": r"C:\Program Files", "k=ey": "a,b"})


@pytest.mark.parametrize(
    ("series", "says"),
    (
        (",a=b", "begins with a measurement"),
        ("m,", "at character 3 a tag"),
        ("m,a", "at character 3 a tag"),
        ("m,a=", "at character 3 a tag"),
        ("m,a=b=c", "at character 6 the tag 'a' goes on"),
        ("m,a=1,a=2", "'a' stands there twice"),
        ("m" * (MAX_SERIES + 1), "at most 4096 characters"),
    ),
)
def test_what_is_wrong_with_measurement_and_tags_is_said(series: str, says: str) -> None:
    fault = FORMAT.names(series)
    assert isinstance(fault, str)
    assert says in fault


def test_times_are_of_the_unit_that_the_mapping_says() -> None:
    assert FORMAT.decode(b"m a=1 1795521600", 10**9).samples[0].ts_ns == NOON_NS
    assert FORMAT.decode(b"m a=1 -5", 1_000).samples[0].ts_ns == -5_000


def test_a_line_that_is_no_utf8_costs_itself_alone() -> None:
    text = "m,größe=ä a=1 1\n".encode() + b"m b=\xff 2\n" + b"m c=3 3\n"
    assert [sample.ts_ns for sample in decode(text).samples] == [1, 3]
    assert refused(text) == [(Reason.NOT_UTF8, "line 2 byte 5")]


@pytest.mark.parametrize("text", ("", "\n\n", "# only a comment\n"))
def test_a_payload_without_a_line_is_empty(text: str) -> None:
    assert refused(text) == [(Reason.EMPTY, "payload")]


def test_lines_and_fields_are_bounded() -> None:
    assert refused("m a=1\n" * (MAX_LINES + 1)) == [(Reason.TOO_LARGE, "payload")]
    fields = ",".join(f"f{n}=1" for n in range(MAX_FIELDS + 1))
    assert [reason for reason, _ in refused(f"m {fields}\n")] == [Reason.BAD_LINE]


def test_all_refusals_are_counted_and_some_kept() -> None:
    refusals = decode("bad\n" * 5_000).refusals
    assert (refusals.total, refusals.counts[Reason.BAD_LINE], len(refusals.kept)) == (
        5000,
        5000,
        100,
    )


PIECES = (
    *(b"m", b",", b"=", b" ", b'"', b"\\", b"\n", b"\r", b"1", b"i", b"u", b".", b"-", b"e", b"#"),
    *(b"t", b"a=1", b" 1", b",b=2", b"\xff", b"\x00"),
)
LIKELY = st.lists(st.sampled_from(PIECES)).map(b"".join)


@settings(max_examples=300)
@given(st.one_of(st.binary(max_size=200), LIKELY), st.sampled_from((1, 10**9)))
@example(b'm a="\\', 1)
def test_whatever_the_bytes_nothing_is_raised(text: bytes, unit_ns: int) -> None:
    read_whole(text, unit_ns)


@pytest.mark.parametrize("seed", (1, 2))
def test_whatever_is_near_the_format_nothing_is_raised(seed: int) -> None:
    chance = random.Random(seed)
    for _ in range(5_000):
        read_whole(b"".join(chance.choices(PIECES, k=chance.randrange(40))), 1)


def read_whole(text: bytes, unit_ns: int) -> None:
    """Decodes, and checks what must hold of whatever comes."""
    decoded = FORMAT.decode(text, unit_ns)
    assert decoded.samples or decoded.refusals.total
    for sample in decoded.samples:
        assert isinstance(FORMAT.names(sample.series), Names | str)
        assert len(sample.values) == len(sample.fields)
        assert all(isinstance(why, Rejected) for _, why in sample.bad)


@pytest.mark.parametrize(
    "piece",
    (b'm a="', b"\\", b'm a=\\"\n', b'"', b"m a=1,", b"m,a=b,", b'm a="\\"\n', b"x\n", b"\xff\n",
     b" ", b'm a="x""', b"m a=1 1\n", b'm a="\\\\'),
)  # fmt: skip
def test_no_payload_takes_long(piece: bytes) -> None:
    started_s = process_time()
    decode((b"m " + piece * MAX_PAYLOAD)[:MAX_PAYLOAD])
    assert process_time() - started_s < 2.0  # 10 ms here; a quadratic one takes minutes
