"""Live = replay: what a run derived, killed or not, is what its recording derives again."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from support.program import Program, Programs

from ingest.log import SqliteLogReader

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]


@dataclass(frozen=True, slots=True)
class Lived:
    """A data directory that two runs wrote: the first was killed, the second stopped in order."""

    programs: Programs
    restarted_at: str

    def record(self, name: str, *span: str) -> dict[str, Any]:
        flags = ("--data-dir", "data", "--out", name)
        return self.programs.summary("record", *flags, *span)

    def replay(self, name: str) -> dict[str, Any]:
        return self.programs.summary("replay", name, "--data-dir", "replayed")


@pytest.fixture(scope="module")
def lived(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lived]:
    """Two sites, killed while live, gone on with, stopped, gone on with, recorded, stopped."""
    with Programs(tmp_path_factory.mktemp("lived")) as programs:
        start(programs, live_steps=1).kill()
        second = start(programs, live_steps=1).interrupt()
        assert second.code == 0, second.err
        assert second.summary["ledger"]["pending"] == 0
        third = start(programs, live_steps=1)
        restarted_at = str(third.json("/api/v1/status")["started_at"])
        lived = Lived(programs, restarted_at)
        lived.record("beside")
        assert third.interrupt().code == 0
        yield lived


def test_a_run_that_was_killed_is_replayed_to_the_same_digest_twice(lived: Lived) -> None:
    recorded = lived.record("whole")
    assert recorded["digest"] is not None
    assert recorded["sites"] == 2
    first, second = lived.replay("whole"), lived.replay("whole")
    assert first["digest"] == second["digest"] == recorded["digest"]
    assert first["same"] is True
    assert first["frames"] == recorded["frames"]
    assert first["steps"] > 2 * 7_200 // 5


def test_a_recording_that_starts_at_a_checkpoint_has_the_digest_of_its_range(
    lived: Lived,
) -> None:
    recorded = lived.record("part", "--from", lived.restarted_at)
    assert recorded["checkpoints"] == 2
    replayed = lived.replay("part")
    assert replayed["digest"] == recorded["digest"] is not None
    # How far back the checkpoint lies depends on how busy the machine was.
    assert 0 < replayed["steps"] <= lived.replay("whole")["steps"]


def test_an_archive_replays_like_its_folder(lived: Lived) -> None:
    recorded = lived.record("part.zip", "--from", lived.restarted_at)
    assert lived.replay("part.zip")["digest"] == recorded["digest"]


def test_a_recording_taken_beside_the_running_process_replays_as_well(lived: Lived) -> None:
    replayed = lived.replay("beside")
    assert replayed["recorded_digest"] in {None, replayed["digest"]}
    assert replayed["steps"] > 2 * 7_200 // 5


def start(programs: Programs, *, live_steps: int) -> Program:
    """A demo on the folder's data directory, once it has derived that many steps of live time."""
    arguments = ("--sites", 2, "--port", 0, "--mqtt-port", 0, "--data-dir", "data")
    program = programs.start("demo", *arguments, "-o", "json").ready()

    def live() -> bool:
        sites = program.json("/api/v1/sites")["sites"]
        return len(sites) == 2 and all(site["clock"] == "live" for site in sites)

    program.eventually(live, "live sites")
    reader = SqliteLogReader(programs.folder / "data" / "derived.db", derived=True)
    try:
        goal = reader.last_offset() + 2 * live_steps
        program.eventually(lambda: reader.last_offset() >= goal, f"{live_steps} more steps")
    finally:
        reader.close()
    # A stop leaves an engine that is far behind where it is, and its range without a digest.
    program.eventually(lambda: is_up_to_date(program), "an engine that has caught up")
    return program


def is_up_to_date(program: Program) -> bool:
    status = program.json("/api/v1/status")
    return bool(status["lag"]["engine_frames"] + status["backlog"]["closed_steps"] < 10)
