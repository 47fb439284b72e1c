"""The Compose file: a form that Compose takes, and nothing in it that is not there.

No Docker runs in these tests. The schema is that of Compose itself, as check-jsonschema holds it.
"""

from __future__ import annotations

import json
import re
from importlib import resources
from itertools import chain
from typing import Any

import jsonschema
import pytest
from support.command_lines import parse
from support.compose import compose, service
from support.sources import ROOT

from podcore.duration import parse_duration
from podtwin.config.load import load_settings, setting_names
from podtwin.config.settings import ENV_DELIMITER, ENV_PREFIX
from podtwin.config.sites import load_site_files
from podtwin.pipeline.demo_sites import demo_sites

SERVICES: dict[str, dict[str, Any]] = compose()["services"]
PROFILES = ("demo", "central", "edge")
MADE = {  # by deploy/make-secrets; tests/deploy/test_make_secrets.py sees that it does
    "mqtt-podtwin",
    "mqtt-plants",
    "mqtt-nodes",
    "influx-admin-password",
    "influx-admin-token",
    "grafana-admin-password",
}
BROUGHT = {"influx-edge-token"}  # from the center; docs/deployment.md says how
PODTWIN_STOPS_IN_S = 10.0
PINNED = re.compile(r"[a-z/-]+:\d+\.\d+\.\d+")  # no host before it: the engine's own registry


def one_shot(name: str) -> bool:
    """Whether a service does its work and ends."""
    return bool(SERVICES[name]["restart"] == "no")


def of(profile: str) -> set[str]:
    """The services that a profile starts."""
    return {name for name, found in SERVICES.items() if profile in found["profiles"]}


def ours() -> list[str]:
    """The services that run PodTwin itself."""
    return [name for name, found in SERVICES.items() if found["image"] == "podtwin:local"]


def mounts(name: str) -> list[dict[str, Any]]:
    """Volumes of a service in their long form."""
    return [_long(volume) for volume in SERVICES[name].get("volumes", [])]


def _long(volume: str | dict[str, Any]) -> dict[str, Any]:
    if not isinstance(volume, str):
        return volume
    source, target, *mode = volume.split(":")
    return {"type": "volume", "source": source, "target": target, "read_only": bool(mode)}


@pytest.mark.parametrize("name", ("compose.yaml", "compose.tls.yaml"))
def test_the_file_follows_the_schema_of_compose(name: str) -> None:
    vendored = resources.files("check_jsonschema.builtin_schemas.vendor")
    schema = json.loads((vendored / "compose-spec.json").read_text(encoding="utf-8"))
    jsonschema.Draft7Validator.check_schema(schema)
    jsonschema.Draft7Validator(schema).validate(compose(name))


@pytest.mark.parametrize("profile", PROFILES)
def test_a_profile_has_a_broker_and_one_podtwin(profile: str) -> None:
    assert "mosquitto" in of(profile)
    serving = [name for name in of(profile) & set(ours()) if "run" in SERVICES[name]["command"]]
    assert len(serving) == 1


@pytest.mark.parametrize("profile", PROFILES)
def test_who_is_waited_for_is_started_by_the_same_profile(profile: str) -> None:
    for name in of(profile):
        for other, rule in SERVICES[name].get("depends_on", {}).items():
            assert other in of(profile), f"{name} waits for {other}"
            ends = "service_completed_successfully" if one_shot(other) else "service_healthy"
            assert rule == {"condition": ends}


@pytest.mark.parametrize("profile", PROFILES)
def test_no_two_services_of_a_profile_publish_one_port(profile: str) -> None:
    ports = [port for name in of(profile) for port in SERVICES[name].get("ports", [])]
    assert len(set(ports)) == len(ports)


