"""The JSON shapes of `/api/v1`: what routes answer and what OpenAPI says of it.

Names ending in `_at`, and `at`, `t`, `now`: RFC 3339, UTC. Names ending in `_ms`: milliseconds
since 1970 UTC.
"""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

PUE_NOTE = "instantaneous, facility meter / sum of rack meters"


class Shape(BaseModel):
    """Base of all shapes: what the code names otherwise is aliased, never renamed by hand."""

    model_config = ConfigDict(serialize_by_alias=True)


class Problem(Shape):
    """An error, RFC 9457; some kinds carry more fields."""

    model_config = ConfigDict(extra="allow")

    type: str = Field(examples=["urn:podtwin:problem:unknown_point"])
    title: str
    status: int
    detail: str = Field(description="place, value, rule and way out")
    instance: str


class LocationShape(Shape):
    """Where a module stands."""

    latitude: float
    longitude: float
    elevation_m: float
    timezone: str


class NodeShape(Shape):
    """A sender of a site; `online` is null for one that never said so.

    backlog : messages that waited in its outbox when it last said so, 0 for less than 500;
    `backlog_left_s` until they are through at the present rate. dropped : given up by it, ever.
    missing : numbers that did not come. `clock_ahead_s` is null while nothing is sure.
    """

    id: str
    online: bool | None
    last_recv_at: str | None
    age_s: float | None
    backlog: int = 0
    backlog_left_s: float | None = None
    dropped: int = 0
    missing: int = 0
    clock_ahead_s: float | None = None


class SummaryShape(Shape):
    """What a site comes to, of values that belong together; null where one is missing."""

    it_power_w: float | None
    facility_power_w: float | None
    pue: float | None
    pue_note: str = PUE_NOTE
    inlet_max_c: float | None
    outdoor_c: float | None


class AlertCountShape(Shape):
    """How many alerts are open."""

    critical: int
    warning: int


class SiteShape(Shape):
    """A site and how it is. Ages count from now, or from its newest value while recorded."""

    id: str
    name: str
    type: str
    group: str | None
    location: LocationShape | None
    clock: Literal["live", "recorded", "none"]
    state: Literal["critical", "no_data", "warning", "normal", "new"]
    alerts: AlertCountShape
    site_time_at: str | None
    newest_at: str | None
    age_s: float | None
    local_time: str | None = Field(examples=["15:03 CET"])
    nodes: list[NodeShape]
    point_count: int
    summary: SummaryShape


class SitesShape(Shape):
    """All sites, ordered by id."""

    sites: list[SiteShape]
    next: str | None = Field(default=None, description="cursor of the next page; null at the end")


class AssetShape(Shape):
    """A thing of a site and what it relates to."""

    id: str
    asset_class: str = Field(serialization_alias="class")
    name: str
    rating: dict[str, float]
    feeds: list[str]
    cools: list[str]
    measures: list[str]
    part_of: str | None


class LimitsShape(Shape):
    """Which limits hold at the equipment inlet."""

    ashrae_class: str
    edition: int


class PriorShape(Shape):
    """Mean and standard deviation of a parameter."""

    mean: float
    sd: float


class TwinShape(Shape):
    """How a site is modelled."""

    step_s: float
    parameters: dict[str, PriorShape]
    bind: dict[str, str]


class SiteDetailShape(SiteShape):
    """A site with its assets, limits and model."""

    assets: list[AssetShape]
    limits: LimitsShape
    twin: TwinShape


class TopologyAssetShape(Shape):
    """A node of the graph."""

    id: str
    asset_class: str = Field(serialization_alias="class")


class EdgeShape(Shape):
    """An edge of the graph."""

    source: str
    target: str
    relation: Literal["feeds", "cools", "measures", "part_of"]


class TopologyShape(Shape):
    """The graph of a site's assets."""

    site: str
    assets: list[TopologyAssetShape]
    edges: list[EdgeShape]


