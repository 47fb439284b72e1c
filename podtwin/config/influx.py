"""The InfluxDBs that the settings name: that of `influx`, and those of `sinks`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from pydantic import SecretStr

from podcore.errors import ConfigError
from podcore.names import did_you_mean
from podtwin.config.settings import InfluxSettings, Settings, SinkSettings
from podtwin.store.influx_client import SINK, Downsampling, InfluxAddress, InfluxTarget, KeptBucket
from podtwin.store.rollup import HOUR, MINUTE

MAX_SINKS = 8  # a thread and a cursor each; each encodes and sends all that the logs hold
_MAX_TOKEN_BYTES = 4_096
_BUCKETS = 3  # raw, minutes, hours


def influx_targets(settings: Settings) -> tuple[InfluxTarget, ...]:
    """All of them, the one that history is read from first; none when history is `embedded`.

    The section `influx` is one as soon as it has a token, and where there is no other.

    Raises
    ------
    ConfigError  When a token is missing or is none, a name comes twice, or `history_sink` is none.
    """
    if settings.history == "embedded":
        if settings.sinks:
            rule = "history is `embedded`, which forwards nothing"
            raise ConfigError("sinks", len(settings.sinks), rule, "set history to influx or both")
        return ()
    targets = []
    if settings.influx.token is not None or not settings.sinks:
        targets.append(_target(SINK, "influx", settings, settings.influx, settings.influx.token))
    for index, sink in enumerate(settings.sinks):
        place = f"sinks[{index}]"
        targets.append(_target(sink.name, place, settings, sink, _token_of(sink, place)))
    _check_names(targets)
    return _read_first(targets, settings.history_sink)


def _target(
    name: str, place: str, settings: Settings, influx: InfluxSettings, secret: SecretStr | None
) -> InfluxTarget:
    place = f"{place}.token"
    if secret is None:
        rule = f"history is `{settings.history}`, and InfluxDB wants a token"
        way_out = "name its file as token_file"
        if name == SINK:
            way_out = "set PODTWIN_INFLUX__TOKEN_FILE to its file"
        raise ConfigError(place, None, rule, way_out)
    token = secret.get_secret_value()
    if not (token.isascii() and token.isprintable() and " " not in token and token):
        # The client would say so with the token in its message.
        rule = "a token is one word without blanks and line ends"
        raise ConfigError(place, None, rule, "leave nothing else in its file")
    address = InfluxAddress(influx.url, influx.org, influx.bucket, token)
    return InfluxTarget(name, address, _downsampling(influx))


def _downsampling(influx: InfluxSettings) -> Downsampling | None:
    if not influx.downsample:
        return None
    minute = influx.minute_bucket or f"{influx.bucket}_{MINUTE.name}"
    hour = influx.hour_bucket or f"{influx.bucket}_{HOUR.name}"
    if len({influx.bucket, minute, hour}) < _BUCKETS:
        raise ConfigError("minute_bucket", minute, "two buckets have one name", "name three")
    return Downsampling(
        KeptBucket(minute, round(influx.minute_keep or 0)),
        KeptBucket(hour, round(influx.hour_keep or 0)),
    )


def _token_of(sink: SinkSettings, place: str) -> SecretStr | None:
    if sink.token_file is None:
        return sink.token
    if sink.token is not None:
        rule = "token and token_file are both given"
        raise ConfigError(place, sink.name, rule, "leave one of them out")
    return SecretStr(_read(sink.token_file, f"{place}.token_file"))


def _read(path: Path, place: str) -> str:
    try:
        with path.open("rb") as file:
            return file.read(_MAX_TOKEN_BYTES).decode("utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(place, str(path), f"the file cannot be read: {error}") from None


def _check_names(targets: Sequence[InfluxTarget]) -> None:
    (name, count), *_ = Counter(target.name for target in targets).most_common(1)
    if count > 1:
        raise ConfigError("sinks", name, "is the name of two", "give each a name of its own")
    if len(targets) > MAX_SINKS:
        raise ConfigError("sinks", len(targets), f"more than {MAX_SINKS}", "name fewer")


def _read_first(targets: Sequence[InfluxTarget], name: str | None) -> tuple[InfluxTarget, ...]:
    if name is None:
        return tuple(targets)
    names = [target.name for target in targets]
    if name not in names:
        raise ConfigError("history_sink", name, "is no sink", did_you_mean(name, names))
    return tuple(sorted(targets, key=lambda target: target.name != name))
