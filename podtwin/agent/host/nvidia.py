"""Power, temperature and utilisation of NVIDIA GPUs, by the driver's own library (NVML).

The library is asked for when a host is looked at, not before: most hosts have none. GPUs are
numbered as the driver numbers them, by their place on the PCI bus.
"""

from __future__ import annotations

import ctypes
import importlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from types import ModuleType

from podtwin.agent.host.collector import Absent, Seen, Sight
from podtwin.agent.host.files import Unseen

MOST_GPUS = 100  # what the names of the points hold: gpu_0 to gpu_99
_LIBRARY = "libnvidia-ml.so.1"
_ALL = "gpu_N_power, gpu_N_temp, gpu_N_utilization"
_MILLI_OF_ONE = 1_000
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
    """Three points of each GPU, where its model has them."""

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

    def utilization_percent() -> float:
        return float(nvml.nvmlDeviceGetUtilizationRates(handle).gpu)

    yield _Gauge(f"{name}_power", "PowerUsage", power_w)
    yield _Gauge(f"{name}_temp", "Temperature", temperature_c)
    yield _Gauge(f"{name}_utilization", "UtilizationRates", utilization_percent)
