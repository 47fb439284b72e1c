"""The page about simulated sites holds the table of faults of the code."""

from __future__ import annotations

import re

from support.documents import rows, section, text_of

from simulators.fault_kinds import FAULTS, FaultKind
from simulators.faults import parse_fault

PAGE = "docs/simulator.md"


def row_of(kind: FaultKind) -> tuple[str, ...]:
    bounds, says = kind.severity, kind.says.replace("`", "")
    if bounds is None:
        return (kind.name, says, "-", "-", "-", "-")
    numbers = (f"{number:g}" for number in (bounds.usual, bounds.low, bounds.high))
    return (kind.name, says, bounds.unit, *numbers)


def test_the_table_is_that_of_the_code() -> None:
    assert rows(section(PAGE, "## Faults")) == [row_of(kind) for kind in FAULTS.values()]


def test_every_fault_of_an_example_can_be_asked_for() -> None:
    asked = re.findall(r"--fault (\S+)", text_of(PAGE))
    assert len(asked) > 2
    assert all(parse_fault(text) for text in asked)
