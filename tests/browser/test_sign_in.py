"""Sign-in and sign-out: who may come in how, and where it leads."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from playwright.async_api import Page, Route, expect

from tests.browser.axe import axe
from tests.browser.conftest import ComeIn
from tests.browser.served import ForShow, ServedHouse

PROVIDER = "https://id.example/sign-in"
ANOTHERS = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJtYWxsb3J5Iiwicm9sZSI6ImJpZGRlciIsImV4cCI6MTg5MzQ1NjAwMH0.c2ln"
"""A token for `mallory` that this house has not signed."""
REFUSED = "401 to POST"


@pytest_asyncio.fixture(scope="module", loop_scope="package")
async def door(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[ServedHouse]:
    """A house with people to pick and an identity provider."""
    premises = ForShow(tmp_path_factory.mktemp("door"), sign_in_url=PROVIDER)
    try:
        yield await ServedHouse.opened(premises)
    finally:
        premises.clear_away()


async def expect_signed_in(page: Page, name: str) -> None:
    """Expect that the header says so."""
    await expect(page.locator("#header .person")).to_contain_text(name)


async def test_a_person_is_picked_and_goes_on_where_he_was(come_in: ComeIn, door: ServedHouse) -> None:
    page = await (await come_in(at=door)).open("/?sort=bids")
    await page.get_by_role("link", name="Sign in").click()
    await expect(page.locator("#people [data-person]")).to_have_count(6)
    await axe(page)
    await page.locator('#people [data-person="alice"]').click()
    await expect_signed_in(page, "alice, bidder")
    assert page.url == f"{door.url}/?sort=bids"


async def test_an_operator_gets_to_his_console(come_in: ComeIn, door: ServedHouse) -> None:
    page = await (await come_in(at=door, language="zh")).open("/sign-in")
    await page.locator('#people [data-person="olga"]').press("Enter")
    await expect_signed_in(page, "olga")
    await expect_signed_in(page, "拍卖操作员")
    await expect(page.locator('#header nav a[href="/operator"]')).to_be_visible()


async def test_no_script_can_read_the_cookie(come_in: ComeIn, door: ServedHouse) -> None:
    alice = await come_in(at=door)
    page = await alice.open("/sign-in")
    await page.locator('#people [data-person="alice"]').click()
    await expect_signed_in(page, "alice")
    (cookie,) = await alice.context.cookies()
    assert (cookie["httpOnly"], cookie["sameSite"]) == (True, "Strict")
    assert await page.evaluate("document.cookie") == ""


ELSEWHERE = [
    "//evil.example/",
    "/\\evil.example/",
    "/\t/evil.example/",
    "https://evil.example/",
    "javascript:alert(1)",
    "evil",
    "/sign-in?next=/sign-in",
]


@pytest.mark.parametrize("address", ELSEWHERE)
async def test_nobody_is_led_elsewhere(come_in: ComeIn, house: ServedHouse, address: str) -> None:
    page = await (await come_in("alice")).open("/sign-in")
    await page.goto(f"{page.url}?next={address.replace(chr(9), '%09').replace(chr(92), '%5C').replace('?', '%3F')}")
    await expect(page.locator("#go-on")).to_have_attribute("href", "/")
    await page.locator("#go-on").click()
    await expect(page).to_have_url(f"{house.url}/")


async def test_a_path_of_this_house_is_gone_back_to(come_in: ComeIn, house: ServedHouse) -> None:
    page = await (await come_in()).open("/sign-in?next=/%3Fq%3Dclock%26sort%3Dbids")
    await page.locator("#token").fill(f"  {house.premises.sign('bidder', 'alice')}\n")
    await page.locator("#use-token").click()
    await expect_signed_in(page, "alice, bidder")
    assert page.url == f"{house.url}/?q=clock&sort=bids"


async def test_a_link_signs_nobody_in_before_he_says_that_it_is_him(come_in: ComeIn, house: ServedHouse) -> None:
    alice = await come_in()
    page = await alice.open(f"/sign-in#token={house.premises.sign('bidder', 'alice')}")
    await expect(page.get_by_role("heading", name="Sign in as alice, bidder?")).to_be_visible()
    assert page.url == f"{house.url}/sign-in"
    assert await alice.context.cookies() == []
    await axe(page)
    await page.locator("#confirm-no").click()
    await expect(page.locator("#confirm")).to_have_count(0)
    await expect(page.locator("#token")).to_be_visible()
    assert await alice.context.cookies() == []
    await page.goto(f"{page.url}#token={house.premises.sign('bidder', 'alice')}")
    await page.locator("#confirm-yes").click()
    await expect_signed_in(page, "alice, bidder")


async def test_the_way_back_is_remembered_while_the_provider_has_the_browser(
    come_in: ComeIn, door: ServedHouse
) -> None:
    alice = await come_in(at=door)
    token = door.premises.sign("bidder", "alice")
    await alice.context.route(
        f"{PROVIDER}**",
        lambda route: route.fulfill(status=302, headers={"Location": f"{door.url}/sign-in#token={token}"}),
    )
    page = await alice.open("/sign-in?next=/%3Fsort%3Dbids")
    await page.locator("#provider").click()
    await page.locator("#confirm-yes").click()
    await expect_signed_in(page, "alice, bidder")
    assert page.url == f"{door.url}/?sort=bids"


async def test_a_token_of_another_house_is_refused_in_words(come_in: ComeIn) -> None:
    mallory = await come_in()
    mallory.record.allow(REFUSED)
    page = await mallory.open("/sign-in")
    await page.locator("#token").fill(ANOTHERS)
    await page.locator("#use-token").click()
    await expect(page.get_by_role("alert")).to_contain_text("The house does not take this token")
    await axe(page)
    assert await mallory.context.cookies() == []


async def test_a_token_that_has_run_out_is_refused_in_words(come_in: ComeIn, house: ServedHouse) -> None:
    alice = await come_in(language="zh")
    alice.record.allow(REFUSED)
    page = await alice.open(f"/sign-in#token={house.premises.sign('bidder', 'alice', ttl_s=-60)}")
    await page.locator("#confirm-yes").click()
    await expect(page.get_by_role("alert")).to_contain_text("已过期")


@pytest.mark.parametrize("token", ["hello", "a.b.c", "e30.e30.e30"])
async def test_what_is_no_token_is_not_even_sent(come_in: ComeIn, token: str) -> None:
    page = await (await come_in()).open("/sign-in")
    await page.locator("#token").fill(token)
    await page.locator("#use-token").click()
    await expect(page.get_by_role("alert")).to_contain_text("This is no access token")
    await page.goto(f"{page.url}#token={token}")
    await expect(page.get_by_role("alert")).to_contain_text("The link that brought you here is broken")


async def test_a_browser_that_keeps_no_cookie_is_told_so(come_in: ComeIn, house: ServedHouse) -> None:
    alice = await come_in()
    page = await alice.open("/sign-in")

    async def forget(route: Route) -> None:
        await alice.context.clear_cookies()
        await route.continue_()

    await page.locator("#token").fill(house.premises.sign("bidder", "alice"))
    await alice.context.route("**/v1/session", forget)
    await page.locator("#use-token").click()
    await expect(page.get_by_role("alert")).to_contain_text(f"keeps no cookies for {house.premises.address.host}")


async def test_signing_out_shows_in_the_other_tab(come_in: ComeIn, house: ServedHouse) -> None:
    alice = await come_in("alice")
    page = await alice.open("/")
    await expect_signed_in(page, "alice")
    other = await alice.context.new_page()
    await other.goto(f"{house.url}/sign-in")
    await expect(other.locator("#signed-in")).to_contain_text("You are signed in as alice, bidder")
    await axe(other)
    await other.locator("#leave").click()
    await expect(other.locator("#signed-in")).to_have_count(0)
    await expect(other.locator("#token")).to_be_visible()
    await expect(page.get_by_role("link", name="Sign in")).to_be_visible()
    await expect(page.locator("#header .person")).to_have_count(0)


async def test_the_header_signs_out_on_every_page(come_in: ComeIn) -> None:
    alice = await come_in("alice")
    page = await alice.open("/")
    await page.locator("#sign-out").click()
    await expect(page.get_by_role("link", name="Sign in")).to_be_visible()
    assert await alice.context.cookies() == []


async def test_who_is_somebody_already_may_be_somebody_else(come_in: ComeIn, door: ServedHouse) -> None:
    page = await (await come_in("alice", at=door)).open("/sign-in")
    await expect(page.locator("#signed-in")).to_contain_text("alice")
    await page.locator('#people [data-person="bob"]').click()
    await expect_signed_in(page, "bob, bidder")
