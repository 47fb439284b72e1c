"""MQTT topics `podtwin/v1/{site}/{node}/{kind}`: building, reading, filters."""

from __future__ import annotations

import enum
from dataclasses import dataclass

from podcore.names import is_id

ROOT = "podtwin/v1"
_LEVELS = 5


class TopicKind(enum.StrEnum):
    """The last level of a topic, with what travels there."""

    TELEMETRY = "telemetry"
    BIRTH = "birth"
    STATE = "state"
    ACK = "ack"


_KINDS = {kind.value: kind for kind in TopicKind}


@dataclass(frozen=True, slots=True)
class Topic:
    """An address of one node of one site."""

    site: str
    node: str
    kind: TopicKind

    def __str__(self) -> str:
        return f"{ROOT}/{self.site}/{self.node}/{self.kind.value}"


def parse_topic(text: str) -> Topic | None:
    """The address in `text`, or None when it is not one of ours."""
    parts = text.split("/")
    if len(parts) != _LEVELS or f"{parts[0]}/{parts[1]}" != ROOT:
        return None
    site, node, kind = parts[2:]
    if kind not in _KINDS or not is_id(site) or not is_id(node):
        return None
    return Topic(site, node, _KINDS[kind])


def inbound_filters() -> list[str]:
    """The subscriptions of ingest: all that senders publish, none of its own acks."""
    return [
        f"{ROOT}/+/+/{kind.value}"
        for kind in (TopicKind.TELEMETRY, TopicKind.BIRTH, TopicKind.STATE)
    ]
