"""A site: as its owner writes it (`SiteFile`) and as everything else uses it (`Site`).

The file's structs are one definition for validation and for the JSON Schema. `resolve`
expands ranges, adds the points of each class and checks what a schema cannot say.
"""

from __future__ import annotations

import enum
import hashlib
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from podcore.classes import Role
from podcore.names import ID_PATTERN
from podcore.quantity import QUANTITIES, Conversion, PointKind
from podcore.topology import Edge, Relation

MAX_POINTS = 2_000  # a site; the twin's arrays and the page are sized for it

Id = Annotated[
    str, Meta(pattern=f"^{ID_PATTERN}$", description="1 to 63 of a-z, 0-9 and -, no - at an end")
]
Positive = Annotated[float, Meta(gt=0)]


class SiteType(enum.StrEnum):
    """The site models there are; `none` is watched without a twin."""

    AIR_DX = "air-dx"
    AIR_CHW = "air-chw"
    HYBRID_D2C = "hybrid-d2c"
    POWER_ONLY = "power-only"
    NONE = "none"


class Location(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where the module stands."""

    latitude: Annotated[float, Meta(ge=-90, le=90)]
    longitude: Annotated[float, Meta(ge=-180, le=180)]
    elevation_m: Annotated[float, Meta(ge=-430, le=6000)] = 0.0
    timezone: str = "UTC"


class Limits(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which limits hold at the equipment inlet."""

    ashrae_class: Literal["A1", "A2", "A3", "A4", "H1"] = "A2"
    edition: int = 2021


class Supply(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Carbon and price of the energy that is bought."""

    carbon_g_kwh: Annotated[float, Meta(ge=0)] | None = None
    price_eur_kwh: float | None = None


class Prior(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A parameter's prior mean and standard deviation."""

    mean: float
    sd: Annotated[float, Meta(ge=0)]


class TwinFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How the site is modelled: step, parameters, channel bindings."""

    step_s: Annotated[float, Meta(ge=1, le=3600)] | None = None
    parameters: dict[str, float | Prior] = {}
    bind: dict[str, str] = {}


class PointOverride(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where a point differs from its class, or one that the class does not know."""

    quantity: str | None = None
    unit: str | None = None
    period_s: Positive | None = None
    role: Role | None = None
    states: list[str] | None = None


class AssetFile(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename={"asset_class": "class"}
):
    """One asset, or a range of like ones (`rack-[01-10]`)."""

    id: str
    asset_class: str
    name: str | None = None
    feeds: list[str] = []
    cools: list[str] = []
    measures: list[str] = []
    part_of: str | None = None
    rating: dict[str, float] = {}
    points: dict[str, PointOverride | None] = {}
    cooling: Literal["air", "liquid"] | None = None
    liquid_fraction: Annotated[float, Meta(ge=0, le=1)] | None = None
    fluid: Literal["water", "pg20", "pg25"] | None = None
    pad: bool | None = None
    supply: Supply | None = None


class SiteFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A file in `sites/`."""

    schema: Literal["podtwin/site/1"]
    id: Id
    type: SiteType
    name: str | None = None
    group: str | None = None
    contacts: list[str] = []
    location: Location | None = None
    nodes: list[Id] = []
    limits: Limits = Limits()
    supply: Supply = Supply()
    assets: list[AssetFile] = []
    twin: TwinFile = TwinFile()


class Point(msgspec.Struct, frozen=True):
    """A measured or derived quantity of an asset, in its computing unit."""

    asset: str
    name: str
    asset_class: str
    quantity: str
    period_s: float
    role: Role = Role.NONE
    states: tuple[str, ...] = ()
    sent_unit: str | None = (
        None  # what bare payloads without a birth are in, when not the computing unit
    )

    @property
    def id(self) -> str:
        """`asset/point`, unique in the site."""
        return f"{self.asset}/{self.name}"

    @property
    def unit(self) -> str:
        """The computing unit, in which every stored value is."""
        return QUANTITIES[self.quantity].unit

    @property
    def kind(self) -> PointKind:
        """Gauge, counter or state."""
        return QUANTITIES[self.quantity].kind

    def conversion(self, unit: str | None = None) -> Conversion | None:
        """From `unit` (or what the site file says is sent) to the computing unit."""
        return QUANTITIES[self.quantity].conversion(unit or self.sent_unit or self.unit)


class Asset(msgspec.Struct, frozen=True):
    """A thing of the site, with what it relates to."""

    id: str
    asset_class: str
    name: str
    feeds: tuple[str, ...] = ()
    cools: tuple[str, ...] = ()
    measures: tuple[str, ...] = ()
    part_of: str | None = None
    rating: dict[str, float] = {}
    cooling: str = "air"
    liquid_fraction: float = 0.0
    fluid: str = "water"
    pad: bool = False
    supply: Supply | None = None

    def edges(self) -> list[Edge]:
        """The relations that start here."""
        named = (
            (Relation.FEEDS, self.feeds),
            (Relation.COOLS, self.cools),
            (Relation.MEASURES, self.measures),
        )
        edges = [
            Edge(self.id, target, relation) for relation, targets in named for target in targets
        ]
        if self.part_of is not None:
            edges.append(Edge(self.id, self.part_of, Relation.PART_OF))
        return edges


class Twin(msgspec.Struct, frozen=True):
    """How the site is modelled."""

    step_s: float = 5.0
    parameters: dict[str, Prior] = {}
    bind: dict[str, str] = {}


class Site(msgspec.Struct, frozen=True):
    """A module, whole: what a config Frame carries and every room reads."""

    id: str
    type: SiteType
    name: str
    group: str | None = None
    location: Location | None = None
    nodes: tuple[str, ...] = ()
    limits: Limits = Limits()
    supply: Supply = Supply()
    assets: tuple[Asset, ...] = ()
    points: tuple[Point, ...] = ()
    twin: Twin = Twin()
    contacts: tuple[str, ...] = ()
    discovered: bool = False

    def edges(self) -> list[Edge]:
        """All relations of the site."""
        return [edge for asset in self.assets for edge in asset.edges()]

    def asset(self, asset_id: str) -> Asset | None:
        """The asset of that id, or None."""
        return next((asset for asset in self.assets if asset.id == asset_id), None)

    def assets_of(self, asset_class: str) -> list[Asset]:
        """The assets of a class, in file order."""
        return [asset for asset in self.assets if asset.asset_class == asset_class]

    def digest(self) -> str:
        """SHA-256 of the resolved site, in hexadecimal; changes with all a reader could see."""
        # Once there and back, so that a 5 written for 5.0 by a caller in code makes no difference.
        stored = msgspec.msgpack.decode(msgspec.msgpack.encode(self), type=Site)
        return hashlib.sha256(msgspec.msgpack.encode(stored, order="deterministic")).hexdigest()


def site_schema() -> dict[str, object]:
    """The JSON Schema of a site file."""
    return msgspec.json.schema(SiteFile)
