"""Ids of sites, nodes, assets and points: patterns, splitting, ranges, near misses."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable

ID_PATTERN = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
POINT_PATTERN = r"[a-z][a-z0-9_]{0,63}"
ID_RULE = "an id is 1 to 63 of a-z, 0-9 and -, with no - at either end"
POINT_RULE = "a point is a letter a-z followed by up to 63 of a-z, 0-9 and _"

_ID = re.compile(ID_PATTERN)
_POINT = re.compile(POINT_PATTERN)
_LOCAL = re.compile(f"({ID_PATTERN})/({POINT_PATTERN})")
_RANGE = re.compile(r"([^\[\]]*)\[([a-z0-9]+)-([a-z0-9]+)\]([^\[\]]*)")

_MAX_SHOWN = 12  # words in a sentence: more are read by nobody
MAX_RANGE = 2_000  # as many members as a site may have points


def is_id(text: str) -> bool:
    """Whether `text` may name a site, node or asset."""
    return _ID.fullmatch(text) is not None


def is_point(text: str) -> bool:
    """Whether `text` may name a point of an asset."""
    return _POINT.fullmatch(text) is not None


def is_local_id(text: str) -> bool:
    """Whether `text` is `asset/point`."""
    return _LOCAL.fullmatch(text) is not None


def split_local_id(text: str) -> tuple[str, str]:
    """The asset and the point of `asset/point`.

    Raises
    ------
    ValueError  When `text` is not of that form.
    """
    match = _LOCAL.fullmatch(text)
    if match is None:
        msg = f"{text!r} is not asset/point: {ID_RULE}; {POINT_RULE}"
        raise ValueError(msg)
    return match[1], match[2]


def split_point_id(text: str) -> tuple[str, str]:
    """The site and the local id `asset/point` of `site/asset/point`.

    Raises
    ------
    ValueError  When `text` is not of that form.
    """
    site, _, local = text.partition("/")
    if not is_id(site) or not is_local_id(local):
        msg = f"{text!r} is not site/asset/point: {ID_RULE}; {POINT_RULE}"
        raise ValueError(msg)
    return site, local


def expand_range(text: str) -> list[str]:
    """The ids that `rack-[01-03]` or `pdu-[a-b]` stands for; a plain id stands for itself.

    Raises
    ------
    ValueError  When the brackets are not one range, from low to high, of numbers or of letters.
    """
    if "[" not in text and "]" not in text:
        return [text]
    match = _RANGE.fullmatch(text)
    if match is None:
        msg = (
            f"{text!r} is not a range; write one pair of brackets, as in rack-[01-03] or pdu-[a-b]"
        )
        raise ValueError(msg)
    head, low, high, tail = match.groups()
    return [f"{head}{member}{tail}" for member in _members(text, low, high)]


def _members(text: str, low: str, high: str) -> list[str]:
    if low.isdigit() and high.isdigit():
        first, last, width = int(low), int(high), len(low)
        if first <= last and last - first < MAX_RANGE and len(high) >= width:
            return [str(number).zfill(width) for number in range(first, last + 1)]
    elif len(low) == len(high) == 1 and low.isalpha() and high.isalpha() and low <= high:
        return [chr(code) for code in range(ord(low), ord(high) + 1)]
    rule = f"a range from low to high of numbers or single letters (at most {MAX_RANGE})"
    raise ValueError(f"{text!r} is not {rule}")


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The known word that looks most like `word`, or None when none is close."""
    words = list(known)
    close = difflib.get_close_matches(word, words, n=1, cutoff=0.6)
    if not close:  # short words in the wrong case, such as kw for kW, share too few letters
        close = [known_word for known_word in words if known_word.casefold() == word.casefold()]
    return close[0] if close else None


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """A way out for a wrong word: the nearest known one, else the list of them."""
    words = sorted(known)
    close = nearest(word, words)
    if close is not None:
        return f"nearest is {close!r}"
    shown = ", ".join(words[:_MAX_SHOWN]) + (", …" if len(words) > _MAX_SHOWN else "")
    return f"known are {shown}" if words else "none are known"
