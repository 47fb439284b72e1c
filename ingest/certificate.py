"""The certificate that a client shows to a broker: what is wrong with it, and when it ends.

The standard library reads a certificate only of a connection that is up; of a file it tells no
date. So the one field is found by its place in the DER (RFC 5280, 4.1).
"""

from __future__ import annotations

import ssl
import stat
from datetime import UTC, datetime
from pathlib import Path

from podcore.clock import NS
from podcore.errors import ConfigError

_SEQUENCE, _VERSION, _UTC_TIME = 0x30, 0xA0, 0x17
_LONG = 0x80  # a length of more than a byte begins with how many
_BEFORE_VALIDITY = 3  # serial number, algorithm, issuer
_LONGEST_PEM = 1024 * 1024


def load_certificate(context: ssl.SSLContext, cert_file: Path, key_file: Path | None) -> None:
    """Gives a context the certificate to show. key_file : None where both are in one file.

    Raises
    ------
    ConfigError  When one cannot be read, is none, or the two do not belong together.
    """
    for place, file in (("broker.cert_file", cert_file), ("broker.key_file", key_file)):
        if file is not None:
            _read(place, file)
    try:
        context.load_cert_chain(cert_file, key_file, password=_no_password)
    except _NeedsPasswordError:
        rule = "is locked by a password"
        way_out = "store the key without one, in a file that only its user may read"
        raise ConfigError("broker.key_file", str(key_file or cert_file), rule, way_out) from None
    except ssl.SSLError as error:
        if error.reason == "KEY_VALUES_MISMATCH":
            rule = f"is not the key of {cert_file}"
            way_out = "name the key that the certificate was made with"
            raise ConfigError("broker.key_file", str(key_file), rule, way_out) from None
        rule = "is no PEM file of a certificate and its key"
        way_out = "name the PEM file of the certificate, and in broker.key_file that of its key"
        raise ConfigError("broker.cert_file", str(cert_file), rule, way_out) from None


def ends_ns(cert_file: Path) -> int:
    """Until when the first certificate of a PEM file is valid.

    Raises
    ------
    ConfigError  When it cannot be read, or holds no certificate.
    """
    text = _read("broker.cert_file", cert_file)
    begin, end = "-----BEGIN CERTIFICATE-----", "-----END CERTIFICATE-----"
    try:
        block = text[text.index(begin) : text.index(end) + len(end)]
        return _not_after_ns(ssl.PEM_cert_to_DER_cert(block))
    except (ValueError, IndexError):
        rule = "holds no certificate"
        way_out = "name a PEM file that begins with BEGIN CERTIFICATE"
        raise ConfigError("broker.cert_file", str(cert_file), rule, way_out) from None


def is_open(file: Path) -> bool:
    """Whether others than its user and group may read a file."""
    return bool(file.stat().st_mode & stat.S_IROTH)


class _NeedsPasswordError(Exception):
    pass


def _no_password() -> str:
    raise _NeedsPasswordError  # else OpenSSL would ask for it on the terminal


def _read(place: str, file: Path) -> str:
    try:
        with file.open(encoding="ascii", errors="replace") as opened:
            return opened.read(_LONGEST_PEM)
    except OSError as error:
        rule = f"cannot be read: {(error.strerror or str(error)).lower()}"
        way_out = "name the PEM file, and let the user that PodTwin runs as read it"
        raise ConfigError(place, str(file), rule, way_out) from None


def _not_after_ns(der: bytes) -> int:
    _, certificate, _ = _element(der, 0)
    _, body, _ = _element(certificate, 0)
    tag, _, after = _element(body, 0)
    place = after if tag == _VERSION else 0
    for _ in range(_BEFORE_VALIDITY):
        _, _, place = _element(body, place)
    tag, validity, _ = _element(body, place)
    if tag != _SEQUENCE:
        raise ValueError("no validity where it should be")
    _, _, after = _element(validity, 0)
    tag, text, _ = _element(validity, after)
    form = "%y%m%d%H%M%SZ" if tag == _UTC_TIME else "%Y%m%d%H%M%SZ"
    at = datetime.strptime(text.decode("ascii"), form).replace(tzinfo=UTC)
    return round(at.timestamp()) * NS


def _element(data: bytes, place: int) -> tuple[int, bytes, int]:
    """Tag and contents of the element at a place, and the place behind it."""
    tag, length, place = data[place], data[place + 1], place + 2
    if length & _LONG:
        size = length & ~_LONG
        length, place = int.from_bytes(data[place : place + size], "big"), place + size
    if place + length > len(data):
        raise ValueError("cut off")
    return tag, data[place : place + length], place + length
