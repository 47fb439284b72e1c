from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from podcore.errors import ConfigError
from podtwin.cli.app import app


def asked(folder: Path, *arguments: str) -> str:
    result = CliRunner().invoke(app, ["keys", *arguments, "--data-dir", str(folder)])
    if result.exception is not None:
        raise result.exception
    return result.stdout


def listed(folder: Path) -> list[dict[str, object]]:
    found: list[dict[str, object]] = json.loads(asked(folder, "list", "-o", "json"))["keys"]
    return found


def test_a_key_is_shown_once_and_never_again(tmp_path: Path) -> None:
    token = asked(tmp_path, "add", "wall").strip()
    assert token.startswith("ptw_")
    secret = token.rpartition("_")[2]
    assert secret not in asked(tmp_path, "list")
    kept = b"".join(file.read_bytes() for file in tmp_path.glob("state.db*"))
    assert secret.encode() not in kept


def test_scope_sites_and_expiry_are_kept(tmp_path: Path) -> None:
    asked(
        tmp_path, "add", "kim", "--scope", "operate", "--site", "ams-*", "--site", "osl-01",
        "--expires", "2099-01-01T00:00:00Z",
    )  # fmt: skip
    (key,) = listed(tmp_path)
    assert (key["scope"], key["sites"], key["state"]) == ("operate", ["ams-*", "osl-01"], "valid")
    assert key["expires_at"] == "2099-01-01T00:00:00Z"


def test_a_length_of_time_counts_from_now(tmp_path: Path) -> None:
    made = json.loads(asked(tmp_path, "add", "kim", "--expires", "30d", "-o", "json"))
    assert made["expires_at"] > made["created_at"]
    assert made["key"].split("_")[1] == made["id"]


def test_a_key_is_revoked_by_name_or_by_the_id_in_it(tmp_path: Path) -> None:
    asked(tmp_path, "add", "kim")
    token = asked(tmp_path, "add", "lee").strip()
    asked(tmp_path, "revoke", "kim")
    asked(tmp_path, "revoke", token.split("_")[1])
    assert [key["state"] for key in listed(tmp_path)] == ["revoked", "revoked"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    (
        (("add", "two words"), "a name is"),
        (("add", "local"), "none of local"),
        (("add", "kim", "--site", "AMS"), "a site is named by its id"),
        (("add", "kim", "--expires", "3x"), "--expires"),
        (("add", "kim", "--expires", "2020-01-01T00:00:00Z"), "past"),
    ),
)
def test_what_is_wrong_is_named(arguments: tuple[str, ...], said: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=said):
        asked(tmp_path, *arguments)


def test_an_unknown_key_is_answered_with_the_nearest(tmp_path: Path) -> None:
    asked(tmp_path, "add", "wall")
    with pytest.raises(ConfigError, match="nearest is 'wall'"):
        asked(tmp_path, "revoke", "wal")
