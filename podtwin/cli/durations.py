"""Lengths of time in flags."""

from __future__ import annotations


def duration_s(text: str | None, flag: str = "--duration") -> float | None:
    """The seconds that a flag names; None when it was not given.

    Raises
    ------
    ConfigError  When it is no length of time.
    """
    from podcore.duration import parse_duration
    from podcore.errors import ConfigError

    if text is None:
        return None
    try:
        return parse_duration(text)
    except ValueError as error:
        raise ConfigError(flag, text, str(error)) from None
