from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

import pytest
from support.engine_logs import (
    START_NS,
    air_dx,
    configs,
    live,
    log_of,
    power_only,
    recorded,
    untwinned,
    values,
)
from support.frames import NS, birth, reading, state, tick
from support.memory_log import MemoryLog

from podcore.frame import READING, Flag, Frame, Kind, Source
from podcore.site import Site
from podtwin.engine import engine as engine_module
from podtwin.engine.digest import Digest
from podtwin.engine.engine import Engine
from podtwin.engine.outputs import Outputs
from podtwin.engine.site import Skipped

THREE = ("ams-03", "cph-01", "esp-07")


def fed(log: MemoryLog, size: int = 2_000, engine: Engine | None = None) -> Outputs:
    """All of a log in reads of one size."""
    engine = engine or Engine()
    outputs = Outputs()
    while frames := log.read(engine.offset, size):
        outputs.add(engine.feed(frames))
    return outputs


def digest(outputs: Outputs) -> str:
    found = Digest()
    found.add(outputs)
    return found.hexdigest()


def seconds(outputs: Outputs, site: str = "ams-03") -> list[float]:
    return [(f.ts_ns - START_NS) / NS for f in outputs.frames if f.site == site]


def fleet(sites: Sequence[str] = THREE) -> list[Frame]:
    return configs(*[air_dx(site, cop=3.0 + number) for number, site in enumerate(sites)])


def test_a_step_is_a_twin_frame_on_the_grid_with_its_cause() -> None:
    log = log_of(configs(air_dx()), live(range(30)))
    outputs = fed(log)
    frame = outputs.frames[1]
    assert (frame.kind, frame.source, frame.node) == (Kind.READING, Source.TWIN, "twin")
    assert (frame.boot, frame.seq) == ("", None)
    assert seconds(outputs) == [0, 5, 10, 15, 20, 25]
    closing = next(f for f in log.frames if f.offset == frame.cause)
    assert closing.ts_ns == frame.ts_ns + 2 * NS
    assert frame.recv_ns == closing.recv_ns


def test_a_frame_holds_the_measured_points_and_the_slow_states_with_their_sd() -> None:
    body = READING.decode(fed(log_of(configs(air_dx()), live(range(30)))).frames[-1].body)
    assert body.points[:2] == ["crac-1/supply_air_temp", "crac-1/return_air_temp"]
    assert {"rack-01/inlet_temp", "meter-main/power"} < set(body.points)
    assert body.points[-7:] == [
        "twin/recirculation",
        "twin/coil_fouling",
        "twin/cop_k",
        "twin/ups_k",
        "twin/server_flow_k",
        "twin/it_power_bias",
        "twin/supply_temp_bias",
    ]
    assert body.sd is not None
    assert all(math.isfinite(value) for value in body.values)
    assert all(sd > 0 for sd in body.sd)


def test_the_twin_follows_what_is_measured() -> None:
    last = fed(log_of(configs(air_dx()), live(range(1200)))).steps[-1]
    for residual, sd in zip(last.residuals()[:2], last.sd[:2], strict=True):
        assert abs(residual) < 2 * sd


def test_the_twin_of_a_step_does_not_know_that_steps_measurement() -> None:
    frames = [*configs(air_dx()), *live(range(100))]
    log = log_of(frames)
    last = fed(log).steps[-1]
    odd = values(95) | {"crac-1/return_air_temp": 40.0}
    frames[-9] = reading(odd, START_NS + 95 * NS, recv_ns=START_NS + 95 * NS + 1)
    surprised = fed(log_of(frames)).steps[-1]
    assert surprised.ts_ns == START_NS + 95 * NS
    place = surprised.points.index("crac-1/return_air_temp")
    assert surprised.measured[place] == 40.0
    assert surprised.values[place] == last.values[place]


@pytest.mark.parametrize("size", (1, 7, 2_000))
def test_the_size_of_a_read_changes_no_bit(size: int) -> None:
    log = log_of(fleet(), live(range(600), sites=THREE))
    assert digest(fed(log, size)) == digest(fed(log, 61))


def test_which_sites_share_a_batch_changes_no_bit() -> None:
    together = fed(log_of(fleet(), live(range(300), sites=THREE)))
    for number, name in enumerate(THREE):
        alone = log_of(
            f for f in [*fleet(), *live(range(300), sites=THREE)] if f.site in ("", name)
        )
        mine = [frame.body for frame in together.frames if frame.site == name]
        assert [frame.body for frame in fed(alone).frames] == mine, number


