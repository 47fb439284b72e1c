from __future__ import annotations

from ingest.foreign_lines import KnownLines
from ingest.line_protocol import LineProtocol
from ingest.mapping import Mapping, Match, Place, Rule, Sent
from ingest.reasons import Reason
from ingest.sample import Sample

RULES = (
    Rule(
        Match("m", "b"), Place.parse("lab", "{tag.host}", "x/b"), Sent("1", scale=2.0, offset=1.0)
    ),
    Rule(Match("m", "c"), Place.parse("lab", "other", "x/c"), Sent("1")),
    Rule(Match("m", "d")),
)


def known(max_bytes: int = 100_000, max_rows: int = 100) -> KnownLines:
    return KnownLines(LineProtocol(), Mapping(RULES), max_bytes, max_rows)


def sample(*fields: str, host: str = "a") -> Sample:
    return Sample(f"m,host={host}", fields, [float(n) for n in range(len(fields))], None, 1)


def test_each_field_goes_where_its_rule_says() -> None:
    one = sample("a", "b", "c", "d")
    line = known().line("t", one)
    assert {
        part.node: dict(zip(part.points, part.of(one.values), strict=True)) for part in line.parts
    } == {
        "a": {"x/b": 3.0},
        "other": {"x/c": 2.0},
    }
    assert [why.reason for why in line.refused] == [Reason.UNMAPPED]


def test_a_line_is_worked_out_once() -> None:
    lines = known()
    assert lines.line("t", sample("b")) is lines.line("t", sample("b"))
    assert lines.line("t", sample("b")) is not lines.line("u", sample("b"))
    assert lines.line("t", sample("b")) is not lines.line("t", sample("b", "c"))


def test_what_is_kept_is_bounded_however_short_its_names_are() -> None:
    lines = known(max_bytes=10_000)
    first = lines.line("t", sample("b"))
    for host in ("bb", "cc", "dd", "ee", "ff", "gg", "hh", "ii", "jj"):
        lines.line("t", sample("b", host=host))
    assert lines.line("t", sample("b")) is not first
    assert len(lines._lines) < 10  # noqa: SLF001 -- what no one else can see


def test_ever_new_fields_that_are_no_readings_are_bounded_too() -> None:
    lines = known(max_bytes=10_000)
    for number in range(100):
        line = lines.line("t", sample("b"))
        lines.bad_field("t", line, f"text{number}")
        assert len(line.bad) < 20


def test_rows_are_bounded_by_their_parts() -> None:
    lines = known(max_rows=20)
    parts = [lines.line("t", sample("b", host=host)).parts[0] for host in "abcde"]
    for turn in range(5):
        lines.row(parts[turn:] + parts[:turn])
    assert sum(map(len, lines._rows)) <= 10  # noqa: SLF001 -- what no one else can see


def test_parts_that_come_together_are_one_row() -> None:
    lines = known()
    parts = [*lines.line("t", sample("b")).parts, *lines.line("t", sample("c")).parts]
    assert lines.row(parts) == ("x/b", "x/c")
    assert lines.row(parts) is lines.row(parts)
    assert lines.row([*parts, parts[0]]) is None


def test_a_part_without_some_points_keeps_the_places_of_the_others() -> None:
    rules = [Rule(Match("m", "?"), Place.parse("lab", "gw", "x/{field}"), Sent("1", scale=2.0))]
    one = sample("a", "b", "c")
    (part,) = KnownLines(LineProtocol(), Mapping(rules)).line("t", one).parts
    assert part.places is None
    less = part.without(["x/b"])
    assert (less.points, less.of(one.values)) == (["x/a", "x/c"], [0.0, 4.0])
