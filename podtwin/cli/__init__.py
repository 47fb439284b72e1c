"""The command line. Nothing heavy is imported here: `podtwin --help` stays under half a second."""

from __future__ import annotations

import os
import sys

# Before numpy is imported anywhere: threads inside BLAS would change bits and starve the pipeline.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
os.environ.setdefault("OMP_NUM_THREADS", "1")


def main() -> None:
    """The console script `podtwin`."""
    from podtwin._guard import start_up_clash

    clash = start_up_clash()
    if clash is not None:
        sys.stderr.write(f"{clash}\n")
        sys.exit(70)
    from podtwin.cli.app import run

    run()
