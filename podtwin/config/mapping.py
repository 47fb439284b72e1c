"""Mapping files: from YAML to a compiled mapping, with file, line, place, value, rule, way out."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from ingest.mapping import MAX_RULES, PERIOD_S, UNITS_NS, Mapping, Match, Place, Rule, Sent
from ingest.topic_filter import TopicFilter
from podcore.errors import ConfigError
from podcore.names import did_you_mean
from podcore.quantity import QUANTITIES, known_units, quantity_of_unit
from podtwin.config.mistakes import mistake
from podtwin.config.yaml_lines import Document, read_documents

_Period = Annotated[float, Meta(gt=0, le=86_400)]


class MatchFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Which names a rule is for; `*` stands for anything."""

    measurement: str = "*"
    field: str = "*"
    tags: dict[str, str] = {}
    topic: str | None = None


class RuleFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """One rule; what it leaves out of site, node and period_s is the file's."""

    match: MatchFile
    ignore: bool = False
    point: str | None = None
    unit: str | None = None
    quantity: str | None = None
    scale: float = 1.0
    offset: float = 0.0
    period_s: _Period | None = None
    site: str | None = None
    node: str | None = None


class MapFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A mapping file."""

    schema: Literal["podtwin/map/1"]
    rules: list[RuleFile]
    site: str | None = None
    node: str | None = None
    period_s: _Period = PERIOD_S
    precision: Literal["ns", "us", "ms", "s"] = "ns"


def map_schema() -> dict[str, object]:
    """The JSON Schema of a mapping file."""
    return msgspec.json.schema(MapFile)


def load_mapping(file: Path) -> tuple[Mapping, Document]:
    """The mapping of a file, and the document for the lines of its places.

    Raises
    ------
    ConfigError  For the first mistake.
    """
    try:
        documents = read_documents(file.read_bytes(), str(file))
    except OSError as error:
        rule = f"cannot be read: {error.strerror}"
        raise ConfigError("file", None, rule, "name another", file=str(file)) from None
    if len(documents) != 1:
        raise ConfigError(
            "document", len(documents), "a mapping file is one document", file=str(file)
        )
    return read_mapping(documents[0], str(file)), documents[0]


def read_mapping(document: Document, file: str) -> Mapping:
    """The mapping that a document describes.

    Raises
    ------
    ConfigError  For the first mistake.
    """
    try:
        parsed = msgspec.convert(document.value, MapFile)
    except msgspec.ValidationError as error:
        raise mistake(error, document, MapFile, file) from None
    try:
        return _compile(parsed)
    except ConfigError as error:
        error.file, error.line = file, document.line(error.place)
        raise


def _compile(parsed: MapFile) -> Mapping:
    if not 0 < len(parsed.rules) <= MAX_RULES:
        told = f"a mapping has 1 to {MAX_RULES} rules"
        raise ConfigError("rules", len(parsed.rules), told, "without a rule nothing is taken")
    rules = [_rule(f"rules[{index}]", rule, parsed) for index, rule in enumerate(parsed.rules)]
    return Mapping(rules, UNITS_NS[parsed.precision])


def _rule(at: str, rule: RuleFile, file: MapFile) -> Rule:
    match = _match(f"{at}.match", rule.match)
    if rule.ignore:
        told = [name for name in ("point", "unit", "quantity") if getattr(rule, name) is not None]
        if told:
            way_out = f"leave out ignore, or {told[0]}"
            raise ConfigError(f"{at}.{told[0]}", None, "what is ignored becomes nothing", way_out)
        return Rule(match)
    texts = {"site": rule.site or file.site, "node": rule.node or file.node, "point": rule.point}
    for name, text in texts.items():
        if text is None:
            way_out = f"add {name}: ..." + (" here or for the whole file" * (name != "point"))
            raise ConfigError(at, None, f"the key {name!r} is missing", way_out)
    place = _place(at, rule, {name: str(text) for name, text in texts.items()})
    return Rule(match, place, _sent(at, rule, file))


def _match(at: str, match: MatchFile) -> Match:
    topic = None
    if match.topic is not None:
        try:
            topic = TopicFilter.parse(match.topic)
        except ValueError as error:
            raise ConfigError(f"{at}.topic", match.topic, str(error)) from None
    return Match(match.measurement, match.field, tuple(sorted(match.tags.items())), topic)


def _place(at: str, rule: RuleFile, texts: dict[str, str]) -> Place:
    try:
        return Place.parse(texts["site"], texts["node"], texts["point"])
    except ConfigError as error:
        own = error.place == "point" or getattr(rule, error.place) is not None
        error.place = f"{at}.{error.place}" if own else error.place
        raise


def _sent(at: str, rule: RuleFile, file: MapFile) -> Sent:
    if rule.unit is None:
        raise ConfigError(at, None, "the key 'unit' is missing", "add unit: ..., 1 for a number")
    if rule.quantity is not None and rule.quantity not in QUANTITIES:
        way_out = did_you_mean(rule.quantity, QUANTITIES)
        raise ConfigError(f"{at}.quantity", rule.quantity, "is no quantity", way_out)
    accepted = QUANTITIES[rule.quantity].units if rule.quantity else known_units()
    if rule.unit not in accepted:
        told = f"is no unit of {rule.quantity}" if rule.quantity else "is no unit that is accepted"
        raise ConfigError(f"{at}.unit", rule.unit, told, did_you_mean(rule.unit, accepted))
    if rule.scale == 0:
        raise ConfigError(f"{at}.scale", 0, "a factor of 0 leaves nothing", "leave it out")
    if rule.quantity is None and quantity_of_unit(rule.unit) is None:
        raise ConfigError(f"{at}.unit", rule.unit, "stands for no quantity", "add quantity: ...")
    period_s = rule.period_s or file.period_s
    return Sent(rule.unit, rule.quantity, period_s, rule.scale, rule.offset)
