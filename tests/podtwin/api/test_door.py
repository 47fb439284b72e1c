"""Who is let in over HTTP: keys, cookies, headers, and what those who are not are told."""

from __future__ import annotations

import pytest
from structlog.testing import capture_logs
from support.frames import NS
from support.keyed_api import Keyed, keyed_world, kind_of

from podcore.access import Key, Scope, session_token
from podtwin.api.attempts import MAX_FAILED, WINDOW_S
from podtwin.api.deps import Access
from podtwin.api.keyring import FRESH_S, USED_EVERY_NS
from podtwin.api.scopes import NEEDS, READ, NeedTable

SITES = "/api/v1/sites"
WRONG = {"Authorization": f"Bearer ptw_{'0' * 16}_{'0' * 64}"}


@pytest.fixture(scope="module")
def made_once() -> Keyed:
    return Keyed()


@pytest.fixture
def keyed(made_once: Keyed) -> Keyed:
    return made_once.afresh()


@pytest.mark.parametrize(
    "path", (SITES, "/api/v1/nothing", "/metrics", "/api/v1/stream", "/api/v1/sites/UPPER")
)
def test_without_a_key_nothing_is_told_but_how_to_show_one(keyed: Keyed, path: str) -> None:
    answer = keyed.client.get(path)
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == 'Bearer realm="PodTwin"'
    assert kind_of(answer) == "no_key"
    assert "podtwin keys add" in answer.json()["detail"]


@pytest.mark.parametrize("path", ("/healthz", "/readyz", "/openapi.json"))
def test_what_tells_of_no_site_is_open(keyed: Keyed, path: str) -> None:
    assert keyed.client.get(path).status_code == 200


def test_a_key_opens_what_its_scope_allows_from_any_host(keyed: Keyed) -> None:
    _, shown = keyed.made()
    answer = keyed.client.get(SITES, Host="twin.example", **shown)
    assert answer.status_code == 200
    assert len(answer.json()["sites"]) == 2


@pytest.mark.parametrize(
    ("method", "path"), [key for key, need in sorted(NEEDS.items()) if need and need != READ]
)
def test_a_line_end_after_the_path_opens_nothing_more(keyed: Keyed, method: str, path: str) -> None:
    _, weak = keyed.made(Scope.READ, "ams-03")
    path = path.replace("{", "").replace("}", "")
    assert keyed.client.get(f"{path}%0A", method=method).status_code == 401
    answer = keyed.client.get(f"{path}%0A", method=method, **weak)
    assert answer.status_code == 403, answer.text


