"""HTTP as a Redfish service speaks it (DMTF DSP0266): one account, JSON, bounded answers.

No redirect is followed and no proxy of the environment is used: a password goes to the service
that the file names, and to nobody else.
"""

from __future__ import annotations

import json
import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http import HTTPStatus
from types import MappingProxyType

import httpx

from podcore.ports import Clock
from podtwin.agent.devices.device import DeviceFault, Health

MAX_BYTES = 2_000_000  # an answer; a thermal resource of a large chassis has 0.1 MB
QUIET_S = 60.0  # of a stream, after which it is opened anew
SESSIONS = "/redfish/v1/SessionService/Sessions"
_TOKEN = "X-Auth-Token"  # noqa: S105 - the name of a header

Resource = Mapping[str, object]
NOTHING: Resource = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Account:
    """As whom one asks. session : log in once, instead of sending the password each time."""

    user: str
    password: str = field(repr=False)
    session: bool = True


class RedfishClient:
    """One service.

    Parameters
    ----------
    url : its root, as https://bmc.example. trust : of its certificate; None without TLS.
    timeout_s : of connecting, of each pause within an answer, and of each answer as a whole.
    """

    def __init__(
        self,
        url: str,
        account: Account | None,
        trust: ssl.SSLContext | None,
        timeout_s: float,
        clock: Clock,
    ) -> None:
        self._url = url
        self._account = account
        self._trust = trust
        self._timeout_s = timeout_s
        self._clock = clock
        self._session = ""  # where to log out
        self._open: httpx.Client | None = None

    def get(self, path: str) -> Resource | None:
        """A resource; None where there is none.

        Raises
        ------
        DeviceFault  When the service does not answer, or with something else.
        """
        self._enter()
        status, _, body = self._ask("GET", path)
        if status == HTTPStatus.UNAUTHORIZED and self._account and self._account.session:
            self._log_in(self._account)  # sessions end by themselves after a while
            status, _, body = self._ask("GET", path)
        if status in {HTTPStatus.NOT_FOUND, HTTPStatus.GONE, HTTPStatus.NOT_IMPLEMENTED}:
            return None
        _check(status, path)
        return _object(body, path)

    @contextmanager
    def stream(self, path: str) -> Iterator[Iterator[str]]:
        """The lines of a stream of events, until it ends or is quiet for `QUIET_S`.

        Raises
        ------
        DeviceFault  When there is none; inside of it, when it breaks or is quiet (`SLOW`).
        """
        self._enter()
        patient = httpx.Timeout(self._timeout_s, read=QUIET_S)
        headers = {"Accept": "text/event-stream"}
        with _named(), self._http.stream("GET", path, headers=headers, timeout=patient) as answer:
            _check(answer.status_code, path)
            yield answer.iter_lines()

    def close(self) -> None:
        """Logs out if it can, and lets the connection go."""
        if self._session:
            with suppress(DeviceFault):  # the service ends it by itself then
                self._ask("DELETE", self._session)
        self._session = ""
        if self._open is not None:
            self._open.close()
            self._open = None

    @property
    def _http(self) -> httpx.Client:
        if self._open is None:
            account = self._account
            self._open = httpx.Client(
                base_url=self._url,
                timeout=self._timeout_s,
                verify=True if self._trust is None else self._trust,
                trust_env=False,
                follow_redirects=False,
                auth=(account.user, account.password) if account and not account.session else None,
                headers={"Accept": "application/json", "OData-Version": "4.0"},
            )
        return self._open

    def _enter(self) -> None:
        account = self._account
        if account is not None and account.session and _TOKEN not in self._http.headers:
            self._log_in(account)

    def _log_in(self, account: Account) -> None:
        self._http.headers.pop(_TOKEN, None)
        sent = {"UserName": account.user, "Password": account.password}
        status, headers, _ = self._ask("POST", SESSIONS, sent)
        _check(status, SESSIONS)
        token, place = headers.get(_TOKEN), headers.get("Location", "")
        if not token:
            why = f"{SESSIONS} gave no {_TOKEN}"
            raise DeviceFault(Health.GARBLED, why, "try auth: basic")
        self._http.headers[_TOKEN] = token
        self._session = httpx.URL(place).path if place else ""

    def _ask(
        self, method: str, path: str, sent: Mapping[str, str] | None = None
    ) -> tuple[int, httpx.Headers, bytes]:
        until_s = self._clock.monotonic_s() + self._timeout_s
        body = bytearray()
        with _named(), self._http.stream(method, path, json=sent) as response:
            for piece in response.iter_bytes():
                body += piece
                if len(body) > MAX_BYTES:
                    why = f"{path} is longer than {MAX_BYTES} bytes"
                    raise DeviceFault(Health.GARBLED, why, "it is no Redfish service")
                if self._clock.monotonic_s() > until_s:
                    why = f"{path} took longer than {self._timeout_s:g} s"
                    raise DeviceFault(Health.SLOW, why, "raise timeout_s")
        return response.status_code, response.headers, bytes(body)


@contextmanager
def _named() -> Iterator[None]:
    """What the library raises, as a fault of the device."""
    try:
        yield
    except httpx.ConnectError as error:
        way_out = "compare url; is the service on?"
        if "CERTIFICATE_VERIFY_FAILED" in str(error):
            way_out = "name its authority, or its own certificate, with ca_file"
        raise DeviceFault(Health.UNREACHABLE, f"no connection: {error}", way_out) from error
    except httpx.ConnectTimeout as error:
        raise DeviceFault(Health.UNREACHABLE, "no connection in time", "compare url") from error
    except httpx.TimeoutException as error:
        raise DeviceFault(Health.SLOW, "no answer in time", "raise timeout_s") from error
    except (httpx.ProtocolError, httpx.DecodingError) as error:
        raise DeviceFault(Health.GARBLED, f"no HTTP: {error}", "compare url") from error
    except httpx.HTTPError as error:
        raise DeviceFault(Health.UNREACHABLE, f"the connection broke: {error}") from error


def _check(status: int, path: str) -> None:
    if status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}:
        way_out = "compare user and password_file; the account needs the role ReadOnly"
        raise DeviceFault(Health.REFUSED, f"{path} answers {status}", way_out)
    if not HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES:
        way_out = "a redirect is not followed: compare url" if status < 400 else ""  # noqa: PLR2004
        raise DeviceFault(Health.REFUSED, f"{path} answers {status}", way_out)


def _object(body: bytes, path: str) -> Resource:
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        why = f"{path} is no JSON object: {body[:40]!r}"
        raise DeviceFault(Health.GARBLED, why, "compare url: it is no Redfish service")
    return found
