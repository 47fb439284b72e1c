"""Sessions, keys and the audit as routes."""

from __future__ import annotations

from http.cookies import SimpleCookie

import pytest
from support.frames import NS
from support.keyed_api import Keyed, kind_of

from podcore.access import Scope

SESSION, KEYS, AUDIT = "/api/v1/session", "/api/v1/keys", "/api/v1/audit"
MARK = {"X_PodTwin": "1"}


@pytest.fixture(scope="module")
def made_once() -> Keyed:
    return Keyed()


@pytest.fixture
def keyed(made_once: Keyed) -> Keyed:
    return made_once.afresh()


def test_a_key_is_traded_for_a_cookie_that_no_script_and_no_other_page_gets(keyed: Keyed) -> None:
    _, shown = keyed.made(Scope.OPERATE, "ams-*")
    token = shown["Authorization"].split()[1]
    answer = keyed.client.post(SESSION, {"key": f" {token}\n"})
    morsel = SimpleCookie(answer.headers["set-cookie"])["podtwin_session"]
    assert morsel["httponly"]
    assert not morsel["secure"]
    assert (morsel["samesite"], morsel["path"]) == ("strict", "/")
    assert token not in morsel.value
    assert int(morsel["max-age"]) == 12 * 3_600
    who = keyed.client.get(SESSION, Cookie=f"podtwin_session={morsel.value}").json()
    assert (who["name"], who["how"], who["scope"], who["sites"]) == (
        "kim", "cookie", "operate", ["ams-*"],
    )  # fmt: skip
    assert who == answer.json()


def test_a_session_lasts_no_longer_than_its_key(keyed: Keyed) -> None:
    _, shown = keyed.made(expires_ns=keyed.world.clock.ns + 60 * NS)
    answer = keyed.client.post(SESSION, {"key": shown["Authorization"].split()[1]})
    assert "Max-Age=60" in answer.headers["set-cookie"]
    assert answer.json()["expires_at"] == "2026-11-24T10:01:00Z"


def test_a_wrong_key_gets_no_cookie(keyed: Keyed) -> None:
    answer = keyed.client.post(SESSION, {"key": "ptw_1"})
    assert (answer.status_code, kind_of(answer)) == (401, "unknown_key")
    assert "set-cookie" not in answer.headers


def test_logging_out_ends_the_session_at_once(keyed: Keyed) -> None:
    _, cookie = keyed.log_in()
    assert keyed.client.get(SESSION, **cookie).status_code == 200
    answer = keyed.client.delete(SESSION, **cookie, **MARK)
    assert answer.status_code == 204
    assert "Max-Age=0" in answer.headers["set-cookie"]
    assert kind_of(keyed.client.get(SESSION, **cookie)) == "session_over"


def test_a_session_ends_by_time_and_with_its_key(keyed: Keyed) -> None:
    _, cookie = keyed.log_in()
    keyed.world.clock.advance(12 * 3_600)
    assert kind_of(keyed.client.get(SESSION, **cookie)) == "session_over"
    key, cookie = keyed.log_in(name="lee")
    _, admin = keyed.made(Scope.ADMIN, name="ada")
    assert keyed.client.delete(f"{KEYS}/{key.id}", **admin).status_code == 204
    assert keyed.client.get(SESSION, **cookie).status_code == 401


def test_a_key_asks_who_it_is(keyed: Keyed) -> None:
    _, shown = keyed.made()
    assert keyed.client.get(SESSION, **shown).json()["how"] == "key"


def test_a_new_key_is_shown_once_and_opens(keyed: Keyed) -> None:
    _, admin = keyed.made(Scope.ADMIN, name="ada")
    said = {"name": "wall", "scope": "read", "sites": ["ams-*"], "expires": "now+30d"}
    answer = keyed.client.post(KEYS, said, **admin)
    assert answer.status_code == 201
    made = answer.json()
    assert made["created_by"] == "ada"
    assert made["expires_at"] == "2026-12-24T10:00:00Z"
    shown = {"Authorization": f"Bearer {made['key']}"}
    assert [s["id"] for s in keyed.client.get("/api/v1/sites", **shown).json()["sites"]] == [
        "ams-03"
    ]
    listed = keyed.client.get(KEYS, **admin)
    assert made["key"] not in listed.text
    assert [key["name"] for key in listed.json()["keys"]] == ["ada", "wall"]
    assert listed.json()["keys"][1]["used_at"] == "2026-11-24T10:00:00Z"