@pytest.mark.parametrize("cut", (1, 2, 100, 577, 1_000))
def test_an_engine_goes_on_from_a_checkpoint_as_if_nothing_had_been(cut: int) -> None:
    log = log_of(fleet(), live(range(600), sites=THREE))
    first, outputs = Engine(), Outputs()
    outputs.add(first.feed(log.read(0, cut)))
    again = Engine(first.checkpoints(due_only=False))
    assert again.offset == first.offset == first.cursor
    outputs.add(fed(log, engine=again))
    assert digest(outputs) == digest(fed(log))


def test_sites_with_checkpoints_of_different_ages_each_go_on_from_their_own() -> None:
    log = log_of(fleet(), live(range(600), sites=THREE))
    engine, kept = Engine(), []
    for number, size in enumerate((400, 300, 200)):
        engine.feed(log.read(engine.offset, size))
        made = {c.site: c for c in engine.checkpoints(due_only=False)}
        kept.append(made[THREE[number]])
    again = Engine(kept)
    assert again.offset == 400
    whole = fed(log)
    expected = [
        f for f in whole.frames if f.cause > next(c.offset for c in kept if c.site == f.site)
    ]
    outputs = fed(log, engine=again)
    key = lambda f: (f.site, f.ts_ns, f.body)  # noqa: E731 - read once
    assert sorted(map(key, outputs.frames)) == sorted(map(key, expected))


