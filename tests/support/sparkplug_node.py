"""A real edge node of pysparkplug in an environment of its own (it needs an older paho-mqtt)."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Self

import pytest
from support.sources import ROOT

PINNED = "pysparkplug==0.6.1"
SCRIPT = ROOT / "tests" / "support" / "sparkplug_oracle.py"
_INSTALL_S, _ANSWER_S = 240.0, 60.0


def python_with_pysparkplug(folder: Path) -> Path:
    """The Python of `PODTWIN_PYSPARKPLUG`, else that of a new environment; without one a skip."""
    named = os.environ.get("PODTWIN_PYSPARKPLUG")
    if named:
        return Path(named)
    python, uv = folder / "bin" / "python", str(Path(sys.executable).with_name("uv"))
    for command in (
        [uv, "venv", "--quiet", "--python", sys.executable, str(folder)],
        [uv, "pip", "install", "--quiet", "--python", str(python), PINNED],
    ):
        done = subprocess.run(command, capture_output=True, timeout=_INSTALL_S, check=False)
        if done.returncode:
            sentence = f"{PINNED} cannot be installed: {done.stderr.decode()[-300:]}"
            (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(sentence)
    return python


class SparkplugNode:
    """It does what it is told, and says when it has done it."""

    def __init__(self, python: Path, port: int) -> None:
        self._command = [str(python), str(SCRIPT), str(port)]
        self._process: subprocess.Popen[str] | None = None

    def __enter__(self) -> Self:
        pipe = subprocess.PIPE
        self._process = subprocess.Popen(self._command, stdin=pipe, stdout=pipe, text=True)
        self.wait_for("born")
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()
        for pipe in (self._running.stdin, self._running.stdout):
            assert pipe is not None
            pipe.close()

    def tell(self, word: str) -> None:
        """Has it do one thing."""
        stdin = self._running.stdin
        assert stdin is not None
        stdin.write(f"{word}\n")
        stdin.flush()
        self.wait_for(word)

    def wait_for(self, word: str) -> None:
        """Returns once it says that it has done something; what it does meanwhile is passed by."""
        stdout = self._running.stdout
        assert stdout is not None
        watch = threading.Timer(_ANSWER_S, self._running.kill)
        watch.start()
        try:
            while (said := stdout.readline()) != f"{word}\n":
                assert said, f"the edge node ended before it said {word!r}"
        finally:
            watch.cancel()

    def kill(self) -> None:
        """Ends it at once, so that the broker publishes its will."""
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(signal.SIGKILL)
            self._process.wait(30.0)

    @property
    def _running(self) -> subprocess.Popen[str]:
        assert self._process is not None
        return self._process
