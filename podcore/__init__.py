"""Words that all rooms share: quantities, points, sites, frames, findings, alerts, ports."""
