"""What holds for every page in every state: nothing goes wrong, it can be read and used by all, and it is light.

A page is opened as whoever it is made for; what it does is tested elsewhere.
"""

import re
from typing import NamedTuple

import pytest
from playwright.async_api import Page, expect

from tests.browser.axe import axe
from tests.browser.conftest import ComeIn
from tests.browser.served import CLERK
from tests.browser.staging import ALICE, ROOMS, SALE, Stage
from tests.browser.visitor import DESKTOP, SMALL_PHONE, WIDE, Screen, Visitor

FIRST_LOAD_MAX = 150_000
LIVE = "#connection[hidden], #connection[data-status=open]"
"""Signing in needs no line."""
PAGES = {
    "catalogue": (f"/?sale={SALE}", ALICE, "bidder"),
    "console": ("/operator", CLERK, "operator"),
    "wall": ("/operator/wall", CLERK, "operator"),
    "sign-in": ("/sign-in", "", "bidder"),
}


class Way(NamedTuple):
    """How a page is looked at."""

    language: str
    screen: Screen
    dark: bool


SMALL = Way("zh", SMALL_PHONE, dark=True)
LARGE = Way("en", DESKTOP, dark=False)
LOOKS = [*((name, way) for name in PAGES for way in (SMALL, LARGE)), *((name, SMALL) for name in ROOMS)]


async def open_page(come_in: ComeIn, staged: Stage, name: str, way: Way) -> tuple[Visitor, Page]:
    """Open a page, or the lot room of a state, and wait until it is live."""
    path, who, role = PAGES.get(name) or (f"/lots/{staged.rooms[name]}", ALICE, "bidder")
    visitor = await come_in(who, role, language=way.language, screen=way.screen, dark=way.dark)
    page = await visitor.open(path)
    await expect(page.locator("h1").first).to_be_attached()
    await expect(page.locator(LIVE)).to_be_attached()
    return visitor, page


@pytest.mark.parametrize(("name", "way"), LOOKS, ids=[f"{name}-{way.language}" for name, way in LOOKS])
async def test_a_page_can_be_used_by_everyone(come_in: ComeIn, staged: Stage, name: str, way: Way) -> None:
    _, page = await open_page(come_in, staged, name, way)
    await page.wait_for_load_state("networkidle")
    await axe(page)
    too_wide = await page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert too_wide <= 0, f"{too_wide} px are beyond the right edge: {await page.evaluate(_BEYOND)}"


_BEYOND = """[...document.querySelectorAll("body *")]
    .filter((node) => node.getBoundingClientRect().right > document.documentElement.clientWidth + 1)
    .slice(0, 5)
    .map((node) => node.outerHTML.slice(0, 120))
"""


@pytest.mark.parametrize("name", [*PAGES, "open"])
async def test_a_first_visit_is_light(come_in: ComeIn, staged: Stage, name: str) -> None:
    _, page = await open_page(come_in, staged, name, LARGE)
    await page.wait_for_load_state("networkidle")
    loads = await page.evaluate(
        """[...performance.getEntriesByType("navigation"), ...performance.getEntriesByType("resource")]
            .filter((load) => !new URL(load.name).pathname.startsWith("/v1/"))
            .map((load) => [new URL(load.name).pathname, load.transferSize])"""
    )
    assert sum(size for _, size in loads) < FIRST_LOAD_MAX, sorted(loads, key=lambda load: -load[1])[:8]
    assert all(size > 0 for _, size in loads), "each of them was sent"


@pytest.mark.parametrize("name", [*PAGES, "open"])
async def test_a_page_runs_and_asks_for_nothing_of_anyone_else(come_in: ComeIn, staged: Stage, name: str) -> None:
    path, who, role = PAGES.get(name) or (f"/lots/{staged.rooms[name]}", ALICE, "bidder")
    visitor = await come_in(who, role)
    asked: list[str] = []
    visitor.page.on("request", lambda request: asked.append(request.url))
    response = await visitor.page.goto(visitor.url + path)
    assert response is not None
    policy = dict(rule.split(" ", 1) for rule in (await response.all_headers())["content-security-policy"].split("; "))
    assert (policy["default-src"], policy["script-src"], policy["style-src"]) == ("'none'", "'self'", "'self'")
    assert policy["require-trusted-types-for"] == "'script'"
    await expect(visitor.page.locator(LIVE)).to_be_attached()
    await visitor.page.wait_for_load_state("networkidle")
    assert [url for url in asked if not url.startswith((visitor.url, "data:"))] == []


