"""The rules file: where a rule of a site or a point differs from its default, or is off.

A pattern that matches no site or point is a slip of the pen and is refused: a rule that watches
nothing, where its writer thinks that it watches, is worse than none.
"""

from __future__ import annotations

from collections.abc import Sequence
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from podcore.errors import ConfigError
from podcore.names import did_you_mean
from podcore.site import Site
from podtwin.alerts.rules import DEFAULT_RULES, Override, RuleSet, Severity
from podtwin.config.mistakes import mistake
from podtwin.config.yaml_lines import Document, read_documents

TWIN_POINTS = "twin/"
_NOT_CHANGES = frozenset({"id", "sites", "points", "enabled"})

_Positive = Annotated[float, Meta(gt=0)]
_Seconds = Annotated[float, Meta(ge=0, le=604_800)]


class RuleChange(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """One entry of the file; what is left out stays as it is."""

    id: str
    sites: list[str] | None = None
    points: list[str] | None = None
    enabled: bool = True
    severity: Severity | None = None
    threshold: _Positive | None = None
    for_s: _Seconds | None = None
    clear_for_s: _Seconds | None = None
    clear_below: Annotated[float, Meta(gt=0, lt=1)] | None = None
    critical_at: Annotated[float, Meta(ge=1)] | None = None
    lost_for_s: Annotated[float, Meta(ge=1, le=604_800)] | None = None


class RulesFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The file."""

    schema: Literal["podtwin/rules/1"]
    rules: list[RuleChange] = []


def load_rules(file: Path | None, sites: Sequence[Site]) -> RuleSet:
    """The rules in force; the defaults without a file.

    sites : those known, which patterns are checked against; none are not checked.

    Raises
    ------
    ConfigError  For the first mistake, with its file and line.
    """
    if file is None:
        return RuleSet()
    try:
        documents = read_documents(file.read_bytes(), str(file))
    except OSError as error:
        rule = f"cannot be read: {error.strerror}"
        raise ConfigError("alerts.rules_file", None, rule, "name another", file=str(file)) from None
    if len(documents) != 1:
        raise ConfigError(
            "document", len(documents), "a rules file is one document", file=str(file)
        )
    return RuleSet(_overrides(documents[0], str(file), sites))


def _overrides(document: Document, file: str, sites: Sequence[Site]) -> list[Override]:
    try:
        parsed = msgspec.convert(document.value, RulesFile)
    except msgspec.ValidationError as error:
        raise mistake(error, document, RulesFile, file) from None
    try:
        return [
            _override(f"rules[{index}]", change, sites) for index, change in enumerate(parsed.rules)
        ]
    except ConfigError as error:
        error.file, error.line = file, document.line(error.place)
        raise


def _override(place: str, change: RuleChange, sites: Sequence[Site]) -> Override:
    known = [rule.id for rule in DEFAULT_RULES]
    if change.id not in known:
        raise ConfigError(f"{place}.id", change.id, "is no rule", did_you_mean(change.id, known))
    meant = list(sites)
    if change.sites is not None:
        for index, pattern in enumerate(change.sites):
            _check(f"{place}.sites[{index}]", pattern, [site.id for site in sites], "site")
        meant = [s for s in sites if any(fnmatchcase(s.id, each) for each in change.sites)]
    points = list(dict.fromkeys(point.id for site in meant for point in site.points))
    for index, pattern in enumerate(change.points or ()):
        # States of a twin are points that no site file lists.
        if not pattern.startswith(TWIN_POINTS):
            _check(f"{place}.points[{index}]", pattern, points, "point")
    changes = {
        name: value
        for name, value in msgspec.structs.asdict(change).items()
        if name not in _NOT_CHANGES and value is not None
    }
    return Override(
        change.id,
        None if change.sites is None else tuple(change.sites),
        None if change.points is None else tuple(change.points),
        change.enabled,
        changes,
    )


def _check(place: str, pattern: str, known: Sequence[str], what: str) -> None:
    if known and not any(fnmatchcase(name, pattern) for name in known):
        raise ConfigError(place, pattern, f"matches no {what}", did_you_mean(pattern, known))
