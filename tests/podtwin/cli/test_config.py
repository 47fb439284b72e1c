from __future__ import annotations

import json
from pathlib import Path

import pytest
from support.site_files import AIR_DX
from typer.testing import CliRunner

from podtwin.cli.config import app

RUNNER = CliRunner()


def test_the_schema_of_a_site_is_json_schema() -> None:
    done = RUNNER.invoke(app, ["schema", "site"])
    assert done.exit_code == 0
    assert "SiteFile" in json.loads(done.stdout)["$defs"]


def test_good_files_are_listed(tmp_path: Path) -> None:
    (tmp_path / "ams.yaml").write_text(AIR_DX)
    done = RUNNER.invoke(app, ["check", str(tmp_path)])
    assert (done.exit_code, "ams-03, air-dx, 38 points" in done.stdout) == (0, True)


def test_every_bad_file_is_named_and_the_exit_says_so(tmp_path: Path) -> None:
    for name in ("a.yaml", "b.yaml"):
        (tmp_path / name).write_text(AIR_DX.replace("class: ups", "class: upps"))
    files = [str(tmp_path / "a.yaml"), str(tmp_path / "b.yaml")]
    done = RUNNER.invoke(app, ["check", *files, "-o", "json"])
    mistakes = json.loads(done.stdout)["mistakes"]
    assert done.exit_code == 1
    assert [mistake["file"] for mistake in mistakes] == files
    assert mistakes[0]["way_out"] == "nearest is 'ups'"


def test_an_id_in_two_files_is_a_mistake(tmp_path: Path) -> None:
    for name in ("a.yaml", "b.yaml"):
        (tmp_path / name).write_text(AIR_DX)
    done = RUNNER.invoke(app, ["check", str(tmp_path / "a.yaml"), str(tmp_path / "b.yaml")])
    assert done.exit_code == 1
    assert "is already the id of a site" in done.stdout


def test_settings_are_shown_with_where_they_came_from(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PODTWIN_HTTP__PORT", "9")
    done = RUNNER.invoke(app, ["show", "--origin", "-o", "json"])
    shown = json.loads(done.stdout)
    assert shown["http.port"] == {"value": 9, "origin": "PODTWIN_HTTP__PORT"}
    assert shown["http.host"]["origin"] == "default"
    table = RUNNER.invoke(app, ["show", "--origin"])
    assert "(PODTWIN_HTTP__PORT)" in table.stdout


SECRET = "open-sesame"
FILE = f"""\
broker: {{url: mqtts://broker.example.org:8883, password: {SECRET}}}
influx: {{url: "http://me:{SECRET}@influx.example.org:8086"}}
ingest:
  sources:
    - {{topics: telegraf/#, format: influx, map: maps/hosts.yaml}}
    - {{topics: lab/+/lines, format: influx, map: maps/lab.yaml}}
"""


def test_no_secret_is_shown_wherever_it_stands(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "podtwin.yaml").write_text(FILE)
    (tmp_path / "token").write_text(SECRET)
    monkeypatch.setenv("PODTWIN_INFLUX__TOKEN_FILE", str(tmp_path / "token"))
    for form in ("table", "json"):
        shown = RUNNER.invoke(app, ["show", "--origin", "-o", form]).stdout
        assert SECRET not in shown
        assert "http://me:**********@influx.example.org:8086" in shown
        assert "mqtts://broker.example.org:8883" in shown
    lines = dict(line.split(None, 1) for line in _table().splitlines())
    assert lines["influx.token"] == "**********  (PODTWIN_INFLUX__TOKEN_FILE)"
    assert lines["broker.password"] == "**********  (podtwin.yaml line 1)"


def test_sources_are_shown_a_few_words_each(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert "ingest.sources" in _table()
    (tmp_path / "podtwin.yaml").write_text(FILE)
    lines = dict(line.split(None, 1) for line in _table().splitlines())
    both = "telegraf/# influx maps/hosts.yaml,lab/+/lines influx maps/lab.yaml"
    assert lines["ingest.sources"] == f"{both}  (podtwin.yaml line 4)"


def _table() -> str:
    return RUNNER.invoke(app, ["show", "--origin"]).stdout
