from __future__ import annotations

import sqlite3

import msgspec
import pytest
from support.ingesting import NOON_NS, air_site, bear, empty_registry

from ingest.bounds import Bounds
from ingest.reasons import Reason
from ingest.registry import MAX_NEAR_MISSES, Registry
from ingest.registry_store import SCHEMA, load_registry, load_sites, write_changes
from podcore.frame import BIRTH, CONFIG, Frame, Kind
from podcore.site import MAX_POINTS, Site, SiteType

AIR = "crac-1/supply_air_temp"
POWER = {"id": "lamp/power", "quantity": "power", "unit": "kW"}


def adopted(site: Site | None = None, *, discover: bool = True) -> Registry:
    registry = empty_registry(discover=discover)
    registry.adopt(site or air_site(), NOON_NS)
    return registry


def kinds(frames: list[Frame]) -> list[Kind]:
    return [frame.kind for frame in frames]


def reloaded(registry: Registry) -> Registry:
    """The registry as another start finds it."""
    connection = sqlite3.connect(":memory:", isolation_level=None)
    connection.executescript(SCHEMA)
    write_changes(connection, registry.take_changes())
    again = load_registry(connection, discover=True)
    assert load_sites(connection) == registry.sites()
    connection.close()
    return again


class TestSiteFiles:
    def test_a_new_site_is_a_config_frame_with_the_site_in_it(self) -> None:
        registry = empty_registry()
        [frame] = registry.adopt(air_site(), NOON_NS)
        assert (frame.kind, frame.site, frame.recv_ns) == (Kind.CONFIG, "ams-03", NOON_NS)
        assert CONFIG.decode(frame.body).site == air_site()

    def test_the_same_file_again_says_nothing(self) -> None:
        assert reloaded(adopted()).adopt(air_site(), NOON_NS) == []

    def test_a_changed_file_is_one_more_config_frame(self) -> None:
        registry = reloaded(adopted())
        changed = msgspec.structs.replace(air_site(), name="Amsterdam")
        assert kinds(registry.adopt(changed, NOON_NS)) == [Kind.CONFIG]
        assert registry.site("ams-03") == changed

    def test_points_discovered_on_a_site_without_a_type_stay_when_its_file_changes(self) -> None:
        registry = adopted(air_site(site_type=SiteType.NONE))
        bear(registry, [POWER])
        changed = msgspec.structs.replace(air_site(site_type=SiteType.NONE), name="Lab")
        registry.adopt(changed, NOON_NS)
        assert registry.point("ams-03", "lamp/power")
        assert registry.point("ams-03", AIR)

    def test_a_file_takes_over_a_discovered_site_with_its_points(self) -> None:
        registry = empty_registry()
        bear(registry, [POWER])
        registry.adopt(air_site(site_type=SiteType.NONE), NOON_NS)
        site = registry.site("ams-03")
        assert site is not None
        assert not site.discovered
        assert registry.point("ams-03", "lamp/power")

    def test_a_site_with_a_type_has_the_points_of_its_file_alone(self) -> None:
        registry = empty_registry()
        bear(registry, [POWER])
        registry.adopt(air_site(), NOON_NS)
        assert registry.point("ams-03", "lamp/power") is None


class TestOwners:
    def test_a_point_belongs_to_the_node_that_spoke_first(self) -> None:
        registry = adopted()
        registry.claim("ams-03", "gw-1", AIR)
        assert registry.owner_fault("ams-03", "gw-1", AIR) is None
        why = registry.owner_fault("ams-03", "gw-2", AIR)
        assert why is not None
        assert (why.reason, "it belongs to gw-1" in why.way_out) == (
            Reason.OWNED_BY_OTHER_NODE, True,
        )  # fmt: skip

    def test_a_later_claim_changes_nothing(self) -> None:
        registry = adopted()
        registry.claim("ams-03", "gw-1", AIR)
        registry.claim("ams-03", "gw-2", AIR)
        assert registry.owner_fault("ams-03", "gw-1", AIR) is None

    def test_only_the_nodes_of_the_site_file_may_speak(self) -> None:
        why = adopted(air_site(nodes=("gw-1", "bms"))).owner_fault("ams-03", "gw-2", AIR)
        assert why is not None
        assert "gives this site to gw-1, bms" in why.way_out

    def test_a_node_taken_out_of_the_file_frees_its_points(self) -> None:
        registry = adopted(air_site(nodes=("gw-1", "gw-2")))
        registry.claim("ams-03", "gw-1", AIR)
        registry.claim("ams-03", "gw-2", "rack-01/it_power")
        registry = reloaded(registry)
        registry.adopt(air_site(nodes=("gw-2", "gw-3")), NOON_NS)
        assert registry.owner_fault("ams-03", "gw-3", AIR) is None
        assert registry.owner_fault("ams-03", "gw-3", "rack-01/it_power") is not None

    def test_owners_are_found_again_after_a_restart(self) -> None:
        registry = adopted()
        registry.claim("ams-03", "gw-1", AIR)
        assert reloaded(registry).owner_fault("ams-03", "gw-2", AIR) is not None

    def test_a_point_freed_and_not_claimed_is_free_after_a_restart(self) -> None:
        registry = adopted(air_site(nodes=("gw-1",)))
        registry.claim("ams-03", "gw-1", AIR)
        registry.adopt(air_site(nodes=("gw-2",)), NOON_NS)
        again = reloaded(registry)
        assert again.owner_fault("ams-03", "gw-2", AIR) is None


