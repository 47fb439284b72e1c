from __future__ import annotations

import random
from collections.abc import Sequence

import pytest
from support.frames import MIDNIGHT_NS, NS, reading
from support.memory_log import MemoryLog

from podcore.frame import Frame, Source
from podcore.ports import Transition
from podtwin.engine.digest import Digest, digest_log


def twin(
    second: int,
    site: str = "a",
    value: float = 1.0,
    sd: float = 0.5,
    point: str = "x/y",
    cause: int = 1,
) -> Frame:
    return reading(
        {point: value},
        MIDNIGHT_NS + second * NS,
        site=site,
        source=Source.TWIN,
        sd=[sd],
        cause=cause,
    )


def change(key: str, ts_ns: int = 1, after: str = "firing") -> Transition:
    return Transition(key, "a", "f", "pending", after, 3, ts_ns, b"")


def digest(frames: Sequence[Frame], transitions: Sequence[Transition] = ()) -> str:
    found = Digest()
    found.add_frames(frames)
    found.add_transitions(transitions)
    return found.hexdigest()


def test_how_the_sites_are_mixed_does_not_matter() -> None:
    a, b = [twin(s) for s in range(20)], [twin(s, "b") for s in range(20)]
    mixed = [frame for pair in zip(a, b, strict=True) for frame in pair]
    assert digest(a + b) == digest(b + a) == digest(mixed)


def test_a_row_that_was_written_again_counts_once() -> None:
    frames = [twin(s) for s in range(20)]
    assert digest(frames[:15] + frames[10:]) == digest(frames)
    assert digest([], [change("k"), change("k")]) == digest([], [change("k")])


@pytest.mark.parametrize(
    "other",
    (
        twin(1, value=1.0000000000000002),
        twin(1, sd=0.5000000000000001),
        twin(2),
        twin(1, point="x/z"),
        twin(1, site="b"),
    ),
)
def test_any_bit_of_time_point_value_or_sd_changes_it(other: Frame) -> None:
    assert digest([twin(0), other]) != digest([twin(0), twin(1)])


def test_a_negative_zero_is_not_a_zero() -> None:
    assert digest([twin(1, value=-0.0)]) != digest([twin(1, value=0.0)])


def test_offsets_causes_and_arrivals_do_not_matter() -> None:
    later = reading(
        {"x/y": 1.0}, MIDNIGHT_NS, site="a", source=Source.TWIN, sd=[0.5], cause=99, recv_ns=1
    )
    assert digest([twin(0)]) == digest([later])


def test_what_is_measured_is_no_part_of_it() -> None:
    measured = reading({"x/y": 5.0}, MIDNIGHT_NS + 5 * NS, site="a")
    assert digest([twin(0), measured]) == digest([twin(0)])


def test_transitions_are_part_of_it_wherever_they_come_between_the_steps() -> None:
    steps, changes = [twin(s) for s in range(4)], [change("k1"), change("k2", ts_ns=2)]
    late, early = Digest(), Digest()
    late.add_frames(steps)
    late.add_transitions(changes)
    early.add_transitions(changes)
    early.add_frames(steps)
    assert late.hexdigest() == early.hexdigest() != digest(steps)
    assert digest(steps, [change("k1", after="resolved")]) != digest(steps, [change("k1")])


def test_the_digest_of_a_range_is_that_of_what_its_frames_closed() -> None:
    log = MemoryLog(derived=True)
    frames = [twin(s, site, cause=s) for s in range(50) for site in "ab"]
    random.Random(1).shuffle(frames)
    frames.sort(key=lambda frame: frame.ts_ns)
    log.append(frames)
    within = [f for f in frames if (5 if f.site == "a" else 9) < f.cause <= 30]
    assert digest_log(log, [], {"a": 5, "b": 9}, up_to=30) == digest(within)
