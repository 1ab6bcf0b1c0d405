"""The console: what a clerk sees of forty lots, and every order he gives, by mouse and by keys."""

import re
from itertools import pairwise

import pytest
from playwright.async_api import Locator, Page, expect

from tests.browser.axe import axe
from tests.browser.conftest import ComeIn
from tests.browser.line import Line
from tests.browser.served import ServedHouse, in_s, soft
from tests.browser.visitor import DESKTOP, SMALL_PHONE, WIDE, Screen, Visitor, sign_in

REFUSED = r"409 to POST .*/orders"
STATEMENTS = ["I can pay.", "I have seen the lot."]


async def console(
    come_in: ComeIn, sale: str = "", *, who: str = "olga", screen: Screen = DESKTOP, allow: str = "^$"
) -> Page:
    """Open the console as an operator of the house, on one sale or on all."""
    visitor = await come_in(who, "operator", screen=screen)
    visitor.record.allow(allow)
    return await on_sale(await visitor.open("/operator"), sale)


async def on_sale(page: Page, sale: str) -> Page:
    """Show one sale on an open console, once it is live."""
    await expect(page.locator("#readiness")).to_have_attribute("data-level", "good")
    if sale:
        await page.locator("#filter-sale").select_option(sale)
    return page


def row(page: Page, lot: str) -> Locator:
    """Return the row of a lot."""
    return page.locator(f'#board tr[data-lot="{lot}"]')


def cell(page: Page, lot: str, name: str) -> Locator:
    """Return a cell of the row of a lot."""
    return row(page, lot).locator(f'[data-cell="{name}"]')


async def open_lot(page: Page, lot: str) -> Locator:
    """Open a lot by its row; return its panel."""
    await row(page, lot).click()
    panel = page.locator("#panel")
    await expect(panel).to_have_attribute("data-lot", lot)
    return panel


def order(page: Page, name: str) -> Locator:
    """Return the button of an order in the panel."""
    return page.locator(f'#panel .orders [data-order="{name}"]')


async def confirm(page: Page) -> None:
    """Confirm a grave order, and give it."""
    await page.locator("#order-confirm").check()
    await give(page)


async def give(page: Page) -> None:
    """Give the order of the dialog, and see it carried out."""
    await page.locator("#order-give").click()
    await expect(page.locator("#order-dialog")).to_be_hidden()


# What is seen ---------------------------------------------------------------------------------------------------------


async def test_forty_lots_the_tape_and_the_figures_are_in_sight_on_a_wide_screen(
    come_in: ComeIn, house: ServedHouse
) -> None:
    sale = await house.list_sale()
    lots = [await house.list_lot(sale, closes_in_s=600 + 15 * place) for place in range(40)]
    page = await console(come_in, sale, screen=WIDE)
    rows = page.locator("#board tbody tr")
    await expect(rows).to_have_count(40)
    await expect(cell(page, lots[-1], "title")).to_contain_text("Lot")
    boxes = [await found.bounding_box() for found in await rows.all()]
    assert all(box is not None and box["y"] + box["height"] <= WIDE.height for box in boxes), boxes[-1]
    for one, next_one in pairwise(boxes):
        assert one is not None
        assert next_one is not None
        assert one["y"] + one["height"] <= next_one["y"] + 1
        assert one["height"] >= 24
    for seen in ("#health", "#tape", "#ended-title"):
        await expect(page.locator(seen)).to_be_in_viewport(ratio=0.99)
    assert [await found.get_attribute("data-lot") for found in await rows.all()] == lots
    assert await page.evaluate("document.documentElement.scrollHeight <= innerHeight")


async def test_a_row_follows_its_lot(come_in: ComeIn, house: ServedHouse) -> None:
    sale = await house.list_sale()
    lot = await house.list_lot(sale, title="A clock", reserve=130_00, soft_close=soft(3_600, 3_600))
    page = await console(come_in, sale, screen=WIDE)
    await expect(cell(page, lot, "title")).to_contain_text("A clock")
    await expect(cell(page, lot, "reserve")).to_contain_text("not met")
    await house.bid(lot, "alice", 100_00)
    await house.bid(lot, "bob", 150_00)
    await expect(cell(page, lot, "price")).to_contain_text("150.00")
    await expect(cell(page, lot, "ask")).to_contain_text("160.00")
    await expect(cell(page, lot, "reserve")).to_contain_text("✓ met")
    await expect(cell(page, lot, "bids")).to_have_text("2")
    await expect(cell(page, lot, "extensions")).to_have_text("2")
    await expect(cell(page, lot, "watchers")).to_have_text("1")
    await expect(row(page, lot)).to_have_attribute("data-extended", "")
    await expect(cell(page, lot, "matter")).to_contain_text("extended")
    said = page.locator(f'#tape li[data-lot="{lot}"][data-ev="bid_placed"] .said')
    await expect(said).to_have_count(2)
    await expect(said.first).to_contain_text("150.00")


async def test_what_needs_an_eye_stands_out_in_words(come_in: ComeIn, house: ServedHouse) -> None:
    sale = await house.list_sale()
    paused, suspended, quiet, poor, warned = [
        await house.list_lot(sale, closes_in_s=closes_in_s, reserve=reserve)
        for closes_in_s, reserve in ((600, None), (600, None), (50, None), (90, 500_00), (600, None))
    ]
    page = await console(come_in, sale)
    await house.order(paused, "pause", reason="A moment.")
    await house.order(suspended, "suspend", reason="A question of title.")
    await house.bid(poor, "alice", 100_00)
    await house.order(warned, "fair_warning")
    matters = {paused: "paused", suspended: "suspended", quiet: "no_bids", poor: "below_reserve", warned: "warned"}
    for lot, matter in matters.items():
        await expect(row(page, lot)).to_have_attribute("data-matter", matter)
        await expect(row(page, lot)).to_have_attribute("data-level", "warn")
        await expect(cell(page, lot, "matter")).to_contain_text("!")
    await expect(cell(page, suspended, "matter")).to_contain_text("4 d 23 h left")
    await expect(row(page, quiet)).to_have_attribute("data-closing", "")
    await expect(row(page, warned)).not_to_have_attribute("data-closing", "")


