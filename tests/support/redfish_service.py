"""A Redfish service for tests, written from the public schema (DMTF DSP8010, DSP0266).

Its resources are a dictionary by path. It knows accounts, sessions, and a stream of events.
"""

from __future__ import annotations

import base64
import json
import queue
import ssl
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Self

from support.certificates import Certificate

USER, PASSWORD = "monitor", "correct horse"
SESSIONS = "/redfish/v1/SessionService/Sessions"
STREAM = "/redfish/v1/EventService/SSE"
CHASSIS = "/redfish/v1/Chassis/1U"
_END = None

Handler = Callable[["RedfishHandler"], None]


def linked(*paths: str) -> list[dict[str, str]]:
    """Links as a collection has them."""
    return [{"@odata.id": path} for path in paths]


def base() -> dict[str, object]:
    """A service with one chassis that has no readings yet."""
    return {
        "/redfish/v1/": {
            "@odata.type": "#ServiceRoot.v1_15_0.ServiceRoot",
            "RedfishVersion": "1.17.0",
            "Chassis": {"@odata.id": "/redfish/v1/Chassis"},
            "EventService": {"@odata.id": "/redfish/v1/EventService"},
        },
        "/redfish/v1/Chassis": {"Members": linked(CHASSIS)},
        "/redfish/v1/EventService": {"ServiceEnabled": True, "ServerSentEventUri": STREAM},
        CHASSIS: {"@odata.type": "#Chassis.v1_23_0.Chassis", "Id": "1U", "PowerState": "On"},
    }


def modern() -> dict[str, object]:
    """A chassis with EnvironmentMetrics, ThermalMetrics and Sensors."""
    names = ("EnvironmentMetrics", "ThermalSubsystem", "Sensors")
    metrics = f"{CHASSIS}/ThermalSubsystem/ThermalMetrics"
    return base() | {
        CHASSIS: {"Id": "1U", **{name: {"@odata.id": f"{CHASSIS}/{name}"} for name in names}},
        f"{CHASSIS}/EnvironmentMetrics": {
            "PowerWatts": {"Reading": 374, "DataSourceUri": f"{CHASSIS}/Sensors/TotalPower"},
            "EnergykWh": {"Reading": 325_675.5},
            "HumidityPercent": {"Reading": None},
            "FanSpeedsPercent": [{"DeviceName": "Fan 1", "Reading": 45, "SpeedRPM": 2200}],
        },
        f"{CHASSIS}/ThermalSubsystem": {"ThermalMetrics": {"@odata.id": metrics}},
        metrics: {
            "TemperatureSummaryCelsius": {
                "Intake": {"Reading": 24.8},
                "Exhaust": {"Reading": 40.5},
                "Ambient": {"Reading": None},
            },
            "TemperatureReadingsCelsius": [
                {"DeviceName": "CPU 1", "PhysicalContext": "CPU", "Reading": 55.0},
                {"DeviceName": "CPU 2", "PhysicalContext": "CPU", "Reading": 61.5},
            ],
        },
        f"{CHASSIS}/Sensors": {
            "Members": linked(f"{CHASSIS}/Sensors/DIMM1", f"{CHASSIS}/Sensors/PS1")
        },
        f"{CHASSIS}/Sensors/DIMM1": {
            "Id": "DIMM1",
            "Name": "DIMM #1 Temp",
            "ReadingType": "Temperature",
            "Reading": 39,
            "ReadingUnits": "Cel",
        },
        f"{CHASSIS}/Sensors/PS1": {
            "Id": "PS1",
            "Name": "PS 1 Fan",
            "Reading": 9100,
            "ReadingUnits": "{rev}/min",
        },
    }


