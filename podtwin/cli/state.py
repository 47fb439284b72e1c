"""What the commands on the state database share: the database, and who asks."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from podtwin.config.settings import Settings
    from podtwin.store.state import StateStore

DataDirOption = Annotated[
    Path | None, typer.Option("--data-dir", help="Of a run, going on or over.")
]
ConfigOption = Annotated[Path | None, typer.Option("--config", help="Instead of podtwin.yaml.")]


@contextmanager
def opened(data_dir: Path, *, make: bool = False) -> Iterator[StateStore]:
    """The state database of a data directory, beside whatever process runs on it.

    Raises
    ------
    ConfigError  When there is none, unless it is to be made.
    """
    from podcore.errors import ConfigError
    from podtwin.pipeline.datadir import DataDir
    from podtwin.store.state import StateStore

    if make:
        DataDir(data_dir)
    elif not (data_dir / "state.db").exists():
        way_out = "name the --data-dir of a run"
        raise ConfigError("--data-dir", str(data_dir), "holds no state.db", way_out)
    store = StateStore(data_dir / "state.db")
    try:
        yield store
    finally:
        store.close()


def settings_of(data_dir: Path | None, config: Path | None) -> Settings:
    """The settings of a command that takes these two flags."""
    from podtwin.config.load import load_settings

    return load_settings(config, {"data_dir": data_dir}).settings


def this_user() -> str:
    """Who asks, for the audit."""
    import getpass

    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container's user without a name
        return "unknown"
