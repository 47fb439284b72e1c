"""`podtwin replay`: a recording through the same engine, with a digest at the end."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from podtwin.cli.output import Output, OutputOption, print_json, print_pairs

DIFFERENT = 1  # a finding: the replay did not give what the live run gave


def replay(
    recording: Annotated[Path, typer.Argument(help="Folder or .zip that `record` wrote.")],
    data_dir: Annotated[
        Path, typer.Option("--data-dir", help="Results go below replays/ in it.")
    ] = Path("data"),
    speed: Annotated[str, typer.Option(help="Times real time, or max.")] = "max",
    output: OutputOption = Output.TABLE,
) -> None:
    """Replay a recording. Exit 1 when its digest differs from the live run's."""
    from podcore.clock import SystemClock
    from podtwin.cli.progress import progress_bar
    from podtwin.pipeline import recordings
    from podtwin.store.recording import Recording

    clock = SystemClock()
    pace = parse_speed(speed)
    with Recording(recording) as opened, progress_bar("replaying", clock) as advance:
        done = recordings.replay(opened, data_dir, clock, speed=pace, progress=advance)
    facts: dict[str, object] = {
        "frames": done.frames,
        "steps": done.steps,
        "digest": done.digest,
        "recorded_digest": done.recorded_digest,
        "same": done.same,
        "wall_s": round(done.wall_s, 3),
        "speed": round(done.speed, 1),
        "replay": done.id,
    }
    if output is Output.JSON:
        print_json(facts)
    else:
        print_pairs(facts)
    if done.same is False:
        raise typer.Exit(DIFFERENT)


def parse_speed(text: str) -> float | None:
    """Times real time; None for `max`.

    Raises
    ------
    ConfigError  When it is neither `max` nor a number above 0.
    """
    from podcore.errors import ConfigError

    if text == "max":
        return None
    try:
        speed = float(text)
    except ValueError:
        speed = 0.0
    if not 0.0 < speed < float("inf"):
        raise ConfigError("--speed", text, "a speed is a number above 0, or max")
    return speed
