from __future__ import annotations

from pathlib import Path

import pytest
from support.host_trees import HostTree

from podtwin.agent.host.surroundings import CONTAINER, MACHINE, VIRTUAL, surroundings


@pytest.mark.parametrize(
    ("machine", "sentences"),
    (("server", (MACHINE,)), ("board", (MACHINE,)), ("container", (CONTAINER, VIRTUAL))),
)
def test_a_recorded_machine_is_what_it_is(
    tmp_path: Path, machine: str, sentences: tuple[str, ...]
) -> None:
    assert surroundings(HostTree(tmp_path, machine).files) == sentences


@pytest.mark.parametrize(
    ("path", "text", "sentence"),
    (
        ("run/.containerenv", "", CONTAINER),
        ("run/systemd/container", "lxc", CONTAINER),
        ("proc/1/cgroup", "0::/kubepods.slice/pod1", CONTAINER),
        ("sys/hypervisor/type", "xen", VIRTUAL),
        ("sys/class/dmi/id/sys_vendor", "QEMU", VIRTUAL),
        ("proc/cpuinfo", "flags : fpu hypervisor", VIRTUAL),
    ),
)
def test_one_sign_is_enough(tmp_path: Path, path: str, text: str, sentence: str) -> None:
    tree = HostTree(tmp_path)
    tree.write(path, text)
    assert surroundings(tree.files) == (sentence,)


def test_a_host_that_shows_nothing_claims_nothing(tmp_path: Path) -> None:
    assert surroundings(HostTree(tmp_path).files) == (MACHINE,)
