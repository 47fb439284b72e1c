from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.topic_filter import NATIVE, TopicFilter

LEVEL = st.sampled_from(("a", "b", "", "podtwin"))
TOPICS = st.lists(LEVEL, min_size=1, max_size=4).map("/".join).filter(bool)


@st.composite
def filters(draw: st.DrawFn) -> TopicFilter:
    levels = draw(st.lists(st.one_of(LEVEL, st.just("+")), max_size=4))
    levels += ["#"] if not levels or levels == [""] or draw(st.booleans()) else []
    return TopicFilter.parse("/".join(levels))


@pytest.mark.parametrize(
    ("text", "topic", "fits"),
    (
        ("telegraf/#", "telegraf/node-01/cpu", True),
        ("telegraf/#", "telegraf", True),
        ("telegraf/#", "telegrafs/cpu", False),
        ("telegraf/+/cpu", "telegraf/node-01/cpu", True),
        ("telegraf/+/cpu", "telegraf/cpu", False),
        ("telegraf/+", "telegraf/a/b", False),
        ("+/+", "a/b", True),
        ("+", "/a", False),
        ("#", "any/thing", True),
        ("#", "$SYS/broker/load", False),
        ("a/b", "a/b", True),
    ),
)
def test_a_filter_means_what_mqtt_says(text: str, topic: str, fits: bool) -> None:
    assert TopicFilter.parse(text).matches(topic) is fits


@pytest.mark.parametrize(
    "text", ("", "a/#/b", "a#", "a/b+", "++", "$SYS/#", "$share/g/a", "a\x00b")
)
def test_what_is_no_filter_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="topic"):
        TopicFilter.parse(text)


@given(filters(), filters(), TOPICS)
def test_two_filters_that_mean_one_topic_overlap(
    one: TopicFilter, other: TopicFilter, topic: str
) -> None:
    if one.matches(topic) and other.matches(topic):
        assert one.overlaps(other)
    assert one.overlaps(other) == other.overlaps(one)


@pytest.mark.parametrize(
    ("one", "other", "meet"),
    (
        ("telegraf/#", "telegraf/+/cpu", True),
        ("a/+", "+/b", True),
        ("a/#", "a", True),
        ("a/b", "a/b/c", False),
        ("a/+", "b/+", False),
        ("plant/a/#", "plant/b/#", False),
    ),
)
def test_an_overlap_is_seen(one: str, other: str, meet: bool) -> None:
    assert TopicFilter.parse(one).overlaps(TopicFilter.parse(other)) is meet


def test_what_may_meet_native_topics_is_seen() -> None:
    for text in ("#", "podtwin/#", "+/v1/x", "podtwin/v1/ams-03/gw-1/telemetry"):
        assert TopicFilter.parse(text).overlaps(NATIVE), text
    assert not TopicFilter.parse("podtwin/v2/#").overlaps(NATIVE)
