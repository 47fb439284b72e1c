"""Frames for tests, with everything that a test does not care about filled in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from podcore.frame import (
    BirthBody,
    BirthPoint,
    ConfigBody,
    Flag,
    Frame,
    Kind,
    ReadingBody,
    Source,
    StateBody,
    encode_body,
)
from podcore.site import Site

NS = 1_000_000_000
MIDNIGHT_NS = 1_795_478_400 * NS  # 2026-11-24T00:00:00Z


def reading(
    values: Mapping[str, float],
    ts_ns: int,
    *,
    site: str = "ams-03",
    node: str = "gw-1",
    recv_ns: int | None = None,
    seq: int | None = None,
    source: Source = Source.MEASURED,
    flags: int = 0,
    value_flags: Sequence[int] | None = None,
    sd: Sequence[float] | None = None,
    cause: int = 0,
) -> Frame:
    body = ReadingBody(
        list(values),
        list(values.values()),
        None if sd is None else list(sd),
        None if value_flags is None else list(value_flags),
    )
    received = ts_ns + 5_000_000 if recv_ns is None else recv_ns
    return Frame(
        offset=0,
        kind=Kind.READING,
        site=site,
        node=node,
        boot="",
        seq=seq,
        ts_ns=ts_ns,
        recv_ns=received,
        cause=cause,
        source=source,
        flags=flags,
        body=encode_body(body),
    )


def tick(recv_ns: int) -> Frame:
    return Frame(0, Kind.TICK, "", "", "", None, recv_ns, recv_ns, 0, Source.MEASURED, 0, b"")


def config(site: Site, recv_ns: int) -> Frame:
    body = encode_body(ConfigBody(site))
    return Frame(
        0, Kind.CONFIG, site.id, "", "", None, recv_ns, recv_ns, 0, Source.MEASURED, 0, body
    )


def command(site: str, recv_ns: int, *, cause: int, body: bytes = b"\x80") -> Frame:
    return Frame(
        0, Kind.COMMAND, site, "", "", None, recv_ns, recv_ns, cause, Source.MEASURED, 0, body
    )


def birth(
    ts_ns: int,
    *,
    site: str = "ams-03",
    node: str = "gw-1",
    period_s: float | None = None,
    recorded: bool = False,
) -> Frame:
    points = []
    if period_s is not None:
        points = [BirthPoint("crac-1/supply_air_temp", "temperature", "Cel", period_s)]
    return Frame(
        0, Kind.BIRTH, site, node, "", None, ts_ns, ts_ns, 0, Source.MEASURED,
        int(Flag.RECORDED) if recorded else 0,
        encode_body(BirthBody(ts_ns, 1, recorded, points)),
    )  # fmt: skip


def state(ts_ns: int, *, online: bool, site: str = "ams-03", node: str = "gw-1") -> Frame:
    return Frame(
        0, Kind.STATE, site, node, "", None, ts_ns, ts_ns, 0, Source.MEASURED, 0,
        encode_body(StateBody(online)),
    )  # fmt: skip
