from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from podcore.names import ID_PATTERN
from podcore.topic import Topic, TopicKind, inbound_filters, parse_topic

ids = st.from_regex(ID_PATTERN, fullmatch=True)


@given(ids, ids, st.sampled_from(TopicKind))
def test_a_topic_reads_as_it_was_written(site: str, node: str, kind: TopicKind) -> None:
    topic = Topic(site, node, kind)
    assert parse_topic(str(topic)) == topic


@pytest.mark.parametrize(
    "text",
    (
        "",
        "podtwin/v1/ams-03/gw-1",
        "podtwin/v1/ams-03/gw-1/telemetry/x",
        "podtwin/v2/ams-03/gw-1/telemetry",
        "podtwin/v1/AMS/gw-1/telemetry",
        "podtwin/v1/ams-03//telemetry",
        "podtwin/v1/ams-03/gw-1/commands",
        "podtwin/v1/ams-03/gw\x00/telemetry",
        "podtwin/v1/+/#",
        "spBv1.0/group/NDATA/node",
    ),
)
def test_other_topics_are_not_ours(text: str) -> None:
    assert parse_topic(text) is None


@given(st.text(max_size=60))
def test_any_text_is_read_without_raising(text: str) -> None:
    topic = parse_topic(text)
    assert topic is None or str(topic) == text


def test_ingest_hears_all_but_its_own_acks() -> None:
    assert inbound_filters() == [
        "podtwin/v1/+/+/telemetry",
        "podtwin/v1/+/+/birth",
        "podtwin/v1/+/+/state",
    ]
