"""Events of a Redfish service, from its stream (Server-Sent Events, DSP0266 section 13).

A stream is opened by us, so nothing has to listen here and no address of ours is told to the
device; a service that offers none is not subscribed to. What comes is logged and counted into one
point, the worst severity since the read before.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence

import structlog

from podcore.classes import EVENT_SEVERITIES
from podcore.frame import BirthPoint
from podtwin.agent.devices.device import DeviceFault, Health
from podtwin.agent.devices.redfish_client import RedfishClient, Resource
from podtwin.agent.devices.redfish_readings import link

MOST_LOGGED = 20  # events between two reads; a storm of them says nothing more
MAX_LINE = 100_000  # characters; a record has some hundreds
_ROOT = "/redfish/v1/"
_SERVICE = "EventService"

_log = structlog.get_logger(__name__)


class EventStream:
    """Listens in a thread of its own, `events-{id}`, as long as the stream holds.

    Parameters
    ----------
    connect : makes a client for each stream, which keeps its connection busy. The listening thread
        ends within `QUIET_S` of being let go, and closes the client itself.
    """

    def __init__(self, device: str, connect: Callable[[], RedfishClient], period_s: float) -> None:
        self.points: Sequence[BirthPoint] = [
            BirthPoint(f"{device}/event_severity", "state", "1", period_s)
        ]
        self._device = device
        self._connect = connect
        self._lock = threading.Lock()
        self._worst = 0
        self._logged = 0
        self._thread: threading.Thread | None = None
        self._ended = threading.Event()
        self._silent = False  # it offers no stream, which is said once

    def take(self, client: RedfishClient) -> Mapping[str, float]:
        """The worst severity since the call before; opens the stream where it has to."""
        if self._thread is None or not self._thread.is_alive():
            self._open(client)
        if self._thread is None:
            return {}
        with self._lock:
            worst, self._worst, self._logged = self._worst, 0, 0
        return {self.points[0].id: float(worst)}

    def close(self) -> None:
        """Lets the stream go."""
        self._ended.set()
        self._thread = None

    def _open(self, client: RedfishClient) -> None:
        self._thread = None
        place, why = _place(client)
        if place is None:
            if not self._silent:
                self._silent = True
                _log.warning("point_absent", point=self.points[0].id, why=why, way_out="")
            return
        self._ended = threading.Event()
        name = f"events-{self._device}"
        self._thread = threading.Thread(
            target=self._listen, args=(place, self._ended), name=name, daemon=True
        )
        self._thread.start()

    def _listen(self, path: str, ended: threading.Event) -> None:
        client = self._connect()
        try:
            with client.stream(path) as lines:
                for record in records(lines):
                    if ended.is_set():
                        return
                    self._note(record)
        except DeviceFault as fault:
            if not ended.is_set() and fault.health is not Health.SLOW:  # quiet is no loss
                _log.info("events_lost", device=self._device, why=fault.why)
        finally:
            client.close()

    def _note(self, record: Resource) -> None:
        severity = str(record.get("MessageSeverity") or record.get("Severity") or "OK").lower()
        code = EVENT_SEVERITIES.index(severity) if severity in EVENT_SEVERITIES else 1
        with self._lock:
            self._worst = max(self._worst, code)
            self._logged += 1
            told = self._logged
        if told <= MOST_LOGGED:
            _log.info(
                "device_event",
                device=self._device,
                severity=severity,
                message_id=str(record.get("MessageId"))[:100],
                message=str(record.get("Message") or "")[:300],
            )


def _place(client: RedfishClient) -> tuple[str | None, str]:
    """Where the stream is, or why there is none."""
    try:
        path = link(client.get(_ROOT) or {}, _SERVICE)
        service = (client.get(path) if path else None) or {}
    except DeviceFault as fault:
        if fault.health is not Health.REFUSED:
            raise
        return None, fault.why
    place = service.get("ServerSentEventUri")
    if isinstance(place, str) and place.startswith("/"):
        return place, ""
    return None, "the service offers no stream of events (ServerSentEventUri)"


def records(lines: Iterator[str]) -> Iterator[Resource]:
    """The event records of a stream; what is none is passed over."""
    data: list[str] = []
    for line in lines:
        if line.startswith("data:") and sum(map(len, data)) + len(line) <= MAX_LINE:
            data.append(line[5:].strip())
        elif not line and data:
            yield from _records("\n".join(data))
            data = []


def _records(text: str) -> Iterator[Resource]:
    try:
        event = json.loads(text)
    except (ValueError, RecursionError):
        return
    found = event.get("Events") if isinstance(event, dict) else None
    yield from (one for one in found if isinstance(one, dict)) if isinstance(found, list) else ()
