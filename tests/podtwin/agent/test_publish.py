from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from support.memory_broker import MemoryBroker
from support.receiver import Receiver

from ingest.address import BrokerAddress
from ingest.native import decode_telemetry
from ingest.sender import Patience, Sender
from podcore.clock import SystemClock
from podcore.errors import ConfigError
from podtwin.agent.blocks import BLOCK
from podtwin.agent.mapping import parse_maps
from podtwin.agent.publish import (
    End,
    Outcome,
    Pace,
    Publication,
    Publisher,
    TableBacklog,
    due_rows,
    prepare,
)

QUICK = Patience(window=200, resend_s=0.3, ack_wait_s=0.2)


def file_of(folder: Path, rows: int, step_s: int = 10) -> Path:
    file = folder / f"{rows}.csv"
    lines = [f"{1600000000 + n * step_s},{n}" for n in range(rows)]
    file.write_text("t,p\n" + "\n".join(lines) + "\n")
    return file


def prepared(folder: Path, rows: int, step_s: int = 10) -> Publication:
    return prepare([file_of(folder, rows, step_s)], "t", parse_maps(["p=a/power:kW"]), "s", "n")


def run(
    publication: Publication,
    broker: MemoryBroker,
    pace: Pace = Pace(),  # noqa: B008 - frozen
    progress: Callable[[int, int], None] = lambda _done, _goal: None,
) -> Outcome:
    def sender(*args: object, **options: object) -> Sender:
        return Sender(*args, **options, open_link=broker.open_link)  # type: ignore[arg-type]

    address = BrokerAddress("memory")
    publisher = Publisher(publication, address, SystemClock(), pace, patience=QUICK, sender=sender)
    return publisher.run(progress)


def test_the_same_input_has_the_same_boot_and_the_same_bytes(tmp_path: Path) -> None:
    one, two = prepared(tmp_path, 5), prepared(tmp_path, 5)
    assert one.boot == two.boot
    assert len(one.boot) == 26
    backlogs = [TableBacklog(p.boot, p.table).read(0, 5) for p in (one, two)]
    assert backlogs[0] == backlogs[1]


def test_a_row_is_a_message_with_its_number_time_and_values(tmp_path: Path) -> None:
    publication = prepared(tmp_path, 3)
    message = TableBacklog(publication.boot, publication.table).read(1, 1)[0]
    read = decode_telemetry(message.payload)
    assert message.seq == 2
    assert (read.seq, read.boot) == (2, publication.boot)
    assert getattr(read, "ts", None) == 1600000010 * 10**9
    assert getattr(read, "values", None) == {"a/power": 1.0}


@pytest.mark.parametrize("limit", (1, 7, 499, 500, 501, 3_000))
def test_rows_are_read_whole_whatever_the_size_of_a_read(tmp_path: Path, limit: int) -> None:
    publication = prepared(tmp_path, 2 * BLOCK + 3)
    backlog = TableBacklog(publication.boot, publication.table)
    seqs: list[int] = []
    while messages := backlog.read(len(seqs), limit):
        seqs += [message.seq for message in messages]
    assert seqs == list(range(1, 2 * BLOCK + 4))


def test_the_birth_says_recorded_with_units_and_the_distance_of_rows(tmp_path: Path) -> None:
    receiver = Receiver()
    run(prepared(tmp_path, 3, step_s=30), MemoryBroker(receiver))
    birth = receiver.births[0]
    assert (birth.recorded, birth.first) == (True, 1)
    (point,) = birth.points
    assert (point.id, point.quantity, point.unit, point.period_s) == (
        "a/power",
        "power",
        "kW",
        30.0,
    )


def test_all_rows_are_acknowledged(tmp_path: Path) -> None:
    receiver, seen = Receiver(), list[tuple[int, int]]()
    outcome = run(
        prepared(tmp_path, 1_234),
        MemoryBroker(receiver),
        progress=lambda done, goal: seen.append((done, goal)),
    )
    assert (outcome.end, outcome.confirmed, outcome.before) == (End.DONE, 1_234, 0)
    assert receiver.duplicates == 0
    assert seen[-1] == (1_234, 1_234)


