from __future__ import annotations

from pathlib import Path

import pytest

from ingest.mapping import Routed
from ingest.sample import Names
from ingest.template import Foreign
from podcore.errors import ConfigError
from podtwin.config.mapping import load_mapping, map_schema

GOOD = """\
schema: podtwin/map/1
site: lab
node: "{tag.host}"
period_s: 5
precision: ms
rules:
  - match: {measurement: cpu, tags: {cpu: "cpu*"}, field: usage}
    point: "{tag.host}/{tag.cpu}_utilization"
    unit: "%"
    quantity: utilization
  - match: {measurement: em, field: p}
    site: other
    node: meters
    point: meter/power
    unit: kW
    scale: 0.1
    offset: -2
    period_s: 1
  - match: {measurement: cpu}
    ignore: true
"""


def written(folder: Path, text: str) -> Path:
    file = folder / "map.yaml"
    file.write_text(text, encoding="utf-8")
    return file


def mistake(folder: Path, old: str, new: str) -> str:
    assert old in GOOD
    with pytest.raises(ConfigError) as caught:
        load_mapping(written(folder, GOOD.replace(old, new, 1)))
    return str(caught.value).replace(f"{folder}/", "")


def test_a_rule_takes_from_the_file_what_it_does_not_say(tmp_path: Path) -> None:
    mapping, _ = load_mapping(written(tmp_path, GOOD))
    cpu = mapping.route(Foreign("t", Names("cpu", {"host": "A", "cpu": "cpu0"}), "usage"))
    meter = mapping.route(Foreign("t", Names("em", {}), "p"))
    assert isinstance(cpu, Routed)
    assert isinstance(meter, Routed)
    assert (cpu.site, cpu.node, cpu.point) == ("lab", "a", "a/cpu0_utilization")
    assert (cpu.sent.quantity, cpu.sent.period_s, cpu.sent.scale) == ("utilization", 5.0, 1.0)
    assert (meter.site, meter.node, meter.point) == ("other", "meters", "meter/power")
    assert (meter.sent.unit, meter.sent.scale, meter.sent.offset) == ("kW", 0.1, -2.0)
    assert (meter.sent.period_s, mapping.unit_ns) == (1.0, 1_000_000)


@pytest.mark.parametrize(
    ("old", "new", "told"),
    (
        (
            "measurement: cpu, tags",
            "mesurement: cpu, tags",
            (
                "map.yaml line 7: rules[0].match.mesurement is 'cpu': is no key here; "
                "nearest is 'measurement'"
            ),
        ),
        (
            "precision: ms",
            "precision: min",
            (
                "map.yaml line 5: precision is 'min': is none of the words known here; known "
                "are ms, ns, s, us"
            ),
        ),
        (
            "quantity: utilization",
            "quantity: utilisation",
            (
                "map.yaml line 10: rules[0].quantity is 'utilisation': is no quantity; "
                "nearest is 'utilization'"
            ),
        ),
        (
            "unit: kW",
            "unit: kw",
            (
                "map.yaml line 15: rules[1].unit is 'kw': is no unit that is accepted; "
                "nearest is 'kW'"
            ),
        ),
        (
            'unit: "%"',
            "unit: W",
            ("map.yaml line 9: rules[0].unit is 'W': is no unit of utilization; known are %, 1"),
        ),
        (
            "    unit: kW\n",
            "",
            (
                "map.yaml line 11: rules[1]: the key 'unit' is missing; add unit: ..., 1 for "
                "a number"
            ),
        ),
        (
            "    point: meter/power\n",
            "",
            "map.yaml line 11: rules[1]: the key 'point' is missing; add point: ...",
        ),
        (
            "site: lab\n",
            "",
            (
                "map.yaml line 6: rules[0]: the key 'site' is missing; add site: ... here or "
                "for the whole file"
            ),
        ),
        (
            "{tag.cpu}_util",
            "{tagcpu}_util",
            (
                "map.yaml line 8: rules[0].point is '{tagcpu}_utilization': a variable is "
                "{measurement}, {field}, {topic}, {topic.N} for its Nth level, or "
                "{tag.NAME}; known are field, measurement, tag.host, topic, topic.2"
            ),
        ),
        (
            'node: "{tag.host}"',
            "node: gw_1",
            (
                "map.yaml line 3: node is 'gw_1': an id is 1 to 63 of a-z, 0-9 and -, with "
                "no - at either end"
            ),
        ),
        (
            "scale: 0.1",
            "scale: 0",
            ("map.yaml line 16: rules[1].scale is 0: a factor of 0 leaves nothing; leave it out"),
        ),
        (
            "ignore: true",
            "ignore: true\n    unit: W",
            (
                "map.yaml line 21: rules[2].unit: what is ignored becomes nothing; leave out "
                "ignore, or unit"
            ),
        ),
        (
            "measurement: em, field: p",
            "measurement: em",
            (
                "map.yaml line 14: rules[1].point is 'meter/power': several fields (*) would "
                "fill one point; put {field} into it, or name one field"
            ),
        ),
        (
            "measurement: em,",
            "topic: a/#/b, measurement: em,",
            (
                "map.yaml line 11: rules[1].match.topic is 'a/#/b': a topic filter has + for "
                "one level, # for all that follow and only at its end"
            ),
        ),
        (
            "period_s: 1\n",
            "period_s: 0\n",
            "map.yaml line 18: rules[1].period_s is 0: expected float > 0.0",
        ),
    ),
)
def test_a_mistake_is_told_with_line_rule_and_way_out(
    old: str, new: str, told: str, tmp_path: Path
) -> None:
    assert mistake(tmp_path, old, new) == told


def test_a_mapping_without_rules_is_refused(tmp_path: Path) -> None:
    text = GOOD[: GOOD.index("rules:")] + "rules: []\n"
    with pytest.raises(ConfigError, match="without a rule nothing is taken"):
        load_mapping(written(tmp_path, text))


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read"):
        load_mapping(tmp_path / "map.yaml")


def test_the_schema_is_json_schema() -> None:
    assert "RuleFile" in str(map_schema()["$defs"])
