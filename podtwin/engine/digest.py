"""The digest of a run: equal for live and replay, whatever the reads and batches were.

SHA-256 over the sites by id, each a chain over (ts, point, value bits, sd bits) of its twin
Frames and (fingerprint, from, to, ts) of its transitions. No offsets, no arrival times; rows
that a rerun wrote again count once.
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Iterable, Mapping

from podcore.frame import READING, Frame, Kind, Source
from podcore.ports import LogReader, Transition
from podtwin.engine.outputs import Outputs

_READ = 2_000  # derived Frames at once: 1 MB of five points each


class _Chain:
    """A running hash over entries that come in order of time."""

    __slots__ = ("hash", "last_ns")

    def __init__(self) -> None:
        self.hash = hashlib.sha256()
        self.last_ns = -1


class Digest:
    """Takes twin Frames and transitions, sites in any mix, a site's in order of time."""

    def __init__(self) -> None:
        self._steps: dict[str, _Chain] = {}
        self._transitions: dict[str, _Chain] = {}
        self._keys: dict[str, set[str]] = {}

    def add(self, outputs: Outputs) -> None:
        """What the engine gave."""
        self.add_frames(outputs.frames)
        self.add_transitions(outputs.transitions)

    def add_frames(self, frames: Iterable[Frame]) -> None:
        """Derived Frames; what is not a reading of the twin is passed over."""
        for frame in frames:
            if frame.kind is not Kind.READING or frame.source is not Source.TWIN:
                continue
            chain = self._steps.setdefault(frame.site, _Chain())
            if frame.ts_ns > chain.last_ns:
                chain.last_ns = frame.ts_ns
                chain.hash.update(_step_bits(frame))

    def add_transitions(self, transitions: Iterable[Transition]) -> None:
        """Changes of alert conditions; one of a key counts once."""
        for change in transitions:
            keys = self._keys.setdefault(change.site, set())
            if change.key in keys:
                continue
            keys.add(change.key)
            chain = self._transitions.setdefault(change.site, _Chain())
            entry = f"{change.fingerprint}\0{change.before}\0{change.after}"
            chain.hash.update(entry.encode() + struct.pack("<q", change.ts_ns))

    def hexdigest(self) -> str:
        """The digest of all sites so far; more may follow."""
        whole = hashlib.sha256()
        for site in sorted(self._steps.keys() | self._transitions.keys()):
            whole.update(site.encode() + b"\0")
            for chains in (self._steps, self._transitions):
                chain = chains.get(site)
                whole.update(b"" if chain is None else chain.hash.digest())
                whole.update(b"\0")
        return whole.hexdigest()


def digest_log(
    derived: LogReader,
    transitions: Iterable[Transition],
    after: Mapping[str, int],
    up_to: int,
) -> str:
    """The digest of what a live run derived and decided from a range of its log.

    Parameters
    ----------
    transitions : of each site in the order in which they were decided.
    after : for each site the offset of the checkpoint that the range begins with; 0 without one.
    up_to : the last offset of the range; what a later Frame closed is left out.
    """
    digest = Digest()
    position = derived.first_offset() - 1
    while frames := derived.read(position, _READ):
        position = frames[-1].offset
        digest.add_frames(f for f in frames if after.get(f.site, 0) < f.cause <= up_to)
    digest.add_transitions(t for t in transitions if after.get(t.site, 0) < t.cause <= up_to)
    return digest.hexdigest()


def _step_bits(frame: Frame) -> bytes:
    body = READING.decode(frame.body)
    sd = [] if body.sd is None else body.sd
    head = struct.pack("<qII", frame.ts_ns, len(body.values), len(sd))
    numbers = struct.pack(f"<{len(body.values) + len(sd)}d", *body.values, *sd)
    return head + "\0".join(body.points).encode() + b"\0" + numbers
