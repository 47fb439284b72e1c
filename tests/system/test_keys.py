"""A process that others can reach: its first key, what it refuses, and a key that ends."""

from __future__ import annotations

import re
from pathlib import Path

import httpx
from support.program import Program, Programs

EVERYWHERE = "0.0.0.0"  # noqa: S104 - what is tested


def started(programs: Programs) -> Program:
    return programs.start(
        "run", "--host", EVERYWHERE, "--port", 0, "--mqtt-port", 0, "--data-dir", "data"
    ).ready()  # fmt: skip


def shown(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def test_beyond_this_machine_a_key_is_asked_for_and_a_revoked_one_ends_its_stream(
    programs: Programs,
) -> None:
    running = started(programs)
    file = Path(running.logged("first_key_made")["file"])
    token = (programs.folder / file).read_text().strip()
    assert token not in running.err
    assert running.err.count('"event": "first_key_made"') == 1
    assert running.get("/api/v1/sites").status_code == 401
    assert running.get("/api/v1/status", headers=shown(token)).status_code == 200

    made = programs.summary("keys", "add", "wall", "--data-dir", "data")
    with httpx.stream(
        "GET", f"{running.url}/api/v1/stream", headers=shown(made["key"]), timeout=30.0
    ) as stream:
        assert stream.status_code == 200
        lines = stream.iter_lines()
        assert next(line for line in lines if line.startswith("event:")) == "event: snapshot"
        assert programs.run("keys", "revoke", "wall", "--data-dir", "data").code == 0
        rest = "\n".join(lines)  # until the server ends it
    assert "event: end" in rest
    refused = running.get("/api/v1/sites", headers=shown(made["key"]))
    assert refused.json()["type"].endswith("key_revoked")
    audited = running.get("/api/v1/audit", headers=shown(token)).json()["entries"]
    assert [entry["what"] for entry in audited] == ["key_revoked", "key_added", "key_added"]


def test_where_the_first_key_cannot_be_written_it_does_not_start(programs: Programs) -> None:
    (programs.folder / "data").mkdir()
    (programs.folder / "data" / "keys").write_text("in the way")
    ended = programs.run("run", "--host", EVERYWHERE, "--port", 0, "--data-dir", "data")
    assert ended.code == 2
    assert re.search(r"first key cannot be written.*ssh -L", ended.err)
