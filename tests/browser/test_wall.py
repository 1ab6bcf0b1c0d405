"""The wall: whose turn it is, how it comes out, and that nothing private stands on it."""

import re

import pytest
from playwright.async_api import Locator, Page, expect

from tests.browser.axe import axe
from tests.browser.conftest import ComeIn
from tests.browser.line import Line
from tests.browser.served import ServedHouse
from tests.browser.visitor import PHONE, WIDE

LEAST_PX = 24
"""What is read from ten metres on a screen two metres wide: 24 of 1,920 pixels are 25 mm."""


async def wall(come_in: ComeIn, wish: str, *, language: str = "en", still: bool = True) -> Page:
    """Open the wall as a guest, on a hall's screen."""
    visitor = await come_in(screen=WIDE, language=language, still=still)
    return await visitor.open(f"/operator/wall?{wish}")


def turn(page: Page) -> Locator:
    """Return the part of the lot whose turn it is."""
    return page.locator("#turn")


async def test_the_next_lot_to_close_has_the_turn_and_the_others_follow(come_in: ComeIn, house: ServedHouse) -> None:
    sale = await house.list_sale(title="Evening sale")
    later = await house.list_lot(sale, title="A chair", closes_in_s=900)
    first = await house.list_lot(sale, title="A mantel clock", closes_in_s=600)
    to_come = await house.list_lot(sale, title="A lamp", closes_in_s=500, opens_in_s=300)
    page = await wall(come_in, f"sale={sale}")
    await expect(turn(page)).to_have_attribute("data-lot", first)
    await expect(page.get_by_role("heading", level=1)).to_have_text("A mantel clock")
    await expect(page.locator("#price")).to_have_text("EUR 100.00")
    await expect(page.locator("#ask")).to_have_text("start price")
    await expect(page.locator("#countdown")).to_have_text(re.compile(r"^9:\d\d$"))
    lines = page.locator("#following li")
    await expect(lines).to_have_count(2)
    await expect(lines.nth(0)).to_have_attribute("data-lot", later)
    await expect(lines.nth(1)).to_have_attribute("data-lot", to_come)
    await expect(page.locator("#sale")).to_have_text("Evening sale")
    answer = await house.bid(first, "alice", 120_00)
    await expect(page.locator("#price")).to_have_text("EUR 120.00")
    await expect(page.locator("#ask")).to_have_text("Asking EUR 130.00")
    await expect(page.locator("#leader")).to_have_text(f"Paddle {answer['paddle']}")
    await house.order(first, "notice", text="The key is missing.")
    await expect(page.locator("#notice")).to_have_text("The key is missing.")
    await house.order(first, "extend", seconds=600)
    await expect(turn(page)).to_have_attribute("data-lot", later)


async def test_the_hammer_falls_before_the_hall_and_the_next_lot_comes(come_in: ComeIn, house: ServedHouse) -> None:
    sale = await house.list_sale()
    lot = await house.list_lot(sale, closes_in_s=None, format="saleroom")
    follows = await house.list_lot(sale, closes_in_s=None, format="saleroom")
    await house.order(lot, "open")
    paddle = (await house.bid(lot, "alice", 100_00))["paddle"]
    page = await wall(come_in, f"sale={sale}", still=False)
    await house.order(lot, "fair_warning")
    await expect(turn(page)).to_have_attribute("data-warned", "")
    await expect(page.locator("#banner")).to_have_text("FAIR WARNING")
    await house.order(lot, "hammer")
    await expect(turn(page)).to_have_attribute("data-moment", "")
    await expect(page.locator("#banner")).to_have_text(f"SOLD for EUR 100.00 to paddle {paddle}")
    await expect(page.locator(".hammer")).to_be_visible()
    await expect(page.locator("#countdown")).to_be_hidden()
    await expect(turn(page)).to_have_attribute("data-lot", follows, timeout=15_000)
    await expect(page.locator("#banner")).to_have_text("comes next")
    await expect(page.locator(f'#results li[data-lot="{lot}"]')).to_contain_text("sold")
    await house.order(follows, "withdraw")
    await expect(page.locator("#banner")).to_have_text("withdrawn")


async def test_one_lot_may_keep_the_wall(come_in: ComeIn, house: ServedHouse) -> None:
    sale = await house.list_sale()
    await house.list_lot(sale, closes_in_s=300)
    kept = await house.list_lot(sale, closes_in_s=900)
    page = await wall(come_in, f"lot={kept}")
    await expect(turn(page)).to_have_attribute("data-lot", kept)
    await house.order(kept, "pause")
    await expect(page.locator("#banner")).to_have_text("paused")
    await house.order(kept, "withdraw")
    await expect(page.locator("#banner")).to_have_text("withdrawn")
    page = await wall(come_in, f"lot={kept}")
    await expect(page.locator("#banner")).to_have_text("withdrawn")


