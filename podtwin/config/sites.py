"""Site files: from YAML to resolved sites, with file, line, place, value, rule and way out.

A file may hold several sites, as several documents.
"""

from __future__ import annotations

import zoneinfo
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

import msgspec

from podcore.errors import ConfigError
from podcore.names import did_you_mean
from podcore.resolve import resolve
from podcore.site import Site, SiteFile
from podtwin.config.mistakes import mistake
from podtwin.config.yaml_lines import Document, read_documents
from twin.parameters import settle

_ENDINGS = frozenset({".yaml", ".yml"})


class LoadedSite(NamedTuple):
    """A site and the file that describes it."""

    site: Site
    file: str


def load_site_files(places: Path | str | Iterable[Path | str]) -> list[LoadedSite]:
    """The sites of one or more files, or of all YAML files in a directory by name.

    Raises
    ------
    ConfigError  For the first mistake, with its file and line; also when two sites share an id.
    """
    named = [places] if isinstance(places, Path | str) else places
    # A file named twice, or beside its directory, is read once.
    files = {file.resolve(): file for place in named for file in _files(Path(place))}
    loaded: list[LoadedSite] = []
    seen: dict[str, str] = {}
    for file in files.values():
        for document in read_documents(_bytes(file), str(file)):
            site = read_site(document, str(file))
            if site.id in seen:
                rule = f"is already the id of a site in {seen[site.id]}"
                line = document.line("id")
                raise ConfigError("id", site.id, rule, "rename one", file=str(file), line=line)
            seen[site.id] = f"{file} line {document.line('id')}"
            loaded.append(LoadedSite(site, str(file)))
    return loaded


def read_site(document: Document, file: str) -> Site:
    """The site that one document describes.

    Raises
    ------
    ConfigError  For the first mistake.
    """
    try:
        site_file = msgspec.convert(document.value, SiteFile)
    except msgspec.ValidationError as error:
        raise mistake(error, document, SiteFile, file) from None
    try:
        _check_timezone(site_file)
        site = resolve(site_file)
        settle(site)
        return site
    except ConfigError as error:
        error.file, error.line = file, document.line(error.place)
        raise


def _check_timezone(site_file: SiteFile) -> None:
    location = site_file.location
    known = zoneinfo.available_timezones()
    # A machine without a time zone database knows none, and the site is no worse for it.
    if location is None or not known or location.timezone in known:
        return
    way_out = did_you_mean(location.timezone, known)
    raise ConfigError("location.timezone", location.timezone, "is no time zone", way_out)


def _files(place: Path) -> list[Path]:
    if place.is_dir():
        return sorted(path for path in place.iterdir() if path.suffix in _ENDINGS)
    return [place]


def _bytes(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        rule = f"cannot be read: {error.strerror}"
        raise ConfigError("file", None, rule, "name a file or directory", file=str(file)) from None
