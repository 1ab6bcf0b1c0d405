"""A visitor: one person with a browser window of his own, and a record of everything that goes wrong in it.

It refuses to know what the pages show. Invariants: errors in the console, errors of the page, requests that fail or are
refused and breaches of the content security policy all fail the test, unless it has said before that it allows them;
nothing is waited for but by Playwright's own `expect`. Sizes are CSS pixels, spans seconds.
"""

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

from playwright.async_api import BrowserContext, ConsoleMessage, Page, Request, Response

from gateway.auth import COOKIE

LOCALES: Final = {"en": "en-GB", "zh": "zh-CN"}


class Screen(NamedTuple):
    """The size of a window, and how many pixels of the screen make one of CSS."""

    width: int
    height: int
    scale: float = 1
    touch: bool = False


PHONE: Final = Screen(390, 844, touch=True)
SMALL_PHONE: Final = Screen(360, 740, touch=True)
DESKTOP: Final = Screen(1440, 900)
WIDE: Final = Screen(1920, 1080)

_TELL_BREACHES = """
addEventListener("securitypolicyviolation", breach => {
    console.error(`CSP breach: ${breach.effectiveDirective} forbids ${breach.blockedURI} in ${breach.sourceFile}`);
});
"""
_WRONG_CLOCK = """
{
    const off = %d;
    const Right = Date;
    class Wrong extends Right {
        constructor(...parts) { super(...(parts.length ? parts : [Right.now() + off])); }
        static now() { return Right.now() + off; }
    }
    globalThis.Date = Wrong;
    const origin = performance.timeOrigin + off;
    Object.defineProperty(performance, "timeOrigin", { get: () => origin });
}
"""
_SAID_ELSEWHERE = "Failed to load resource"
"""Chromium's words in the console for a response that is on record already."""
_LEFT = "net::ERR_ABORTED"
"""A request that ended because its page was left is nobody's fault."""


class Record:
    """What went wrong in a window."""

    def __init__(self) -> None:
        self.troubles: list[str] = []
        self._allowed: list[re.Pattern[str]] = []

    def allow(self, *patterns: str) -> None:
        """Say that troubles which match one of these are part of the test, from the first to the last of it."""
        self._allowed.extend(re.compile(pattern) for pattern in patterns)

    @property
    def unexpected(self) -> list[str]:
        """All troubles that nobody has allowed."""
        return [trouble for trouble in self.troubles if not any(known.search(trouble) for known in self._allowed)]

    def hear_out(self, page: Page) -> None:
        """Note from now on whatever goes wrong on this page."""
        page.on("console", self._said)
        page.on("pageerror", lambda error: self.troubles.append(f"page error: {error.stack or error}"))
        page.on("requestfailed", self._failed)
        page.on("response", self._answered)

    def _said(self, message: ConsoleMessage) -> None:
        if message.type == "error" and not message.text.startswith(_SAID_ELSEWHERE):
            where = message.location
            self.troubles.append(f"console: {message.text} ({where.get('url', '')}:{where.get('lineNumber', 0)})")

    def _failed(self, request: Request) -> None:
        if request.failure != _LEFT:
            self.troubles.append(f"request failed: {request.method} {request.url}: {request.failure}")

    def _answered(self, response: Response) -> None:
        if response.status >= 400:
            self.troubles.append(f"response: {response.status} to {response.request.method} {response.url}")


class Visitor:
    """One person with a browser context of his own.

    Attributes:
        who: His name, or "" for a guest.
        page: His window.
        record: What has gone wrong in it.
        url: The address under which he sees the house.
    """

    def __init__(self, who: str, context: BrowserContext, page: Page, record: Record, url: str) -> None:
        self.who = who
        self.context = context
        self.page = page
        self.record = record
        self.url = url

    async def open(self, path: str) -> Page:
        """Open a page of the house."""
        await self.page.goto(self.url + path)
        return self.page

    async def leave_traces(self, folder: Path, test: str) -> None:
        """Leave in a folder what a failed test was looking at."""
        if self.page.is_closed():
            return
        stem = re.sub(r"\W+", "-", f"{test}-{self.who or 'guest'}").strip("-")
        await self.page.screenshot(path=folder / f"{stem}.png", full_page=True)
        self._write_down(folder / stem, await self.page.content())

    def _write_down(self, stem: Path, markup: str) -> None:
        stem.with_suffix(".html").write_text(markup, "utf-8")
        stem.with_suffix(".txt").write_text("\n".join([self.page.url, *self.record.troubles]), "utf-8")


def options(*, language: str, screen: Screen, dark: bool, still: bool, zone: str) -> dict[str, Any]:
    """Return what a browser context is made with."""
    return {
        "locale": LOCALES[language],
        "viewport": {"width": screen.width, "height": screen.height},
        "device_scale_factor": screen.scale,
        "has_touch": screen.touch,
        "color_scheme": "dark" if dark else "light",
        "reduced_motion": "reduce" if still else "no-preference",
        "timezone_id": zone,
    }


async def sign_in(context: BrowserContext, url: str, token: str) -> None:
    """Give a context the cookie of a token, as the house itself sets it."""
    await context.add_cookies(
        [{"name": COOKIE, "value": token, "url": url, "httpOnly": True, "sameSite": "Strict"}],
    )


async def window(context: BrowserContext, record: Record, *, clock_off_s: float = 0) -> Page:
    """Open a window whose troubles are noted, and whose clock is wrong by so much."""
    await context.add_init_script(_TELL_BREACHES)
    if clock_off_s:
        await context.add_init_script(_WRONG_CLOCK % round(clock_off_s * 1_000))
    page = await context.new_page()
    record.hear_out(page)
    return page


def listed(troubles: Sequence[str]) -> str:
    """Return troubles as lines of a message."""
    return "\n".join(f"  {json.dumps(trouble, ensure_ascii=False)}" for trouble in troubles)
