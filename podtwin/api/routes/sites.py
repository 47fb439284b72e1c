"""`/api/v1/sites`: the registry, and the newest of every site."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from podcore.clock import rfc3339
from podtwin.api.context import Live, Shared, SiteId, answer, problems
from podtwin.api.models import (
    AssetShape,
    EdgeShape,
    LimitsShape,
    PointShape,
    PointsShape,
    PriorShape,
    SiteDetailShape,
    SitesShape,
    StateShape,
    TopologyAssetShape,
    TopologyShape,
    TwinShape,
    ValueShape,
)
from podtwin.api.newest import NewestPoint, NewestSite
from podtwin.api.summary import (
    UNKNOWN_PERIOD_S,
    quality,
    seconds_between,
    site_clock,
    site_shape,
    text_of,
)

router = APIRouter(tags=["sites"])


@router.get(
    "/api/v1/sites",
    summary="All sites with their state, freshness and summary",
    response_model=SitesShape,
    responses=problems(400),
)
async def sites(context: Shared) -> Response:
    """Ordered by id; one page holds them all."""
    now_ns, hub = context.deps.clock.now_ns(), context.deps.hub
    found = [
        hub.ask(site_id, lambda site: site_shape(site, now_ns)) for site_id in context.site_ids()
    ]
    return answer(SitesShape(sites=[site for site in found if site is not None]))


@router.get(
    "/api/v1/sites/{site}",
    summary="A site with its assets, limits and model",
    response_model=SiteDetailShape,
    responses=problems(400, 404),
)
async def site(site: SiteId, context: Shared, request: Request) -> Response:
    """With an ETag."""
    now_ns = context.deps.clock.now_ns()
    return answer(context.ask(site, lambda newest: _detail(newest, now_ns)), request)


@router.get(
    "/api/v1/sites/{site}/topology",
    summary="The graph of a site's assets",
    response_model=TopologyShape,
    responses=problems(400, 404),
)
async def topology(site: SiteId, context: Shared, request: Request) -> Response:
    """With an ETag; changes only with the site file."""
    return answer(context.ask(site, _topology), request)


@router.get(
    "/api/v1/sites/{site}/points",
    summary="All points of a site, with unit, period and owner",
    response_model=PointsShape,
    responses=problems(400, 404),
)
async def points(site: SiteId, context: Shared, request: Request) -> Response:
    """With an ETag; changes only with the site file, or with a birth that adds points."""
    return answer(context.ask(site, _points), request)


@router.get(
    "/api/v1/sites/{site}/state",
    summary="The newest of every point: measured, quality, age, twin, residual, band",
    response_model=StateShape,
    responses=problems(400, 404),
    dependencies=[Live],
)
async def state(site: SiteId, context: Shared) -> Response:
    """Points that never had a value are left out."""
    now_ns = context.deps.clock.now_ns()
    return answer(context.ask(site, lambda newest: _state(newest, now_ns)))


def _detail(site: NewestSite, now_ns: int) -> SiteDetailShape:
    registered = site.site
    assets = [
        AssetShape(
            id=asset.id,
            asset_class=asset.asset_class,
            name=asset.name,
            rating=asset.rating,
            feeds=list(asset.feeds),
            cools=list(asset.cools),
            measures=list(asset.measures),
            part_of=asset.part_of,
        )
        for asset in registered.assets
    ]
    twin = TwinShape(
        step_s=registered.twin.step_s,
        parameters={
            name: PriorShape(mean=prior.mean, sd=prior.sd)
            for name, prior in registered.twin.parameters.items()
        },
        bind=registered.twin.bind,
    )
    limits = LimitsShape(
        ashrae_class=registered.limits.ashrae_class, edition=registered.limits.edition
    )
    shape = site_shape(site, now_ns)
    return SiteDetailShape.model_construct(**dict(shape), assets=assets, limits=limits, twin=twin)


def _topology(site: NewestSite) -> TopologyShape:
    assets = [
        TopologyAssetShape(id=asset.id, asset_class=asset.asset_class) for asset in site.site.assets
    ]
    edges = [
        EdgeShape(source=edge.source, target=edge.target, relation=edge.relation.value)
        for edge in site.site.edges()
    ]
    return TopologyShape(site=site.site.id, assets=assets, edges=edges)


def _points(site: NewestSite) -> PointsShape:
    registered = [
        PointShape(
            id=point.id,
            asset=point.asset,
            point=point.name,
            asset_class=point.asset_class,
            quantity=point.quantity,
            unit=point.unit,
            period_s=point.period_s,
            kind=point.kind.value,
            role=point.role.value,
            owner=site.owners.get(point.id),
            states={str(code): word for code, word in enumerate(point.states)} or None,
        )
        for point in site.site.points
    ]
    return PointsShape(site=site.site.id, points=registered)


def _state(site: NewestSite, clock_ns: int) -> StateShape:
    now_ns = site.now_ns(clock_ns)
    values = {
        point_id: _value(site, point_id, newest, now_ns)
        for point_id, newest in sorted(site.points.items())
    }
    return StateShape(
        site=site.site.id,
        clock=site_clock(site),
        now=rfc3339(clock_ns),
        site_time_at=text_of(site.site_time_ns),
        values=values,
    )


def _value(site: NewestSite, point_id: str, newest: NewestPoint, now_ns: int) -> ValueShape:
    registered = site.registered.get(point_id)
    estimated = not newest.ts_ns
    period_s = registered.period_s if registered is not None else UNKNOWN_PERIOD_S
    if estimated:
        period_s = max(period_s, site.site.twin.step_s)
    ts_ns = newest.ts_ns or newest.twin_ts_ns
    age_s = seconds_between(now_ns, ts_ns)
    return ValueShape(
        v=newest.twin if estimated and registered is None else newest.value,
        unit=site.unit_of(point_id),
        t=text_of(ts_ns),
        quality=quality(newest.flags, age_s, period_s),
        flags=newest.flags,
        age_s=age_s,
        twin=newest.twin,
        twin_t=text_of(newest.twin_ts_ns),
        band=newest.band,
        residual=newest.residual,
        residual_t=text_of(newest.residual_ts_ns),
    )
