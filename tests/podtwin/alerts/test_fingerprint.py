from __future__ import annotations

import re

from podtwin.alerts.fingerprint import alert_id, change_key, fingerprint

MARK = fingerprint("ams-03", "twin-deviation", "crac-1/supply_air_temp")


def test_it_is_fixed_for_ever() -> None:
    # What was stored and sent under it would be orphaned by another way to calculate it.
    assert MARK == "49c736f556af171e"
    assert alert_id(MARK, 1_795_000_000_000_000_000) == "eaacb0eb8958e3c1"


def test_it_is_16_hexadecimal_digits() -> None:
    assert re.fullmatch("[0-9a-f]{16}", MARK)


def test_parts_do_not_run_into_each_other() -> None:
    assert fingerprint("a", "bc") != fingerprint("ab", "c")
    assert fingerprint("a", "b", "") != fingerprint("a", "", "b")


def test_each_time_that_it_fires_is_an_alert_of_its_own() -> None:
    assert alert_id(MARK, 1) != alert_id(MARK, 2)


def test_at_one_instant_each_state_has_a_key_of_its_own() -> None:
    keys = {change_key(MARK, ts, what) for ts in (1, 2) for what in ("pending", "firing", "worse")}
    assert len(keys) == 6
