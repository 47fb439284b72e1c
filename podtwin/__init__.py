"""The application: it builds the engines, connects them, and shows what they say."""

from __future__ import annotations

__version__ = "0.1.0"
