from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from twin.running_mean import running_mean

VALUES = st.lists(st.floats(-1e6, 1e6) | st.just(float("nan")), min_size=1, max_size=30)


@given(VALUES, st.floats(0.0, 1e5))
def test_it_lies_within_what_was_seen(values: list[float], over_s: float) -> None:
    found = running_mean(np.array(values), 30.0, over_s)
    for step in range(len(values)):
        seen = [value for value in values[: step + 1] if np.isfinite(value)]
        if not seen:
            assert np.isnan(found[step])
            continue
        slack = 1e-9 * max(map(abs, seen))
        assert min(seen) - slack <= found[step] <= max(seen) + slack


@given(VALUES)
def test_over_no_time_it_is_the_newest_value(values: list[float]) -> None:
    seen = [value for value in values if np.isfinite(value)]
    newest = running_mean(np.array(values), 30.0, 0.0)[-1]
    assert (newest == seen[-1]) if seen else np.isnan(newest)


def test_a_step_that_lasts_is_followed_by_the_share_that_the_time_constant_says() -> None:
    values = np.concatenate([np.zeros(100_000), np.ones(120)])
    found = running_mean(values, 30.0, 3_600.0)[-1]
    assert found == pytest.approx(1.0 - np.exp(-1.0))
