"""The catalogue: which lots it shows, in which order, and how it keeps up with the house."""

import re
from collections.abc import Sequence
from typing import Any

import pytest
from playwright.async_api import Locator, Page, expect

from tests.browser.axe import axe
from tests.browser.conftest import ComeIn
from tests.browser.served import ServedHouse, in_s
from tests.browser.visitor import SMALL_PHONE

CLOCK = {"title": "座钟一座 · A mantel clock", "category": "jade", "country": "CN", "place": "青河 Qinghe"}
CHAIR = {"title": "A Windsor chair", "category": "furniture", "country": "GB", "place": "Ludlow", "consignor": "Ash"}
PRESS = {
    "title": "A printing press",
    "category": "machinery",
    "country": "GB",
    "place": "Café Royal",
    "description": "Cast iron, 1862.",
}


async def mixed_sale(house: ServedHouse) -> tuple[str, list[str]]:
    """List a sale of three lots that differ in everything, the clock closing first; return it and them."""
    sale = await house.list_sale(title="Autumn sale", place="Ludlow", country="GB", consignor="The house")
    lots = []
    for place, fields in enumerate((CLOCK, CHAIR, PRESS)):
        rest = {name: value for name, value in fields.items() if name != "title"}
        ends, start = 600 + place * 60, (300_00, 100_00, 200_00)[place]
        lots.append(await house.list_lot(sale, "", fields["title"], rest, closes_in_s=ends, start_price=start))
    return sale, lots


def cards(page: Page) -> Locator:
    """Return all cards, in their order."""
    return page.locator("#lots .card")


def card(page: Page, lot: str) -> Locator:
    """Return the card of a lot."""
    return page.locator(f'#lots .card[data-lot="{lot}"]')


def part(page: Page, lot: str, name: str) -> Locator:
    """Return one part of the card of a lot."""
    return card(page, lot).locator(f'[data-part="{name}"]')


async def expect_order(page: Page, lots: Sequence[str]) -> None:
    """Expect exactly these cards, in this order."""
    await expect(cards(page)).to_have_count(len(lots))
    for place, lot in enumerate(lots):
        await expect(cards(page).nth(place)).to_have_attribute("data-lot", lot)


async def test_a_card_says_what_the_lot_is_and_how_it_stands(come_in: ComeIn, house: ServedHouse) -> None:
    sale, (clock, *_) = await mixed_sale(house)
    page = await (await come_in()).open(f"/?sale={sale}")
    await expect(page.locator("#sale-title")).to_have_text("Autumn sale")
    await expect(page.locator("#sale-whose")).to_have_text("The house · Ludlow, United Kingdom")
    told: dict[str, str | re.Pattern[str]] = {
        "title": "A mantel clock",
        "other": "座钟一座",
        "where": "青河 Qinghe, China",
        "label": "Start price",
        "price": re.compile(r"EUR\s300"),
        "phase": "open",
        "bids": "0 bids",
    }
    for name, text in told.items():
        await expect(part(page, clock, name)).to_have_text(text)
    await expect(part(page, clock, "countdown")).to_have_text(re.compile(r"^(9|10):\d\d$"))
    await expect(card(page, clock).get_by_role("link", name="A mantel clock")).to_have_attribute(
        "href", f"/lots/{clock}"
    )
    await axe(page)


async def test_hours_are_the_viewers_with_the_sales_beside_them(come_in: ComeIn, house: ServedHouse) -> None:
    sale = await house.list_sale(zone="Asia/Shanghai")
    await house.list_lot(sale)
    page = await (await come_in(zone="America/New_York")).open(f"/?sale={sale}")
    hours = page.locator("#sale-hours")
    await expect(hours).to_contain_text(re.compile("(GMT-[45]|E[SD]T).* in Asia/Shanghai: .*GMT\\+8"))
    at_home = await (await come_in(zone="Asia/Shanghai")).open(f"/?sale={sale}")
    await expect(at_home.locator("#sale-hours")).to_contain_text("GMT+8")
    await expect(at_home.locator("#sale-hours")).not_to_contain_text("Asia/Shanghai")


