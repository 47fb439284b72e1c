"""The Mosquitto of compose.yaml, started by the script that its container runs.

Only what belongs to the container is the test's: its paths, its ports, and the user, where the
tests run as root and the broker would leave that.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

from support.components import require
from support.mosquitto import Mosquitto, free_port
from support.sources import ROOT

DEPLOY = ROOT / "deploy"
_SBIN = "/usr/sbin:/sbin:/usr/local/sbin"


def make_secrets(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """What `deploy/make-secrets` said, with another folder for the secrets."""
    return subprocess.run(
        ["sh", str(DEPLOY / "make-secrets"), *arguments],
        env={**os.environ, "PODTWIN_SECRETS": str(folder)},
        capture_output=True,
        text=True,
        check=False,
    )


class ShippedBroker(Mosquitto):
    """Started and stopped like any other; `restart` to take new accounts.

    folder : gets `config`, `run`, `data`; `secrets` has to be there.
    """

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        require("mosquitto_passwd", "hash passwords")
        self.tls_port = free_port()
        self._folder = folder
        shutil.copytree(DEPLOY / "mosquitto", folder / "config")
        for path in (folder / "config").iterdir():
            path.write_text(self.adapted(path.read_text(encoding="utf-8")), encoding="utf-8")
        if os.geteuid() == 0:
            with (folder / "config" / "mosquitto.conf").open("a", encoding="utf-8") as file:
                file.write("user root\n")
        for name in ("run", "data"):
            (folder / name).mkdir()

    @property
    def run_folder(self) -> Path:
        """What stands for the container's memory."""
        return self._folder / "run"

    def secret(self, name: str) -> str:
        """A secret, as the container sees it."""
        return (self._folder / "secrets" / name).read_text(encoding="utf-8").strip()

    def adapted(self, text: str) -> str:
        """A text of the container with the test's paths and ports."""
        for inside, name in (
            ("/mosquitto/config", "config"),
            ("/mosquitto/data", "data"),
            ("/run/mosquitto", "run"),
            ("/run/secrets", "secrets"),
        ):
            text = text.replace(inside, str(self._folder / name))
        text = text.replace("listener 1883", f"listener {self.port} 127.0.0.1")
        return text.replace("listener 8883", f"listener {self.tls_port} 127.0.0.1")

    def command(self) -> list[str]:
        """The container's."""
        return [
            "env",
            f"PATH={os.environ['PATH']}:{_SBIN}",
            "sh",
            str(self._folder / "config/start"),
        ]
