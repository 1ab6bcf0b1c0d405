"""A real house and a real Chromium: what the tests in this folder are given.

    async def test_a_bid_shows_on_both_pages(house: ServedHouse, come_in: ComeIn) -> None:
        lot = await house.list_lot(await house.list_sale(), closes_in_s=600)
        alice = await come_in("alice")                       # a Visitor: his own context, signed in
        olga = await come_in("olga", role="operator", language="zh", screen=PHONE, dark=True)
        page = await alice.open(f"/lots/{lot}")
        await expect(page.get_by_role("timer")).to_be_visible()
        await axe(page)

- `house`: one `ServedHouse` (`served.py`) for a file, `knockdown serve` with its own Redis. `list_sale`, `list_lot`
  (terms by keyword: `closes_in_s`, `opens_in_s`, `soft_close=soft(5, 5)`, ...), `order`, `bid`, `ceiling`, `register`,
  `join`, `snapshot`, `until(lot, phase="sold")`, `events`, `call`; `fresh("name")` for ids. Use sales and lots of your
  own: the house is shared.
- `staged`: a `Stage` (`staging.py`) in `house`: `rooms["outbid"]` and the like for Alice, and forty lots in one sale.
- `own_house`: the same for one test alone, which may close, kill and open it again (`own_house.premises`).
- `demo_house`: the house of `make demo`, for one test: people to pick, a sample sale and simulated bidders.
- `come_in(who, role=, language=, screen=, dark=, clock_off_s=, zone=, still=, over=, at=)` -> `Visitor` (`visitor.py`)
  with `.page`, `.open(path)`, `.record`. Without `who` a guest. `over` is a `line`, `at` another house than `house`.
  `clock_off_s=3600` sets the browser's clock an hour wrong, `Date` and `performance.timeOrigin` both. Screens: PHONE,
  SMALL_PHONE, DESKTOP, WIDE. With `still` the visitor prefers reduced motion.
- `line`: a `Line` (`line.py`) to `house`: `cut()`, `mend()`, `hold()`, `go_on()`, `to_house_s`, `to_browser_s`.
- `chromium`: the browser itself.
- `axe(page)` (`axe.py`): no violation of WCAG 2.2 AA and good practice.

Each error in a console, uncaught error, failed request, response from 400 on and breach of the content security policy
fails the test, unless `visitor.record.allow(r"409 to POST", ...)` says that it is part of it. A failed test leaves a
screenshot, the page and its troubles in `reports/browser/`; with KNOCKDOWN_TRACE set also a trace for
`playwright show-trace`. Nothing here sleeps: use Playwright's `expect`, which waits up to 10 s.
"""

import os
from collections.abc import AsyncIterator, Generator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, async_playwright, expect

from tests.browser.chromium import FLAGS, HOW_TO, executable
from tests.browser.line import Line
from tests.browser.served import ForShow, ServedHouse
from tests.browser.staging import Stage, stage
from tests.browser.visitor import DESKTOP, Record, Screen, Visitor, listed, options, sign_in, window
from tests.promises.premises import Premises

REPORTS = Path(__file__).resolve().parent.parent.parent / "reports" / "browser"
_HERE = Path(__file__).parent
_FAILED = pytest.StashKey[bool]()
expect.set_options(timeout=10_000)  # what takes a second by itself may wait for a processor


