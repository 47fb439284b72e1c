from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulators.electrical import Pdu, Ups


@pytest.mark.parametrize(
    ("share", "loss_w"),
    # 30 kW times 0.010 + 0.010 x + 0.020 x²
    ((0.0, 300.0), (0.25, 412.5), (0.5, 600.0), (0.75, 862.5), (1.0, 1_200.0)),
)
def test_the_loss_of_a_modern_ups(share: float, loss_w: float) -> None:
    assert Ups(30_000.0).loss_w(share * 30_000.0) == pytest.approx(loss_w)


@given(st.floats(0.3, 1.0))
def test_a_ups_is_95_to_97_percent_efficient_under_load(share: float) -> None:
    output_w = share * 30_000.0
    efficiency = output_w / (output_w + Ups(30_000.0).loss_w(output_w))
    assert 0.95 < efficiency < 0.97


@given(st.floats(1.0, 30_000.0))
def test_twice_the_load_is_four_times_the_loss_of_a_pdu(output_w: float) -> None:
    pdu = Pdu(30_000.0)
    assert pdu.loss_w(2.0 * output_w) == pytest.approx(4.0 * pdu.loss_w(output_w))
