"""Line protocol as a sender writes it: for tests of what reads it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

Value = float | int | bool | str


@dataclass(frozen=True, slots=True)
class Written:
    """One line; a value of text is written in quotes, an int with its `i`."""

    measurement: str
    tags: Mapping[str, str]
    fields: Mapping[str, Value]
    ts: int | None

    def text(self) -> str:
        """The line."""
        head = "".join(
            [
                escaped(self.measurement, ", "),
                *(f",{name(k)}={name(v)}" for k, v in self.tags.items()),
            ]
        )
        fields = ",".join(f"{name(key)}={value(v)}" for key, v in self.fields.items())
        return f"{head} {fields}" + ("" if self.ts is None else f" {self.ts}")


def escaped(text: str, signs: str) -> str:
    return "".join(f"\\{sign}" if sign in signs else sign for sign in text)


def name(text: str) -> str:
    return escaped(text, ",= ")


def value(of: Value) -> str:
    if isinstance(of, bool):
        return "true" if of else "false"
    if isinstance(of, str):
        return '"' + of.replace("\\", "\\\\").replace('"', '\\"') + '"'
    return f"{of}i" if isinstance(of, int) else repr(of)


def payload(lines: Sequence[Written]) -> bytes:
    return "".join(f"{line.text()}\n" for line in lines).encode()
