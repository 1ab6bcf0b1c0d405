"""`make screenshots`: pictures of all pages in all their states, into reports/screenshots/.

It refuses to judge them: they are to be looked at. A picture is a line of `SHOTS`: what, how large, in which language
and look. Invariants: what is shown is a real house's, over the protocol; the same line gives the same picture but for
times; whatever goes wrong in a window is printed, and ends the command with 1. Sizes are CSS pixels.
"""

import argparse
import asyncio
import shutil
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from contextlib import asynccontextmanager
from itertools import product
from pathlib import Path
from typing import Final, NamedTuple

from playwright.async_api import Browser, BrowserContext, Page, async_playwright, expect

from tests.browser.chromium import FLAGS, HOW_TO, executable
from tests.browser.conftest import REPORTS
from tests.browser.served import CLERK, ForShow, ServedHouse
from tests.browser.staging import ALICE, ROOMS, SALE, Stage, stage
from tests.browser.visitor import DESKTOP, PHONE, SMALL_PHONE, WIDE, Record, Screen, options, sign_in, window
from tests.promises.premises import Premises

FOLDER: Final = REPORTS.parent / "screenshots"
_SCREENS: Final = {"phone": PHONE, "phone360": SMALL_PHONE, "desktop": DESKTOP, "wide": WIDE}
_LIGHT, _DARK = "light", "dark"
_ZONE: Final = "Europe/London"
_SETTLED_MS: Final = 15_000
_LIVE: Final = "#connection[hidden], #connection[data-status=open]"  # signing in needs no line


class Shot(NamedTuple):
    """One picture.

    Attributes:
        of: `catalogue`, `console`, `wall`, `sign-in`, or the state of a lot room.
        screen: How large, by its name.
        language: `en` or `zh`.
        look: `light` or `dark`.
    """

    of: str
    screen: str
    language: str
    look: str

    @property
    def name(self) -> str:
        """What the file is called."""
        return f"{self.of}-{self.screen}-{self.language}-{self.look}.png"


def _shots(names: Iterable[str], *ways: tuple[str, str, str]) -> Iterator[Shot]:
    for name, way in product(names, ways):
        yield Shot(name, *way)


_READ_CLOSELY: Final = ("open", "leading", "outbid", "extended", "won", "registration")
"""Rooms that are shown in more ways than others."""
SHOTS: Final = (
    *_shots(
        ["catalogue"],
        ("phone", "en", _LIGHT),
        ("phone", "zh", _DARK),
        ("phone360", "en", _LIGHT),
        ("phone360", "zh", _LIGHT),
        ("desktop", "en", _LIGHT),
        ("desktop", "zh", _DARK),
        ("wide", "en", _DARK),
    ),
    *_shots(ROOMS, ("desktop", "en", _LIGHT), ("phone", "zh", _DARK)),
    *_shots(_READ_CLOSELY, ("phone360", "en", _LIGHT), ("desktop", "zh", _DARK)),
    *_shots(
        ["console"],
        ("wide", "en", _LIGHT),
        ("wide", "zh", _DARK),
        ("desktop", "en", _DARK),
        ("phone", "en", _LIGHT),
        ("phone360", "zh", _DARK),
    ),
    *_shots(["wall"], ("wide", "en", _DARK), ("wide", "zh", _LIGHT), ("desktop", "en", _LIGHT)),
    *_shots(["sign-in"], ("phone360", "en", _LIGHT), ("phone", "zh", _DARK), ("desktop", "en", _LIGHT)),
)
_PATHS: Final = {"catalogue": f"/?sale={SALE}", "console": "/operator", "wall": "/operator/wall", "sign-in": "/sign-in"}
_OF_OPERATORS: Final = frozenset({"console", "wall"})
_FIRST_SCREEN: Final = frozenset({("console", "wide"), ("console", "desktop"), ("wall", "wide"), ("wall", "desktop")})
"""Pages that are made to be seen without scrolling, and are shown so where the screen is wide."""
_LAZY: Final = "catalogue"
"""The page that draws only what is in sight: a picture of all of it would show empty cards."""
_TOLD: Final = {
    "catalogue": "#lots .card",
    "console": "tbody [data-lot]",
    "wall": "main [data-lot]",
    "sign-in": "#people",
}
"""What is there once the house has told a page of its lots."""
_ROOM_TOLD: Final = "h1:not(:empty)"


