from __future__ import annotations

from pathlib import Path

import psutil
import pytest
from support.host_trees import HostTree

from podtwin.agent.host.files import HostFiles
from podtwin.agent.host.memory import Memory


def test_what_could_still_be_given_out_is_not_in_use(tmp_path: Path) -> None:
    memory = Memory(HostTree(tmp_path, "server").files)
    assert [seen.point for seen in memory.look().seen] == ["memory_used"]
    assert memory.read(0.0) == {"memory_used": (65_809_152 - 49_032_000) * 1_024.0}


def test_an_old_kernel_does_not_say_it(tmp_path: Path) -> None:
    tree = HostTree(tmp_path)
    tree.write("proc/meminfo", "MemTotal: 1000 kB\nMemFree: 900 kB")
    memory = Memory(tree.files)
    (absent,) = memory.look().absent
    assert (absent.point, absent.why) == ("memory_used", "/proc/meminfo has no MemAvailable")
    assert "3.14" in absent.way_out
    assert memory.read(0.0) == {}


def test_this_machine_has_as_much_in_use_as_psutil_says() -> None:
    used = Memory(HostFiles()).read(0.0)["memory_used"]
    said = psutil.virtual_memory()
    assert used == pytest.approx(said.total - said.available, rel=0.2, abs=2e9)
