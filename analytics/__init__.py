"""Detectors that compare the twin with what was measured; they answer with findings."""
