"""The lot room in a real browser: two bidders, an operator and a guest, each with a window of his own.

What stands on the page is compared with what the house says of the lot. Nothing here sleeps. Amounts are minor units
of EUR, spans seconds.
"""

import asyncio
import re
from random import Random
from typing import Any

import pytest
from playwright.async_api import Locator, Page, WebSocketRoute, expect

from lots.settlement import premium
from lots.sheets import ABOUT
from tests.browser.axe import axe
from tests.browser.conftest import ComeIn
from tests.browser.line import Line
from tests.browser.modules import empty_page, run
from tests.browser.served import ServedHouse, in_s, soft
from tests.browser.visitor import PHONE, SMALL_PHONE, Visitor

WITHIN_A_SECOND_MS = 1_000
KEPT_EVENTS = 650
"""More than the house keeps at hand of one lot."""
REGISTRATION = {"statements": ["I have read the conditions.", "I can pay."], "check": True}


async def listed(house: ServedHouse, **terms: Any) -> str:  # noqa: ANN401  any term
    """List a lot in a sale of its own."""
    fields = terms.pop("fields", None)
    return await house.list_lot(await house.list_sale(), title="A mantel clock", fields=fields, **terms)


async def enter(visitor: Visitor, lot: str) -> Page:
    """Open the lot's room and wait until it stands."""
    page = await visitor.open(f"/lots/{lot}")
    await expect(page.locator("#price")).not_to_be_empty()
    await expect(page.locator("#connection")).to_have_attribute("data-status", "open")
    return page


async def press_ask(page: Page, amount: int) -> None:
    """Press the main button once it has stood there for long enough to be read."""
    button = page.locator(f"#bid-ask[data-amount='{amount}']:not([data-fresh]):not([aria-disabled])")
    await button.click()


def money(page: Page, where: str, text: str) -> Any:  # noqa: ANN401  what expect returns
    """Return the expectation of an amount; a no-break space stands before it."""
    return expect(page.locator(where)).to_contain_text(re.compile(text.replace(" ", r"\s")))


async def rows(page: Page) -> list[int]:
    """Return the numbers of the events in the history, oldest first."""
    seqs: list[str] = await page.locator("#history > li").evaluate_all("rows => rows.map(row => row.dataset.seq)")
    return [int(seq) for seq in reversed(seqs)]


async def shown_events(house: ServedHouse, lot: str) -> list[int]:
    """Return the numbers of the events that a history shows."""
    return [event["seq"] for event in await house.events(lot) if event["ev"] != "bidder_admitted"]


def standing(page: Page) -> Locator:
    """Return the line that says how one stands."""
    return page.locator("#standing")


# Bidding --------------------------------------------------------------------------------------------------------------


async def test_two_bidders_outbid_each_other(house: ServedHouse, come_in: ComeIn) -> None:
    lot = await listed(house)
    alice = await enter(await come_in("alice"), lot)
    bob = await enter(await come_in("bob"), lot)
    await press_ask(alice, 100_00)
    await expect(standing(alice)).to_have_attribute("data-standing", "leading")
    await expect(alice.locator("#answer")).to_have_attribute("data-kind", "good")
    await expect(alice).to_have_title(re.compile("You lead"))
    await press_ask(bob, 110_00)
    await expect(standing(bob)).to_have_attribute("data-standing", "leading")
    await expect(standing(alice)).to_have_attribute("data-standing", "outbid", timeout=WITHIN_A_SECOND_MS)
    await expect(alice).to_have_title(re.compile("You are outbid"))
    await expect(alice.locator("[aria-live=assertive]")).to_contain_text("You are outbid")
    await money(alice, "#price", "EUR 110.00")
    await expect(alice.locator("#answer")).to_be_hidden()
    await expect(alice.locator("#why")).to_be_hidden()
    await press_ask(alice, 120_00)
    await expect(alice.locator("#why")).to_have_text("You lead. A plain bid would be against yourself.")
    assert (await house.snapshot(lot))["bids"] == 3


