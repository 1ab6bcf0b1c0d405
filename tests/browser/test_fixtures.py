"""The fixtures themselves: whatever goes wrong in a window is noticed, and what is allowed is not."""

import pytest
from playwright.async_api import Page, Route, expect

from tests.browser.conftest import ComeIn
from tests.browser.line import Line
from tests.browser.served import ServedHouse, in_s

WRONGS = {
    "console": ("console.error('broken')", "console: broken"),
    "thrown": ("setTimeout(() => { throw new Error('broken'); })", "page error: Error: broken"),
    "refused": ("fetch('/v1/lots/none')", "response: 404 to GET"),
    "unreachable": ("fetch('http://127.0.0.1:9/')", "request failed: GET"),
    "style": ("document.body.setAttribute('style', 'color: red')", "CSP breach: style-src-attr"),
    "script": ("document.body.append(Object.assign(document.createElement('script'), {text: '1'}))", "script-src-elem"),
}


async def bare(page: Page, url: str) -> None:
    """Open a page of ours that is not of the house's making, under the house's policy."""

    async def answer(route: Route) -> None:
        policy = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src *"
        await route.fulfill(
            content_type="text/html",
            headers={"Content-Security-Policy": policy},
            body="<!doctype html><html lang=en><title>Bare</title><body><main><h1>Bare</h1></main></body></html>",
        )

    await page.route("**/bare", answer)
    await page.goto(f"{url}/bare")


@pytest.mark.parametrize(("does", "told"), WRONGS.values(), ids=WRONGS)
async def test_what_goes_wrong_in_a_window_is_on_record(come_in: ComeIn, does: str, told: str) -> None:
    alice = await come_in("alice")
    await bare(alice.page, alice.url)
    async with alice.page.expect_event("console", lambda message: message.text == "done"):
        await alice.page.evaluate(f"setTimeout(() => {does}); setTimeout(() => console.log('done'), 200)")
    assert any(told in trouble for trouble in alice.record.unexpected), alice.record.troubles
    alice.record.allow(".*")
    assert alice.record.unexpected == []


async def test_a_wrong_clock_is_wrong_wherever_a_page_reads_it(come_in: ComeIn) -> None:
    alice = await come_in("alice", clock_off_s=-3_600)
    await bare(alice.page, alice.url)
    readings = "[Date.now(), new Date().getTime(), performance.timeOrigin + performance.now()]"
    for reading in await alice.page.evaluate(readings):
        assert abs(reading * 1_000 - in_s(-3_600)) < 5_000_000
    assert await alice.page.evaluate("new Date(5).getTime()") == 5


async def test_a_cut_line_lets_nobody_through(come_in: ComeIn, line: Line, house: ServedHouse) -> None:
    guest = await come_in(over=line)
    page = guest.page
    guest.record.allow("request failed: GET .*/v1/sales", "ERR_")
    await bare(page, guest.url)
    fetches = """() => {
        const note = got => { document.body.dataset.got = got; };
        fetch('/v1/sales').then(answer => note(answer.status), () => note('cut'));
    }"""
    for turn, got in ((line.cut, "cut"), (line.mend, "200")):
        turn()
        await page.evaluate(fetches)
        await expect(page.locator("body")).to_have_attribute("data-got", got)
    assert guest.url != house.url


async def test_a_visitor_is_who_he_says(come_in: ComeIn) -> None:
    alice = await come_in("alice")
    await alice.open("/healthz")  # a page that is not from the house itself may not dial this machine
    await alice.page.evaluate(
        """() => {
            const line = new WebSocket(`ws://${location.host}/v1/ws`, ["knockdown.v1.json"]);
            line.onmessage = frame => { document.body.dataset.hello = JSON.parse(frame.data).bidder; };
        }"""
    )
    await expect(alice.page.locator("body")).to_have_attribute("data-hello", "alice")
