from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

import httpx
import polars as pl
import pytest
from support.api import NOW_NS, Client, World
from support.frames import NS

from podcore.errors import Refused, Unreachable
from podcore.frame import Flag
from podcore.ports import SeriesQuery
from podtwin.api.routes import series as route

JSON = "application/json"
POINT = "ams-03/rack-01/it_power"
LOCAL = "rack-01/it_power"


@pytest.fixture
def world() -> World:
    """Two hours of one value each minute, 0 to 119, and the twin's for each five."""
    world = World()
    world.measure({LOCAL: -1.0}, ago_s=100_000)
    for minute in range(120):
        world.measure({LOCAL: float(minute)}, ago_s=(120 - minute) * 60)
    for minute in range(0, 120, 5):
        world.estimate({LOCAL: float(minute)}, NOW_NS - (120 - minute) * 60 * NS, sd=2.0)
    world.hub.load()
    return world


def ask(world: World, accept: str = JSON, **query: str | int | list[str]) -> httpx.Response:
    text = urlencode({"point": POINT, "from": "now-1h", **query}, doseq=True)
    return Client(world).get(f"/api/v1/series?{text}", accept=accept)


def test_a_range_holds_every_value_of_its_span(world: World) -> None:
    shown = ask(world).json()
    assert (shown["from"], shown["to"], shown["step_s"]) == (
        "2026-11-24T09:00:00Z", "2026-11-24T10:00:00Z", None,
    )  # fmt: skip
    (only,) = shown["series"]
    assert only["v"] == [float(minute) for minute in range(60, 120)]
    assert only["t_ms"][0] == NOW_NS // 1_000_000 - 3_600_000
    assert (only["point"], only["source"], only["unit"]) == (POINT, "measured", "W")
    assert (only["flags"], only["sd"]) == (None, None)
    assert shown["truncated"] is False


def test_a_step_bins_across_the_pieces_that_the_history_gives(world: World) -> None:
    query: dict[str, Any] = {"from": "now-2h", "step": "40m"}
    assert ask(world, **query).json()["series"][0]["v"] == [19.5, 59.5, 99.5]
    assert ask(world, **query, agg="max").json()["series"][0]["v"] == [39, 79, 119]
    assert ask(world, **query, agg="count").json()["series"][0]["v"] == [40, 40, 40]
    assert ask(world, **query).json()["step_s"] == 2_400


def test_a_bin_of_a_state_or_a_counter_is_its_last_value_unless_said_otherwise() -> None:
    world = World()
    for second in (3, 2, 1):
        values = {LOCAL: 1.0, "crac-1/mode": float(second), "meter-main/energy": 10.0 * second}
        world.measure({**values, LOCAL: float(second * second)}, ago_s=second)
    world.hub.load()
    points = [POINT, "ams-03/crac-1/mode", "ams-03/meter-main/energy"]
    shown = ask(world, point=points, step="1h").json()["series"]
    assert {each["point"]: each["v"] for each in shown} == {
        points[0]: [pytest.approx(14 / 3)], points[1]: [1.0], points[2]: [10.0],
    }  # fmt: skip
    shown = ask(world, point=points[1:2], step="1h", agg="mean").json()["series"]
    assert shown[0]["v"] == [2.0]


def test_sources_come_side_by_side(world: World) -> None:
    shown = ask(world, source="measured,twin").json()["series"]
    assert [each["source"] for each in shown] == ["measured", "twin"]
    assert shown[1]["sd"] == [2.0] * 12


def test_flags_come_when_there_are_any(world: World) -> None:
    world.measure({LOCAL: 1.0}, ago_s=1, flags=Flag.LATE)
    assert ask(world).json()["series"][0]["flags"][-2:] == [0, Flag.LATE]


def test_a_range_without_values_is_an_empty_list(world: World) -> None:
    assert ask(world, point="ams-03/rack-02/it_power").json()["series"] == []
    assert ask(world, **{"from": "now+1h", "to": "now+2h"}).json()["series"] == []


def test_thinning_keeps_the_span_and_its_extremes(world: World) -> None:
    values = ask(world, **{"from": "now-2h"}, max_points=20).json()["series"][0]["v"]
    assert len(values) <= 20
    assert (min(values), max(values)) == (0, 119)
    assert len(ask(world, max_points=60).json()["series"][0]["v"]) == 60


