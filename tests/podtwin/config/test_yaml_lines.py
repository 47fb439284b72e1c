from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from podcore.errors import ConfigError
from podtwin.config.yaml_lines import MAX_BYTES, MAX_DEPTH, read_documents


def value_of(text: str) -> object:
    (document,) = read_documents(text.encode(), "x.yaml")
    return document.value


@pytest.mark.parametrize(
    ("text", "value"),
    (
        ("9.0e5", 9.0e5),
        ("1e3", 1_000.0),
        (".5", 0.5),
        ("2", 2),
        ("-7", -7),
        ("0o17", 15),
        ("0x1F", 31),
        ("007", 7),
        ("off", "off"),
        ("on", "on"),
        ("no", "no"),
        ("true", True),
        ("False", False),
        ("~", None),
        ("null", None),
        ("2026-11-24", "2026-11-24"),
        ("12:30:00", "12:30:00"),
        ("'12'", "12"),
        ("[a, 1]", ["a", 1]),
        ("{a: {b: 1}}", {"a": {"b": 1}}),
        ("1" + "0" * 50, 1e50),
    ),
)
def test_words_mean_what_yaml_1_2_says(text: str, value: object) -> None:
    assert value_of(text) == value


def test_every_place_has_its_line() -> None:
    text = "a: 1\nb:\n  - c: 2\n  - c: 3\n    d:\n      e: 4\n"
    (document,) = read_documents(text.encode(), "x.yaml")
    places = ("a", "b[0].c", "b[1]", "b[1].c", "b[1].d.e")
    assert [document.line(place) for place in places] == [1, 3, 4, 4, 6]
    assert document.line("b[1].d.nothing.there") == 5
    assert document.line("nothing") == 1


def test_documents_of_one_file_count_lines_through() -> None:
    first, second = read_documents(b"a: 1\n---\na: 2\n", "x.yaml")
    assert (first.line("a"), second.line("a")) == (1, 3)


@pytest.mark.parametrize(
    ("text", "message"),
    (
        (b"a: 1\nb: 2\na: 3\n", r"x\.yaml line 3: a: the key stands already in line 1"),
        (b"p:\n  a: 1\n  a: 3\n", r"x\.yaml line 3: p\.a: the key stands already in line 2"),
        (b"a: &x [1]\nb: *x\n", r"x\.yaml line 2: text is '\*x': aliases are not taken"),
        (b"a: [1\nb: 2\n", r"x\.yaml line 2: text: no YAML: "),
        (b"a: \xff\n", r"x\.yaml: byte 3: the file is not UTF-8"),
        (b"a: \x00\n", r"x\.yaml: text: no YAML: "),
        (b"? [1, 2]\n: x\n", r"x\.yaml line 1: document: a key is a word"),
        (b"a: .nan\n", r"x\.yaml line 1: a is nan: a number here is finite"),
        (b"- 1\n- 1e400\n", r"x\.yaml line 2: \[1\] is inf: a number here is finite"),
        (b"a: " + b"9" * 5_000, r"x\.yaml line 1: a is inf"),
        (b"[" * 100_000, r"x\.yaml line 1: text: .*nested at most 40 deep"),
        (b"a" * (MAX_BYTES + 1), r"x\.yaml: size is 2000001: .*; split it"),
    ),
)
def test_what_is_refused_says_where(text: bytes, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        read_documents(text, "x.yaml")


def test_the_deepest_nesting_is_read() -> None:
    assert value_of("[" * MAX_DEPTH + "]" * MAX_DEPTH)


@given(st.binary(max_size=200))
def test_any_bytes_are_documents_or_a_config_error(text: bytes) -> None:
    with contextlib.suppress(ConfigError):
        read_documents(text, "x.yaml")


def test_half_a_surrogate_pair_is_refused_with_its_line() -> None:
    with pytest.raises(ConfigError, match=r"line 2.*ud800.*no character"):
        read_documents(b'a: 1\nb: "\\ud800"\n', "x.yaml")
