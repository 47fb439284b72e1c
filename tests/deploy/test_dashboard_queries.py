"""Every query of the dashboards, put to a real InfluxDB that holds what PodTwin writes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

import pytest
from support.dashboards import Query, filled, macros_of, queries, query, rows
from support.frames import reading
from support.influxd import Influxd
from support.sources import ROOT

from podcore.clock import SystemClock
from podcore.frame import Flag, Frame, Source
from podcore.site import Site
from podtwin.config.sites import load_site_files
from podtwin.store.influx_client import InfluxAddress
from podtwin.store.influx_lines import LineEncoder

pytestmark = pytest.mark.system

NS = 1_000_000_000
SAMPLES = 60  # ten minutes, a sample every 10 s
FACILITY_W, IT_W, INLET_C, SUPPLY_C = 12_000.0, 8_000.0, 23.0, 18.0
POINT = "crac-1/supply_air_temp"
VARIABLES = {"site": "ams-03", "asset": "crac-1", "point": "supply_air_temp"}

Rows = list[dict[str, str]]


@dataclass(frozen=True, slots=True)
class Database:
    """The server, the bucket, and the time that the data cover."""

    server: Influxd
    address: InfluxAddress
    start_ns: int

    def ask(self, asked: Query, **other: str) -> Rows:
        stop_ns = self.start_ns + (SAMPLES + 1) * 10 * NS
        macros = macros_of(self.address.bucket, _rfc3339(self.start_ns), _rfc3339(stop_ns), "10s")
        text = filled(asked.text, macros, VARIABLES | other)
        return rows(self.server.flux(text))


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    sites = [loaded.site for loaded in load_site_files(ROOT / "deploy" / "podtwin" / "demo")]
    encoder = LineEncoder(lambda: sites)
    now_ns = SystemClock().now_ns()
    start_ns = (now_ns // NS - SAMPLES * 10 - 30) // 10 * 10 * NS
    with Influxd(tmp_path_factory.mktemp("influxd")) as server:
        address = server.new_bucket()
        lines = [encoder.encode(frame).text for site in sites for frame in _frames(site, start_ns)]
        server.write(address, b"".join(lines).decode())
        yield Database(server, address, start_ns)


def _frames(site: Site, start_ns: int) -> Iterator[Frame]:
    values = {point.id: 5.0 for point in site.points}
    racks = [asset.id for asset in site.assets_of("rack")]
    values |= {f"{rack}/it_power": IT_W / len(racks) for rack in racks}
    values |= {f"{rack}/inlet_temp": INLET_C for rack in racks}
    values |= {"meter-main/power": FACILITY_W, POINT: SUPPLY_C}
    twin = {POINT: SUPPLY_C - 1.0, "twin/recirculation": 0.05}
    for index in range(SAMPLES):
        ts_ns = start_ns + index * 10 * NS
        seq = index + 1 if index < 30 else index + 4  # three are missing in the middle
        flags = Flag.OUT_OF_RANGE if index == 5 else 0
        yield reading(values, ts_ns, site=site.id, seq=seq, flags=flags)
        yield reading(twin, ts_ns, site=site.id, node="twin", source=Source.TWIN, sd=[0.5, 0.01])


def _rfc3339(ns: int) -> str:
    return datetime.fromtimestamp(ns / NS, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _values(found: Rows, column: str = "_value") -> set[float]:
    return {round(float(row[column]), 6) for row in found}


@pytest.mark.parametrize("asked", list(queries()), ids=str)
def test_a_query_is_understood_and_finds_something(database: Database, asked: Query) -> None:
    assert database.ask(asked)


@pytest.mark.parametrize("asked", list(queries()), ids=str)
def test_a_query_about_a_site_that_is_not_there_finds_nothing(
    database: Database, asked: Query
) -> None:
    if asked.place != "variable site":
        assert database.ask(asked, site="nowhere") == []


def test_pue_is_power_of_the_main_meter_through_power_of_all_racks(database: Database) -> None:
    found = database.ask(query("site", "PUE A"))
    assert _values(found) == {FACILITY_W / IT_W}
    assert len(found) >= SAMPLES


def test_the_table_of_the_fleet_has_a_row_for_a_site(database: Database) -> None:
    (row,) = database.ask(query("fleet", "Sites now A"))
    assert (float(row["facility_w"]), round(float(row["it_w"]), 6)) == (FACILITY_W, IT_W)
    (row,) = database.ask(query("fleet", "Sites now C"))
    assert float(row["warmest_inlet_c"]) == INLET_C
    (row,) = database.ask(query("fleet", "Sites now D"))
    assert 0.0 < float(row["age_s"]) < 600.0


def test_the_band_lies_two_standard_deviations_to_each_side(database: Database) -> None:
    found = database.ask(query("site", "Measured and twin: ${asset}/${point} B"))
    assert _values(found, "twin") == {SUPPLY_C - 1.0}
    assert _values(found, "low") == {SUPPLY_C - 2.0}
    assert _values(found, "high") == {SUPPLY_C}


def test_a_residual_is_counted_in_standard_deviations(database: Database) -> None:
    found = database.ask(query("site", "Residual in standard deviations: ${asset}/${point} A"))
    assert _values(found, "residual") == {2.0}


def test_a_gap_in_the_numbers_of_a_sender_is_counted(database: Database) -> None:
    found = database.ask(query("ingest", "Messages missing A"))
    assert _values(found) == {3.0}


def test_values_with_a_flag_are_counted(database: Database) -> None:
    found = database.ask(query("ingest", "Values with a flag A"))
    (site,) = load_site_files(ROOT / "deploy" / "podtwin" / "demo" / "ams-03.yaml")
    assert _values(found) == {float(len(site.site.points))}


def test_the_variable_of_sites_lists_all_of_them(database: Database) -> None:
    found = database.ask(query("fleet", "variable site"))
    assert {row["_value"] for row in found} == {"ams-03", "lis-02", "osl-01"}


def test_points_are_offered_without_what_stands_beside_them(database: Database) -> None:
    found = database.ask(query("site", "variable point"))
    assert [row["_value"] for row in found] == ["supply_air_temp"]


def test_the_chain_of_power_has_a_column_for_each_link(database: Database) -> None:
    columns = ("meter", "ups in", "ups out", "pdus", "racks", "cooling")
    for letter, column in zip("ABCDEF", columns, strict=True):
        found = database.ask(query("site", f"Chain of power {letter}"))
        assert column in found[0], json.dumps(found[0])
