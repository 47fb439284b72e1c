from __future__ import annotations

import json

from ingest.host_state import HostState


def test_birth_and_death_of_a_connection_carry_its_time() -> None:
    host = HostState("hall-1")
    host.connects(1_795_521_600_123_456_789)
    there, gone = (json.loads(host.payload(online=online)) for online in (True, False))
    assert host.topic == "spBv1.0/STATE/hall-1"
    assert there == {"online": True, "timestamp": 1_795_521_600_123}
    assert gone == {"online": False, "timestamp": 1_795_521_600_123}