async def test_in_chinese_the_chinese_half_of_a_title_comes_first(come_in: ComeIn, house: ServedHouse) -> None:
    sale, (clock, *_) = await mixed_sale(house)
    page = await (await come_in(language="zh")).open(f"/?sale={sale}")
    await expect(part(page, clock, "title")).to_have_text("座钟一座")
    await expect(part(page, clock, "other")).to_have_text("A mantel clock")
    await expect(part(page, clock, "other")).to_have_attribute("lang", "en")
    await expect(part(page, clock, "label")).to_have_text("起拍价")
    await expect(part(page, clock, "where")).to_have_text("青河 Qinghe, 中国")


CHOICES = [
    ("category", "machinery", [2]),
    ("country", "GB", [1, 2]),
    ("consignor", "Ash", [1]),
]


@pytest.mark.parametrize(("field", "value", "left"), CHOICES)
async def test_a_choice_leaves_what_fits(
    come_in: ComeIn, house: ServedHouse, field: str, value: str, left: list[int]
) -> None:
    sale, lots = await mixed_sale(house)
    page = await (await come_in()).open(f"/?sale={sale}")
    if field == "consignor":  # the only one there is, so that it is no choice; an address may still ask for it
        await expect(page.locator("#consignor")).to_be_hidden()
        await page.goto(f"{page.url}&consignor={value}")
    else:
        await page.locator(f"#{field}").select_option(value)
    await expect_order(page, [lots[place] for place in left])
    await expect(page.locator("#shown")).to_have_text(f"{len(left)} of 3 lots")
    await expect(page).to_have_url(re.compile(f"{field}={value}"))


SOUGHT = [
    ("座钟", [0]),
    ("MANTEL clock", [0]),
    ("cafe", [2]),
    ("1862", [2]),
    ("united kingdom", [1, 2]),
    ("windsor ash", [1]),
    ("windsor press", []),
]


async def test_a_search_looks_at_titles_places_texts_and_ids(come_in: ComeIn, house: ServedHouse) -> None:
    sale, lots = await mixed_sale(house)
    page = await (await come_in()).open(f"/?sale={sale}")
    for words, left in [*SOUGHT, (lots[1].upper(), [1])]:
        await page.locator("#search").fill(words)
        await expect_order(page, [lots[place] for place in left])


async def test_where_nothing_fits_it_says_so_and_takes_it_back(come_in: ComeIn, house: ServedHouse) -> None:
    sale, lots = await mixed_sale(house)
    page = await (await come_in()).open(f"/?sale={sale}&q=nothing-of-this&category=jade")
    await expect(page.get_by_role("heading", name="Nothing fits")).to_be_visible()
    await expect(page.locator("#search")).to_have_value("nothing-of-this")
    await axe(page)
    await page.locator("#reset").click()
    await expect_order(page, lots)
    await expect(page.locator("#search")).to_have_value("")
    assert page.url.endswith(f"/?sale={sale}")


ORDERS = [
    ("price_high", [0, 2, 1]),
    ("price_low", [1, 2, 0]),
    ("bids", [1, 0, 2]),
    ("closing", [0, 1, 2]),
]


async def test_lots_stand_in_the_order_that_is_wished(come_in: ComeIn, house: ServedHouse) -> None:
    sale, lots = await mixed_sale(house)
    await house.bid(lots[1], "bob", 100_00)
    page = await (await come_in()).open(f"/?sale={sale}")
    for sort, order in ORDERS:
        await page.locator("#sort").select_option(sort)
        await expect_order(page, [lots[place] for place in order])


async def test_what_is_wished_survives_a_reload_and_can_be_shared(come_in: ComeIn, house: ServedHouse) -> None:
    sale, lots = await mixed_sale(house)
    page = await (await come_in()).open(f"/?sale={sale}")
    await page.locator("#country").select_option("GB")
    await page.locator("#sort").select_option("price_high")
    await page.locator('#phases [data-phase="open"]').click()
    for told in (f"sale={sale}", "country=GB", "sort=price_high", "phase=open"):
        assert told in page.url
    await page.reload()
    await expect_order(page, [lots[2], lots[1]])
    await expect(page.locator("#country")).to_have_value("GB")
    await expect(page.locator('#phases [data-phase="open"]')).to_have_attribute("aria-pressed", "true")
    other = await (await come_in()).open(page.url.removeprefix(house.url))
    await expect_order(other, [lots[2], lots[1]])


