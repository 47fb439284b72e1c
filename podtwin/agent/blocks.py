"""A backlog that is made when it is asked for: numbered messages, encoded a block at a time."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable

from podcore.ports import Message

BLOCK = 500  # messages encoded at once: one window
_BLOCKS_KEPT = 3  # the window that is out may lie in two of them, the next rows in the third


class BlockBacklog:
    """Messages 1 to `count` of a stream; implements `podcore.ports.Backlog`.

    encode : the messages of the block that begins after so many, at most `BLOCK`.

    Nothing is let go: a receiver that lost its disk gets all of it again.
    """

    def __init__(self, boot: str, count: int, encode: Callable[[int], list[Message]]) -> None:
        self._boot = boot
        self._count = count
        self._encode = encode
        self._blocks: OrderedDict[int, list[Message]] = OrderedDict()

    @property
    def boot(self) -> str:
        """The ULID made of the input."""
        return self._boot

    @property
    def dropped(self) -> int:
        """Always 0."""
        return 0

    def first(self) -> int:
        """Always 1."""
        return 1

    def last(self) -> int:
        """The number of messages."""
        return self._count

    def read(self, after: int, limit: int) -> list[Message]:
        """At most `limit` messages above `after`, in order."""
        end = min(after + limit, self._count)
        found: list[Message] = []
        while after < end:
            index, skip = divmod(after, BLOCK)
            found += self._block(index)[skip : skip + end - after]
            after = min((index + 1) * BLOCK, end)
        return found

    def confirm(self, seq: int) -> None:
        """Nothing: the files stay."""

    def _block(self, index: int) -> list[Message]:
        block = self._blocks.get(index)
        if block is None:
            block = self._encode(index * BLOCK)
            self._blocks[index] = block
            while len(self._blocks) > _BLOCKS_KEPT:
                self._blocks.popitem(last=False)
        return block
