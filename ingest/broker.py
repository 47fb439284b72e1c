"""The embedded demo broker: amqtt on its own asyncio loop, loopback only.

It keeps nothing over a restart and has no usable persistent sessions, so its guarantee is the
senders' outbox alone. Production uses any MQTT 3.1.1 or 5 broker by URL.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
import threading
from typing import Any

import structlog
from amqtt.broker import Broker
from amqtt.errors import BrokerError

from podcore.errors import ConfigError

HOST = "127.0.0.1"
START_S = 10.0
MAX_COMPLAINT = 200  # characters

logger = structlog.get_logger("broker")


class EmbeddedBroker:
    """Thread `broker`."""

    def __init__(self, port: int) -> None:
        self.port = port
        self._loop: asyncio.AbstractEventLoop | None = None
        self._started = threading.Event()
        self._stop: asyncio.Event | None = None
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._main, name="broker", daemon=True)

    def start(self) -> None:
        """Returns once it listens.

        Raises
        ------
        ConfigError  When the port is taken.
        """
        if not port_is_free(self.port):  # asked first: the broker would log a traceback
            raise _taken(self.port, "another program listens there")
        speak_plainly()
        self._thread.start()
        self._started.wait(START_S)
        if self._error is not None or not self._started.is_set():
            raise _taken(self.port, f"the demo broker could not listen there ({self._error})")
        logger.info("demo_broker_listening", host=HOST, port=self.port)

    def stop(self) -> None:
        """Ends the thread; safe to call twice."""
        if self._loop is not None and self._stop is not None and self._thread.is_alive():
            with contextlib.suppress(RuntimeError):  # the loop ended in between
                self._loop.call_soon_threadsafe(self._stop.set)
            self._thread.join(START_S)

    def alive(self) -> bool:
        """Whether the thread runs."""
        return self._thread.is_alive()

    def _main(self) -> None:
        try:
            asyncio.run(self._serve())
        except (BrokerError, OSError) as error:
            self._error = error
            self._started.set()

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._stop = asyncio.Event()
        broker = Broker(_config(self.port))
        await broker.start()
        self._started.set()
        await self._stop.wait()
        await broker.shutdown()


class _OneLine(logging.Handler):
    """The library's complaints as events of one line: its tracebacks tell a reader nothing.

    On a busy machine a message waits more than the library's five seconds for its PUBACK, and is
    given up; its sender's outbox sends it again. The first of each kind is a warning.
    """

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self._said: set[str] = set()

    def emit(self, record: logging.LogRecord) -> None:
        error = record.exc_info[1] if record.exc_info else None
        kind = type(error).__name__ if error is not None else record.name
        say = logger.debug if kind in self._said else logger.warning
        self._said.add(kind)
        say("demo_broker_complained", error=str(error or record.getMessage())[:MAX_COMPLAINT])


def speak_plainly() -> None:
    """Takes the library's loggers over; once, however often it is called."""
    for name in ("amqtt", "transitions"):
        library = logging.getLogger(name)
        library.setLevel(logging.ERROR)
        library.propagate = False
        if not any(isinstance(handler, _OneLine) for handler in library.handlers):
            library.addHandler(_OneLine())


def _taken(port: int, rule: str) -> ConfigError:
    way_out = "choose another port, or name a running broker with --broker"
    return ConfigError("--mqtt-port", port, rule, way_out)


def _config(port: int) -> dict[str, Any]:
    return {
        "listeners": {
            "default": {"type": "tcp", "bind": f"{HOST}:{port}", "max_connections": 1000}
        },
        "timeout_disconnect_delay": 2,
        "plugins": {"amqtt.plugins.authentication.AnonymousAuthPlugin": {"allow_anonymous": True}},
    }


def port_is_free(port: int, host: str = HOST) -> bool:
    """Whether something could listen on the port now."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


def free_port(host: str = HOST) -> int:
    """A port that is free now."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.bind((host, 0))
        return int(probe.getsockname()[1])
