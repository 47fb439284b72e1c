"""Where webhooks may go by the settings: what the notifier, the API and the commands share."""

from __future__ import annotations

from podtwin.config.settings import Settings
from podtwin.notify.address import Policy, parse_networks

LOOPBACK_HOSTS = frozenset({"127.0.0.1", "localhost", "::1"})


def target_policy(settings: Settings) -> Policy:
    """Loopback while the API is bound to it alone; the private nets that are named.

    Raises
    ------
    ConfigError  For a net that is none.
    """
    loopback = settings.http.host in LOOPBACK_HOSTS
    return Policy(loopback, parse_networks(settings.alerts.allow_targets))
