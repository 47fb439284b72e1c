"""Putting settings together from their sources, and remembering where each came from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails
from pydantic_settings import EnvSettingsSource

from podcore.errors import ConfigError
from podcore.names import did_you_mean
from podtwin.config.settings import ENV_DELIMITER, ENV_PREFIX, Settings
from podtwin.config.yaml_lines import read_documents

DEFAULT_FILE = Path("podtwin.yaml")
_FILE_SUFFIX = "_file"
_MAX_SECRET_BYTES = 65_536
_SECRETS = ("password", "token")  # their values stand in no message


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a value came from: a file's line, a variable, a flag, or the default."""

    source: str
    file: str | None = None
    line: int | None = None

    def __str__(self) -> str:
        return f"{self.file} line {self.line}" if self.file else self.source


DEFAULT = Origin("default")
FLAG = Origin("flag")


@dataclass(frozen=True, slots=True)
class LoadedSettings:
    """Settings, and the origin of each value by its dotted name."""

    settings: Settings
    given: Mapping[str, tuple[object, Origin]]

    def origins(self) -> dict[str, Origin]:
        """The origin of every setting, defaults included."""
        return {name: self.given.get(name, (None, DEFAULT))[1] for name in setting_names()}


def load_settings(
    file: Path | None = None, flags: Mapping[str, object] | None = None
) -> LoadedSettings:
    """The settings of this process.

    Parameters
    ----------
    file : a YAML file; None takes `podtwin.yaml` here when there is one.
    flags : values by dotted name (`http.port`); None means not given.

    Raises
    ------
    ConfigError  For a file that cannot be read, and for a setting unknown or out of its range.
    """
    given: dict[str, tuple[object, Origin]] = {}
    for source in (_from_file(file), _from_environment(), _from_flags(flags or {})):
        given.update(source)
    try:
        return LoadedSettings(Settings.model_validate(_nested(given)), given)
    except ValidationError as error:
        raise _mistake(error.errors()[0], given) from None


def setting_names(model: type[BaseModel] = Settings, prefix: str = "") -> list[str]:
    """The dotted names of all settings, in their order."""
    names: list[str] = []
    for name, field in model.model_fields.items():
        inner = field.annotation
        if isinstance(inner, type) and issubclass(inner, BaseModel):
            names += setting_names(inner, f"{prefix}{name}.")
        else:
            names.append(prefix + name)
    return names


def _from_file(file: Path | None) -> dict[str, tuple[object, Origin]]:
    if file is None and not DEFAULT_FILE.exists():
        return {}
    path = file or DEFAULT_FILE
    try:
        documents = read_documents(path.read_bytes(), str(path))
    except OSError as error:
        rule = f"cannot be read: {error.strerror}"
        raise ConfigError("file", None, rule, "name another", file=str(path)) from None
    if not documents or documents[0].value is None:
        return {}
    value, lines = documents[0].value, documents[0]
    if not isinstance(value, dict) or len(documents) > 1:
        raise ConfigError("document", None, "settings are one map", file=str(path), line=1)
    known = set(setting_names())
    return {
        name: (found, Origin("file", str(path), lines.line(name)))
        for name, found in _flat(value)
        if found is not None or name in known  # a section with all its lines commented out
    }


def _from_environment() -> dict[str, tuple[object, Origin]]:
    found: dict[str, tuple[object, Origin]] = {}
    known = set(setting_names())
    for name, value in _flat(EnvSettingsSource(Settings)()):
        variable = ENV_PREFIX + name.replace(".", ENV_DELIMITER).upper()
        meant = name.removesuffix(_FILE_SUFFIX)
        if name not in known and name.endswith(_FILE_SUFFIX) and meant in known:
            found[meant] = (_secret(variable, Path(str(value))), Origin(variable))
        else:
            found[name] = (value, Origin(variable))
    return found


def _secret(variable: str, path: Path) -> str:
    try:
        with path.open("rb") as file:
            return file.read(_MAX_SECRET_BYTES).decode("utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(variable, str(path), f"the file cannot be read: {error}") from None


def _from_flags(flags: Mapping[str, object]) -> dict[str, tuple[object, Origin]]:
    return {name: (value, FLAG) for name, value in flags.items() if value is not None}


def _flat(value: Mapping[str, object], prefix: str = "") -> Iterator[tuple[str, object]]:
    for key, inner in value.items():
        if isinstance(inner, dict) and inner:
            yield from _flat(inner, f"{prefix}{key}.")
        else:
            yield prefix + key, inner


def _nested(given: Mapping[str, tuple[object, Origin]]) -> dict[str, object]:
    nested: dict[str, object] = {}
    for name, (value, _) in given.items():
        *sections, last = name.split(".")
        inside = nested
        for section in sections:
            below = inside.setdefault(section, {})
            if not isinstance(below, dict):  # a section given as one word; pydantic refuses it
                break
            inside = below
        else:
            inside[last] = value
    return nested


def _mistake(error: ErrorDetails, given: Mapping[str, tuple[object, Origin]]) -> ConfigError:
    steps = [str(step) for step in error["loc"]]
    name = ".".join(step for step in steps if not step.isdigit())
    nearest = next((key for key in given if key == name or key.startswith(f"{name}.")), name)
    origin = given[nearest][1] if nearest in given else DEFAULT
    place = name if origin.file or origin is FLAG else origin.source
    rule, way_out = error["msg"][:1].lower() + error["msg"][1:], ""
    if error["type"] == "extra_forbidden":
        # What is misspelt may be a secret, so its value stays away as well.
        rule, way_out = "is no setting", did_you_mean(name, setting_names())
    hidden = error["type"] == "extra_forbidden" or any(secret in name for secret in _SECRETS)
    value = None if hidden else error["input"]
    return ConfigError(place, value, rule, way_out, file=origin.file, line=origin.line)