async def test_the_selected_lot_stays_selected_wherever_its_row_goes(come_in: ComeIn, house: ServedHouse) -> None:
    sale = await house.list_sale()
    lots = [await house.list_lot(sale, closes_in_s=600 + 30 * place) for place in range(3)]
    page = await console(come_in, sale)
    await expect(page.locator("#board tbody tr")).to_have_count(3)
    await page.locator("#board").focus()
    await page.keyboard.press("j")
    await expect(row(page, lots[0])).to_have_attribute("aria-selected", "true")
    await house.order(lots[0], "extend", seconds=45)
    rows = page.locator("#board tbody tr")
    await expect(rows.nth(1)).to_have_attribute("data-lot", lots[0])
    await expect(row(page, lots[0])).to_have_attribute("aria-selected", "true")
    for key, lot in (("ArrowDown", lots[2]), ("ArrowDown", lots[2]), ("k", lots[0]), ("ArrowUp", lots[1])):
        await page.keyboard.press(key)
        await expect(row(page, lot)).to_have_attribute("aria-selected", "true")
    await page.keyboard.press("Enter")
    await expect(page.locator("#panel")).to_have_attribute("data-lot", lots[1])
    await page.keyboard.press("Escape")
    await expect(page.locator("#panel")).to_be_hidden()
    await expect(row(page, lots[1])).to_have_attribute("aria-selected", "true")
    await page.keyboard.press("Escape")
    await expect(row(page, lots[1])).to_have_attribute("aria-selected", "false")


async def test_no_row_moves_under_the_pointer(come_in: ComeIn, house: ServedHouse) -> None:
    sale = await house.list_sale()
    lots = [await house.list_lot(sale, closes_in_s=600 + 30 * place) for place in range(2)]
    page = await console(come_in, sale)
    rows = page.locator("#board tbody tr")
    await expect(rows).to_have_count(2)
    await row(page, lots[0]).hover()
    await house.order(lots[0], "extend", seconds=45)
    await expect(cell(page, lots[0], "extensions")).to_have_text("1")
    await expect(page.locator("#held")).to_be_visible()
    await expect(rows.first).to_have_attribute("data-lot", lots[0])
    await page.locator("#counts").hover()
    await expect(rows.first).to_have_attribute("data-lot", lots[1])


async def test_lots_are_found_by_text_and_by_id(come_in: ComeIn, house: ServedHouse) -> None:
    sale = await house.list_sale()
    clock = await house.list_lot(sale, title="A mantel clock")
    await house.list_lot(sale, title="A chair")
    gone = await house.list_lot(sale, title="A lamp")
    await house.order(gone, "withdraw")
    page = await console(come_in, sale)
    await page.keyboard.press("/")
    await page.keyboard.type("mantel")
    await expect(page.locator("#board tbody tr")).to_have_count(1)
    await page.keyboard.press("Enter")
    await expect(row(page, clock)).to_have_attribute("aria-selected", "true")
    await page.locator("#filter-text").fill(gone)
    await page.locator("#open-by-id").click()
    await expect(page.locator("#panel-title")).to_have_text("A lamp")
    await expect(page.locator("#panel-phase")).to_have_text("withdrawn")


async def test_the_tape_stands_still_while_it_is_read(come_in: ComeIn, house: ServedHouse) -> None:
    sale = await house.list_sale()
    lot, other = [await house.list_lot(sale) for _ in range(2)]
    page = await console(come_in, sale)
    await expect(cell(page, other, "title")).to_contain_text("Lot")
    await house.order(lot, "notice", text="The first.")
    first = page.locator("#tape li", has_text="The first.")
    await expect(first).to_be_visible()
    await page.locator("#tape").hover()
    await house.order(other, "notice", text="The second.")
    await expect(page.locator("#tape-held")).to_contain_text("1 more")
    await expect(page.locator("#tape li", has_text="The second.")).to_have_count(0)
    await page.locator("#counts").hover()
    await expect(page.locator("#tape li").first).to_contain_text("The second.")
    await row(page, lot).click()
    await page.locator("#panel-close").click()
    await page.locator("#tape-only").check()
    await expect(page.locator("#tape li", has_text="The second.")).to_be_hidden()
    await expect(first).to_be_visible()


async def test_the_house_shows_its_figures(come_in: ComeIn) -> None:
    page = await console(come_in)
    for name in ("append_p50", "append_p99", "append_max", "loop_lag", "closing_lag"):
        await expect(page.locator(f'[data-figure="{name}"] .value')).to_have_text(re.compile(r"^[\d.,]+ ms$"))
    for name in ("inbox", "batch", "connections", "accepted", "refused", "slow_readers"):
        await expect(page.locator(f'[data-figure="{name}"] .value')).to_have_text(re.compile(r"^[\d.,]+$"))
    await expect(page.locator("#readiness")).to_contain_text("takes bids")


