"""What every model bears: the same sites from several states at once, each as if alone."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.random import default_rng
from support import air_dx

from podcore.site import SiteType
from twin.estimator import traits
from twin.model import Array, Model, columns, stacked
from twin.parameters import PARAMETERS
from twin.power_only import PowerOnly

_TABLE = PARAMETERS[SiteType.POWER_ONLY]
MODELS: dict[str, tuple[Model, Array, Array]] = {
    "air-dx": (air_dx.MODEL, air_dx.params(), air_dx.inputs()),
    "power-only": (
        PowerOnly(),
        np.array([[*(p.mean for p in _TABLE), *(p.sd for p in _TABLE)]]),
        np.array([[40.0, 20.0, 12.0, 7.0]]),
    ),
}


def several(name: str, sites: int, cases: int, seed: int) -> tuple[Array, Array, Array, Array]:
    """States (cases, sites, n), inputs, parameters and lengths of a step, all different."""
    model, params, u = MODELS[name]
    noise = default_rng(seed)
    x = np.repeat(model.initial(params)[np.newaxis], cases, axis=0).repeat(sites, axis=1)
    x += 30.0 * traits(model).nudge * noise.normal(size=x.shape)
    each = u.repeat(sites, axis=0) * noise.uniform(0.9, 1.1, (sites, u.shape[1]))
    own = params.repeat(sites, axis=0) * noise.uniform(0.95, 1.05, (sites, 1))
    return x, each, own, noise.choice([5.0, 30.0], sites)


@pytest.mark.parametrize("name", MODELS)
@given(sites=st.integers(1, 9), cases=st.integers(1, 5), seed=st.integers(0, 9))
@settings(max_examples=15, deadline=None)
def test_cases_and_sites_change_no_bit_of_each_other(
    name: str, sites: int, cases: int, seed: int
) -> None:
    model = MODELS[name][0]
    x, u, params, dt = several(name, sites, cases, seed)
    moved, seen = model.step(x, u, params, dt), model.observe(x, u, params)
    assert moved.shape == x.shape
    for case in range(cases):
        for site in range(sites):
            one = slice(site, site + 1)
            alone = x[case, one], u[one], params[one]
            assert moved[case, one].tobytes() == model.step(*alone, dt[one]).tobytes()
            assert seen[case, one].tobytes() == model.observe(*alone).tobytes()


def test_columns_are_contiguous_and_put_together_again() -> None:
    array = default_rng(1).normal(size=(2, 3, 4))
    split = columns(array)
    assert all(column.flags.c_contiguous and column.shape == (2, 3) for column in split)
    assert (stacked(*split) == array).all()


def test_a_column_that_is_the_same_in_all_cases_is_given_to_each() -> None:
    whole = stacked(np.ones((2, 3)), np.arange(3.0))
    assert whole.shape == (2, 3, 2)
    assert (whole[:, :, 1] == [0.0, 1.0, 2.0]).all()
