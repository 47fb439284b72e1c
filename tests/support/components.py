"""Programs that a test needs beside Python: where they are, or why the test cannot run.

On a developer's machine a missing program skips the test and says what to install. Where
``CI=true`` is set everything is meant to be there, so the same absence fails: a test that
is skipped everywhere is a test that nobody has.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

# Debian keeps daemons in sbin, which is not on the path of an ordinary user.
_ALSO_LOOK_IN = ("/usr/sbin", "/usr/local/sbin", "/sbin", "/opt/homebrew/sbin")


def require(program: str, why: str) -> Path:
    """Where the program is; without it the test is skipped, or fails under ``CI=true``.

    Parameters
    ----------
    program : Name of the executable, as its Debian package calls it: ``mosquitto``.
    why : What the test does with it, for the one who reads the skip.
    """
    path = os.pathsep.join((os.environ.get("PATH", os.defpath), *_ALSO_LOOK_IN))
    found = shutil.which(program, path=path)
    if found is not None:
        return Path(found)
    missing = f"{program} is not installed; needed to {why} (Debian: apt-get install {program})"
    if os.environ.get("CI") == "true":
        pytest.fail(missing, pytrace=False)
    pytest.skip(missing)
