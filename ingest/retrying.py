"""Trying dead letters again, between the writer's other commits.

A letter goes through the intake once more as if it came now, for instance after its site file,
its mapping or a unit was put right. What holds then:

- It is counted apart: the ledger of messages counts what came, and the letter came once.
- Its number was noted when it came, so that it is not taken for a duplicate of itself.
- Its readings keep their own time; where it has none, the time at which it first came.
- What came of it is written beside the letter, under the id of the asking, in the transaction of
  its Frame. A crash between that and the end of the request cannot store it twice.
- One that is refused again stays the same letter, with the newest refusal beside it.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable

import structlog

from ingest.intake import Batch, Intake
from ingest.letters import Retried, read_letter, read_retried, why_not_retried
from podcore.errors import NotWritten
from podcore.ports import Clock
from podcore.retry import RetryRequest, RetryRequests

LOOK_S = 1.0  # between two looks for requests, which any process may have written
AT_ONCE = 50  # requests a look: what comes over the network waits some 50 ms for them

logger = structlog.get_logger("ingest")


class Retrier:
    """What the writer does with requests to try letters again.

    take : decides over a letter. commit : as the writer's, with all that it retries; False when
        the process stops.
    """

    def __init__(
        self,
        requests: RetryRequests,
        connection: sqlite3.Connection,
        clock: Clock,
        intake: Intake,
        commit: Callable[[Batch], bool],
    ) -> None:
        self._requests = requests
        self._connection = connection
        self._clock = clock
        self._intake = intake
        self._commit = commit
        self._looked_s = clock.monotonic_s()

    def round(self) -> bool:
        """Does what was asked for, once a second; False when a commit was given up."""
        now_s = self._clock.monotonic_s()
        if now_s - self._looked_s < LOOK_S:
            return True
        self._looked_s = now_s
        try:
            return all(self._one(request) for request in self._requests.pending(AT_ONCE))
        except NotWritten as error:  # state.db: the request stays, and is found done next time
            logger.warning("retry_not_ended", error=str(error))
            return True

    def _one(self, request: RetryRequest) -> bool:
        batch = self._decide(request)
        if batch is not None and not self._commit(batch):
            return False
        self._requests.done(request.id)
        return True

    def _decide(self, request: RetryRequest) -> Batch | None:
        """What becomes of the letter; None when there is nothing to write."""
        letter = read_letter(self._connection, request.letter)
        before = read_retried(self._connection, [request.letter]).get(request.letter)
        if letter is None or (before is not None and before.request == request.id):
            return None
        now_ns = self._clock.now_ns()
        why_not = why_not_retried(letter, before)
        if why_not is None:
            return self._intake.again(letter, request.id, now_ns)
        if before is not None and before.stored:
            return None
        batch = Batch()
        batch.retried = Retried(letter.id, request.id, now_ns, stored=False, outcome=why_not)
        return batch
