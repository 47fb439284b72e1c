"""Answers as InfluxDB 2.8 gave them, word for word."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from podtwin.store.influx_answer import (
    LineReason,
    Verdict,
    conflicting_field,
    split_fields,
    suspects,
    understand,
    without_field,
)

NOW_S = 1_795_575_794.0
CONFLICT = (
    'failure writing points to database: partial write: field type conflict: input field "k" on'
    ' measurement "m" is type float, already exists as type integer dropped=2'
)
TOO_OLD = (
    "failure writing points to database: partial write: dropped 2 points outside retention policy"
    " of duration 720h0m0s - oldest point m,site=x at 2022-04-15T05:20:00Z dropped because it"
    " violates a Retention Policy Lower Bound at 2026-10-26T03:03:14.242016388Z, newest point"
    " m,site=x at 2022-04-15T05:20:00.000000001Z dropped because it violates a Retention Policy"
    " Lower Bound at 2026-10-26T03:03:14.242016388Z dropped=2 for database: c96cd779d0c32f94 for"
    " retention policy: autogen"
)
UNPARSABLE = (
    "unable to parse 'm,site=x v= 1795575793964859819': missing field value\n"
    "unable to parse 'bad': missing fields"
)
BOUND_NS = 1_792_983_795 * 10**9  # the second after the bound of TOO_OLD


def said(message: str) -> str:
    return json.dumps({"code": "any", "message": message})


KEY_TOO_LONG = "partial write: max key length exceeded dropped=1"


@pytest.mark.parametrize(
    ("status", "message", "reason"),
    (
        (422, CONFLICT, LineReason.TYPE_CONFLICT),
        (422, TOO_OLD, LineReason.RETENTION),
        (400, UNPARSABLE, LineReason.UNPARSABLE),
        (422, KEY_TOO_LONG, LineReason.DROPPED),
    ),
)
def test_an_answer_about_lines_says_which_fault(
    status: int, message: str, reason: LineReason
) -> None:
    answer = understand(status, {}, said(message), NOW_S)
    assert (answer.verdict, answer.reason) == (Verdict.LINES_REFUSED, reason)


def test_a_request_may_be_too_large() -> None:
    answer = understand(413, {}, said("points batch is too large"), NOW_S)
    assert answer.verdict is Verdict.TOO_LARGE


def test_it_counts_what_was_dropped() -> None:
    assert understand(422, {}, said(CONFLICT), NOW_S).dropped == 2
    assert understand(422, {}, said(TOO_OLD), NOW_S).dropped == 2
    assert understand(400, {}, said(UNPARSABLE), NOW_S).dropped == 0


@pytest.mark.parametrize(
    ("status", "message", "words"),
    (
        (401, "unauthorized access", "influx.token"),
        (403, "insufficient permissions for write", "write:buckets"),
        (404, 'bucket "nope" not found', 'bucket "nope" not found'),
        (404, 'organization name "nope" not found', "make the organisation"),
        (405, "no such method", "is that InfluxDB 2?"),
        (301, "", "is that InfluxDB 2?"),
    ),
)
def test_an_answer_about_us_names_the_way_out(status: int, message: str, words: str) -> None:
    answer = understand(status, {}, said(message), NOW_S)
    assert answer.verdict is Verdict.DENIED
    assert words in answer.text


@pytest.mark.parametrize(
    "body", ("Client sent an HTTP request to an HTTPS server.\n", "<html>Bad Request</html>", "{}")
)
def test_a_400_that_speaks_of_no_line_condemns_none(body: str) -> None:
    assert understand(400, {}, body, NOW_S).verdict is Verdict.DENIED


@pytest.mark.parametrize("status", (408, 425, 429, 500, 502, 503, 504))
def test_what_may_go_well_later_is_tried_later(status: int) -> None:
    assert understand(status, {}, "", NOW_S).verdict is Verdict.LATER


@pytest.mark.parametrize(
    ("headers", "seconds"),
    (
        ({"retry-after": "7"}, 7.0),
        ({"retry-after": "Wed, 25 Nov 2026 03:03:34 GMT"}, 20.0),
        # Their clock is an hour behind ours; what counts is the distance between their own words.
        (
            {
                "date": "Wed, 25 Nov 2026 02:03:14 GMT",
                "retry-after": "Wed, 25 Nov 2026 02:03:44 GMT",
            },
            30.0,
        ),
        ({"retry-after": "soon"}, None),
        ({}, None),
    ),
)
def test_it_waits_as_long_as_it_is_asked_to(headers: dict[str, str], seconds: float | None) -> None:
    assert understand(429, headers, "", NOW_S).retry_after_s == seconds


@given(st.integers(100, 599), st.text())
def test_no_answer_breaks_it(status: int, body: str) -> None:
    answer = understand(status, {}, body, NOW_S)
    suspects(answer, [b"m,site=x k=1.0 5\n"])


def test_a_conflict_is_about_the_lines_with_that_field_of_that_measurement() -> None:
    answer = understand(422, {}, said(CONFLICT), NOW_S)
    assert conflicting_field(answer) == ("m", "k")
    lines = [b"m,s=x k=1.0 5\n", b"m,s=x a=2.0,k=1.0 5\n", b"m,s=x kk=1.0 5\n", b"mm,s=x k=1.0 5\n"]
    assert suspects(answer, lines) == [True, True, False, False]


def test_retention_is_about_the_lines_before_its_bound() -> None:
    answer = understand(422, {}, said(TOO_OLD), NOW_S)
    times = (BOUND_NS - 1, BOUND_NS, 1_650_000_000 * 10**9)
    assert suspects(answer, [b"m,s=x k=1.0 %d\n" % time for time in times]) == [True, False, True]


def test_a_line_that_cannot_be_read_is_named() -> None:
    answer = understand(400, {}, said(UNPARSABLE), NOW_S)
    lines = [b"m,site=x v= 1795575793964859819\n", b"m,site=x v=1.0 5\n", b"bad\n"]
    assert suspects(answer, lines) == [True, False, True]


def test_a_field_is_taken_out_of_its_line() -> None:
    line = b"m,s=x a=1.0,k=2.0,k__sd=0.5 5\n"
    assert without_field(line, "k") == (b"m,s=x a=1.0,k__sd=0.5 5\n", b"m,s=x k=2.0 5\n")
    assert without_field(b"m,s=x k=2.0 5\n", "k") == (None, b"m,s=x k=2.0 5\n")
    assert split_fields(line)[2] == b"m,s=x k__sd=0.5 5\n"