async def test_an_address_that_asks_for_nonsense_shows_nothing_worse(come_in: ComeIn, house: ServedHouse) -> None:
    sale, lots = await mixed_sale(house)
    page = await (await come_in()).open(f"/?sale={sale}&sort=constructor&q=%3Cimg%20src%3Dx%3E")
    await expect(page.locator("#sort")).to_have_value("closing")
    await expect(page.locator("#search")).to_have_value("<img src=x>")
    await page.locator("#reset").click()
    await expect_order(page, lots)


async def test_a_bid_shows_at_once(come_in: ComeIn, house: ServedHouse) -> None:
    sale, (clock, *_) = await mixed_sale(house)
    page = await (await come_in()).open(f"/?sale={sale}")
    await expect(part(page, clock, "bids")).to_have_text("0 bids")
    await house.bid(clock, "bob", 300_00)
    await house.bid(clock, "carol", 310_00)
    await expect(part(page, clock, "price")).to_have_text(re.compile(r"EUR\s310"))
    await expect(part(page, clock, "label")).to_have_text("Current bid")
    await expect(part(page, clock, "ask")).to_have_text(re.compile(r"next bid EUR\s320"))
    await expect(part(page, clock, "bids")).to_have_text("2 bids")


async def test_a_card_says_how_many_watch_its_lot(come_in: ComeIn, house: ServedHouse) -> None:
    sale, (clock, *_) = await mixed_sale(house)
    page = await (await come_in()).open(f"/?sale={sale}")
    await expect(part(page, clock, "watchers")).to_have_text("")
    other = await come_in()
    await other.open(f"/lots/{clock}")
    await expect(part(page, clock, "watchers")).to_have_text("1 watching")
    await other.page.close()
    await expect(part(page, clock, "watchers")).to_have_text("")


async def test_a_bidder_sees_where_he_leads_and_is_told_when_he_no_longer_does(
    come_in: ComeIn, house: ServedHouse
) -> None:
    sale, (clock, chair, _) = await mixed_sale(house)
    page = await (await come_in("alice")).open(f"/?sale={sale}")
    await expect(card(page, clock)).not_to_have_attribute("data-yours", re.compile("."))
    await house.bid(clock, "alice", 300_00)
    await expect(card(page, clock)).to_have_attribute("data-yours", "leading")
    await expect(part(page, clock, "yours")).to_have_text("You lead")
    await expect(part(page, chair, "yours")).to_be_hidden()
    await house.bid(clock, "bob", 350_00)
    await expect(card(page, clock)).to_have_attribute("data-yours", "outbid")
    await expect(page.locator(".toast")).to_contain_text("You have been outbid: A mantel clock")
    await page.locator('#phases [data-phase="yours"]').click()
    await expect_order(page, [clock])
    await axe(page)


async def test_what_closes_goes_last_and_what_is_extended_falls_back(come_in: ComeIn, house: ServedHouse) -> None:
    sale = await house.list_sale()
    soft = {"window_s": 60, "extension_s": 60}
    first = await house.list_lot(sale, closes_in_s=6)
    second = await house.list_lot(sale, closes_in_s=50, soft_close=soft)
    third = await house.list_lot(sale, closes_in_s=58)
    page = await (await come_in(still=False)).open(f"/?sale={sale}")
    await expect_order(page, [first, second, third])
    await house.bid(second, "bob", 100_00)
    await expect_order(page, [first, third, second])
    await house.bid(first, "bob", 100_00)
    await expect(card(page, first)).to_have_attribute("data-phase", "sold", timeout=10_000)
    await expect_order(page, [third, second, first])
    await expect(part(page, first, "label")).to_have_text("Sold for")
    await expect(part(page, first, "countdown")).to_be_hidden()
    await expect(page.locator('#phases [data-phase="sold"]')).to_have_text("sold 1")


