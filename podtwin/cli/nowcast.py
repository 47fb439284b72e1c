"""`podtwin twin nowcast`: a cluster's power from what runs on it, as a file or a summary."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Annotated

import typer

from podtwin.cli.output import print_json, print_pairs

if TYPE_CHECKING:
    import numpy as np
    import polars as pl
    from numpy.typing import NDArray

    from podtwin.agent.power_tables import PowerTables
    from twin.model import Array
    from twin.tracks import Track

SUFFIXES = (".csv", ".parquet")
FORMS = ("table", "json", "csv")

_FILE = typer.Option(exists=True, dir_okay=False, readable=True, help="CSV or Parquet file.")
_SITE = typer.Option(exists=True, dir_okay=False, readable=True, help="Site file, power-only.")


def nowcast(
    workload: Annotated[Path, _FILE],
    power: Annotated[Path, _FILE],
    delay: Annotated[str, typer.Option(help="After which power is known, as 15m or 1h.")] = "1h",
    track: Annotated[str, typer.Option(help="nowcast; h1, h24: an hour, a day ahead.")] = "nowcast",
    site: Annotated[Path | None, _SITE] = None,
    output: Annotated[
        str, typer.Option("--output", "-o", help="table, json, csv, or a .csv or .parquet file.")
    ] = "table",
) -> None:
    """Predict a cluster's power from its workload, and from power as it was known by then.

    The prediction for a time uses no power younger than --delay. An hour or a day ahead it uses
    neither power nor workload younger than that.
    """
    _check_output(output, (workload, power))
    chosen, delay_s = _track(track), _delay_s(delay)
    from podtwin.agent.power_tables import read_power_tables

    tables = read_power_tables(workload, power)
    for sentence in tables.said:
        typer.echo(sentence, err=True)
    result = _Result(chosen, tables, _predicted(chosen, tables, delay_s, site), delay_s)
    if not len(result.steps):
        rule = "after that the files know of no power beside a workload with tasks"
        raise _error("--delay", delay, rule, "give longer files, or a rating by --site")
    _show(result, output)


@dataclass(frozen=True, slots=True)
class _Result:
    """power_w : (steps + those ahead,)   NaN where nothing is predicted."""

    track: Track
    tables: PowerTables
    power_w: Array
    delay_s: float

    @property
    def steps(self) -> NDArray[np.intp]:
        import numpy as np

        return np.flatnonzero(np.isfinite(self.power_w))

    def frame(self) -> pl.DataFrame:
        """A row for each prediction."""
        import polars as pl

        steps = self.steps
        return pl.DataFrame([self.tables.times(steps), pl.Series("power_w", self.power_w[steps])])

    def summary(self) -> dict[str, object]:
        """How many, of when, from how old data, and how far off where power was measured."""
        import numpy as np

        from podcore.clock import rfc3339

        steps, step_s, measured = self.steps, self.tables.step_s, self.tables.power_w
        times_ns = [
            self.tables.start_ns + int(step) * self.tables.step_ns for step in steps[[0, -1]]
        ]
        lead, age = self.track.ages(step_s, self.delay_s)
        held = steps[steps < len(measured)]
        held = held[measured[held] > 0.0]
        off = np.abs(self.power_w[held] / measured[held] - 1.0)
        return {
            "track": self.track.value,
            "rows": len(steps),
            "from": rfc3339(times_ns[0]),
            "to": rfc3339(times_ns[1]),
            "step_s": step_s,
            "workload_age_s": lead * step_s,
            "power_age_s": age * step_s,
            "measured": len(held),
            "mape_percent": round(100.0 * float(off.mean()), 3) if len(held) else None,
        }


def _predicted(track: Track, tables: PowerTables, delay_s: float, site: Path | None) -> Array:
    from podcore.clock import SystemClock
    from podtwin.cli.progress import progress_bar
    from twin.first_guess import first_guess
    from twin.tracks import predict

    params, first = first_guess(tables.power_w, tables.workload)
    if site is not None:
        params = _params_of(site)
    with progress_bar("steps", SystemClock()) as advance:
        predicted = predict(
            track, tables.power_w, tables.workload, params, tables.step_s, delay_s, advance
        )
    if site is None:
        # Until the first reading is known nothing says how large the cluster is.
        predicted[: first + track.ages(tables.step_s, delay_s)[1]] = float("nan")
    return predicted


def _params_of(file: Path) -> Array:
    import numpy as np

    from podcore.site import SiteType
    from podtwin.config.sites import load_site_files
    from twin.parameters import settle

    sites = [each.site for each in load_site_files([file])]
    of_power = [each for each in sites if each.type is SiteType.POWER_ONLY]
    if len(of_power) != 1:
        rule = f"holds {len(of_power)} sites of type power-only; it takes one"
        raise _error("--site", str(file), rule, "name another file, or leave it out")
    values = settle(of_power[0])
    return np.array([[*(value.mean for value in values), *(value.sd for value in values)]])


def _show(result: _Result, output: str) -> None:
    if output == "json":
        print_json(result.summary())
    elif output == "table":
        print_pairs(result.summary())
    elif output == "csv":
        _write_csv(result.frame(), sys.stdout.buffer)
        sys.stdout.flush()
    else:
        _write_file(result.frame(), Path(output))
        typer.echo(f"{output}: {len(result.steps)} rows")


def _write_file(frame: pl.DataFrame, out: Path) -> None:
    from podcore.errors import NotWritten

    hidden = out.with_name(f".{out.name}.partial")
    try:
        with hidden.open("wb") as file:
            if out.suffix == ".csv":
                _write_csv(frame, file)
            else:
                frame.write_parquet(file)
        hidden.replace(out)
    except OSError as error:
        raise NotWritten(f"{out} cannot be written: {error.strerror}; name another file") from error
    finally:
        hidden.unlink(missing_ok=True)


def _write_csv(frame: pl.DataFrame, file: IO[bytes]) -> None:
    import polars as pl

    plain = frame.with_columns(pl.col("timestamp").dt.replace_time_zone(None))
    plain.write_csv(file, datetime_format="%Y-%m-%dT%H:%M:%S%.fZ")


def _check_output(output: str, inputs: tuple[Path, ...]) -> None:
    out = Path(output)
    if output in FORMS:
        return
    if out.suffix not in SUFFIXES:
        forms = ", ".join(FORMS)
        raise _error(
            "--output", output, f"is {forms}, or a file that ends in {' or '.join(SUFFIXES)}"
        )
    if not out.parent.is_dir():
        raise _error("--output", output, "there is no such folder", "make it first")
    if out.resolve() in [file.resolve() for file in inputs]:
        raise _error("--output", output, "is a file that is read", "name another")


def _track(word: str) -> Track:
    from podcore.names import did_you_mean
    from twin.tracks import Track

    words = [track.value for track in Track]
    if word not in words:
        raise _error("--track", word, "is no track", did_you_mean(word, words))
    return Track(word)


def _delay_s(text: str) -> float:
    from podtwin.cli.durations import duration_s

    found = duration_s(text, "--delay")
    if not found:
        raise _error("--delay", text, "must be above 0", "power is known after it was measured")
    return found


def _error(place: str, value: str, rule: str, way_out: str = "") -> Exception:
    from podcore.errors import ConfigError

    return ConfigError(place, value, rule, way_out)