async def test_a_ceiling_answers_for_its_bidder_and_only_he_sees_it(house: ServedHouse, come_in: ComeIn) -> None:
    lot = await listed(house)
    alice = await enter(await come_in("alice"), lot)
    bob = await enter(await come_in("bob"), lot)
    await alice.fill("#own-amount", "300")
    await alice.click("#own-ceiling")
    await money(alice, "#standing", "Your ceiling is EUR 300.00")
    await press_ask(bob, 110_00)
    await expect(standing(bob)).to_have_attribute("data-standing", "outbid")
    await money(bob, "#answer", "the price is EUR 120.00")
    await expect(standing(alice)).to_have_attribute("data-standing", "leading")
    await expect(bob.locator("body")).not_to_contain_text("300.00")


async def test_who_leads_may_raise_his_ceiling_and_not_bid_against_himself(house: ServedHouse, come_in: ComeIn) -> None:
    lot = await listed(house)
    page = await enter(await come_in("alice"), lot)
    await press_ask(page, 100_00)
    await expect(page.locator("#why")).to_have_attribute("data-key", "why.leading")
    await expect(page.locator("#bid-ask")).to_be_disabled()
    await page.fill("#own-amount", "500,00")
    await expect(page.locator("#own-bid")).to_be_disabled()
    await page.click("#own-ceiling")
    await money(page, "#standing", "Your ceiling is EUR 500.00")
    await money(page, "#price", "EUR 100.00")


async def test_a_refusal_is_in_plain_words_and_keeps_what_was_typed(house: ServedHouse, come_in: ComeIn) -> None:
    lot = await listed(house)
    await house.bid(lot, "bob", 100_00)
    page = await enter(await come_in("alice"), lot)
    await page.fill("#own-amount", "105")
    await money(page, "#own-read", "Below the least bid now: EUR 110.00")
    await page.click("#own-bid")
    await expect(page.locator("#answer")).to_have_attribute("data-code", "below_ask")
    await money(page, "#answer", "below the least bid the house takes now. The least bid now is EUR 110.00")
    assert await page.input_value("#own-amount") == "105"


async def test_what_is_far_above_the_ask_is_asked_about_and_enter_bids_nothing(
    house: ServedHouse, come_in: ComeIn
) -> None:
    lot = await listed(house, confirm_above=10)
    page = await enter(await come_in("alice"), lot)
    await page.fill("#own-amount", "10000")
    await page.click("#own-bid")
    await expect(page.locator("#confirm")).to_contain_text("10,000.00 euros")
    await expect(page.locator("#confirm-no")).to_be_focused()
    await axe(page)
    await page.keyboard.press("Enter")
    await expect(page.locator("#confirm")).to_have_count(0)
    assert (await house.snapshot(lot))["bids"] == 0
    await page.click("#own-bid")
    await page.click("#confirm-yes")
    await money(page, "#price", "EUR 10,000.00")


async def test_the_house_may_find_far_above_what_the_page_did_not(
    house: ServedHouse, come_in: ComeIn, line: Line
) -> None:
    lot = await listed(house, confirm_above=10)
    await house.bid(lot, "bob", 900_00)
    page = await enter(await come_in("alice", over=line), lot)
    line.to_browser_s = 1  # the page hears a second later that the price has fallen
    await house.order(lot, "undo")
    await page.fill("#own-amount", "2000")
    await page.click("#own-bid")
    await money(page, "#confirm", "times the EUR 100.00 that is asked now")
    await page.keyboard.press("Escape")
    await expect(page.locator("#answer")).to_have_text("Nothing was bid.")
    assert (await house.snapshot(lot))["bids"] == 0


async def test_an_amount_too_new_to_have_been_read_is_not_bid(house: ServedHouse, come_in: ComeIn) -> None:
    lot = await listed(house)
    page = await enter(await come_in("alice"), lot)
    # The press follows the new amount within the same turn of the page, as no hand could.
    await page.evaluate(
        """() => new MutationObserver((_, watcher) => {
            watcher.disconnect();
            document.querySelector('#bid-ask').click();
        }).observe(document.querySelector('#bid-ask'), {attributeFilter: ['data-amount']})"""
    )
    await house.bid(lot, "bob", 100_00)
    await expect(page.locator("#answer")).to_have_attribute("data-code", "below_ask")
    assert (await house.snapshot(lot))["price"] == 100_00