async def test_nothing_moves_under_a_pointer_or_the_focus(come_in: ComeIn, house: ServedHouse) -> None:
    sale, (clock, chair, press) = await mixed_sale(house)
    page = await (await come_in()).open(f"/?sale={sale}")
    await expect_order(page, [clock, chair, press])
    await card(page, chair).hover()
    await house.order(clock, "extend", seconds=3_600)
    await expect(page.locator("#reordered")).to_be_visible()
    await expect_order(page, [clock, chair, press])
    await page.locator("#sale-title").hover()
    await expect_order(page, [chair, press, clock])
    await expect(page.locator("#reordered")).to_be_hidden()
    await card(page, press).get_by_role("link").focus()
    await house.order(chair, "extend", seconds=7_200)
    await expect(page.locator("#reordered")).to_be_visible()
    await expect_order(page, [chair, press, clock])
    await expect(card(page, press).get_by_role("link")).to_be_focused()
    await page.locator("#reordered").press("Enter")
    await expect_order(page, [press, clock, chair])


async def test_a_lot_that_is_listed_while_somebody_looks_shows(come_in: ComeIn, house: ServedHouse) -> None:
    sale, lots = await mixed_sale(house)
    page = await (await come_in()).open(f"/?sale={sale}")
    await expect_order(page, lots)
    vase = await house.list_lot(sale, title="A vase", fields={"category": "painting"}, closes_in_s=3_600)
    await expect_order(page, [*lots, vase])
    await expect(page.locator("#category option")).to_have_count(5)
    await expect(page.locator('#phases [data-phase=""]')).to_have_text("all 4")


async def test_another_sale_can_be_picked(come_in: ComeIn, house: ServedHouse) -> None:
    sale, lots = await mixed_sale(house)
    other = await house.list_sale(title="冬季专场 · Winter sale")
    later = await house.list_lot(other, opens_in_s=600, closes_in_s=1_200)
    page = await (await come_in()).open(f"/?sale={sale}&category=jade")
    await expect_order(page, lots[:1])
    await page.locator("#sale").select_option(other)
    await expect(page.locator("#sale-title")).to_have_text("Winter sale")
    await expect_order(page, [later])
    await expect(part(page, later, "countdown")).to_have_text(re.compile(r"^opens in (9|10):\d\d$"))
    assert page.url.endswith(f"/?sale={other}")


async def test_the_sale_whose_lot_closes_next_is_shown_first(come_in: ComeIn, own_house: ServedHouse) -> None:
    guest = await come_in(at=own_house)
    page = await guest.open("/")
    await expect(page.get_by_role("heading", name="No sales yet")).to_be_visible()
    late = await own_house.list_sale("late", "Late")
    await own_house.list_lot(late, closes_in_s=6_000)
    soon = await own_house.list_sale("soon", "Soon")
    await own_house.list_lot(soon, closes_in_s=600)
    await own_house.list_sale("empty", "Empty")
    await page.reload()
    await expect(page.locator("#sale-title")).to_have_text("Soon")
    await expect(page.locator("#sale")).to_have_value("soon")
    await page.locator("#sale").select_option("empty")
    await expect(page.get_by_role("heading", name="No lots yet")).to_be_visible()
    await guest.open("/?sale=nowhere")
    await expect(page.get_by_role("heading", name="There is no such sale")).to_be_visible()
    await axe(page)


async def test_a_picture_of_another_house_is_not_even_asked_for(come_in: ComeIn, house: ServedHouse) -> None:
    sale = await house.list_sale()
    far = await house.list_lot(sale, fields={"images": ["https://elsewhere.example/a.jpg"]})
    near = await house.list_lot(sale, fields={"images": [f"{house.url}/assets/icon.svg"]}, closes_in_s=900)
    page = await (await come_in()).open(f"/?sale={sale}")
    await expect(card(page, far).locator(".picture svg.mark")).to_be_visible()
    await expect(card(page, far).locator("img")).to_have_count(0)
    await expect(card(page, near).locator("img")).to_have_attribute("loading", "lazy")


