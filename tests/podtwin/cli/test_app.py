"""Wrong commands: exit code 2, and one line with the place, the value and what would be right."""

from __future__ import annotations

from pathlib import Path

import pytest

from podtwin.cli.app import run

USAGE = 2


@pytest.fixture(autouse=True)
def _own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Relative names lead nowhere else."""
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize(
    ("arguments", "words"),
    (
        (("replay", "nothing-here"), ("nothing-here", "no such recording")),
        (("replay", "foreign"), ("foreign", "manifest.json")),
        (("record", "--data-dir", "foreign", "--out", "rec"), ("foreign", "holds no log.db")),
        (("query", "ams-03/*", "--data-dir", "foreign"), ("foreign", "holds no log")),
        (("run", "--brokr", "x"), ("--brokr", "--broker")),
        (("run", "--broker", "http://127.0.0.1"), ("--broker", "mqtt")),
        (("run", "--sites", "nowhere.yaml"), ("nowhere.yaml",)),
        (("run", "--roles", "ingest,moon"), ("roles", "moon", "ingest")),
        (("run", "--port", "99999"), ("port", "99999")),
        (("run", "--duration", "soon"), ("--duration", "soon")),
        (("demo", "--fault", "earthquake@60s"), ("earthquake", "compressor-trip")),
        (("demo", "--fault", "compressor-trip:site=ams-99@60s"), ("ams-99", "ams-03")),
        (("demo", "--sites", "0"), ("--sites", "0")),
        (("dmeo",), ("dmeo", "demo")),
    ),
    ids=lambda value: "-".join(map(str, value))[:40] if isinstance(value[0], str) else "",
)
def test_a_wrong_command_is_refused_with_what_would_be_right(
    arguments: tuple[str, ...],
    words: tuple[str, ...],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (tmp_path / "foreign").mkdir()
    monkeypatch.setattr("sys.argv", ["podtwin", *arguments])
    with pytest.raises(SystemExit) as ended:
        run()
    assert ended.value.code == USAGE
    said = capsys.readouterr()
    assert said.out == ""
    for word in words:
        assert word in said.err