def test_thinning_while_reading_gives_what_thinning_afterwards_does(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    query: dict[str, Any] = {"from": "now-2h", "max_points": 30}
    after = ask(world, **query).json()
    monkeypatch.setattr(route, "THIN_ABOVE", 40)
    assert ask(world, **query).json() == after


def test_relative_times_of_a_recorded_site_count_from_its_newest_value() -> None:
    world = World()
    world.measure({LOCAL: 5.0}, ago_s=7_200, recorded=True)
    world.hub.load()
    shown = ask(world, to="now+1s").json()
    assert shown["to"] == "2026-11-24T08:00:01Z"
    assert shown["series"][0]["v"] == [5.0]


def test_csv_is_long_rows(world: World) -> None:
    answer = ask(world, "text/csv", **{"from": "now-2h"})
    assert answer.headers["content-type"].startswith("text/csv")
    table = pl.read_csv(answer.content)
    assert table.columns == ["ts", "site", "asset", "point", "source", "value", "flags", "sd"]
    assert table["value"].to_list() == [float(minute) for minute in range(120)]
    assert table["ts"][0] == "2026-11-24T08:00:00Z"


def test_arrow_and_parquet_hold_the_same(world: World) -> None:
    query = {"from": "now-2h", "source": "measured,twin"}
    arrow = ask(world, "application/vnd.apache.arrow.stream", **query)
    parquet = ask(world, "application/vnd.apache.parquet", **query)
    one, two = pl.read_ipc_stream(arrow.content), pl.read_parquet(io.BytesIO(parquet.content))
    assert one.height == 144
    assert one.equals(two)


def test_tables_take_a_step_too(world: World) -> None:
    table = pl.read_csv(ask(world, "text/csv", **{"from": "now-2h"}, step="1h", agg="min").content)
    assert table["value"].to_list() == [0, 60]


@pytest.mark.parametrize(
    ("query", "status", "kind", "words"),
    (
        ({"point": "ams-03/rack-01/it_powr"}, 404, "unknown_point", "nearest are"),
        ({"point": "ams-04/rack-01/it_power"}, 404, "unknown_site", "nearest is 'ams-03'"),
        ({"point": ""}, 400, "invalid_parameter", "point"),
        ({"point": "\0"}, 400, "invalid_parameter", "is no site id"),
        ({"point": "x" * 5_000}, 400, "invalid_parameter", "at most 200"),
        ({"point": [POINT] * 101}, 400, "invalid_parameter", "at most 100"),
        ({"from": "yesterday"}, 400, "invalid_parameter", "now-6h"),
        ({"from": "now", "to": "now-1h"}, 400, "empty_span", "swap them"),
        ({"step": "5"}, 400, "invalid_parameter", "whole number and a unit"),
        ({"step": "1m", "agg": "median"}, 400, "invalid_parameter", "'mean'"),
        ({"agg": "mean"}, 400, "invalid_parameter", "needs a step"),
        ({"source": "mesured"}, 400, "invalid_parameter", "nearest is 'measured'"),
        ({"max_points": "1"}, 400, "invalid_parameter", "greater than or equal to 10"),
        ({"max_point": "100"}, 400, "unknown_parameter", "nearest is 'max_points'"),
        ({"session": "replay-1"}, 404, "unknown_session", "known is live"),
        ({"from": "now-2h", "step": "1s"}, 200, "", ""),
    ),
)  # fmt: skip
def test_a_range_that_cannot_be_is_refused_with_the_way_out(
    world: World, query: dict[str, Any], status: int, kind: str, words: str
) -> None:
    answer = ask(world, **query)
    assert answer.status_code == status
    if kind:
        assert answer.json()["type"] == f"urn:podtwin:problem:{kind}"
        assert words in answer.json()["detail"]


def test_no_point_at_all_is_refused(world: World) -> None:
    assert (
        Client(world).get("/api/v1/series").json()["detail"].startswith("query parameter 'point'")
    )


def test_more_than_json_may_hold_is_refused_before_it_is_read_whole(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(route, "MAX_JSON_VALUES", 50)
    answer = ask(world, **{"from": "now-2h"})
    assert (answer.status_code, answer.json()["limit"]) == (413, 50)
    assert "use step or max_points, or Accept an Arrow stream" in answer.json()["detail"]
    assert ask(world, **{"from": "now-2h"}, step="1m").status_code == 413
    assert ask(world, **{"from": "now-2h"}, max_points=20).status_code == 200
    assert ask(world, "text/csv", **{"from": "now-2h"}).status_code == 200


def test_more_than_a_parquet_file_may_hold_is_refused(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(route, "MAX_PARQUET_ROWS", 50)
    answer = ask(world, "application/vnd.apache.parquet", **{"from": "now-2h"})
    assert answer.status_code == 413


def test_a_table_is_not_thinned_and_an_unknown_format_is_not_guessed(world: World) -> None:
    assert ask(world, "text/csv", max_points=20).status_code == 400
    refused = ask(world, "image/png")
    assert refused.status_code == 406
    assert "text/csv" in refused.json()["detail"]


@pytest.mark.parametrize("accept", (JSON, "text/csv", "application/vnd.apache.arrow.stream"))
@pytest.mark.parametrize("error", (Unreachable("no answer"), Refused("the token is wrong")))
def test_a_history_that_is_away_is_a_503_with_the_reason(
    world: World, accept: str, error: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(query: SeriesQuery) -> Iterator[pl.DataFrame]:
        raise error

    monkeypatch.setattr(world, "tables", away)
    answer = ask(world, accept)
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
    assert answer.json()["type"] == "urn:podtwin:problem:history_away"
    assert str(error) in answer.json()["detail"]
    assert Client(world).get("/api/v1/sites/ams-03/state").status_code == 200
    assert Client(world).get("/api/v1/sites/ams-03/kpis").status_code == 503
