"""The first key: made where others can reach the API and nobody could log in yet.

It goes to a file that only this user may read; stderr names the file and never the key.
"""

from __future__ import annotations

import os
import secrets
from dataclasses import replace
from pathlib import Path

import structlog

from podcore.access import Scope, make_key
from podcore.errors import ConfigError, NotWritten
from podcore.hosts import LOOPBACK_HOSTS
from podcore.ports import Clock
from podtwin.api.deps import Access
from podtwin.store.keys import Keys

NAME = "admin"
_WAY_OUT = (
    "make it writable, or bind 127.0.0.1 and come through a tunnel: ssh -L 8080:127.0.0.1:8080 HOST"
)

_log = structlog.get_logger("podtwin")


def guarded(access: Access, host: str, keys: Keys, folder: Path, clock: Clock) -> Access:
    """How callers are told apart on `host`: by keys wherever others can reach it.

    Raises
    ------
    ConfigError  When the first key cannot be written.
    """
    required = access.required or host not in LOOPBACK_HOSTS
    if required:
        make_first_key(keys, folder, clock.now_ns())
    return replace(access, required=required)


def make_first_key(keys: Keys, folder: Path, now_ns: int) -> Path | None:
    """The file with the first key, or None when somebody can make keys already.

    Raises
    ------
    ConfigError  When it cannot be written.
    """
    if keys.any_admin(now_ns):
        return None
    made, token = make_key(
        _free_name(keys), Scope.ADMIN, (), by="podtwin", now_ns=now_ns, expires_ns=None,
        random=secrets.token_bytes,
    )  # fmt: skip
    path = folder / NAME
    try:
        # The file first: a key in the database that nobody has would keep all out for ever.
        _write(path, token)
        keys.add(made)
    except (OSError, NotWritten) as error:
        why = error.strerror if isinstance(error, OSError) else str(error)
        rule = f"the first key cannot be written: {why}"
        raise ConfigError("--host beyond this machine", str(path), rule, _WAY_OUT) from None
    _log.warning("first_key_made", file=str(path), scope=made.scope.value, name=made.name)
    return path


def _write(path: Path, token: str) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    path.parent.chmod(0o700)
    temporary = path.with_name(f".{path.name}")
    temporary.unlink(missing_ok=True)
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL
    with open(os.open(temporary, flags, 0o600), "w", encoding="ascii") as file:  # noqa: PTH123 - made with its mode
        file.write(f"{token}\n")
        file.flush()
        os.fsync(file.fileno())
    temporary.rename(path)


def _free_name(keys: Keys) -> str:
    taken = {each.name for each in keys.all() if each.revoked_ns is None}
    names = (NAME if number == 1 else f"{NAME}-{number}" for number in range(1, len(taken) + 2))
    return next(name for name in names if name not in taken)
