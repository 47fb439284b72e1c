from __future__ import annotations

import math

from ingest.native import SentState, decode_state, encode_state
from ingest.standing import REPORT_S, Reports, Standing


def test_what_has_not_changed_is_not_told_again() -> None:
    reports = Reports()
    assert reports.due_s(Standing()) == math.inf
    reports.told(Standing(900, 2), 5.0)
    assert reports.due_s(Standing(900, 2)) == math.inf


def test_a_change_is_told_every_so_often_and_its_end_as_well() -> None:
    reports = Reports()
    reports.told(Standing(900), 5.0)
    assert reports.due_s(Standing(800)) == 5.0 + REPORT_S
    assert reports.due_s(Standing()) == 5.0 + REPORT_S


def test_a_state_carries_it_and_is_as_short_as_ever_without() -> None:
    standing = Standing(backlog=900, dropped=2)
    payload = encode_state(online=True, standing=standing)
    assert decode_state(payload) == SentState(online=True, standing=standing)
    assert encode_state(online=True) == b'{"v":1,"state":"online"}'
