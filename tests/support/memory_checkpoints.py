"""The engine's checkpoints in a list."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from podcore.ports import Checkpoint


class MemoryCheckpoints:
    """What a recording asks the engine's store for."""

    def __init__(self, held: Sequence[Checkpoint] = ()) -> None:
        self.held = sorted(held, key=lambda checkpoint: checkpoint.offset)

    def checkpoints(self) -> Mapping[str, Checkpoint]:
        return {checkpoint.site: checkpoint for checkpoint in self.held}

    def checkpoint_before(self, site: str, offset: int) -> Checkpoint | None:
        fitting = [c for c in self.held if c.site == site and c.offset <= offset]
        return fitting[-1] if fitting else None
