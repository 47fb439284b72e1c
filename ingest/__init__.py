"""The way in: decode, validate, dedupe and commit what sensors send, and only then acknowledge."""
