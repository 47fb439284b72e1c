"""Sources of other formats: from settings to what ingest reads, checked against the site files."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

from ingest.foreign import ForeignSource, Source
from ingest.line_protocol import LineProtocol
from ingest.mapping import Mapping as MapRules
from ingest.mapping import Place, Sent
from ingest.native_msgpack import PackedTopics
from ingest.redfish import Redfish
from ingest.sample import Format
from ingest.senml import SenML
from ingest.sparkplug import HOST_ID, Sparkplug
from ingest.topic_filter import NATIVE, TopicFilter
from podcore.errors import ConfigError
from podcore.names import did_you_mean
from podcore.quantity import QUANTITIES
from podcore.site import Site, SiteType
from podcore.topic import ROOT, TopicKind
from podtwin.config.mapping import load_mapping
from podtwin.config.settings import SourceSettings

# Each source has a format of its own: some remember what came.
FORMATS: Mapping[str, Callable[[], Format]] = MappingProxyType(
    {"influx": LineProtocol, "senml": SenML, "redfish": Redfish, "sparkplug": Sparkplug}
)
PACKED, SPARKPLUG = "native-msgpack", "sparkplug"
_PLACE = "ingest.sources"
_TELEMETRY = TopicFilter.parse(f"{ROOT}/+/+/{TopicKind.TELEMETRY.value}")


def load_sources(settings: Sequence[SourceSettings], sites: Sequence[Site]) -> tuple[Source, ...]:
    """What ingest reads beside PodTwin's own messages, and which of these are packed.

    Raises
    ------
    ConfigError  For a filter that is none or meets another, and for the first mistake of a mapping.
    """
    filters = _filters(settings)
    _check_hosts(settings)
    return tuple(
        _source(f"{_PLACE}[{index}]", each, topics, sites)
        for index, (each, topics) in enumerate(zip(settings, filters, strict=True))
    )


def _source(at: str, each: SourceSettings, topics: TopicFilter, sites: Sequence[Site]) -> Source:
    if each.format == PACKED:
        if each.map is not None:
            rule = f"{PACKED} names PodTwin's own points and has no mapping"
            raise ConfigError(f"{at}.map", str(each.map), rule, "leave it out")
        return PackedTopics(topics)
    if each.map is None:
        raise ConfigError(at, None, "the key 'map' is missing", "add map: FILE; docs/formats.md")
    form = FORMATS[each.format]()
    if isinstance(form, Sparkplug):
        form.host_id = each.host or HOST_ID
    return ForeignSource(topics, form, load_map_for(each.map, sites))


def load_map_for(file: Path, sites: Sequence[Site]) -> MapRules:
    """The mapping of a file, its points held against the site files.

    Raises
    ------
    ConfigError  For the first mistake.
    """
    mapping, document = load_mapping(file)
    known = {site.id: site for site in sites}
    for index, rule in enumerate(mapping.rules):
        if rule.place is not None:
            try:
                _check(f"rules[{index}]", rule.place, rule.sent, known)
            except ConfigError as error:
                error.file, error.line = str(file), document.line(error.place)
                raise
    return mapping


def _filters(settings: Sequence[SourceSettings]) -> list[TopicFilter]:
    found: list[TopicFilter] = []
    for index, each in enumerate(settings):
        place = f"{_PLACE}[{index}].topics"
        try:
            topics = TopicFilter.parse(each.topics)
        except ValueError as error:
            raise ConfigError(place, each.topics, str(error)) from None
        _check_tree(place, each, topics)
        for other, earlier in enumerate(found):
            if topics.overlaps(earlier):
                rule = f"meets {earlier} of {_PLACE}[{other}]: a message would come twice"
                raise ConfigError(place, each.topics, rule, "make one source of both")
        found.append(topics)
    return found


def _check_hosts(settings: Sequence[SourceSettings]) -> None:
    """Refuses a host id that has no use, that is none, or that differs from another's."""
    first: str | None = None
    for index, each in enumerate(settings):
        place = f"{_PLACE}[{index}].host"
        if each.format != SPARKPLUG:
            if each.host is not None:
                rule = f"only {SPARKPLUG} has a host"
                raise ConfigError(place, each.host, rule, "leave it out")
            continue
        host = HOST_ID if each.host is None else each.host
        if not host or any(sign in host for sign in "/+#") or not host.isprintable():
            raise ConfigError(
                place, host, "a host id has none of / + # and is not empty", "as hall-1"
            )
        if first is not None and host != first:
            rule = f"one connection is one host, and {first} is named before"
            raise ConfigError(place, host, rule, "name the same")
        first = host


def _check_tree(place: str, each: SourceSettings, topics: TopicFilter) -> None:
    """Refuses PodTwin's own topics to other formats, and other topics to packed telemetry."""
    if each.format == PACKED:
        if not each.topics.startswith(f"{ROOT}/") or not topics.overlaps(_TELEMETRY):
            rule = f"{PACKED} is telemetry on PodTwin's own topics"
            raise ConfigError(place, each.topics, rule, f"as {_TELEMETRY}, or one site's")
    elif topics.overlaps(NATIVE):
        rule = f"topics below {NATIVE} are PodTwin's own"
        raise ConfigError(place, each.topics, rule, "name the sender's own, as telegraf/#")


def _check(at: str, place: Place, sent: Sent, sites: Mapping[str, Site]) -> None:
    """Refuses a rule whose values could never be stored, as far as it names no variables."""
    # A site without a file is made by discovery, or lies in the log from an earlier start.
    site = None if place.site.variables else sites.get(place.site.text)
    if site is None:
        return
    if site.nodes and not place.node.variables and place.node.text not in site.nodes:
        rule = f"the site file gives {site.id} to {', '.join(site.nodes)}"
        raise ConfigError(f"{at}.node", place.node.text, rule, "name one of these, or add it")
    if place.asset.variables or place.name.variables:
        return
    points = {point.id: point for point in site.points}
    point = points.get(place.point)
    if point is not None and point.conversion(sent.unit) is None:
        rule = f"is no unit of {point.quantity}, which {place.point} is"
        raise ConfigError(
            f"{at}.unit", sent.unit, rule, did_you_mean(sent.unit, QUANTITIES[point.quantity].units)
        )
    if point is None and site.type is not SiteType.NONE:
        rule = f"is no point of {site.id}"
        raise ConfigError(f"{at}.point", place.point, rule, did_you_mean(place.point, points))