async def test_a_figure_beyond_its_bound_says_so(come_in: ComeIn) -> None:
    page = await console(come_in)
    spread = {"p50": 1_000, "p99": 60_000, "max": 200_000}
    engine = {
        "append_us": spread,
        "batch_orders": spread,
        "loop_lag_us": {**spread, "p99": 50_001},
        "closing_lag_us": {**spread, "p99": 0},
        "inbox_orders": 0,
        "slow_readers_dropped": 0,
        "troubles": ["The store does not answer."],
    }
    totals = {"connections": 1, "accepted_per_s": 0, "refused": 0}
    told = await page.evaluate(
        """async (message) => {
            const { Health } = await import("/assets/js/operator/health.js");
            const health = new Health();
            health.show(message);
            const levels = [...health.figures.children].map((one) => [one.dataset.figure, one.dataset.level]);
            const text = health.figures.innerText ?? health.figures.textContent;
            return { levels: Object.fromEntries(levels), text, state: health.node.textContent };
        }""",
        {"engine": engine, "totals": totals, "now": in_s(0)},
    )
    assert told["levels"]["append_p50"] == "good"
    assert told["levels"]["append_p99"] == "warn"
    assert told["levels"]["loop_lag"] == "bad"
    assert told["levels"]["closing_lag"] == "good"
    assert "slow disk" in told["text"]
    assert "processor full" in told["text"]
    assert "takes no bids" in told["state"]
    assert "The store does not answer." in told["state"]


# Who may --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("who", "told"), [("", "Sign in as an operator"), ("alice", "alice, bidder")])
async def test_who_runs_no_sales_is_told_where_to_sign_in(come_in: ComeIn, who: str, told: str) -> None:
    visitor = await come_in(who)
    page = await visitor.open("/operator")
    await expect(page.locator("#not-yours")).to_contain_text(told)
    link = page.locator("#not-yours a")
    await expect(link).to_have_attribute("href", re.compile(r"^/sign-in\?next=%2Foperator$"))
    await expect(page.locator("#board")).to_have_count(0)
    await axe(page)


async def test_a_consignors_operator_sees_his_lots_and_no_others(come_in: ComeIn, house: ServedHouse) -> None:
    org = house.fresh("court")
    taken_on = {"consignor": org, "name": "A court", "kind": "court"}
    await house.call("POST", "/v1/consignors", taken_on, who="ada", role="admin")
    theirs = await house.list_sale(org=org)
    his = await house.list_lot(theirs, fields={"org": org})
    sold = await house.list_lot(theirs, fields={"org": org})
    await house.bid(sold, "alice", 100_00)
    await house.order(sold, "hammer")
    others = await house.list_lot(await house.list_sale())
    olaf = await come_in()
    await sign_in(olaf.context, olaf.url, house.premises.sign("operator", "olaf", org=org))
    page = await on_sale(await olaf.open("/operator"), "")
    await expect(page.locator("#board tbody tr")).to_have_count(1)
    await expect(row(page, his)).to_be_visible()
    await expect(page.locator("#ended li")).to_have_count(1)
    await expect(page.locator("#ended li")).to_have_attribute("data-lot", sold)
    await expect(page.locator("#filter-sale option")).to_have_count(2)
    await expect(page.locator("#figures")).to_be_hidden()
    await page.locator("#filter-text").fill(others)
    await page.locator("#open-by-id").click()
    await expect(page.locator(".toast")).to_contain_text("run by somebody else")
    await page.locator("#filter-text").fill("")
    await open_lot(page, his)
    await page.keyboard.press("p")
    await give(page)
    await expect(row(page, his)).to_have_attribute("data-phase", "paused")


# The course of a lot --------------------------------------------------------------------------------------------------


async def test_pause_resume_and_extend_by_keys(come_in: ComeIn, house: ServedHouse) -> None:
    sale = await house.list_sale()
    lot = await house.list_lot(sale)
    page = await console(come_in, sale)
    panel = await open_lot(page, lot)
    await page.keyboard.press("p")
    await expect(page.locator("#order-title")).to_have_text("Pause")
    await page.locator("#order-reason").fill("A moment.")
    await give(page)
    await expect(panel).to_have_attribute("data-phase", "paused")
    await expect(page.locator("#tape li", has_text="A moment.").first).to_contain_text(lot)
    await page.keyboard.press("r")
    await expect(page.locator("#order-give")).to_be_focused()
    await page.keyboard.press("Enter")
    await expect(panel).to_have_attribute("data-phase", "open")
    # The lot's event may be there before the order's answer, which closes the dialog.
    await expect(page.locator("#order-dialog")).to_be_hidden()
    before = (await house.snapshot(lot))["closes_at"]
    await page.keyboard.press("e")
    await page.locator("#field-seconds").fill("90")
    await page.keyboard.press("Enter")
    await expect(panel.locator('[data-fact="extensions"]')).to_have_text("1")
    assert (await house.snapshot(lot))["closes_at"] == before + 90_000_000


async def test_the_end_is_moved_to_a_time_of_the_viewers_day(come_in: ComeIn, house: ServedHouse) -> None:
    sale = await house.list_sale()
    lot = await house.list_lot(sale)
    visitor = await come_in("olga", "operator", zone="Asia/Shanghai")
    page = await on_sale(await visitor.open("/operator"), sale)
    await open_lot(page, lot)
    before = (await house.snapshot(lot))["closes_at"]
    await page.keyboard.press("e")
    await expect(page.locator("#order-dialog")).to_contain_text("Asia/Shanghai")
    proposed = await page.locator("#field-until").input_value()
    await page.locator("#field-until").fill(proposed[:-2] + "00")
    await expect(page.locator("#field-by-time")).to_be_checked()
    await page.locator("#field-until").fill(proposed)
    await give(page)
    after = (await house.snapshot(lot))["closes_at"]
    assert before + 60_000_000 <= after < before + 61_000_000
    assert after % 1_000_000 == 0