async def test_the_wall_without_a_wish_shows_what_is_to_close_next_in_the_house(
    come_in: ComeIn, own_house: ServedHouse
) -> None:
    guest = await come_in(at=own_house, screen=WIDE)
    page = await guest.open("/operator/wall")
    await expect(page.locator("#nothing")).to_have_text("No lot is open or to come.")
    one, other = [await own_house.list_sale() for _ in range(2)]
    second = await own_house.list_lot(one, closes_in_s=900)
    first = await own_house.list_lot(other, closes_in_s=600)
    await page.reload()
    await expect(turn(page)).to_have_attribute("data-lot", first)
    await expect(page.locator("#following li")).to_have_attribute("data-lot", second)


async def test_everything_is_large_enough_and_fits(come_in: ComeIn, house: ServedHouse) -> None:
    sale = await house.list_sale()
    title = "整体转让 年产三万吨生产线及厂房一处 · A production line of thirty thousand tonnes a year, with its hall"
    dear = await house.list_lot(sale, title=title, currency="CNY", start_price=123_456_789_00, closes_in_s=600)
    for place in range(12):
        await house.list_lot(sale, title=f"A chair, number {place + 1}", closes_in_s=700 + place)
    soon, sooner = [await house.list_lot(sale, title="A lamp", closes_in_s=690) for _ in range(2)]
    await house.order(dear, "notice", text="Viewing until noon.")
    page = await wall(come_in, f"sale={sale}", language="zh")
    await expect(page.locator("#price")).to_have_text("CNY 123,456,789.00")
    await expect(page.locator("#following li")).to_have_count(8)
    for lot in (soon, sooner):
        await house.order(lot, "withdraw")
    await expect(page.locator("#results li")).to_have_count(2)
    texts = "#turn :is(h1 span, p), #following span, #results span"
    shown = (
        f"""[...document.querySelectorAll("{texts}")].filter((node) => node.checkVisibility() && node.textContent)"""
    )
    sizes = await page.evaluate(f"{shown}.map((node) => parseFloat(getComputedStyle(node).fontSize))")
    assert min(sizes) >= LEAST_PX
    beyond = await page.evaluate(
        f"""{shown}.filter((node) => {{
            const box = node.getBoundingClientRect();
            return box.right > innerWidth || box.bottom > innerHeight;
        }}).map((node) => node.outerHTML)"""
    )
    assert beyond == []
    price = await page.locator("#price").evaluate("(node) => [node.scrollWidth, node.clientWidth]")
    assert price[0] <= price[1]
    size = await page.locator("#price").evaluate("(node) => parseFloat(getComputedStyle(node).fontSize)")
    assert size >= 80, "the price of a hundred million is read from the last row too"


@pytest.mark.parametrize("language", ["en", "zh"])
async def test_the_wall_keeps_the_rules_of_access(come_in: ComeIn, house: ServedHouse, language: str) -> None:
    sale = await house.list_sale()
    lots = [await house.list_lot(sale, closes_in_s=600 + place) for place in range(3)]
    page = await wall(come_in, f"sale={sale}", language=language)
    await expect(turn(page)).to_have_attribute("data-lot", lots[0])
    await axe(page)
    await house.bid(lots[0], "alice", 100_00)
    await house.order(lots[0], "hammer")
    await expect(page.locator("#banner")).to_contain_text("成交" if language == "zh" else "SOLD")
    await axe(page)
    await expect(page.locator("nav:visible, a:visible, button:visible:not(#full-screen)")).to_have_count(0)


async def test_a_phone_shows_the_wall_without_scrolling_sideways(come_in: ComeIn, house: ServedHouse) -> None:
    sale = await house.list_sale()
    lot = await house.list_lot(sale, currency="CNY", start_price=123_456_789_00)
    guest = await come_in(screen=PHONE, dark=True)
    page = await guest.open(f"/operator/wall?sale={sale}")
    await expect(turn(page)).to_have_attribute("data-lot", lot)
    assert await page.evaluate("document.documentElement.scrollWidth") <= PHONE.width


async def test_the_wall_says_when_its_line_is_lost_and_goes_on(come_in: ComeIn, house: ServedHouse, line: Line) -> None:
    sale = await house.list_sale()
    lot = await house.list_lot(sale)
    guest = await come_in(over=line, screen=WIDE)
    guest.record.allow("WebSocket", "request failed", "ERR_")
    page = await guest.open(f"/operator/wall?sale={sale}")
    await expect(turn(page)).to_have_attribute("data-lot", lot)
    await expect(page.locator("#connection")).to_be_hidden()
    line.cut()
    await expect(page.locator("#connection")).to_have_text(re.compile("lost"))
    await house.bid(lot, "alice", 100_00)
    line.mend()
    await expect(page.locator("#leader")).to_contain_text("Paddle", timeout=20_000)
    await expect(page.locator("#connection")).to_be_hidden()


async def test_an_unknown_sale_is_said(come_in: ComeIn) -> None:
    guest = await come_in(screen=WIDE)
    guest.record.allow("404 to GET")
    page = await guest.open("/operator/wall?sale=nowhere")
    await expect(page.locator("#nothing")).to_have_text("There is no such sale.")
