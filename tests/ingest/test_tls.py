from __future__ import annotations

import ssl

import pytest

from ingest.tls import why_unreachable


def unverified(code: int, message: str = "") -> ssl.SSLCertVerificationError:
    error = ssl.SSLCertVerificationError(1, "certificate verify failed")
    error.verify_code, error.verify_message = code, message
    return error


@pytest.mark.parametrize(
    ("code", "said"),
    (
        (62, "for another name"),
        (64, "for another name"),
        (10, "has expired"),
        (18, "nobody known here vouches"),
        (19, "nobody known here vouches"),
        (20, "nobody known here vouches"),
        (23, "is not accepted: certificate revoked"),
    ),
)
def test_why_a_certificate_is_not_trusted_is_said_in_words(code: int, said: str) -> None:
    assert said in why_unreachable(unverified(code, "certificate revoked"))


def test_a_port_that_speaks_something_else_is_said_to_be_one() -> None:
    error = ssl.SSLError(1, "wrong version number")
    error.reason = "WRONG_VERSION_NUMBER"
    assert "is it a TLS port" in why_unreachable(error)


def test_other_failures_keep_their_own_words() -> None:
    assert why_unreachable(ConnectionRefusedError(111, "Connection refused")) == (
        "connection refused"
    )
    assert why_unreachable(TimeoutError("timed out")) == "timed out"
