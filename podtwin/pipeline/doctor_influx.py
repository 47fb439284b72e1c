"""Checks of an InfluxDB that readings are forwarded to.

Nothing is left behind by them: an empty write is answered as a full one would be (404 for what is
not there, 401 and 403 for a token without the right), and stores nothing; reading is proved by a
question. [m] with InfluxDB 2.8: 204 for the right to write, 403 without it.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Final

import httpx

from ingest.forwarder import cursor_name
from ingest.log import SqliteLogReader
from podcore.clock import NS, rfc3339
from podcore.errors import Refused, Unreachable
from podcore.ports import Clock
from podtwin.pipeline.checks import Check, Verdict
from podtwin.pipeline.stored import cursor_of
from podtwin.store import flux
from podtwin.store.flux import Rows
from podtwin.store.influx_client import InfluxAddress, InfluxTarget
from podtwin.store.influx_reader import FluxReader

ANSWER_S: Final = 10.0
CLOCKS_APART_S: Final = 5.0  # what NTP keeps well below, and a person at a page notices
MANY_FRAMES: Final = 20_000  # ten reads of the log; a sink that keeps up has a second of them
_DAY_S: Final = 86_400

_MAKE = "make it with deploy/influxdb/tokens.py"


def check_influx(target: InfluxTarget, data_dir: Path, clock: Clock) -> Iterator[Check]:
    """All checks of a sink, under its name; up to one after which the others would say the same."""
    for check in _checks(target, data_dir, clock):
        yield replace(check, name=f"{target.name} {check.name}".rstrip())


def _checks(target: InfluxTarget, data_dir: Path, clock: Clock) -> Iterator[Check]:
    yield from _of_server(target, data_dir, clock)
    if (data_dir / "log.db").exists():
        yield check_lag(data_dir, target.name)
    if (data_dir / "state.db").exists():
        yield check_refused(data_dir / "state.db", target.name)


def _of_server(target: InfluxTarget, data_dir: Path, clock: Clock) -> Iterator[Check]:
    address = target.address
    with client_of(address) as client:
        reached, answer = _reach(client, address)
        yield reached
        if answer is None:
            return
        yield _clocks(answer, clock)
        may_write = check_write(client, address)
        yield may_write
        if may_write.verdict is Verdict.FAIL and may_write.name != "write":
            return
        may_read = check_read(address)
        yield may_read
        if may_read.verdict is Verdict.OK:
            oldest_ns = oldest_waiting(data_dir, target.name)
            yield _retention(client, address, oldest_ns, clock)


def oldest_waiting(data_dir: Path, sink: str) -> int | None:
    """The oldest time of a reading that is still to be forwarded; None without any."""
    times = [reader.oldest_ns(after=cursor) for reader, cursor in _readers(data_dir, sink)]
    return min((time for time in times if time is not None), default=None)


def check_lag(data_dir: Path, sink: str) -> Check:
    """How many Frames wait to be forwarded."""
    waiting = sum(max(0, log.last_offset() - at) for log, at in _readers(data_dir, sink))
    found = f"{waiting} frames wait in the log"
    if waiting > MANY_FRAMES:
        way_out = "if it does not fall, see readyz; the log is kept until they are delivered"
        return Check("lag", Verdict.WARN, found, way_out)
    return Check("lag", Verdict.OK, found)


def _readers(data_dir: Path, sink: str) -> Iterator[tuple[SqliteLogReader, int]]:
    """The logs that there are, each with how far the sink's forwarder is."""
    for name in ("log", "derived"):
        path = data_dir / f"{name}.db"
        if path.exists():
            with closing(SqliteLogReader(path, derived=name == "derived")) as reader:
                yield reader, cursor_of(data_dir / "state.db", cursor_name(sink, name))


def check_refused(state: Path, sink: str) -> Check:
    """Whether a database ever refused a line that PodTwin sent."""
    with closing(sqlite3.connect(f"{state.resolve().as_uri()}?mode=ro", uri=True)) as connection:
        try:
            query = "SELECT reason, count FROM undelivered_counts WHERE sink = ? ORDER BY reason"
            counts = connection.execute(query, (sink,)).fetchall()
        except sqlite3.OperationalError:
            counts = []  # a state database of before there was a forwarder
    if not counts:
        return Check("refused", Verdict.OK, "no line so far")
    found = ", ".join(f"{count} by {reason}" for reason, count in counts)
    way_out = "see podtwin deadletter list --stage forward"
    return Check("refused", Verdict.WARN, f"lines: {found}", way_out)


def client_of(address: InfluxAddress) -> httpx.Client:
    """Speaks to the server as the owner of the token."""
    return httpx.Client(
        base_url=address.url,
        headers={"Authorization": f"Token {address.token}"},
        timeout=ANSWER_S,
        trust_env=False,  # neither reads nor writes go through a proxy
    )


def kept_s(client: httpx.Client, address: InfluxAddress) -> int:
    """The retention of the bucket, 0 for ever. [s]

    Raises
    ------
    HTTPError, LookupError  When it does not say.
    """
    asked = {"org": address.org, "name": address.bucket}
    answer = client.get("/api/v2/buckets", params=asked).raise_for_status()
    rules = answer.json()["buckets"][0]["retentionRules"]
    return min((rule["everySeconds"] for rule in rules if rule["everySeconds"]), default=0)