def legacy() -> dict[str, object]:
    """A chassis with the resources Power and Thermal alone, as boards before 2020 have them."""
    names = ("Power", "Thermal")
    return base() | {
        CHASSIS: {"Id": "1U", **{name: {"@odata.id": f"{CHASSIS}/{name}"} for name in names}},
        f"{CHASSIS}/Power": {
            "PowerControl": [{"MemberId": "0", "PowerConsumedWatts": 224}, {"MemberId": "1"}],
            "PowerSupplies": [{"MemberId": "0", "Name": "PSU 1", "PowerInputWatts": 120}],
            "Voltages": [{"Name": "VRM1", "ReadingVolts": 12.1}],
        },
        f"{CHASSIS}/Thermal": {
            "Temperatures": [
                {"Name": "Inlet Temp", "ReadingCelsius": 21, "PhysicalContext": "Intake"},
                {"Name": "CPU1 Temp", "ReadingCelsius": 48, "PhysicalContext": "CPU"},
                {"Name": "CPU2 Temp", "ReadingCelsius": None, "PhysicalContext": "CPU"},
            ],
            "Fans": [{"Name": "FAN1", "Reading": 4200, "ReadingUnits": "RPM"}],
        },
    }


class RedfishService:
    """The service; `special` answers of a path go before its resource.

    Parameters
    ----------
    certificate : speaks TLS with it.
    """

    def __init__(
        self, resources: dict[str, object], certificate: Certificate | None = None
    ) -> None:
        self.resources = resources
        self.special: dict[str, Handler] = {}
        self.asked: list[str] = []
        self.tokens: set[str] = set()
        self.logins = 0
        self.events: queue.Queue[str | None] = queue.Queue()
        self.listeners = threading.Semaphore(0)
        service = self

        class Bound(RedfishHandler):
            @property
            def service(self) -> RedfishService:
                return service

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Bound)
        self._server.daemon_threads = True
        self._server.handle_error = lambda *_: None  # type: ignore[method-assign]  # who hangs up
        if certificate is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate.file, certificate.key)
            self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        scheme = "http" if certificate is None else "https"
        self.url = f"{scheme}://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.events.put(_END)
        self._server.shutdown()
        self._thread.join(30)
        self._server.server_close()

    def send(self, *records: dict[str, object]) -> None:
        """Sends an event with these records to who listens."""
        self.events.put(json.dumps({"@odata.type": "#Event.v1_7_0.Event", "Events": records}))

    def knows(self, headers: dict[str, str]) -> bool:
        """Whether a request shows the account, or a session of it."""
        basic = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
        token = headers.get("x-auth-token")
        return token in self.tokens or headers.get("authorization") == f"Basic {basic}"


class RedfishHandler(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"

    @property
    def service(self) -> RedfishService:
        raise NotImplementedError

    def do_GET(self) -> None:
        service = self.service
        service.asked.append(self.path)
        headers = {key.lower(): value for key, value in self.headers.items()}
        if self.path in service.special:
            service.special[self.path](self)
        elif self.path != "/redfish/v1/" and not service.knows(headers):
            self.answer(401, {"error": {"code": "Base.1.0.NoValidSession"}})
        elif self.path == STREAM:
            self._stream()
        elif self.path in service.resources:
            self.answer(200, service.resources[self.path])
        else:
            self.answer(404, {"error": {"code": "Base.1.0.ResourceMissingAtURI"}})

    def do_POST(self) -> None:
        service = self.service
        sent = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if self.path != SESSIONS or sent != {"UserName": USER, "Password": PASSWORD}:
            self.answer(401, {"error": {"code": "Base.1.0.NoValidSession"}})
            return
        service.logins += 1
        token = f"token-{service.logins}"
        service.tokens.add(token)
        place = f"{SESSIONS}/{service.logins}"
        self.answer(201, {"Id": str(service.logins)}, {"X-Auth-Token": token, "Location": place})

    def do_DELETE(self) -> None:
        self.service.tokens.discard(f"token-{self.path.rpartition('/')[2]}")
        self.answer(200, {})

    def answer(self, status: int, body: object, headers: dict[str, str] | None = None) -> None:
        """A whole answer; bytes go out as they are, anything else as JSON."""
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def _stream(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Connection", "close")
        self.end_headers()
        self.close_connection = True
        self.service.listeners.release()
        while (event := self.service.events.get()) is not _END:
            self.wfile.write(f"id: 1\ndata: {event}\n\n".encode())
            self.wfile.flush()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Nothing."""
