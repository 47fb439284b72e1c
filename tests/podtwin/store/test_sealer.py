"""Sealing: when it is due, what it writes, and what a crash at any step leaves."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.frames import MIDNIGHT_NS, NS, reading, tick
from support.history_files import Crash, Data, Killed, everything
from support.memory_cursors import MemoryCursors
from support.memory_history import MemoryHistory
from support.memory_log import MemoryLog

from podcore.clock import SystemClock
from podcore.frame import Frame, Source
from podcore.role import RoleState
from podtwin.store import log_sealer
from podtwin.store.history import EmbeddedHistory
from podtwin.store.log_sealer import MAX_AGE_NS, MAX_VALUES, SealReason, Waiting, due
from podtwin.store.sealer import SealerRunner

AT = MIDNIGHT_NS + 12 * 3600 * NS
STEPS = ("written", "synced", "renamed", "sealed", "cursor")


@pytest.fixture
def data(tmp_path: Path) -> Data:
    return Data(tmp_path)


@pytest.mark.parametrize(
    ("values", "age_ns", "force", "reason"),
    (
        (1, MAX_AGE_NS - 1, False, None),
        (1, MAX_AGE_NS, False, SealReason.AGE),
        (MAX_VALUES - 1, 0, False, None),
        (MAX_VALUES, 0, False, SealReason.VALUES),
        (1, 0, True, SealReason.FORCED),
    ),
)
def test_a_site_is_sealed_for_its_age_or_its_values(
    values: int, age_ns: int, reason: SealReason | None, *, force: bool
) -> None:
    waiting = Waiting(first_offset=1, first_recv_ns=AT, values=values)
    assert due(waiting, AT + age_ns, force=force) is reason


def test_nothing_young_is_sealed(data: Data) -> None:
    data.log.append([reading({"a/x": 1.0}, AT), tick(AT + MAX_AGE_NS - NS)])
    assert data.sealer.run_once() == 0
    assert data.files() == []


def test_a_silent_site_is_sealed_when_the_ticks_say_that_an_hour_went_by(data: Data) -> None:
    data.log.append([reading({"a/x": 1.0}, AT), tick(AT + MAX_AGE_NS + NS)])
    assert data.sealer.run_once() == 1
    assert data.files() == ["history/site=ams-03/date=2026-11-24/log-1-1.parquet"]


def test_derived_rows_age_by_the_ticks_of_the_other_log(data: Data) -> None:
    data.derived.append([reading({"a/x": 1.0}, AT, source=Source.TWIN, sd=[0.5])])
    data.log.append([tick(AT + MAX_AGE_NS + NS)])
    assert data.sealer.run_once() == 1
    assert data.files() == ["history/site=ams-03/date=2026-11-24/derived-1-1.parquet"]


def test_a_site_with_many_values_is_sealed_at_once_and_the_rest_waits(
    data: Data, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(log_sealer, "MAX_VALUES", 4)
    data.log.append([reading({"a/x": 1.0, "a/y": 2.0}, AT + k * NS) for k in range(5)])
    assert data.sealer.run_once() == 2
    assert [name.rpartition("/")[2] for name in data.files()] == [
        "log-1-2.parquet",
        "log-3-4.parquet",
    ]
    assert data.sealer.lag == 1


def test_a_seal_ends_at_the_frame_that_made_it_due(
    data: Data, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(log_sealer, "MAX_VALUES", 4)
    times = [AT, AT + 2 * NS, AT + NS]
    data.log.append([reading({"a/x": 1.0, "a/y": 2.0}, ts) for ts in times])
    data.sealer.run_once(force=True)
    assert [len(pl.read_parquet(data.data_dir / name)) for name in data.files()] == [4, 2]


def test_there_is_one_file_for_each_date_and_names_tell_its_own_offsets(data: Data) -> None:
    days = [MIDNIGHT_NS - NS, MIDNIGHT_NS, MIDNIGHT_NS - 2 * NS, MIDNIGHT_NS + NS]
    data.log.append([reading({"a/x": 1.0}, ts, recv_ns=MIDNIGHT_NS + NS) for ts in days])
    data.sealer.run_once(force=True)
    assert data.files() == [
        "history/site=ams-03/date=2026-11-23/log-1-3.parquet",
        "history/site=ams-03/date=2026-11-24/log-2-4.parquet",
    ]


def test_a_file_is_sorted_by_point_and_time_and_has_the_columns_of_the_contract(
    data: Data,
) -> None:
    data.log.append(
        [
            reading({"b/x": 3.0, "a/x": 2.0}, AT + NS, seq=2),
            reading({"a/x": 1.0}, AT, seq=3, recv_ns=AT + 4 * NS, flags=1),
        ]
    )
    data.sealer.run_once(force=True)
    found = pl.read_parquet(data.data_dir / data.files()[0])
    assert ",".join(found.columns) == "ts,asset,point,value,flags,source,sd,recv_delay_ms,node,seq"
    assert found.schema["ts"] == pl.Datetime("ns", "UTC")
    assert found.select("asset", "value", "flags", "recv_delay_ms", "node", "seq").rows() == [
        ("a", 1.0, 1, 4000, "gw-1", 3),
        ("a", 2.0, 0, 5, "gw-1", 2),
        ("b", 3.0, 0, 5, "gw-1", 2),
    ]
    assert found["sd"].null_count() == 3


def test_the_log_may_be_trimmed_up_to_the_site_that_waits_longest(data: Data) -> None:
    slow = reading({"a/x": 1.0}, AT + MAX_AGE_NS // 2, site="slow")
    quick = [reading({"a/x": 1.0}, AT, site="quick"), slow]
    data.log.append([*quick, tick(AT + MAX_AGE_NS + NS)])
    assert data.sealer.run_once() == 1
    assert data.cursors.get("sealer/log") == 1
    assert data.cursors.get("sealer/log/quick") == 1
    data.sealer.run_once(force=True)
    assert data.cursors.get("sealer/log") == 3


def test_a_second_pass_seals_nothing_again(data: Data) -> None:
    data.log.append([reading({"a/x": 1.0}, AT)])
    data.sealer.run_once(force=True)
    assert data.sealer.run_once(force=True) == 0
    assert data.start().run_once(force=True) == 0


def test_a_site_sealed_early_is_not_sealed_again_after_a_restart(data: Data) -> None:
    data.log.append([reading({"a/x": 1.0}, AT + MAX_AGE_NS, site="slow")])
    data.log.append([reading({"a/x": 1.0}, AT, site="quick"), tick(AT + MAX_AGE_NS + NS)])
    data.sealer.run_once()
    assert data.cursors.get("sealer/log") == 0
    assert data.start().run_once() == 0
    data.start().run_once(force=True)
    assert data.rows() == 2


def frames_of_three_days() -> list[Frame]:
    measured = [
        reading({"a/x": float(k), "b/y": float(-k)}, AT + k * 6 * 3600 * NS, site=site, seq=k)
        for k in range(9)
        for site in ("ams-03", "cph-01")
    ]
    return [*measured, tick(AT + 3 * 86_400 * NS)]


@pytest.mark.parametrize("nth", (1, 2, 5, 6))
@pytest.mark.parametrize("name", STEPS)
def test_a_kill_at_any_step_loses_nothing_and_writes_nothing_twice(
    data: Data, name: str, nth: int
) -> None:
    frames = frames_of_three_days()
    data.log.append(frames)
    killed = 0
    try:
        data.start(Crash(name, nth)).run_once(force=True)
    except Killed:
        killed = 1
    data.trim()  # whatever the cursors permit, at the worst moment
    expected = MemoryHistory(frames)
    for site in expected.sites():
        assert data.history().series(everything(site)) == expected.series(everything(site))
    data.start().run_once(force=True)
    data.trim()
    assert data.log.frames == []
    assert data.rows() == 9 * 2 * 2
    assert killed == (nth <= {"cursor": 1, "sealed": 2}.get(name, 8))
    for site in expected.sites():
        assert data.history().series(everything(site)) == expected.series(everything(site))


def test_a_pass_after_a_failed_one_starts_from_the_durable_cursors(data: Data) -> None:
    data.log.append(frames_of_three_days())
    sealer = data.start(Crash("renamed", 2))
    with pytest.raises(Killed):
        sealer.run_once(force=True)
    data.log.append([reading({"a/x": 1.0}, AT + 100 * NS)])
    sealer.run_once(force=True)
    assert data.rows() == 9 * 2 * 2 + 1


def test_rows_are_found_while_a_start_clears_their_file_away(data: Data) -> None:
    data.log.append([reading({"a/x": 1.0}, AT)])
    with pytest.raises(Killed):
        data.start(Crash("renamed")).run_once(force=True)

    class ClearedMeanwhile(MemoryLog):
        def between(self, site: str, from_ns: int, to_ns: int, after: int) -> list[Frame]:
            found = data.log.between(site, from_ns, to_ns, after)
            data.start().run_once()
            return found

    history = EmbeddedHistory(data.data_dir, ClearedMeanwhile(), data.derived)
    assert data.files()
    (found,) = history.series(everything("ams-03"))
    assert list(found.values) == [1.0]
    assert data.files() == []


def test_a_lost_state_database_rewrites_what_the_log_still_holds(data: Data) -> None:
    data.log.append(frames_of_three_days())
    data.sealer.run_once(force=True)
    before = data.files()
    data.cursors = MemoryCursors()
    data.start().run_once(force=True)
    assert data.files() == before
    assert data.rows() == 9 * 2 * 2


def test_files_that_the_log_cannot_write_again_are_set_aside_and_still_read(data: Data) -> None:
    data.log.append([reading({"a/x": 1.0}, AT), reading({"a/x": 2.0}, AT + NS)])
    data.sealer.run_once(force=True)
    data.log, data.cursors = MemoryLog(), MemoryCursors()
    data.log.append([reading({"a/x": 3.0}, AT + 2 * NS), reading({"a/x": 4.0}, AT + 3 * NS)])
    data.start().run_once(force=True)
    names = [name.rpartition("/")[2] for name in data.files()]
    assert names == ["kept-log-1-2.parquet", "log-1-2.parquet"]
    (found,) = data.history().series(everything("ams-03"))
    assert list(found.values) == [1.0, 2.0, 3.0, 4.0]


def test_a_new_log_below_old_cursors_is_sealed_from_its_start(data: Data) -> None:
    data.log.append(frames_of_three_days())
    data.sealer.run_once(force=True)
    held = data.rows()
    data.log = MemoryLog()
    data.log.append([reading({"a/x": 1.0}, AT + NS)])
    data.start().run_once(force=True)
    assert data.rows() == held + 1
    assert data.cursors.get("sealer/log") == 1


def test_a_pass_that_is_told_to_stop_ends_after_the_seal_in_hand(data: Data) -> None:
    data.log.append(frames_of_three_days())
    data.sealer.run_once(lambda: "sealer/log/ams-03" in data.cursors.all(), force=True)
    sealed = [site for site in ("ams-03", "cph-01") if data.cursors.get(f"sealer/log/{site}")]
    assert sealed == ["ams-03"]
    data.sealer.run_once(force=True)
    assert data.rows() == 9 * 2 * 2


SITES = ("ams-03", "cph-01")
frames = st.builds(
    lambda site, points, k, delay_ms, value, twin: reading(
        {f"a/{point}": value for point in points},
        MIDNIGHT_NS + k * 3600 * NS,
        site=site,
        recv_ns=MIDNIGHT_NS + k * 3600 * NS + delay_ms * 1_000_000,
        source=Source.TWIN if twin else Source.MEASURED,
    ),
    st.sampled_from(SITES),
    st.sets(st.sampled_from("xyz"), min_size=1),
    st.integers(-26, 26),
    st.integers(0, 3),
    st.floats(allow_nan=False),
    st.booleans(),
)
actions = st.lists(st.one_of(frames, st.sampled_from(("pass", "force", "trim", "restart", *STEPS))))


@given(actions)
def test_whatever_is_written_sealed_trimmed_and_killed_the_history_is_the_input(
    tmp_path_factory: pytest.TempPathFactory, steps: Sequence[Frame | str]
) -> None:
    data = Data(tmp_path_factory.mktemp("data"))
    data.derived = MemoryLog()
    data.start()
    expected = MemoryHistory()
    for step in steps:
        if isinstance(step, Frame):
            (data.log if step.source is Source.MEASURED else data.derived).append([step])
            expected.add([step])
        elif step in {"pass", "force"}:
            data.sealer.run_once(force=step == "force")
        elif step == "trim":
            data.trim()
        elif step == "restart":
            data.start()
        else:
            with contextlib.suppress(Killed):
                data.start(Crash(step)).run_once(force=True)
            data.start()
    history = data.history()
    assert history.sites() == expected.sites()
    for site in SITES:
        assert history.series(everything(site)) == expected.series(everything(site))
        assert history.latest(site) == expected.latest(site)
        assert history.extent(site) == expected.extent(site)


@pytest.fixture
def runner(data: Data) -> Iterator[SealerRunner]:
    runner = SealerRunner(data.sealer, SystemClock(), every_s=0.005)
    yield runner
    runner.stop()


def until(holds: Callable[[], bool]) -> bool:
    nothing = threading.Event()
    return any(holds() or nothing.wait(0.005) for _ in range(1_000))


def test_the_role_seals_until_it_is_stopped(data: Data, runner: SealerRunner) -> None:
    data.log.append([reading({"a/x": 1.0}, AT), tick(AT + MAX_AGE_NS + NS)])
    runner.start()
    assert until(lambda: len(data.files()) == 1)
    assert runner.health().state is RoleState.RUNNING
    runner.drain(5.0)
    assert runner.health().state is RoleState.STOPPED


def test_a_disk_that_refuses_is_said_and_tried_again(data: Data, runner: SealerRunner) -> None:
    data.log.append([reading({"a/x": 1.0}, AT), tick(AT + MAX_AGE_NS + NS)])
    blocked = data.data_dir / "history"
    blocked.write_text("a file where the folder should be")
    runner.start()
    assert until(lambda: not runner.health().ready)
    assert "trying again" in runner.health().detail
    blocked.unlink()
    assert until(lambda: runner.health().ready)
    assert len(data.files()) == 1


def test_a_mistake_of_our_own_ends_the_role_and_says_so(data: Data, runner: SealerRunner) -> None:
    data.log = None  # type: ignore[assignment]
    runner = SealerRunner(data.start(), SystemClock(), every_s=0.005)
    runner.start()
    assert until(lambda: runner.health().state is RoleState.FAILED)
    runner.stop()
