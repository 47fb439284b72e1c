"""Settings of a PodTwin process: `podtwin.yaml`, then `PODTWIN_*`, then flags; later wins.

A variable nests by `__` (`PODTWIN_HTTP__PORT=8081`); with `_FILE` at its end it names a file that
holds the value (`PODTWIN_BROKER__PASSWORD_FILE=/run/secrets/broker`), so that no secret has to
stand in the environment. Each default stands here, or where it is used, and never in both.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal, get_args

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SecretStr,
    ValidationInfo,
    field_validator,
)
from pydantic_core import PydanticCustomError
from pydantic_settings import (
    BaseSettings,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from ingest.bounds import MAX_DISCOVERED, MAX_NODE_POINTS, MAX_NODES
from ingest.retention import KEEP_NS, MAX_BYTES
from ingest.spool_quota import QUOTA_NS, RESERVE_BYTES
from podcore.clock import NS
from podcore.duration import parse_duration
from podcore.site import MAX_POINTS

RoleName = Literal["broker", "ingest", "engine", "seal", "forward", "notify", "api"]
ALL_ROLES: tuple[RoleName, ...] = get_args(RoleName)

ENV_PREFIX = "PODTWIN_"
ENV_DELIMITER = "__"


def _seconds(value: object) -> object:
    return parse_duration(value) if isinstance(value, str) else value


def _words(value: object) -> object:
    return [word.strip() for word in value.split(",")] if isinstance(value, str) else value


def _words_or_none(value: object) -> object:
    words = _words(value)
    return [word for word in words if word] if isinstance(words, list) else words


Port = Annotated[int, Field(ge=0, le=65_535)]
Seconds = Annotated[float, BeforeValidator(_seconds), Field(gt=0)]


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)


class BrokerSettings(_Section):
    """The MQTT broker that nodes publish to."""

    url: str | None = None
    """`mqtt://host:1883` or `mqtts://host:8883`; without one the embedded broker is used."""
    port: Port = 1883
    """Of the embedded broker; when it is taken, the next free one. 0 takes any."""
    username: str | None = None
    """For the broker at `url`."""
    password: SecretStr | None = None
    """For the broker at `url`; better given as PODTWIN_BROKER__PASSWORD_FILE."""
    ca_file: Path | None = None
    """PEM file of who vouches for the certificate of an `mqtts` broker; unset: the system's."""
    cert_file: Path | None = None
    """PEM file of the certificate that is shown to an `mqtts` broker which asks for one."""
    key_file: Path | None = None
    """PEM file of its key; unset: it is in the same file."""


class HttpSettings(_Section):
    """Where page and API listen."""

    host: str = "127.0.0.1"
    """Address; any other than loopback asks for keys."""
    port: Port = 8080
    """When it is taken, `demo` goes on to the next free one. 0 takes any."""
    keys: Literal["auto", "always"] = "auto"
    """When a key is asked for: `auto` beyond loopback, `always` also on it, as behind a proxy."""
    session: Seconds = 43_200.0
    """How long a browser stays logged in, as `12h`."""
    trusted_proxies: Annotated[tuple[str, ...], NoDecode, BeforeValidator(_words_or_none)] = ()
    """Addresses and nets of proxies whose X-Forwarded-For and -Proto are believed."""


class SourceSettings(_Section):
    """Messages of another format than PodTwin's own, by the topics that they come on."""

    topics: str
    """MQTT filter, as `telegraf/#`; PodTwin's own topics only for `native-msgpack`."""
    format: Literal["influx", "senml", "redfish", "native-msgpack", "sparkplug"]
    """How their payload is read; see docs/formats.md."""
    map: Path | None = None
    """YAML file that gives their names point ids; `native-msgpack` alone has none."""
    host: str | None = None
    """Of `sparkplug`: the id under which PodTwin says that it is there; `podtwin` unless said."""


class IngestSettings(_Section):
    """What is taken in."""

    discover: bool | None = None
    """Whether a birth may create a site; unset means yes while broker and API are on loopback."""
    sources: tuple[SourceSettings, ...] = ()
    """Other formats, each with `topics`, `format` and `map`; see docs/formats.md."""
    max_points: Annotated[int, Field(ge=1, le=MAX_POINTS)] = MAX_POINTS
    """Points that a site may come to have by births."""
    max_node_points: Annotated[int, Field(ge=1, le=MAX_POINTS)] = MAX_NODE_POINTS
    """Of these, what one node may add."""
    max_nodes: Annotated[int, Field(ge=1, le=10_000)] = MAX_NODES
    """Nodes of a site that its file does not name."""
    max_sites: Annotated[int, Field(ge=1, le=10_000)] = MAX_DISCOVERED
    """Sites that discovery may make."""


