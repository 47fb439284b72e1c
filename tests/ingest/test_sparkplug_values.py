"""Values of metrics by datatype: what travels unsigned comes back as it was."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.reasons import Reason, Rejected
from ingest.sparkplug_schema import Metric, new_payload, read_payload
from ingest.sparkplug_values import value_of

SIGNED = {1: 8, 2: 16, 3: 32, 4: 64}
UNSIGNED = {5: 8, 6: 16, 7: 32, 8: 64}


def sent(**fields: object) -> Metric:
    payload = read_payload(new_payload(metrics=[fields]))
    assert payload is not None
    return payload.metrics[0]


@given(st.sampled_from(sorted(SIGNED)), st.data())
def test_a_signed_integer_comes_back_at_its_width_and_with_its_sign_extended(
    datatype: int, data: st.DataObject
) -> None:
    bits = SIGNED[datatype]
    number = data.draw(st.integers(-(1 << (bits - 1)), (1 << (bits - 1)) - 1))
    for width in {bits, max(bits, 32), 64}:
        field = "long_value" if width == 64 else "int_value"
        metric = sent(**{field: number % (1 << width)})
        assert value_of(metric, datatype, "m") == float(number)


@given(st.sampled_from(sorted(UNSIGNED)), st.data())
def test_an_unsigned_integer_comes_back(datatype: int, data: st.DataObject) -> None:
    number = data.draw(st.integers(0, (1 << UNSIGNED[datatype]) - 1))
    assert value_of(sent(long_value=number), datatype, "m") == float(number)


@pytest.mark.parametrize(("datatype", "number"), ((1, 128), (1, 300), (5, 256), (6, 70_000)))
def test_an_integer_past_its_width_is_refused(datatype: int, number: int) -> None:
    why = value_of(sent(int_value=number), datatype, "m")
    if datatype == 1 and number == 128:  # at its width this is -128
        assert why == -128.0
    else:
        assert isinstance(why, Rejected)
        assert why.reason is Reason.WRONG_TYPE


@given(st.floats(allow_nan=False, allow_infinity=False), st.sampled_from((9, 10)))
def test_a_float_comes_back(number: float, datatype: int) -> None:
    assert value_of(sent(double_value=number), datatype, "m") == number


@pytest.mark.parametrize("number", (math.nan, math.inf, -math.inf))
def test_what_is_not_finite_is_refused(number: float) -> None:
    why = value_of(sent(float_value=number), 9, "m")
    assert isinstance(why, Rejected)
    assert why.reason is Reason.NOT_FINITE


@pytest.mark.parametrize(
    ("fields", "value"),
    (({"boolean_value": True}, 1.0), ({"boolean_value": False}, 0.0), ({"int_value": 1}, 1.0)),
)
def test_a_boolean_is_a_state(fields: dict[str, object], value: float) -> None:
    assert value_of(sent(**fields), 11, "m") == value


@pytest.mark.parametrize(
    ("datatype", "fields", "reason"),
    (
        (12, {"string_value": b"x"}, Reason.WRONG_TYPE),
        (16, {"dataset_value": b""}, Reason.WRONG_TYPE),
        (22, {"bytes_value": b"x"}, Reason.WRONG_TYPE),
        (99, {"int_value": 1}, Reason.WRONG_TYPE),
        (10, {"string_value": b"1"}, Reason.WRONG_TYPE),
        (11, {"double_value": 1.0}, Reason.WRONG_TYPE),
        (10, {}, Reason.WRONG_TYPE),
        (0, {"int_value": 1}, Reason.NO_BIRTH),
    ),
)
def test_what_is_no_number_is_refused(
    datatype: int, fields: dict[str, object], reason: Reason
) -> None:
    why = value_of(sent(**fields), datatype, "m")
    assert isinstance(why, Rejected)
    assert why.reason is reason
