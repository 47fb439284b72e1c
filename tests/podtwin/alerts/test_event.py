from __future__ import annotations

import json

import msgspec
import pytest
from support.alerts import an_alert

from podtwin.alerts.conditions import Tells
from podtwin.alerts.event import MAX_BODY_BYTES, Refusal, body, notice, refusal
from podtwin.alerts.evidence import Evidence, encode


def evidence(shares: int) -> bytes:
    contributions = {f"rack-{n:04}/inlet_temp": 1.0 / (n + 1) for n in range(shares)}
    return encode(Evidence("t", "t", 2.0, 2.0, "/sites/ams-03", contributions=contributions))


def test_a_message_has_type_timestamp_and_data() -> None:
    said = json.loads(body(an_alert(), "alert.firing"))
    assert said.keys() == {"type", "timestamp", "data"}
    assert said["type"] == "alert.firing"
    assert said["data"]["text"] == "CRAC-1 supply air is 31.2 °C."
    assert said["data"]["evidence"]["link"] == "/sites/ams-03"
    assert "ended_at" not in said["data"]


def test_a_resolved_alert_says_when_it_ended() -> None:
    said = json.loads(body(an_alert(state="resolved", ended_ns=10**18), "alert.resolved"))
    assert said["data"]["ended_at"] == "2001-09-09T01:46:40Z"


@pytest.mark.parametrize("shares", (10, 500, 2_000))
def test_a_large_one_loses_its_smallest_shares_first(shares: int) -> None:
    encoded = body(an_alert(evidence=evidence(shares)), "alert.firing")
    kept = json.loads(encoded)["data"]["evidence"]["contributions"]
    assert len(encoded) <= MAX_BODY_BYTES
    assert refusal(encoded) is None
    assert next(iter(kept)) == "rack-0000/inlet_temp"


def test_what_is_too_large_without_them_is_refused_by_name() -> None:
    encoded = body(an_alert(text="x" * MAX_BODY_BYTES, evidence=evidence(3)), "alert.firing")
    assert refusal(encoded) is Refusal.PAYLOAD_TOO_LARGE


def test_a_notice_at_the_live_turn_has_the_key_of_the_alerts_begin() -> None:
    alert = an_alert()
    at_begin = notice(alert, Tells.FIRING, 7, alert.started_ns)
    later = msgspec.structs.replace(alert, changed_ns=900)
    assert notice(later, Tells.FIRING, 99, alert.started_ns).key == at_begin.key
    assert notice(alert, Tells.WORSE, 7, alert.started_ns).key != at_begin.key
