from __future__ import annotations

import json
from pathlib import Path

import pytest
from support.host_trees import RECORDED
from support.modbus_server import ModbusServer
from typer.testing import CliRunner

from podtwin.cli import agent
from podtwin.cli.app import app, run


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """A short first look."""
    monkeypatch.setattr(agent, "_FIRST_LOOK_S", 0.01)


def checked(machine: Path, *arguments: str) -> tuple[int, str]:
    options = ["--check", "--node", "host-01", "--root", str(machine), *arguments]
    result = CliRunner().invoke(app, ["agent", *options])
    return result.exit_code, result.stdout


def test_a_check_prints_values_sources_and_what_is_absent_with_the_reason() -> None:
    code, out = checked(RECORDED / "server", "--asset", "srv-7")
    assert code == 0
    lines = out.splitlines()
    assert lines[0] == "Runs in a machine of its own, as far as can be seen."
    (power,) = [line for line in lines if line.startswith("srv-7/power ")]
    assert power.split() == ["srv-7/power", "312.0", "W", "/sys/class/hwmon/hwmon3/power1_average"]
    (memory,) = [line for line in lines if line.startswith("srv-7/memory_used")]
    assert "17,179,803,648.0  By" in memory
    assert any(line.startswith("  gpu_N_power") for line in lines) or "gpu_0_power" in out


def test_a_check_as_json_holds_the_same() -> None:
    code, out = checked(RECORDED / "container", "-o", "json")
    assert code == 0
    found = json.loads(out)
    assert len(found["runs_in"]) == 2
    values = {point["id"]: (point["value"], point["unit"]) for point in found["points"]}
    assert values["host-01/memory_used"] == (765_145_088.0, "By")
    assert values["host-01/cpu_utilization"] == (None, "%")
    absent = {point["point"]: point["why"] for point in found["absent"]}
    assert absent["cpu_temp"] == "/sys/class/hwmon does not exist: the kernel shows no sensors"


def test_a_check_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    checked(RECORDED / "board")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("check", (True, False))
def test_a_host_that_shows_nothing_is_a_finding(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, check: bool
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("podtwin.agent.host.nvidia._LIBRARY", "libno-such-driver.so.1")
    arguments = ["--check"] if check else ["--site", "lab-02"]
    result = CliRunner().invoke(app, ["agent", *arguments, "--root", str(tmp_path)])
    assert result.exit_code == agent.NOTHING_SEEN
    assert ("/proc/stat does not exist" in result.stdout) is check
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("arguments", "words"),
    (
        ((), ("--site", "belongs to a site")),
        (("--site", "Lab 2"), ("--site", "Lab 2")),
        (("--site", "lab-02", "--node", "a_b"), ("--node", "a_b")),
        (("--site", "lab-02", "--asset", "A"), ("--asset", "server-01")),
        (("--site", "lab-02", "--period", "0.1s"), ("--period", "1 to 60 s")),
        (("--site", "lab-02", "--period", "5m"), ("--period", "1 to 60 s")),
        (("--site", "lab-02", "--period", "often"), ("--period", "often")),
        (("--site", "lab-02", "--duration", "soon"), ("--duration", "soon")),
        (("--site", "lab-02", "--devices", "no.yaml"), ("no.yaml", "cannot be read")),
        (("--site", "lab-02", "--broker", "http://x"), ("--broker", "mqtt")),
    ),
)
def test_a_wrong_option_is_refused_with_what_would_be_right(
    arguments: tuple[str, ...],
    words: tuple[str, ...],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    where = ("--root", str(RECORDED / "board"))
    monkeypatch.setattr("sys.argv", ["podtwin", "agent", "--node", "n", *where, *arguments])
    with pytest.raises(SystemExit) as ended:
        run()
    assert ended.value.code == 2
    said = capsys.readouterr().err
    assert all(word in said for word in words), said
    assert list(tmp_path.iterdir()) == []


def devices_file(folder: Path, *ports: int) -> Path:
    """A file of cooling units at such ports."""
    file = folder / "devices.yaml"
    lines = [
        f"  - {{id: crac-{number}, host: 127.0.0.1, port: {port}, map: crac, timeout_s: 20}}"
        for number, port in enumerate(ports, 1)
    ]
    text = "\n".join(["schema: podtwin/devices/1", "host: false", "modbus:", *lines])
    file.write_text(text + "\n", encoding="utf-8")
    return file


def test_a_check_asks_every_device_and_one_that_is_away_is_a_finding(tmp_path: Path) -> None:
    holding, inputs = {0: [180, 1]}, {0: [182, 310, 455, 600, 900, 4100, 720, 85]}
    with ModbusServer(holding=holding, inputs=inputs) as server:
        both = devices_file(tmp_path, server.port, 1)
        code, out = checked(RECORDED / "board", "--devices", str(both))
        assert code == agent.NOTHING_SEEN
        assert "crac-1: Modbus TCP" in out
        (line,) = [line for line in out.splitlines() if line.startswith("crac-1/return_air_temp")]
        assert line.split() == ["crac-1/return_air_temp", "31.0", "Cel"]
        assert "crac-2: Modbus TCP, 127.0.0.1:1 unit 1: unreachable" in out
        assert "compare address and port" in out
        assert "memory_used" not in out
        only = devices_file(tmp_path, server.port)
        code, out = checked(RECORDED / "board", "--devices", str(only), "-o", "json")
    assert code == 0
    (device,) = json.loads(out)["devices"]
    assert device["health"] == "ok"
    values = {point["id"]: point["value"] for point in device["points"]}
    assert values["crac-1/mode"] == 1.0
