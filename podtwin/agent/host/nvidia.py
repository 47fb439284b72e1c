"""Power, temperatures, utilisation, clocks and throttling of NVIDIA GPUs, by the driver's NVML.

The library is asked for when a host is looked at, not before: most hosts have none. GPUs are
numbered as the driver numbers them, by their place on the PCI bus.
"""

from __future__ import annotations

import ctypes
import importlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from types import ModuleType

from podcore.classes import THROTTLES
from podtwin.agent.host.collector import Absent, Seen, Sight
from podtwin.agent.host.files import Unseen

MOST_GPUS = 100  # what the names of the points hold: gpu_0 to gpu_99
_LIBRARY = "libnvidia-ml.so.1"
_NAMES = ("power", "temp", "memory_temp", "utilization", "memory_utilization", "clock")
_ALL = ", ".join(f"gpu_N_{name}" for name in (*_NAMES, "memory_clock", "throttle"))
_MILLI_OF_ONE = 1_000
# Bits of nvmlClocksEventReasons; what is none of these is a setting (clocks, sync boost, display).
_IDLE, _POWER_CAP, _HARDWARE, _THERMAL, _POWER_BRAKE = 0x01, 0x04, 0x08, 0x20 | 0x40, 0x80
_DRIVER = "with an NVIDIA GPU: install its driver; in a container, hand the GPU in"


def load_nvml() -> ModuleType:
    """The binding; an argument, so that tests have another.

    It takes 12 MB of memory, so it is loaded only where the driver's library is.

    Raises
    ------
    Unseen  When it is not.
    """
    try:
        ctypes.CDLL(_LIBRARY)
    except OSError as error:
        why = str(error).removeprefix(f"{_LIBRARY}: ")
        raise Unseen(_LIBRARY, f"cannot be loaded: {why}", _DRIVER) from None
    return importlib.import_module("pynvml")


@dataclass(frozen=True, slots=True)
class _Gauge:
    """A point of a GPU, what the library calls it, and how to read it."""

    point: str
    source: str
    read: Callable[[], float]


class NvidiaGpus:
    """Eight points of each GPU, where its model has them."""

    def __init__(self, load: Callable[[], ModuleType] = load_nvml) -> None:
        self._load = load
        self._nvml: ModuleType | None = None
        self._gauges: list[_Gauge] = []

    def look(self) -> Sight:
        """What answers now of each GPU."""
        try:
            nvml = self._nvml = self._load()
        except Unseen as unseen:
            return Sight(absent=(Absent.of(_ALL, unseen),))
        try:
            nvml.nvmlInit()
            handles = [
                nvml.nvmlDeviceGetHandleByIndex(index)
                for index in range(min(nvml.nvmlDeviceGetCount(), MOST_GPUS))
            ]
        except nvml.NVMLError as error:
            return Sight(absent=(Absent(_ALL, f"NVML: {error}", _DRIVER),))
        if not handles:
            return Sight(absent=(Absent(_ALL, "the driver knows no GPU"),))
        seen: list[Seen] = []
        absent: list[Absent] = []
        for gauge in (g for n, handle in enumerate(handles) for g in _gauges(nvml, n, handle)):
            try:
                gauge.read()
            except nvml.NVMLError as error:
                absent.append(Absent(gauge.point, f"NVML {gauge.source}: {error}"))
            else:
                self._gauges.append(gauge)
                seen.append(Seen(gauge.point, f"NVML {gauge.source}"))
        return Sight(tuple(seen), tuple(absent))

    def read(self, _at_s: float) -> Mapping[str, float]:
        """What the GPUs say now; one that has fallen off its bus says nothing."""
        if self._nvml is None:
            return {}
        found: dict[str, float] = {}
        for gauge in self._gauges:
            try:
                found[gauge.point] = gauge.read()
            except self._nvml.NVMLError:
                continue
        return found

    def forget(self) -> None:
        """Nothing: it compares with nothing."""


def _gauges(nvml: ModuleType, number: int, handle: object) -> Iterator[_Gauge]:
    name = f"gpu_{number}"

    def power_w() -> float:
        return float(nvml.nvmlDeviceGetPowerUsage(handle) / _MILLI_OF_ONE)

    def temperature_c() -> float:
        return float(nvml.nvmlDeviceGetTemperature(handle, nvml.NVML_TEMPERATURE_GPU))

    def memory_temperature_c() -> float:
        (field,) = nvml.nvmlDeviceGetFieldValues(handle, [nvml.NVML_FI_DEV_MEMORY_TEMP])
        if field.nvmlReturn != nvml.NVML_SUCCESS:  # each field has an answer of its own
            raise nvml.NVMLError(field.nvmlReturn)
        return float(field.value.uiVal)

    def utilization_percent() -> float:
        return float(nvml.nvmlDeviceGetUtilizationRates(handle).gpu)

    def memory_utilization_percent() -> float:
        return float(nvml.nvmlDeviceGetUtilizationRates(handle).memory)

    def clock_mhz() -> float:
        return float(nvml.nvmlDeviceGetClockInfo(handle, nvml.NVML_CLOCK_SM))

    def memory_clock_mhz() -> float:
        return float(nvml.nvmlDeviceGetClockInfo(handle, nvml.NVML_CLOCK_MEM))

    def throttle() -> float:
        return float(THROTTLES.index(throttle_of(_reasons(nvml, handle))))

    yield _Gauge(f"{name}_power", "PowerUsage", power_w)
    yield _Gauge(f"{name}_temp", "Temperature", temperature_c)
    yield _Gauge(f"{name}_memory_temp", "FieldValues MEMORY_TEMP", memory_temperature_c)
    yield _Gauge(f"{name}_utilization", "UtilizationRates", utilization_percent)
    yield _Gauge(f"{name}_memory_utilization", "UtilizationRates", memory_utilization_percent)
    yield _Gauge(f"{name}_clock", "ClockInfo SM", clock_mhz)
    yield _Gauge(f"{name}_memory_clock", "ClockInfo MEM", memory_clock_mhz)
    yield _Gauge(f"{name}_throttle", "CurrentClocksEventReasons", throttle)


def _reasons(nvml: ModuleType, handle: object) -> int:
    try:
        return int(nvml.nvmlDeviceGetCurrentClocksEventReasons(handle))
    except nvml.NVMLError as error:
        if error.value != nvml.NVML_ERROR_FUNCTION_NOT_FOUND:
            raise
        # Drivers before 535 know it by its first name alone.
        return int(nvml.nvmlDeviceGetCurrentClocksThrottleReasons(handle))


def throttle_of(reasons: int) -> str:
    """The gravest of the reasons that NVML gives as bits (NVML API, nvmlClocksEventReasons).

    An idle GPU is slow because it may be, which is no throttling. The bit of a slowdown by
    hardware comes with the bit of its cause where that is heat or the power brake.
    """
    if reasons & _POWER_BRAKE:
        return "hardware"
    if reasons & _THERMAL:
        return "thermal"
    if reasons & _HARDWARE:
        return "hardware"
    if reasons & _POWER_CAP:
        return "power"
    return "setting" if reasons & ~_IDLE else "none"
