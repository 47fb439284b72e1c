from __future__ import annotations

import pytest

from podtwin.api.paging import make_cursor, read_cursor, read_number
from podtwin.api.problem import ProblemError


def test_a_cursor_comes_back_as_it_was_given() -> None:
    assert read_cursor(make_cursor("open", "12", "é"), 3) == ["open", "12", "é"]


@pytest.mark.parametrize("text", ("0", "1795521600000000000", str(2**63 - 1)))
def test_a_number_in_it_is_one_that_the_database_counts(text: str) -> None:
    assert read_number("c", text) == int(text)


@pytest.mark.parametrize("text", ("", "²", "-1", "1_0", " 1", str(2**63), "9" * 20, "9" * 5_000))
def test_any_other_is_refused(text: str) -> None:
    with pytest.raises(ProblemError, match="none that was given out"):
        read_number("c", text)
