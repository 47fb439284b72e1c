from __future__ import annotations

import json
from pathlib import Path

import msgspec
import pytest
from support.dialogues import RECORDINGS
from support.site_files import AIR_DX
from support.sources import ROOT
from typer.testing import CliRunner, Result

from podcore.errors import ConfigError
from podtwin.cli.config import app

RUNNER = CliRunner()
SHIPPED = ROOT / "deploy" / "telegraf" / "map.yaml"
HOST = "host=node-01"
TO, NOON = "servers telegraf-node-01 node-01", "2026-11-24T12:00:00Z"
SAMPLE = """\
cpu,cpu=cpu0,host=node-01 usage_active=12.5,usage_iowait=0 1795521600000000000
cpu,cpu=cpu-total,host=node-01 usage_active=25 1795521600000000000
"""


def check(tmp_path: Path, sample: str, *more: str) -> Result:
    file = tmp_path / "sample.txt"
    file.write_text(sample, encoding="utf-8")
    return RUNNER.invoke(app, ["check", "--map", str(SHIPPED), "--sample", str(file), *more])


def test_a_sample_is_shown_as_what_it_becomes(tmp_path: Path) -> None:
    done = check(tmp_path, SAMPLE)
    assert done.exit_code == 0, done.output
    assert done.stdout.splitlines() == [
        f"cpu,cpu=cpu0,{HOST} usage_active = 12.5     >  {TO}/cpu0_utilization = 12.5 %  {NOON}",
        f"cpu,cpu=cpu-total,{HOST} usage_active = 25  >  {TO}/cpu_utilization = 25 %     {NOON}",
        "2 readings, 1 ignored, 0 refused",
    ]


def test_what_does_not_match_is_shown_and_the_exit_says_so(tmp_path: Path) -> None:
    done = check(tmp_path, SAMPLE + "swap,host=node-01 used=1\nno line\n")
    assert done.exit_code == 1
    assert "refused, unmapped: swap used is 'swap,host=node-01 used': a rule of" in done.stdout
    assert "refused, bad_line: line 4 character 8" in done.stdout
    assert done.stdout.splitlines()[-1] == "2 readings, 1 ignored, 2 refused"


def test_the_same_is_there_for_a_machine_to_read(tmp_path: Path) -> None:
    done = check(tmp_path, SAMPLE + "swap used=1\n", "-o", "json")
    shown = json.loads(done.stdout)
    assert done.exit_code == 1
    assert shown["becomes"][1] == {
        "line": 2,
        "name": "cpu,cpu=cpu-total,host=node-01 usage_active",
        "sent": 25.0,
        "site": "servers",
        "node": "telegraf-node-01",
        "point": "node-01/cpu_utilization",
        "ts": "2026-11-24T12:00:00Z",
        "value": 25.0,
        "unit": "%",
    }
    assert [(each["reason"], each["place"]) for each in shown["refused"]] == [
        ("unmapped", "swap used")
    ]
    assert shown["ignored"] == ["cpu,cpu=cpu0,host=node-01 usage_iowait"]


def test_the_units_are_those_of_the_site_files(tmp_path: Path) -> None:
    (tmp_path / "ams.yaml").write_text(AIR_DX)
    (tmp_path / "map.yaml").write_text(
        "schema: podtwin/map/1\nsite: ams-03\nnode: gw-1\nrules:\n"
        '  - {match: {field: f}, point: crac-1/supply_air_temp, unit: "[degF]"}\n'
    )
    (tmp_path / "sample").write_text("room f=68 1795521600000000000\n")
    files = [str(tmp_path / name) for name in ("ams.yaml", "map.yaml", "sample")]
    arguments = ["check", files[0], "--map", files[1], "--sample", files[2], "-o", "json"]
    (becomes,) = json.loads(RUNNER.invoke(app, arguments).stdout)["becomes"]
    assert (becomes["sent"], becomes["value"], becomes["unit"]) == (68.0, pytest.approx(20), "Cel")


def test_a_mistake_of_the_mapping_is_told_as_one_of_a_site_file(tmp_path: Path) -> None:
    file = tmp_path / "map.yaml"
    file.write_text(SHIPPED.read_text().replace("unit: By", "unit: bytes", 1))
    done = RUNNER.invoke(app, ["check", "--map", str(file), "-o", "json"])
    assert done.exit_code == 1
    assert json.loads(done.stdout)["mistakes"][0]["place"] == "rules[4].unit"


def test_a_mapping_alone_is_checked() -> None:
    assert RUNNER.invoke(app, ["check", "--map", str(SHIPPED)]).exit_code == 0


@pytest.mark.parametrize("arguments", (["check"], ["check", "--sample", "x"]))
def test_a_check_of_nothing_is_a_wrong_command(arguments: list[str]) -> None:
    assert isinstance(RUNNER.invoke(app, arguments).exception, ConfigError)


def test_the_schema_of_a_mapping_is_json_schema() -> None:
    done = RUNNER.invoke(app, ["schema", "map"])
    assert "MapFile" in json.loads(done.stdout)["$defs"]


@pytest.mark.parametrize("sender", ("senml/gateway", "redfish/dell"))
def test_a_sample_of_another_format_is_shown_by_its_name(sender: str, tmp_path: Path) -> None:
    case = RECORDINGS / sender
    message = json.loads((case / "messages.jsonl").read_text(encoding="utf-8").splitlines()[0])
    file = tmp_path / "sample"
    file.write_text(message["payload"], encoding="utf-8")
    args = ["--map", str(case / "map.yaml"), "--topic", message["topic"]]
    form = ["--format", sender.partition("/")[0]]
    done = RUNNER.invoke(app, ["check", *args, *form, "--sample", str(file), "-o", "json"])
    assert len(json.loads(done.stdout)["becomes"]) >= 3, done.output


def test_packed_telemetry_is_shown_by_its_site(tmp_path: Path) -> None:
    site, file = tmp_path / "site.yaml", tmp_path / "sample"
    site.write_text(AIR_DX, encoding="utf-8")
    file.write_bytes(msgspec.msgpack.encode({"v": 1, "m": {"rack-01/it_power": 812.5, "x/y": 1}}))
    topic = "podtwin/v1/ams-03/gw-1/telemetry"
    args = ["--sample", str(file), "--format", "native-msgpack", "--topic", topic]
    done = RUNNER.invoke(app, ["check", str(site), *args])
    assert done.exit_code == 1
    assert "ams-03 gw-1 rack-01/it_power = 812.5 W" in done.stdout
    assert "refused, unknown_point: x/y" in done.stdout


def test_a_format_that_is_none_is_told_with_the_nearest() -> None:
    done = RUNNER.invoke(app, ["check", "--map", str(SHIPPED), "--format", "senmo"])
    assert done.exit_code == 1
    assert "--format is 'senmo': is no format; nearest is 'senml'" in done.stdout