async def test_a_suspension_wants_its_reason_and_a_confirmation(come_in: ComeIn, house: ServedHouse) -> None:
    sale = await house.list_sale()
    lot = await house.list_lot(sale)
    page = await console(come_in, sale)
    panel = await open_lot(page, lot)
    await order(page, "suspend").click()
    await page.locator("#order-give").click()
    await expect(page.locator("#order-trouble")).to_have_text("A reason is needed; everyone reads it.")
    await page.locator("#order-reason").fill("A question of title.")
    await page.locator("#order-give").click()
    await expect(page.locator("#order-trouble")).to_have_text("Tick the confirmation first.")
    await confirm(page)
    await expect(panel).to_have_attribute("data-phase", "paused")
    await expect(page.locator("#panel-matter")).to_contain_text("4 d 23 h left")
    assert (await house.events(lot))[-1]["reason"] == "A question of title."


async def test_bids_are_voided_and_undone(come_in: ComeIn, house: ServedHouse) -> None:
    sale = await house.list_sale()
    lot = await house.list_lot(sale)
    for bidder, amount in (("alice", 100_00), ("bob", 120_00), ("carol", 150_00)):
        await house.bid(lot, bidder, amount)
    page = await console(come_in, sale)
    panel = await open_lot(page, lot)
    bids = panel.locator("#last-bids tbody tr")
    await expect(bids).to_have_count(3)
    await bids.nth(0).get_by_role("button").click()
    await confirm(page)
    await expect(panel.locator('[data-fact="price"]')).to_contain_text("120.00")
    await expect(bids.nth(0)).to_contain_text("voided")
    await expect(bids.nth(0).get_by_role("button")).to_have_count(0)
    await page.keyboard.press("u")
    await give(page)
    await expect(panel.locator('[data-fact="price"]')).to_contain_text("100.00")
    await page.keyboard.press("v")
    await expect(page.locator("#field-seq")).to_have_value((await bids.nth(2).get_attribute("data-seq")) or "none")


async def test_a_lot_is_withdrawn_and_offered_again(come_in: ComeIn, house: ServedHouse) -> None:
    sale = await house.list_sale()
    lot = await house.list_lot(sale)
    page = await console(come_in, sale)
    panel = await open_lot(page, lot)
    await page.keyboard.press("d")
    await confirm(page)
    await expect(page.locator(f'#ended li[data-lot="{lot}"]')).to_be_attached()
    await expect(row(page, lot)).to_have_count(0)
    await expect(panel).to_have_attribute("data-phase", "withdrawn")
    await page.keyboard.press("1")
    await page.locator("#field-start_price").fill("80.00")
    await give(page)
    await expect(panel.locator('[data-fact="bids"]')).to_be_visible()
    successor = await house.snapshot(f"{lot}-2")
    assert successor["before"] == lot
    assert successor["terms"]["start_price"] == 80_00
    await expect(row(page, f"{lot}-2")).to_have_attribute("data-phase", "upcoming")


async def test_a_sold_lot_is_reopened_and_settled(come_in: ComeIn, house: ServedHouse) -> None:
    sale = await house.list_sale()
    lot = await house.list_lot(sale)
    await house.bid(lot, "alice", 100_00)
    await house.order(lot, "hammer")
    page = await console(come_in, sale, screen=WIDE)
    ended = page.locator(f'#ended li[data-lot="{lot}"]')
    await expect(ended).to_contain_text("payment due")
    await ended.get_by_role("button").click()
    await page.keyboard.press("y")
    await expect(page.locator("#order-does")).to_contain_text("EUR 100.00")
    await confirm(page)
    await expect(row(page, lot)).to_have_attribute("data-phase", "open")
    await expect(ended).to_have_count(0)
    await page.keyboard.press("h")
    await confirm(page)
    await expect(ended).to_contain_text("payment due")
    await page.keyboard.press("q")
    await give(page)
    await expect(ended).to_contain_text("paid")
    await page.keyboard.press("y")
    await expect(page.locator(".toast").last).to_contain_text("The lot is settled.")


async def test_a_seller_consents_to_a_bid_below_the_reserve(come_in: ComeIn, house: ServedHouse) -> None:
    sale = await house.list_sale()
    lot = await house.list_lot(sale, reserve=500_00, provisional_s=600)
    await house.bid(lot, "alice", 100_00)
    page = await console(come_in, sale)
    panel = await open_lot(page, lot)
    await page.keyboard.press("h")
    await expect(page.locator(".toast")).to_contain_text("The reserve is not met.")
    await page.keyboard.press("x")
    await confirm(page)
    await expect(page.locator("#panel-matter")).to_have_text("the seller's consent is awaited")
    await page.keyboard.press("c")
    await expect(page.locator("#order-does")).to_contain_text("sold after all, for EUR 100.00")
    await give(page)
    await expect(panel).to_have_attribute("data-phase", "sold")


