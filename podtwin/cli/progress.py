"""Progress bars on stderr: on a terminal, and only when the work takes longer than two seconds."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from podcore.ports import Clock

SHOW_AFTER_S = 2.0


@contextmanager
def progress_bar(title: str, clock: Clock) -> Iterator[Callable[[int, int], None]]:
    """Gives `advance(done, total)`; safe to call from another thread."""
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
    )

    console = Console(stderr=True)
    bar = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=console,
        transient=True,
    )
    began_s = clock.monotonic_s()
    task = bar.add_task(title, total=None)
    shown = False

    def advance(done: int, total: int) -> None:
        nonlocal shown
        # In a file or a pipe a bar is an empty line and nothing else.
        if console.is_terminal and not shown and clock.monotonic_s() - began_s >= SHOW_AFTER_S:
            shown = True
            bar.start()
        bar.update(task, completed=done, total=total)

    try:
        yield advance
    finally:
        if shown:
            bar.stop()
