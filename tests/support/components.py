"""Programs that a test needs beside Python: where they are, or why the test cannot run.

On a developer's machine a missing program skips the test and says what to install. Where
``CI=true`` is set everything is meant to be there, so the same absence fails: a test that
is skipped everywhere is a test that nobody has.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Final, NoReturn

import pytest

# Debian keeps daemons in sbin, which is not on the path of an ordinary user.
_ALSO_LOOK_IN = ("/usr/sbin", "/usr/local/sbin", "/sbin", "/opt/homebrew/sbin")

# Where `.ci/run` keeps what it compiles; on a developer's machine a place as good as any.
BUILT_TOOLS: Final = Path.home() / ".cache" / "podtwin-tools"


def require(program: str, why: str) -> Path:
    """Where the program is; without it the test is skipped, or fails under ``CI=true``.

    Parameters
    ----------
    program : Name of the executable, as its Debian package calls it: ``mosquitto``.
    why : What the test does with it, for the one who reads the skip.
    """
    found = _on_path(program)
    if found is None:
        _missing(f"{program} is not installed; needed to {why} (Debian: apt-get install {program})")
    return found


def require_built(program: str, variable: str, why: str, how: str) -> Path:
    """Where a program is that no Debian package holds; without it as `require`.

    Parameters
    ----------
    variable : Environment variable that names the file; before PATH and the folder of built tools.
    how : Where it comes from, for the one who reads the skip.
    """
    named = os.environ.get(variable)
    places = (Path(named) if named else None, _on_path(program), BUILT_TOOLS / program)
    found = next((place for place in places if place is not None and place.is_file()), None)
    if found is None:
        _missing(f"{program} is not installed; needed to {why} ({how})")
    return found


def _on_path(program: str) -> Path | None:
    path = os.pathsep.join((os.environ.get("PATH", os.defpath), *_ALSO_LOOK_IN))
    found = shutil.which(program, path=path)
    return None if found is None else Path(found)


def _missing(sentence: str) -> NoReturn:
    if os.environ.get("CI") == "true":
        pytest.fail(sentence, pytrace=False)
    pytest.skip(sentence)
