from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from podtwin.letters import PREVIEW_BYTES, preview


@pytest.mark.parametrize(
    ("payload", "shown"),
    (
        (b"", ("", "text")),
        ('{"t":"°C"}\r\n'.encode(), ('{"t":"°C"}\r\n', "text")),
        (b"\xff\x00", ("ff00", "hex")),
        (b"a\x1b[31m", ("611b5b33316d", "hex")),  # what would recolour a terminal
        ("a°".encode()[:2], ("61c2", "hex")),
    ),
)
def test_a_payload_is_text_where_it_can_be_read(payload: bytes, shown: tuple[str, str]) -> None:
    assert preview(payload) == shown


def test_a_character_that_the_cut_goes_through_is_left_out() -> None:
    cut = ("x" * (PREVIEW_BYTES - 1) + "°").encode()[:PREVIEW_BYTES]
    assert preview(cut) == ("x" * (PREVIEW_BYTES - 1), "text")


@given(st.binary(max_size=50))
def test_what_is_shown_can_be_printed(payload: bytes) -> None:
    text, form = preview(payload)
    assert form == "text" or bytes.fromhex(text) == payload
    assert all(each.isprintable() or each in "\t\r\n" for each in text)
