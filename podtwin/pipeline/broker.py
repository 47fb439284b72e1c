"""The role `broker`: the embedded demo broker under the supervisor's eyes."""

from __future__ import annotations

from ingest.broker import EmbeddedBroker
from podcore.role import Health, RoleState


class BrokerRole:
    """Thread `broker`."""

    def __init__(self, broker: EmbeddedBroker) -> None:
        self._broker = broker
        self._state = RoleState.STARTING

    def start(self) -> None:
        """Returns once it listens."""
        self._broker.start()
        self._state = RoleState.RUNNING

    def drain(self, deadline_s: float) -> None:
        """Nothing: whoever is connected drains."""

    def stop(self) -> None:
        """Ends the thread."""
        self._state = RoleState.STOPPED
        self._broker.stop()

    def health(self) -> Health:
        """Failed when its thread has ended by itself."""
        if self._state is RoleState.RUNNING and not self._broker.alive():
            return Health("broker", RoleState.FAILED, "its thread ended", ready=False)
        return Health("broker", self._state, f"demo broker on port {self._broker.port}")
