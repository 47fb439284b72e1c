"""InfluxDB 2 as a `Sink`: prepared lines through the library's write service.

A request holds 5,000 lines, gzipped at level 1 (the library's own compression is level 9, eight
times the CPU for a tenth fewer bytes). Up to four are in flight, each with sites of its own: lines
of one site stay in order, so what comes twice for an instant falls to the newest.

A line counts as delivered once a request that held it was answered 204, and as refused once it
was refused alone or in a request of which every line was. A fault that InfluxDB names is looked
for among the lines it can be about, any other by halves; a field of the wrong type costs its own
values, not those that share its line.
"""

from __future__ import annotations

import threading
import zlib
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Final, NamedTuple

from podcore.clock import NS
from podcore.errors import Refused, Unreachable, shorten
from podcore.frame import Frame
from podcore.ports import Clock, WriteRefused
from podtwin.store.influx_answer import (
    WRITTEN,
    Answer,
    LineReason,
    Verdict,
    conflicting_field,
    split_fields,
    suspects,
    understand,
    without_field,
)
from podtwin.store.influx_client import InfluxAddress, connect
from podtwin.store.influx_lines import LineEncoder
from podtwin.store.influx_requests import Part, lanes, requests

if TYPE_CHECKING:
    from influxdb_client.service.write_service import WriteService

READ_S: Final = 20.0  # a server that compacts takes its time; one that hangs is left
_DETAIL: Final = 500  # characters of InfluxDB's words that are kept of a refusal
_GZIP: Final = 31  # zlib's name for a deflate stream with gzip's head and tail


class _Line(NamedTuple):
    """A line with its end, and the Frame it is of."""

    offset: int
    text: bytes


class InfluxSink:
    """The sink; `write` belongs to one thread.

    Parameters
    ----------
    read_s : how long an answer may take.

    Attributes
    ----------
    lines : delivered so far.
    """

    def __init__(
        self, address: InfluxAddress, encoder: LineEncoder, clock: Clock, *, read_s: float = READ_S
    ) -> None:
        self._address = address
        self._encoder = encoder
        self._clock = clock
        self._read_s = read_s
        self._service: WriteService | None = None
        self.lines = 0

    def write(self, frames: Sequence[Frame]) -> list[WriteRefused]:
        """Stores all but the refused lines.

        Raises
        ------
        Unreachable  On 429, 5xx, a time-out or no connection.
        Refused  On 401, 403, 404 and what is no answer of an InfluxDB.
        """
        by_site: dict[str, list[Part]] = {}
        refused: list[WriteRefused] = []
        for frame in frames:
            text, lines, unsayable = self._encoder.encode(frame)
            if lines:
                by_site.setdefault(frame.site, []).append(Part(frame.offset, text, lines))
            refused += [
                WriteRefused(frame.offset, LineReason.NOT_FINITE.value, point)
                for point in unsayable
            ]
        dealt = lanes(by_site.values())
        refused += _at_once([partial(self._send_parts, lane) for lane in dealt])
        self.lines += sum(part.lines for lane in dealt for part in lane)
        return refused

    def write_line(self, line: str) -> list[WriteRefused]:
        """Stores a line that was refused before; what is refused now. Raises as `write` does."""
        return self._send_lines([_Line(0, line.encode() + b"\n")])

    def prove(self) -> None:
        """Asks whether the bucket is there and may be written; raises as `write` does."""
        self._post(())

    def write_lines(self, lines: Iterable[bytes]) -> list[WriteRefused]:
        """Stores lines, each with its end; what of them is refused. Raises as `write` does."""
        parts = [Part(0, text, 1) for text in lines]
        return self._send_parts(parts)

    def _send_parts(self, parts: Iterable[Part]) -> list[WriteRefused]:
        refused: list[WriteRefused] = []
        for request in requests(parts):
            answer = self._post(part.text for part in request)
            if answer.verdict is not Verdict.WRITTEN:
                lines = [
                    _Line(part.offset, line)
                    for part in request
                    for line in part.text.splitlines(keepends=True)
                ]
                refused += self._sift(lines, answer)
        return refused

    def _send_lines(self, lines: Sequence[_Line]) -> list[WriteRefused]:
        if not lines:
            return []
        return self._sift(lines, self._post(line.text for line in lines))

    def _sift(self, lines: Sequence[_Line], answer: Answer) -> list[WriteRefused]:
        """Delivers the good ones among lines that were answered so; the others."""
        if answer.verdict is Verdict.WRITTEN:
            return []
        if answer.reason is LineReason.TYPE_CONFLICT:
            parted = _parted_by_field(lines, answer)
            if parted is not None:
                return self._send_lines(parted[0]) + self._send_lines(parted[1])
        if len(lines) == 1 and answer.reason in _OF_A_FIELD:
            lines = [_Line(lines[0].offset, text) for text in split_fields(lines[0].text)]
        if len(lines) == 1 or answer.dropped == len(lines):
            return [_refusal(line, answer) for line in lines]
        return [refused for half in _parted(lines, answer) for refused in self._send_lines(half)]

    def _post(self, texts: Iterable[bytes]) -> Answer:
        """What InfluxDB answers, when it is about the lines."""
        packer = zlib.compressobj(1, zlib.DEFLATED, _GZIP)
        body = packer.compress(b"".join(texts)) + packer.flush()
        answer = self._answer(body)
        if answer.verdict is Verdict.LATER:
            raise Unreachable(answer.text, retry_after_s=answer.retry_after_s)
        if answer.verdict is Verdict.DENIED:
            raise Refused(answer.text)
        return answer

    def _answer(self, body: bytes) -> Answer:
        from influxdb_client.rest import ApiException  # noqa: PLC0415 - see `connect`
        from urllib3.exceptions import HTTPError  # noqa: PLC0415

        address = self._address
        try:  # the library's services come without types
            self._writer().post_write(  # type: ignore[no-untyped-call]
                address.org, address.bucket, body, content_encoding="gzip", precision="ns"
            )
        except ApiException as error:
            headers = {name.lower(): value for name, value in (error.headers or {}).items()}
            now_s = self._clock.now_ns() / NS
            if not error.status:  # no answer but a handshake that failed
                raise Unreachable(shorten(error.reason)) from error
            return understand(error.status, headers, str(error.body or ""), now_s)
        except (HTTPError, OSError) as error:
            raise Unreachable(_why(error)) from error
        return WRITTEN

    def _writer(self) -> WriteService:
        if self._service is None:
            from influxdb_client.service.write_service import WriteService  # noqa: PLC0415

            client = connect(self._address, self._read_s).api_client
            self._service = WriteService(client)  # type: ignore[no-untyped-call]
        return self._service


