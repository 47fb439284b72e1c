from __future__ import annotations

import re

import pytest
from support.sources import ROOT

from podcore.access import Scope
from podtwin.api.app import ROUTERS
from podtwin.api.scopes import NEEDS, READ, Need, NeedTable, routes_of, undeclared

ROUTES = sorted(routes_of(ROUTERS))


def test_every_route_says_what_it_needs() -> None:
    assert len(ROUTES) > 20
    assert undeclared(ROUTERS) == []


def test_the_table_names_no_route_that_there_is_not() -> None:
    assert sorted(NEEDS) == ROUTES


@pytest.mark.parametrize(("method", "path"), ROUTES)
def test_a_request_is_found_by_the_path_that_it_names(method: str, path: str) -> None:
    asked = re.sub(r"\{\w+\}", "ams-03", path)
    assert NeedTable().find(method, asked) == NEEDS[method, path]


@pytest.mark.parametrize(("method", "path"), ROUTES)
def test_a_line_end_that_the_router_lets_pass_does_not_change_what_is_needed(
    method: str, path: str
) -> None:
    asked = re.sub(r"\{\w+\}", "ams-03", path)
    assert NeedTable().find(method, f"{asked}\n") == NEEDS[method, path]


@pytest.mark.parametrize(("method", "path"), ROUTES)
def test_what_changes_anything_needs_more_than_read(method: str, path: str) -> None:
    need = NEEDS[method, path]
    if method != "GET" and path != "/api/v1/session":
        assert need is not None
        assert need.scope is not Scope.READ


def test_what_is_open_is_so_on_purpose() -> None:
    assert {key for key, need in NEEDS.items() if need is None} == {
        ("GET", "/healthz"),
        ("GET", "/readyz"),
        ("POST", "/api/v1/session"),
    }


@pytest.mark.parametrize(
    ("method", "path"),
    (
        ("GET", "/api/v1/nothing"), ("GET", "/api"), ("PUT", "/api/v1/sites"), ("HEAD", "/metrics"),
        ("GET", "/api/v1/sites/ams-03/"), ("GET", "/api/v1/series/x"), ("POST", "/api/"),
    ),
)  # fmt: skip
def test_an_api_path_that_is_none_needs_a_key_as_well(method: str, path: str) -> None:
    assert NeedTable().find(method, path) == READ


@pytest.mark.parametrize("path", ("/", "/alerts", "/assets/x.js", "/docs", "/openapi.json"))
def test_the_page_itself_is_open(path: str) -> None:
    assert NeedTable().find("GET", path) is None


def test_the_methods_of_a_path_are_all_of_them() -> None:
    table = NeedTable()
    assert table.methods("/api/v1/session") == {"GET", "POST", "DELETE"}
    assert table.methods("/api/v1/alerts/a1/ack") == {"POST"}
    assert table.methods("/somewhere") == set()


def test_the_page_about_security_names_every_scope() -> None:
    text = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")
    assert all(f"| `{scope.value}` |" in text for scope in Scope)


def test_a_need_of_some_sites_is_the_plain_one() -> None:
    assert Need(Scope.READ).whole is False
