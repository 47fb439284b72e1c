"""The sink against a server that answers as InfluxDB does; the real one is in tests/system."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import msgspec
import pytest
from support.fake_influx import FakeInflux, Reply, conflict, too_old
from support.frames import MIDNIGHT_NS, NS, reading
from support.manual_clock import ManualClock
from support.mosquitto import free_port

from podcore.errors import Refused, Unreachable
from podcore.frame import Frame
from podcore.ports import Sink, WriteRefused
from podtwin.store import influx_requests
from podtwin.store.influx import InfluxSink
from podtwin.store.influx_client import InfluxAddress
from podtwin.store.influx_lines import LineEncoder

OLD_NS = 1_650_000_000 * NS
BOUND, BOUND_S = "2026-10-26T03:03:14", 1_792_983_794


@pytest.fixture
def server() -> Iterator[FakeInflux]:
    with FakeInflux() as running:
        yield running


def sink_to(address: InfluxAddress, read_s: float = 20.0) -> InfluxSink:
    return InfluxSink(address, LineEncoder(list), ManualClock(), read_s=read_s)


def frames(
    count: int,
    values: Mapping[str, float] | None = None,
    *,
    site: str = "lab",
    from_ns: int = MIDNIGHT_NS,
    offset: int = 1,
) -> list[Frame]:
    held = values or {"rack-1/power": 1.0, "rack-2/power": 2.0}
    made = (reading(held, from_ns + n * NS, site=site, seq=offset + n) for n in range(count))
    return [msgspec.structs.replace(each, offset=offset + n) for n, each in enumerate(made)]


def written(server: FakeInflux) -> set[str]:
    return set(server.lines)


def refusals(refused: Sequence[WriteRefused]) -> set[tuple[int, str]]:
    return {(each.offset, each.reason) for each in refused}


def test_it_is_a_sink_and_sends_gzipped_lines_to_org_and_bucket(server: FakeInflux) -> None:
    sink: Sink = sink_to(server.address)
    assert sink.write(frames(2)) == []
    assert len(server.lines) == 6
    assert "org=acme" in server.paths[0]
    assert "bucket=twin" in server.paths[0]
    assert "precision=ns" in server.paths[0]
    assert server.headers[0]["Content-Encoding"] == "gzip"
    assert server.headers[0]["Authorization"] == "Token secret"


def test_nothing_is_sent_for_frames_without_lines(server: FakeInflux) -> None:
    assert sink_to(server.address).write([]) == []
    assert server.requests == []


def test_a_value_that_no_line_can_hold_is_refused_and_named(server: FakeInflux) -> None:
    values = {"rack-1/power": float("nan"), "rack-2/power": 2.0}
    refused = sink_to(server.address).write(frames(1, values))
    assert refused == [WriteRefused(1, "no finite number", "rack-1/power")]
    assert len(server.lines) == 2


def test_requests_are_bounded_in_lines_and_in_flight(
    server: FakeInflux, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(influx_requests, "LINES", 30)
    many = [frame for n in range(8) for frame in frames(20, site=f"s{n}")]
    assert sink_to(server.address).write(many) == []
    assert len(server.lines) == 8 * 20 * 3
    assert max(len(request) for request in server.requests) == 30
    assert server.most_at_once <= influx_requests.IN_FLIGHT


def test_requests_are_bounded_in_bytes(server: FakeInflux, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(influx_requests, "MAX_BYTES", 1_000)
    sink_to(server.address).write(frames(20))
    assert max(sum(map(len, request)) for request in server.requests) <= 1_000


def test_lines_of_a_site_stay_in_order(server: FakeInflux, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(influx_requests, "LINES", 10)
    sink_to(server.address).write([f for n in range(5) for f in frames(30, site=f"s{n}")])
    for n in range(5):
        times = [int(line.split(" ")[-1]) for line in server.lines if f"site=s{n}," in line]
        assert times == sorted(times)


def test_a_field_of_another_type_costs_its_own_values_alone(server: FakeInflux) -> None:
    server.judge = lambda lines: conflict(lines, "other", "inlet_temp")
    values = {"rack-1/power": 1.0, "rack-1/inlet_temp": 20.0, "rack-2/power": 2.0}
    refused = sink_to(server.address).write(frames(50, values))
    assert refusals(refused) == {(n, "field type conflict") for n in range(1, 51)}
    assert refused[0].line.split(" ")[-2] == "inlet_temp=20.0"
    assert '"inlet_temp"' in refused[0].detail
    assert sum("rack-1" in line and "power=1.0" in line for line in written(server)) == 50
    assert sum("rack-2" in line for line in written(server)) == 50
    assert sum(line.startswith("frame") for line in written(server)) == 50
    assert len(server.requests) <= 4  # however many lines it hits


def test_two_conflicts_in_one_line_are_both_found(server: FakeInflux) -> None:
    server.judge = lambda lines: conflict(lines, "other", "a") or conflict(lines, "other", "b")
    refused = sink_to(server.address).write(frames(3, {"x/a": 1.0, "x/b": 2.0, "x/c": 3.0}))
    assert len(refused) == 6
    assert sum(line.split(" ")[-2] == "c=3.0" for line in written(server)) == 3


def test_a_conflict_in_words_that_nobody_knows_is_found_by_halves(server: FakeInflux) -> None:
    def judge(lines: Sequence[str]) -> Reply | None:
        bad = any(",b=" in line or " b=" in line for line in lines)
        return Reply(422, "partial write: of some other kind dropped=1") if bad else None

    server.judge = judge
    refused = sink_to(server.address).write(frames(9, {"x/a": 1.0, "x/b": 2.0, "y/c": 3.0}))
    assert refusals(refused) == {(n, "partial write") for n in range(1, 10)}
    assert {each.line.split(" ")[-2] for each in refused} == {"b=2.0"}
    assert sum("asset=y" in line for line in written(server)) == 9
    assert sum(line.split(" ")[-2] == "a=1.0" for line in written(server)) == 9


def test_rows_older_than_the_bucket_keeps_are_refused_for_its_retention(server: FakeInflux) -> None:
    server.judge = lambda lines: too_old(lines, BOUND_S, BOUND)
    old = frames(40, site="old", from_ns=OLD_NS)
    new = frames(40, site="new", offset=41)
    refused = sink_to(server.address).write(
        [f for pair in zip(old, new, strict=True) for f in pair]
    )
    assert refusals(refused) == {(n, "bucket retention") for n in range(1, 41)}
    assert sum("site=new" in line for line in written(server)) == 40 * 3
    assert len(server.requests) == 3


def test_a_line_that_cannot_be_read_is_refused_alone(server: FakeInflux) -> None:
    def judge(lines: Sequence[str]) -> Reply | None:
        bad = [line for line in lines if "seq=5i" in line]
        return Reply(400, f"unable to parse '{bad[0]}': no reason") if bad else None

    server.judge = judge
    refused = sink_to(server.address).write(frames(20))
    assert refusals(refused) == {(5, "not line protocol")}
    assert len(written(server)) == 59


def test_a_request_too_large_is_halved_down_to_a_line(server: FakeInflux) -> None:
    server.judge = lambda lines: Reply(413, "too large") if len(lines) > 4 else None
    assert sink_to(server.address).write(frames(20)) == []
    assert len(written(server)) == 60
    server.judge = lambda _: Reply(413, "too large")
    refused = sink_to(server.address).write(frames(1))
    assert refusals(refused) == {(1, "too large")}
    assert len(refused) == 3


@pytest.mark.parametrize("status", (401, 403, 404))
def test_when_we_are_refused_no_line_is(server: FakeInflux, status: int) -> None:
    server.judge = lambda _: Reply(status, "no")
    with pytest.raises(Refused, match=str(status)):
        sink_to(server.address).write(frames(1))


def test_an_answer_of_something_else_condemns_no_line(server: FakeInflux) -> None:
    server.judge = lambda _: Reply(400, "<html>Bad Request</html>", plain=True)
    with pytest.raises(Refused, match="is that InfluxDB 2"):
        sink_to(server.address).write(frames(1))


@pytest.mark.parametrize(
    ("reply", "asked_s"),
    (
        (Reply(429, "slow down", {"Retry-After": "7"}), 7.0),
        (Reply(503, "starting", {"Retry-After": "3"}), 3.0),
        (Reply(500, "internal error"), None),
        (Reply(502, "<html>", plain=True), None),
    ),
)
def test_a_busy_server_is_unreachable_for_as_long_as_it_asks(
    server: FakeInflux, reply: Reply, asked_s: float | None
) -> None:
    server.judge = lambda _: reply
    with pytest.raises(Unreachable, match=str(reply.status)) as caught:
        sink_to(server.address).write(frames(1))
    assert caught.value.retry_after_s == asked_s


def test_nobody_there_is_unreachable() -> None:
    address = InfluxAddress(f"http://127.0.0.1:{free_port()}", "acme", "twin", "secret")
    with pytest.raises(Unreachable, match="Connection refused"):
        sink_to(address).write(frames(1))


def test_a_server_that_takes_and_says_nothing_is_unreachable(server: FakeInflux) -> None:
    server.silent.set()
    with pytest.raises(Unreachable, match="timed out"):
        sink_to(server.address, read_s=0.2).write(frames(1))


def test_after_a_failure_the_same_is_written_again(server: FakeInflux) -> None:
    server.replies.append(Reply(503, "starting"))
    sink = sink_to(server.address)
    with pytest.raises(Unreachable):
        sink.write(frames(2))
    assert sink.write(frames(2)) == []
    assert len(server.lines) == 6


def test_a_failure_of_one_request_in_flight_is_a_failure_of_all(
    server: FakeInflux, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(influx_requests, "LINES", 10)
    server.judge = lambda lines: Reply(503) if any("site=s1," in line for line in lines) else None
    with pytest.raises(Unreachable):
        sink_to(server.address).write([f for n in range(4) for f in frames(5, site=f"s{n}")])


def test_a_refused_line_can_be_sent_again(server: FakeInflux) -> None:
    line = f"rack,site=lab,asset=rack-1,source=measured power=1.0 {MIDNIGHT_NS}"
    sink = sink_to(server.address)
    assert sink.write_line(line) == []
    assert server.lines == [line]
    server.judge = lambda lines: conflict(lines, "rack", "power")
    assert [each.reason for each in sink.write_line(line)] == ["field type conflict"]
