from __future__ import annotations

from typing import Any

import pytest
from support.api import NOW_NS, Client, World
from support.frames import NS, reading

from podtwin.api import kpis


def asked(query: str = "?from=now-10m", *, until_s: int = 600, recorded: bool = False) -> Any:  # noqa: ANN401 - JSON
    """Ten minutes of a meter and two racks at 1 Hz; the racks fall silent after `until_s`."""
    world = World()
    begin_ns = NOW_NS - 600 * NS
    for second in range(601):
        values = {"meter-main/power": 15_000.0 if second < 300 else 12_000.0}
        if second <= until_s:
            values |= {"rack-01/it_power": 4_000.0, "rack-02/it_power": 6_000.0}
        flags = 32 if recorded else 0
        frame = reading(values, begin_ns + second * NS, recv_ns=NOW_NS, flags=flags)
        world.log.append([frame])
        world.history.add([frame])
    world.hub.load()
    return Client(world).get(f"/api/v1/sites/ams-03/kpis{query}")


def test_pue_has_category_boundary_period_and_coverage() -> None:
    shown = asked().json()
    pue = shown["pue"]
    assert pue["value"] == pytest.approx(1.35, abs=0.001)
    assert (pue["category"], pue["variant"], pue["unknown"]) == (3, "interim", None)
    assert pue["coverage"] == 1.0
    assert pue["boundary"]["it"]["points"] == ["rack-01/it_power", "rack-02/it_power"]
    assert pue["boundary"]["facility"]["words"] == "facility meter meter-main"
    assert pue["facility_wh"] == pytest.approx(13_500 / 6, rel=1e-3)
    assert (shown["period_s"], shown["step_s"], pue["steps"]) == (600, None, None)


def test_steps_begin_at_multiples_and_add_up() -> None:
    shown = asked("?from=2026-11-24T09:52:30Z&to=now&step=5m").json()
    steps = shown["pue"]["steps"]
    assert [t // 1000 % 3600 for t in steps["t_ms"]] == [52 * 60 + 30, 55 * 60]
    assert steps["value"] == [pytest.approx(1.5, abs=0.01), pytest.approx(1.2, abs=0.01)]
    assert sum(steps["it_wh"]) == pytest.approx(shown["pue"]["it_wh"])


@pytest.mark.parametrize("chunk", (50, 777, 10**6))
def test_the_size_of_what_is_read_at_once_changes_nothing(
    monkeypatch: pytest.MonkeyPatch, chunk: int
) -> None:
    monkeypatch.setattr(kpis, "CHUNK", chunk)
    shown = asked("?from=now-10m&step=1m").json()["pue"]
    assert shown["facility_wh"] == pytest.approx(2_250.0, rel=1e-3)
    assert shown["steps"]["value"][1] == pytest.approx(1.5)
    assert shown["coverage"] == 1.0


def test_a_side_that_falls_silent_is_not_counted_further() -> None:
    pue = asked(until_s=450).json()["pue"]
    # The last reading of the racks is current for 10 s.
    assert pue["coverage"] == pytest.approx(460 / 600, abs=0.002)
    assert pue["value"] == pytest.approx((300 * 1.5 + 160 * 1.2) / 460, abs=0.002)


@pytest.mark.parametrize(("query", "until_s"), (("?from=now-10m", 60), ("?from=now-24h", 600)))
def test_what_is_known_of_too_little_is_unknown_and_says_so(query: str, until_s: int) -> None:
    pue = asked(query, until_s=until_s).json()["pue"]
    assert (pue["value"], pue["unknown"]) == (None, "low_coverage")


def test_a_recorded_site_counts_from_its_own_now() -> None:
    assert asked("?from=now-5m", recorded=True).json()["to"] == "2026-11-24T10:00:00Z"


@pytest.mark.parametrize(
    ("query", "code"),
    (("?from=now&to=now", 400), ("?from=now-10m&step=0s", 400), ("?frm=now", 400),
     ("?from=now-365d&step=1s", 413)),
)  # fmt: skip
def test_what_cannot_be_answered_is_refused(query: str, code: int) -> None:
    assert asked(query).status_code == code


def test_a_site_that_never_sent_has_no_pue_and_says_why() -> None:
    world = World()
    world.hub.load()
    pue = Client(world).get("/api/v1/sites/ams-03/kpis").json()["pue"]
    assert (pue["value"], pue["unknown"], pue["coverage"]) == (None, "low_coverage", 0)