def test_each_service_belongs_to_a_profile() -> None:
    assert set(chain(*map(of, PROFILES))) == set(SERVICES)


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_can_do_no_more_than_it_must(name: str) -> None:
    found = SERVICES[name]
    assert found["read_only"] is True
    assert found["cap_drop"] == ["ALL"]
    assert found["security_opt"] == ["no-new-privileges:true"]
    assert "privileged" not in found
    assert "cap_add" not in found
    user, _, group = str(found["user"]).partition(":")
    assert int(user) > 0
    assert group.isdigit()


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_is_checked_bounded_and_started_again(name: str) -> None:
    found = SERVICES[name]
    assert set(found["deploy"]["resources"]["limits"]) == {"cpus", "memory", "pids"}
    assert found["logging"]["options"]["max-size"]
    if one_shot(name):
        assert found["healthcheck"] == {"disable": True}
        return
    assert found["restart"] == "unless-stopped"
    assert found["healthcheck"]["test"][0] in {"CMD", "CMD-SHELL"}
    assert {"interval", "timeout", "start_period", "retries"} <= set(found["healthcheck"])


@pytest.mark.parametrize("name", SERVICES)
def test_an_image_has_a_version_or_is_built_here(name: str) -> None:
    found = SERVICES[name]
    if name in ours():
        assert found["build"] == {"context": "."}
        return
    assert PINNED.fullmatch(found["image"])


@pytest.mark.parametrize("name", SERVICES)
def test_ports_are_published_on_the_loopback_alone(name: str) -> None:
    for port in SERVICES[name].get("ports", []):
        assert port.startswith("127.0.0.1:")


def test_the_tls_file_opens_the_broker_and_nothing_else() -> None:
    opened = compose("compose.tls.yaml")
    assert list(opened["services"]) == ["mosquitto"]
    (port,) = opened["services"]["mosquitto"]["ports"]
    assert port.endswith(":8883")
    assert set(opened["services"]["mosquitto"]["secrets"]) == set(opened["secrets"])


@pytest.mark.parametrize("name", SERVICES)
def test_what_a_service_names_is_declared(name: str) -> None:
    found = SERVICES[name]
    assert set(found["networks"]) <= set(compose()["networks"])
    assert set(found.get("secrets", [])) <= set(compose()["secrets"])
    assert {config["source"] for config in found.get("configs", [])} <= set(compose()["configs"])
    named = {mount["source"] for mount in mounts(name) if mount["type"] == "volume"}
    assert named <= set(compose()["volumes"])


def test_what_is_declared_is_used() -> None:
    used = [found.get(kind, []) for found in SERVICES.values() for kind in ("secrets", "networks")]
    sources = [mount["source"] for name in SERVICES for mount in mounts(name)]
    configs = [c["source"] for found in SERVICES.values() for c in found.get("configs", [])]
    words = {*chain(*used), *sources, *configs}
    for kind in ("secrets", "networks", "volumes", "configs"):
        assert set(compose()[kind]) <= words


@pytest.mark.parametrize("name", SERVICES)
def test_a_folder_that_is_mounted_is_in_the_tree_and_read_only(name: str) -> None:
    for mount in mounts(name):
        if mount["type"] == "bind":
            source = re.sub(r"^\$\{\w+:-(.*)\}$", r"\1", mount["source"])
            assert (ROOT / source).is_dir()
            assert mount["read_only"] is True
            assert mount["bind"] == {"create_host_path": False}


def test_a_config_is_a_file_of_the_tree() -> None:
    assert all((ROOT / found["file"]).is_file() for found in compose()["configs"].values())


def test_every_secret_is_a_file_that_git_does_not_see() -> None:
    secrets = compose()["secrets"]
    assert set(secrets) == MADE | BROUGHT
    for name, found in {**secrets, **compose("compose.tls.yaml")["secrets"]}.items():
        assert found == {"file": f"./deploy/secrets/{name}"}
    assert "/deploy/secrets/" in (ROOT / ".gitignore").read_text().splitlines()


@pytest.mark.parametrize("name", SERVICES)
def test_a_variable_that_names_a_secret_names_one_of_the_service(name: str) -> None:
    found = SERVICES[name]
    texts = json.dumps([found.get("environment", {}), found.get("entrypoint", [])])
    named = set(re.findall(r"/run/secrets/([\w.-]+)", texts))
    assert named <= set(found.get("secrets", []))


