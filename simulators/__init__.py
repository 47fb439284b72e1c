"""Plants that behave like a real module, with other physics than the twin, and named faults."""
