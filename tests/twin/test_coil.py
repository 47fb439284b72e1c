"""Heat exchangers and coils."""

from __future__ import annotations

import ht
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from twin.coil import (
    Arrangement,
    conductance_w_k,
    cooled,
    counterflow_ntu,
    effectiveness,
    exchanged,
)
from twin.liquid_loop import distribution_unit
from twin.model import Array


def one(value: float) -> Array:
    return np.array([value])


@pytest.mark.parametrize("ratio", (0.0, 0.5, 0.95, 1.0))
@pytest.mark.parametrize("ntu", (0.1, 0.5, 1.0, 3.0, 10.0))
def test_effectiveness_is_that_of_an_independent_library(ratio: float, ntu: float) -> None:
    for ours, theirs in ((Arrangement.COUNTER, "counterflow"), (Arrangement.PARALLEL, "parallel")):
        found = effectiveness(one(ntu), one(ratio), ours).value[0]
        expected = ht.effectiveness_from_NTU(  # type: ignore[no-untyped-call]
            NTU=ntu, Cr=ratio, subtype=theirs
        )
        assert found == pytest.approx(expected, abs=1e-9)


@given(st.floats(0.0, 50.0), st.floats(0.0, 5.0), st.floats(0.0, 1.0))
def test_more_surface_never_takes_less(ntu: float, more: float, ratio: float) -> None:
    for arrangement in Arrangement:
        less, greater = (
            effectiveness(one(n), one(ratio), arrangement).value[0] for n in (ntu, ntu + more)
        )
        assert 0.0 <= less <= greater + 1e-9 <= 1.0 + 1e-8


@given(st.floats(0.1, 8.0), st.floats(0.0, 1.0))
def test_the_number_of_units_is_found_back(ntu: float, ratio: float) -> None:
    share = effectiveness(one(ntu), one(ratio)).value
    if share[0] < 0.999:
        assert counterflow_ntu(share, one(ratio)).value[0] == pytest.approx(ntu, rel=1e-5)


@given(
    st.floats(20.0, 80.0),
    st.floats(0.0, 20.0),
    st.floats(1e2, 1e5),
    st.floats(1e2, 1e5),
    st.floats(0.0, 1e6),
)
def test_streams_never_cross_and_no_heat_is_lost(
    hot_c: float, cold_c: float, hot_w_k: float, cold_w_k: float, conductance: float
) -> None:
    found = exchanged(one(hot_c), one(cold_c), one(hot_w_k), one(cold_w_k), one(conductance))
    assert hot_w_k * (hot_c - found.hot_c[0]) == pytest.approx(found.heat_w[0], abs=1e-3)
    assert cold_w_k * (found.cold_c[0] - cold_c) == pytest.approx(found.heat_w[0], abs=1e-3)
    assert cold_c - 1e-9 <= found.hot_c[0] <= hot_c
    assert cold_c <= found.cold_c[0] <= hot_c + 1e-9


@pytest.mark.parametrize(
    ("heat_w", "water_kg_s", "coolant_w_k", "ua", "approach_k"),
    ((1.35e6, 20.6, 20.6 * 3975.0, 307e3, 4.0), (2.0e6, 32.3, 31.5 * 3945.0, 550e3, 3.0)),
    ids=("1350 kW, PG20", "2 MW, PG25"),
)
def test_a_distribution_unit_has_its_published_approach(
    heat_w: float, water_kg_s: float, coolant_w_k: float, ua: float, approach_k: float
) -> None:
    water, coolant = one(water_kg_s * 4180.0), one(coolant_w_k)
    share = effectiveness(one(ua) / coolant, coolant / water).value
    entering_c = 30.0 + heat_w / (share * coolant)
    found = distribution_unit(entering_c, one(30.0), coolant, water, one(ua))
    assert found.heat_w[0] == pytest.approx(heat_w, rel=1e-9)
    assert found.hot_c[0] - 30.0 == pytest.approx(approach_k, abs=0.1)


@given(st.floats(22.0, 40.0), st.floats(0.004, 0.02), st.floats(5.0, 18.0))
def test_a_wet_coil_takes_at_least_what_a_dry_one_does_and_adds_no_water(
    air_c: float, ratio: float, water_c: float
) -> None:
    arguments = (one(101_325.0), one(5.0), one(water_c), one(15e3), one(8e3))
    found = cooled(one(air_c), one(ratio), *arguments)
    dry = cooled(one(air_c), one(1e-4), *arguments)
    assert found.heat_w[0] >= 0.98 * dry.heat_w[0]
    assert 0.0 < found.hot_ratio[0] <= ratio
    assert water_c - 1e-6 <= found.hot_c[0] <= air_c


@given(st.floats(0.05, 1.5), st.floats(0.05, 1.5), st.floats(0.2, 1.0))
def test_less_flow_or_a_fouled_coil_conducts_less(air: float, water: float, fouling: float) -> None:
    rated = conductance_w_k(one(1e4), one(1.0), one(1.0))[0]
    assert rated == pytest.approx(1e4)
    clean = conductance_w_k(one(1e4), one(air), one(water))[0]
    assert conductance_w_k(one(1e4), one(air), one(water), fouling)[0] <= clean
    assert conductance_w_k(one(1e4), one(air * 1.1), one(water))[0] >= clean
