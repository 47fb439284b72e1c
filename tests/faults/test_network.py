"""The network between an edge and the broker, cut in the middle of a load.

The edge runs in a network namespace of its own. While the cable is out no packet passes and no
connection is closed: half-open TCP on both sides. In the second case the broker is killed and
started again meanwhile, so that the edge's connection is one that nobody else knows of.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from support.fault_ledger import Cost, Scale, Tell
from support.mosquitto import Mosquitto
from support.netns import Edge
from support.program import PODTWIN, Programs
from support.published import (
    assert_all_arrived_once,
    await_stored,
    frames,
    ledger,
    start_ingest,
)
from support.tables import write_rows
from support.waiting import eventually

from podcore.clock import SystemClock

ROWS = 5_000


@pytest.mark.parametrize("half_open", (False, True), ids=("cut", "half-open"))
def test_a_cut_network_costs_time_and_no_message(
    programs: Programs, tmp_path: Path, half_open: bool, scale: Scale, tell: Tell
) -> None:
    rows, data = write_rows(tmp_path / "rows.parquet", ROWS, 2), tmp_path / "data"
    with Edge() as edge, Mosquitto(tmp_path, address="0.0.0.0") as broker:  # noqa: S104 - the cable's end too
        ingest = start_ingest(programs, broker)
        url = f"mqtt://{edge.here}:{broker.port}"
        where = ("--site", "lab-01", "--node", "gw-1", "--broker", url, "-o", "json")
        publishing = programs.start_as(edge.command(PODTWIN, "publish", *rows.arguments, *where))
        await_stored(data, ROWS // 4, publishing)
        edge.pull()
        before = len(frames(data))
        last(scale.seconds(10.0, 600.0))
        held = len(frames(data))
        if half_open:
            broker.stop(kill=True)
            broker.start()
        edge.plug()
        finished = publishing.wait(within_s=240.0)
        settled = ledger(data)
        assert settled is not None
        stored = len({frame.seq for frame in frames(data)})
        length = f"{scale.seconds(10.0, 600.0):.0f} s"
        name = f"network cut for {length}" + (", broker begun anew meanwhile" if half_open else "")
        tell(Cost(name, ROWS, stored, settled.duplicate, settled.dead))
        assert held - before < ROWS // 4  # what was on its way; else nothing was cut
        assert held < ROWS
        assert (finished.code, finished.summary["acked"]) == (0, ROWS), finished.err
        assert_all_arrived_once(ingest, programs, rows, data)


def last(seconds: float) -> None:
    clock = SystemClock()
    ends_s = clock.monotonic_s() + seconds
    eventually(lambda: clock.monotonic_s() >= ends_s, "the cut to last", seconds + 60.0)