class PointShape(Shape):
    """A point as registered; `id` is `asset/point`."""

    id: str
    asset: str
    point: str
    asset_class: str = Field(serialization_alias="class")
    quantity: str
    unit: str
    period_s: float
    kind: Literal["gauge", "counter", "state"]
    role: Literal["input", "measurement", "kpi", "none"]
    owner: str | None
    states: dict[str, str] | None


class PointsShape(Shape):
    """All points of a site."""

    site: str
    points: list[PointShape]


class ValueShape(Shape):
    """The newest of one point: measured, and what the twin says of it."""

    v: float | None
    unit: str
    t: str | None
    quality: str = Field(description="good, or the worst that holds", examples=["stale"])
    flags: int
    age_s: float | None
    twin: float | None
    twin_t: str | None = Field(description="end of the step that `twin` and `band` are of")
    band: float | None = Field(description="standard deviation of the twin's expectation")
    residual: float | None = Field(
        description="mean of what was measured within a step of the twin, less its prior"
    )
    residual_t: str | None = Field(description="end of that step, the newest that had a reading")


class StateShape(Shape):
    """The newest of every point of a site."""

    site: str
    clock: Literal["live", "recorded", "none"]
    now: str
    site_time_at: str | None
    values: dict[str, ValueShape]


class SeriesEntryShape(Shape):
    """One point from one source; the lists are of one length."""

    point: str = Field(examples=["ams-03/rack-01/inlet_temp"])
    source: Literal["measured", "twin", "forecast", "whatif"]
    unit: str
    t_ms: list[int]
    v: list[float | None]
    flags: list[int] | None = None
    sd: list[float | None] | None = None


class SeriesShape(Shape):
    """Ranges of points; `truncated` is false: what is too much is refused, never cut."""

    from_: str = Field(serialization_alias="from")
    to: str
    step_s: float | None
    series: list[SeriesEntryShape]
    truncated: bool = False


class MetersShape(Shape):
    """Which points stand for one side of a ratio."""

    points: list[str]
    words: str


class BoundaryShape(Shape):
    """What a ratio is made of."""

    facility: MetersShape
    it: MetersShape


class PueStepsShape(Shape):
    """PUE step by step; the lists are of one length."""

    t_ms: list[int]
    value: list[float | None]
    coverage: list[float]
    unknown: list[str | None]
    facility_wh: list[float]
    it_wh: list[float]


class PueShape(Shape):
    """PUE of a period: energies of both sides over the time for which both are known."""

    value: float | None
    unknown: Literal["no_facility_meter", "no_it_meter", "no_it_energy", "low_coverage"] | None = (
        Field(description="why there is no value")
    )
    category: int | None = Field(description="1, 2 or 3, by where IT energy is metered")
    variant: Literal["annual", "interim"] = Field(description="interim: of less than a year")
    standard: str = "ISO/IEC 30134-2"
    boundary: BoundaryShape
    facility_wh: float
    it_wh: float
    coverage: float = Field(description="share of the period for which both sides are known")
    steps: PueStepsShape | None = Field(description="with the parameter step")


class KpisShape(Shape):
    """Key figures of a site over a period."""

    site: str
    from_: str = Field(serialization_alias="from")
    to: str
    period_s: float
    step_s: float | None
    pue: PueShape


class RecordingShape(Shape):
    """A recording in the data directory."""

    id: str
    path: str
    from_: str | None = Field(serialization_alias="from")
    to: str | None
    frames: int
    sites: list[str]
    digest: str | None
    created_at: str | None
    rebuilt: bool


class RecordingsShape(Shape):
    """All recordings."""

    recordings: list[RecordingShape]


class ReplayShape(Shape):
    """A replay of a recording."""

    id: str
    recording: str
    state: Literal["running", "done", "failed"]
    frames: int
    digest: str | None
    speed: float | None = Field(description="times real time; null for as fast as possible")
    started_at: str | None


class ReplaysShape(Shape):
    """All replays."""

    replays: list[ReplayShape]


class AliveShape(Shape):
    """The process answers."""

    status: Literal["ok"] = "ok"


class ReadyShape(Shape):
    """Every part of the process does its work."""

    ready: Literal[True] = True
