"""Exceptions that cross a wall, split by who has to act.

An operator mends a file or a flag (`ConfigError`), someone brings a service back
(`Unreachable`), a role already runs (`RoleTaken`). A bad payload is no exception: it is a
rejected reading with a named reason, counted and kept. Our own mistakes are not caught.
"""

from __future__ import annotations


class PodTwinError(Exception):
    """Base of everything that PodTwin raises on purpose."""


class ConfigError(PodTwinError):
    """A file or flag that its owner has to mend.

    Parameters
    ----------
    place : where it stands, as a path into the document (`assets[4].measures`) or a flag.
    value : what stands there, shown shortened.
    rule : what should hold.
    way_out : what to do about it, or empty.
    file, line : filled in by whoever read the file.
    """

    def __init__(
        self,
        place: str,
        value: object,
        rule: str,
        way_out: str = "",
        *,
        file: str | None = None,
        line: int | None = None,
    ) -> None:
        self.place = place
        self.value = value
        self.rule = rule
        self.way_out = way_out
        self.file = file
        self.line = line
        super().__init__(place, value, rule, way_out)

    def __str__(self) -> str:
        where = self.place
        if self.file:
            line = f" line {self.line}" if self.line else ""
            where = f"{self.file}{line}: {self.place}"
        shown = "" if self.value is None else f" is {shorten(self.value)}"
        tail = f"; {self.way_out}" if self.way_out else ""
        return f"{where}{shown}: {self.rule}{tail}"


class Unreachable(PodTwinError):  # noqa: N818 - a service is, an operator reads it so
    """A service that does not answer; it may later.

    retry_after_s : what it asked to wait, None when it asked for nothing.
    """

    def __init__(self, text: str, *, retry_after_s: float | None = None) -> None:
        super().__init__(text)
        self.retry_after_s = retry_after_s


class NotWritten(PodTwinError):  # noqa: N818 - as above
    """A file that cannot be written now (a full disk, a lost mount); it may be later."""


class RoleTaken(PodTwinError):  # noqa: N818 - as above
    """A second process asked for a role that one process holds on a data directory."""


class Refused(PodTwinError):  # noqa: N818 - as above
    """A service answered, and said no."""


def shorten(value: object, limit: int = 80) -> str:
    """The value as text, cut to `limit` characters."""
    text = repr(value)
    return text if len(text) <= limit else text[: limit - 1] + "…"