class TestBirths:
    @pytest.mark.parametrize("site_type", (SiteType.AIR_DX, SiteType.POWER_ONLY))
    def test_a_site_with_a_model_gets_no_points_by_birth(self, site_type: SiteType) -> None:
        registry = adopted(air_site(site_type=site_type))
        frames, bad = bear(registry, [POWER, {"id": AIR}])
        assert [why.reason for why in bad] == [Reason.UNKNOWN_POINT]
        assert kinds(frames) == [Kind.BIRTH]
        assert [point.id for point in BIRTH.decode(frames[0].body).points] == [AIR]

    def test_a_site_without_one_gets_the_point_with_its_quantity(self) -> None:
        registry = adopted(air_site(site_type=SiteType.NONE))
        frames, bad = bear(registry, [POWER])
        assert (kinds(frames), bad) == ([Kind.CONFIG, Kind.BIRTH], [])
        point = registry.point("ams-03", "lamp/power")
        assert point is not None
        assert (point.quantity, point.unit, point.asset_class) == ("power", "W", "other")

    def test_an_unknown_site_is_made_where_discovery_is_on(self) -> None:
        registry = empty_registry()
        frames, bad = bear(registry, [POWER], site="lab")
        assert (kinds(frames), bad) == ([Kind.CONFIG, Kind.BIRTH], [])
        site = registry.site("lab")
        assert site is not None
        assert (site.type, site.discovered) == (SiteType.NONE, True)
        assert [asset.id for asset in site.assets] == ["lamp"]

    def test_and_refused_where_it_is_off(self) -> None:
        frames, bad = bear(empty_registry(discover=False), [POWER], site="lab")
        assert (frames, [why.reason for why in bad]) == ([], [Reason.UNKNOWN_SITE])

    def test_a_first_birth_of_which_nothing_is_good_makes_no_site(self) -> None:
        registry = empty_registry()
        frames, bad = bear(registry, [{"id": "Bad Name"}], site="lab")
        assert (frames, len(bad), registry.site("lab")) == ([], 1, None)

    def test_the_same_birth_again_says_nothing_new(self) -> None:
        registry = adopted()
        bear(registry, [{"id": AIR}])
        assert bear(registry, [{"id": AIR}], first=7) == ([], [])
        assert bear(reloaded(registry), [{"id": AIR}]) == ([], [])

    def test_a_birth_in_another_unit_is_a_new_birth(self) -> None:
        registry = adopted()
        bear(registry, [{"id": AIR}])
        frames, _ = bear(registry, [{"id": AIR, "unit": "K"}])
        assert kinds(frames) == [Kind.BIRTH]
        point = registry.point("ams-03", AIR)
        assert point is not None
        conversion = registry.conversion("ams-03", "gw-1", point)
        assert conversion is not None
        assert conversion(300.0) == pytest.approx(26.85)

    def test_a_birth_with_another_period_is_a_new_birth(self) -> None:
        registry = adopted(air_site(site_type=SiteType.NONE))
        bear(registry, [{**POWER, "period_s": 10}])
        frames, _ = bear(registry, [{**POWER, "period_s": 60}])
        assert [p.period_s for p in BIRTH.decode(frames[-1].body).points] == [60.0]
        assert reloaded(registry).node("ams-03", "gw-1") == registry.node("ams-03", "gw-1")

    def test_what_it_leaves_out_is_that_of_the_site_file(self) -> None:
        registry = adopted()
        frames, _ = bear(registry, [{"id": "rack-01/it_power"}, {"id": "meter-1/power"}])
        power, meter = BIRTH.decode(frames[0].body).points
        assert (power.quantity, power.unit, power.period_s) == ("power", "W", 1.0)
        assert meter.unit == "kW"

    @pytest.mark.parametrize("period_s", (0, -5, 1e-300, 1e300))
    def test_a_period_that_cannot_be_one_is_left_out(self, period_s: float) -> None:
        frames, _ = bear(adopted(), [{"id": "rack-01/it_power", "period_s": period_s}])
        assert BIRTH.decode(frames[0].body).points[0].period_s == 1.0

    def test_the_compact_order_counts_refused_points_too(self) -> None:
        registry = adopted()
        bear(registry, [{"id": "no/such"}, {"id": AIR}])
        row = registry.node("ams-03", "gw-1")
        assert row is not None
        assert row.order == ["no/such", AIR]

    @pytest.mark.parametrize(
        ("point", "quantity"),
        (
            ({"id": "x/fan_speed"}, "percentage"),
            ({"id": "x/return_air_humidity", "unit": "%"}, "humidity"),
            ({"id": "x/speed_of_it", "unit": "r/min"}, "rotational_speed"),
            ({"id": "x/power", "unit": "Cel"}, "temperature"),
        ),
    )
    def test_a_quantity_is_guessed_from_a_known_name_or_else_its_unit(
        self, point: dict[str, object], quantity: str
    ) -> None:
        registry = empty_registry()
        assert bear(registry, [point])[1] == []
        made = registry.point("ams-03", str(point["id"]))
        assert made is not None
        assert made.quantity == quantity

    def test_a_site_grows_to_its_largest_size_and_no_further(self) -> None:
        registry = empty_registry(bounds=Bounds(node_points=MAX_POINTS))
        points = [{"id": f"x/p_{n}", "unit": "W"} for n in range(MAX_POINTS + 1)]
        _, bad = bear(registry, points)
        assert [why.reason for why in bad] == [Reason.TOO_MANY_POINTS]
        site = registry.site("ams-03")
        assert site is not None
        assert len(site.points) == MAX_POINTS

    def test_a_unit_that_was_refused_is_not_taken_for_the_computing_unit(self) -> None:
        registry = adopted()
        _, bad = bear(registry, [{"id": AIR, "unit": "psi"}])
        assert [why.reason for why in bad] == [Reason.WRONG_UNIT]
        why = reloaded(registry).unit_fault("ams-03", "gw-1", AIR)
        assert why is not None
        assert why.reason is Reason.WRONG_UNIT
        bear(registry, [{"id": AIR, "unit": "K"}])
        assert registry.unit_fault("ams-03", "gw-1", AIR) is None

    @pytest.mark.parametrize("started", (NOON_NS, "2026-11-24T12:00:00Z"))
    def test_its_sender_s_clock_is_remembered(self, started: object) -> None:
        registry = adopted()
        bear(registry, [{"id": AIR}], clock="recorded", started=started)
        row = reloaded(registry).node("ams-03", "gw-1")
        assert row is not None
        assert row.recorded


def test_every_change_moves_the_version_that_caches_look_at() -> None:
    registry = empty_registry()
    versions = [registry.version]
    registry.adopt(air_site(), NOON_NS)
    versions.append(registry.version)
    bear(registry, [{"id": AIR}])
    versions.append(registry.version)
    assert len(set(versions)) == 3


def test_the_nearest_name_is_offered() -> None:
    registry = adopted()
    why = registry.point_fault("ams-03", "crac-1/supply_air_tmp")
    assert why is not None
    assert f"nearest is '{AIR}'" in str(why)
    why = registry.site_fault("ams-3")
    assert why is not None
    assert "nearest is 'ams-03'" in str(why)


def test_ever_new_wrong_names_are_not_compared_for_ever() -> None:
    registry = adopted()
    for number in range(MAX_NEAR_MISSES):
        registry.point_fault("ams-03", f"zzz/x_{number}")
    why = registry.point_fault("ams-03", "crac-1/supply_air_tmp")
    assert why is not None
    assert "nearest" not in str(why)
    registry.adopt(msgspec.structs.replace(air_site(), name="Amsterdam"), NOON_NS)
    why = registry.point_fault("ams-03", "crac-1/supply_air_tmp")
    assert why is not None
    assert "nearest" in str(why)