_OF_A_FIELD: Final = frozenset({LineReason.TYPE_CONFLICT, LineReason.DROPPED})


def _at_once(tasks: Sequence[Callable[[], list[WriteRefused]]]) -> list[WriteRefused]:
    """All results, from a thread each; the first error once all have ended."""
    if len(tasks) <= 1:
        return [refused for task in tasks for refused in task()]
    refused: list[WriteRefused] = []
    errors: list[Exception] = []

    def run(task: Callable[[], list[WriteRefused]]) -> None:
        try:
            refused.extend(task())
        except Exception as error:  # noqa: BLE001 - raised below, in the thread that asked
            errors.append(error)

    threads = [
        threading.Thread(target=run, args=(task,), name="forward-send", daemon=True)
        for task in tasks
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]
    return refused


def _parted_by_field(
    lines: Sequence[_Line], answer: Answer
) -> tuple[list[_Line], list[_Line]] | None:
    """What is left without the field of the conflict, and that field alone; None if they are so."""
    conflict = conflicting_field(answer)
    if conflict is None:
        return None
    rest: list[_Line] = []
    alone: list[_Line] = []
    for line, suspect in zip(lines, suspects(answer, [line.text for line in lines]), strict=True):
        if not suspect:
            rest.append(line)
            continue
        kept, field = without_field(line.text, conflict[1])
        if kept is not None:
            rest.append(_Line(line.offset, kept))
        alone.append(_Line(line.offset, field))
    return (rest, alone) if rest and alone else None


def _parted(lines: Sequence[_Line], answer: Answer) -> tuple[list[_Line], list[_Line]]:
    """Those that the answer is about and the others, or two halves where it does not say."""
    about = suspects(answer, [line.text for line in lines])
    if any(about) and not all(about):
        named = [line for line, suspect in zip(lines, about, strict=True) if suspect]
        return named, [line for line, suspect in zip(lines, about, strict=True) if not suspect]
    middle = len(lines) // 2
    return list(lines[:middle]), list(lines[middle:])


def _refusal(line: _Line, answer: Answer) -> WriteRefused:
    text = line.text.decode().rstrip("\n")
    return WriteRefused(line.offset, answer.reason.value, answer.text[:_DETAIL], text)


def _why(error: Exception) -> str:
    """An error of the network in few words: the innermost reason, without objects' addresses."""
    cause: BaseException = error
    while cause.__cause__ is not None or cause.__context__ is not None:
        cause = cause.__cause__ or cause.__context__ or cause
    return f"{type(cause).__name__}: {cause}" if str(cause) else type(cause).__name__
