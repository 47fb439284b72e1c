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