@pytest.mark.parametrize(
    ("said", "status", "kind"),
    (
        ({}, 422, "invalid_parameter"),
        ({"name": "two words"}, 422, "invalid_parameter"),
        ({"name": "local"}, 422, "invalid_parameter"),
        ({"name": "w", "scope": "root"}, 422, "invalid_parameter"),
        ({"name": "w", "sites": ["AMS"]}, 422, "invalid_parameter"),
        ({"name": "w", "sites": ["a"] * 101}, 422, "invalid_parameter"),
        ({"name": "w", "expires": "soon"}, 422, "invalid_parameter"),
        ({"name": "w", "expires": "now-1d"}, 422, "invalid_parameter"),
        ({"name": "w", "secret": "mine"}, 422, "invalid_parameter"),
        ({"name": "ada"}, 409, "name_taken"),
    ),
)
def test_a_key_that_cannot_be_is_refused(
    keyed: Keyed, said: dict[str, object], status: int, kind: str
) -> None:
    _, admin = keyed.made(Scope.ADMIN, name="ada")
    answer = keyed.client.post(KEYS, said, **admin)
    assert (answer.status_code, kind_of(answer)) == (status, kind)


def test_keys_come_in_pages(keyed: Keyed) -> None:
    _, admin = keyed.made(Scope.ADMIN, name="ada")
    for name in ("b", "c"):
        keyed.made(name=name)
    first = keyed.client.get(f"{KEYS}?limit=2", **admin).json()
    rest = keyed.client.get(f"{KEYS}?limit=2&cursor={first['next']}", **admin).json()
    assert [key["name"] for key in first["keys"] + rest["keys"]] == ["ada", "b", "c"]
    assert rest["next"] is None
    assert keyed.client.get(f"{KEYS}?cursor=x", **admin).status_code == 400


def test_a_revoked_key_ends_at_once_and_may_be_revoked_again(keyed: Keyed) -> None:
    key, shown = keyed.made()
    _, admin = keyed.made(Scope.ADMIN, name="ada")
    assert keyed.client.get(SESSION, **shown).status_code == 200
    for _ in range(2):
        assert keyed.client.delete(f"{KEYS}/{key.id}", **admin).status_code == 204
    assert kind_of(keyed.client.get(SESSION, **shown)) == "key_revoked"
    assert kind_of(keyed.client.delete(f"{KEYS}/nobody", **admin)) == "unknown_key_id"


def test_every_change_is_audited_by_the_name_of_its_key(keyed: Keyed) -> None:
    key, cookie = keyed.log_in(Scope.CONFIGURE)
    _, admin = keyed.made(Scope.ADMIN, name="ada")
    keyed.client.post("/api/v1/alerts/a-own/ack", {}, **cookie, **MARK)
    keyed.client.post("/api/v1/endpoints/ep_1/test", **cookie, **MARK)
    keyed.client.delete(SESSION, **cookie, **MARK)
    keyed.client.delete(f"{KEYS}/{key.id}", **admin)
    assert keyed.world.alerts.commands[0].issued_by == "kim"
    found = keyed.client.get(AUDIT, **admin).json()["entries"]
    assert [(each["by"], each["what"]) for each in found] == [
        ("ada", "key_revoked"),
        ("kim", "session_ended"),
        ("kim", "endpoint_tested"),
        ("kim", "session_started"),
    ]


def test_the_audit_comes_in_pages_and_by_who(keyed: Keyed) -> None:
    _, admin = keyed.made(Scope.ADMIN, name="ada")
    for number in range(5):
        keyed.keys.audit.add(number, "kim" if number % 2 else "lee", "acknowledge", f"a{number}")
    first = keyed.client.get(f"{AUDIT}?limit=3", **admin).json()
    rest = keyed.client.get(f"{AUDIT}?limit=3&cursor={first['next']}", **admin).json()
    targets = [each["target"] for each in first["entries"] + rest["entries"]]
    assert targets == ["a4", "a3", "a2", "a1", "a0"]
    by_kim = keyed.client.get(f"{AUDIT}?by=kim", **admin).json()["entries"]
    assert [each["target"] for each in by_kim] == ["a3", "a1"]
    for wrong in ("x", "MQ", "LTE"):
        assert keyed.client.get(f"{AUDIT}?cursor={wrong}", **admin).status_code in {200, 400}


@pytest.mark.parametrize("path", (KEYS, AUDIT))
def test_keys_and_audit_are_for_admins(keyed: Keyed, path: str) -> None:
    _, shown = keyed.made(Scope.CONFIGURE)
    assert kind_of(keyed.client.get(path, **shown)) == "missing_scope"
