from __future__ import annotations

from pathlib import Path
from typing import get_args

import pytest
from support.ingesting import air_site

from ingest.foreign import ForeignSource
from ingest.native_msgpack import PackedTopics
from podcore.errors import ConfigError
from podtwin.config.load import load_settings
from podtwin.config.settings import SourceSettings
from podtwin.config.sources import FORMATS, PACKED, load_sources

MAP = """\
schema: podtwin/map/1
site: ams-03
node: gw-1
rules:
  - match: {measurement: room, field: f}
    point: crac-1/supply_air_temp
    unit: "[degF]"
"""


def source(folder: Path, topics: str = "plant/#", text: str = MAP) -> SourceSettings:
    file = folder / "map.yaml"
    file.write_text(text, encoding="utf-8")
    return SourceSettings(topics=topics, format="influx", map=file)


def test_settings_become_what_ingest_reads(tmp_path: Path) -> None:
    (found,) = load_sources([source(tmp_path)], [air_site()])
    assert isinstance(found, ForeignSource)
    assert found.topics.matches("plant/room-1")
    assert found.mapping.rules[0].sent.unit == "[degF]"


def test_every_format_of_the_settings_is_there() -> None:
    named = set(get_args(SourceSettings.model_fields["format"].annotation))
    assert {*FORMATS, PACKED} == named


@pytest.mark.parametrize(
    ("topics", "says"),
    (
        ("#", "topics below podtwin/v1/# are PodTwin's own"),
        ("podtwin/+/#", "PodTwin's own"),
        ("plant/#/x", "a topic filter has"),
    ),
)
def test_a_filter_that_cannot_be_is_refused(topics: str, says: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=says) as caught:
        load_sources([source(tmp_path, topics)], [])
    assert caught.value.place == "ingest.sources[0].topics"


def packed(topics: str, map_file: Path | None = None) -> SourceSettings:
    return SourceSettings(topics=topics, format="native-msgpack", map=map_file)


@pytest.mark.parametrize(
    "topics",
    ("podtwin/v1/+/+/telemetry", "podtwin/v1/ams-03/#", "podtwin/v1/ams-03/gw-1/telemetry"),
)
def test_packed_telemetry_is_on_topics_of_our_own(topics: str) -> None:
    (found,) = load_sources([packed(topics)], [])
    assert isinstance(found, PackedTopics)
    assert found.topics.text == topics


@pytest.mark.parametrize("topics", ("plant/#", "#", "podtwin/v1/ams-03/gw-1/birth"))
def test_packed_telemetry_is_nowhere_else(topics: str) -> None:
    with pytest.raises(ConfigError, match="is telemetry on PodTwin's own topics"):
        load_sources([packed(topics)], [])


def test_packed_telemetry_needs_no_mapping_and_all_else_does(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="has no mapping"):
        load_sources([packed("podtwin/v1/#", tmp_path / "map.yaml")], [])
    with pytest.raises(ConfigError, match="the key 'map' is missing"):
        load_sources([SourceSettings(topics="a/#", format="senml")], [])


@pytest.mark.parametrize(
    ("form", "host", "says"),
    (
        ("senml", "x", "only sparkplug has a host"),
        ("sparkplug", "a/b", "a host id has none of"),
        ("sparkplug", "", "a host id has"),
    ),
)
def test_a_host_that_cannot_be_is_refused(form: str, host: str, says: str, tmp_path: Path) -> None:
    ours = source(tmp_path).model_copy(update={"format": form, "host": host})
    with pytest.raises(ConfigError, match=says):
        load_sources([ours], [])


def test_one_connection_is_one_host(tmp_path: Path) -> None:
    first, second = (
        source(tmp_path, f"spBv1.0/{group}/#").model_copy(update={"format": "sparkplug", **host})
        for group, host in (("a", {}), ("b", {"host": "hall-1"}))
    )
    with pytest.raises(ConfigError, match="one connection is one host"):
        load_sources([first, second], [])


def test_two_sources_do_not_share_a_topic(tmp_path: Path) -> None:
    both = [source(tmp_path, "plant/#"), source(tmp_path, "plant/+/cpu")]
    with pytest.raises(ConfigError, match=r"meets plant/# of ingest\.sources\[0\]"):
        load_sources(both, [])


@pytest.mark.parametrize(
    ("old", "new", "told"),
    (
        (
            "supply_air_temp",
            "supply_air_tmp",
            (
                "line 6: rules[0].point is 'crac-1/supply_air_tmp': is no point of ams-03; "
                "nearest is 'crac-1/supply_air_temp'"
            ),
        ),
        (
            '"[degF]"',
            "W",
            (
                "line 7: rules[0].unit is 'W': is no unit of temperature, which "
                "crac-1/supply_air_temp is; known are Cel, K, [degF]"
            ),
        ),
        (
            "gw-1",
            "gw-9",
            (
                "line 5: rules[0].node is 'gw-9': the site file gives ams-03 to gw-1; name "
                "one of these, or add it"
            ),
        ),
    ),
)
def test_what_a_site_file_refuses_is_told_at_load(
    old: str, new: str, told: str, tmp_path: Path
) -> None:
    with pytest.raises(ConfigError) as caught:
        load_sources([source(tmp_path, text=MAP.replace(old, new))], [air_site(nodes=("gw-1",))])
    assert str(caught.value) == f"{tmp_path}/map.yaml {told}"


def test_sources_stand_in_the_settings_file(tmp_path: Path) -> None:
    file = tmp_path / "podtwin.yaml"
    file.write_text(
        "ingest:\n  sources:\n    - {topics: telegraf/#, format: influx, map: map.yaml}\n"
    )
    (found,) = load_settings(file).settings.ingest.sources
    assert (found.topics, found.format, found.map) == ("telegraf/#", "influx", Path("map.yaml"))
