"""Site files from disk; each kind of mistake is named with file, line, place, rule, way out."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.site_files import AIR_CHW, AIR_DX, HYBRID_D2C

from podcore.errors import ConfigError
from podtwin.config.sites import load_site_files

SHIPPED = Path(__file__).parents[3] / "sites"

GOOD = """\
schema: podtwin/site/1
id: ams-03
type: air-dx
location: {latitude: 52.37, longitude: 4.90, timezone: Europe/Amsterdam}
limits: {ashrae_class: A2}
assets:
  - {id: ups-1, class: ups, feeds: [pdu-a]}
  - {id: pdu-a, class: pdu, feeds: ["rack-[01-03]"]}
  - {id: "rack-[01-03]", class: rack, rating: {power_w: 8300}}
  - {id: cold-aisle, class: aisle, measures: ["rack-[01-03]"]}
  - id: crac-1
    class: crac
    points:
      fan_power: {period_s: 2}
      shaft_power: {unit: kW}
twin: {step_s: 5, parameters: {recirculation: {mean: 0.05, sd: 0.03}}}
"""


def write(folder: Path, text: str, name: str = "ams.yaml") -> Path:
    file = folder / name
    file.write_text(text, encoding="utf-8")
    return file


def test_the_good_file_is_good(tmp_path: Path) -> None:
    ((site, file),) = load_site_files(write(tmp_path, GOOD))
    assert (site.id, file) == ("ams-03", str(tmp_path / "ams.yaml"))
    assert {asset.id for asset in site.assets} >= {"rack-01", "rack-02", "rack-03"}


# What is replaced in the good file, by what; then line, place, value, rule and way out.
MISTAKES = {
    "cycle": ("ups, feeds: [pdu-a]}", "ups, feeds: [pdu-a], part_of: ups-1}",
              7, "assets[0].part_of", "ups-1 > ups-1", "must not lead back", "take one of these"),
    "long cycle": ("{power_w: 8300}", "{power_w: 8300}, feeds: [ups-1]",
                   8, "assets[1].feeds", "pdu-a > rack-03 > ups-1 > pdu-a", "lead back", "take"),
    "missing asset": ('measures: ["rack-[01-03]"]', "measures: [rack-4]",
                      10, "assets[3].measures", "rack-4", "is no asset of this site", "'rack-0"),
    "wrong unit": ("unit: kW", "unit: kw",
                   15, "assets[4].points.shaft_power.unit", "kw", "is no unit", "nearest is"),
    "unit of another quantity": ("fan_power: {period_s: 2}", "fan_power: {unit: Cel}",
                                 14, "assets[4].points.fan_power.unit", "Cel",
                                 "is no unit of power", "known are MW, W, kW, mW"),
    "no unit": ("shaft_power: {unit: kW}", "shaft_power: {period_s: 1}",
                15, "assets[4].points.shaft_power", None, "no such point and no unit", "fan_power"),
    "removed point that is not there": ("shaft_power: {unit: kW}", "fan_powr: null",
                                        15, "assets[4].points.fan_powr", None, "has no such point",
                                        "nearest is 'fan_power'"),
    "unknown key of an asset": ("class: ups, feeds:", "class: ups, feds:",
                                7, "assets[0].feds", ["pdu-a"], "is no key here", "'feeds'"),
    "unknown key of a point": ("{period_s: 2}", "{periods: 2}",
                               14, "assets[4].points.fan_power.periods", 2, "is no key here",
                               "'period_s'"),
    "unknown key of the site": ("limits:", "limit:", 5, "limit", {"ashrae_class": "A2"},
                                "is no key here", "'limits'"),
    "unknown class": ("class: ups", "class: upps",
                      7, "assets[0].class", "upps", "is no asset class", "'ups'"),
    "unknown type": ("type: air-dx", "type: air-dxx",
                     3, "type", "air-dxx", "none of the words known here", "'air-dx'"),
    "unknown limits": ("ashrae_class: A2", "ashrae_class: A7",
                       5, "limits.ashrae_class", "A7", "none of the words known", "A"),
    "another schema": ("podtwin/site/1", "podtwin/site/2",
                       1, "schema", "podtwin/site/2", "none of the words known", "podtwin/site/1"),
    "duplicate id": ("id: pdu-a", "id: ups-1",
                     8, "assets[1].id", "ups-1", "is already the id of assets[0]", "its own id"),
    "duplicate id by range": ("id: cold-aisle", "id: rack-02",
                              10, "assets[3].id", "rack-02", "already the id of assets[2]", "own"),
    "bad id": ("id: ups-1", "id: UPS-1", 7, "assets[0].id", "UPS-1", "an id is 1 to 63 of a-z", ""),
    "bad site id": ("id: ams-03", "id: ams_03", 2, "id", "ams_03", "1 to 63 of a-z", ""),
    "bad range": ('"rack-[01-03]", class', '"rack-[03-01]", class',
                  9, "assets[2].id", "rack-[03-01]", "from low to high", ""),
    "endless range": ('"rack-[01-03]", class', '"rack-[01-99999999]", class',
                      9, "assets[2].id", "rack-[01-99999999]", "at most 2000", ""),
    "too many points": ("id: crac-1", 'id: "crac-[001-250]"',
                        6, "assets", None, "at most 2000 points", "split it"),
    "word for a number": ("step_s: 5", "step_s: five",
                          16, "twin.step_s", "five", "should be of type float", ""),
    "word for a rating": ("power_w: 8300", "power_w: lots",
                          9, "assets[2].rating.power_w", "lots", "type float, not str", ""),
    "list for a map": ("{latitude: 52.37, longitude: 4.90, timezone: Europe/Amsterdam}", "[1, 2]",
                       4, "location", [1, 2], "should be of type object", ""),
    "number out of range": ("latitude: 52.37", "latitude: 152.37",
                            4, "location.latitude", 152.37, "<= 90", ""),
    "negative period": ("period_s: 2", "period_s: -2",
                        14, "assets[4].points.fan_power.period_s", -2, "> 0", ""),
    "missing key": ("latitude: 52.37, ", "", 4, "location", None, "'latitude' is missing", "add"),
    "unknown time zone": ("Europe/Amsterdam", "Europe/Amsterdm",
                          4, "location.timezone", "Europe/Amsterdm", "is no time zone",
                          "'Europe/Amsterdam'"),
    "unknown parameter": ("recirculation", "recirculaton",
                          16, "twin.parameters.recirculaton", None, "has no such parameter",
                          "'recirculation'"),
    "parameter beyond sense": ("mean: 0.05", "mean: 5.0",
                               16, "twin.parameters.recirculation", 5.0, "must lie in", "0.05"),
    "parameter without a mean": ("{mean: 0.05, sd: 0.03}", "{sd: 0.03}",
                                 16, "twin.parameters.recirculation", None, "'mean' is missing",
                                 "add"),
    "bad binding": ("step_s: 5", "step_s: 5, bind: {return_air_temp: x}",
                    16, "twin.bind.return_air_temp", "x", "as asset/point", ""),
    "site without racks": ('"rack-[01-03]", class: rack', '"rack-[01-03]", class: other',
                           6, "assets", None, "needs an asset of class rack", "add one"),
    "key twice": ("id: ams-03", "id: ams-03\nid: ams-04",
                  3, "id", None, "stands already in line 2", "take one"),
}  # fmt: skip


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_named_with_its_line_and_the_way_out(name: str, tmp_path: Path) -> None:
    old, new, line, place, value, rule, way_out = MISTAKES[name]
    assert GOOD.count(old) == 1
    file = write(tmp_path, GOOD.replace(old, new))
    with pytest.raises(ConfigError) as caught:
        load_site_files(file)
    error = caught.value
    assert (error.file, error.line, error.place) == (str(file), line, place)
    assert value is None or error.value == value
    assert rule in error.rule
    assert way_out in error.way_out
    assert str(error).startswith(f"{file} line {line}: {place}")


@pytest.mark.parametrize(
    ("text", "message"),
    (
        ("", r"x\.yaml"),
        ("# nothing\n---\n", "the document is empty"),
        ("- a\n- b\n", "should be of type object, not array"),
        ("just words", "should be of type object, not str"),
        (GOOD + "---\n" + GOOD, "is already the id of a site in .*x.yaml line 2"),
    ),
)
def test_files_that_hold_no_site(text: str, message: str, tmp_path: Path) -> None:
    file = write(tmp_path, text, "x.yaml")
    if not text:
        assert load_site_files(file) == []
        return
    with pytest.raises(ConfigError, match=message):
        load_site_files(file)


def test_a_directory_is_read_by_name_and_other_files_are_left_alone(tmp_path: Path) -> None:
    write(tmp_path, GOOD.replace("ams-03", "b"), "2.yml")
    write(tmp_path, GOOD.replace("ams-03", "a"), "1.yaml")
    write(tmp_path, "no site", "notes.txt")
    assert [site.id for site, _ in load_site_files(tmp_path)] == ["a", "b"]


def test_two_files_of_one_id_are_refused_and_one_file_named_twice_is_not(tmp_path: Path) -> None:
    first, second = write(tmp_path, GOOD, "1.yaml"), write(tmp_path, GOOD, "2.yaml")
    assert len(load_site_files([first, first])) == 1
    with pytest.raises(ConfigError, match=r"2\.yaml line 2: id is 'ams-03'.*1\.yaml line 2"):
        load_site_files([first, second])


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"none\.yaml: file: cannot be read: No such file"):
        load_site_files(tmp_path / "none.yaml")


def test_one_file_may_hold_all_three_module_types(tmp_path: Path) -> None:
    file = write(tmp_path, f"{AIR_DX}---\n{AIR_CHW}---\n{HYBRID_D2C}")
    assert [len(site.points) for site, _ in load_site_files(file)] == [38, 92, 111]


@pytest.mark.parametrize("folder", ("sites", "examples"))
def test_every_shipped_site_file_is_good(folder: str) -> None:
    assert load_site_files(SHIPPED.parent / folder)
