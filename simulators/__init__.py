"""Plants that behave like a real module, with other physics than the twin, and named faults."""

from __future__ import annotations

from simulators.fault_kinds import FAULTS
from simulators.faults import Fault, FaultSpec, Label, parse_fault
from simulators.site import SimulatedSite

__all__ = ["FAULTS", "Fault", "FaultSpec", "Label", "SimulatedSite", "parse_fault"]