class LogSettings(_Section):
    """How long the log holds what all readers have passed."""

    keep: Seconds = KEEP_NS / NS
    """Age up to which a Frame stays in any case, as `24h`."""
    max_bytes: Annotated[int, Field(ge=10_000_000)] = MAX_BYTES
    """Size past which Frames go once they are an hour old."""
    quota_bytes: Annotated[int, Field(ge=10_000_000)] | None = None
    """Size past which nothing more is taken in; unset: ten times `max_bytes`."""
    quota: Seconds = QUOTA_NS / NS
    """How long a reader may be away, as `30d`, before nothing more is taken in."""
    reserve_bytes: Annotated[int, Field(ge=0)] = RESERVE_BYTES
    """Left free on the disk, at most a twentieth of it; 0 fills the disk."""

    @field_validator("quota_bytes")
    @classmethod
    def _above_max_bytes(cls, value: int | None, info: ValidationInfo) -> int | None:
        least = int(info.data.get("max_bytes", 0))
        if value is not None and value < least:
            rule = "is below log.max_bytes, {least}, to which the log is trimmed"
            raise PydanticCustomError("below_max_bytes", rule, {"least": least})
        return value


class InfluxSettings(_Section):
    """The InfluxDB 2 that readings are forwarded to."""

    url: str = "http://127.0.0.1:8086"
    """Of its HTTP API."""
    org: str = "podtwin"
    """Name of the organisation."""
    bucket: str = "podtwin"
    """Name of the bucket; its retention must reach back as far as what is sent."""
    token: SecretStr | None = None
    """May write and read the bucket; better given as PODTWIN_INFLUX__TOKEN_FILE."""
    downsample: bool = False
    """Whether minutes and hours go to buckets of their own; the token has to reach these too."""
    minute_bucket: str | None = None
    """Bucket of the minutes; unset: `bucket` with `_1m` behind it."""
    minute_keep: Seconds | None = None
    """Retention that it is made with, as `400d`; unset: for ever."""
    hour_bucket: str | None = None
    """Bucket of the hours; unset: `bucket` with `_1h` behind it."""
    hour_keep: Seconds | None = None
    """Retention that it is made with; unset: for ever."""


class SinkSettings(InfluxSettings):
    """One more InfluxDB 2 that readings are forwarded to, beside or instead of `influx`."""

    name: Annotated[str, Field(pattern=r"^[a-z0-9]([a-z0-9-]{0,30}[a-z0-9])?$")]
    """In cursors, metrics, status and letters; `influx` is that of the section `influx`."""
    token_file: Path | None = None
    """File that holds the token."""


class AlertSettings(_Section):
    """What alerts are raised by, and where their webhooks may go."""

    rules_file: Path | None = None
    """YAML file of rules that differ from the defaults; see docs/alerts.md."""
    allow_targets: Annotated[tuple[str, ...], NoDecode, BeforeValidator(_words_or_none)] = ()
    """Private nets that webhooks may go to, as `10.20.0.0/16,fd12::/48`."""


class Settings(BaseSettings):
    """All settings of a process."""

    model_config = SettingsConfigDict(
        env_prefix=ENV_PREFIX,
        env_nested_delimiter=ENV_DELIMITER,
        extra="forbid",
        frozen=True,
        use_attribute_docstrings=True,
    )

    data_dir: Path = Path("data")
    """Directory of logs, history, keys and recordings."""
    sites_dir: Path = Path("sites")
    """Directory of site files."""
    roles: Annotated[tuple[RoleName, ...], NoDecode, BeforeValidator(_words)] = ALL_ROLES
    """What this process does; several processes may share a data directory."""
    history: Literal["embedded", "influx", "both"] = "embedded"
    """Where it is kept: Parquet in `data_dir`, InfluxDB 2, or both (then read from Parquet)."""
    history_keep: Seconds | None = None
    """How long Parquet is kept, as `90d`, counted back from a site's newest value; unset: ever."""
    history_sink: str | None = None
    """With `history: influx`, the sink that is read, by name; unset: the first."""
    broker: BrokerSettings = BrokerSettings()
    http: HttpSettings = HttpSettings()
    ingest: IngestSettings = IngestSettings()
    log: LogSettings = LogSettings()
    influx: InfluxSettings = InfluxSettings()
    sinks: tuple[SinkSettings, ...] = ()
    """More databases, each with `name`, `url`, `org`, `bucket`, `token_file`; docs/influxdb.md."""
    alerts: AlertSettings = AlertSettings()

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Only what is handed in: `load` reads the sources, to know where each value came from."""
        del settings_cls, env_settings, dotenv_settings, file_secret_settings
        return (init_settings,)
