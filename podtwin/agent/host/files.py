"""The files by which a Linux kernel speaks of its machine.

They are read directly, below a root that is given: tests have recorded trees, and a container
may have its host's `/proc` and `/sys` somewhere else. psutil reads the same files, but knows one
`/sys` only; the tests compare with it.
"""

from __future__ import annotations

from pathlib import Path

_MOST_BYTES = 4 * 1024 * 1024  # of one file; /proc/stat of 1,000 cores has 0.1 MB


class Unseen(Exception):  # noqa: N818 - no mistake of anybody: a host that does not show something
    """Something that cannot be read: which file, why, and the way out."""

    def __init__(self, place: str, why: str, way_out: str = "") -> None:
        super().__init__(f"{place} {why}")
        self.place = place
        self.why = why
        self.way_out = way_out


class HostFiles:
    """Files of `/proc` and `/sys`, below a root.

    Parameters
    ----------
    root : what stands for `/`.
    """

    def __init__(self, root: Path = Path("/")) -> None:
        self.root = root

    def text(self, path: str) -> str:
        """The file's text, without white space around it.

        Raises
        ------
        Unseen  When it is not there, may not be read, or the kernel refuses the read itself.
        """
        try:
            return self._open(path).decode("utf-8", "replace").strip()
        except FileNotFoundError:
            raise Unseen(f"/{path}", "does not exist") from None
        except PermissionError:
            raise Unseen(
                f"/{path}", "may not be read by this user", f"give this user read right on /{path}"
            ) from None
        except OSError as error:  # a sensor that is off answers ENODATA, EIO or EAGAIN
            raise Unseen(f"/{path}", f"cannot be read: {error.strerror}") from None

    def number(self, path: str) -> int:
        """The integer that is all of the file.

        Raises
        ------
        Unseen  As for `text`, and when it holds something else.
        """
        text = self.text(path)
        try:
            return int(text)
        except ValueError:
            raise Unseen(f"/{path}", f"holds {text[:40]!r}, which is no integer") from None

    def optional(self, path: str) -> str:
        """As `text`, or empty where it cannot be read."""
        try:
            return self.text(path)
        except Unseen:
            return ""

    def names(self, folder: str, pattern: str = "*") -> list[str]:
        """Names in a folder, sorted; none when it is not there or may not be read."""
        try:
            return sorted(path.name for path in self._at(folder).glob(pattern))
        except OSError:
            return []

    def exists(self, path: str) -> bool:
        """Whether it is there."""
        try:
            return self._at(path).exists()
        except OSError:
            return False

    def device(self, path: str) -> str:
        """Where a link of `/sys` leads; unlike a number in its name it is the same at each boot."""
        try:
            return str(self._at(path).resolve())
        except OSError:
            return path

    def _open(self, path: str) -> bytes:
        with self._at(path).open("rb") as file:
            return file.read(_MOST_BYTES)

    def _at(self, path: str) -> Path:
        return self.root / path
