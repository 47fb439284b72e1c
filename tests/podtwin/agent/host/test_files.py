from __future__ import annotations

from pathlib import Path

import pytest
from support.host_trees import DeniedFiles, HostTree

from podtwin.agent.host.files import Unseen


@pytest.fixture
def tree(tmp_path: Path) -> HostTree:
    return HostTree(tmp_path)


def test_a_text_comes_without_white_space_around_it(tree: HostTree) -> None:
    tree.write("sys/name", "coretemp")
    assert tree.files.text("sys/name") == "coretemp"


def test_a_file_that_is_not_there_is_named(tree: HostTree) -> None:
    with pytest.raises(Unseen, match=r"^/proc/stat does not exist$"):
        tree.files.text("proc/stat")


def test_a_file_that_may_not_be_read_comes_with_the_way_out(tree: HostTree) -> None:
    files = DeniedFiles(tree.root, "sys/energy_uj")
    with pytest.raises(Unseen, match="may not be read by this user") as unseen:
        files.text("sys/energy_uj")
    assert unseen.value.way_out == "give this user read right on /sys/energy_uj"


def test_a_read_that_the_kernel_refuses_says_how(tree: HostTree) -> None:
    (tree.root / "sys" / "folder").mkdir(parents=True)
    with pytest.raises(Unseen, match="/sys/folder cannot be read: Is a directory"):
        tree.files.text("sys/folder")


def test_a_number_that_is_none_is_shown(tree: HostTree) -> None:
    tree.write("sys/temp", "N/A")
    with pytest.raises(Unseen, match="/sys/temp holds 'N/A', which is no integer"):
        tree.files.number("sys/temp")


def test_bytes_that_are_no_text_are_no_number_and_no_crash(tree: HostTree) -> None:
    (tree.root / "bytes").write_bytes(b"\xff\xfe12")
    with pytest.raises(Unseen, match="no integer"):
        tree.files.number("bytes")


def test_what_is_optional_is_empty_where_it_is_not(tree: HostTree) -> None:
    assert tree.files.optional("sys/label") == ""
    assert tree.files.names("sys") == []
    assert not tree.files.exists("sys")
