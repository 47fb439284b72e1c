"""An edge in a network of its own, joined to this one by a cable that can be pulled."""

from __future__ import annotations

import itertools
import os
import shutil
import subprocess
from collections.abc import Sequence
from typing import Self

import pytest

_numbers = itertools.count(os.getpid() % 200)


class Edge:
    """A network namespace with one cable to here; `here` is this end's address.

    A cable that is pulled drops every packet without a word: both ends of a connection over it
    believe in it until their own patience ends.
    """

    def __init__(self) -> None:
        if os.geteuid() != 0 or shutil.which("ip") is None:
            pytest.skip("a network namespace needs root and ip of iproute2")
        number = next(_numbers) % 250
        self._name = f"podtwin-{os.getpid()}-{number}"
        self._cable = f"pt{os.getpid() % 100_000}-{number}"
        self.here, self._there = f"10.213.{number}.1", f"10.213.{number}.2"

    def __enter__(self) -> Self:
        done = subprocess.run(
            ["ip", "netns", "add", self._name], capture_output=True, text=True, check=False
        )
        if done.returncode:
            pytest.skip(f"no network namespace can be made here: {done.stderr.strip()}")
        far = f"{self._cable}e"
        _ip("link", "add", self._cable, "type", "veth", "peer", "name", far, "netns", self._name)
        _ip("addr", "add", f"{self.here}/24", "dev", self._cable)
        _ip("link", "set", self._cable, "up")
        _ip("-n", self._name, "addr", "add", f"{self._there}/24", "dev", far)
        _ip("-n", self._name, "link", "set", far, "up")
        _ip("-n", self._name, "link", "set", "lo", "up")
        return self

    def __exit__(self, *_: object) -> None:
        subprocess.run(["ip", "link", "del", self._cable], check=False)
        subprocess.run(["ip", "netns", "del", self._name], check=False)

    def command(self, *command: object) -> Sequence[str]:
        """A command line that runs at the edge."""
        return ["ip", "netns", "exec", self._name, *map(str, command)]

    def pull(self) -> None:
        """Cuts the cable."""
        _ip("link", "set", self._cable, "down")

    def plug(self) -> None:
        """Joins it again."""
        _ip("link", "set", self._cable, "up")


def _ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True)
