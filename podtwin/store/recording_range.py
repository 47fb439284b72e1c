"""Which Frames a recording holds, and from which state of each site it starts."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Final, Protocol

from podcore.clock import rfc3339
from podcore.errors import ConfigError
from podcore.frame import Kind
from podcore.ports import Checkpoint, LogReader

READ_FRAMES: Final = 2_000


class CheckpointStore(Protocol):
    """Where the engine's checkpoints are."""

    def checkpoints(self) -> Mapping[str, Checkpoint]:
        """The newest checkpoint of each site."""

    def checkpoint_before(self, site: str, offset: int) -> Checkpoint | None:
        """The newest checkpoint of a site at or before an offset."""


@dataclass(frozen=True, slots=True)
class Range:
    """Frames with offsets above `after` up to `last`, and where each site goes on from.

    checkpoints : none when the range starts with the log itself.
    """

    after: int
    last: int
    checkpoints: tuple[Checkpoint, ...] = ()


def choose(
    log: LogReader,
    store: CheckpointStore,
    sites: Iterable[str],
    from_ns: int | None,
    to_ns: int | None,
) -> Range:
    """The range of receive times [from, to), begun at the checkpoints before it.

    A site without a checkpoint before the range goes on from its configuration in the log.

    Parameters
    ----------
    sites : those that are configured, since not each may have a checkpoint yet.

    Raises
    ------
    ConfigError  When the log does not hold the range; it names what the log does hold.
    """
    held = _Held(log, store, {*sites, *store.checkpoints()})
    last = held.last if to_ns is None else held.first_at(to_ns) - 1
    begin = held.first if from_ns is None else held.first_at(from_ns)
    too_old = from_ns is not None and not held.whole and from_ns < held.oldest_ns
    if begin > last or too_old:
        raise _not_held(held, from_ns, to_ns)
    if from_ns is None and not held.whole:
        begin = held.first_start(last)
    start = held.start(begin) if begin <= last else None
    if start is None:
        raise _no_start(held, from_ns, last)
    return Range(start[0], last, start[1])


class _Held:
    """What a log holds, looked at by single Frames, and the checkpoints that go with it."""

    def __init__(self, log: LogReader, store: CheckpointStore, sites: set[str]) -> None:
        self._log = log
        self._store = store
        self._sites = sites
        self.first = log.first_offset()
        self.last = log.last_offset()
        self.whole = self.first == 1  # nothing was trimmed yet
        self.oldest_ns = self._recv(self.first)

    def first_at(self, recv_ns: int) -> int:
        """The lowest offset received at or after a time; one past the end if there is none."""
        return _lowest(self.first, self.last + 1, lambda offset: self._recv(offset) >= recv_ns)

    def first_start(self, last: int) -> int:
        """The lowest offset before which every site has a start; one past `last` if none."""
        return _lowest(self.first, last + 1, lambda offset: self.start(offset) is not None)

    def start(self, begin: int) -> tuple[int, tuple[Checkpoint, ...]] | None:
        """The offset after which to read, and the checkpoints; None where a site has no start."""
        starts: list[int] = []
        kept: list[Checkpoint] = []
        for site in sorted(self._sites):
            found = self._store.checkpoint_before(site, begin - 1)
            if found is not None and found.offset >= self.first - 1:
                kept.append(found)
                starts.append(found.offset)
                continue
            configured = self._configured.get(site)
            if found is not None or (configured is None and not self.whole):
                return None
            if configured is not None and configured < begin:
                starts.append(configured - 1)
        if starts:
            return min(starts), tuple(kept)
        return (0, ()) if self.whole else None

    def text(self) -> str:
        """What there is, for a person."""
        times = [rfc3339(self._recv(offset)) for offset in (self.first, self.last)]
        return f"the log holds {' to '.join(times)} (offsets {self.first} to {self.last})"

    def time_text(self, offset: int) -> str:
        """When a Frame was received."""
        return rfc3339(self._recv(offset))

    @cached_property
    def _configured(self) -> Mapping[str, int]:
        """The offset of the first config Frame of each site; reads the whole log, once."""
        found: dict[str, int] = {}
        after = self.first - 1
        while frames := self._log.read(after, READ_FRAMES):
            for frame in frames:
                if frame.kind is Kind.CONFIG:
                    found.setdefault(frame.site, frame.offset)
            after = frames[-1].offset
        return found

    def _recv(self, offset: int) -> int:
        frames = self._log.read(offset - 1, 1)
        return frames[0].recv_ns if frames else 0


def _lowest(low: int, high: int, holds: Callable[[int], bool]) -> int:
    """The lowest number in [low, high) from which on `holds` is true, else `high`."""
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if holds(middle) else (middle + 1, high)
    return low


def _not_held(held: _Held, from_ns: int | None, to_ns: int | None) -> ConfigError:
    given = (("--from", from_ns), ("--to", to_ns))
    asked = " ".join(f"{flag} {rfc3339(ns)}" for flag, ns in given if ns is not None)
    if held.last < held.first:
        return ConfigError("record", asked or None, "the log holds no Frames yet")
    return ConfigError("record", asked, f"{held.text()}, not that", "choose a range within it")


def _no_start(held: _Held, from_ns: int | None, last: int) -> ConfigError:
    first = held.first_start(last)
    way_out = (
        f"take --from {held.time_text(first)} or later"
        if first <= last
        else "wait for the engine's next checkpoint, which comes after a minute of log time"
    )
    asked = None if from_ns is None else f"--from {rfc3339(from_ns)}"
    rule = f"{held.text()}, and no checkpoint before the range from which every site can go on"
    return ConfigError("record", asked, rule, way_out)
