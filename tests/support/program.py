"""`podtwin` as a process of its own: started, asked over HTTP, interrupted, killed, read.

Output goes to files, so that no pipe fills up and everything can still be read after a kill. A
program stands in a session of its own, by which whatever it might leave behind is found.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from typing import Any, Self, TypeVar

import httpx
import psutil

PODTWIN = Path(sys.executable).with_name("podtwin")
PATIENCE_S = 60.0  # a start takes 2 s here, and 20 s where many tests share the machine
_LOOK_EVERY_S = 0.05
_T = TypeVar("_T")


def eventually(ask: Callable[[], _T | None], what: str, *, within_s: float = PATIENCE_S) -> _T:
    """The first answer that is true; fails, saying what was waited for, when none comes in time."""
    pause, ends = threading.Event(), monotonic() + within_s
    while not (answer := ask()):
        assert monotonic() < ends, f"within {within_s:.0f} s not seen: {what}"
        pause.wait(_LOOK_EVERY_S)
    return answer


@dataclass(frozen=True, slots=True)
class Finished:
    """A program that has ended."""

    code: int
    out: str
    err: str

    @property
    def summary(self) -> dict[str, Any]:
        """The object that `-o json` prints last."""
        found: dict[str, Any] = json.loads(self.out.strip().splitlines()[-1])
        return found


class Program:
    """One running command."""

    def __init__(self, folder: Path, name: str, command: Sequence[str]) -> None:
        self.temporary = folder / f"{name}.tmp"
        self.temporary.mkdir()
        self._out, self._err = folder / f"{name}.out", folder / f"{name}.err"
        self._url: str | None = None
        with self._out.open("wb") as out, self._err.open("wb") as err:
            self._process = subprocess.Popen(
                command,
                cwd=folder,
                env=_environment(self.temporary),
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
                start_new_session=True,
            )

    @property
    def pid(self) -> int:
        """Of the process, and of its session."""
        return self._process.pid

    @property
    def running(self) -> bool:
        """Whether it has not ended."""
        return self._process.poll() is None

    @property
    def err(self) -> str:
        """All that came on stderr so far."""
        return self._err.read_text(encoding="utf-8", errors="replace")

    def logged(self, event: str) -> dict[str, Any]:
        """The first line of its log about an event; waits for it."""
        return self.eventually(lambda: self._logged(event), f"{event} in the log")

    @property
    def url(self) -> str:
        """Where it answers; waits for it to say so."""
        if self._url is None:
            self._url = str(self.logged("podtwin_running")["url"])
        return self._url

    def get(
        self,
        path: str,
        params: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> httpx.Response:
        """An answer over HTTP."""
        return httpx.get(self.url + path, params=params, headers=headers, timeout=30.0)

    def json(self, path: str, **params: str) -> dict[str, Any]:
        """An answer over HTTP that must be good."""
        answer = self.get(path, params)
        assert answer.status_code == httpx.codes.OK, answer.text
        found: dict[str, Any] = answer.json()
        return found

    def ready(self) -> Program:
        """Waits until `/readyz` says so."""
        self.eventually(lambda: self._answers("/readyz"), "readyz 200")
        return self

    def eventually(
        self, ask: Callable[[], _T | None], what: str, *, within_s: float = PATIENCE_S
    ) -> _T:
        """As the function, but fails at once when the program ends before."""

        def asked() -> _T | None:
            answer = ask()
            assert answer or self.running, f"ended before {what}: {self.err[-2_000:]}"
            return answer

        return eventually(asked, what, within_s=within_s)

    def send(self, number: signal.Signals) -> None:
        """A signal."""
        self._process.send_signal(number)

    def interrupt(self, *, within_s: float = PATIENCE_S) -> Finished:
        """Ctrl-C, and what comes of it."""
        self.send(signal.SIGINT)
        return self.wait(within_s=within_s)

    def kill(self) -> None:
        """Ends it as a power cut would."""
        self._process.kill()
        self._process.wait()

    def wait(self, *, within_s: float = PATIENCE_S) -> Finished:
        """Waits for its end."""
        try:
            code = self._process.wait(within_s)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"still runs after {within_s} s: {self.err[-2_000:]}") from None
        return Finished(code, self._out.read_text(encoding="utf-8"), self.err)

    def left_behind(self) -> list[int]:
        """Processes of its session."""
        return [pid for pid in psutil.pids() if pid != self.pid and _session(pid) == self.pid]

    def _answers(self, path: str) -> bool:
        try:
            return self.get(path).status_code == httpx.codes.OK
        except httpx.TransportError:
            return False

    def _logged(self, event: str) -> dict[str, Any] | None:
        for line in self.err.splitlines():
            if line.startswith("{") and line.endswith("}") and f'"event": "{event}"' in line:
                found: dict[str, Any] = json.loads(line)
                return found
        return None


class Programs:
    """Starts programs in a folder; at the end of a `with`, whatever still runs is killed."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._started: list[Program] = []

    def start(self, *arguments: object) -> Program:
        """A program that runs beside the test."""
        return self.start_as([str(PODTWIN), *map(str, arguments)], name=str(arguments[0]))

    def start_as(self, command: Sequence[str], *, name: str = "other") -> Program:
        """The same of a whole command line, for instance one that runs `podtwin` elsewhere."""
        program = Program(self.folder, f"{len(self._started):02d}-{name}", command)
        self._started.append(program)
        return program

    def run(self, *arguments: object, within_s: float = PATIENCE_S) -> Finished:
        """A program that ends by itself."""
        return self.start(*arguments).wait(within_s=within_s)

    def summary(self, *arguments: object, within_s: float = PATIENCE_S) -> dict[str, Any]:
        """What a program says that must end well, with `-o json`."""
        finished = self.run(*arguments, "-o", "json", within_s=within_s)
        assert finished.code == 0, finished.err
        return finished.summary

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for program in self._started:
            program.kill()


def _environment(temporary: Path) -> Mapping[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PODTWIN_")}
    return {**kept, "TMPDIR": str(temporary)}


def _session(pid: int) -> int | None:
    try:
        return os.getsid(pid)
    except ProcessLookupError:
        return None
