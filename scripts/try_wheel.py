"""The wheel in an empty environment outside the tree: its version, and ten seconds of demo.

What a user gets is not the checkout: this builds the wheel, installs it beside the run-time lock
alone, and looks at the ledger that the demo prints at its end.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
DEMO = ("demo", "--duration", "10", "--sites", "1", "--port", "0", "-o", "json")
DEMO_LIMIT_S = 90  # 15 s to the first value, 10 s of demo, 10 s to stop, on a machine half as fast


def main() -> None:
    """Build, install, run, judge; ends with 1 and a reason when something is wrong."""
    with tempfile.TemporaryDirectory(prefix="podtwin-wheel-") as name:
        folder = Path(name)
        program = install(build(folder), folder / "environment")
        version = run([program, "version"], folder).strip()
        print(f"podtwin version: {version}")
        printed = run([program, *DEMO, "--data-dir", "data"], folder, limit_s=DEMO_LIMIT_S)
    wrong = faults(json.loads(printed))
    if wrong:
        sys.exit(f"The demo from the wheel is not right: {'; '.join(wrong)}\n{printed}")
    print(f"demo from the wheel: {printed.strip()}")


def build(folder: Path) -> Path:
    """Build the wheel of this tree into a folder of its own."""
    run([sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)], ROOT)
    (wheel,) = folder.glob("podtwin-*.whl")
    return wheel


def install(wheel: Path, environment: Path) -> str:
    """Install the run-time lock and the wheel into a new environment; answer its command."""
    uv = shutil.which("uv")
    python = str(environment / "bin" / "python")
    if uv is None:
        run([sys.executable, "-m", "venv", str(environment)], ROOT)
        pip = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    else:
        run([uv, "venv", "--quiet", "--python", sys.executable, str(environment)], ROOT)
        pip = [uv, "pip", "install", "--quiet", "--python", python]
    run([*pip, "--require-hashes", "-r", str(ROOT / "requirements" / "run.txt")], ROOT)
    run([*pip, "--no-deps", str(wheel)], ROOT)
    return str(environment / "bin" / "podtwin")


def faults(summary: dict[str, Any]) -> list[str]:
    """What is wrong in the demo's last word; nothing, when all that came in was stored."""
    ledger, readings = summary["ledger"], summary["readings"]
    accounted = ledger["stored"] + ledger["duplicate"] + ledger["dead"] + ledger["pending"]
    rules = {
        "nothing was received": ledger["received"] > 0,
        "messages are still pending": ledger["pending"] == 0,
        "messages are dead": ledger["dead"] == 0,
        "received is not the sum of its parts": ledger["received"] == accounted,
        "readings were lost": readings["offered"] == readings["stored"] + readings["dead"],
        "readings are dead": readings["dead"] == 0,
        "not one site": summary["sites"] == 1,
    }
    return [fault for fault, holds in rules.items() if not holds]


def run(command: list[str], folder: Path, *, limit_s: float = 600) -> str:
    """Run a command in a folder; its standard output, or the end of this script with its words."""
    # Neither this tree nor the environment that runs us may help the one under test.
    environment = {k: v for k, v in os.environ.items() if k not in {"PYTHONPATH", "VIRTUAL_ENV"}}
    ended = subprocess.run(
        command,
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=limit_s,
        check=False,
    )
    if ended.returncode != 0:
        said = f"{ended.stdout}\n{ended.stderr}"
        sys.exit(f"{' '.join(command)} ended with {ended.returncode}:\n{said}")
    return ended.stdout


if __name__ == "__main__":
    main()
