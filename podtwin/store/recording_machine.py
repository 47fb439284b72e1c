"""Where a result was calculated, as far as it can change the result."""

from __future__ import annotations

import platform
from importlib.metadata import version
from typing import Final

import numpy as np

from podtwin.store.recording_files import Machine

# Whatever multiplies, sums or stores numbers on the way to a digest.
LIBRARIES: Final = ("numpy", "scipy", "polars", "msgspec")


def this_machine() -> Machine:
    """The CPU's vector extensions, by which numpy chooses its kernels, and the versions."""
    extensions = np.show_config(mode="dicts")["SIMD Extensions"]
    return Machine(
        processor=platform.machine(),
        cpu_features=sorted({*extensions.get("baseline", ()), *extensions.get("found", ())}),
        python=platform.python_version(),
        libraries={name: version(name) for name in LIBRARIES},
    )
