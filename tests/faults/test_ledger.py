"""The ledger of a fault itself."""

from __future__ import annotations

from support.fault_ledger import Cost, table


def test_what_is_found_nowhere_is_lost() -> None:
    assert Cost("one", published=10, stored=6, duplicate=3, dead=2).lost == 2


def test_a_table_has_a_line_for_each_fault() -> None:
    lines = table([Cost("one", 1_000, 1_000), Cost("other", 10, 4, 0, 6)])
    assert lines[2:] == [
        "| one | 1,000 | 1,000 | 0 | 0 | 0 |",
        "| other | 10 | 4 | 0 | 6 | 0 |",
    ]
