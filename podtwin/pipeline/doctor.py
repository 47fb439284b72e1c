"""Checks of an installation, each with what was found and the way out."""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from ingest.broker import port_is_free
from podcore.clock import rfc3339
from podcore.errors import ConfigError
from podcore.ports import Clock
from podtwin.config.broker import broker_of
from podtwin.config.influx import influx_targets
from podtwin.config.settings import Settings
from podtwin.config.sites import load_site_files
from podtwin.config.sources import load_sources
from podtwin.dashboard import built_static_dir
from podtwin.pipeline.checks import Check, Verdict
from podtwin.pipeline.doctor_broker import check_broker
from podtwin.pipeline.doctor_certificate import check_certificate
from podtwin.pipeline.doctor_downsampled import check_downsampled
from podtwin.pipeline.doctor_influx import check_influx

LOW_DISK_BYTES = 5 * 1024**3  # twice the log's bound, and a week of a small site's history


def examine(settings: Settings, clock: Clock, client_id: str) -> Iterator[Check]:
    """All checks, one after the other; each is given as soon as it is done."""
    yield check_clock(clock)
    yield check_data_dir(settings.data_dir)
    yield check_disk(settings.data_dir)
    for name in ("log.db", "derived.db", "state.db"):
        if (settings.data_dir / name).exists():
            yield check_database(settings.data_dir / name)
    yield check_sites(settings.sites_dir)
    if settings.ingest.sources:
        yield check_sources(settings)
    yield check_page(built_static_dir())
    yield _broker(settings, client_id)
    yield from check_certificate(settings.broker.cert_file, settings.broker.key_file, clock)
    yield check_port("http port", settings.http.port, "http.port")
    yield from _influx(settings, clock)


def _broker(settings: Settings, client_id: str) -> Check:
    try:
        address = broker_of(settings)
    except ConfigError as error:
        return Check("broker", Verdict.FAIL, str(error), error.way_out)
    if address is None:
        return check_port("mqtt port", settings.broker.port, "broker.port")
    return check_broker(address, client_id)


def _influx(settings: Settings, clock: Clock) -> Iterator[Check]:
    """What history asks for beyond the data directory; nothing where it needs no more."""
    try:
        targets = influx_targets(settings)
    except ConfigError as error:
        yield Check("influx settings", Verdict.FAIL, f"{error.place}: {error.rule}", error.way_out)
        return
    for target in targets:
        yield from check_influx(target, settings.data_dir, clock)
        yield from check_downsampled(target, settings.data_dir)


def check_clock(clock: Clock) -> Check:
    """Whether the machine's clock can be right at all."""
    now = rfc3339(clock.now_ns())
    if now < "2025":
        return Check("clock", Verdict.FAIL, now, "set the clock; readings carry its time")
    return Check("clock", Verdict.OK, now)


def check_data_dir(path: Path) -> Check:
    """Whether the data directory can be written."""
    where = _nearest_existing(path)
    if where.is_dir() and os.access(where, os.W_OK):
        return Check("data directory", Verdict.OK, str(path.absolute()))
    way_out = "choose another with --data-dir, or give this user the right to write it"
    return Check("data directory", Verdict.FAIL, f"{path.absolute()} cannot be written", way_out)


def check_disk(path: Path) -> Check:
    """Whether there is room; a full disk stops acknowledgements."""
    free = shutil.disk_usage(_nearest_existing(path)).free
    found = f"{free / 1024**3:.1f} GiB free"
    if free < LOW_DISK_BYTES:
        way_out = "make room; when the disk is full nothing is acknowledged"
        return Check("disk", Verdict.WARN, found, way_out)
    return Check("disk", Verdict.OK, found)


def _nearest_existing(path: Path) -> Path:
    """The folder that a data directory lies in or would be made in, however deep."""
    whole = path.absolute()
    return next(place for place in (whole, *whole.parents) if place.exists())


def check_database(path: Path) -> Check:
    """Whether SQLite finds a file sound."""
    try:
        uri = f"{path.resolve().as_uri()}?mode=ro"
        with closing(sqlite3.connect(uri, uri=True)) as connection:
            answer = str(connection.execute("PRAGMA quick_check").fetchone()[0])
    except sqlite3.DatabaseError as error:
        answer = str(error)
    if answer == "ok":
        return Check(path.name, Verdict.OK, "sound")
    way_out = "stop PodTwin, move the file away; senders with an outbox send again"
    return Check(path.name, Verdict.FAIL, answer, way_out)


def check_sites(folder: Path) -> Check:
    """Whether the site files can be read."""
    if not folder.is_dir():
        return Check("site files", Verdict.OK, f"no folder {folder}; sites come by discovery")
    try:
        loaded = load_site_files(folder)
    except ConfigError as error:
        return Check("site files", Verdict.FAIL, str(error), "mend the file")
    return Check("site files", Verdict.OK, f"{len(loaded)} sites in {folder}")


def check_sources(settings: Settings) -> Check:
    """Whether the sources of other formats can be read, with their mappings."""
    folder = settings.sites_dir
    try:
        sites = [site for site, _ in load_site_files(folder)] if folder.is_dir() else []
        sources = load_sources(settings.ingest.sources, sites)
    except ConfigError as error:
        return Check("sources", Verdict.FAIL, str(error), "mend the file")
    topics = ", ".join(source.topics.text for source in sources)
    return Check("sources", Verdict.OK, f"{topics}: mappings can be read")


def check_page(static: Path | None) -> Check:
    """Whether the page is there."""
    if static is None:
        return Check("page", Verdict.WARN, "not built", "run make frontend, or install a wheel")
    return Check("page", Verdict.OK, str(static))


def check_port(name: str, port: int, setting: str) -> Check:
    """Whether a port could be listened on."""
    if port == 0 or port_is_free(port):
        return Check(name, Verdict.OK, f"{port} is free")
    way_out = f"stop what listens there, or set {setting} to another"
    return Check(name, Verdict.WARN, f"{port} is taken (by a running PodTwin, perhaps)", way_out)
