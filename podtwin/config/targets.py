"""Where webhooks may go by the settings: what the notifier, the API and the commands share."""

from __future__ import annotations

from podcore.hosts import LOOPBACK_HOSTS
from podtwin.config.settings import Settings
from podtwin.notify.address import Policy, parse_networks


def target_policy(settings: Settings) -> Policy:
    """Loopback while the API is bound to it alone; the private nets that are named.

    Raises
    ------
    ConfigError  For a net that is none.
    """
    loopback = settings.http.host in LOOPBACK_HOSTS
    return Policy(loopback, parse_networks(settings.alerts.allow_targets))
