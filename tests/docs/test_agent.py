"""The page about the agent, and what is shipped for it: tables, unit, rule."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest
from support.components import require
from support.documents import blocks, rows, section, text_of
from support.host_trees import RECORDED
from support.program import PODTWIN
from support.sources import ROOT

from podcore.classes import point_spec
from podtwin.agent.host.files import HostFiles
from podtwin.agent.host.host import this_host

PAGE = "docs/agent.md"
UNIT = (ROOT / "deploy" / "podtwin-agent.service").read_text(encoding="utf-8")
RULE = (ROOT / "deploy" / "60-podtwin-rapl.rules").read_text(encoding="utf-8")


def documented() -> dict[str, str]:
    """Points of the page with their units, families as they are written there."""
    return {
        name: unit
        for names, units, *_ in rows(section(PAGE, "## What it reads"))
        for points, words in [(names.split(", "), units.split(", "))]
        for name, unit in zip(points, words * len(points), strict=False)
    }


def test_every_point_stands_there_with_the_unit_of_its_class() -> None:
    for name, unit in documented().items():
        spec = point_spec("server", name.replace("NN", "07").replace("_N_", "_3_"))
        assert spec is not None, name
        assert spec.unit == unit


@pytest.mark.parametrize("machine", ("server", "board", "container"))
def test_what_a_recorded_host_shows_stands_there(machine: str) -> None:
    sight = this_host(HostFiles(RECORDED / machine)).look()
    families = {
        re.sub(r"(core|gpu|fan)_\d+_", lambda m: f"{m[1]}_N{'N' * (m[1] == 'core')}_", seen.point)
        for seen in sight.seen
    }
    assert families <= set(documented())


def test_the_unit_is_one_that_systemd_takes(tmp_path: Path) -> None:
    analyze = require("systemd-analyze", "check a unit")
    file = tmp_path / "podtwin-agent.service"
    file.write_text(UNIT.replace("/opt/podtwin/bin/podtwin", str(PODTWIN)), encoding="utf-8")
    said = subprocess.run(
        [analyze, "verify", "--man=no", file], capture_output=True, text=True, check=False
    )
    complaints = [line for line in said.stderr.splitlines() if file.name in line]
    assert (said.returncode, complaints) == (0, [])


def test_the_unit_gets_its_words_from_the_file_that_the_page_shows() -> None:
    (block,) = blocks("ini", PAGE)
    given = {line.partition("=")[0] for line in block.lines}
    (line,) = re.findall(r"^ExecStart=(.*)$", UNIT, re.MULTILINE)
    assert set(re.findall(r"\$\{?(\w+)", line)) == given
    assert not [name for name in given if name.startswith("PODTWIN_")], "would be a setting"


def test_the_unit_hides_nothing_that_the_agent_reads() -> None:
    for hiding in ("PrivateNetwork=yes", "ProcSubset=pid", "PrivateDevices=yes"):
        assert f"\n{hiding}" not in UNIT


def test_the_rule_opens_energy_counters_to_the_group_of_the_unit() -> None:
    (group,) = re.findall(r"^Group=(\w+)$", UNIT, re.MULTILINE)
    (line,) = [text for text in RULE.splitlines() if text and not text.startswith("#")]
    assert f"chgrp {group} /sys%p/energy_uj" in line
    assert "chmod g+r /sys%p/energy_uj" in line
    assert "60-podtwin-rapl.rules" in text_of(PAGE)


def test_the_example_of_a_site_is_named_by_the_page() -> None:
    assert "examples/agent-site.yaml" in text_of(PAGE)