async def test_a_double_click_bids_once(house: ServedHouse, come_in: ComeIn) -> None:
    lot = await listed(house, self_raise=True)
    page = await enter(await come_in("alice"), lot)
    await page.dblclick("#bid-ask")
    await expect(standing(page)).to_have_attribute("data-standing", "leading")
    await press_ask(page, 110_00)
    await money(page, "#price", "EUR 110.00")
    assert [bid["offered"] for bid in await house.events(lot) if bid["ev"] == "bid_placed"] == [100_00, 110_00]


async def test_the_steps_bid_what_they_say(house: ServedHouse, come_in: ComeIn) -> None:
    lot = await listed(house)
    page = await enter(await come_in("alice"), lot)
    await page.locator("[data-step='2']").click()
    await money(page, "#price", "EUR 120.00")


# The clerk ------------------------------------------------------------------------------------------------------------


async def test_an_extension_is_seen_by_all_within_a_second(house: ServedHouse, come_in: ComeIn) -> None:
    lot = await listed(house, closes_in_s=600, soft_close=soft(1_200, 1_200))
    alice, bob, olga = [
        await enter(await come_in(who, role), lot)
        for who, role in (("alice", "bidder"), ("bob", "bidder"), ("olga", "operator"))
    ]
    await press_ask(alice, 100_00)
    await expect(standing(alice)).to_have_attribute("data-standing", "leading")
    for page in (alice, bob, olga):
        await expect(page.locator("#extensions")).to_contain_text("once, last by a bid", timeout=WITHIN_A_SECOND_MS)
        await expect(page.locator("[data-ev=lot_extended]")).to_be_visible()
        await expect(page.locator(".toast")).to_contain_text("Extended by a bid")
        closes_at = str((await house.snapshot(lot))["closes_at"])
        await expect(page.locator("#countdown")).to_have_attribute("data-closes-at", closes_at)


async def test_a_pause_with_its_reason_and_the_resuming(house: ServedHouse, come_in: ComeIn) -> None:
    lot = await listed(house)
    page = await enter(await come_in("alice"), lot)
    await house.order(lot, "suspend", reason="A question of title.")
    await expect(page.locator("[data-banner=paused]")).to_contain_text("A question of title.")
    await expect(page.locator("#why")).to_have_attribute("data-key", "why.suspended")
    await expect(page.locator("#bid-ask")).to_be_hidden()
    await house.order(lot, "resume")
    await expect(page.locator("[data-banner=paused]")).to_have_count(0)
    await press_ask(page, 100_00)
    await expect(standing(page)).to_have_attribute("data-standing", "leading")


async def test_a_voided_bid_is_struck_through_with_its_reason(house: ServedHouse, come_in: ComeIn) -> None:
    lot = await listed(house)
    alice = await enter(await come_in("alice"), lot)
    await press_ask(alice, 100_00)
    await expect(standing(alice)).to_have_attribute("data-standing", "leading")
    [bid] = [event for event in await house.events(lot) if event["ev"] == "bid_placed"]
    await house.order(lot, "void_bid", seq=bid["seq"], reason="Entered by mistake.")
    row = alice.locator(f"#history > li[data-seq='{bid['seq']}']")
    await expect(row.locator("s.amount")).to_contain_text("100.00")
    await expect(row).to_contain_text("voided: Entered by mistake.")
    await expect(standing(alice)).to_have_attribute("data-standing", "voided")


async def test_warning_notice_and_hammer(house: ServedHouse, come_in: ComeIn) -> None:
    lot = await listed(house, closes_in_s=None, format="saleroom")
    alice = await enter(await come_in("alice"), lot)
    bob = await enter(await come_in("bob"), lot)
    await expect(alice.locator("#why")).to_have_attribute("data-key", "why.saleroom_upcoming")
    await house.order(lot, "open")
    await press_ask(alice, 100_00)
    await expect(standing(alice)).to_have_attribute("data-standing", "leading")
    await press_ask(bob, 110_00)
    await house.order(lot, "notice", text="The key is missing.")
    await expect(alice.locator("[data-banner=notice]")).to_contain_text("The key is missing.")
    await house.order(lot, "fair_warning", reason="Going once.")
    await expect(alice.locator("[data-banner=warned]")).to_contain_text("Going once.")
    await house.order(lot, "hammer")
    await expect(standing(bob)).to_have_attribute("data-standing", "won")
    await expect(standing(alice)).to_have_attribute("data-standing", "lost")
    await expect(alice.locator("#why")).to_have_attribute("data-key", "why.sold")
    await expect(alice.locator("[data-ev=lot_sold]")).to_be_visible()
    await axe(alice)


