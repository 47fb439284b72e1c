from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.site_files import AIR_DX

from podcore.names import ID_PATTERN
from podcore.quantity import PointKind
from podcore.site import Asset, Point, Site, SiteFile, SiteType, site_schema
from podcore.topology import Edge, Relation
from podtwin.config.sites import read_site
from podtwin.config.yaml_lines import read_documents


def ams() -> Site:
    (document,) = read_documents(AIR_DX.encode(), "ams-03.yaml")
    return read_site(document, "ams-03.yaml")


def test_a_point_knows_its_id_unit_and_kind() -> None:
    point = Point("meter-main", "energy", "meter", "energy", 10.0)
    assert (point.id, point.unit, point.kind) == ("meter-main/energy", "W.h", PointKind.COUNTER)


def test_a_bare_value_is_in_the_unit_that_the_site_file_says() -> None:
    point = Point("meter-main", "power", "meter", "power", 1.0, sent_unit="kW")
    sent, told = point.conversion(), point.conversion("W")
    assert sent is not None
    assert told is not None
    assert (sent(2.0), told(2.0)) == (2_000.0, 2.0)
    assert point.conversion("Cel") is None


def test_an_asset_knows_where_its_relations_lead() -> None:
    asset = Asset("ups-1", "ups", "ups-1", feeds=("pdu-a",), part_of="row-1")
    assert asset.edges() == [
        Edge("ups-1", "pdu-a", Relation.FEEDS),
        Edge("ups-1", "row-1", Relation.PART_OF),
    ]


def test_assets_are_found_by_id_and_class() -> None:
    site = ams()
    rack = site.asset("rack-02")
    assert rack is not None
    assert rack.asset_class == "rack"
    assert site.asset("rack-9") is None
    assert [asset.id for asset in site.assets_of("rack")] == ["rack-01", "rack-02", "rack-03"]


def test_the_digest_changes_with_the_site_and_with_nothing_else() -> None:
    site = ams()
    assert site.digest() == ams().digest()
    assert msgspec.structs.replace(site, name="other").digest() != site.digest()
    whole = Point("a", "power", "meter", "power", 5)
    decimal = Point("a", "power", "meter", "power", 5.0)
    one, other = (msgspec.structs.replace(site, points=(point,)) for point in (whole, decimal))
    assert one.digest() == other.digest()
    fewer = msgspec.structs.replace(site, points=site.points[1:])
    assert fewer.digest() != site.digest()


@given(st.from_regex(ID_PATTERN, fullmatch=True), st.sampled_from(SiteType))
def test_a_site_file_needs_three_words(site_id: str, site_type: SiteType) -> None:
    document = {"schema": "podtwin/site/1", "id": site_id, "type": site_type.value}
    assert msgspec.convert(document, SiteFile).id == site_id


@pytest.mark.parametrize("key", ("schema", "id", "type"))
def test_and_none_less(key: str) -> None:
    document = {"schema": "podtwin/site/1", "id": "a", "type": "none"}
    del document[key]
    with pytest.raises(msgspec.ValidationError, match=key):
        msgspec.convert(document, SiteFile)


def test_the_schema_describes_the_keys_as_files_have_them() -> None:
    definitions = site_schema()["$defs"]
    assert isinstance(definitions, dict)
    assert {"class", "feeds", "points"} <= set(definitions["AssetFile"]["properties"])
    assert definitions["SiteFile"]["additionalProperties"] is False
