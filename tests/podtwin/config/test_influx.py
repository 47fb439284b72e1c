from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import SecretStr

from podcore.errors import ConfigError
from podtwin.config.influx import influx_targets
from podtwin.config.settings import InfluxSettings, Settings
from podtwin.store.influx_client import Downsampling, KeptBucket


def settings(token: str) -> Settings:
    return Settings(history="influx", influx=InfluxSettings(token=SecretStr(token)))


def test_the_token_is_taken_as_it_is() -> None:
    (target,) = influx_targets(settings("hunter2=="))
    assert (target.name, target.address.token) == ("influx", "hunter2==")


@pytest.mark.parametrize("token", ("hunter2\n# of the center", "token hunter2", "hunter2é"))
def test_what_is_no_token_is_refused_without_being_shown(token: str) -> None:
    with pytest.raises(ConfigError, match="one word") as raised:
        influx_targets(settings(token))
    assert "hunter2" not in str(raised.value)


def sink(name: str, **more: object) -> dict[str, object]:
    return {"name": name, "url": f"http://{name}:8086", "token": f"of-{name}", **more}


def several(*sinks: dict[str, object], **more: object) -> Settings:
    return Settings.model_validate({"history": "both", "sinks": sinks, **more})


def names(settings: Settings) -> list[str]:
    return [target.name for target in influx_targets(settings)]


def test_sinks_stand_beside_the_section_influx_or_instead_of_it() -> None:
    assert names(several(sink("center"), sink("lab"))) == ["center", "lab"]
    assert names(several(sink("center"), influx={"token": "own"})) == ["influx", "center"]


def test_the_one_that_history_is_read_from_comes_first() -> None:
    sinks = (sink("center"), sink("lab"), sink("cloud"))
    assert names(several(*sinks, history_sink="lab")) == ["lab", "center", "cloud"]
    with pytest.raises(ConfigError, match="history_sink is 'labb'") as raised:
        influx_targets(several(*sinks, history_sink="labb"))
    assert "'lab'" in raised.value.way_out


def test_a_token_is_read_from_its_file(tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text("hunter2==\n")
    (target,) = influx_targets(several(sink("center", token=None, token_file=file)))
    assert target.address.token == "hunter2=="
    with pytest.raises(ConfigError, match=r"sinks\[0\].token_file"):
        influx_targets(several(sink("center", token=None, token_file=tmp_path / "none")))


@pytest.mark.parametrize(
    ("settings", "said"),
    (
        (several(sink("center"), sink("center")), "is the name of two"),
        (several(sink("center", token=None)), "wants a token"),
        (several(sink("influx"), influx={"token": "own"}), "is the name of two"),
        (several(sink("a", token_file="b")), "both given"),
        (several(sink("center"), history="embedded"), "forwards nothing"),
        (several(*(sink(f"n{n}") for n in range(9))), "more than 8"),
    ),
)
def test_sinks_that_cannot_be_are_refused_with_the_rule(settings: Settings, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        influx_targets(settings)


def test_minutes_and_hours_go_beside_the_raw_bucket_unless_named() -> None:
    plain = {"token": "t", "downsample": True, "minute_keep": "400d"}
    (target,) = influx_targets(Settings.model_validate({"history": "both", "influx": plain}))
    assert target.downsampling == Downsampling(
        KeptBucket("podtwin_1m", 400 * 86_400), KeptBucket("podtwin_1h")
    )
    (named,) = influx_targets(several(sink("a", downsample=True, bucket="b", hour_bucket="years")))
    assert named.downsampling == Downsampling(KeptBucket("b_1m"), KeptBucket("years"))
    with pytest.raises(ConfigError, match="two buckets have one name"):
        influx_targets(several(sink("a", downsample=True, minute_bucket="podtwin")))
