"""The build step of the Dockerfile, in a folder that holds what the build would see."""

from __future__ import annotations

import shlex
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from support.dockerfile import Stage, context, copies, stages
from support.sources import PACKAGES, ROOT

pytestmark = [pytest.mark.build, pytest.mark.timeout(300)]


def copied(stage: Stage, folder: Path) -> None:
    """Does what the stage's COPY instructions do."""
    seen = context()
    for sources, target in copies(stage):
        for source in sources:
            for path in seen:
                if path != source and not path.startswith(f"{source}/"):
                    continue
                below = path.removeprefix(source).lstrip("/")
                whole = target.endswith("/")
                to = folder / target / (Path(source).name if whole else "") / below
                to.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(ROOT / path, to)


def test_the_wheel_is_built_from_the_context_alone(tmp_path: Path) -> None:
    stage = stages()[0]
    copied(stage, tmp_path / "build")
    build = shlex.split(stage.all("RUN")[-1].replace("/dist", str(tmp_path / "dist")))
    assert build[0] == "python"
    ended = subprocess.run(
        [sys.executable, *build[1:]],
        cwd=tmp_path / "build",
        check=False,
        capture_output=True,
        text=True,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    (wheel,) = (tmp_path / "dist").glob("podtwin-*.whl")
    names = zipfile.ZipFile(wheel).namelist()
    assert {name.partition("/")[0] for name in names if ".dist-info" not in name} == set(PACKAGES)
    assert "podtwin/dashboard/static/index.html" in names