async def test_a_buyer_defaults_his_deposit_is_shared_out_and_the_lot_sold_off(
    come_in: ComeIn, house: ServedHouse
) -> None:
    sale = await house.list_sale()
    lot = await house.list_lot(sale, deposit=50_00)
    bidder = house.fresh("bob")
    await house.order(lot, "deposit", bidder=bidder, amount=50_00, payment="bank-1")
    await house.bid(lot, bidder, 100_00)
    await house.order(lot, "hammer")
    page = await console(come_in, sale, screen=WIDE)
    await page.locator(f'#ended li[data-lot="{lot}"] button').click()
    await expect(page.locator("#registrations")).to_contain_text("deposit held: EUR 50.00")
    await page.keyboard.press("g")
    await page.locator("#order-reason").fill("He has not paid.")
    await confirm(page)
    await expect(page.locator("#registrations")).to_contain_text("forfeited: EUR 50.00")
    await page.keyboard.press("m")
    await page.locator("#field-costs").fill("10")
    await page.locator("#field-shortfall").fill("15.50")
    await give(page)
    (told,) = (await house.call("GET", f"/v1/lots/{lot}/registrations"))["registrations"]
    assert [told["deposit"][account] for account in ("costs", "shortfall", "debts")] == [10_00, 15_50, 24_50]
    await page.keyboard.press("3")
    await page.locator("#field-first_bid_closes_s").fill("3600")
    await give(page)
    successor = await house.snapshot(f"{lot}-2")
    assert successor["terms"]["first_bid_closes_s"] == 3_600
    await expect(page.locator(f'#ended li[data-lot="{lot}"]')).to_contain_text(f"offered again as {lot}-2")


async def test_orders_that_make_no_sense_say_why(come_in: ComeIn, house: ServedHouse) -> None:
    sale = await house.list_sale()
    lot = await house.list_lot(sale, opens_in_s=300)
    page = await console(come_in, sale)
    await open_lot(page, lot)
    for name in ("pause", "hammer", "extend", "floor_bid", "void_bid", "settle", "reopen"):
        await expect(order(page, name)).to_have_attribute("aria-disabled", "true")
        await expect(order(page, name)).to_have_attribute("title", "Not before the lot is open.")
    for name in ("open", "withdraw", "notice", "admit"):
        await expect(order(page, name)).not_to_have_attribute("aria-disabled", "true")
    await order(page, "pause").click(force=True)
    await expect(page.locator(".toast")).to_contain_text("Not before the lot is open.")
    await page.keyboard.press("o")
    await give(page)
    await expect(order(page, "pause")).not_to_have_attribute("aria-disabled", "true")
    await expect(order(page, "hammer")).to_have_attribute("title", "There is no bid.")


# A saleroom -----------------------------------------------------------------------------------------------------------


async def test_a_saleroom_lot_runs_from_open_to_the_hammer_by_keys_alone(come_in: ComeIn, house: ServedHouse) -> None:
    sale = await house.list_sale()
    lot = await house.list_lot(sale, title="A violin", closes_in_s=None, format="saleroom")
    page = await console(come_in, sale)
    stage, price = page.locator("#stage"), page.locator("#stage-price")
    for key in ("/", *lot, "Enter", "0", "o"):
        await page.keyboard.press(key)
    await expect(stage).to_have_attribute("data-phase", "open")
    await expect(page.locator("#stage-amount")).to_have_value("100.00")
    # The lot's event may be there before the order's answer, and one order is given at a time.
    await expect(stage).not_to_have_attribute("aria-busy", "true")
    await page.keyboard.press("f")
    await expect(page.locator("#stage-amount")).to_be_focused()
    await page.keyboard.press("Enter")
    await expect(price).to_have_text("EUR 100.00")
    await expect(page.locator("#stage-amount")).to_have_value("110.00")
    await expect(stage).not_to_have_attribute("aria-busy", "true")
    await page.keyboard.press("f")
    await page.keyboard.type("200")
    await page.keyboard.press("Tab")
    await page.keyboard.type("row-3")
    await page.keyboard.press("Enter")
    await expect(price).to_have_text("EUR 200.00")
    await expect(stage).not_to_have_attribute("aria-busy", "true")
    await page.keyboard.press("u")
    await expect(page.locator("#order-give")).to_be_focused()
    await page.keyboard.press("Enter")
    await expect(price).to_have_text("EUR 100.00")
    await expect(stage).not_to_have_attribute("aria-busy", "true")
    await page.keyboard.press("t")
    await page.keyboard.type("25")
    await page.keyboard.press("Enter")
    await expect(page.locator("#stage-ask")).to_have_text("asking EUR 125.00")
    await house.bid(lot, "alice", 125_00)
    await expect(price).to_have_text("EUR 125.00")
    await expect(stage).not_to_have_attribute("aria-busy", "true")
    await page.keyboard.press("w")
    await expect(page.locator("#stage-state")).to_have_text("FAIR WARNING")
    await expect(stage).not_to_have_attribute("aria-busy", "true")
    await page.keyboard.press("h")
    await expect(page.locator("#order-does")).to_contain_text("for EUR 125.00")
    await expect(stage).not_to_have_attribute("aria-busy", "true")
    await page.keyboard.press("Space")
    await page.keyboard.press("Enter")
    await expect(page.locator("#stage-state")).to_contain_text("SOLD for EUR 125.00")
    assert (await house.snapshot(lot))["hammer_price"] == 125_00
    await expect(page.locator("dialog[open]")).to_have_count(0)
    await page.keyboard.press("Escape")
    await expect(stage).to_be_hidden()


