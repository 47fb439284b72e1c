"""The truth about simulated faults, as lines of JSON for whoever judges what was noticed."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import msgspec

from podcore.clock import NS, rfc3339
from podcore.errors import ConfigError
from simulators.faults import Label


class TruthFile:
    """A file that grows by a line a fault; several plants may tell it at once."""

    def __init__(self, path: Path) -> None:
        """Makes the file, or goes on with the one that is there.

        Raises
        ------
        ConfigError  When it cannot be written.
        """
        try:
            self._file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
        except OSError as error:
            why = error.strerror or str(error)
            raise ConfigError("--truth", path, f"cannot be written: {why}") from None

    def tell(self, labels: Sequence[Label]) -> None:
        """Writes the labels, at once, so that lines of two plants never mix."""
        os.write(self._file, b"".join(_line(label) for label in labels))

    def close(self) -> None:
        """Frees the file."""
        os.close(self._file)


def _line(label: Label) -> bytes:
    said = {
        "site": label.site,
        "fault": label.fault,
        "asset": label.asset,
        "point": label.point,
        "onset": rfc3339(label.onset_ns),
        "end": None if label.end_ns is None else rfc3339(label.end_ns),
        "severity": label.severity,
        "ramp_s": label.ramp_ns / NS,
    }
    return msgspec.json.encode(said) + b"\n"