class ComeIn:
    """What lets visitors in.

    Args:
        chromium: Where their windows are.
        house: Which house they come to, unless they name another.
        is_traced: Whether everything they do is kept, to be looked at.
    """

    def __init__(self, chromium: Browser, house: ServedHouse, *, is_traced: bool) -> None:
        self.visitors: list[Visitor] = []
        self._chromium = chromium
        self._house = house
        self._is_traced = is_traced

    async def __call__(
        self,
        who: str = "",
        role: str = "bidder",
        *,
        language: str = "en",
        screen: Screen = DESKTOP,
        dark: bool = False,
        clock_off_s: float = 0,
        zone: str = "Europe/Berlin",
        still: bool = True,
        over: Line | None = None,
        at: ServedHouse | None = None,
    ) -> Visitor:
        """Let somebody in with a window of his own; without a name, as a guest."""
        context = await self._chromium.new_context(
            **options(language=language, screen=screen, dark=dark, still=still, zone=zone)
        )
        if self._is_traced:
            await context.tracing.start(screenshots=True, snapshots=True)
        visited = at or self._house
        url = over.url if over is not None else visited.url
        if who:
            await sign_in(context, url, visited.premises.sign(role, who))
        record = Record()
        page = await window(context, record, clock_off_s=clock_off_s)
        visitor = Visitor(who, context, page, record, url)
        self.visitors.append(visitor)
        return visitor


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run all tests of this folder on one loop, which is the browser's."""
    for item in items:
        if item.path.is_relative_to(_HERE) and pytest_asyncio.is_async_test(item):
            item.add_marker(pytest.mark.asyncio(loop_scope="package"), append=False)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Remember whether a test has failed, so that its visitors leave traces."""
    report = yield
    if report.failed:
        item.stash[_FAILED] = True
    return report


@pytest_asyncio.fixture(scope="package", loop_scope="package")
async def chromium() -> AsyncIterator[Browser]:
    """A headless Chromium; without one the tests are skipped, and fail where CI is set."""
    async with async_playwright() as playwright:
        found = executable(playwright)
        if found is None:
            (pytest.fail if os.environ.get("CI") else pytest.skip)(HOW_TO)
        browser = await playwright.chromium.launch(executable_path=found, args=FLAGS)
        yield browser
        await browser.close()


@pytest_asyncio.fixture(scope="module", loop_scope="package")
async def house(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[ServedHouse]:
    """A house that all tests of a file share: the console shows the 200 lots next to close, and should show theirs."""
    async for served in _served(tmp_path_factory.mktemp("house")):
        yield served


@pytest_asyncio.fixture(scope="module", loop_scope="package")
async def staged(house: ServedHouse) -> Stage:
    """Lots in every state, for tests that only look."""
    return await stage(house, spread_s=3)


@pytest_asyncio.fixture(loop_scope="package")
async def own_house(tmp_path: Path) -> AsyncIterator[ServedHouse]:
    """A house for one test alone."""
    async for served in _served(tmp_path):
        yield served


@pytest_asyncio.fixture(loop_scope="package")
async def demo_house(tmp_path: Path) -> AsyncIterator[ServedHouse]:
    """The house of the demo, with people to pick, a sample sale and bidders at work."""
    async for served in _served(tmp_path, ForShow):
        yield served


async def _served(directory: Path, kind: type[Premises] = Premises) -> AsyncIterator[ServedHouse]:
    premises = kind(directory)
    try:
        served = await ServedHouse.opened(premises)
        yield served
        await served.close()
    finally:
        premises.clear_away()


@pytest_asyncio.fixture(loop_scope="package")
async def line(house: ServedHouse) -> AsyncIterator[Line]:
    """A line to the house that a test may cut."""
    async with Line(house.premises.address) as relay:
        yield relay


@pytest_asyncio.fixture(loop_scope="package")
async def come_in(request: pytest.FixtureRequest, chromium: Browser, house: ServedHouse) -> AsyncIterator[ComeIn]:
    """Let visitors in; when the test is over, fail it for whatever went wrong in their windows."""
    is_traced = bool(os.environ.get("KNOCKDOWN_TRACE"))
    let_in = ComeIn(chromium, house, is_traced=is_traced)
    yield let_in
    visitors = let_in.visitors
    troubles = [f"{visitor.who or 'guest'}: {trouble}" for visitor in visitors for trouble in visitor.record.unexpected]
    has_failed = bool(troubles) or request.node.stash.get(_FAILED, False)
    for visitor in visitors:
        if has_failed:
            await visitor.leave_traces(REPORTS, request.node.name)
        if is_traced:
            await visitor.context.tracing.stop(path=REPORTS / f"{request.node.name}-{visitor.who or 'guest'}.zip")
        await visitor.context.close()
    assert not troubles, f"went wrong in the browser:\n{listed(troubles)}"
