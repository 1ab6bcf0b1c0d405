"""A newcomer's first minute with `make demo`: he picks who he is, sees a lot knocked down, and outbids somebody."""

import re

from playwright.async_api import expect

from tests.browser.conftest import ComeIn
from tests.browser.served import Message, ServedHouse, now_us

_TIME_ENOUGH_US = 20_000_000
_MINUTE_MS = 60_000


def _is_contested(lot: Message) -> bool:
    """Whether somebody leads on it, it is open for a while, and a ceiling may be any amount, in cents."""
    terms = lot["terms"]
    is_free = terms["proxy"] and terms["raise"] == "at_least" and lot["closes_at"] and terms["currency"] != "JPY"
    return bool(is_free and lot["leader"] and lot["closes_at"] - now_us() > _TIME_ENOUGH_US)


async def test_a_newcomer_outbids_a_simulated_bidder_and_sees_a_lot_sold_within_a_minute(
    demo_house: ServedHouse, come_in: ComeIn
) -> None:
    newcomer = await come_in(at=demo_house)
    page = await newcomer.open("/sign-in")
    await page.locator('[data-person="alice"]').click()
    await expect(page.locator("#sale-title")).to_contain_text("sample sale")
    sold = page.locator('#lots .card[data-phase="sold"]')
    await expect(sold.first).to_be_visible(timeout=_MINUTE_MS)

    shown = await demo_house.call("GET", "/v1/lots?phase=open&limit=200", who="")
    lot = next(lot for lot in shown["lots"] if _is_contested(lot))
    await page.locator(f'#lots .card[data-lot="{lot["lot"]}"] a').click()
    await page.locator("#own-amount").fill(str(lot["ask"] * 3 // 100))
    await page.locator("#own-ceiling").click()
    await expect(page.locator("#standing")).to_have_attribute("data-standing", re.compile("leading|won"))


async def test_the_demo_says_where_its_pages_are(demo_house: ServedHouse) -> None:
    url = demo_house.url
    assert f"Catalogue: {url}/  Console: {url}/operator  Wall: {url}/operator/wall" in demo_house.premises.said
