"""The InfluxDB of compose.yaml: its file and its variables, taken by a real influxd."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from support.compose import compose, service
from support.influxd import Influxd
from support.sources import ROOT

pytestmark = pytest.mark.system

VOLUME = "/var/lib/influxdb2"
GIVEN: dict[str, str] = {
    name: value
    for name, value in service("influxdb")["environment"].items()
    if name.startswith("INFLUXD_")
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("influxdb")


@pytest.fixture(scope="module")
def settings(folder: Path) -> Iterator[dict[str, Any]]:
    """What the running server says of itself."""
    (config,) = service("influxdb")["configs"]
    file = ROOT / compose()["configs"][config["source"]]["file"]
    with pytest.MonkeyPatch.context() as patch:
        for name, value in GIVEN.items():
            patch.setenv(name, value.replace(VOLUME, str(folder)))
        with Influxd(folder, config=file) as server:
            yield server.get("/api/v2/config")["config"]


def test_it_starts_and_says_nothing_to_its_vendor(settings: dict[str, Any]) -> None:
    assert settings["reporting-disabled"] is True


def test_all_that_it_writes_lies_on_its_volume(settings: dict[str, Any], folder: Path) -> None:
    for name in ("bolt-path", "engine-path", "sqlite-path"):
        assert Path(settings[name]).parent == folder
    assert f"influxdb-data:{VOLUME}" in service("influxdb")["volumes"]


def test_the_file_is_mounted_where_the_variable_says() -> None:
    (config,) = service("influxdb")["configs"]
    assert config["target"] == GIVEN["INFLUXD_CONFIG_PATH"]


def test_it_listens_to_the_other_containers() -> None:
    assert GIVEN["INFLUXD_HTTP_BIND_ADDRESS"] == ":8086"


def test_each_of_its_variables_is_a_setting(settings: dict[str, Any]) -> None:
    names = {name.removeprefix("INFLUXD_").lower().replace("_", "-") for name in GIVEN}
    assert names - {"config-path"} <= set(settings)
