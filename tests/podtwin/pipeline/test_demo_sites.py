from __future__ import annotations

import subprocess
import sys
import zoneinfo

import pytest

from podcore.errors import ConfigError
from podcore.names import is_id
from podtwin.pipeline.demo_sites import MAX_SITES, air_dx_template, demo_sites, require_sites
from simulators.faults import parse_fault


def test_the_template_has_38_points() -> None:
    site = air_dx_template()
    assert (site.id, site.type.value, len(site.points)) == ("ams-03", "air-dx", 38)


def test_the_first_sites_have_fixed_names() -> None:
    assert [site.id for site in demo_sites(4, 42)] == ["ams-03", "osl-01", "lis-02", "rkv-01"]
    assert demo_sites(4, 42)[0] == air_dx_template()


def test_sites_differ_in_place_and_size() -> None:
    sites = demo_sites(16, 42)
    assert len({site.location for site in sites}) == 16
    assert len({site.assets[0].rating["power_w"] for site in sites}) > 10


def test_the_seed_changes_sizes_and_not_ids() -> None:
    one, other = demo_sites(5, 1), demo_sites(5, 2)
    assert [site.id for site in one] == [site.id for site in other]
    assert one[1].assets != other[1].assets
    assert one == demo_sites(5, 1)


def test_hundreds_of_sites_have_ids_and_time_zones_of_their_own() -> None:
    sites = demo_sites(300, 7)
    assert len({site.id for site in sites}) == 300
    assert all(is_id(site.id) for site in sites)
    zones = {site.location.timezone for site in sites if site.location}
    assert zones <= zoneinfo.available_timezones()


@pytest.mark.parametrize("count", (0, -1, MAX_SITES + 1))
def test_no_sites_and_too_many_are_refused(count: int) -> None:
    with pytest.raises(ConfigError, match="--sites"):
        demo_sites(count, 1)


def test_nothing_heavy_is_imported() -> None:
    code = "import sys, podtwin.pipeline.demo_sites, simulators; print('numpy' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_a_fault_at_a_site_that_is_not_played_is_refused() -> None:
    sites = demo_sites(2, 42)
    require_sites([parse_fault("compressor-trip@60s")], sites)
    require_sites([parse_fault("compressor-trip:site=osl-01@60s")], sites)
    with pytest.raises(ConfigError, match=r"osl-02.*osl-01"):
        require_sites([parse_fault("compressor-trip:site=osl-02@60s")], sites)
