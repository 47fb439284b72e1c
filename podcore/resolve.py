"""From a site file to a site: ranges, class points, relations, cycles.

Pure; every refusal is a `ConfigError` whose place is a path into the document, so that the
reader of the file can name its line.
"""

from __future__ import annotations

from collections.abc import Iterable

from podcore.classes import CLASSES, LIQUID_RACK_POINTS, PointSpec, Role, point_spec
from podcore.errors import ConfigError
from podcore.names import (
    ID_RULE,
    POINT_RULE,
    did_you_mean,
    expand_range,
    is_id,
    is_local_id,
    is_point,
)
from podcore.quantity import QUANTITIES, known_units, quantity_of_unit
from podcore.site import (
    MAX_POINTS,
    Asset,
    AssetFile,
    Point,
    PointOverride,
    Prior,
    Site,
    SiteFile,
    SiteType,
    Twin,
    TwinFile,
)
from podcore.topology import Relation, find_cycle

# SURF-like tables come every 30 s; a module with a twin of its air is stepped at 5 s.
_STEP_S = {SiteType.POWER_ONLY: 30.0}
_DEFAULT_STEP_S = 5.0

# Without these a site model has nothing to stand on.
_NEEDED_CLASSES = {
    SiteType.AIR_DX: ("rack", "crac"),
    SiteType.AIR_CHW: ("rack", "crah"),
    SiteType.HYBRID_D2C: ("rack", "cdu"),
}


def resolve(file: SiteFile) -> Site:
    """The site that a file describes.

    Raises
    ------
    ConfigError  With the path, the value, the rule and the way out of the first fault.
    """
    _check_id("id", file.id)
    for index, node in enumerate(file.nodes):
        _check_id(f"nodes[{index}]", node)
    expanded = [
        (f"assets[{index}]", asset_id, asset)
        for index, asset in enumerate(file.assets)
        for asset_id in _ids(f"assets[{index}].id", asset.id)
    ]
    known = _unique([(place, asset_id) for place, asset_id, _ in expanded])
    assets = tuple(_asset(place, asset_id, asset, known) for place, asset_id, asset in expanded)
    points = tuple(
        point for place, asset_id, asset in expanded for point in _points(place, asset_id, asset)
    )
    site = Site(
        id=file.id,
        type=file.type,
        name=file.name or file.id,
        group=file.group,
        location=file.location,
        nodes=tuple(file.nodes),
        limits=file.limits,
        supply=file.supply,
        assets=assets,
        points=points,
        twin=_twin(file.type, file.twin),
        contacts=tuple(file.contacts),
    )
    _check_whole(site, {asset_id: place for place, asset_id, _ in expanded})
    return site


def _ids(place: str, text: str) -> list[str]:
    try:
        ids = expand_range(text)
    except ValueError as error:
        raise ConfigError(place, text, str(error)) from None
    for asset_id in ids:
        _check_id(place, asset_id)
    return ids


def _check_id(place: str, text: str) -> None:
    # Not left to the schema alone: the $ of its pattern lets a line end pass.
    if not is_id(text):
        raise ConfigError(place, text, ID_RULE, "rename it; a display name goes into `name`")


def _unique(placed: Iterable[tuple[str, str]]) -> set[str]:
    seen: dict[str, str] = {}
    for place, asset_id in placed:
        if asset_id in seen:
            raise ConfigError(
                f"{place}.id",
                asset_id,
                f"is already the id of {seen[asset_id]}",
                "give each its own id",
            )
        seen[asset_id] = place
    return set(seen)


def _asset(place: str, asset_id: str, file: AssetFile, known: set[str]) -> Asset:
    if file.asset_class not in CLASSES:
        way_out = did_you_mean(file.asset_class, CLASSES)
        raise ConfigError(f"{place}.class", file.asset_class, "is no asset class", way_out)
    return Asset(
        id=asset_id,
        asset_class=file.asset_class,
        name=file.name or asset_id,
        feeds=_targets(f"{place}.feeds", file.feeds, known),
        cools=_targets(f"{place}.cools", file.cools, known),
        measures=_targets(f"{place}.measures", file.measures, known),
        part_of=_targets(f"{place}.part_of", [file.part_of], known)[0] if file.part_of else None,
        rating=file.rating,
        cooling=file.cooling or "air",
        liquid_fraction=file.liquid_fraction or 0.0,
        fluid=file.fluid or "water",
        pad=bool(file.pad),
        supply=file.supply,
    )


def _targets(place: str, names: list[str], known: set[str]) -> tuple[str, ...]:
    found: list[str] = []
    for name in names:
        for asset_id in _ids(place, name):
            if asset_id not in known:
                raise ConfigError(
                    place, asset_id, "is no asset of this site", did_you_mean(asset_id, known)
                )
            found.append(asset_id)
    return tuple(found)


