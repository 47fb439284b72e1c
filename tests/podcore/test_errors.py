from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from podcore.errors import ConfigError, PodTwinError, Refused, RoleTaken, Unreachable, shorten


def test_an_error_names_place_value_rule_and_way_out() -> None:
    error = ConfigError(
        "assets[4].measures",
        "rack-4",
        "is no asset of this site",
        "nearest is 'rack-04'",
        file="sites/ams-03.yaml",
        line=14,
    )
    assert str(error) == (
        "sites/ams-03.yaml line 14: assets[4].measures is 'rack-4': "
        "is no asset of this site; nearest is 'rack-04'"
    )


def test_what_is_not_known_is_left_out() -> None:
    assert str(ConfigError("--port", None, "is taken")) == "--port: is taken"
    assert str(ConfigError("id", 3, "no", file="a.yaml")) == "a.yaml: id is 3: no"


def test_everything_raised_on_purpose_has_one_base() -> None:
    kinds = (ConfigError, Unreachable, RoleTaken, Refused)
    assert all(issubclass(kind, PodTwinError) for kind in kinds)


@given(st.text(max_size=500), st.integers(5, 100))
def test_a_long_value_is_cut(value: str, limit: int) -> None:
    assert len(shorten(value, limit)) <= limit