async def test_a_lot_that_was_hammered_closed_when_the_hammer_fell(house: ServedHouse, come_in: ComeIn) -> None:
    lot = await listed(house, closes_in_s=3_600)
    await house.bid(lot, "bob", 100_00)
    room = await enter(await come_in("alice"), lot)
    scheduled = await room.locator("#closes-at").inner_text()
    await house.order(lot, "hammer")
    sold = (await house.events(lot))[-1]
    clock = await room.evaluate(
        "us => new Intl.DateTimeFormat('en-GB', {timeStyle: 'medium'}).format(us / 1000)", sold["at"]
    )
    await expect(room.locator("#closes-at")).to_contain_text(clock)
    assert clock not in scheduled


# Who may bid ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("who", "role", "key"),
    [("", "", "why.sign_in"), ("olga", "operator", "why.operator"), ("otto", "auditor", "why.auditor")],
)
async def test_who_may_not_bid_is_told_why(house: ServedHouse, come_in: ComeIn, who: str, role: str, key: str) -> None:
    lot = await listed(house)
    page = await enter(await come_in(who, role), lot)
    await expect(page.locator("#why")).to_have_attribute("data-key", key)
    await expect(page.locator("#bid-ask")).to_be_disabled()
    if not who:
        await expect(page.locator("#sign-in-here")).to_have_attribute("href", f"/sign-in?next=%2Flots%2F{lot}")


async def test_registration_and_deposit_step_by_step(house: ServedHouse, come_in: ComeIn) -> None:
    lot = await listed(house, registration=REGISTRATION, deposit=10_00)
    page = await enter(await come_in("alice"), lot)
    why, steps = page.locator("#why"), page.locator("[data-step-name][data-done]")
    await expect(why).to_have_attribute("data-key", "why.register")
    for statement in REGISTRATION["statements"]:  # type: ignore[attr-defined]
        await page.get_by_label(statement).check()
    await axe(page)
    await page.click("#register")
    await expect(why).to_have_attribute("data-key", "why.approval")
    await expect(steps).to_have_count(1)
    await house.order(lot, "admit", bidder="alice")
    await house.order(lot, "deposit", bidder="alice", amount=10_00, payment="p-1")
    await expect(steps).to_have_count(4)
    await press_ask(page, 100_00)
    await expect(standing(page)).to_have_attribute("data-standing", "leading")


async def test_a_lot_that_is_not_there_says_so(come_in: ComeIn) -> None:
    guest = await come_in()
    guest.record.allow("404 to GET .*/lots/nothing")
    page = await guest.open("/lots/nothing")
    await expect(page.locator("h1")).to_have_text("There is no such lot")
    await expect(page.locator("#no-room a")).to_have_attribute("href", "/")
    await axe(page)


# Other formats --------------------------------------------------------------------------------------------------------


async def test_dutch_is_taken_at_the_ask(house: ServedHouse, come_in: ComeIn) -> None:
    lot = await listed(house, format="dutch", ladder=[], dutch={"step": 10_00, "every_s": 600, "floor": 50_00})
    page = await enter(await come_in("alice"), lot)
    await expect(page.locator("#clock-error")).to_contain_text("next fall of the price in")
    await press_ask(page, 100_00)
    await expect(standing(page)).to_have_attribute("data-standing", "won")


async def test_a_sealed_offer_is_seen_by_him_alone(house: ServedHouse, come_in: ComeIn) -> None:
    lot = await listed(house, format="sealed", ladder=[], sealed={"pricing": "first"})
    alice = await enter(await come_in("alice"), lot)
    guest = await enter(await come_in(), lot)
    await expect(alice.locator("#bid-ask")).to_be_hidden()
    await alice.fill("#own-amount", "250")
    await alice.click("#own-bid")
    await money(alice, "#standing", "Your offer is EUR 250.00")
    await alice.reload()
    await money(alice, "#standing", "Your offer is EUR 250.00")
    await expect(guest.locator("body")).not_to_contain_text("250")


