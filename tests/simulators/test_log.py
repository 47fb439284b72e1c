from __future__ import annotations

from podcore.clock import NS
from podcore.frame import CONFIG, Flag, Frame, Kind
from podtwin.pipeline.demo_sites import demo_sites
from simulators.log import START_NS, PlantLog, fault

SITES = demo_sites(2, 42)
NAMES = [site.id for site in SITES]


def readings(frames: list[Frame], site: str) -> list[Frame]:
    return [frame for frame in frames if frame.kind is Kind.READING and frame.site == site]


def test_each_site_is_configured_before_its_first_second() -> None:
    configs = PlantLog(*SITES).configs()
    assert [(frame.kind, frame.site) for frame in configs] == [(Kind.CONFIG, n) for n in NAMES]
    assert [CONFIG.decode(frame.body).site for frame in configs] == list(SITES)
    assert all(frame.ts_ns < START_NS for frame in configs)


def test_a_second_is_a_tick_and_then_a_reading_of_each_site() -> None:
    log = PlantLog(*SITES)
    frames = [*log.configs(), *log.seconds(2)]
    assert [frame.kind for frame in frames[2:]] == [Kind.TICK, Kind.READING, Kind.READING] * 2
    assert [frame.site for frame in frames[2:5]] == ["", *NAMES]
    assert [frame.offset for frame in frames] == list(range(1, 9))
    assert frames[-1].ts_ns == log.now_ns == START_NS + 2 * NS


def test_seconds_go_on_where_the_last_ones_ended() -> None:
    at_once, in_two = PlantLog(*SITES, seed=7), PlantLog(*SITES, seed=7)
    assert list(at_once.seconds(10)) == [*in_two.seconds(4), *in_two.seconds(6)]


def test_a_silent_site_sends_nothing_and_its_plant_goes_on() -> None:
    heard, silenced = PlantLog(*SITES), PlantLog(*SITES)
    all_of_it = list(heard.seconds(6))
    silenced.silent.add(NAMES[0])
    first = list(silenced.seconds(3))
    silenced.silent.clear()
    later = list(silenced.seconds(3))
    assert readings(first, NAMES[0]) == []
    assert len(readings(first, NAMES[1])) == 3
    values = [frame.body for frame in readings(all_of_it, NAMES[0])[3:]]
    assert [frame.body for frame in readings(later, NAMES[0])] == values


def test_a_past_is_marked_as_recorded() -> None:
    log = PlantLog(SITES[0])
    past, live = readings(list(log.seconds(1, recorded=True)), NAMES[0]), list(log.seconds(1))
    assert [frame.flags for frame in past] == [int(Flag.RECORDED)]
    assert [frame.flags for frame in live] == [0, 0]


def test_a_fault_befalls_its_site_from_its_onset_on() -> None:
    stuck = fault("sensor-stuck", 5, 100, "meter-main/power")
    assert (stuck.onset_ns, stuck.end_ns) == (START_NS + 5 * NS, START_NS + 105 * NS)
    healthy = PlantLog(*SITES)
    faulty = PlantLog(*SITES, faults={NAMES[0]: [stuck]})
    pair = list(healthy.seconds(20)), list(faulty.seconds(20))
    mine, other = ([readings(frames, name) for frames in pair] for name in NAMES)
    assert mine[0][:4] == mine[1][:4]
    assert mine[0] != mine[1]
    assert other[0] == other[1]
