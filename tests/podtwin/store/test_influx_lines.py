"""Frames as line protocol, checked with a small parser of it."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.frames import MIDNIGHT_NS, config, reading, tick

from podcore.frame import Flag, Frame, Source
from podcore.site import Asset, Point, Site, SiteType
from podtwin.store import influx_lines
from podtwin.store.influx_lines import LineEncoder, escape

SITE = Site(
    "ams-03",
    SiteType.NONE,
    "ams-03",
    assets=(Asset("rack-01", "rack", "rack-01"), Asset("crac-1", "crac", "crac-1")),
    points=(Point("rack-01", "it_power", "rack", "power", 1.0),),
)
_BARE = r"(?:[^,= \\]|\\[,= ])+"
_LINE = re.compile(rf"({_BARE})((?:,{_BARE}={_BARE})*) ((?:[^ \\]|\\.)+) (-?\d+)")


@dataclass(frozen=True)
class Line:
    """A line, parsed."""

    measurement: str
    tags: Mapping[str, str]
    fields: Mapping[str, str]
    time_ns: int


def parse(text: bytes) -> list[Line]:
    assert text.endswith(b"\n")
    return [parse_line(line) for line in text.decode().removesuffix("\n").split("\n")]


def parse_line(text: str) -> Line:
    found = _LINE.fullmatch(text)
    assert found is not None, text
    measurement, tags, fields, time = found.groups()
    return Line(bare(measurement), pairs(tags[1:]), pairs(fields), int(time))


def pairs(text: str) -> Mapping[str, str]:
    each = [re.split(r"(?<!\\)=", one) for one in re.split(r"(?<!\\),", text) if one]
    return {bare(name): bare(value) for name, value in each}


def bare(text: str) -> str:
    return re.sub(r"\\(.)", r"\1", text)


def encoder() -> LineEncoder:
    return LineEncoder(lambda: [SITE])


def lines_of(frame: Frame) -> list[Line]:
    return parse(encoder().encode(frame).text)


def test_an_asset_is_a_line_of_its_class_and_a_frame_one_more() -> None:
    values = {"rack-01/it_power": 8123.0, "crac-1/fan_power": 700.5, "rack-01/inlet_temp": 22.4}
    frame = reading(values, MIDNIGHT_NS, seq=1234, recv_ns=MIDNIGHT_NS + 4_700_000)
    assert encoder().encode(frame).text.decode().splitlines() == [
        (
            "rack,site=ams-03,asset=rack-01,source=measured it_power=8123.0,inlet_temp=22.4"
            f" {MIDNIGHT_NS}"
        ),
        f"crac,site=ams-03,asset=crac-1,source=measured fan_power=700.5 {MIDNIGHT_NS}",
        f"frame,site=ams-03,node=gw-1 seq=1234i,recv_delay_ms=4i {MIDNIGHT_NS}",
    ]
    assert encoder().encode(frame).lines == 3


def test_a_message_without_a_number_says_only_how_late_it_came() -> None:
    frame = reading({"rack-01/it_power": 1.0}, MIDNIGHT_NS, recv_ns=MIDNIGHT_NS - 2_000_000)
    assert lines_of(frame)[-1].fields == {"recv_delay_ms": "-2i"}


def test_what_no_site_file_names_is_of_class_other() -> None:
    twin = reading({"twin/recirculation": 0.05}, MIDNIGHT_NS, sd=[0.01], source=Source.TWIN)
    assert lines_of(twin)[0].measurement == "other"
    elsewhere = reading({"box/power": 1.0}, MIDNIGHT_NS, site="nobody-knows")
    assert lines_of(elsewhere)[0].measurement == "other"


def test_a_spread_stands_beside_its_value() -> None:
    values = {"rack-01/inlet_temp": 22.0, "crac-1/fan_power": 700.0}
    first, second, _ = lines_of(reading(values, MIDNIGHT_NS, sd=[0.5, 9.0], source=Source.TWIN))
    assert first.tags["source"] == "twin"
    assert first.fields == {"inlet_temp": "22.0", "inlet_temp__sd": "0.5"}
    assert second.fields == {"fan_power": "700.0", "fan_power__sd": "9.0"}


def test_flags_stand_only_where_one_is_set() -> None:
    values = {"rack-01/it_power": 1.0, "rack-01/inlet_temp": 2.0}
    some = lines_of(reading(values, MIDNIGHT_NS, value_flags=[0, int(Flag.OUT_OF_RANGE)]))[0]
    assert some.fields == {"it_power": "1.0", "inlet_temp": "2.0", "inlet_temp__flags": "2"}
    both = reading(values, MIDNIGHT_NS, flags=int(Flag.LATE), value_flags=[0, 2])
    assert lines_of(both)[0].fields["it_power__flags"] == "1"
    assert lines_of(both)[0].fields["inlet_temp__flags"] == "3"
    of_all = lines_of(reading(values, MIDNIGHT_NS, flags=int(Flag.RECORDED)))[0]
    assert of_all.fields["it_power__flags"] == of_all.fields["inlet_temp__flags"] == "32"


@pytest.mark.parametrize("value", (math.nan, math.inf, -math.inf))
def test_a_value_that_is_no_finite_number_is_named_and_the_others_stay(value: float) -> None:
    frame = reading({"rack-01/it_power": value, "crac-1/fan_power": 7.0}, MIDNIGHT_NS)
    encoded = encoder().encode(frame)
    assert encoded.unsayable == ("rack-01/it_power",)
    assert [line.measurement for line in parse(encoded.text)] == ["crac", "frame"]
    assert encoded.lines == 2


def test_a_spread_that_is_no_number_is_left_out() -> None:
    frame = reading({"rack-01/it_power": 1.0}, MIDNIGHT_NS, sd=[math.inf], source=Source.TWIN)
    assert lines_of(frame)[0].fields == {"it_power": "1.0"}


def test_a_frame_of_no_values_still_has_its_line() -> None:
    assert [line.measurement for line in lines_of(reading({}, MIDNIGHT_NS, seq=1))] == ["frame"]


def test_other_kinds_of_frames_have_none() -> None:
    assert encoder().encode(tick(MIDNIGHT_NS)).lines == 0
    assert encoder().encode(config(SITE, MIDNIGHT_NS)).text == b""


def test_a_changed_class_holds_from_the_config_frame_on() -> None:
    lines = encoder()
    frame = reading({"crac-1/fan_power": 1.0}, MIDNIGHT_NS)
    assert parse(lines.encode(frame).text)[0].measurement == "crac"
    changed = msgspec.structs.replace(SITE, assets=(Asset("crac-1", "crah", "crac-1"),))
    lines.encode(config(changed, MIDNIGHT_NS))
    assert parse(lines.encode(frame).text)[0].measurement == "crah"


def test_sites_are_asked_for_once_and_again_only_for_a_new_one() -> None:
    asked = []

    def sites() -> list[Site]:
        asked.append(1)
        return [SITE]

    lines = LineEncoder(sites)
    for power in (1.0, 2.0):
        lines.encode(reading({"rack-01/it_power": power}, MIDNIGHT_NS))
        lines.encode(reading({"crac-1/fan_power": power}, MIDNIGHT_NS))
    assert len(asked) == 1


def test_more_schemas_than_are_kept_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(influx_lines, "MAX_TEMPLATES", 2)
    lines = encoder()
    frames = [reading({f"rack-01/p{n}": float(n)}, MIDNIGHT_NS) for n in range(5)]
    again = [lines.encode(frame).text for frame in (*frames, *frames)]
    assert again[:5] == again[5:]
    assert again[3] == encoder().encode(frames[3]).text


numbers = st.floats(allow_nan=False, allow_infinity=False)
names = st.from_regex(r"[a-z][a-z0-9_]{0,8}", fullmatch=True)


@given(
    values=st.dictionaries(st.tuples(st.sampled_from(["a", "b-1", "c"]), names), numbers),
    data=st.data(),
)
def test_every_number_comes_back_to_the_bit(
    values: dict[tuple[str, str], float], data: st.DataObject
) -> None:
    points = {f"{asset}/{name}": value for (asset, name), value in values.items()}
    spread = data.draw(st.none() | st.lists(numbers, min_size=len(points), max_size=len(points)))
    flags = data.draw(
        st.none() | st.lists(st.integers(0, 63), min_size=len(points), max_size=len(points))
    )
    frame = reading(
        points, MIDNIGHT_NS, sd=spread, value_flags=flags, flags=data.draw(st.sampled_from([0, 32]))
    )
    lines = encoder()
    found: dict[str, float] = {}
    for _ in range(2):  # by a new template, and by a known one
        for line in parse(lines.encode(frame).text)[:-1]:
            asset = line.tags["asset"]
            found |= {f"{asset}/{name}": float(word) for name, word in line.fields.items()}
        expected = dict(points)
        for index, point in enumerate(points):
            if spread is not None:
                expected[f"{point}__sd"] = spread[index]
            if flag := frame.flags | (flags[index] if flags else 0):
                expected[f"{point}__flags"] = float(flag)
        assert found == expected


@given(st.text(min_size=1))
def test_any_name_can_stand_in_a_line_and_breaks_none(name: str) -> None:
    line = parse_line(f"{escape(name)},site={escape(name)} {escape(name)}=1.0 5")
    said = re.sub(r"[\x00-\x1f\x7f\\]", "_", name)
    assert line.measurement == line.tags["site"] == said
    assert line.fields == {said: "1.0"}


def test_a_name_that_is_empty_gets_a_letter() -> None:
    assert escape("") == "_"
