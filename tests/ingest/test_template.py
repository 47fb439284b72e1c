from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.sample import Names
from ingest.template import Foreign, Template, Variable
from podcore.names import is_id

CPU = Foreign("telegraf/node-01/cpu", Names("cpu", {"host": "Node 01", "cpu": "cpu-total"}), "idle")


def filled(text: str, foreign: Foreign = CPU, between: str = "-") -> str | Variable:
    return Template.parse(text).fill(foreign, between)


@pytest.mark.parametrize(
    ("text", "expected"),
    (
        ("node", "node"),
        ("{tag.host}", "node-01"),
        ("{measurement}-{field}", "cpu-idle"),
        ("{topic.2}", "node-01"),
        ("{topic}", "telegraf-node-01-cpu"),
        ("a{tag.cpu}b", "acpu-totalb"),
    ),
)
def test_a_variable_is_what_the_sender_calls_it_made_an_id(text: str, expected: str) -> None:
    assert filled(text) == expected


@pytest.mark.parametrize("text", ("{tag.room}", "{topic.4}", "x{tag.room}y"))
def test_what_the_sender_does_not_say_is_told(text: str) -> None:
    missing = filled(text)
    assert isinstance(missing, Variable)
    assert str(missing) in text


@pytest.mark.parametrize(
    ("text", "says"),
    (
        ("{host}", "nearest is 'tag.host'"),
        ("{tag.}", "a variable is"),
        ("{topic.0}", "nearest is 'topic.2'"),
        ("{tag.host", "has no partner"),
        ("tag.host}", "has no partner"),
        ("{{tag.host}}", "has no partner"),
    ),
)
def test_a_wrong_template_is_refused_with_the_nearest_word(text: str, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        Template.parse(text)


@given(st.text(max_size=62))
def test_whatever_a_name_is_it_becomes_an_id_or_nothing(name: str) -> None:
    made = filled("{tag.host}", Foreign("", Names("m", {"host": name}), "f"))
    assert isinstance(made, Variable) or is_id(made) or len(made) > 63