def test_a_route_looks_again_at_who_was_let_in_as_somebody_else(
    keyed: Keyed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(NeedTable, "find", lambda *_: None)
    assert keyed.client.get("/api/v1/keys").status_code == 404
    monkeypatch.setattr(NeedTable, "find", lambda *_: READ)
    _, shown = keyed.made()
    assert keyed.client.get("/api/v1/keys", **shown).status_code == 404
    assert keyed.client.get(SITES, **shown).status_code == 200


def test_a_scope_that_is_missing_is_named(keyed: Keyed) -> None:
    _, shown = keyed.made()
    answer = keyed.client.post("/api/v1/alerts/a-own/ack", {}, **shown)
    assert answer.status_code == 403
    assert kind_of(answer) == "missing_scope"
    assert (answer.json()["needed"], answer.json()["scope"]) == ("operate", "read")
    assert 'scope="operate"' in answer.headers["www-authenticate"]


@pytest.mark.parametrize("text", ("", "x", "ptw_", WRONG["Authorization"][7:]))
def test_what_is_no_key_opens_nothing(keyed: Keyed, text: str) -> None:
    answer = keyed.client.get(SITES, Authorization=f"Bearer {text}")
    assert answer.status_code == 401
    assert kind_of(answer) == "unknown_key"
    assert 'error="invalid_token"' in answer.headers["www-authenticate"]


def test_a_wrong_key_is_not_made_good_by_a_cookie(keyed: Keyed) -> None:
    _, cookie = keyed.log_in()
    assert keyed.client.get(SITES, **cookie, **WRONG).status_code == 401


def test_an_expired_key_is_told_so(keyed: Keyed) -> None:
    _, shown = keyed.made(expires_ns=keyed.world.clock.ns + NS)
    assert keyed.client.get(SITES, **shown).status_code == 200
    keyed.world.clock.advance(1.0)
    assert kind_of(keyed.client.get(SITES, **shown)) == "key_expired"


def test_a_key_that_another_process_revokes_ends_within_a_second(keyed: Keyed) -> None:
    key, shown = keyed.made()
    assert keyed.client.get(SITES, **shown).status_code == 200
    keyed.keys.revoke(key.id, "kim", keyed.world.clock.ns)
    keyed.world.clock.advance(FRESH_S)
    assert kind_of(keyed.client.get(SITES, **shown)) == "key_revoked"


def test_a_key_is_looked_up_once_a_second_and_its_use_noted_once_an_hour(keyed: Keyed) -> None:
    key, shown = keyed.made()
    before = keyed.keys.looked
    for _ in range(5):
        keyed.client.get(SITES, **shown)
    assert keyed.keys.looked == before + 1
    first_ns = keyed.keys.kept[key.id].used_ns
    assert first_ns == keyed.world.clock.ns
    keyed.world.clock.advance(5.0)
    keyed.client.get(SITES, **shown)
    assert keyed.keys.kept[key.id].used_ns == first_ns
    keyed.world.clock.advance(USED_EVERY_NS / NS)
    keyed.client.get(SITES, **shown)
    assert keyed.keys.kept[key.id].used_ns == keyed.world.clock.ns


def test_many_wrong_keys_are_slowed_down_and_told_of_twice_at_most(keyed: Keyed) -> None:
    with capture_logs() as logs:
        answers = [keyed.client.get(SITES, **WRONG) for _ in range(MAX_FAILED + 5)]
    assert [each.status_code for each in answers] == [401] * MAX_FAILED + [429] * 5
    assert int(answers[-1].headers["retry-after"]) <= WINDOW_S + 1
    assert [each["event"] for each in logs] == ["key_refused", "address_slowed_down"]
    assert "0" * 64 not in str(logs)


def test_who_was_right_before_is_let_in_where_others_are_slowed_down(keyed: Keyed) -> None:
    _, shown = keyed.made()
    _, late = keyed.made(name="lee")
    assert keyed.client.get(SITES, **shown).status_code == 200
    for _ in range(MAX_FAILED):
        keyed.client.get(SITES, **WRONG)
    assert keyed.client.get(SITES, **shown).status_code == 200
    assert keyed.client.get(SITES, **late).status_code == 429
    keyed.world.clock.advance(WINDOW_S)
    assert keyed.client.get(SITES, **late).status_code == 200


def test_he_is_let_in_after_somebody_logged_out_as_well(keyed: Keyed) -> None:
    _, shown = keyed.made()
    _, cookie = keyed.log_in(name="lee")
    assert keyed.client.get(SITES, **shown).status_code == 200
    for _ in range(MAX_FAILED):
        keyed.client.get(SITES, **WRONG)
    answer = keyed.client.delete("/api/v1/session", **cookie, X_PodTwin="1")
    assert answer.status_code == 204
    assert keyed.client.get(SITES, **shown).status_code == 200


def test_a_key_that_is_revoked_while_it_is_looked_up_is_looked_up_again(keyed: Keyed) -> None:
    key, shown = keyed.made()
    door, look = keyed.client.door, keyed.keys.get

    def revoked_meanwhile(name: str) -> Key | None:
        found = look(name)
        keyed.keys.revoke(key.id, "ada", 0)
        door.keyring.forget()
        return found

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(keyed.keys, "get", revoked_meanwhile)
        keyed.client.get(SITES, **shown)
    assert kind_of(keyed.client.get(SITES, **shown)) == "key_revoked"


def test_a_browser_whose_session_is_over_is_not_slowed_down(keyed: Keyed) -> None:
    gone = {"Cookie": f"podtwin_session={session_token(bytes(32))}"}
    answers = {kind_of(keyed.client.get(SITES, **gone)) for _ in range(MAX_FAILED * 2)}
    assert answers == {"session_over"}


def test_an_ended_key_is_told_of_in_the_log_once(keyed: Keyed) -> None:
    key, shown = keyed.made()
    keyed.keys.revoke(key.id, "kim", 0)
    with capture_logs() as logs:
        for _ in range(3):
            keyed.client.get(SITES, **shown)
    assert [(each["reason"], each["key"]) for each in logs] == [("key_revoked", "kim")]


def test_refusals_are_counted_in_the_metrics(keyed: Keyed) -> None:
    _, shown = keyed.made()
    keyed.client.get(SITES)
    keyed.client.get(SITES, **WRONG)
    text = keyed.client.get("/metrics", **shown).text
    assert 'podtwin_requests_refused_total{reason="no_key"} 1.0' in text
    assert 'podtwin_requests_refused_total{reason="unknown_key"} 1.0' in text
    assert 'podtwin_requests_refused_total{reason="key_expired"} 0.0' in text


def test_a_cookie_reads_but_writes_only_with_our_header(keyed: Keyed) -> None:
    _, cookie = keyed.log_in(Scope.OPERATE)
    assert keyed.client.get(SITES, **cookie).status_code == 200
    bare = keyed.client.post("/api/v1/alerts/a-own/ack", {}, **cookie)
    assert (bare.status_code, kind_of(bare)) == (403, "no_header")
    assert bare.json()["header"] == "X-PodTwin"
    marked = keyed.client.post("/api/v1/alerts/a-own/ack", {}, **cookie, X_PodTwin="1")
    assert marked.status_code == 202


@pytest.mark.parametrize("cookie", ("podtwin_session=x", "podtwin_session", "a=b; c", "=;=", '"'))
def test_what_is_no_cookie_of_ours_is_no_key(keyed: Keyed, cookie: str) -> None:
    assert kind_of(keyed.client.get(SITES, Cookie=cookie)) == "no_key"


def test_another_pages_write_is_refused_whatever_it_shows(keyed: Keyed) -> None:
    _, cookie = keyed.log_in(Scope.OPERATE)
    answer = keyed.client.post(
        "/api/v1/alerts/a-own/ack", {}, **cookie, X_PodTwin="1", Origin="https://evil.example"
    )
    assert kind_of(answer) == "foreign_origin"


def test_where_no_key_is_asked_for_everybody_is_local() -> None:
    world = keyed_world()
    world.access = Access()
    keyed = Keyed(world)
    who = keyed.client.get("/api/v1/session").json()
    assert who == {
        "name": "local", "how": "local", "scope": "admin", "sites": None, "expires_at": None,
    }  # fmt: skip
    assert keyed.client.post("/api/v1/session", {"key": "any"}).json() == who
