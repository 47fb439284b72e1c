"""TLS to a broker: its certificate is checked against its name, by authorities that are known.

Nothing switches that check off: a broker with a certificate of its own is trusted by naming it,
or who signed it, in `ca_file`.
"""

from __future__ import annotations

import ssl

from paho.mqtt.client import Client

from ingest.address import BrokerAddress
from ingest.certificate import load_certificate
from podcore.errors import ConfigError

_HOSTNAME_MISMATCH = frozenset({62, 64})  # OpenSSL's X509_V_ERR_HOSTNAME_, IP_ADDRESS_MISMATCH
_EXPIRED = 10
_UNKNOWN_ISSUER = frozenset({2, 18, 19, 20, 21})  # of these, which one is of no help
_ASKED = "it asks for a certificate; name yours in broker.cert_file, and its key in key_file"
_NOT_OURS = "it does not accept our certificate; have it signed by the authority that it trusts"
_OURS_ENDED = "our certificate (broker.cert_file) has expired; renew it"
# What the broker says of the certificate that it was shown, by the names of OpenSSL.
_OURS_REFUSED = {
    "TLSV13_ALERT_CERTIFICATE_REQUIRED": _ASKED,
    "SSLV3_ALERT_CERTIFICATE_EXPIRED": _OURS_ENDED,
    "TLSV1_ALERT_UNKNOWN_CA": _NOT_OURS,
    "SSLV3_ALERT_BAD_CERTIFICATE": _NOT_OURS,
    "SSLV3_ALERT_CERTIFICATE_UNKNOWN": _NOT_OURS,
}


def secure(client: Client, address: BrokerAddress) -> None:
    """Makes a client speak TLS where the address says so.

    Raises
    ------
    ConfigError  When a file of authorities, certificate or key cannot be used.
    """
    if address.tls:
        client.tls_set_context(_context(address))


def why_unreachable(error: OSError) -> str:
    """Why no connection came about, in words for whoever runs the broker."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return _why_not_trusted(error)
    if isinstance(error, ssl.SSLError) and error.reason in _OURS_REFUSED:
        return _OURS_REFUSED[error.reason]
    if isinstance(error, ssl.SSLError):
        reason = (error.reason or "no TLS").lower().replace("_", " ")
        return f"no TLS came about ({reason}); is it a TLS port, and does it ask for a certificate?"
    return (error.strerror or str(error)).lower()


def _why_not_trusted(error: ssl.SSLCertVerificationError) -> str:
    if error.verify_code in _HOSTNAME_MISMATCH:
        return "its certificate is for another name; call it by the name in its certificate"
    if error.verify_code == _EXPIRED:
        return "its certificate has expired, or a clock is wrong"
    if error.verify_code in _UNKNOWN_ISSUER:
        return "nobody known here vouches for its certificate; name its authority in the CA file"
    return f"its certificate is not accepted: {error.verify_message}"


def _context(address: BrokerAddress) -> ssl.SSLContext:
    file = address.ca_file
    try:
        context = ssl.create_default_context(cafile=file)
    except (OSError, ValueError) as error:
        why = "is no PEM file of certificates"
        if isinstance(error, OSError) and not isinstance(error, ssl.SSLError):
            why = f"cannot be read: {(error.strerror or str(error)).lower()}"
        way_out = "name the PEM file of who signed the broker's certificate"
        raise ConfigError("broker.ca_file", str(file), why, way_out) from None
    if address.cert_file is not None:
        load_certificate(context, address.cert_file, address.key_file)
    return context
