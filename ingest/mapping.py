"""From foreign names to points: rules in order, the first that matches decides.

A rule looks at the topic, the measurement, tags and the field; it gives site, node and point, the
unit of what is sent, and where needed a factor and an offset, or says that the name is ignored.
What no rule matches is refused as `unmapped`. Pure, and asked once for each new name: whoever
reads messages keeps the answers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from ingest.reasons import Reason, Rejected, reject
from ingest.template import Foreign, Template
from ingest.topic_filter import TopicFilter
from podcore.errors import ConfigError
from podcore.names import ID_RULE, POINT_RULE, is_id, is_point

UNITS_NS = {"ns": 1, "us": 1_000, "ms": 1_000_000, "s": 1_000_000_000}
PERIOD_S = 10.0  # what Telegraf does when nothing is set
MAX_RULES = 1_000  # tried one after the other for each new name


@dataclass(frozen=True, slots=True)
class Match:
    """Which names a rule is for; patterns as in a shell, with `*` for anything."""

    measurement: str = "*"
    field: str = "*"
    tags: tuple[tuple[str, str], ...] = ()
    topic: TopicFilter | None = None

    def fits(self, foreign: Foreign) -> bool:
        """Whether a name is one of them; a tag that is named must be there."""
        tags = foreign.names.tags
        return (
            fnmatchcase(foreign.names.measurement, self.measurement)
            and fnmatchcase(foreign.field, self.field)
            and all(name in tags and fnmatchcase(tags[name], p) for name, p in self.tags)
            and (self.topic is None or self.topic.matches(foreign.topic))
        )


@dataclass(frozen=True, slots=True)
class Place:
    """Where a value goes, as templates: site, node, and point as asset and name."""

    site: Template
    node: Template
    asset: Template
    name: Template

    @classmethod
    def parse(cls, site: str, node: str, point: str) -> Place:
        """The place of a rule.

        Raises
        ------
        ConfigError  With `site`, `node` or `point` as its place.
        """
        asset, slash, name = point.partition("/")
        if not slash or "/" in name:
            rule = "a point is asset/point, with one / outside of braces"
            raise ConfigError("point", point, rule, "as in {tag.host}/cpu_utilization")
        return cls(
            _id("site", site), _id("node", node), _id("point", asset), _id("point", name, dot=False)
        )

    @property
    def literal(self) -> bool:
        """Whether every name would go to this one point."""
        return not any(each.variables for each in (self.site, self.node, self.asset, self.name))

    @property
    def point(self) -> str:
        """The point as it is written."""
        return f"{self.asset.text}/{self.name.text}"

    @property
    def text(self) -> str:
        """All that is written."""
        return f"{self.site.text} {self.node.text} {self.point}"

    def names_field(self) -> bool:
        """Whether different fields give different points."""
        return any(
            variable.kind == "field"
            for each in (self.site, self.node, self.asset, self.name)
            for variable in each.variables
        )

    def of(self, foreign: Foreign) -> tuple[str, str, str] | Rejected:
        """Site, node and point of a name, or why it can have none."""
        filled: list[str] = []
        for template, between in ((self.site, "-"), (self.node, "-"), (self.asset, "-")):
            text = template.fill(foreign, between)
            if not isinstance(text, str) or not is_id(text):
                return _no_id(foreign, template, text, ID_RULE)
            filled.append(text)
        name = self.name.fill(foreign, "_")
        if not isinstance(name, str) or not is_point(name):
            return _no_id(foreign, self.name, name, POINT_RULE)
        site, node, asset = filled
        return site, node, f"{asset}/{name}"


@dataclass(frozen=True, slots=True)
class Sent:
    """What is sent: the point gets scale * value + offset, in `unit`."""

    unit: str
    quantity: str | None = None
    period_s: float = PERIOD_S
    scale: float = 1.0
    offset: float = 0.0


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule; with no place what it matches is ignored."""

    match: Match
    place: Place | None = None
    sent: Sent = Sent("1")


@dataclass(frozen=True, slots=True)
class Routed:
    """Where the values of a name go."""

    site: str
    node: str
    point: str
    sent: Sent


class Mapping:
    """All rules of a file, in order.

    Raises
    ------
    ConfigError  When two names would fill one point at one time, as far as that can be seen.
    """

    def __init__(self, rules: Sequence[Rule], unit_ns: int = 1) -> None:
        self.rules = tuple(rules)
        self.unit_ns = unit_ns
        _check_twice(self.rules)

    def route(self, foreign: Foreign) -> Routed | Rejected | None:
        """Where a name's values go, or why nowhere; None when a rule says to ignore it."""
        for rule in self.rules:
            if rule.match.fits(foreign):
                if rule.place is None:
                    return None
                found = rule.place.of(foreign)
                return found if isinstance(found, Rejected) else Routed(*found, rule.sent)
        return reject(Reason.UNMAPPED, called(foreign), _whole(foreign))


def called(foreign: Foreign) -> str:
    """The name without tags, under which refusals are counted."""
    return f"{foreign.names.measurement} {foreign.field}".strip()


def _whole(foreign: Foreign) -> str:
    tags = "".join(f",{name}={value}" for name, value in foreign.names.tags.items())
    return f"{foreign.names.measurement}{tags} {foreign.field}"


def _id(place: str, text: str, *, dot: bool = True) -> Template:
    try:
        template = Template.parse(text)
    except ValueError as error:
        raise ConfigError(place, text, str(error)) from None
    fits, rule = (is_id, ID_RULE) if dot else (is_point, POINT_RULE)
    if not fits(template.sample()):
        raise ConfigError(place, text, rule)
    return template


def _no_id(foreign: Foreign, template: Template, found: object, rule: str) -> Rejected:
    if isinstance(found, str):
        return reject(Reason.BAD_NAME, called(foreign), found, f"made by {template.text}: {rule}")
    hint = f"{template.text} needs {found}, which is not there or has no letter or digit"
    return reject(Reason.BAD_NAME, called(foreign), _whole(foreign), hint)


def _check_twice(rules: Sequence[Rule]) -> None:
    filled: dict[object, int] = {}
    for index, rule in enumerate(rules):
        place = rule.place
        if place is None:
            continue
        fault: tuple[str, str] | None = None
        if not place.names_field() and any(sign in rule.match.field for sign in "*?["):
            rule_of = f"several fields ({rule.match.field}) would fill one point"
            fault = rule_of, "put {field} into it, or name one field"
        first = filled.setdefault(_filled_by(rule.match, place), index)
        if first != index:
            fault = f"rules[{first}] fills it at the same time", "name another, or ignore one"
        if fault is not None:
            raise ConfigError(f"rules[{index}].point", place.point, *fault)


def _filled_by(match: Match, place: Place) -> object:
    """What two rules share when they fill one point at one time; unlike any other if unknown."""
    if place.literal:
        return place.text
    if place.names_field():
        return object()
    return place.text, match.measurement, match.topic, match.tags
