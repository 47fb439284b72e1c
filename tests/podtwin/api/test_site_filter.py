"""A key limited to a site: no other one shows in any answer, by name, by number or by alert."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from typing import Any

import httpx
import pytest
from support.api import Client, SetClock
from support.keyed_api import OTHER, OWN, Keyed, kind_of

from podcore.access import Scope, SiteFilter
from podtwin.api.app import ROUTERS
from podtwin.api.authorize import Caller
from podtwin.api.context import Context
from podtwin.api.deltas import Wanted
from podtwin.api.door import Door
from podtwin.api.routes.stream import events
from podtwin.api.scopes import NEEDS, routes_of

PATHS = {
    "{site}": (OWN, OTHER), "{alert}": ("a-own", "a-other"), "{delivery}": ("m-own", "m-other"),
}  # fmt: skip


@pytest.fixture(scope="module")
def keyed() -> Keyed:
    return Keyed()


@pytest.fixture(scope="module")
def own(keyed: Keyed) -> dict[str, str]:
    """The strongest key there can be for one site."""
    return keyed.made(Scope.ADMIN, OWN, name="limited")[1]


def get(keyed: Keyed, shown: dict[str, str], path: str) -> Any:  # noqa: ANN401 - JSON
    answer = keyed.client.get(path, **shown)
    assert answer.status_code == 200, answer.text
    return answer.json()


READING = sorted(path for method, path in routes_of(ROUTERS) if method == "GET")


@pytest.mark.parametrize("path", [path for path in READING if path != "/api/v1/stream"])
def test_no_answer_to_any_question_names_the_other_site(
    keyed: Keyed, own: dict[str, str], path: str
) -> None:
    for part, (mine, _) in PATHS.items():
        path = path.replace(part, mine)
    if path == "/api/v1/series":
        path += "?point=*/*/it_power"
    answer = keyed.client.get(path, **own)
    assert answer.status_code in {200, 403, 404}
    assert OTHER not in answer.text
    assert "a-other" not in answer.text
    assert "m-other" not in answer.text


@pytest.mark.parametrize(
    ("method", "path"), [key for key in sorted(NEEDS) if any(part in key[1] for part in PATHS)]
)
def test_what_is_of_another_site_answers_as_what_there_is_not(
    keyed: Keyed, own: dict[str, str], method: str, path: str
) -> None:
    part = next(part for part in PATHS if part in path)
    other = ask(keyed.client, own, method, path.replace(part, PATHS[part][1]))
    none = ask(keyed.client, own, method, path.replace(part, "nowhere"))
    assert other.status_code == none.status_code == 404
    assert kind_of(other) == kind_of(none)


def ask(client: Client, shown: dict[str, str], method: str, path: str) -> httpx.Response:
    return client.post(path, {}, **shown) if method == "POST" else client.get(path, **shown)


def test_lists_hold_what_is_of_its_sites(keyed: Keyed, own: dict[str, str]) -> None:
    assert [s["id"] for s in get(keyed, own, "/api/v1/sites")["sites"]] == [OWN]
    assert [a["id"] for a in get(keyed, own, "/api/v1/alerts")["alerts"]] == ["a-own"]
    assert get(keyed, own, f"/api/v1/alerts?site={OTHER}")["alerts"] == []
    assert [d["id"] for d in get(keyed, own, "/api/v1/deliveries")["deliveries"]] == ["m-own"]
    assert [r["id"] for r in get(keyed, own, "/api/v1/recordings")["recordings"]] == ["r-own"]
    assert [r["id"] for r in get(keyed, own, "/api/v1/replays")["replays"]] == ["p-own"]


def test_a_range_over_all_sites_is_one_over_its_own(keyed: Keyed, own: dict[str, str]) -> None:
    found = get(keyed, own, "/api/v1/series?point=*/*/it_power")
    assert {each["point"].partition("/")[0] for each in found["series"]} == {OWN}
    other = keyed.client.get(f"/api/v1/series?point={OTHER}/rack-01/it_power", **own)
    assert kind_of(other) == "unknown_site"
    assert kind_of(keyed.client.get("/api/v1/series?point=osl-*/*/it_power", **own)) == (
        "unknown_point"
    )


@pytest.mark.parametrize(
    ("method", "path"), [key for key, need in NEEDS.items() if need and need.whole]
)
def test_what_tells_of_all_sites_is_refused(
    keyed: Keyed, own: dict[str, str], method: str, path: str
) -> None:
    sent = {"GET": keyed.client.get, "POST": keyed.client.post, "DELETE": keyed.client.delete}
    answer = sent[method](path.replace("{", "").replace("}", ""), **own)
    assert (answer.status_code, kind_of(answer)) == (403, "limited_to_sites")


def test_the_stream_tells_of_its_own_sites_alone(keyed: Keyed) -> None:
    deps = keyed.world.deps()
    door = Door(deps.keys, deps.access, deps.clock)
    caller = Caller("limited", Scope.READ, SiteFilter(("ams-*",)))
    context = Context(deps, door).seen_by(caller)

    async def first_two() -> list[bytes]:
        stream = events(context, Wanted(None, caller.sites), None)
        found = [await anext(stream)]
        for site in (OWN, OTHER):
            keyed.world.measure({"rack-01/it_power": 1.0}, site=site)
        keyed.world.follow()
        found.append(await anext(stream))
        return found

    for text in asyncio.run(first_two()):
        data = json.loads(text.decode().partition("data: ")[2].splitlines()[0])
        assert {*data["sites"]} == {OWN}
        assert {each.partition("/")[0] for each in data["values"]} == {OWN}
        assert OTHER not in text.decode()


def test_a_stream_of_another_site_is_refused(keyed: Keyed, own: dict[str, str]) -> None:
    answer = keyed.client.get(f"/api/v1/stream?sites={OTHER}", **own)
    assert kind_of(answer) == "unknown_site"


class Hurried(SetClock):
    """Each look at it is a second later."""

    def monotonic_s(self) -> float:
        self.advance(1.0)
        return super().monotonic_s()


def test_a_stream_ends_when_its_key_is_revoked(keyed: Keyed) -> None:
    key, shown = keyed.made(name="lee")
    clock = Hurried()
    deps = replace(keyed.world.deps(), clock=clock)
    door = Door(deps.keys, deps.access, clock)

    async def heard() -> list[str]:
        caller = await door.try_key(shown["Authorization"].split()[1], "10.0.0.1")
        stream = events(Context(deps, door).seen_by(caller), Wanted(), None)
        found = [(await anext(stream)).decode(), (await anext(stream)).decode()]
        keyed.keys.revoke(key.id, "ada", clock.ns)
        return [*found, *[each.decode() async for each in stream]]

    snapshot, ping, end = asyncio.run(heard())
    assert "event: snapshot" in snapshot
    assert "event: ping" in ping
    assert "event: end" in end
    assert "has ended" in end