def _points(place: str, asset_id: str, file: AssetFile) -> list[Point]:
    specs = {spec.name: spec for spec in CLASSES[file.asset_class] if spec.needed}
    if file.cooling == "liquid":
        specs |= {spec.name: spec for spec in LIQUID_RACK_POINTS}
    points = {name: _point(asset_id, file.asset_class, spec) for name, spec in specs.items()}
    for name, override in file.points.items():
        spec = specs.get(name) or point_spec(file.asset_class, name)
        if override is None:
            if name not in specs:
                known = did_you_mean(name, specs)
                raise ConfigError(
                    f"{place}.points.{name}",
                    None,
                    f"class {file.asset_class} has no such point",
                    known,
                )
            del points[name]
            continue
        points[name] = _overridden(
            f"{place}.points.{name}", asset_id, file.asset_class, name, spec, override
        )
    return list(points.values())


def _point(asset_id: str, asset_class: str, spec: PointSpec) -> Point:
    return Point(
        asset_id, spec.name, asset_class, spec.quantity, spec.period_s, spec.role, spec.states
    )


def _overridden(
    place: str,
    asset_id: str,
    asset_class: str,
    name: str,
    spec: PointSpec | None,
    override: PointOverride,
) -> Point:
    if not is_point(name):
        raise ConfigError(place, name, POINT_RULE)
    quantity = _quantity(place, asset_class, name, spec, override)
    if override.unit is not None and QUANTITIES[quantity].conversion(override.unit) is None:
        accepted = did_you_mean(override.unit, QUANTITIES[quantity].units)
        raise ConfigError(f"{place}.unit", override.unit, f"is no unit of {quantity}", accepted)
    return Point(
        asset=asset_id,
        name=name,
        asset_class=asset_class,
        quantity=quantity,
        period_s=override.period_s or (spec.period_s if spec else 10.0),
        role=override.role or (spec.role if spec else Role.NONE),
        states=tuple(override.states) if override.states else (spec.states if spec else ()),
        sent_unit=override.unit,
    )


def _quantity(
    place: str, asset_class: str, name: str, spec: PointSpec | None, override: PointOverride
) -> str:
    if override.quantity is not None:
        if override.quantity not in QUANTITIES:
            way_out = did_you_mean(override.quantity, QUANTITIES)
            raise ConfigError(f"{place}.quantity", override.quantity, "is no quantity", way_out)
        return override.quantity
    if spec is not None:
        return spec.quantity
    if override.unit is None:
        words = did_you_mean(name, [known.name for known in CLASSES[asset_class]])
        raise ConfigError(
            place, None, f"class {asset_class} has no such point and no unit is given", words
        )
    quantity = quantity_of_unit(override.unit)
    if quantity is None:
        raise ConfigError(
            f"{place}.unit",
            override.unit,
            "is no unit that is accepted",
            did_you_mean(override.unit, known_units()),
        )
    return quantity.name


def _twin(site_type: SiteType, file: TwinFile) -> Twin:
    for channel, target in file.bind.items():
        if not is_local_id(target):
            raise ConfigError(
                f"twin.bind.{channel}", target, "a binding names a point as asset/point"
            )
    priors = {
        name: value if isinstance(value, Prior) else Prior(float(value), 0.0)
        for name, value in file.parameters.items()
    }
    return Twin(file.step_s or _STEP_S.get(site_type, _DEFAULT_STEP_S), priors, dict(file.bind))


def _check_whole(site: Site, places: dict[str, str]) -> None:
    if len(site.points) > MAX_POINTS:
        rule = f"a site has at most {MAX_POINTS} points"
        raise ConfigError(
            "assets", len(site.points), rule, "split it into several sites of one group"
        )
    for relation in (Relation.FEEDS, Relation.COOLS, Relation.PART_OF):
        cycle = find_cycle(
            (edge.source, edge.target) for edge in site.edges() if edge.relation is relation
        )
        if cycle is not None:
            rule = f"{relation.value} must not lead back to where it began"
            raise ConfigError(
                f"{places[cycle[0]]}.{relation.value}",
                " > ".join(cycle),
                rule,
                "take one of these out",
            )
    present = {asset.asset_class for asset in site.assets}
    for needed in _NEEDED_CLASSES.get(site.type, ()):
        if needed not in present:
            rule = f"a site of type {site.type.value} needs an asset of class {needed}"
            raise ConfigError(
                "assets", sorted(present), rule, f"add one, or use type {SiteType.NONE.value}"
            )
