from __future__ import annotations

import importlib
import types
from collections.abc import Callable
from typing import TypeVar

import pytest

from podtwin.agent.host.files import Unseen
from podtwin.agent.host.nvidia import NvidiaGpus

pynvml = importlib.import_module("pynvml")
T = TypeVar("T")


class FakeNvml(types.ModuleType):
    """A driver with two GPUs, the second of a model that does not say how busy it is.

    The errors are those of the real binding.
    """

    NVMLError = pynvml.NVMLError
    NVML_TEMPERATURE_GPU = pynvml.NVML_TEMPERATURE_GPU

    def __init__(self) -> None:
        super().__init__("pynvml")
        self.lost: set[int] = set()
        self.count = 2
        self.at_start: int | None = None

    def nvmlInit(self) -> None:  # noqa: N802 - the library's own name, as below
        if self.at_start is not None:
            raise pynvml.NVMLError(self.at_start)

    def nvmlDeviceGetCount(self) -> int:  # noqa: N802
        return self.count

    def nvmlDeviceGetHandleByIndex(self, index: int) -> int:  # noqa: N802
        return index

    def nvmlDeviceGetPowerUsage(self, handle: int) -> int:  # noqa: N802
        return self._of(handle, lambda: 61_500 + handle)

    def nvmlDeviceGetTemperature(self, handle: int, _sensor: int) -> int:  # noqa: N802
        return self._of(handle, lambda: 40 + handle)

    def nvmlDeviceGetUtilizationRates(self, handle: int) -> types.SimpleNamespace:  # noqa: N802
        if handle == 1:
            raise pynvml.NVMLError(pynvml.NVML_ERROR_NOT_SUPPORTED)
        return self._of(handle, lambda: types.SimpleNamespace(gpu=97, memory=12))

    def _of(self, handle: int, read: Callable[[], T]) -> T:
        if handle in self.lost:
            raise pynvml.NVMLError(pynvml.NVML_ERROR_GPU_IS_LOST)
        return read()


@pytest.fixture
def driver() -> FakeNvml:
    return FakeNvml()


def test_each_gpu_gives_what_its_model_has(driver: FakeNvml) -> None:
    gpus = NvidiaGpus(lambda: driver)
    sight = gpus.look()
    assert gpus.read(0.0) == {
        "gpu_0_power": 61.5,
        "gpu_0_temp": 40.0,
        "gpu_0_utilization": 97.0,
        "gpu_1_power": 61.501,
        "gpu_1_temp": 41.0,
    }
    assert [(a.point, a.why) for a in sight.absent] == [
        ("gpu_1_utilization", "NVML UtilizationRates: Not Supported")
    ]


def test_a_gpu_that_falls_off_its_bus_leaves_the_other(driver: FakeNvml) -> None:
    gpus = NvidiaGpus(lambda: driver)
    gpus.look()
    driver.lost.add(0)
    assert set(gpus.read(0.0)) == {"gpu_1_power", "gpu_1_temp"}
    driver.lost.clear()
    assert len(gpus.read(0.0)) == 5


@pytest.mark.parametrize(
    ("code", "words"),
    (
        (pynvml.NVML_ERROR_LIBRARY_NOT_FOUND, "Not Found"),
        (pynvml.NVML_ERROR_DRIVER_NOT_LOADED, "Driver Not Loaded"),
        (pynvml.NVML_ERROR_NO_PERMISSION, "Insufficient Permissions"),
    ),
)
def test_a_driver_that_does_not_answer_is_named(driver: FakeNvml, code: int, words: str) -> None:
    driver.at_start = code
    gpus = NvidiaGpus(lambda: driver)
    (absent,) = gpus.look().absent
    assert absent.point == "gpu_N_power, gpu_N_temp, gpu_N_utilization"
    assert words in absent.why
    assert gpus.read(0.0) == {}


def test_a_host_without_the_library_says_what_would_bring_it() -> None:
    def load() -> types.ModuleType:
        raise Unseen("libnvidia-ml.so.1", "cannot be loaded", "install its driver")

    (absent,) = NvidiaGpus(load).look().absent
    assert absent.why == "libnvidia-ml.so.1 cannot be loaded"
    assert absent.way_out == "install its driver"


def test_a_driver_without_a_gpu_says_so(driver: FakeNvml) -> None:
    driver.count = 0
    (absent,) = NvidiaGpus(lambda: driver).look().absent
    assert absent.why == "the driver knows no GPU"


def test_the_real_library_is_asked_and_answers_or_is_not_there() -> None:
    gpus = NvidiaGpus()
    sight = gpus.look()
    assert bool(sight.seen) is not any("gpu_N" in absent.point for absent in sight.absent)
    assert set(gpus.read(0.0)) <= {seen.point for seen in sight.seen}