async def test_the_rostrum_goes_to_the_next_lot_and_takes_bids_by_a_press(come_in: ComeIn, house: ServedHouse) -> None:
    sale = await house.list_sale()
    one, other = [await house.list_lot(sale, closes_in_s=None, format="saleroom") for _ in range(2)]
    page = await console(come_in, sale)
    await open_lot(page, one)
    await page.locator("#to-stage").click()
    await page.locator('#stage [data-order="open"]').click()
    await page.locator('#stage-quick [data-amount="12000"]').click()
    await expect(page.locator("#stage-price")).to_have_text("EUR 120.00")
    await expect(page.locator("#stage-leader")).to_contain_text("paddle")
    await page.locator('#stage [data-order="pass"]').click()
    await confirm(page)
    await expect(page.locator("#stage")).to_have_attribute("data-phase", "passed")
    await page.keyboard.press("j")
    await expect(page.locator("#stage-title")).to_contain_text(other)
    await expect(page.locator("#stage")).to_have_attribute("data-phase", "upcoming")
    await page.keyboard.press("w")
    await expect(page.locator(".toast").last).to_contain_text("Not before the lot is open.")


# Bidders and their deposits -------------------------------------------------------------------------------------------


async def test_bidders_are_admitted_and_declined_and_their_deposits_taken(come_in: ComeIn, house: ServedHouse) -> None:
    sale = await house.list_sale()
    registration = {"statements": STATEMENTS, "check": True}
    lot = await house.list_lot(sale, registration=registration, deposit=50_00)
    alice, carol = house.fresh("alice"), house.fresh("carol")
    for bidder in (alice, carol):
        await house.register(lot, bidder, STATEMENTS)
    page = await console(come_in, sale, allow=REFUSED)
    panel = await open_lot(page, lot)
    hers, his = [panel.locator(f'#registrations [data-bidder="{bidder}"]') for bidder in (alice, carol)]
    await expect(hers).to_contain_text("registered · no deposit yet")
    await hers.locator('[data-order="admit"]').click()
    await expect(page.locator("#field-bidder")).to_have_value(alice)
    await give(page)
    await expect(hers).to_contain_text("admitted")
    await hers.locator('[data-order="deposit"]').click()
    await expect(page.locator("#field-deposit_paid")).to_have_value("50.00")
    await page.locator("#field-payment").fill("bank-7")
    await page.locator("#field-deposit_paid").fill("40")
    await page.locator("#order-give").click()
    await expect(page.locator("#order-trouble")).to_have_text("That is not the deposit of this lot.")
    await page.locator("#field-deposit_paid").fill("50")
    await give(page)
    await expect(hers).to_contain_text("deposit held: EUR 50.00")
    await his.locator('[data-order="decline"]').click()
    await give(page)
    await house.bid(lot, alice, 100_00)
    await expect(cell(page, lot, "price")).to_contain_text("100.00")
    await order(page, "bar").click()
    await page.locator("#field-bidder").fill(alice)
    await confirm(page)
    await expect(hers).to_contain_text("barred")


# Two operators --------------------------------------------------------------------------------------------------------


async def test_two_operators_withdraw_a_lot_of_four_eyes(come_in: ComeIn, house: ServedHouse) -> None:
    sale = await house.list_sale()
    lot = await house.list_lot(sale, four_eyes=["withdraw"])
    first = await console(come_in, sale)
    await open_lot(first, lot)
    await first.keyboard.press("d")
    await first.locator("#order-reason").fill("Its owner has died.")
    await confirm(first)
    await expect(first.locator(".toast")).to_contain_text("waits for a second operator")
    await expect(first.locator("#proposals")).to_contain_text("Another operator than you must countersign.")
    await expect(first.locator("#panel-phase")).to_have_text("open")
    second = await console(come_in, sale, who="pia")
    await open_lot(second, lot)
    waiting = second.locator("#proposals li")
    await expect(waiting).to_contain_text("Withdraw by olga")
    await expect(waiting).to_contain_text("Its owner has died.")
    await waiting.get_by_role("button").click()
    await confirm(second)
    for page in (first, second):
        await expect(page.locator("#panel-phase")).to_have_text("withdrawn")
    await expect(second.locator("#proposals li")).to_have_count(0)


# When the lot goes on, and when the line breaks -----------------------------------------------------------------------


async def test_a_grave_order_is_confirmed_anew_when_the_lot_goes_on(come_in: ComeIn, house: ServedHouse) -> None:
    sale = await house.list_sale()
    lot = await house.list_lot(sale)
    await house.bid(lot, "alice", 100_00)
    page = await console(come_in, sale)
    await open_lot(page, lot)
    await page.keyboard.press("h")
    await page.locator("#order-confirm").check()
    await house.bid(lot, "bob", 120_00)
    await expect(page.locator("#order-trouble")).to_contain_text("The lot has gone on")
    await expect(page.locator("#order-confirm")).not_to_be_checked()
    await expect(page.locator("#order-stands")).to_contain_text("price EUR 120.00")
    await expect(page.locator("#order-does")).to_contain_text("for EUR 120.00")
    await confirm(page)
    assert (await house.snapshot(lot))["hammer_price"] == 120_00


async def over_a_line(come_in: ComeIn, line: Line, sale: str) -> tuple[Visitor, Page]:
    """Open the console over a line that can be held up and cut."""
    visitor = await come_in("olga", "operator", over=line)
    return visitor, await on_sale(await visitor.open("/operator"), sale)


