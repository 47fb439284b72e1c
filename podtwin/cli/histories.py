"""The history that `query` and `export` ask: of a data directory, or in InfluxDB."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from podtwin.store.history import EmbeddedHistory
    from podtwin.store.influx_history import InfluxHistory

DataDirOption = Annotated[
    Path | None,
    typer.Option("--data-dir", help="Of a run, going on or over; by default that of the settings."),
]
HistoryOption = Annotated[
    str | None,
    typer.Option(
        "--history", help="embedded or influx; by default as the settings say of their data_dir."
    ),
]


def open_history(
    data_dir: Path | None, kind: str | None
) -> tuple[EmbeddedHistory | InfluxHistory, Path]:
    """The history, and the data directory that it belongs to, beside whatever process runs on it.

    InfluxDB is asked where the settings say so of this very directory: it holds what that one
    sent, and nothing of a replay or of another's directory.

    Raises
    ------
    ConfigError  When there is none.
    """
    from podcore.errors import ConfigError
    from podtwin.config.influx import influx_targets
    from podtwin.config.load import load_settings
    from podtwin.pipeline.options import EMBEDDED, INFLUX
    from podtwin.pipeline.stored import cursor_of, stored

    settings = load_settings(None, {"history": kind}).settings
    folder = settings.data_dir if data_dir is None else data_dir
    of_settings = kind is not None or folder.resolve() == settings.data_dir.resolve()
    chosen = settings.history if of_settings else EMBEDDED
    if chosen != INFLUX and not (folder / "log.db").exists() and not (folder / "history").is_dir():
        way_out = "name the --data-dir of a run"
        raise ConfigError("--data-dir", str(folder), "holds no log and no history", way_out)
    sinks = influx_targets(settings) if chosen == INFLUX else ()
    return stored(
        chosen, folder, lambda name: cursor_of(folder / "state.db", name), sinks
    ).history, folder
