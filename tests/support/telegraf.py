"""A real Telegraf with the configuration that the project ships; only host name, pace and port
are the test's."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Self

from support.components import require_built
from support.sources import ROOT

SHIPPED = ROOT / "deploy" / "telegraf"
HOST = "node-01"
_BUILD = "scripts/real_parts builds it"


class Telegraf:
    """Telegraf as a process that publishes what it sees of this machine each second."""

    def __init__(self, folder: Path, port: int) -> None:
        self._program = require_built("telegraf", "PODTWIN_TELEGRAF", "read a real one", _BUILD)
        self._config = folder / "telegraf.conf"
        self._log = folder / "telegraf.log"
        text = (SHIPPED / "telegraf.conf").read_text(encoding="utf-8")
        for shipped, ours in (
            ('# hostname = "node-01"', f'hostname = "{HOST}"'),
            ('interval = "10s"', 'interval = "1s"'),
            ("mqtt://127.0.0.1:1883", f"mqtt://127.0.0.1:{port}"),
        ):
            assert shipped in text
            text = text.replace(shipped, ours)
        self._config.write_text(text, encoding="utf-8")
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                [str(self._program), "--config", str(self._config)], stdout=log, stderr=log
            )
        return self

    def __exit__(self, *_: object) -> None:
        if self._process is not None:
            self._process.terminate()
            self._process.wait(30.0)

    @property
    def said(self) -> str:
        """Its log."""
        return self._log.read_text(encoding="utf-8", errors="replace")
