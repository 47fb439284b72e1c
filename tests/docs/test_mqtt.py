"""The page about MQTT: its payloads are taken, its tables are the code's."""

from __future__ import annotations

import json
import re
import shlex

import pytest
from support.documents import blocks, rows, section, text_of
from support.site_files import AIR_DX

from ingest.native import (
    Telemetry,
    decode_ack,
    decode_birth,
    decode_state,
    decode_telemetry,
)
from ingest.reasons import Reason, Rejected, reject
from ingest.registry import Registry
from ingest.validate import Accepted, Validator
from podcore.clock import NS
from podcore.frame import Flag
from podcore.topic import Topic, TopicKind, parse_topic
from podtwin.config.sites import read_site
from podtwin.config.yaml_lines import read_documents

PAGE = "docs/mqtt.md"
PAYLOADS = [block.text.strip() for block in blocks("json", PAGE)]
RECV_NS = 1_795_529_005 * NS  # five seconds after the page's examples


def kind_of(payload: str) -> TopicKind:
    fields = json.loads(payload).keys()
    if "points" in fields:
        return TopicKind.BIRTH
    if "state" in fields:
        return TopicKind.STATE
    return TopicKind.TELEMETRY if {"m", "a"} & fields else TopicKind.ACK


def is_taken(kind: TopicKind, payload: bytes) -> bool:
    match kind:
        case TopicKind.TELEMETRY:
            message = decode_telemetry(payload)
            return isinstance(message, Telemetry) and not message.bad
        case TopicKind.BIRTH:
            return not isinstance(decode_birth(payload), Rejected)
        case TopicKind.STATE:
            return not isinstance(decode_state(payload), Rejected)
        case TopicKind.ACK:
            return decode_ack(payload) is not None


@pytest.mark.parametrize("payload", PAYLOADS)
def test_a_payload_of_the_page_is_taken(payload: str) -> None:
    assert is_taken(kind_of(payload), payload.encode())


def test_the_page_shows_every_kind() -> None:
    assert {kind_of(payload) for payload in PAYLOADS} == set(TopicKind)


def test_the_telemetry_of_the_page_is_stored_whole_after_its_birth() -> None:
    registry = Registry({}, {}, {}, discover=False)
    (document,) = read_documents(AIR_DX.encode(), "ams-03.yaml")
    registry.adopt(read_site(document, "ams-03.yaml"), RECV_NS)
    born = next(p for p in PAYLOADS if kind_of(p) is TopicKind.BIRTH and '"first"' in p)
    birth = decode_birth(born.encode())
    assert not isinstance(birth, Rejected)
    assert registry.birth("ams-03", "gw-1", birth, None, RECV_NS).bad == []
    for payload in PAYLOADS:
        if kind_of(payload) is TopicKind.TELEMETRY:
            message = decode_telemetry(payload.encode())
            assert isinstance(message, Telemetry)
            answer = Validator(registry).telemetry("ams-03", "gw-1", message, RECV_NS)
            assert isinstance(answer, Accepted)
            assert answer.bad == []


def published() -> list[tuple[str, str]]:
    """Topics and payloads of all lines for mosquitto_pub."""
    lines = [line for block in blocks("sh") for line in block.lines]
    words = [shlex.split(line) for line in lines if line.startswith("mosquitto_pub ")]
    return [(each[each.index("-t") + 1], each[each.index("-m") + 1]) for each in words]


@pytest.mark.parametrize(("topic", "payload"), published())
def test_a_line_for_mosquitto_pub_sends_what_is_taken(topic: str, payload: str) -> None:
    address = parse_topic(topic)
    assert address is not None
    assert is_taken(address.kind, payload.encode())


def test_every_reason_stands_there_with_its_rule_and_way_out() -> None:
    texts = {reason: reject(reason, "", "") for reason in Reason}
    expected = {(reason.value, each.rule, each.way_out) for reason, each in texts.items()}
    assert set(rows(section(PAGE, "## Why an input is refused"))) == expected


def test_every_flag_stands_there_with_its_bit() -> None:
    named = {(int(bit), word) for bit, word, _ in rows(section(PAGE, "## Quality flags"))}
    assert named == {(flag.value, str(flag.name).lower()) for flag in Flag if flag}


def test_the_topics_are_those_of_the_code() -> None:
    shown = re.findall(r"^podtwin/v1/\S+", section(PAGE, "## Topics"), re.MULTILINE)
    topics = {str(Topic("SITE", "NODE", kind)) for kind in TopicKind}
    assert {t.format(site="SITE", node="NODE") for t in shown} == topics


@pytest.mark.parametrize(
    ("module", "name", "text"),
    (
        ("ingest.sending", "WINDOW", "at most 500 messages"),
        ("ingest.sending", "RESEND_S", "not moved for 30 s"),
        ("ingest.sending", "ACK_WAIT_S", "wait up to 5 s"),
        ("ingest.native", "MAX_PAYLOAD", "at most 256 KiB"),
        ("ingest.dedupe", "MAX_INTERVALS", "After 1,000 gaps"),
        ("ingest.validate", "LATE_NS", "more than 60 s"),
        ("ingest.validate", "AHEAD_NS", "more than 2 s"),
    ),
)
def test_a_number_of_the_page_is_that_of_the_code(module: str, name: str, text: str) -> None:
    value = getattr(__import__(module, fromlist=[name]), name)
    value = value / NS if name.endswith("_NS") else value
    value = value / 1024 if name == "MAX_PAYLOAD" else value
    assert text in text_of(PAGE)
    assert int(re.sub(r"\D", "", text)) == value
