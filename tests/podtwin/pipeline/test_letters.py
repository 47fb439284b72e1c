"""Dead letters of all stages as one list, and asking for one to be tried again."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from support.frames import NS
from support.ingesting import NOON_NS, air_site, topic
from support.refused import LINE, PARTLY, POWER, letters_of, run, undelivered

from podcore.errors import ConfigError
from podtwin.letters import Letter, LetterQuery, Position, Stage
from podtwin.pipeline.letters import DeadLetters
from podtwin.store.audit import AuditLog, AuditQuery
from podtwin.store.state import StateStore

AT = NOON_NS + NS - 1
SENT = (
    (topic(), b"rubbish"),
    (topic(site="osl-01", node="bms"), POWER),
    (topic(), PARTLY),
    ("podtwin/v1/ams-03/gw-1/telemetries", POWER),
)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("refused")
    run(folder, air_site(), send=SENT)
    undelivered(folder)
    return folder


@pytest.fixture
def folder(made: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(made, tmp_path / "data"))


def ids(folder: Path, query: LetterQuery) -> list[str]:
    with letters_of(folder) as letters:
        return [letter.id for letter in letters.page(query)[0]]


def test_all_stages_stand_in_one_list_the_newest_first(folder: Path) -> None:
    with letters_of(folder) as letters:
        found, following = letters.page(LetterQuery())
    assert following is None
    assert [each.stage.value for each in found] == [
        "forward", "intake", "reading", "intake", "intake",
    ]  # fmt: skip
    assert [each.at_ns for each in found] == sorted((each.at_ns for each in found), reverse=True)
    assert [each.reason for each in found] == [
        "bucket retention", "bad_topic", "unknown_point", "unknown_site", "not_json",
    ]  # fmt: skip


def test_a_letter_says_where_what_which_rule_and_the_way_out(folder: Path) -> None:
    with letters_of(folder) as letters:
        message, line = letters.get("i1"), letters.get("f1")
        assert letters.get("i99") is None
    assert message is not None
    assert (message.topic, message.payload, message.size) == (topic(), b"rubbish", 7)
    assert (message.site, message.node, message.place) == ("ams-03", "gw-1", "payload")
    assert message.value == "b'rubbish'"
    assert message.rule == "a payload is JSON, of PodTwin's own one object"
    assert message.way_out.endswith("validate what the sender makes with a JSON parser")
    assert line is not None
    assert (line.site, line.payload, line.place) == ("ams-03", LINE.encode(), "log offset 7")
    assert line.rule == "influx answered: too old"


@pytest.mark.parametrize(
    ("query", "found"),
    (
        (LetterQuery(site="osl-01"), ["i2"]),
        (LetterQuery(node="bms"), ["i2"]),
        (LetterQuery(reason="not_json"), ["i1"]),
        (LetterQuery(stage=Stage.INTAKE), ["i3", "i2", "i1"]),
        (LetterQuery(stage=Stage.FORWARD, site="ams-03"), ["f1"]),
        (LetterQuery(stage=Stage.FORWARD, site="osl-01"), []),
        (LetterQuery(since_ns=AT + 3 * NS), ["f1", "i3"]),
        (LetterQuery(site="ams-0"), []),
        (LetterQuery(site="ams-03", stage=Stage.INTAKE), ["i1"]),
    ),
)
def test_a_filter_leaves_what_it_names(folder: Path, query: LetterQuery, found: list[str]) -> None:
    assert ids(folder, query) == found


@pytest.mark.parametrize("limit", (1, 2, 3, 5))
def test_pages_put_together_are_the_whole_list(folder: Path, limit: int) -> None:
    run(folder, air_site(), send=((topic(), b"more"),) * 7, hour=2)
    whole = ids(folder, LetterQuery())
    paged: list[str] = []
    after: Position | None = Position()
    with letters_of(folder) as letters:
        while after is not None:
            found, after = letters.page(LetterQuery(limit=limit, after=after))
            paged += [each.id for each in found]
    assert paged == whole
    assert len(set(whole)) == 12


def ask(letters: DeadLetters, letter: str) -> Letter:
    found = letters.get(letter)
    assert found is not None
    letters.retry(found, "kl", NOON_NS, "01JD")
    after = letters.get(letter)
    assert after is not None
    return after


def test_what_is_asked_for_waits_is_done_once_and_says_what_came_of_it(folder: Path) -> None:
    with letters_of(folder) as letters:
        assert ask(letters, "i2").waiting
        assert ask(letters, "i2").waiting  # asking again is the same asking
    run(folder, air_site(), air_site("osl-01"), hour=3)
    with letters_of(folder) as letters:
        after = letters.get("i2")
    assert after is not None
    assert (after.waiting, after.stored, after.outcome) == (False, True, "stored")
    assert after.why_not == "it was tried again already, and stored"


def test_asking_is_audited_once(folder: Path) -> None:
    with letters_of(folder) as letters:
        ask(letters, "i2")
        ask(letters, "i2")
    store = StateStore(folder / "state.db")
    entries = AuditLog(store).page(AuditQuery(what="deadletter_retried"))
    store.close()
    assert [(each.by, each.target) for each in entries] == [("kl", "deadletter/i2")]


def test_a_line_waits_for_its_forwarder(folder: Path) -> None:
    with letters_of(folder) as letters:
        assert ask(letters, "f1").waiting
        assert not letters.page(LetterQuery(stage=Stage.INTAKE))[0][-1].waiting  # i1 does not


def test_what_cannot_be_tried_again_is_refused_with_why(folder: Path) -> None:
    undelivered(folder, whole=False)
    with letters_of(folder) as letters:
        reading = ids(folder, LetterQuery(stage=Stage.READING))[0]
        for letter, why in (("f2", "only 43 of its 44 characters"), (reading, "was not kept")):
            found = letters.get(letter)
            assert found is not None
            with pytest.raises(ConfigError, match=why):
                letters.retry(found, "kl", NOON_NS, "01JD")


@pytest.mark.parametrize("letter", ("", "i", "i-1", "x1", "i" + "9" * 30, "r00", "f1 ", "i٣"))
def test_a_word_that_is_no_id_names_nothing(folder: Path, letter: str) -> None:
    with letters_of(folder) as letters:
        assert letters.get(letter) is None
