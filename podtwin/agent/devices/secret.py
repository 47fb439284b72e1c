"""Secrets of devices, each in a file of its own."""

from __future__ import annotations

from pathlib import Path

from podcore.errors import ConfigError

_MOST_BYTES = 4_096


def read_secret(at: str, beside: Path, name: str) -> str:
    """What the file holds, without white space around it. beside : the folder it is named from.

    Raises
    ------
    ConfigError  When it cannot be read or is empty; the message never holds what is in it.
    """
    file = beside / name
    try:
        with file.open("rb") as opened:
            secret = opened.read(_MOST_BYTES).decode("utf-8").strip()
    except OSError as error:
        raise ConfigError(at, name, f"cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise ConfigError(at, name, "is not UTF-8") from None
    if not secret:
        raise ConfigError(at, name, "is empty", "write the secret into it, alone")
    return secret