class Camera:
    """Takes the pictures: of a phone what is seen first, of the smaller one and of large screens all of the page.

    Attributes:
        troubles: Whatever went wrong in the windows.
    """

    def __init__(self, browser: Browser, house: ServedHouse, demo: ServedHouse, staged: Stage, folder: Path) -> None:
        self.troubles: list[str] = []
        self._browser = browser
        self._house = house
        self._demo = demo
        self._staged = staged
        self._folder = folder

    async def take(self, shot: Shot) -> None:
        """Take one picture."""
        screen = _SCREENS[shot.screen]
        async with self._window(shot, screen) as page:
            house = self._demo if shot.of == "sign-in" else self._house
            await page.goto(house.url + self._path(shot.of))
            try:
                await self._settle(page, shot)
            except AssertionError as error:
                self.troubles.append(f"{shot.name}: {str(error).splitlines()[0]}")
            whole = screen is not PHONE and shot.of != _LAZY and (shot.of, shot.screen) not in _FIRST_SCREEN
            await page.screenshot(path=self._folder / shot.name, full_page=whole, animations="disabled")

    def _path(self, of: str) -> str:
        return _PATHS.get(of) or f"/lots/{self._staged.rooms[of]}"

    @asynccontextmanager
    async def _window(self, shot: Shot, screen: Screen) -> AsyncIterator[Page]:
        dark = shot.look == _DARK
        context = await self._browser.new_context(
            **options(language=shot.language, screen=screen, dark=dark, still=True, zone=_ZONE)
        )
        record = Record()
        try:
            await self._sign_in(shot, context)
            yield await window(context, record)
        finally:
            self.troubles += [f"{shot.name}: {trouble}" for trouble in record.unexpected]
            await context.close()

    async def _sign_in(self, shot: Shot, context: BrowserContext) -> None:
        premises = self._house.premises
        if shot.of in _OF_OPERATORS:
            await sign_in(context, self._house.url, premises.sign("operator", CLERK))
        elif shot.of != "sign-in":
            await sign_in(context, self._house.url, premises.sign("bidder", ALICE))

    async def _settle(self, page: Page, shot: Shot) -> None:
        """Wait until the page is live and shows what the house has told it."""
        told = page.locator(_TOLD.get(shot.of, _ROOM_TOLD)).first
        await expect(told).to_be_visible(timeout=_SETTLED_MS)
        await expect(page.locator(_LIVE)).to_be_attached(timeout=_SETTLED_MS)
        await page.wait_for_load_state("networkidle")
        await page.evaluate("document.fonts.ready.then(() => new Promise(done => requestAnimationFrame(() => done())))")


async def photograph(shots: Sequence[Shot], folder: Path) -> list[str]:
    """Take pictures of a house that is staged for them; return what went wrong."""
    async with async_playwright() as playwright, _opened(Premises) as house, _opened(ForShow) as demo:
        found = executable(playwright)
        if found is None:
            return [HOW_TO]
        browser = await playwright.chromium.launch(executable_path=found, args=FLAGS)
        camera = Camera(browser, house, demo, await stage(house), folder)
        for number, shot in enumerate(shots, start=1):
            sys.stdout.write(f"{number}/{len(shots)} {shot.name}\n")
            await camera.take(shot)
        await browser.close()
        return camera.troubles


@asynccontextmanager
async def _opened(kind: type[Premises]) -> AsyncIterator[ServedHouse]:
    with tempfile.TemporaryDirectory(prefix="kd-pictures-", ignore_cleanup_errors=True) as directory:
        premises = kind(Path(directory))
        try:
            house = await ServedHouse.opened(premises)
            yield house
            await house.close()
        finally:
            premises.clear_away()


def _has_chinese_type() -> bool:
    """Whether Chinese can be shown at all; a machine that does not say counts as one that can."""
    lister = shutil.which("fc-list")
    return lister is None or bool(subprocess.run([lister, ":lang=zh"], capture_output=True, check=False).stdout)  # noqa: S603


def main(words: Sequence[str] | None = None) -> int:
    """Take all pictures, or those whose names contain one of the words given."""
    parser = argparse.ArgumentParser(prog="screenshots", description=main.__doc__)
    parser.add_argument("only", nargs="*", help="parts of names: won, phone-zh, console")
    only = parser.parse_args(words).only
    shots = [shot for shot in SHOTS if not only or any(word in shot.name for word in only)]
    if not _has_chinese_type():
        sys.stderr.write("No Chinese type on this machine: install the package `fonts-noto-cjk` for the pictures.\n")
    FOLDER.mkdir(parents=True, exist_ok=True)
    troubles = asyncio.run(photograph(shots, FOLDER))
    sys.stderr.writelines(f"{trouble}\n" for trouble in troubles)
    return 1 if troubles else 0


if __name__ == "__main__":
    sys.exit(main())