async def test_who_comes_back_from_a_lot_finds_the_cards_where_he_left_them(
    come_in: ComeIn, house: ServedHouse
) -> None:
    sale = await house.list_sale()
    for place in range(20):
        await house.list_lot(sale, closes_in_s=600 + place)
    page = await (await come_in(screen=SMALL_PHONE)).open(f"/?sale={sale}&sort=closing")
    await expect(cards(page)).to_have_count(20)
    await cards(page).nth(15).scroll_into_view_if_needed()
    left = await page.evaluate("scrollY")
    await cards(page).nth(15).get_by_role("link").click()
    await expect(page).to_have_url(re.compile("/lots/"))
    await page.go_back()
    await expect(cards(page)).to_have_count(20)
    await expect(cards(page).nth(15)).to_be_in_viewport(ratio=0.5)
    assert abs(await page.evaluate("scrollY") - left) < SMALL_PHONE.height


async def test_a_house_that_does_not_answer_is_no_empty_page(come_in: ComeIn, house: ServedHouse) -> None:
    sale, lots = await mixed_sale(house)
    guest = await come_in()
    guest.record.allow("503 to GET", "Service Unavailable")
    await guest.context.route("**/v1/sales", lambda route: route.fulfill(status=503, body="{}"), times=1)
    page = await guest.open(f"/?sale={sale}")
    await expect(page.get_by_role("heading", name="The house cannot be reached")).to_be_visible()
    await page.locator("#again").click()
    await expect_order(page, lots)


async def test_on_a_phone_the_filters_are_folded_away(come_in: ComeIn, house: ServedHouse) -> None:
    sale, lots = await mixed_sale(house)
    page = await (await come_in(screen=SMALL_PHONE)).open(f"/?sale={sale}")
    await expect(page.locator("#category")).to_be_hidden()
    opener = page.locator("#filters-open")
    await opener.click()
    await expect(opener).to_have_attribute("aria-expanded", "true")
    await page.locator("#category").select_option("jade")
    await expect_order(page, lots[:1])
    await expect(opener).to_have_text("Filter and sort (1)")
    assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    await axe(page)


def thousand_lots(sale: str) -> dict[str, Any]:
    """Return the body of an import."""
    lots = [
        {
            "lot": f"{sale}-{number:04}",
            "title": f"Lot number {number}",
            "category": ("jade", "painting", "machinery")[number % 3],
            "country": "CN",
            "place": "Qinghe",
            "terms": {"start_price": 100_00 + number, "closes_at": in_s(600 + number)},
        }
        for number in range(1_000)
    ]
    terms = {"currency": "CNY", "ladder": [[0, 10_00]], "opens_at": in_s(0)}
    return {"sale": {"sale": sale, "title": "A thousand"}, "terms": terms, "lots": lots}


# In a house of its own: a thousand lots that close soon crowd every other off the console.
async def test_a_thousand_lots_are_searched_sorted_and_kept_up_with(come_in: ComeIn, own_house: ServedHouse) -> None:
    sale = own_house.fresh("thousand")
    await own_house.call("POST", "/v1/imports", thousand_lots(sale))
    page = await (await come_in(at=own_house)).open(f"/?sale={sale}")
    await expect(cards(page)).to_have_count(1_000, timeout=15_000)
    await expect(page.locator("#shown")).to_have_text("1,000 lots")
    last = f"{sale}-0999"
    await own_house.bid(last, "bob", 5_000_00)
    await expect(part(page, last, "price")).to_have_text(re.compile(r"CNY\s5,000"))
    await page.locator("#sort").select_option("price_high")
    await expect(cards(page).first).to_have_attribute("data-lot", last)
    await page.locator("#search").fill("number 77")
    with_77 = [number for number in range(1_000) if "77" in str(number)]
    await expect(page.locator("#shown")).to_have_text(f"{len(with_77)} of 1,000 lots")
    await page.locator("#category").select_option("jade")
    await expect(cards(page)).to_have_count(sum(number % 3 == 0 for number in with_77))
    # Of what nobody sees nothing is counted down: those few in sight alone are written.
    await page.locator("#search").fill("")
    await page.locator("#category").select_option("")
    await expect(cards(page)).to_have_count(1_000)
    written = await page.evaluate(
        "[...document.querySelectorAll('[data-part=countdown]')].filter(node => node.textContent !== '').length"
    )
    assert 0 < written < 500
