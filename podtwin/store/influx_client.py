"""How PodTwin reaches InfluxDB 2: where it is, who we are there, and a client with its limits.

The library's low-level services are what is used (`WriteService`, `QueryService`, ...): its
batching writer hides what was lost, and its records cost more than the rows that they hold.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

from podcore.errors import ConfigError
from podtwin.store.rollup import HOUR, MINUTE, Rollup

if TYPE_CHECKING:
    from influxdb_client.client.influxdb_client import InfluxDBClient

# A server that is there takes a connection within a round trip; one that is away is not waited for.
CONNECT_S: Final = 3.0
SINK: Final = "influx"  # the name of the one that needs none


@dataclass(frozen=True, slots=True)
class InfluxAddress:
    """A bucket of an InfluxDB 2.

    url : of its HTTP API, as `http://127.0.0.1:8086`.
    org, bucket : by name.
    token : may write, read, or both; never shown.
    """

    url: str
    org: str
    bucket: str
    token: str = field(repr=False)

    def __str__(self) -> str:
        return f"bucket {self.bucket!r} of {self.org!r} at {self.url}"


@dataclass(frozen=True, slots=True)
class KeptBucket:
    """A downsampled bucket. keep_s : its retention, 0 for ever."""

    bucket: str
    keep_s: int = 0


@dataclass(frozen=True, slots=True)
class Downsampling:
    """Where the minutes and the hours of a raw bucket go."""

    minute: KeptBucket
    hour: KeptBucket

    def buckets(self) -> Mapping[str, str]:
        """By the name of the rollup."""
        return {MINUTE.name: self.minute.bucket, HOUR.name: self.hour.bucket}

    def at(self, address: InfluxAddress, rollup: Rollup) -> InfluxAddress:
        """The address of the bucket of a rollup, beside that of the raw one."""
        return replace(address, bucket=self.buckets()[rollup.name])


@dataclass(frozen=True, slots=True)
class InfluxTarget:
    """A database that readings are forwarded to. name : in cursors, metrics and letters."""

    name: str
    address: InfluxAddress
    downsampling: Downsampling | None = None

    @property
    def place(self) -> str:
        """Which buckets are made of which, as text."""
        buckets = self.downsampling.buckets().values() if self.downsampling else ()
        return " ".join((self.address.url, self.address.org, self.address.bucket, *buckets))


def first_of(targets: Sequence[InfluxTarget], history: str) -> InfluxTarget:
    """The one that a history is read from. history : the setting.

    Raises
    ------
    ConfigError  When there is none.
    """
    if not targets:
        rule = f"history is `{history}`, so InfluxDB has to be named"
        raise ConfigError("influx", None, rule, "set influx.url and PODTWIN_INFLUX__TOKEN_FILE")
    return targets[0]


def connect(address: InfluxAddress, timeout_s: float) -> InfluxDBClient:
    """A client that may be used by several threads; it opens connections when they are needed.

    Nothing is sent yet, so a server that is away is noticed by the first request.

    Parameters
    ----------
    timeout_s : the longest silence in the middle of a request; a connection gets `CONNECT_S`.
    """
    # Half a second of generated classes, which only who speaks to InfluxDB shall wait for.
    from influxdb_client.client.influxdb_client import InfluxDBClient  # noqa: PLC0415

    limits_ms = (round(min(CONNECT_S, timeout_s) * 1000), round(timeout_s * 1000))
    return InfluxDBClient(
        address.url,
        address.token,
        timeout=limits_ms,
        org=address.org,
        connection_pool_maxsize=8,  # as many as read or write at once: 8 of the API, 4 of a sink
        retries=False,
    )
