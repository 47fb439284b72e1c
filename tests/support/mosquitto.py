"""A real Mosquitto on a free port of the loopback, with the settings that we recommend."""

from __future__ import annotations

import os
import socket
import subprocess
import threading
from pathlib import Path
from typing import Self

from support.certificates import Certificate
from support.components import require

_CONFIG = """listener {port} {address}
allow_anonymous true
max_inflight_messages 1000
max_queued_messages 1000000
persistence {persistence}
persistence_location {folder}/
autosave_on_changes true
autosave_interval 1
set_tcp_nodelay true
log_dest none
"""


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port: int = sock.getsockname()[1]
    return port


class Mosquitto:
    """The broker as a process; `stop` and `start` again, with or without its memory."""

    def __init__(
        self,
        folder: Path,
        *,
        persistence: bool = False,
        address: str = "127.0.0.1",
        more: str = "",
    ) -> None:
        """more : lines of its configuration; of two on one thing the later counts."""
        self._program = require("mosquitto", "speak to a real broker")
        self.port = free_port()
        self._config = folder / "mosquitto.conf"
        self._config.write_text(
            _CONFIG.format(
                port=self.port,
                address=address,
                folder=folder,
                persistence=str(persistence).lower(),
            )
            + more
        )
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop(kill=True)

    @property
    def url(self) -> str:
        """Its address."""
        return f"mqtt://127.0.0.1:{self.port}"

    def command(self) -> list[str]:
        """What is started."""
        return [str(self._program), "-c", str(self._config)]

    def start(self) -> None:
        """Starts it, and returns once it takes connections."""
        self._process = subprocess.Popen(
            self.command(),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        pause = threading.Event()
        for _ in range(200):
            with socket.socket() as sock:
                if sock.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            if self._process.poll() is not None:
                break
            pause.wait(0.025)
        raise RuntimeError(f"mosquitto did not start with {self._config.read_text()}")

    def stop(self, *, kill: bool = False) -> None:
        """Ends it, in order or at once."""
        if self._process is None:
            return
        if kill:
            self._process.kill()
        else:
            self._process.terminate()
        self._process.wait(10.0)
        self._process = None


_GUARDED = """listener {port} 127.0.0.1
allow_anonymous false
password_file {folder}/passwords
certfile {certificate}
keyfile {key}
max_inflight_messages 1000
max_queued_messages 1000000
set_tcp_nodelay true
log_dest none
"""


class GuardedMosquitto(Mosquitto):
    """With TLS and one account."""

    def __init__(
        self,
        folder: Path,
        certificate: Certificate,
        user: str,
        password: str,
        *,
        clients: Path | None = None,
    ) -> None:
        """clients : who signs the certificates that it asks for; None asks for none."""
        super().__init__(folder)
        passwords = folder / "passwords"
        program = require("mosquitto_passwd", "give a broker an account")
        subprocess.run([program, "-b", "-c", passwords, user, password], check=True)
        text = _GUARDED.format(
            port=self.port, folder=folder, certificate=certificate.file, key=certificate.key
        )
        if clients is not None:
            text += f"cafile {clients}\nrequire_certificate true\nuse_identity_as_username true\n"
        if os.geteuid() == 0:  # else it turns to a user who may not read a test's folder
            text += "user root\n"
        self._config.write_text(text)

    @property
    def url(self) -> str:
        """Its address."""
        return f"mqtts://127.0.0.1:{self.port}"
