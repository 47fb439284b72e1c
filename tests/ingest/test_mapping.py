from __future__ import annotations

import pytest

from ingest.mapping import Mapping, Match, Place, Routed, Rule, Sent
from ingest.reasons import Reason, Rejected
from ingest.sample import Names
from ingest.template import Foreign
from ingest.topic_filter import TopicFilter
from podcore.errors import ConfigError

PERCENT = Sent("%", "utilization")
ALL = Place.parse("lab", "{tag.host}", "{tag.host}/cpu_utilization")
EACH = Place.parse("lab", "{tag.host}", "{tag.host}/{tag.cpu}_{field}")


def name(
    measurement: str = "cpu", field: str = "usage", topic: str = "t/a", **tags: str
) -> Foreign:
    return Foreign(topic, Names(measurement, {"host": "node-01", **tags}), field)


def test_the_first_rule_that_matches_decides() -> None:
    mapping = Mapping(
        [
            Rule(Match("cpu", "usage", (("cpu", "cpu-total"),)), ALL, PERCENT),
            Rule(Match("cpu", "usage"), EACH, PERCENT),
        ]
    )
    total, core = mapping.route(name(cpu="cpu-total")), mapping.route(name(cpu="cpu7"))
    assert total == Routed("lab", "node-01", "node-01/cpu_utilization", PERCENT)
    assert core == Routed("lab", "node-01", "node-01/cpu7_usage", PERCENT)


@pytest.mark.parametrize(
    ("match", "fits"),
    (
        (Match(), True),
        (Match("cpu", "usage"), True),
        (Match("cp"), False),
        (Match("c?u", "us*"), True),
        (Match("cpu", "idle"), False),
        (Match(tags=(("host", "node-*"),)), True),
        (Match(tags=(("room", "*"),)), False),
        (Match(topic=TopicFilter.parse("t/+")), True),
        (Match(topic=TopicFilter.parse("u/#")), False),
    ),
)
def test_a_rule_looks_at_topic_measurement_tags_and_field(match: Match, fits: bool) -> None:
    assert match.fits(name()) is fits


def test_what_no_rule_matches_is_unmapped_by_its_name() -> None:
    why = Mapping([Rule(Match("mem", "used"), ALL, PERCENT)]).route(name(cpu="cpu0"))
    assert isinstance(why, Rejected)
    assert (why.reason, why.place) == (Reason.UNMAPPED, "cpu usage")
    assert why.value == "'cpu,host=node-01,cpu=cpu0 usage'"


def test_what_a_rule_ignores_goes_nowhere() -> None:
    assert Mapping([Rule(Match("cpu"))]).route(name()) is None


@pytest.mark.parametrize(
    ("foreign", "says"),
    (
        (name(host="---"), "needs {tag.host}, which is not there or has no letter"),
        (name(host="x" * 64), "made by {tag.host}: an id is 1 to 63"),
    ),
)
def test_names_that_give_no_id_are_refused_by_name(foreign: Foreign, says: str) -> None:
    why = Mapping([Rule(Match("cpu", "usage"), ALL, PERCENT)]).route(
        Foreign(foreign.topic, foreign.names, "usage")
    )
    assert isinstance(why, Rejected)
    assert why.reason is Reason.BAD_NAME
    assert says in str(why)


@pytest.mark.parametrize(
    ("site", "node", "point", "place"),
    (
        ("Lab", "gw", "a/b", "site"),
        ("lab", "gw_1", "a/b", "node"),
        ("lab", "gw", "a", "point"),
        ("lab", "gw", "a/b/c", "point"),
        ("lab", "gw", "a/B", "point"),
        ("lab", "gw", "a/{hots}", "point"),
        ("lab", "gw", "a_{tag.host}/b", "point"),
    ),
)
def test_a_place_that_could_give_no_id_is_refused_at_load(
    site: str, node: str, point: str, place: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        Place.parse(site, node, point)
    assert caught.value.place == place


FIXED = Place.parse("lab", "gw", "meter/power")


@pytest.mark.parametrize(
    "rules",
    (
        [Rule(Match("a", "x"), FIXED), Rule(Match("b", "y"), FIXED)],
        [Rule(Match("cpu", "user"), ALL), Rule(Match("cpu", "system"), ALL)],
        [Rule(Match("cpu", "usage_*"), ALL)],
        [Rule(Match("cpu"), FIXED)],
    ),
)
def test_two_names_for_one_point_are_refused_at_load(rules: list[Rule]) -> None:
    with pytest.raises(ConfigError) as caught:
        Mapping(rules)
    assert caught.value.place == f"rules[{len(rules) - 1}].point"


def test_names_that_differ_by_what_the_point_says_are_taken() -> None:
    Mapping([Rule(Match("cpu"), EACH), Rule(Match("mem"), EACH), Rule(Match("m", "x"), ALL)])
    Mapping([Rule(Match("cpu", "a"), ALL), Rule(Match("gpu", "a"), ALL)])
