"""What goes to and from disks and networks a second, all devices together. [By/s]

Counted is hardware alone, where there is any: a RAID, a volume, a bridge or a bond passes on what
its members carry, which would then count twice.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from podtwin.agent.host.collector import Absent, Seen, Sight
from podtwin.agent.host.files import HostFiles, Unseen
from podtwin.agent.host.rates import SummedRate

DISKS, INTERFACES = "proc/diskstats", "proc/net/dev"
_SECTOR_BY = 512  # of /proc/diskstats, whatever the disk's own is
_READ, _WRITTEN = 5, 9  # sectors, in a line of /proc/diskstats that begins with major, minor, name
_RECEIVED, _SENT = 0, 8  # bytes, in a line of /proc/net/dev after the name

Counts = dict[str, tuple[int, int]]


class Traffic:
    """Two rates from two counters of each device.

    Parameters
    ----------
    points : what comes in, what goes out.
    file : where the counters stand; `counts` reads it. `devices` says what it should name.
    """

    def __init__(
        self, points: tuple[str, str], file: str, devices: str, counts: Callable[[], Counts]
    ) -> None:
        self._points = points
        self._file = file
        self._devices = devices
        self._counts = counts
        self._rates = (SummedRate(), SummedRate())

    def look(self) -> Sight:
        """Both rates, with the names of the devices."""
        try:
            counts = self._counts()
        except Unseen as unseen:
            return self._absent(unseen)
        if not counts:
            return self._absent(Unseen(f"/{self._file}", f"names no {self._devices}"))
        source = f"/{self._file}: {', '.join(counts)}"
        return Sight(tuple(Seen(point, source) for point in self._points))

    def read(self, at_s: float) -> Mapping[str, float]:
        """Rates since the read before."""
        try:
            counts = self._counts()
        except Unseen:
            return {}
        rates = (
            rate({name: pair[side] for name, pair in counts.items()}, at_s)
            for side, rate in enumerate(self._rates)
        )
        return {p: rate for p, rate in zip(self._points, rates, strict=True) if rate is not None}

    def forget(self) -> None:
        """The next read has none to compare with."""
        for rate in self._rates:
            rate.forget()

    def _absent(self, unseen: Unseen) -> Sight:
        return Sight(absent=tuple(Absent.of(point, unseen) for point in self._points))


def disks(files: HostFiles) -> Traffic:
    """Bytes read and written a second, over all disks that are hardware."""

    def counts() -> Counts:
        found: Counts = {}
        for line in files.text(DISKS).splitlines():
            words = line.split()
            pair = _pair(words, _READ, _WRITTEN)
            # Partitions have no folder of their own here, and what is virtual has no device.
            if pair and files.exists(f"sys/block/{words[2].replace('/', '!')}/device"):
                found[words[2]] = (pair[0] * _SECTOR_BY, pair[1] * _SECTOR_BY)
        return found

    return Traffic(("disk_read_rate", "disk_write_rate"), DISKS, "disk that is hardware", counts)


def networks(files: HostFiles) -> Traffic:
    """Bytes received and sent a second, over all interfaces that are hardware.

    Where none is, as in a container with one end of a virtual pair, all but the loopback count.
    """

    def counts() -> Counts:
        found: Counts = {}
        for line in files.text(INTERFACES).splitlines():
            name, _, rest = line.rpartition(":")
            pair = _pair(rest.split(), _RECEIVED, _SENT)
            if pair and name.strip() not in {"", "lo"}:
                found[name.strip()] = pair
        hardware = [name for name in found if files.exists(f"sys/class/net/{name}/device")]
        return {name: found[name] for name in hardware} if hardware else found

    points = ("network_receive_rate", "network_transmit_rate")
    return Traffic(points, INTERFACES, "interface but the loopback", counts)


def _pair(words: Sequence[str], first: int, second: int) -> tuple[int, int] | None:
    if len(words) <= second or not (words[first].isdecimal() and words[second].isdecimal()):
        return None
    return int(words[first]), int(words[second])
