"""An edge node of pysparkplug, which is no work of ours: run by the Python of its own environment.

    python sparkplug_oracle.py PORT

It connects, and then does what it reads, a word a line: `update` sends new values, `lose` lets a
number go unused, `leave` takes the device away, `end` leaves in order. A rebirth that it is asked
for is a new connection. It says each thing when it has done it.
"""

from __future__ import annotations

import importlib
import queue
import sys
import threading
from typing import Any

GROUP, EDGE, DEVICE = "Plant 1", "edge-1", "AHU-1"
sparkplug: Any = importlib.import_module("pysparkplug")
now_ms: Any = importlib.import_module("pysparkplug._time").get_current_timestamp


def metric(name: str, kind: str, value: object, **more: object) -> Any:  # noqa: ANN401 -- theirs
    """One of their metrics."""
    datatype = getattr(sparkplug.DataType, kind)
    return sparkplug.Metric(timestamp=now_ms(), name=name, datatype=datatype, value=value, **more)


def of_edge(step: int) -> list[Any]:
    """What the edge node measures at a step."""
    return [
        metric("Temperatures/Room", "FLOAT", 21.5 + step, alias=1),
        metric("Offset", "INT32", -7 - step, alias=2),
        metric("Small", "INT8", -1 - step, alias=3),
        metric("Large", "INT64", -(2**40) - step, alias=4),
        metric("Count", "UINT64", 2**40 + step, alias=5),
        metric("Running", "BOOLEAN", step % 2 == 0, alias=6),
        metric("Missing", "DOUBLE", None, is_null=True),
        metric("Model", "STRING", "A-100"),
    ]


def of_device(step: int) -> list[Any]:
    """What the device measures at a step; the second step is of the past."""
    return [
        metric("Temperatures/Supply", "DOUBLE", 14.25 + step, alias=10, is_historical=step == 1),
        metric("Power", "DOUBLE", 1.5 + step, alias=11),
    ]


def main() -> None:
    """Connects and does what it reads."""
    words: queue.Queue[str] = queue.Queue()
    threading.Thread(target=_read, args=(words,), daemon=True).start()
    port, step = int(sys.argv[1]), 0
    node = sparkplug.EdgeNode(GROUP, EDGE, of_edge(0), cmd_callback=lambda *_: words.put("rebirth"))
    node.register(sparkplug.Device(DEVICE, of_device(0)))
    _connect(node, port)
    _say("born")
    while (word := words.get()) != "end":
        if word == "update":
            step += 1
            node.update(of_edge(step)[:6])
            node.update_device(DEVICE, of_device(step))
        elif word == "lose":
            node._seq  # noqa: B018, SLF001 -- reading it takes the next number
        elif word == "leave":
            node.deregister(DEVICE)
        elif word == "rebirth":
            node.disconnect()
            _connect(node, port)
        _say(word)
    node.disconnect()
    _say("ended")


def _connect(node: Any, port: int) -> None:  # noqa: ANN401 -- theirs
    node.connect("127.0.0.1", port=port)
    pause = threading.Event()
    while not node._connected:  # noqa: SLF001 -- they tell nobody when the births are out
        pause.wait(0.02)
    pause.wait(0.2)


def _read(words: queue.Queue[str]) -> None:
    for line in sys.stdin:
        words.put(line.strip())


def _say(word: str) -> None:
    sys.stdout.write(f"{word}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
