from __future__ import annotations

from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.datastructures import Headers
from support.api import Client, World

from podcore.errors import ConfigError
from podtwin.api.deps import Access
from podtwin.api.door import refusal
from podtwin.api.security import MAX_BODY, SECURITY_HEADERS, require_keys
from podtwin.status import Status

NO_TEXT = quote("\0,\udcff", errors="surrogatepass")


def asked(world: World | None = None) -> Client:
    world = world or World()
    world.hub.load()
    return Client(world)


@pytest.mark.parametrize(
    "host",
    (
        "localhost", "localhost:8080", "LOCALHOST:1", "localhost:", "127.0.0.1", "127.0.0.1:65535",
        "[::1]", "[::1]:8080",
    ),
)  # fmt: skip
def test_this_machine_is_answered(host: str) -> None:
    assert refusal("GET", Headers({"host": host})) is None


@pytest.mark.parametrize(
    "host",
    (
        "", "evil.example", "localhost.evil.example", "127.0.0.1.evil.example", "10.0.0.1", "[::2]",
        "localhost:80x", "[::1", "[::1]x", "::1", "localhost:1:2", "user@localhost",
        "127.0.0.2",
    ),
)  # fmt: skip
def test_a_name_that_was_pointed_at_this_machine_is_not(host: str) -> None:
    refused = refusal("GET", Headers({"host": host}))
    assert refused is not None
    assert (refused.status, refused.kind) == (421, "foreign_host")


@given(st.text())
def test_any_host_is_answered_or_refused(host: str) -> None:
    headers = Headers(raw=[(b"host", host.encode("utf-8", "replace"))])
    refused = refusal("GET", headers)
    assert refused is None or refused.status == 421


@pytest.mark.parametrize(
    ("method", "origin", "status"),
    (
        ("GET", "https://evil.example", None),
        ("POST", None, None),
        ("POST", "http://localhost:8080", None),
        ("POST", "https://evil.example", 403),
        ("DELETE", "null", 403),
        ("PUT", "http://localhost:9090", 403),
    ),
)
def test_only_own_pages_may_write(method: str, origin: str | None, status: int | None) -> None:
    headers = {"host": "localhost:8080"} | ({"origin": origin} if origin else {})
    refused = refusal(method, Headers(headers))
    assert (refused.status if refused else None) == status


def test_where_keys_are_asked_for_any_host_will_do_and_own_pages_alone_may_write() -> None:
    headers = Headers({"host": "twin.example", "origin": "https://twin.example"})
    assert refusal("POST", headers, any_host=True) is None
    foreign = refusal("POST", Headers({"host": "twin.example", "origin": "null"}), any_host=True)
    assert foreign is not None
    assert foreign.kind == "foreign_origin"


@pytest.mark.parametrize("host", ("127.0.0.1", "localhost", "::1"))
def test_this_machine_may_be_bound(host: str) -> None:
    require_keys(host, required=False)


@pytest.mark.parametrize("host", ("0.0.0.0", "::", "192.168.1.5", "example.org", ""))  # noqa: S104
def test_anything_beyond_needs_keys_and_the_error_says_what_to_do(host: str) -> None:
    require_keys(host, required=True)
    with pytest.raises(ConfigError, match=r"without keys .* ssh -L"):
        require_keys(host, required=False)


@pytest.mark.parametrize(
    "path", ("/api/v1/sites", "/", "/nope.js", "/api/v1/sites/x y", "/metrics")
)
def test_every_answer_carries_the_security_headers(path: str) -> None:
    answer = asked().get(path)
    for name, value in SECURITY_HEADERS.items():
        assert answer.headers[name] == value
    assert "access-control-allow-origin" not in answer.headers


def test_a_foreign_host_gets_a_problem() -> None:
    answer = asked().get("/api/v1/sites", host="evil.example")
    assert answer.status_code == 421
    assert answer.headers["content-type"] == "application/problem+json"
    assert "localhost" in answer.json()["detail"]


def test_a_failure_of_our_own_tells_an_id_and_nothing_else() -> None:
    def broken() -> Status:
        raise ZeroDivisionError("the secret of the house")

    world = World()
    world.hub.load()
    deps = world.deps()
    object.__setattr__(deps, "status", broken)
    world.deps = lambda: deps  # type: ignore[method-assign]
    answer = Client(world).get("/api/v1/status")
    assert answer.status_code == 500
    assert set(answer.json()) == {"type", "title", "status", "detail", "instance", "id"}
    assert "secret" not in answer.text
    assert "ZeroDivision" not in answer.text


@pytest.mark.parametrize(
    ("method", "path", "status", "kind"),
    (
        ("GET", "/api/v1/nothing", 404, "not_found"),
        ("POST", "/api/v1/sites", 405, "method_not_allowed"),
        ("DELETE", "/somewhere", 405, "method_not_allowed"),
        ("GET", "/api/v1/sites/ams-04", 404, "unknown_site"),
        ("GET", "/api/v1/sites/UPPER", 400, "invalid_parameter"),
        ("GET", "/api/v1/sites/" + "a" * 3_000, 400, "invalid_parameter"),
        ("GET", "/api/v1/sites?limit=5", 400, "unknown_parameter"),
        ("GET", "/api/v1/sites?" + "a" * 3_000, 400, "unknown_parameter"),
        ("GET", "/healthz?x", 400, "unknown_parameter"),
        ("GET", "/api/v1/sites/ams-03/state?sesion=live", 400, "unknown_parameter"),
        ("GET", "/api/v1/sites/%ed%a0%80", 400, "invalid_parameter"),
        ("GET", "/api/v1/stream?sites=ams-04", 404, "unknown_site"),
        ("GET", "/api/v1/stream?kinds=value", 400, "invalid_parameter"),
        ("GET", f"/api/v1/stream?sites={NO_TEXT}", 404, "unknown_site"),
    ),
)  # fmt: skip
def test_every_refusal_is_a_problem_of_a_known_kind(
    method: str, path: str, status: int, kind: str
) -> None:
    answer = asked().get(path, method=method)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    shown = answer.json()
    assert (shown["type"], shown["status"]) == (f"urn:podtwin:problem:{kind}", status)
    assert shown["title"]
    assert shown["detail"]
    assert len(answer.content) < 3_000
    assert ("allow" in answer.headers) is (status == 405)


def test_a_body_longer_than_any_is_not_read_to_its_end() -> None:
    client = asked(World(access=Access(required=True)))
    answer = client.post("/api/v1/session", {"key": "x" * MAX_BODY})
    assert answer.status_code == 413
    assert answer.json()["type"] == "urn:podtwin:problem:body_too_long"
    assert answer.headers["connection"] == "close"
    assert client.post("/api/v1/session", {"key": "x" * 190}).status_code == 401
