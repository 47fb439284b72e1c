"""Where PodTwin keeps what it knows: history, recordings, state."""