MAIN_CONTROLS = {
    "catalogue": "#search",
    "console": "#filter-sale",
    "sign-in": "#token",
    "open": "#own-amount",
}


@pytest.mark.parametrize("name", MAIN_CONTROLS)
async def test_a_keyboard_gets_everywhere_and_one_sees_where_it_is(come_in: ComeIn, staged: Stage, name: str) -> None:
    _, page = await open_page(come_in, staged, name, LARGE)
    control = page.locator(MAIN_CONTROLS[name])
    await expect(control).to_be_visible()
    await page.keyboard.press("Tab")
    await expect(page.locator("a.skip")).to_be_focused()
    await expect(page.locator("a.skip")).to_be_in_viewport()
    await page.keyboard.press("Enter")
    await expect(page.locator("#main")).to_be_focused()
    for _ in range(_TABS_MAX):
        await page.keyboard.press("Tab")
        assert await page.evaluate(_IS_SEEN), await page.evaluate("document.activeElement.outerHTML.slice(0, 200)")
        if await control.evaluate("node => node === document.activeElement"):
            break
    await expect(control).to_be_focused()


_TABS_MAX = 25
_IS_SEEN = """() => {
    const hasRing = (style) => style.outlineStyle !== "none" && style.outlineWidth !== "0px";
    let node = document.activeElement;
    while (node !== null && !hasRing(getComputedStyle(node))) node = node.parentElement;
    return node !== null && node !== document.body;
}"""


async def test_language_and_look_are_kept_from_page_to_page(come_in: ComeIn, staged: Stage) -> None:
    visitor, page = await open_page(come_in, staged, "catalogue", LARGE)
    await page.get_by_role("button", name="中文").click()
    await expect(page.locator("html")).to_have_attribute("lang", "zh-CN")
    await page.locator("#look").click()
    await page.locator("#look").click()
    await expect(page.locator("html")).to_have_attribute("data-look", "dark")
    await visitor.open("/sign-in")
    await expect(page.get_by_role("heading", name="登录", exact=True)).to_be_visible()
    await expect(page.locator("html")).to_have_attribute("data-look", "dark")
    assert await page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(20, 18, 14)"
    await page.get_by_role("button", name="English").click()
    await expect(page.locator("html")).to_have_attribute("lang", "en")


async def test_nothing_glides_for_who_wants_no_motion(come_in: ComeIn, staged: Stage) -> None:
    _, page = await open_page(come_in, staged, "catalogue", LARGE)
    await expect(page.locator("#lots .card")).to_have_count(len(staged.lots))
    await page.locator("#sort").select_option("price_high")
    await expect(page).to_have_url(re.compile("price_high"))
    assert await page.evaluate("document.getAnimations().length") == 0


@pytest.mark.parametrize("screen", [DESKTOP, WIDE], ids=["desktop", "wide"])
async def test_no_amount_is_cut_short(come_in: ComeIn, staged: Stage, screen: Screen) -> None:
    _, page = await open_page(come_in, staged, "console", Way("en", screen, dark=False))
    amounts = page.locator("tbody [data-cell=price]")
    await expect(amounts).not_to_have_count(0)
    cut = "cells => cells.filter(cell => cell.scrollWidth > cell.clientWidth).map(cell => cell.textContent)"
    assert await amounts.evaluate_all(cut) == []


async def test_forty_lots_are_seen_at_once(come_in: ComeIn, staged: Stage) -> None:
    _, page = await open_page(come_in, staged, "console", Way("en", WIDE, dark=False))
    await page.locator("#filter-sale").select_option(SALE)
    await expect(page.locator("tbody [data-lot]:visible")).to_have_count(len(staged.lots))
    for lot in (staged.lots[0], staged.lots[-1]):
        await expect(page.locator(f'tbody [data-lot="{lot}"]')).to_be_in_viewport(ratio=1)
