"""The HTTP API: newest values in memory, ranges from the history, one live stream."""
