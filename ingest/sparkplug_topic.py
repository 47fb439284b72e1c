"""Topics of Sparkplug B: `spBv1.0/group/NDATA/edge`, `.../DDATA/edge/device`, STATE of hosts."""

from __future__ import annotations

import enum
from dataclasses import dataclass

ROOT = "spBv1.0"
MAX_ID = 256  # characters of a group, an edge node or a device


class MessageKind(enum.StrEnum):
    """What a message says."""

    NODE_BIRTH = "NBIRTH"
    NODE_DATA = "NDATA"
    NODE_DEATH = "NDEATH"
    NODE_COMMAND = "NCMD"
    DEVICE_BIRTH = "DBIRTH"
    DEVICE_DATA = "DDATA"
    DEVICE_DEATH = "DDEATH"
    DEVICE_COMMAND = "DCMD"
    STATE = "STATE"


COMMANDS = frozenset({MessageKind.NODE_COMMAND, MessageKind.DEVICE_COMMAND})
_KINDS = {kind.value: kind for kind in MessageKind}
_OF_NODE, _OF_DEVICE, _OF_HOST = 4, 5, 3  # levels


@dataclass(frozen=True, slots=True)
class Address:
    """Who speaks, and what kind of message it is. edge : for a STATE the host."""

    kind: MessageKind
    group: str
    edge: str
    device: str = ""

    @property
    def series(self) -> str:
        """Edge node or device, as one text."""
        return "/".join(part for part in (self.group, self.edge, self.device) if part)

    @property
    def data_topic(self) -> str:
        """Where its data comes, for births as well: names are the same on both."""
        kind = MessageKind.DEVICE_DATA if self.device else MessageKind.NODE_DATA
        end = f"/{self.device}" if self.device else ""
        return f"{ROOT}/{self.group}/{kind.value}/{self.edge}{end}"


def parse_address(topic: str) -> Address | None:
    """Whom a topic names, or None when it is none of Sparkplug B."""
    root, *parts = topic.split("/")
    if root != ROOT or not all(0 < len(part) <= MAX_ID for part in parts):
        return None
    if "+" in topic or "#" in topic:  # not every broker refuses it, and no answer could be sent
        return None
    if len(parts) == _OF_HOST - 1 and parts[0] == MessageKind.STATE.value:
        return Address(MessageKind.STATE, "", parts[1])
    if len(parts) + 1 not in {_OF_NODE, _OF_DEVICE}:
        return None
    kind = _KINDS.get(parts[1])
    if kind is None or kind is MessageKind.STATE:
        return None
    if kind.value.startswith("D") is not (len(parts) + 1 == _OF_DEVICE):
        return None
    return Address(kind, parts[0], *parts[2:])


def command_topic(group: str, edge: str) -> str:
    """Where an edge node takes commands."""
    return f"{ROOT}/{group}/{MessageKind.NODE_COMMAND.value}/{edge}"


def state_topic(host_id: str) -> str:
    """Where a host says whether it is there."""
    return f"{ROOT}/{MessageKind.STATE.value}/{host_id}"
