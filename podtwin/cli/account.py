"""The broker that a command publishes to: address by flag, account and TLS files by settings.

A password in a flag stands in the list of processes, so it comes from where `podtwin run` has it:
`PODTWIN_BROKER__PASSWORD_FILE`, or `podtwin.yaml` in the current directory.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from ingest.address import BrokerAddress


CaFileOption = Annotated[
    Path | None,
    typer.Option("--ca-file", help="PEM file of who vouches for an mqtts broker's certificate."),
]
CertFileOption = Annotated[
    Path | None,
    typer.Option("--cert-file", help="PEM file of the certificate to show to an mqtts broker."),
]
KeyFileOption = Annotated[
    Path | None, typer.Option("--key-file", help="PEM file of its key; the same by default.")
]


def broker_address(
    text: str,
    ca_file: Path | None = None,
    cert_file: Path | None = None,
    key_file: Path | None = None,
) -> BrokerAddress:
    """The address in a flag, with account and files of the settings where it names none.

    A user in the flag other than the one in the settings gets no password of theirs.

    Raises
    ------
    ConfigError  When it is no address, or a setting is wrong.
    """
    from ingest.address import BrokerAddress
    from podtwin.config.load import load_settings

    address, known = BrokerAddress.parse(text), load_settings().settings.broker
    if ca_file is not None or address.tls:
        address = address.with_ca_file(ca_file or known.ca_file)
    if cert_file is not None or key_file is not None:
        address = address.with_certificate(cert_file, key_file)
    elif address.tls:
        address = address.with_certificate(known.cert_file, known.key_file)
    user = address.user or known.username
    theirs = known.username in {None, user} and known.password is not None
    if user is None or address.password is not None or not theirs:
        return address
    return address.with_account(user, known.password.get_secret_value() if known.password else None)
