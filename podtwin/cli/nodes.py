"""Nodes in the foreground: played until told, then flushed and ended."""

from __future__ import annotations

import signal
import threading
from collections.abc import Sequence
from types import FrameType
from typing import TYPE_CHECKING

from podcore.errors import PodTwinError, Unreachable

if TYPE_CHECKING:
    from podcore.ports import Clock
    from podtwin.agent.node import PublishingNode

FLUSH_S = 2.0
GIVE_UP_S = 60.0  # without progress, when there is an end to come to
_LOOK_S = 0.2


def play(
    nodes: Sequence[PublishingNode], clock: Clock, duration_s: float | None, *, endless: bool
) -> None:
    """Plays until told, until the duration is over, or until all is played and acknowledged.

    endless : a node of the present has always more to come, so that nobody gives it up.

    Raises
    ------
    PodTwinError  When a node has failed.
    """
    told = _told()
    for node in nodes:
        node.start()
    began_s = moved_s = clock.monotonic_s()
    confirmed = 0
    try:
        while not clock.wait(told, _LOOK_S):
            now_s = clock.monotonic_s()
            _check_health(nodes)
            if all(node.finished for node in nodes):
                break
            if duration_s is not None and now_s - began_s >= duration_s:
                break
            moved = sum(node.status().confirmed for node in nodes)
            if moved != confirmed or endless:
                confirmed, moved_s = moved, now_s
            if now_s - moved_s > GIVE_UP_S:
                break
    finally:
        _end(nodes, clock)


def require_heard(nodes: Sequence[PublishingNode], broker: str) -> None:
    """Raises `Unreachable` when messages wait and nobody has acknowledged a single one."""
    waiting = sum(node.waiting for node in nodes)
    if waiting and not any(node.heard for node in nodes):
        why = f"nobody acknowledged anything; start a receiver with: podtwin run --broker {broker}"
        raise Unreachable(f"{why}; {waiting} messages wait in the outboxes for the next run")


def _told() -> threading.Event:
    """Set by SIGTERM or Ctrl-C; a second Ctrl-C interrupts."""
    told = threading.Event()

    def handle(_number: int, _frame: FrameType | None) -> None:
        told.set()
        signal.signal(signal.SIGINT, signal.default_int_handler)

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, handle)
    return told


def _check_health(nodes: Sequence[PublishingNode]) -> None:
    from podcore.role import RoleState

    for node in nodes:
        health = node.health()
        if health.state is RoleState.FAILED:
            raise PodTwinError(f"{health.name} {health.detail}")


def _end(nodes: Sequence[PublishingNode], clock: Clock) -> None:
    for node in nodes:
        node.end_sampling()
    until_s = clock.monotonic_s() + FLUSH_S
    for node in nodes:
        node.drain(max(until_s - clock.monotonic_s(), 0.0))
    for node in nodes:
        node.stop()