async def test_two_phases_with_joining_and_quotes(house: ServedHouse, come_in: ComeIn) -> None:
    phases = {"confirm_s": 600, "countdown_s": 600, "ceiling": 200_00, "quote_s": 600}
    lot = await listed(house, closes_in_s=5, format="two_phase", two_phase=phases)
    page = await enter(await come_in("alice"), lot)
    await press_ask(page, 100_00)
    await expect(page.locator("[data-banner=stage]")).to_contain_text("confirm now that they join", timeout=10_000)
    await page.click("#join")
    await expect(page.locator("#answer")).to_have_text("You take part in the timed phase.")
    await expect(page.locator("#why")).to_have_attribute("data-key", "why.joined")


async def test_at_the_price_ceiling_one_quote_is_taken(house: ServedHouse, come_in: ComeIn) -> None:
    phases = {"countdown_s": 600, "ceiling": 150_00, "quote_s": 600}
    lot = await listed(house, format="two_phase", two_phase=phases)
    page = await enter(await come_in("alice"), lot)
    await page.fill("#own-amount", "150")
    await page.click("#own-bid")
    await expect(page.locator("[data-banner=stage]")).to_contain_text("one quote, which nobody else sees")
    await page.fill("#own-amount", "201.50")
    await page.get_by_role("button", name="Offer").click()
    await money(page, "#standing", "Your offer is EUR 201.50")
    await expect(page.locator("#why")).to_have_attribute("data-key", "why.quoted")


async def test_a_priority_purchaser_may_match_the_leader(house: ServedHouse, come_in: ComeIn) -> None:
    lot = await listed(house, deposit=10_00, priority=True)
    await house.order(lot, "admit", bidder="alice", rank=1)
    await house.order(lot, "admit", bidder="bob")
    await house.bid(lot, "bob", 100_00)
    page = await enter(await come_in("alice"), lot)
    await page.click("#bid-match")
    await expect(standing(page)).to_have_attribute("data-standing", "leading")
    await money(page, "#price", "EUR 100.00")


async def test_buying_at_once_is_asked_about(house: ServedHouse, come_in: ComeIn) -> None:
    lot = await listed(house, buy_now=500_00)
    page = await enter(await come_in("alice"), lot)
    await page.click("#buy-now")
    await page.click("#confirm-yes")
    await money(page, "#standing", "The lot is yours, at EUR 500.00")


# The line -------------------------------------------------------------------------------------------------------------


async def test_a_lot_that_is_offered_again_leads_to_the_next(house: ServedHouse, come_in: ComeIn) -> None:
    lot = await listed(house)
    page = await enter(await come_in(), lot)
    await house.order(lot, "pass", reason="Nobody wants it.")
    await expect(page.locator("#why")).to_have_attribute("data-key", "why.passed")
    again = house.fresh("lot")
    await house.order(lot, "reoffer", successor=again, opens_at=in_s(0), closes_at=in_s(600))
    await page.locator("[data-banner=successor] a").click()
    await expect(page.locator("[data-banner=before] a")).to_have_attribute("href", f"/lots/{lot}")


async def test_after_a_cut_the_room_goes_on_without_a_gap(house: ServedHouse, come_in: ComeIn, line: Line) -> None:
    lot = await listed(house, closes_in_s=600, soft_close=soft(1_200, 1_200))
    await house.bid(lot, "bob", 100_00)
    alice = await come_in("alice", over=line)
    alice.record.allow("ERR_", "WebSocket")
    page = await enter(alice, lot)
    line.cut()
    await expect(page.locator("#connection")).to_have_attribute("data-status", "lost")
    await expect(page.locator("#why")).to_have_attribute("data-key", "why.line")
    for bidder, amount in (("carol", 110_00), ("bob", 120_00), ("carol", 130_00)):
        await house.bid(lot, bidder, amount)
    line.mend()
    missed = page.locator("[data-banner=missed]")
    await money(page, "[data-banner=missed]", "3 bids, price from EUR 100.00 to EUR 130.00")
    await expect(missed).to_contain_text("3 extensions")
    await money(page, "#price", "EUR 130.00")
    assert await rows(page) == await shown_events(house, lot)


