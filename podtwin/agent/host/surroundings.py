"""What a host runs in, as far as it can tell, and what its figures then are figures of."""

from __future__ import annotations

from podtwin.agent.host.files import HostFiles

CONTAINER = (
    "a container: processors, memory and disks are those of the whole machine, whatever the"
    " container's limits; the network is the container's own"
)
VIRTUAL = (
    "a virtual machine: processors, memory, disks and network are its own; power, temperatures and"
    " fans belong to the machine below, where another agent can read them"
)
MACHINE = "a machine of its own, as far as can be seen"

_CONTAINER_FILES = (".dockerenv", "run/.containerenv", "run/systemd/container")
_CONTAINER_GROUPS = ("docker", "kubepods", "containerd", "libpod", "lxc")
_VIRTUAL_MAKERS = ("qemu", "vmware", "virtualbox", "amazon ec2", "google compute", "xen", "bochs")


def surroundings(files: HostFiles) -> tuple[str, ...]:
    """One or two sentences; a container in a virtual machine has both."""
    found = [
        sentence
        for sentence, true in ((CONTAINER, _in_container(files)), (VIRTUAL, _is_virtual(files)))
        if true
    ]
    return tuple(found) or (MACHINE,)


def _in_container(files: HostFiles) -> bool:
    if any(files.exists(path) for path in _CONTAINER_FILES):
        return True
    groups = files.optional("proc/1/cgroup")
    return any(word in groups for word in _CONTAINER_GROUPS)


def _is_virtual(files: HostFiles) -> bool:
    if files.optional("sys/hypervisor/type"):
        return True
    for line in files.optional("proc/cpuinfo").splitlines():
        if line.startswith("flags"):  # of the first processor; ARM has no such line
            return "hypervisor" in line.split()
    names = ("sys_vendor", "product_name")
    maker = " ".join(files.optional(f"sys/class/dmi/id/{name}") for name in names).lower()
    return any(word in maker for word in _VIRTUAL_MAKERS)
