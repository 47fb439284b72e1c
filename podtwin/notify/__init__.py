"""Notify: takes messages from the outbox, signs them, and sends them to where it may."""