async def test_a_bid_into_a_dead_line_is_answered_afterwards_and_counts_once(
    house: ServedHouse, come_in: ComeIn, line: Line
) -> None:
    lot = await listed(house)
    alice = await come_in("alice", over=line)
    alice.record.allow("ERR_", "WebSocket")
    page = await enter(alice, lot)
    line.hold()
    await press_ask(page, 100_00)
    await money(page, "#bid-ask", "Sending EUR 100.00")
    await expect(page.locator("#bid-ask")).to_be_disabled()
    line.cut()
    await money(page, "#kept", "Your bid of EUR 100.00 is kept")
    line.go_on()
    line.mend()
    await expect(standing(page)).to_have_attribute("data-standing", "leading")
    await expect(page.locator("#kept")).to_be_hidden()
    assert (await house.snapshot(lot))["bids"] == 1


async def test_what_is_too_long_ago_to_be_told_is_read_anew(house: ServedHouse, come_in: ComeIn, line: Line) -> None:
    lot = await listed(house)
    alice = await come_in("alice", over=line)
    alice.record.allow("ERR_", "WebSocket")
    page = await enter(alice, lot)
    line.cut()
    await expect(page.locator("#connection")).to_have_attribute("data-status", "lost")
    await house.bid(lot, "bob", 100_00)
    for turn in range(0, KEPT_EVENTS, 50):
        await asyncio.gather(*(house.order(lot, "notice", text=f"Notice {turn + one}") for one in range(50)))
    line.mend()
    await page.evaluate("dispatchEvent(new Event('online'))")
    await money(page, "[data-banner=missed]", "the first bid, EUR 100.00")
    await expect(page.locator("#history > li")).to_have_count(200)
    assert await rows(page) == (await shown_events(house, lot))[-200:]


async def test_a_store_that_is_away_makes_bids_wait(own_house: ServedHouse, come_in: ComeIn) -> None:
    lot = await listed(own_house)
    page = await enter(await come_in("alice", at=own_house), lot)
    await expect(page.locator("#history > li")).not_to_have_count(0)
    store = own_house.premises.store()
    store.suspend()
    await press_ask(page, 100_00)
    await expect(page.locator("[data-banner=store]")).to_be_visible(timeout=15_000)
    await money(page, "#bid-ask", "Sending EUR 100.00")
    store.resume()
    await expect(page.locator("[data-banner=store]")).to_have_count(0, timeout=15_000)
    await expect(page.locator("#answer")).to_be_visible(timeout=15_000)
    leads = (await own_house.snapshot(lot))["bids"] == 1
    await expect(page.locator("#answer")).to_have_attribute("data-kind", "good" if leads else "bad")


async def test_a_bid_that_a_page_has_sent_before_it_was_loaded_anew_is_sent_again(
    house: ServedHouse, come_in: ComeIn
) -> None:
    lot = await listed(house)
    alice = await come_in("alice")
    lost: list[str | bytes] = []

    def relay(line: WebSocketRoute) -> None:
        to_house = line.connect_to_server()
        line.on_message(lambda said: lost.append(said) if '"bid"' in str(said) and not lost else to_house.send(said))

    await alice.page.route_web_socket("**/v1/ws", relay)
    page = await enter(alice, lot)
    await press_ask(page, 100_00)
    await money(page, "#bid-ask", "Sending EUR 100.00")
    await page.reload()
    await expect(page.locator("#answer")).to_contain_text("An answer to what you sent before")
    await expect(standing(page)).to_have_attribute("data-standing", "leading")
    assert len(lost) == 1
    assert (await house.snapshot(lot))["bids"] == 1


async def test_signing_out_leaves_the_room_without_a_bidder(house: ServedHouse, come_in: ComeIn) -> None:
    lot = await listed(house)
    page = await enter(await come_in("alice"), lot)
    await press_ask(page, 100_00)
    await expect(standing(page)).to_have_attribute("data-standing", "leading")
    await page.click("#sign-out")
    await expect(page.locator("#why")).to_have_attribute("data-key", "why.sign_in")
    await expect(standing(page)).to_be_hidden()


# Time -----------------------------------------------------------------------------------------------------------------

TENTHS = """closes_at => new Promise(done => {
    const node = document.querySelector('#countdown'), seen = [];
    const error = () => Number(/[\\d.]+/.exec(document.querySelector('#clock-error').textContent)[0]);
    const watcher = new MutationObserver(() => {
        if (!/^\\d\\.\\d$/.test(node.textContent)) return;
        seen.push([Number(node.textContent), closes_at / 1e6 - (Date.now() - %d) / 1e3, error()]);
        if (seen.length === 10) { watcher.disconnect(); done(seen); }
    });
    watcher.observe(node, {childList: true, characterData: true, subtree: true});
})"""


