"""The page about other formats: its files load, its tables name every key, its bounds are kept."""

from __future__ import annotations

import re
from pathlib import Path

import msgspec
import pytest
from support.documents import blocks, rows, section, text_of

from ingest.line_protocol import MAX_LINES, MAX_SERIES
from ingest.line_reader import MAX_FIELD_NAME, MAX_FIELDS
from ingest.mapping import MAX_RULES, PERIOD_S, Routed
from ingest.native import MAX_PAYLOAD
from ingest.native_msgpack import PackedTopics
from ingest.redfish import MAX_VALUES
from ingest.sample import Names
from ingest.senml import MAX_RECORDS
from ingest.sparkplug import HOST_ID, MAX_EDGES, MAX_KNOWN, MAX_METRICS
from ingest.template import KNOWN, Foreign, Variable
from podtwin.config.load import load_settings
from podtwin.config.mapping import MapFile, MatchFile, RuleFile, load_mapping
from podtwin.config.settings import SourceSettings
from podtwin.config.sources import FORMATS, PACKED, load_sources

PAGE = "docs/formats.md"


def block(part: str, folder: Path) -> Path:
    """The only block of YAML that holds some text, in a file."""
    (found,) = (each for each in blocks("yaml", PAGE) if part in each.text)
    file = folder / "file.yaml"
    file.write_text(found.text, encoding="utf-8")
    return file


def test_the_mapping_of_the_page_does_what_the_page_says(tmp_path: Path) -> None:
    mapping, _ = load_mapping(block("plant/+/meters", tmp_path))
    power = mapping.route(Foreign("plant/cph-01/meters", Names("em", {}), "p_tot"))
    core = mapping.route(Foreign("t", Names("cpu", {"host": "a", "cpu": "CPU 0"}), "usage_active"))
    assert isinstance(power, Routed)
    assert isinstance(core, Routed)
    assert (power.site, power.point, power.sent.unit) == ("cph-01", "meter-main/power", "kW")
    assert core.point == "a/cpu_0_utilization"


@pytest.fixture
def settings_file(tmp_path: Path) -> Path:
    (text,) = (each for each in _indented("yaml") if "sources:" in each)
    file = tmp_path / "podtwin.yaml"
    file.write_text(text, encoding="utf-8")
    return file


def _indented(language: str) -> list[str]:
    """Blocks inside a list, their indent taken off."""
    fence = re.compile(rf"^   ```{language}\n(.*?)^   ```$", re.MULTILINE | re.DOTALL)
    found = fence.findall(text_of(PAGE))
    return [re.sub(r"^   ", "", each, flags=re.MULTILINE) for each in found]


def test_the_settings_of_the_page_load_with_the_shipped_mapping(settings_file: Path) -> None:
    sources = load_settings(settings_file).settings.ingest.sources
    assert len(load_sources(sources, [])) == 1


@pytest.mark.parametrize("struct", (MapFile, RuleFile, MatchFile))
def test_every_key_stands_in_the_tables(struct: type[msgspec.Struct]) -> None:
    words = {
        word for row in rows(section(PAGE, "## The mapping file")) for word in row[0].split(", ")
    }
    assert {each.encode_name for each in msgspec.structs.fields(struct)} <= words


def test_every_key_of_a_source_stands_there() -> None:
    shown = [row[0] for row in rows(section(PAGE, "## The source"))]
    assert shown == list(SourceSettings.model_fields)


def test_every_format_stands_there() -> None:
    head = text_of(PAGE).partition("\n## ")[0]
    assert [row[0] for row in rows(head)] == [*FORMATS, PACKED]


def test_every_variable_stands_there() -> None:
    shown = " ".join(row[0] for row in rows(section(PAGE, "### Variables")))
    for known in KNOWN:
        Variable.parse(known)
        form = known.replace("topic.2", "topic.N").replace("tag.host", "tag.NAME")
        assert f"{{{form}}}" in shown


def test_the_bounds_are_those_of_the_code() -> None:
    shown = {
        row[0]: int(re.sub(r"\D", "", row[1])) for row in rows(section(PAGE, "## Line protocol"))
    }
    assert list(shown.values()) == [
        MAX_PAYLOAD // 1024, MAX_LINES, MAX_FIELDS, MAX_SERIES, MAX_FIELD_NAME,
    ]  # fmt: skip
    assert f"1 to {MAX_RULES:,} rules" in text_of(PAGE)
    assert f"{PERIOD_S:g} unless said" in text_of(PAGE)


@pytest.mark.parametrize(
    ("part", "topic", "names", "field", "point"),
    (
        ("urn:dev:ow", "t", Names("urn:dev:ow:1", {"unit": "Cel"}), "temp",
         "urn-dev-ow-1/air_temp"),
        (
            "PlatformPowerUsage", "redfish/1", Names("PlatformPowerUsage", {"property.4": "T1"}),
            "AverageConsumedWatts", "t1/power",
        ),
        (
            "Temperatures/*", "spBv1.0/g/DDATA/e/d", Names("d", {"device": "Ahu 1", "edge": "e"}),
            "Temperatures/Inlet", "ahu-1/temperatures_inlet",
        ),
    ),
)  # fmt: skip
def test_the_mapping_of_each_format_does_what_the_page_says(
    part: str, topic: str, names: Names, field: str, point: str, tmp_path: Path
) -> None:
    mapping, _ = load_mapping(block(part, tmp_path))
    routed = mapping.route(Foreign(topic, names, field))
    assert isinstance(routed, Routed)
    assert routed.point == point


def test_the_bounds_of_the_other_formats_are_those_of_the_code() -> None:
    assert f"at most {MAX_RECORDS:,} records" in section(PAGE, "## SenML")
    assert f"at most {MAX_VALUES:,} values" in section(PAGE, "## Redfish")
    for bound in (MAX_METRICS, MAX_EDGES, MAX_KNOWN):
        assert f"{bound:,} " in section(PAGE, "## Sparkplug B")


def test_the_settings_of_packed_telemetry_load_as_they_stand(tmp_path: Path) -> None:
    sources = load_settings(block("format: native-msgpack", tmp_path)).settings.ingest.sources
    assert isinstance(load_sources(sources, [])[0], PackedTopics)


def test_the_settings_of_sparkplug_load_as_they_stand(tmp_path: Path) -> None:
    (source,) = load_settings(block("format: sparkplug", tmp_path)).settings.ingest.sources
    assert (source.format, source.host) == ("sparkplug", HOST_ID)
