from __future__ import annotations

import pytest
from support.api import Client, World
from support.memory_letters import a_letter

from podtwin.api.paging import make_cursor
from podtwin.letters import Stage

PATH = "/api/v1/deadletters"


@pytest.fixture
def world() -> World:
    made = World()
    made.letters.kept = [a_letter(number) for number in range(5, 0, -1)]
    return made


def test_letters_are_listed_with_rule_and_way_out(world: World) -> None:
    said = Client(world).get(PATH).json()
    assert [each["id"] for each in said["deadletters"]] == ["i5", "i4", "i3", "i2", "i1"]
    assert said["next"] is None
    first = said["deadletters"][-1]
    assert (first["at"], first["reason"]) == ("1970-01-01T00:00:01Z", "not_json")
    assert (first["rule"], first["size"]) == ("a payload is one JSON object", 7)
    assert "payload" not in first
    assert first["retry"] == {
        "possible": True, "why_not": "", "waiting": False, "retried_at": None, "stored": None,
        "outcome": "",
    }  # fmt: skip


def test_pages_lead_to_one_another(world: World) -> None:
    client, found, cursor = Client(world), [], ""
    while True:
        said = client.get(f"{PATH}?limit=2{cursor}").json()
        found += [each["id"] for each in said["deadletters"]]
        if said["next"] is None:
            break
        cursor = f"&cursor={said['next']}"
    assert found == ["i5", "i4", "i3", "i2", "i1"]


def test_filters_leave_what_they_name(world: World) -> None:
    world.letters.kept.append(
        a_letter(0, site="osl-01", node="bms", reason="bucket retention", stage=Stage.FORWARD)
    )
    client = Client(world)
    for asked in ("site=osl-01", "node=bms", "reason=bucket+retention", "stage=forward"):
        assert [e["id"] for e in client.get(f"{PATH}?{asked}").json()["deadletters"]] == ["i0"]
    since = client.get(f"{PATH}?since=1970-01-01T00:00:04Z").json()["deadletters"]
    assert [each["id"] for each in since] == ["i5", "i4"]


@pytest.mark.parametrize(
    "asked",
    (
        "site=Ams",
        "node=*",
        "stage=intak",
        "since=yesterday",
        "limit=501",
        "cursor=abc",
        f"cursor={make_cursor('1; x', '', '')}",
        f"cursor={make_cursor('', 'x', '')}",
        f"cursor={make_cursor('', '', '-1')}",
        "sitee=ams-03",
    ),
)
def test_what_cannot_be_read_is_refused(world: World, asked: str) -> None:
    answer = Client(world).get(f"{PATH}?{asked}")
    assert answer.status_code == 400
    assert answer.headers["content-type"] == "application/problem+json"


def test_one_is_shown_with_what_was_sent(world: World) -> None:
    world.letters.kept.append(a_letter(9, payload=b"\x00\xff"))
    client = Client(world)
    said = client.get(f"{PATH}/i5").json()
    assert (said["payload"], said["payload_form"]) == ("rubbish", "text")
    said = client.get(f"{PATH}/i9").json()
    assert (said["payload"], said["payload_form"]) == ("00ff", "hex")


def test_one_that_was_tried_again_says_what_came_of_it(world: World) -> None:
    world.letters.kept = [a_letter(1, retried_ns=10**9, outcome="stored", stored=True)]
    said = Client(world).get(f"{PATH}/i1").json()["retry"]
    assert (said["retried_at"], said["stored"]) == ("1970-01-01T00:00:01Z", True)


def test_asking_for_another_try_is_written_down_with_who_asked(world: World) -> None:
    answer = Client(world).post(f"{PATH}/i2/retry")
    assert (answer.status_code, answer.json()) == (202, {"id": "id-0"})
    assert world.letters.asked == [("i2", "local")]


def test_what_cannot_be_tried_again_says_why(world: World) -> None:
    world.letters.kept = [a_letter(1, why_not="only 1024 of its 300000 bytes were kept")]
    answer = Client(world).post(f"{PATH}/i1/retry")
    assert answer.status_code == 409
    assert answer.json()["type"].endswith("not_retried")
    assert "only 1024 of its 300000 bytes" in answer.json()["detail"]
    assert world.letters.asked == []


@pytest.mark.parametrize(("method", "path"), (("GET", "i77"), ("POST", "i77/retry")))
def test_an_unknown_one_is_said_so(world: World, method: str, path: str) -> None:
    answer = Client(world).get(f"{PATH}/{path}", method=method)
    assert answer.status_code == 404
    assert answer.json()["type"].endswith("unknown_deadletter")