@pytest.mark.parametrize("name", ours())
def test_a_variable_of_podtwin_is_a_setting(name: str) -> None:
    names = {ENV_PREFIX + n.replace(".", ENV_DELIMITER).upper() for n in setting_names()}
    for variable in SERVICES[name].get("environment", {}):
        assert variable in names or variable.removesuffix("_FILE") in names


@pytest.mark.parametrize("name", [name for name in ours() if not one_shot(name)])
def test_a_command_of_podtwin_is_one_that_it_takes(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # `--site-file` is looked for: what the container sees lies elsewhere here.
    (sites,) = {m["source"] for m in mounts(name) if m["target"] == "/etc/podtwin/sites"}
    monkeypatch.chdir(ROOT)
    words = [word.replace("/etc/podtwin/sites", sites) for word in SERVICES[name]["command"]]
    parse(words)


@pytest.mark.parametrize("name", ours())
def test_podtwin_has_the_time_that_it_needs_to_stop(name: str) -> None:
    assert parse_duration(SERVICES[name]["stop_grace_period"]) >= 1.5 * PODTWIN_STOPS_IN_S


@pytest.mark.parametrize(
    ("name", "config"),
    (("podtwin", "central"), ("podtwin-demo", "central"), ("podtwin-edge", "edge")),
)
def test_the_settings_of_a_container_fit_its_mounts(name: str, config: str) -> None:
    found = SERVICES[name]
    assert found["configs"] == [
        {"source": f"podtwin-{config}", "target": "/etc/podtwin/podtwin.yaml"}
    ]
    settings = load_settings(ROOT / compose()["configs"][f"podtwin-{config}"]["file"]).settings
    targets = {mount["target"]: mount for mount in mounts(name)}
    assert not targets[str(settings.data_dir)].get("read_only")
    assert str(settings.sites_dir) in targets
    assert settings.broker.url == "mqtt://mosquitto:1883"
    assert f"mqtt-{settings.broker.username}" in found["secrets"]
    assert (settings.history, settings.http.host) == ("both", "0.0.0.0")  # noqa: S104 - its own net
    assert set(settings.roles) >= {"ingest", "engine", "seal", "forward", "notify", "api"}


def test_the_database_that_podtwin_writes_is_the_one_that_is_set_up() -> None:
    settings = load_settings(ROOT / "deploy" / "podtwin" / "central.yaml").settings.influx
    init = service("influxdb")["environment"]
    assert settings.org == init["DOCKER_INFLUXDB_INIT_ORG"]
    assert settings.bucket == init["DOCKER_INFLUXDB_INIT_BUCKET"]
    assert settings.url == "http://influxdb:8086"


def test_tokens_are_read_where_they_are_written() -> None:
    def folder(name: str) -> str:
        (target,) = {m["target"] for m in mounts(name) if m["source"] == "influx-tokens"}
        return str(target)

    maker = service("influxdb-tokens")
    assert f"--out={folder('influxdb-tokens')}" in maker["entrypoint"]
    names = {word.partition(":")[0] for word in maker["command"]}
    assert names == {"podtwin", "grafana"}
    for name in ("podtwin", "podtwin-demo"):
        token = service(name)["environment"]["PODTWIN_INFLUX__TOKEN_FILE"]
        assert token == f"{folder(name)}/podtwin"
    source = ROOT / "deploy" / "grafana" / "provisioning" / "datasources" / "influxdb.yaml"
    assert f"$__file{{{folder('grafana')}/grafana}}" in source.read_text()


def test_the_demo_plays_the_sites_of_make_demo() -> None:
    shipped = {site.id: site for site, _ in load_site_files(ROOT / "deploy" / "podtwin" / "demo")}
    assert shipped == {site.id: site for site in demo_sites(3, 42)}
