"""The broker that a command publishes to: its address by flag, its account by settings.

A password in a flag stands in the list of processes, so it comes from where `podtwin run` has it:
`PODTWIN_BROKER__PASSWORD_FILE`, or `podtwin.yaml` in the current directory.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ingest.address import BrokerAddress


def broker_address(text: str) -> BrokerAddress:
    """The address in a flag, with user and password of the settings where it names none.

    A user in the flag other than the one in the settings gets no password of theirs.

    Raises
    ------
    ConfigError  When it is no address, or a setting is wrong.
    """
    from ingest.address import BrokerAddress
    from podtwin.config.load import load_settings

    address, known = BrokerAddress.parse(text), load_settings().settings.broker
    user = address.user or known.username
    theirs = known.username in {None, user} and known.password is not None
    if user is None or address.password is not None or not theirs:
        return address
    return address.with_account(user, known.password.get_secret_value() if known.password else None)
