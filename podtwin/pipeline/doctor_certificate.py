"""The certificate that is shown to the broker: its end, and who may read its key."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from ingest.certificate import ends_ns, is_open
from podcore.clock import NS, rfc3339
from podcore.errors import ConfigError
from podcore.ports import Clock
from podtwin.pipeline.checks import Check, Verdict

SOON_NS = 30 * 86_400 * NS  # time enough for whoever signs it
NAME = "client certificate"


def check_certificate(
    cert_file: Path | None, key_file: Path | None, clock: Clock
) -> Iterator[Check]:
    """Whether it holds for a while, and only its user can read the key; nothing without one."""
    if cert_file is None:
        return
    try:
        left_ns = (until_ns := ends_ns(cert_file)) - clock.now_ns()
    except ConfigError as error:
        yield Check(NAME, Verdict.FAIL, str(error), error.way_out)
        return
    until = f"{cert_file} holds until {rfc3339(until_ns)}"
    key = key_file or cert_file
    if left_ns <= 0:
        yield Check(NAME, Verdict.FAIL, f"{until}: it has expired", "renew it")
    elif left_ns < SOON_NS:
        yield Check(
            NAME, Verdict.WARN, f"{until}, {left_ns // (86_400 * NS)} days more", "renew it"
        )
    elif key.exists() and is_open(key):
        way_out = f"chmod 640 {key}"
        yield Check(NAME, Verdict.WARN, f"{key} holds a key that everybody may read", way_out)
    else:
        yield Check(NAME, Verdict.OK, until)
