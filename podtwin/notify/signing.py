"""Standard Webhooks 1.0: secrets, signatures, and how a receiver checks them.

The signature is HMAC-SHA256 over `id.timestamp.body` with the secret's bytes, in base64 behind
its version (standardwebhooks.com, specification 1.0.0).
"""

from __future__ import annotations

import base64
import binascii
import enum
import hashlib
import hmac
from collections.abc import Mapping

from podcore.errors import ConfigError

SECRET_PREFIX = "whsec_"  # noqa: S105 - says what follows it
SECRET_BYTES = 32  # of the 24 to 64 that the specification allows
TOLERANCE_S = 300  # how far the clocks of sender and receiver may be apart, and a replay be old
_MIN_BYTES, _MAX_BYTES = 24, 64


class Verdict(enum.StrEnum):
    """What a receiver found."""

    VERIFIED = "verified"
    HEADER_MISSING = "header_missing"
    TIMESTAMP_OFF = "timestamp_off"
    SIGNATURE_WRONG = "signature_wrong"


def make_secret(chance: bytes) -> str:
    """A secret from so many random bytes."""
    return SECRET_PREFIX + base64.b64encode(chance).decode("ascii")


def secret_key(secret: str) -> bytes:
    """The bytes of a secret.

    Raises
    ------
    ConfigError  When it is not `whsec_` and base64 of 24 to 64 bytes; the secret is not shown.
    """
    try:
        key = base64.b64decode(secret.removeprefix(SECRET_PREFIX), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if not _MIN_BYTES <= len(key) <= _MAX_BYTES:
        rule = f"a secret is {SECRET_PREFIX} and base64 of {_MIN_BYTES} to {_MAX_BYTES} bytes"
        raise ConfigError("--secret", None, rule, "leave it out and one is made")
    return key


def headers(secret: str, message: str, timestamp_s: int, body: bytes) -> dict[str, str]:
    """What a message carries beside its body."""
    return {
        "webhook-id": message,
        "webhook-timestamp": str(timestamp_s),
        "webhook-signature": f"v1,{_signature(secret_key(secret), message, timestamp_s, body)}",
    }


def verify(secret: str, carried: Mapping[str, str], body: bytes, now_s: float) -> Verdict:
    """Whether a message is of who knows the secret, and of now. Header names are lower case."""
    message, signed = carried.get("webhook-id"), carried.get("webhook-signature")
    timestamp = carried.get("webhook-timestamp", "")
    if not message or not signed or not timestamp.isascii() or not timestamp.isdigit():
        return Verdict.HEADER_MISSING
    if abs(now_s - int(timestamp)) > TOLERANCE_S:
        return Verdict.TIMESTAMP_OFF
    expected = f"v1,{_signature(secret_key(secret), message, int(timestamp), body)}"
    # Several signatures may stand there, of an old and a new secret.
    for each in signed.split(" "):
        if hmac.compare_digest(each.encode(), expected.encode()):
            return Verdict.VERIFIED
    return Verdict.SIGNATURE_WRONG


def _signature(key: bytes, message: str, timestamp_s: int, body: bytes) -> str:
    signed = f"{message}.{timestamp_s}.".encode() + body
    return base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode("ascii")
