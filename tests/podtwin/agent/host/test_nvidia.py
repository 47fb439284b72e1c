from __future__ import annotations

import importlib
import types
from collections.abc import Callable
from typing import TypeVar

import pytest

from podcore.classes import THROTTLES
from podtwin.agent.host.files import Unseen
from podtwin.agent.host.nvidia import NvidiaGpus, throttle_of
from podtwin.agent.host_node import birth_points

pynvml = importlib.import_module("pynvml")
T = TypeVar("T")


class FakeNvml(types.ModuleType):
    """A driver with two GPUs, the second of a model that does not say how busy it is.

    The errors are those of the real binding.
    """

    NVMLError = pynvml.NVMLError
    NVML_TEMPERATURE_GPU = pynvml.NVML_TEMPERATURE_GPU
    NVML_FI_DEV_MEMORY_TEMP = pynvml.NVML_FI_DEV_MEMORY_TEMP
    NVML_CLOCK_SM = pynvml.NVML_CLOCK_SM
    NVML_CLOCK_MEM = pynvml.NVML_CLOCK_MEM
    NVML_SUCCESS = pynvml.NVML_SUCCESS
    NVML_ERROR_FUNCTION_NOT_FOUND = pynvml.NVML_ERROR_FUNCTION_NOT_FOUND

    def __init__(self) -> None:
        super().__init__("pynvml")
        self.lost: set[int] = set()
        self.count = 2
        self.at_start: int | None = None
        self.reasons: int = pynvml.nvmlClocksEventReasonSwPowerCap
        self.old = False

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

    def nvmlDeviceGetClockInfo(self, handle: int, clock: int) -> int:  # noqa: N802
        return self._of(handle, lambda: {pynvml.NVML_CLOCK_SM: 1_980}.get(clock, 2_619))

    def nvmlDeviceGetFieldValues(self, handle: int, ids: list[int]) -> list[object]:  # noqa: N802
        """As the library does: the call goes well, and each field has an answer of its own."""
        assert ids == [pynvml.NVML_FI_DEV_MEMORY_TEMP]
        field = pynvml.c_nvmlFieldValue_t()
        field.nvmlReturn = pynvml.NVML_ERROR_NOT_SUPPORTED if handle == 1 else pynvml.NVML_SUCCESS
        field.value.uiVal = 58
        return self._of(handle, lambda: [field])

    def nvmlDeviceGetCurrentClocksEventReasons(self, handle: int) -> int:  # noqa: N802
        if self.old:
            raise pynvml.NVMLError(pynvml.NVML_ERROR_FUNCTION_NOT_FOUND)
        return self._of(handle, lambda: self.reasons)

    def nvmlDeviceGetCurrentClocksThrottleReasons(self, handle: int) -> int:  # noqa: N802
        assert self.old, "the name of old drivers"
        return self._of(handle, lambda: self.reasons)

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
        "gpu_0_memory_temp": 58.0,
        "gpu_0_utilization": 97.0,
        "gpu_0_memory_utilization": 12.0,
        "gpu_0_clock": 1_980.0,
        "gpu_0_memory_clock": 2_619.0,
        "gpu_0_throttle": 2.0,
        "gpu_1_power": 61.501,
        "gpu_1_temp": 41.0,
        "gpu_1_clock": 1_980.0,
        "gpu_1_memory_clock": 2_619.0,
        "gpu_1_throttle": 2.0,
    }
    assert [(a.point, a.why) for a in sight.absent] == [
        ("gpu_1_memory_temp", "NVML FieldValues MEMORY_TEMP: Not Supported"),
        ("gpu_1_utilization", "NVML UtilizationRates: Not Supported"),
        ("gpu_1_memory_utilization", "NVML UtilizationRates: Not Supported"),
    ]


@pytest.mark.parametrize(
    ("names", "word"),
    (
        ((), "none"),
        (("GpuIdle",), "none"),
        (("ApplicationsClocksSetting",), "setting"),
        (("GpuIdle", "SyncBoost"), "setting"),
        (("SwPowerCap",), "power"),
        (("SwPowerCap", "ApplicationsClocksSetting"), "power"),
        (("SwThermalSlowdown", "SwPowerCap"), "thermal"),
        (("HwSlowdown", "HwThermalSlowdown"), "thermal"),
        (("HwSlowdown",), "hardware"),
        (("HwSlowdown", "HwPowerBrakeSlowdown", "SwThermalSlowdown"), "hardware"),
    ),
)
def test_of_all_reasons_to_throttle_the_gravest_counts(names: tuple[str, ...], word: str) -> None:
    bits = sum(getattr(pynvml, f"nvmlClocksEventReason{name}") for name in names)
    assert throttle_of(bits) == word


def test_a_driver_that_knows_the_reasons_by_their_first_name_is_asked_by_it(
    driver: FakeNvml,
) -> None:
    driver.old = True
    gpus = NvidiaGpus(lambda: driver)
    gpus.look()
    assert gpus.read(0.0)["gpu_0_throttle"] == THROTTLES.index("power")


def test_every_point_is_one_of_the_class_server(driver: FakeNvml) -> None:
    points = birth_points(NvidiaGpus(lambda: driver).look(), "srv", 10.0)
    assert {point.quantity for point in points.values()} == {
        "power",
        "temperature",
        "utilization",
        "clock_rate",
        "state",
    }


def test_a_gpu_that_falls_off_its_bus_leaves_the_other(driver: FakeNvml) -> None:
    gpus = NvidiaGpus(lambda: driver)
    gpus.look()
    driver.lost.add(0)
    assert {point[:5] for point in gpus.read(0.0)} == {"gpu_1"}
    driver.lost.clear()
    assert len(gpus.read(0.0)) == 13


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
    assert absent.point.startswith("gpu_N_power, gpu_N_temp, gpu_N_memory_temp, ")
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