async def test_an_order_for_a_lot_that_has_gone_on_unseen_is_stale_and_says_so(
    come_in: ComeIn, house: ServedHouse, line: Line
) -> None:
    sale = await house.list_sale()
    lot = await house.list_lot(sale)
    await house.bid(lot, "alice", 100_00)
    olga, page = await over_a_line(come_in, line, sale)
    olga.record.allow(REFUSED)
    await open_lot(page, lot)
    await expect(page.locator("#last-bids tbody tr")).to_have_count(1)
    await page.keyboard.press("h")
    await page.locator("#order-confirm").check()
    line.to_browser_s = 1.5
    await house.bid(lot, "bob", 120_00)
    await page.locator("#order-give").click()
    await expect(page.locator("#order-trouble")).to_contain_text("Not carried out", timeout=10_000)
    line.to_browser_s = 0
    await expect(page.locator("#order-stands")).to_contain_text("price EUR 120.00", timeout=10_000)
    await expect(page.locator("#order-confirm")).not_to_be_checked()
    assert (await house.snapshot(lot))["phase"] == "open"
    await confirm(page)
    assert (await house.snapshot(lot))["hammer_price"] == 120_00


async def test_an_order_that_was_not_answered_is_sent_again_and_counts_once(
    come_in: ComeIn, house: ServedHouse, line: Line
) -> None:
    sale = await house.list_sale()
    lot = await house.list_lot(sale)
    olga, page = await over_a_line(come_in, line, sale)
    olga.record.allow("request failed", "ERR_", "WebSocket")
    await open_lot(page, lot)
    await page.keyboard.press("e")
    await page.locator("#field-seconds").fill("30")
    before = (await house.snapshot(lot))["closes_at"]
    other = await console(come_in, sale, who="pia", screen=WIDE)
    line.to_browser_s = 60
    await page.locator("#order-give").click()
    await expect(cell(other, lot, "extensions")).to_have_text("1")
    line.to_browser_s = 0
    line.cut()
    await expect(page.locator("#order-trouble")).to_contain_text("it may have been carried out or not")
    await expect(page.locator("#order-give")).to_have_text("Send it again")
    line.mend()
    await give(page)
    assert (await house.snapshot(lot))["closes_at"] == before + 30_000_000
    assert (await house.snapshot(lot))["extensions"] == 1


async def test_a_store_that_is_away_shows_at_every_lot_and_what_it_cost_them(
    come_in: ComeIn, own_house: ServedHouse
) -> None:
    sale = await own_house.list_sale()
    lot = await own_house.list_lot(sale, closes_in_s=10)
    olga = await come_in("olga", "operator", at=own_house)
    page = await on_sale(await olga.open("/operator"), sale)
    await expect(cell(page, lot, "title")).to_contain_text("Lot")
    own_house.premises.store().suspend()
    try:
        await expect(row(page, lot)).to_have_attribute("data-matter", "store_away", timeout=15_000)
        await expect(row(page, lot)).to_have_attribute("data-level", "bad")
        await expect(page.locator("#readiness")).to_contain_text("takes no bids")
        await expect(page.locator("#troubles li")).not_to_have_count(0)
        await expect(cell(page, lot, "ends")).to_have_text("closing …", timeout=15_000)
    finally:
        own_house.premises.store().resume()
    await expect(page.locator("#readiness")).to_contain_text("takes bids", timeout=15_000)
    await expect(row(page, lot)).to_have_attribute("data-phase", "open")
    await expect(cell(page, lot, "matter")).to_contain_text("extended after an outage", timeout=15_000)


# Notices --------------------------------------------------------------------------------------------------------------


async def test_a_notice_is_read_by_all_who_watch_the_lot(come_in: ComeIn, house: ServedHouse) -> None:
    sale = await house.list_sale()
    lot = await house.list_lot(sale)
    page = await console(come_in, sale)
    await open_lot(page, lot)
    await page.keyboard.press("n")
    await page.locator("#order-give").click()
    await expect(page.locator("#order-trouble")).to_have_text("Say something first.")
    await page.locator("#field-text").fill("The key is missing. <b>Sorry</b>")
    await give(page)
    await expect(page.locator("#panel-notice")).to_have_text("Notice: The key is missing. <b>Sorry</b>")


async def test_a_notice_to_a_sale_reaches_all_its_open_lots(come_in: ComeIn, house: ServedHouse) -> None:
    sale = await house.list_sale()
    lots = [await house.list_lot(sale) for _ in range(5)]
    to_come = await house.list_lot(sale, opens_in_s=300)
    elsewhere = await house.list_lot(await house.list_sale())
    await house.order(lots[0], "pause")
    page = await console(come_in, sale)
    await page.locator("#notice-to-sale").click()
    await expect(page.locator("#sale-notice-sale")).to_have_value(sale)
    await page.locator("#sale-notice-text").fill("We go on at three.")
    await page.locator("#sale-notice-send").click()
    await expect(page.locator("#sale-notice-told")).to_have_text("Told to 5 of 5 lots.")
    assert [(await house.snapshot(lot))["notice"] for lot in lots] == ["We go on at three."] * 5
    assert [(await house.snapshot(lot))["notice"] for lot in (to_come, elsewhere)] == [None, None]


async def test_a_notice_says_which_lots_could_not_be_told(come_in: ComeIn, house: ServedHouse) -> None:
    sale = await house.list_sale()
    told, gone = [await house.list_lot(sale) for _ in range(2)]
    page = await console(come_in, sale, allow="404 to POST")
    not_there = {"type": "about:blank", "title": "Not Found", "status": 404, "code": "unknown_lot", "detail": "None."}
    await page.route(
        f"**/v1/lots/{gone}/orders",
        lambda route: route.fulfill(status=404, content_type="application/problem+json", json=not_there),
    )
    await page.locator("#notice-to-sale").click()
    await page.locator("#sale-notice-text").fill("We go on at three.")
    await page.locator("#sale-notice-send").click()
    await expect(page.locator("#sale-notice-told")).to_contain_text("Told to 1 of 2 lots; 1 could not be told")
    await expect(page.locator("#sale-notice-failures li")).to_have_text(f"{gone}: There is no such lot.")
    assert (await house.snapshot(told))["notice"] == "We go on at three."