@pytest.mark.parametrize("off_s", [3_600, -3_600])
async def test_the_countdown_is_the_servers_within_its_error(house: ServedHouse, come_in: ComeIn, off_s: int) -> None:
    lot = await listed(house, closes_in_s=10)
    page = await enter(await come_in(clock_off_s=off_s), lot)
    closes_at = (await house.snapshot(lot))["closes_at"]
    for shown, left, error in await page.evaluate(TENTHS % (off_s * 1_000), closes_at):
        grain = 0.002  # both clocks are read in whole milliseconds
        assert shown - 0.1 - error - grain <= left <= shown + error + grain, (shown, left, error)
        assert error < 1


async def test_nothing_reads_as_over_before_the_house_has_said_so(house: ServedHouse, come_in: ComeIn) -> None:
    lot = await listed(house, closes_in_s=6)
    page = await enter(await come_in(), lot)
    watch = """() => new Promise(done => {
        const node = document.querySelector('#countdown'), seen = [];
        new MutationObserver((_, watcher) => {
            seen.push(node.textContent);
            if (node.dataset.phase === 'passed' && node.textContent === 'passed') { watcher.disconnect(); done(seen); }
        }).observe(node, {childList: true, characterData: true, subtree: true});
    })"""
    seen = await page.evaluate(watch)
    assert "0.0" not in seen
    assert seen[-1] == "passed"


async def test_the_sales_zone_stands_beside_the_viewers(house: ServedHouse, come_in: ComeIn) -> None:
    sale = await house.list_sale(zone="Asia/Shanghai")
    lot = await house.list_lot(sale)
    page = await enter(await come_in(zone="Europe/Berlin"), lot)
    await expect(page.locator("#closes-at")).to_contain_text("at the sale (Asia/Shanghai)")
    await expect(page.locator("#closes-at")).to_contain_text(re.compile(r"CET.*GMT\+8"))


# How it looks and sounds ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("dark", [False, True])
async def test_axe_finds_nothing(house: ServedHouse, come_in: ComeIn, language: str, dark: bool) -> None:
    lot = await listed(house, closes_in_s=600, soft_close=soft(1_200, 1_200), confirm_above=10, premium=[[0, 1_000]])
    await house.bid(lot, "alice", 100_00)
    await house.ceiling(lot, "bob", 300_00)
    page = await enter(await come_in("alice", language=language, dark=dark), lot)
    await expect(page.locator("#plot canvas")).to_be_visible()
    await expect(page.locator("#history > li").first).to_be_visible()
    await axe(page)


async def test_a_small_phone_shows_price_time_and_button_at_once(house: ServedHouse, come_in: ComeIn) -> None:
    lot = await listed(house)
    page = await enter(await come_in("alice", screen=SMALL_PHONE), lot)
    for part in ("#price", "#countdown", "#bid-ask"):
        await expect(page.locator(part)).to_be_in_viewport(ratio=1)
    assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")


async def test_the_foot_of_a_phone_has_price_and_time_once_they_are_scrolled_away(
    house: ServedHouse, come_in: ComeIn
) -> None:
    lot = await listed(house)
    page = await enter(await come_in("alice", screen=PHONE), lot)
    await expect(page.locator(".glance")).to_be_hidden()
    await page.locator("#history-title").scroll_into_view_if_needed()
    await money(page, ".glance", "EUR 100.00")


async def test_in_chinese(house: ServedHouse, come_in: ComeIn) -> None:
    lot = await listed(house)
    page = await enter(await come_in("alice", language="zh"), lot)
    await press_ask(page, 100_00)
    await expect(standing(page)).to_have_text("您目前领先。")
    await expect(page.locator("#price-note")).to_contain_text("1次出价")


