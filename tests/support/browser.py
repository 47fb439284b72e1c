"""A real Chromium: pages with everything that they asked for and complained about."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

from playwright.sync_api import Browser, BrowserContext, Page, ViewportSize, sync_playwright
from support.components import require

ARGUMENTS = ("--no-sandbox", "--disable-gpu", "--disable-background-networking")
DESK = ViewportSize(width=1280, height=800)
PHONE = ViewportSize(width=390, height=844)
PATIENCE_MS = 30_000.0


@contextmanager
def chromium(*arguments: str) -> Iterator[Browser]:
    """The browser of the system, without a window."""
    path = require("chromium", "look at the page")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=[*ARGUMENTS, *arguments])
        try:
            yield browser
        finally:
            browser.close()


class Viewer:
    """A person's browser: tabs of one context, and what all of them asked for and logged."""

    def __init__(
        self,
        browser: Browser,
        url: str,
        *,
        locale: str = "en-GB",
        phone: bool = False,
        dark: bool = False,
    ) -> None:
        self.url = url
        self.requested: list[str] = []
        self.complaints: list[str] = []
        self.context: BrowserContext = browser.new_context(
            locale=locale,
            viewport=PHONE if phone else DESK,
            has_touch=phone,
            color_scheme="dark" if dark else "light",
        )
        self.context.set_default_timeout(PATIENCE_MS)
        self.context.on("request", lambda request: self.requested.append(request.url))

    def open(self, path: str = "/") -> Page:
        """A new tab at an address of the page."""
        page = self.context.new_page()
        page.on("console", lambda said: self._note(said.type, said.text))
        page.on("pageerror", lambda error: self._note("error", str(error)))
        page.goto(self.url + path)
        return page

    def close(self) -> None:
        """Closes all tabs."""
        self.context.close()

    @property
    def foreign(self) -> list[str]:
        """What was asked of any other origin."""
        own = urlsplit(self.url).netloc
        here = {"blob", "data"}
        return [
            url
            for url in self.requested
            if urlsplit(url).netloc != own and urlsplit(url).scheme not in here
        ]

    def _note(self, kind: str, text: str) -> None:
        if kind in {"error", "warning"}:
            self.complaints.append(f"{kind}: {text}")


def stream_state(page: Page) -> str:
    """`connecting`, `live` or `broken`."""
    return str(page.evaluate("window.podtwinTest.stream().state"))


def await_stream(page: Page, state: str, *, within_s: float = PATIENCE_MS / 1_000) -> None:
    """Waits for the page to take its stream for that."""
    page.wait_for_function(
        "state => window.podtwinTest?.stream().state === state", arg=state, timeout=within_s * 1e3
    )


def drawn(page: Page) -> dict[str, int]:
    """How many measured values each drawn line has, by chart and label."""
    found: dict[str, int] = page.evaluate(
        """Object.fromEntries(window.podtwinTest.charts().flatMap(
            chart => chart.series.map(line => [`${chart.name} ${line.label}`, line.t.length])))"""
    )
    return found


def newest_drawn_ms(page: Page) -> float:
    """Time of the newest value in any chart."""
    return float(
        page.evaluate(
            """Math.max(0, ...window.podtwinTest.charts().flatMap(
                chart => chart.series.map(line => Math.max(0, ...line.t))))"""
        )
    )