# Keys -----------------------------------------------------------------------------------------------------------------


async def test_keys_mean_nothing_in_a_field_in_a_dialog_or_with_another_key(
    come_in: ComeIn, house: ServedHouse
) -> None:
    sale = await house.list_sale()
    lot = await house.list_lot(sale)
    page = await console(come_in, sale)
    await open_lot(page, lot)
    dialog = page.locator("#order-dialog")
    for key in ("Control+p", "Alt+p", "Meta+p", "Shift+P"):
        await page.keyboard.press(key)
    await page.locator("#filter-text").press("p")
    await expect(page.locator("#filter-text")).to_have_value("p")
    await page.locator("#filter-text").fill("")
    await expect(dialog).to_be_hidden()
    await page.locator("#panel-title").focus()
    await page.keyboard.press("n")
    await page.keyboard.press("p")
    await expect(page.locator("#order-title")).to_have_text("Notice")
    await expect(page.locator("#field-text")).to_have_value("p")
    await page.keyboard.press("Escape")
    await expect(dialog).to_be_hidden()
    await expect(page.locator("#panel")).to_be_visible()


async def test_keys_are_listed_and_can_be_turned_off(come_in: ComeIn, house: ServedHouse) -> None:
    sale = await house.list_sale()
    lot = await house.list_lot(sale)
    page = await console(come_in, sale)
    await open_lot(page, lot)
    await page.keyboard.press("?")
    orders = await page.locator("#panel .orders [data-order] > span").all_text_contents()
    for name in orders:
        await expect(page.locator("#keys-help dd").get_by_text(name, exact=True)).to_be_visible()
    await page.locator("#keys-off").check()
    await page.keyboard.press("Escape")
    await page.locator("#panel-title").focus()
    await page.keyboard.press("p")
    await page.keyboard.press("Escape")
    await expect(page.locator("#panel")).to_be_hidden()
    await expect(page.locator("#order-dialog")).to_be_hidden()


async def test_no_two_keys_are_the_same(come_in: ComeIn) -> None:
    page = await console(come_in)
    keys = await page.evaluate(
        """async () => {
            const { ORDERS } = await import("/assets/js/operator/orders.js");
            return ORDERS.map(({ key }) => key);
        }"""
    )
    taken = [*keys, "j", "k", "/", "?", "0"]
    assert len(set(taken)) == len(taken)
    assert len(keys) == 28


# For everyone ---------------------------------------------------------------------------------------------------------


async def test_the_console_keeps_the_rules_of_access(come_in: ComeIn, house: ServedHouse) -> None:
    sale = await house.list_sale()
    lot = await house.list_lot(sale, registration={"statements": STATEMENTS, "check": True}, four_eyes=["pass"])
    saleroom = await house.list_lot(sale, closes_in_s=None, format="saleroom")
    await house.register(lot, house.fresh("carol"), STATEMENTS)
    await house.order(lot, "pass")
    await house.order(await house.list_lot(sale), "withdraw")
    page = await console(come_in, sale, who="pia")
    await expect(cell(page, saleroom, "title")).to_contain_text("Lot")
    await axe(page)
    await open_lot(page, lot)
    await expect(page.locator("#proposals li")).to_have_count(1)
    await expect(page.locator("#registrations li")).to_have_count(1)
    await axe(page)
    for key in ("e", "x", "n", "d", "?"):
        await page.keyboard.press(key)
        await expect(page.locator("dialog[open]")).to_be_visible()
        await axe(page)
        await page.keyboard.press("Escape")
    await open_lot(page, saleroom)
    await page.keyboard.press("0")
    await expect(page.locator("#stage")).to_be_visible()
    await axe(page)


async def test_the_console_is_chinese_dark_and_small(come_in: ComeIn, house: ServedHouse) -> None:
    sale = await house.list_sale(title="秋季专场")
    lot = await house.list_lot(sale, title="座钟一座 · A mantel clock")
    await house.order(lot, "suspend", reason="权属问题。")
    visitor = await come_in("olga", "operator", language="zh", screen=SMALL_PHONE, dark=True)
    page = await on_sale(await visitor.open("/operator"), sale)
    await expect(page).to_have_title(re.compile("控制台"))
    await expect(cell(page, lot, "title")).to_contain_text("座钟一座")
    await expect(cell(page, lot, "matter")).to_contain_text("须在4天 23小时内恢复")
    assert await page.evaluate("document.documentElement.scrollWidth") <= SMALL_PHONE.width
    await axe(page)
    await open_lot(page, lot)
    await expect(page.locator("#board")).to_be_hidden()
    await order(page, "resume").click()
    await expect(page.locator("#order-title")).to_have_text("恢复")
    await axe(page)
    await give(page)
    await expect(page.locator("#panel-phase")).to_have_text("竞价中")
    assert await page.evaluate("document.documentElement.scrollWidth") <= SMALL_PHONE.width
    await page.locator("#panel-close").click()
    await expect(page.locator("#board")).to_be_visible()


async def test_an_address_may_name_a_sale_and_a_lot(come_in: ComeIn, house: ServedHouse) -> None:
    sale = await house.list_sale()
    lot = await house.list_lot(sale, title="A mantel clock")
    await house.list_lot(await house.list_sale())
    olga = await come_in("olga", "operator")
    page = await olga.open(f"/operator?sale={sale}&lot={lot}")
    await expect(page.locator("#panel-title")).to_have_text("A mantel clock")
    await expect(page.locator("#board tbody tr")).to_have_count(1)