async def test_the_plot_says_in_words_what_it_draws(house: ServedHouse, come_in: ComeIn) -> None:
    lot = await listed(house, closes_in_s=600, soft_close=soft(1_200, 1_200))
    page = await enter(await come_in(), lot)
    await expect(page.locator("#plot")).to_be_hidden()
    await house.bid(lot, "alice", 100_00)
    await house.bid(lot, "bob", 150_00)
    await expect(page.locator("#plot canvas")).to_be_visible()
    await money(page, "#plot-summary", "2 bids: from EUR 100.00 to EUR 150.00")
    await expect(page.locator("#plot-summary")).to_contain_text("The end moved 2 times.")


async def test_a_long_history_comes_in_pages(house: ServedHouse, come_in: ComeIn) -> None:
    lot = await listed(house)
    for number in range(205):
        await house.order(lot, "notice", text=f"Notice {number}")
    page = await enter(await come_in(), lot)
    await expect(page.locator("#history > li")).to_have_count(200)
    await page.click("#earlier")
    await expect(page.locator("#earlier")).to_be_hidden()
    assert await rows(page) == await shown_events(house, lot)


async def test_only_pictures_of_the_house_are_shown(house: ServedHouse, come_in: ComeIn) -> None:
    own = f"{house.url}/assets/icon.svg"
    lots = [
        await listed(house, fields={"images": images}) for images in ([own], ["https://elsewhere.example/picture.png"])
    ]
    guest = await come_in()
    page = await enter(guest, lots[0])
    await expect(page.locator(".picture img")).to_have_attribute("src", own)
    page = await enter(guest, lots[1])
    await expect(page.locator(".picture .mark")).to_be_visible()
    await expect(page.locator(".picture img")).to_have_count(0)


async def test_the_terms_in_plain_words(house: ServedHouse, come_in: ComeIn) -> None:
    lot = await listed(house, premium=[[0, 2_000], [100_00, 1_000]], reserve=400_00, confirm_above=10)
    await house.bid(lot, "alice", 200_00)
    page = await enter(await come_in(), lot)
    await money(page, "[data-term=premium]", "At EUR 200.00 that is EUR 30.00, together EUR 230.00")
    await expect(page.locator("[data-term=reserve]")).to_contain_text("There is a reserve")
    await expect(page.locator("[data-term=confirm]")).to_contain_text("10 times")
    await expect(page.locator("[data-term=close]")).to_contain_text("without extension")


@pytest.mark.parametrize("language", ["en", "zh"])
async def test_every_rule_sheet_can_be_read(house: ServedHouse, come_in: ComeIn, language: str) -> None:
    guest = await come_in(language=language)
    for sheet in ABOUT:
        lot, sale = house.fresh("lot"), house.fresh("sale")
        hours = {"opens_at": in_s(1), **({} if sheet == "saleroom" else {"closes_at": in_s(100_000)})}
        terms = {
            "currency": "CNY",
            "start_price": 1_000_000_00,
            "deposit": 100_000_00,
            "appraisal": 1_200_000_00,
            **hours,
        }
        lots = [{"lot": lot, "title": "A house", "terms": {}}]
        whole = {"sale": {"sale": sale, "title": sheet}, "sheet": sheet, "terms": terms, "lots": lots}
        await house.call("POST", "/v1/imports", whole)
        page = await enter(guest, lot)
        await expect(page.locator("[data-term=how]")).not_to_be_empty()
        said = await page.locator("#terms-list").inner_text()
        assert not re.search(r"[{}]|undefined|null|NaN", said), said


async def test_the_premium_is_the_houses(come_in: ComeIn) -> None:
    dice = Random(17)
    cases = []
    for _ in range(200):
        froms = sorted({0, *(dice.randrange(1, 10**7) for _ in range(dice.randrange(4)))})
        cases.append((dice.randrange(10**8), [(start, dice.randrange(3_000)) for start in froms]))
    shown = await run(
        await empty_page(come_in), "lot_room/premium", "return given.map(one => it.premiumOn(...one));", cases
    )
    assert shown == [premium(price, bands) for price, bands in cases]


async def test_a_lot_to_come_says_when_it_opens(house: ServedHouse, come_in: ComeIn) -> None:
    lot = await listed(house, opens_in_s=300)
    page = await enter(await come_in("alice"), lot)
    await expect(page.locator("#why")).to_have_attribute("data-key", "why.upcoming")
    assert (await house.snapshot(lot))["terms"]["opens_at"] < in_s(301)
    await expect(page.locator("#opens-at")).not_to_be_empty()
