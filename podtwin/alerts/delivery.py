"""The life of one message to one endpoint, and what an answer means for it.

Retried is what may go well later: no connection, a time-out, 408, 425, 429 and 5xx. Not retried
is what will not: any other 4xx, and a redirect, since where it leads was not checked and was not
what the operator wrote. 410 says that the endpoint is gone, and disables it.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

from podcore.retry_after import LONGEST_ASKED_S

RETRY_FOR_S = 86_400.0  # a day: a weekend's outage is somebody's decision, a night's is not
FIRST_WAIT_S = 5.0
LONGEST_WAIT_S = 3_600.0  # a receiver that is back waits at most this long for what it missed
_MAX_DOUBLINGS = 20  # keeps 2**attempt a number; the longest wait is reached after ten


class Delivery(enum.StrEnum):
    """Where a message is."""

    QUEUED = "queued"
    SENDING = "sending"
    DELIVERED = "delivered"
    RETRYING = "retrying"
    DEAD = "dead"
    REDELIVERED = "redelivered"


class DeliveryEvent(enum.StrEnum):
    """What happens to it."""

    TAKEN = "taken"
    ACCEPTED = "accepted"
    FAILED = "failed"
    GAVE_UP = "gave_up"
    ASKED_AGAIN = "asked_again"


TRANSITIONS: Mapping[tuple[Delivery, DeliveryEvent], Delivery] = MappingProxyType(
    {
        (Delivery.QUEUED, DeliveryEvent.TAKEN): Delivery.SENDING,
        (Delivery.QUEUED, DeliveryEvent.GAVE_UP): Delivery.DEAD,
        (Delivery.SENDING, DeliveryEvent.ACCEPTED): Delivery.DELIVERED,
        (Delivery.SENDING, DeliveryEvent.FAILED): Delivery.RETRYING,
        (Delivery.SENDING, DeliveryEvent.GAVE_UP): Delivery.DEAD,
        (Delivery.RETRYING, DeliveryEvent.TAKEN): Delivery.SENDING,
        (Delivery.RETRYING, DeliveryEvent.GAVE_UP): Delivery.DEAD,
        (Delivery.DELIVERED, DeliveryEvent.ASKED_AGAIN): Delivery.REDELIVERED,
        (Delivery.DEAD, DeliveryEvent.ASKED_AGAIN): Delivery.REDELIVERED,
        (Delivery.REDELIVERED, DeliveryEvent.TAKEN): Delivery.SENDING,
        (Delivery.REDELIVERED, DeliveryEvent.GAVE_UP): Delivery.DEAD,
    }
)


class Answer(NamedTuple):
    """How an attempt went: a status, or why there was none.

    failure : a word such as `timeout`; empty with a status.
    final : whether trying again cannot help (an address that is not allowed).
    retry_after_s : what the answer asked for, None when it asked for nothing.
    """

    status: int | None
    failure: str = ""
    final: bool = False
    retry_after_s: float | None = None


class Decision(NamedTuple):
    """What follows from an answer, with its reason.

    wait_s : until the next attempt, for FAILED. disable : the endpoint is gone.
    """

    event: DeliveryEvent
    reason: str
    wait_s: float = 0.0
    disable: bool = False


def decide(answer: Answer, attempt: int, age_s: float, chance: float) -> Decision:
    """What follows from an answer.

    Parameters
    ----------
    attempt : its number, from 1. age_s : since the first one. [s]
    chance : in [0, 1); spreads attempts over the whole wait ("full jitter"), so that what failed
        together does not come back together.
    """
    status = answer.status
    if status is None:
        if answer.final:
            return Decision(DeliveryEvent.GAVE_UP, answer.failure)
        return _retry(answer.failure, answer, attempt, age_s, chance)
    if 200 <= status < 300:  # noqa: PLR2004 - HTTP's classes of statuses
        return Decision(DeliveryEvent.ACCEPTED, f"http_{status}")
    if 300 <= status < 400:  # noqa: PLR2004
        return Decision(DeliveryEvent.GAVE_UP, "redirect_refused")
    if status == 410:  # noqa: PLR2004
        return Decision(DeliveryEvent.GAVE_UP, "endpoint_gone", disable=True)
    if status in {408, 425, 429} or status >= 500:  # noqa: PLR2004
        return _retry(f"http_{status}", answer, attempt, age_s, chance)
    return Decision(DeliveryEvent.GAVE_UP, f"http_{status}")


def _retry(reason: str, answer: Answer, attempt: int, age_s: float, chance: float) -> Decision:
    if age_s >= RETRY_FOR_S:
        return Decision(DeliveryEvent.GAVE_UP, f"gave up after a day: {reason}")
    ceiling_s = min(LONGEST_WAIT_S, FIRST_WAIT_S * 2.0 ** min(attempt - 1, _MAX_DOUBLINGS))
    wait_s = chance * ceiling_s
    if answer.retry_after_s is not None:
        wait_s += min(answer.retry_after_s, LONGEST_ASKED_S)  # not before it, and not all at once
    return Decision(DeliveryEvent.FAILED, reason, wait_s)
