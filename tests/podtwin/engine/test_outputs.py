from __future__ import annotations

import pytest

from podcore.frame import Flag
from podtwin.engine.outputs import StepResult, twin_frame


def result(*, degraded: bool = False, lost: bool = False, recorded: bool = False) -> StepResult:
    return StepResult(
        "ams-03", 5_000, 7, ["crac-1/power"], [1.0], [0.1], [1.5],
        degraded=degraded, recorded=recorded, gap=False, params_digest="", lost=lost,
    )  # fmt: skip


def test_a_residual_is_what_was_measured_less_what_was_expected() -> None:
    assert result().residuals() == [0.5]


@pytest.mark.parametrize(
    ("step", "flags"),
    (
        (result(), 0),
        (result(degraded=True), Flag.SUBSTITUTED),
        (result(lost=True), Flag.SUBSTITUTED),
        (result(recorded=True, lost=True), Flag.SUBSTITUTED | Flag.RECORDED),
    ),
)
def test_what_is_a_guess_or_of_a_lost_filter_says_so(step: StepResult, flags: int) -> None:
    assert twin_frame(step, 6_000).flags == flags
