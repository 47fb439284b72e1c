"""The JSON shapes of dead letters. Times are the clock's: of arrival, or of the refusal."""

from __future__ import annotations

from pydantic import Field

from podcore.clock import rfc3339
from podtwin.api.models import Shape
from podtwin.api.summary import text_of
from podtwin.letters import Letter, Stage, preview


class RetryShape(Shape):
    """Whether it can be tried again, and what came of it the last time."""

    possible: bool
    why_not: str = Field(description="empty when it can be")
    waiting: bool = Field(description="it was asked for and is not done yet")
    retried_at: str | None
    stored: bool | None = Field(description="null before the first time")
    outcome: str = Field(description="`stored`, or why it was refused again; empty before")


class LetterShape(Shape):
    """What was refused, and why. `count` are several of one kind, `at` is of the newest."""

    id: str
    stage: Stage
    at: str
    first_at: str
    count: int
    site: str = Field(description="empty where the topic names none")
    node: str
    topic: str = Field(description="empty for what is no message")
    reason: str
    place: str
    value: str
    rule: str
    way_out: str
    size: int = Field(description="of all that was sent. [bytes]")
    retry: RetryShape


class LetterDetailShape(LetterShape):
    """With the beginning of what was sent, at most 4 KiB of it."""

    payload: str
    payload_form: str = Field(description="`text`, or `hex` for what is no printable UTF-8")


class LettersShape(Shape):
    """A page, newest first."""

    deadletters: list[LetterShape]
    next: str | None = Field(description="cursor of the next page; null at the end")


def letter_shape(letter: Letter) -> LetterShape:
    """A letter without its payload."""
    return LetterShape.model_validate(letter_fields(letter))


def letter_detail_shape(letter: Letter) -> LetterDetailShape:
    """A letter with its payload."""
    payload, form = preview(letter.payload)
    shown = {**letter_fields(letter), "payload": payload, "payload_form": form}
    return LetterDetailShape.model_validate(shown)


def letter_fields(letter: Letter) -> dict[str, object]:
    """A letter as the API and the command line give it."""
    return {
        "id": letter.id,
        "stage": letter.stage.value,
        "at": rfc3339(letter.at_ns),
        "first_at": rfc3339(letter.first_ns),
        "count": letter.count,
        "site": letter.site,
        "node": letter.node,
        "topic": letter.topic,
        "reason": letter.reason,
        "place": letter.place,
        "value": letter.value,
        "rule": letter.rule,
        "way_out": letter.way_out,
        "size": letter.size,
        "retry": {
            "possible": not letter.why_not,
            "why_not": letter.why_not,
            "waiting": letter.waiting,
            "retried_at": text_of(letter.retried_ns),
            "stored": None if letter.retried_ns is None else letter.stored,
            "outcome": letter.outcome,
        },
    }
