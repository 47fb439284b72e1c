"""Alerts, pure: rules, the four state tables, evidence, and the message; in the site's time."""
