"""Checks of downsampled buckets in a real InfluxDB, each with the command that puts it right."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from support.influxd import Influxd

from podtwin.pipeline.checks import Check, Verdict
from podtwin.pipeline.doctor_downsampled import check_downsampled
from podtwin.store.downsampling import mark
from podtwin.store.influx_buckets import make_buckets
from podtwin.store.influx_client import Downsampling, InfluxTarget, KeptBucket
from podtwin.store.state import StateStore

DAY_S = 86_400


@pytest.fixture(scope="module")
def influxd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Influxd]:
    with Influxd(tmp_path_factory.mktemp("influxd")) as server:
        yield server


@pytest.fixture
def target(influxd: Influxd) -> InfluxTarget:
    raw = influxd.new_bucket(retention_s=30 * DAY_S)
    minute, hour = KeptBucket(f"{raw.bucket}_1m", 400 * DAY_S), KeptBucket(f"{raw.bucket}_1h")
    return InfluxTarget("center", raw, Downsampling(minute, hour))


def checked(target: InfluxTarget, data_dir: Path) -> dict[str, Check]:
    found = {check.name: check for check in check_downsampled(target, data_dir)}
    assert all(check.way_out for check in found.values() if check.verdict is not Verdict.OK)
    return found


def test_buckets_that_are_not_there_are_said_with_the_command_that_makes_them(
    target: InfluxTarget, tmp_path: Path
) -> None:
    found = checked(target, tmp_path)
    assert [check.verdict for check in found.values()] == [Verdict.FAIL] * 2
    assert "bucket create" in found["center 1m bucket"].way_out
    assert "--retention 34560000s" in found["center 1m bucket"].way_out


def test_buckets_that_podtwin_made_are_as_they_should_be(
    target: InfluxTarget, tmp_path: Path
) -> None:
    assert target.downsampling is not None
    make_buckets(target.address, target.downsampling)
    make_buckets(target.address, target.downsampling)  # a second time changes nothing
    found = checked(target, tmp_path)
    assert list(found) == ["center 1m", "center 1h"]
    assert "keeps 400 days" in found["center 1m"].found
    assert "keeps everything" in found["center 1h"].found


def test_a_token_of_the_raw_bucket_alone_is_told_what_it_needs(
    influxd: Influxd, target: InfluxTarget, tmp_path: Path
) -> None:
    assert target.downsampling is not None
    make_buckets(target.address, target.downsampling)
    token = influxd.new_token(target.address.bucket)
    limited = replace(target, address=replace(target.address, token=token))
    found = checked(limited, tmp_path)
    assert {check.verdict for check in found.values()} == {Verdict.FAIL}
    assert all("write:buckets" in check.way_out for check in found.values())


def test_a_retention_that_is_another_is_a_warning_and_one_too_short_a_failure(
    influxd: Influxd, target: InfluxTarget, tmp_path: Path
) -> None:
    assert target.downsampling is not None
    influxd.new_bucket(retention_s=10 * DAY_S, name=target.downsampling.minute.bucket)
    influxd.new_bucket(retention_s=60 * DAY_S, name=target.downsampling.hour.bucket)
    found = checked(target, tmp_path)
    assert found["center 1m retention"].verdict is Verdict.FAIL
    assert found["center 1h retention"].verdict is Verdict.WARN
    assert "bucket update" in found["center 1h retention"].way_out


def test_what_is_still_to_be_made_is_counted(target: InfluxTarget, tmp_path: Path) -> None:
    state = StateStore(tmp_path / "state.db")
    with state.transaction() as connection:
        mark(connection, "center", {("ams-03", 60), ("ams-03", 61), ("cph-01", 60)})
    assert checked(target, tmp_path)["center downsampling"].found.startswith("2 hours")


def test_a_sink_without_them_has_no_such_checks(target: InfluxTarget, tmp_path: Path) -> None:
    assert checked(replace(target, downsampling=None), tmp_path) == {}