def test_a_second_run_goes_on_after_what_was_acknowledged(tmp_path: Path) -> None:
    receiver = Receiver()
    broker, publication = MemoryBroker(receiver), prepared(tmp_path, 700)
    first = run(publication, broker, Pace(max_messages=300))
    assert (first.end, first.confirmed) == (End.DONE, 300)
    second = run(publication, broker)
    assert (second.confirmed, second.before) == (700, 300)
    assert receiver.duplicates == 0
    third = run(publication, broker)
    assert (third.confirmed, third.before, receiver.duplicates) == (700, 700, 0)


def test_a_wiped_receiver_gets_all_of_it_again(tmp_path: Path) -> None:
    receiver = Receiver()
    broker, publication = MemoryBroker(receiver), prepared(tmp_path, 700)
    run(publication, broker)
    receiver.wipe()
    outcome = run(publication, broker)
    assert (outcome.confirmed, outcome.before) == (700, 0)
    assert receiver.stored(publication.boot) == set(range(1, 701))


def test_without_a_receiver_it_gives_up_and_says_what_is_missing(tmp_path: Path) -> None:
    receiver = Receiver()
    receiver.deaf = True
    outcome = run(prepared(tmp_path, 3), MemoryBroker(receiver), Pace(give_up_s=0.5))
    assert (outcome.end, outcome.confirmed) == (End.NO_RECEIVER, 0)


def test_without_a_broker_it_gives_up(tmp_path: Path) -> None:
    broker = MemoryBroker(Receiver())
    broker.away = True
    outcome = run(prepared(tmp_path, 3), broker, Pace(give_up_s=0.5))
    assert outcome.end is End.NO_BROKER
    assert outcome.detail == "the broker is away"


def test_a_broker_that_refuses_ends_it_at_once(tmp_path: Path) -> None:
    broker = MemoryBroker(Receiver())
    broker.refusing = "not authorized"
    outcome = run(prepared(tmp_path, 3), broker)
    assert (outcome.end, outcome.detail) == (End.REFUSED, "not authorized")


def test_an_interrupt_leaves_in_order_and_the_next_run_goes_on(tmp_path: Path) -> None:
    receiver = Receiver()
    broker, publication = MemoryBroker(receiver), prepared(tmp_path, 50, step_s=1)

    pressed: list[int] = []

    def interrupt(done: int, _goal: int) -> None:
        if done >= 2 and not pressed:
            pressed.append(done)
            raise KeyboardInterrupt

    outcome = run(publication, broker, Pace(speed=50.0), interrupt)
    assert outcome.end is End.INTERRUPTED
    assert 2 <= outcome.confirmed < 50
    assert run(publication, broker).confirmed == 50


def test_a_speed_keeps_the_distance_of_the_rows(tmp_path: Path) -> None:
    table = prepared(tmp_path, 100).table
    assert due_rows(table.ts_ns, 0, 0.0, 60.0) == 1
    assert due_rows(table.ts_ns, 0, 1.0, 60.0) == 7
    assert due_rows(table.ts_ns, 40, 1.0, 60.0) == 47
    assert due_rows(table.ts_ns, 0, 1e6, 60.0) == 100
    assert due_rows(table.ts_ns, 100, 0.0, 60.0) == 100
    assert due_rows(table.ts_ns, 0, 0.0, None) == 100


def test_more_columns_than_a_message_holds_are_refused(tmp_path: Path) -> None:
    maps = parse_maps([f"p={'a' * 60}/{'x' * 55}_{n}:W" for n in range(1_900)])
    with pytest.raises(ConfigError, match="must fit into one message"):
        prepare([file_of(tmp_path, 1)], "t", maps, "s", "n")
