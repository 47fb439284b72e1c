from __future__ import annotations

from ingest.broker import EmbeddedBroker, free_port
from podcore.role import RoleState
from podtwin.pipeline.broker import BrokerRole


def test_a_broker_is_well_from_its_start_to_its_stop() -> None:
    broker = EmbeddedBroker(free_port())
    role = BrokerRole(broker)
    states = [role.health().state]
    role.start()
    states.append(role.health().state)
    assert role.health().detail == f"demo broker on port {broker.port}"
    role.stop()
    states.append(role.health().state)
    assert states == [RoleState.STARTING, RoleState.RUNNING, RoleState.STOPPED]


def test_a_broker_that_ended_by_itself_has_failed() -> None:
    broker = EmbeddedBroker(free_port())
    role = BrokerRole(broker)
    role.start()
    broker.stop()
    health = role.health()
    assert (health.state, health.ready) == (RoleState.FAILED, False)
    role.stop()
