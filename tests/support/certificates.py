"""An authority of a test's own, and certificates that it signs; made by the openssl program."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path

from support.components import require

_KEY = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")


@dataclass(frozen=True, slots=True)
class Certificate:
    """A certificate with its key."""

    file: Path
    key: Path


class Authority:
    """Signs certificates; `file` is what those who trust it name."""

    def __init__(self, folder: Path, name: str = "authority") -> None:
        self._folder = folder
        self._openssl = require("openssl", "make certificates")
        self.file, self._key = folder / f"{name}.pem", folder / f"{name}.key"
        self.run(
            "req", "-x509", *_KEY, "-keyout", self._key, "-out", self.file, "-days", "2",
            "-subj", f"/CN=Test {name}", "-addext", "keyUsage=critical,keyCertSign,cRLSign",
        )  # fmt: skip

    def sign(self, name: str, alternative: str, *, days: int = 2) -> Certificate:
        """A certificate. alternative : as `IP:127.0.0.1` or `DNS:broker.example`.

        days : until it ends; past ones make one that has ended.
        """
        request = self._folder / f"{name}.csr"
        made = Certificate(self._folder / f"{name}.pem", self._folder / f"{name}.key")
        self.run(
            "req", "-new", *_KEY, "-keyout", made.key, "-out", request, "-subj", f"/CN={name}",
            "-addext", f"subjectAltName={alternative}",
        )  # fmt: skip
        self.run(
            "x509", "-req", "-in", request, "-CA", self.file, "-CAkey", self._key,
            "-CAcreateserial", "-days", days, "-copy_extensions", "copy", "-out", made.file,
        )  # fmt: skip
        return made

    def run(self, *arguments: object) -> None:
        """Runs openssl."""
        command = [str(self._openssl), *map(str, arguments)]
        subprocess.run(command, check=True, capture_output=True)
