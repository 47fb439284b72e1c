"""Files of devices, and of the maps that come with them: one YAML document as one struct."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import msgspec

from podcore.errors import ConfigError
from podcore.names import did_you_mean
from podtwin.config.mistakes import mistake
from podtwin.config.yaml_lines import read_documents

Parsed = TypeVar("Parsed", bound=msgspec.Struct)
Made = TypeVar("Made")

MAPS = Path(__file__).parent / "maps"


def read_file(file: Path, schema: type[Parsed], make: Callable[[Parsed], Made]) -> Made:
    """What `make` makes of the one document of a file.

    Raises
    ------
    ConfigError  For the first mistake, with file and line; also one that `make` finds.
    """
    try:
        documents = read_documents(file.read_bytes(), str(file))
    except OSError as error:
        rule = f"cannot be read: {error.strerror}"
        raise ConfigError("file", None, rule, "name another", file=str(file)) from None
    if len(documents) != 1:
        raise ConfigError("document", len(documents), "a file is one document", file=str(file))
    (document,) = documents
    try:
        parsed = msgspec.convert(document.value, schema)
    except msgspec.ValidationError as error:
        raise mistake(error, document, schema, str(file)) from None
    try:
        return make(parsed)
    except ConfigError as error:
        if error.file is None:  # a map that a device names has its own
            error.file, error.line = str(file), document.line(error.place)
        raise


def map_file(at: str, name: str, kind: str, beside: Path) -> Path:
    """The file of a map: one that is shipped by its name, or one beside the file that names it.

    Raises
    ------
    ConfigError  When it is neither.
    """
    shipped = {path.stem: path for path in sorted((MAPS / kind).glob("*.yaml"))}
    if name in shipped:
        return shipped[name]
    file = beside / name
    if file.suffix in {".yaml", ".yml"} and file.is_file():
        return file
    rule = "is no map that is shipped, and no YAML file beside this one"
    raise ConfigError(at, name, rule, did_you_mean(name, shipped))
