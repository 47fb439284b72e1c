"""Alerts, messages and endpoints in dictionaries, as the API asks for them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import msgspec
from support.frames import MIDNIGHT_NS, NS

from podcore.alert import Alert
from podcore.outbox import Attempt, Endpoint
from podcore.ports import Command, Notice
from podtwin.alerts.evidence import Evidence, encode
from podtwin.store.alert_rows import AlertQuery, TimelineEntry
from podtwin.store.deliveries import Message, MessageQuery

STARTED_NS = MIDNIGHT_NS + 9 * 3_600 * NS


def alert(name: str = "a1", *, minute: int = 0, **changed: Any) -> Alert:  # noqa: ANN401 - its fields
    at_ns = STARTED_NS + minute * 60 * NS
    evidence = Evidence(
        at="2026-11-24T09:00:00Z",
        since="2026-11-24T08:58:00Z",
        score=1.6,
        worst=2.0,
        link="/sites/ams-03?points=crac-1/supply_air_temp",
        unit="Cel",
        value=25.1,
        expected=22.0,
        band=0.4,
        residual=3.1,
        direction=1,
        contributions={"crac-1/supply_air_temp": 0.7, "crac-1/compressor_power": 0.3},
        suspected="crac-1",
    )
    plain = Alert(
        id=name,
        fingerprint=f"f-{name}",
        site="ams-03",
        rule="twin-deviation",
        point="crac-1/supply_air_temp",
        severity="warning",
        state="firing",
        handling="new",
        handled_by="",
        title="Not what the twin expects",
        text="CRAC-1 supply air is 25.1 °C; the twin expects 22.0 ± 0.4 °C, for 2 min.",
        raised_ns=at_ns - 120 * NS,
        started_ns=at_ns,
        ended_ns=None,
        changed_ns=at_ns,
        score=1.6,
        worst=2.0,
        evidence=encode(evidence),
    )
    return msgspec.structs.replace(plain, **changed)


def resolved(name: str, *, minute: int = 0) -> Alert:
    ended_ns = STARTED_NS + (minute + 5) * 60 * NS
    return alert(name, minute=minute, state="resolved", ended_ns=ended_ns, changed_ns=ended_ns)


class MemoryAlerts:
    def __init__(self, *alerts: Alert) -> None:
        self.alerts = {each.id: each for each in alerts}
        self.commands: list[Command] = []
        self.entries: list[TimelineEntry] = []

    def put(self, *alerts: Alert) -> None:
        self.alerts.update((each.id, each) for each in alerts)

    def page(self, query: AlertQuery) -> list[Alert]:
        newest = sorted(
            self.alerts.values(), key=lambda each: (each.started_ns, each.id), reverse=True
        )
        named = ("site", "severity", "state", "rule", "handling")
        return [
            each
            for each in newest
            if not (query.open_only and each.state == "resolved")
            and (query.sites is None or each.site in query.sites)
            and all(getattr(query, name) in {None, getattr(each, name)} for name in named)
            and (query.before is None or (each.started_ns, each.id) < query.before)
        ][: query.limit]

    def get(self, alert: str) -> Alert | None:
        return self.alerts.get(alert)

    def open_counts(self) -> Mapping[tuple[str, str, str], int]:
        still = (each for each in self.alerts.values() if each.state != "resolved")
        return Counter((each.site, each.severity, each.state) for each in still)

    def timeline(self, alert: Alert) -> list[TimelineEntry]:
        return self.entries

    def add_command(self, command: Command) -> None:
        self.commands.append(command)


def message(name: str = "msg_1", **changed: Any) -> Message:  # noqa: ANN401 - its fields
    plain = Message(
        id=name,
        endpoint="ep_1",
        alert="a1",
        site="ams-03",
        kind="alert.firing",
        ts_ns=STARTED_NS,
        state="delivered",
        attempts=1,
        due_ns=0,
        changed_ns=STARTED_NS + NS,
        reason="http_204",
        body=b'{"type":"alert.firing"}',
    )
    return replace(plain, **changed)


def attempt(of: str = "msg_1", **changed: Any) -> Attempt:  # noqa: ANN401 - its fields
    plain = Attempt(
        message=of,
        started_ns=STARTED_NS,
        took_ms=12.5,
        url="https://example.org/hook",
        address="192.0.2.7",
        request_headers={"webhook-id": of},
        status=503,
        answer=b"busy",
        reason="http_503",
        state="retrying",
    )
    return replace(plain, **changed)


class MemoryDeliveries:
    def __init__(self, *messages: Message) -> None:
        self.kept = list(messages)  # newest first
        self.tried: list[Attempt] = []

    def messages(self, query: MessageQuery) -> list[Message]:
        names = [each.id for each in self.kept]
        start = names.index(query.before) + 1 if query.before in names else 0
        return [
            each
            for each in self.kept[start:]
            if all(
                getattr(query, name) in {None, getattr(each, name)}
                for name in ("endpoint", "alert", "state")
            )
            and (query.sites is None or each.site in query.sites)
        ][: query.limit]

    def message(self, message: str) -> Message | None:
        return next((each for each in self.kept if each.id == message), None)

    def attempts(self, message: str) -> list[Attempt]:
        return [each for each in self.tried if each.message == message]

    def counts(self) -> Mapping[tuple[str, str], int]:
        return Counter((each.endpoint, each.state) for each in self.kept)


def endpoint(name: str = "ep_1", *, enabled: bool = True, reason: str = "") -> Endpoint:
    url = "https://me:word@example.org/hook?token=1"
    return Endpoint(name, url, "whsec_c2VjcmV0", enabled, STARTED_NS, "ops", reason)


class MemoryEndpoints:
    def __init__(self, *endpoints: Endpoint) -> None:
        self.known = list(endpoints)
        self.queued: list[tuple[Notice, str]] = []
        self.redelivered: list[str] = []

    def endpoints(self) -> list[Endpoint]:
        return self.known

    def queue(self, notice: Notice, endpoint: str) -> str:
        self.queued.append((notice, endpoint))
        return f"msg_{len(self.queued)}"

    def redeliver(self, message: str, by: str, now_ns: int) -> None:
        self.redelivered.append(message)