def _reach(client: httpx.Client, address: InfluxAddress) -> tuple[Check, httpx.Response | None]:
    try:
        answer = client.get("/health")
    except httpx.HTTPError as error:
        found = f"{address.url} does not answer ({error})"
        way_out = "start it, or correct influx.url; readings wait in the log meanwhile"
        return Check("", Verdict.FAIL, found, way_out), None
    version = answer.headers.get("X-Influxdb-Version", "")
    if not answer.is_success:
        found = f"{address.url} answers {answer.status_code}: {answer.text[:200]}"
        return Check("", Verdict.FAIL, found, "is that InfluxDB 2? See its log"), None
    if not _is_two(version):
        found = f"{address.url} is InfluxDB {version or 'of no version that it says'}"
        return Check("", Verdict.FAIL, found, "PodTwin writes and reads InfluxDB 2"), None
    return Check("", Verdict.OK, f"{address.url}, InfluxDB {version}"), answer


def _is_two(version: str) -> bool:
    """A release is called v2.7.11; who builds it himself may call it as he likes."""
    number = version.removeprefix("v")
    return number.startswith("2.") or (bool(number) and not number[0].isdigit())


def _clocks(answer: httpx.Response, clock: Clock) -> Check:
    said = answer.headers.get("Date")
    if said is None:
        return Check("clock", Verdict.OK, "it does not say its time")
    apart_s = parsedate_to_datetime(said).timestamp() - clock.now_ns() / NS
    found = f"{apart_s:+.0f} s from this machine's"
    if abs(apart_s) > CLOCKS_APART_S:
        way_out = "let both follow NTP: ranges up to now, and retention, go by its clock"
        return Check("clock", Verdict.WARN, found, way_out)
    return Check("clock", Verdict.OK, found)


def check_write(client: httpx.Client, address: InfluxAddress) -> Check:
    """Whether the bucket is there and may be written."""
    query = {"org": address.org, "bucket": address.bucket, "precision": "ns"}
    try:
        answer = client.post("/api/v2/write", params=query, content=b"")
    except httpx.HTTPError as error:
        return Check("write", Verdict.FAIL, f"no answer ({error})", "try again")
    said = _words(answer)
    if answer.status_code == httpx.codes.NO_CONTENT:
        found = f"an empty write to bucket {address.bucket} of {address.org} was taken"
        return Check("write", Verdict.OK, found)
    if answer.status_code == httpx.codes.UNAUTHORIZED:
        way_out = "set influx.token (PODTWIN_INFLUX__TOKEN_FILE) to one of this server"
        return Check("token", Verdict.FAIL, f"is not known there: {said}", way_out)
    if answer.status_code == httpx.codes.FORBIDDEN:
        way_out = f"give it the right write:buckets for {address.bucket}"
        return Check("write", Verdict.FAIL, f"the token may not write: {said}", way_out)
    if answer.status_code == httpx.codes.NOT_FOUND and "organization" in said:
        return Check("org", Verdict.FAIL, said, f"correct influx.org, or {_MAKE}")
    if answer.status_code == httpx.codes.NOT_FOUND:
        return Check("bucket", Verdict.FAIL, said, f"correct influx.bucket, or {_MAKE}")
    return Check("write", Verdict.FAIL, f"{answer.status_code} {said}", "see its log")


def check_read(address: InfluxAddress) -> Check:
    """Whether the bucket may be read."""
    try:
        FluxReader(address).rows(flux.last(Rows(address.bucket, "")), ANSWER_S)
    except Refused as error:
        way_out = f"give it the right read:buckets for {address.bucket}; history is read with it"
        return Check("read", Verdict.FAIL, str(error), way_out)
    except Unreachable as error:
        return Check("read", Verdict.FAIL, str(error), "try again")
    return Check("read", Verdict.OK, f"bucket {address.bucket} was asked and answered")


def _retention(
    client: httpx.Client, address: InfluxAddress, oldest_ns: int | None, clock: Clock
) -> Check:
    name = "retention"
    try:
        keeps_s = kept_s(client, address)
    except (httpx.HTTPError, LookupError) as error:
        found = f"cannot be asked for ({error})"
        return Check(name, Verdict.WARN, found, "give the token read:buckets")
    if not keeps_s:
        return Check(name, Verdict.OK, "the bucket keeps everything")
    kept = f"the bucket keeps {length(keeps_s)}"
    if oldest_ns is not None and oldest_ns < clock.now_ns() - keeps_s * NS:
        found = f"{kept}, and readings of {rfc3339(oldest_ns)} wait to be sent"
        way_out = "lengthen the bucket's retention; what is older is refused as `bucket retention`"
        return Check(name, Verdict.FAIL, found, way_out)
    return Check(name, Verdict.OK, kept)


def length(seconds: int) -> str:
    """A retention in words."""
    if not seconds:
        return "everything"
    return f"{seconds / _DAY_S:g} days" if seconds >= _DAY_S else f"{seconds / 3600:g} h"


def _words(answer: httpx.Response) -> str:
    try:
        return str(answer.json()["message"])[:200]
    except (ValueError, LookupError, TypeError):
        return answer.text[:200]