def test_a_checkpoint_is_due_after_a_minute_of_the_log() -> None:
    log = log_of(configs(air_dx()), live(range(200)))
    engine = Engine()
    due_s = []
    while frames := log.read(engine.offset, 1):
        engine.feed(frames)
        due_s += [(c.ts_ns - START_NS) // NS for c in engine.checkpoints()]
    assert due_s == [-60, 0, 60, 120, 180]


def test_no_checkpoint_is_made_of_a_site_with_a_closed_step_waiting() -> None:
    engine = Engine()
    engine.take(log_of(configs(air_dx()), live(range(30))).frames)
    assert engine.waiting == 6
    assert engine.checkpoints(due_only=False) == []
    assert engine.cursor == 0
    while engine.waiting:
        engine.advance()
    assert len(engine.checkpoints(due_only=False)) == 1


def test_the_cursor_stays_before_a_site_that_has_no_checkpoint_yet() -> None:
    log = log_of(configs(air_dx()), live(range(5)), configs(air_dx("cph-01")), live(range(5, 9)))
    engine = Engine()
    engine.feed(log.read(0, 11))
    engine.checkpoints(due_only=False)
    engine.feed(log.read(11, 100))
    assert engine.cursor == 11


def test_live_sites_are_stepped_first() -> None:
    engine = Engine()
    engine.take(
        log_of(
            fleet(THREE[:2]),
            recorded(range(0, 600, 5), recv_ns=START_NS + 700 * NS, sites=["ams-03"]),
            live(range(700, 720), sites=["cph-01"]),
        ).frames
    )
    first = engine.advance()
    assert [step.site for step in first.steps] == ["cph-01"]


def test_how_many_sites_an_array_step_takes_changes_no_bit(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    log = log_of(fleet(THREE), live(range(120), sites=THREE))
    whole = fed(log)
    monkeypatch.setattr(engine_module, "MOST_AT_ONCE", 2)
    parts = fed(log)
    assert [(f.site, f.ts_ns, f.body) for f in parts.frames] == [
        (f.site, f.ts_ns, f.body) for f in whole.frames
    ]


def late(second: int, by_s: float, **sent: float) -> Frame:
    at_ns = START_NS + second * NS
    return reading(sent or values(second), at_ns, recv_ns=at_ns + round(by_s * NS))


def test_what_comes_after_its_step_is_counted_and_changes_no_step_before() -> None:
    frames = [*configs(air_dx()), *live(range(60))]
    log = log_of(frames, [late(20, 40)], live(range(60, 90)))
    engine = Engine()
    outputs = fed(log, engine=engine)
    assert engine.skipped_total() == {Skipped.LATE: 1}
    assert engine.doubts().unused == dict.fromkeys(Skipped, 0) | {"late": 1, "gated": 0}
    assert engine.doubts().resets == {"gap": 0, "lost": 0}
    whole = fed(log_of(frames, live(range(60, 90))))
    assert [f.body for f in outputs.frames[:11]] == [f.body for f in whole.frames[:11]]


def test_two_readings_of_one_time_are_both_in_the_mean() -> None:
    twice = [late(5, 0.1), late(5, 0.2), late(8, 0.2)]
    outputs = fed(log_of(configs(air_dx()), [late(0, 0.1)], twice))
    assert outputs.steps[-1].measured[1] == values(5)["crac-1/return_air_temp"]


def test_readings_out_of_order_within_the_lag_are_in_their_steps() -> None:
    ordered = [late(s, 0.2) for s in range(30)]
    swapped = [ordered[s + 1 if s % 2 == 0 else s - 1] for s in range(30)]
    first = [late(-1, 0.1)]
    a = fed(log_of(configs(air_dx()), first, ordered, [late(40, 0)]))
    b = fed(log_of(configs(air_dx()), first, swapped, [late(40, 0)]))
    assert seconds(a) == seconds(b) == [0, 5, 10, 15, 20, 25, 30, 35]
    for one, other in zip(a.steps, b.steps, strict=True):  # sums differ in their last bits
        assert one.measured == pytest.approx(other.measured, rel=1e-12, nan_ok=True)
        assert one.values == pytest.approx(other.values, rel=1e-12, abs=1e-6)


def test_ticks_alone_close_steps_when_nothing_comes() -> None:
    ticks = [tick(START_NS + second * NS) for second in range(30, 60)]
    outputs = fed(log_of(configs(air_dx()), live(range(30)), ticks))
    assert seconds(outputs)[-1] == 55
    assert all(math.isnan(value) for value in outputs.steps[-1].measured)


def test_other_sites_messages_make_no_node_idle() -> None:
    others = live(range(30, 60), sites=["cph-01"])
    without_ticks = [frame for frame in others if frame.kind is Kind.READING]
    outputs = fed(log_of(fleet(THREE[:2]), live(range(30)), without_ticks))
    assert seconds(outputs)[-1] == 25


def test_a_node_that_leaves_closes_what_it_held() -> None:
    slow = [reading({"meter-main/power": 1.6e4}, START_NS + NS, node="gw-2")]
    log = log_of(
        configs(air_dx()),
        slow,
        live(range(9)),
        [state(START_NS + 9 * NS, online=False, node="gw-2")],
    )
    assert seconds(fed(log)) == [5]


def test_inputs_on_their_fallback_flag_every_output() -> None:
    ticks = [tick(START_NS + second * NS) for second in range(30, 200)]
    outputs = fed(log_of(configs(air_dx()), live(range(30)), ticks))
    assert outputs.frames[2].flags == 0
    assert outputs.frames[-1].flags == int(Flag.SUBSTITUTED)


def after_a_gap(hours: float) -> Outputs:
    ticks = [tick(START_NS + s * NS) for s in range(60, round(3600 * hours) + 60, 10)]
    start = 60 + round(3600 * hours)
    return fed(log_of(configs(air_dx()), live(range(60)), ticks, live(range(start, start + 30))))


def test_a_site_without_a_reading_for_an_hour_is_not_stepped() -> None:
    stepped = seconds(after_a_gap(3))
    assert max(s for s in stepped if s < 3 * 3600) == 3600 + 55
    assert min(s for s in stepped if s >= 3 * 3600) == 3 * 3600 + 60


def test_the_first_step_after_a_gap_starts_anew_and_says_so() -> None:
    outputs = after_a_gap(3)
    gaps = [step for step in outputs.steps if step.gap]
    assert [(step.ts_ns - START_NS) / NS for step in gaps] == [3 * 3600 + 60]
    assert gaps[0].degraded
    before = next(s for s in reversed(outputs.steps) if s.ts_ns < gaps[0].ts_ns)
    assert gaps[0].sd[0] > 5 * outputs.steps[5].sd[0]
    assert gaps[0].values[2] == pytest.approx(before.values[2], abs=3 * gaps[0].sd[2])


def test_a_shorter_silence_is_stepped_through() -> None:
    outputs = after_a_gap(0.5)
    assert not any(step.gap for step in outputs.steps)
    assert seconds(outputs) == [5.0 * k for k in range(len(outputs.steps))]


def test_a_gap_in_a_recorded_stream_is_one_as_well() -> None:
    past = [*range(0, 60, 5), *range(90_000, 90_060, 5)]
    outputs = fed(log_of(configs(air_dx()), recorded(past, recv_ns=START_NS + 10**6 * NS)))
    assert len(outputs.steps) == 12 + 720 + 12
    assert [step.ts_ns for step in outputs.steps if step.gap] == [START_NS + 90_000 * NS]


def test_recorded_steps_close_at_the_reading_of_their_own_time_and_carry_the_flag() -> None:
    outputs = fed(
        log_of(configs(air_dx()), recorded(range(0, 60, 5), recv_ns=START_NS + 9**6 * NS))
    )
    assert seconds(outputs) == [5.0 * k for k in range(12)]
    assert all(frame.flags & Flag.RECORDED for frame in outputs.frames)


def test_a_site_turns_live_and_its_later_recorded_readings_are_left() -> None:
    now = 700
    log = log_of(
        configs(air_dx()),
        recorded(range(0, now, 5), recv_ns=START_NS + now * NS),
        live(range(now + 1, now + 30)),
        recorded([10, 15], recv_ns=START_NS + (now + 30) * NS),
        live(range(now + 31, now + 60)),
    )
    engine = Engine()
    outputs = fed(log, engine=engine)
    assert seconds(outputs) == [5.0 * k for k in range(len(outputs.steps))]
    assert [bool(f.flags & Flag.RECORDED) for f in outputs.frames].count(True) == now // 5
    assert engine.sites["ams-03"].skipped[Skipped.RECORDED_AFTER_LIVE] == 2


def changed(site: Site, at_second: int = 300) -> Outputs:
    return fed(
        log_of(
            configs(air_dx()), live(range(at_second)), configs(site), live(range(at_second, 600))
        )
    )


def test_other_parameters_hold_from_their_frame_on_and_the_states_go_on() -> None:
    before = fed(log_of(configs(air_dx()), live(range(600))))
    after = changed(air_dx(cop=3.0))
    same = [a.body == b.body for a, b in zip(before.frames, after.frames, strict=True)]
    assert same == [True] * 60 + [False] * 60
    assert len({step.params_digest for step in after.steps}) == 2
    assert after.steps[60].values[0] == before.steps[60].values[0]


@pytest.mark.parametrize("size", (1, 7, 2_000))
def test_a_change_in_mid_stream_holds_at_the_same_step_whatever_the_reads(size: int) -> None:
    log = log_of(
        fleet(), live(range(98), sites=THREE), configs(air_dx(cop=2.0)),
        live(range(98, 200), sites=THREE), configs(air_dx(step_s=2.0)),
        live(range(200, 300), sites=THREE), configs(untwinned()),
        live(range(300, 320), sites=THREE), configs(air_dx()),
        live(range(320, 400), sites=THREE),
    )  # fmt: skip
    assert digest(fed(log, size)) == digest(fed(log, 50))


def test_a_site_of_another_type_starts_at_that_types_initial_state() -> None:
    outputs = changed(power_only("ams-03", step_s=5.0))
    expected = ("it-load/it_power", "twin/idle_power", "twin/it_power_bias")
    assert {tuple(step.points) for step in outputs.steps[60:]} <= {expected}


def test_another_step_length_goes_on_without_a_step_twice() -> None:
    stepped = seconds(changed(air_dx(step_s=2.0)))
    assert stepped == sorted(set(stepped))
    assert stepped[59:63] == [295.0, 296.0, 298.0, 300.0]


def test_a_site_without_a_model_is_given_time_but_no_steps() -> None:
    engine = Engine()
    outputs = fed(log_of(configs(untwinned()), live(range(60))), engine=engine)
    assert outputs.frames == []
    assert engine.sites["ams-03"].time.watermark_ns == START_NS + 57 * NS


def test_a_power_only_site_that_says_nothing_of_its_load_comes_to_expect_its_level() -> None:
    frames = [
        reading(
            {"it-load/it_power": 2.2e4 + s % 60}, START_NS + s * NS, site="lisa",
            recv_ns=START_NS + s * NS,
        )
        for s in range(0, 36_000, 30)
    ]  # fmt: skip
    steps = fed(log_of(configs(power_only()), frames)).steps
    assert steps[-1].values[0] == pytest.approx(2.2e4, rel=0.01)


def test_a_twin_that_is_refused_leaves_the_site_without_one_and_says_why() -> None:
    engine = Engine()
    outputs = fed(log_of(configs(air_dx(nonsense=1.0)), live(range(60))), engine=engine)
    assert outputs.frames == []
    assert "nonsense" in engine.sites["ams-03"].refused


def test_readings_of_a_site_that_was_never_configured_are_counted() -> None:
    engine = Engine()
    fed(log_of(live(range(3))), engine=engine)
    assert engine.skipped[Skipped.UNKNOWN_SITE] == 3


def test_a_birth_says_which_node_is_waited_for() -> None:
    slow = [birth(START_NS, node="gw-2", period_s=60.0)]
    sent = [reading({"weather-1/outdoor_air_temp": 9.0}, START_NS + NS, node="gw-2")]
    assert seconds(fed(log_of(configs(air_dx()), slow, sent, live(range(30)))))[-1] == 25


def sick(frames: Iterable[Frame]) -> list[Frame]:
    return [
        reading(
            values(0) | {"crac-1/return_air_temp": 200.0, "rack-01/it_power": -1e8},
            f.ts_ns,
            recv_ns=f.recv_ns,
        )
        if f.site == "ams-03" and f.kind is Kind.READING
        else f
        for f in frames
    ]


def test_one_sick_site_never_harms_another() -> None:
    well = fed(log_of(fleet(), live(range(100), sites=THREE)))
    ill = fed(log_of(fleet(), sick(live(range(100), sites=THREE))))
    for name in THREE[1:]:
        bodies = [[f.body for f in run.frames if f.site == name] for run in (well, ill)]
        assert bodies[0] == bodies[1]
