"""The API's world with the real clock and the hub's own thread, for servers on real ports."""

from __future__ import annotations

from collections.abc import Mapping

from support.api import DATA_DIR_ID, World
from support.frames import NS, reading

from podcore.clock import SystemClock
from podtwin.api.hub import Hub


class LiveWorld(World):
    """To be told of readings and alerts while it runs."""

    def __post_init__(self) -> None:
        self.clock = SystemClock()  # type: ignore[assignment]
        self.hub = Hub(
            self.log,
            self.derived,
            self.history,
            self.clock,
            self.wake,
            data_dir_id=DATA_DIR_ID,
            sites=lambda: self.sites,
            alerts=self.alerts,
        )
        self.woken = 0

    def tell(self, values: Mapping[str, float], *, ago_s: float = 0.0) -> None:
        now = self.clock.now_ns()
        frame = reading(values, now - round(ago_s * NS), recv_ns=now)
        self.log.append([frame])
        self.history.add([frame])
        self.wake.set()
