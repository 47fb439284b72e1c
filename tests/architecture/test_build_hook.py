"""The build of the front end: when it is done, with which Node, and what it says when it cannot."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

import hatch_build

# Stands in for node: answers its version; and for npm: writes a page on `npm run build`.
FAKE_NODE = "#!/bin/sh\necho {version}\n"
FAKE_NPM = """#!/bin/sh
echo "$*" >> ../calls
[ "$1" = run ] && mkdir -p ../static && echo page > ../static/index.html
[ ! -e broken ]
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    sources = tmp_path / "project" / "podtwin" / "dashboard" / "frontend"
    sources.mkdir(parents=True)
    (sources / "package.json").write_text("{}")
    (sources / "main.ts").write_text("export {}")
    return tmp_path / "project"


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "bin"
    folder.mkdir()
    (folder / "mkdir").symlink_to(str(shutil.which("mkdir")))
    monkeypatch.setenv("PATH", str(folder))
    monkeypatch.setattr(hatch_build, "packaged_node", lambda: None)
    return folder


def install_node(folder: Path, version: str) -> None:
    for name, text in (("node", FAKE_NODE.format(version=version)), ("npm", FAKE_NPM)):
        (folder / name).write_text(text)
        (folder / name).chmod(0o755)


def frontend(root: Path) -> Path:
    return root / "podtwin" / "dashboard" / "frontend"


def calls(root: Path) -> list[str]:
    return (root / "podtwin/dashboard/calls").read_text().splitlines()


def test_it_installs_what_the_lock_fixes_and_builds(root: Path, programs: Path) -> None:
    install_node(programs, "v20.19.0")
    hatch_build.build(root)
    assert [line.split()[0] for line in calls(root)] == ["ci", "run"]
    assert (root / "podtwin/dashboard/static/index.html").read_text() == "page\n"


def test_what_fits_its_sources_is_not_built_again(root: Path, programs: Path) -> None:
    install_node(programs, "v22.1.0")
    hatch_build.build(root)
    hatch_build.build(root)
    assert len(calls(root)) == 2


@pytest.mark.parametrize("name", ("main.ts", "package.json", "new.ts"))
def test_any_changed_source_changes_the_digest(root: Path, name: str) -> None:
    before = hatch_build.source_digest(frontend(root))
    (frontend(root) / name).write_text("changed")
    assert hatch_build.source_digest(frontend(root)) != before


def test_what_a_build_leaves_behind_is_no_source(root: Path) -> None:
    before = hatch_build.source_digest(frontend(root))
    (frontend(root) / "node_modules" / "preact").mkdir(parents=True)
    (frontend(root) / "node_modules" / "preact" / "index.js").write_text("x")
    assert hatch_build.source_digest(frontend(root)) == before


@pytest.mark.parametrize(
    ("version", "wanted"), (("v18.20.4", True), ("v20.18.1", True), ("v20.19.0", False))
)
def test_an_old_node_is_as_good_as_none(
    root: Path, programs: Path, version: str, *, wanted: bool
) -> None:
    install_node(programs, version)
    assert hatch_build.wants_node(root) is wanted


@pytest.mark.usefixtures("programs")
def test_without_any_node_it_says_what_to_install(root: Path) -> None:
    with pytest.raises(SystemExit, match=r"-r requirements/node\.txt"):
        hatch_build.build(root)


def test_a_failed_build_is_not_taken_for_a_finished_one(root: Path, programs: Path) -> None:
    install_node(programs, "v22.1.0")
    (frontend(root) / "broken").touch()
    with pytest.raises(SystemExit, match="npm ci"):
        hatch_build.build(root)
    assert hatch_build.wants_node(root) is False
    assert not (root / "podtwin/dashboard/static" / hatch_build.STAMP).exists()


def test_a_release_without_a_front_end_is_refused_and_a_checkout_without_one_is_not(
    tmp_path: Path,
) -> None:
    hatch_build.build(tmp_path, must_have=False)
    with pytest.raises(SystemExit, match="whole checkout"):
        hatch_build.build(tmp_path, must_have=True)
