"""What the wheel holds: six packages, the built page, and nothing else."""

from __future__ import annotations

import configparser
import subprocess
import sys
import zipfile
from pathlib import Path, PurePosixPath

import pytest
from support.sources import PACKAGES, ROOT

pytestmark = [pytest.mark.build, pytest.mark.timeout(300)]

PAGE = PurePosixPath("podtwin/dashboard/static")
# Files that are no Python and yet belong to a package.
KNOWN_DATA = frozenset({".html", ".js", ".css", ".svg", ".png", ".ico", ".woff2", ".txt", ".yaml"})


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    folder = tmp_path_factory.mktemp("wheel")
    built = subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert built.returncode == 0, built.stdout + built.stderr
    (file,) = folder.glob("podtwin-*.whl")
    return zipfile.ZipFile(file)


@pytest.fixture(scope="module")
def names(wheel: zipfile.ZipFile) -> list[PurePosixPath]:
    return [PurePosixPath(name) for name in wheel.namelist()]


def test_exactly_six_names_reach_site_packages(names: list[PurePosixPath]) -> None:
    tops = {name.parts[0] for name in names}
    assert {top for top in tops if not top.endswith(".dist-info")} == set(PACKAGES)


def test_every_package_says_that_it_is_typed(names: list[PurePosixPath]) -> None:
    assert {PurePosixPath(package, "py.typed") for package in PACKAGES} <= set(names)


def test_every_python_file_of_the_packages_is_in_it(names: list[PurePosixPath]) -> None:
    ours = {
        PurePosixPath(path.relative_to(ROOT).as_posix())
        for package in PACKAGES
        for path in (ROOT / package).rglob("*.py")
        if "node_modules" not in path.parts
    }
    assert ours - set(names) == set()


def test_the_built_page_is_in_it_and_its_sources_are_not(names: list[PurePosixPath]) -> None:
    assert PAGE / "index.html" in names
    assert any(name.suffix == ".js" for name in names if name.is_relative_to(PAGE))
    assert not [name for name in names if {"frontend", "node_modules"} & set(name.parts)]


def test_no_test_and_no_stray_data_is_in_it(names: list[PurePosixPath]) -> None:
    assert not [name for name in names if {"tests", "__pycache__"} & set(name.parts)]
    stray = [
        str(name)
        for name in names
        if not name.parts[0].endswith(".dist-info")
        and name.suffix not in KNOWN_DATA | {".py"}
        and name.name not in {"py.typed", ".source-hash"}
    ]
    assert not stray


def test_the_page_asks_no_other_host(wheel: zipfile.ZipFile, names: list[PurePosixPath]) -> None:
    page = wheel.read(str(PAGE / "index.html")).decode()
    assert "http://" not in page
    assert "https://" not in page
    styles = [n for n in names if n.is_relative_to(PAGE) and n.suffix == ".css"]
    assert not [n for n in styles if b"://" in wheel.read(str(n))]


def test_the_command_leads_to_a_module_that_is_in_it(
    wheel: zipfile.ZipFile, names: list[PurePosixPath]
) -> None:
    (points,) = [name for name in names if name.name == "entry_points.txt"]
    parser = configparser.ConfigParser()
    parser.read_string(wheel.read(str(points)).decode())
    assert dict(parser["console_scripts"]) == {"podtwin": "podtwin.cli:main"}
    assert PurePosixPath("podtwin/cli/__init__.py") in names


def test_the_licence_is_in_it(names: list[PurePosixPath]) -> None:
    assert [name for name in names if Path(name).name == "LICENSE"]
