"""Thread `mqtt`: drives a paho client, and reads its socket in bursts.

paho's own thread wakes for each message, and is woken for each acknowledgement. At a steady rate
that costs more than the messages do. Here a burst is let come together for a few milliseconds,
read to its end and handed on at once; what other threads queue rings the bell once. An exception
in a callback ends the thread, and `alive` says so.
"""

from __future__ import annotations

import contextlib
import select
import socket
import threading
from collections.abc import Callable
from typing import Protocol

import structlog
from paho.mqtt.client import Client

from ingest.connection import Wake
from podcore.ports import Clock

LINGER_S = 0.005
# After a burst of so many the next one is not waited for: Mosquitto's default lets 20 be in
# flight, so a sender that is held up by our acknowledgements is never held up by the clock.
ENOUGH_PACKETS = 16
MOST_PACKETS = 2_000  # a burst: as many as a batch of the inbox
TURN_S = 1.0  # the longest wait for the network: keepalive is looked after between two
JOIN_S = 3.0  # for the farewell; what is unacknowledged stays with the broker

logger = structlog.get_logger("ingest")


class _Socket(Protocol):
    """What paho hands out: a socket, of TLS or not."""

    def fileno(self) -> int:
        """For poll."""


class NetworkLoop:
    """Connects a client, again and again, and serves its socket until the stop.

    Parameters
    ----------
    client : with host and port set, and callbacks that never raise.
    reconnect_s : first and longest pause between tries.
    on_no_connection : told why a try failed.
    after_burst : called when all that was there has been read.
    """

    def __init__(
        self,
        client: Client,
        clock: Clock,
        reconnect_s: tuple[float, float],
        *,
        on_no_connection: Callable[[OSError], None],
        after_burst: Callable[[], None],
    ) -> None:
        self._client = client
        self._clock = clock
        self._first_s, self._longest_s = reconnect_s
        self._on_no_connection = on_no_connection
        self._after_burst = after_burst
        self._bell: Wake | None = None  # from the start on
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="mqtt", daemon=True)
        # With a callback here paho leaves writing to this loop, whoever queues a packet.
        client.on_socket_register_write = lambda *_about: self._ring()

    def start(self) -> None:
        """Starts the thread; it goes on trying when the broker is away."""
        self._bell = Wake()
        self._thread.start()

    def stop(self) -> None:
        """Says farewell to the broker and ends."""
        self._client.disconnect()
        self._stopping.set()
        self._ring()
        self._thread.join(JOIN_S)

    def alive(self) -> bool:
        """Whether the thread runs."""
        return self._thread.is_alive()

    def _ring(self) -> None:
        if self._bell is not None:
            self._bell.ring()

    def _run(self) -> None:
        try:
            self._connect_and_serve()
        except Exception:
            # The one broad handler of this thread: the supervisor sees it dead, the process ends.
            logger.exception("network_thread_failed")
        finally:
            self._close()

    def _connect_and_serve(self) -> None:
        pause_s = self._first_s
        while not self._stopping.is_set():
            if self._connected() and self._serve():
                pause_s = self._first_s
            if self._clock.wait(self._stopping, pause_s):
                break
            pause_s = min(2.0 * pause_s, self._longest_s)

    def _connected(self) -> bool:
        try:
            self._client.reconnect()
        except OSError as error:
            self._on_no_connection(error)
            return False
        return True

    def _serve(self) -> bool:
        """Serves one connection to its end; whether the broker accepted it."""
        sock = self._client.socket()
        accepted, few = False, True
        while sock is not None and self._client.socket() is sock:
            accepted = accepted or self._client.is_connected()
            if self._stopping.is_set() and not self._client.want_write():
                break
            if self._readable(sock):
                if few:
                    self._clock.wait(self._stopping, LINGER_S)
                few = self._read(sock) < ENOUGH_PACKETS
                self._after_burst()
            if self._client.want_write():
                self._client.loop_write()
            self._client.loop_misc()
        return accepted

    def _readable(self, sock: _Socket) -> bool:
        """Waits for the network or the bell; whether something came over the network."""
        if _is_pending(sock):
            return True
        waits = select.poll()
        writes = select.POLLOUT if self._client.want_write() else 0
        with contextlib.suppress(ValueError):  # closed meanwhile: the next look at it says so
            waits.register(sock, select.POLLIN | writes)
        bell = self._bell
        if bell is not None:
            waits.register(bell, select.POLLIN)
        ready = dict(waits.poll(TURN_S * 1000.0))
        if bell is not None and ready.pop(bell.fileno(), 0):
            bell.silence()
        return any(events & ~select.POLLOUT for events in ready.values())

    def _read(self, sock: _Socket) -> int:
        """Reads what is there; how many packets that were, about."""
        look = select.poll()
        look.register(sock, select.POLLIN)
        for packets in range(1, MOST_PACKETS + 1):
            self._client.loop_read()
            if self._client.socket() is not sock:
                return packets
            if not (_is_pending(sock) or look.poll(0)):
                return packets
        return MOST_PACKETS

    def _close(self) -> None:
        sock = self._client.socket()
        if sock is not None:
            sock.close()
        if self._bell is not None:
            self._bell.close()


def _is_pending(sock: _Socket) -> bool:
    # Bytes that TLS has taken off the socket already are not seen by poll.
    pending = getattr(sock, "pending", None)
    return pending is not None and pending() > 0


def cut(client: Client) -> None:
    """Ends the present connection, so that the broker brings again what is unacknowledged."""
    sock = client.socket()
    if isinstance(sock, socket.socket):
        with contextlib.suppress(OSError):  # it closed by itself in between
            sock.shutdown(socket.SHUT_RDWR)
