"""A role of a data directory belongs to one process, and all that a process asks for or nothing."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from podcore.errors import ConfigError, RoleTaken
from podtwin.pipeline.datadir import DataDir


def test_a_directory_keeps_the_identity_it_was_made_with(tmp_path: Path) -> None:
    assert DataDir(tmp_path / "a").id == DataDir(tmp_path / "a").id
    assert DataDir(tmp_path / "a").id != DataDir(tmp_path / "b").id


def test_a_held_role_is_refused_with_the_pid_of_its_holder(tmp_path: Path) -> None:
    first, second = DataDir(tmp_path), DataDir(tmp_path)
    first.hold(["ingest"])
    with pytest.raises(RoleTaken, match=f"role ingest already runs .* process {os.getpid()};"):
        second.hold(["ingest"])
    first.release()
    second.hold(["ingest"])
    second.release()


def test_roles_that_cannot_all_be_held_are_all_left_free(tmp_path: Path) -> None:
    first, second, third = DataDir(tmp_path), DataDir(tmp_path), DataDir(tmp_path)
    first.hold(["engine"])
    with pytest.raises(RoleTaken):
        second.hold(["api", "engine"])
    third.hold(["api"])
    for each in (first, third):
        each.release()


def test_a_place_that_is_no_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ConfigError, match="choose a folder"):
        DataDir(tmp_path / "file")
