"""Logging: structured, to stderr, readable on a terminal and JSON elsewhere.

Tracebacks never show local variables: those hold payloads and secrets.
"""

from __future__ import annotations

import logging
import sys

import structlog


def configure_logging(*, verbose: bool = False, json: bool | None = None) -> None:
    """Sets up structlog for this process; call it once, from the command line."""
    as_json = not sys.stderr.isatty() if json is None else json
    renderer: structlog.typing.Processor = (
        structlog.processors.JSONRenderer()
        if as_json
        else structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)
    )
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            *([structlog.processors.format_exc_info] if as_json else []),
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(
            logging.DEBUG if verbose else logging.INFO
        ),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
