"""The board over a stand-in house: real lots made by the rules, a manual clock, and consoles of every size."""

import asyncio
import io
import logging
import sys
from collections.abc import Iterator
from types import MappingProxyType

import pytest
from rich.cells import cell_len
from rich.console import Console

from clock.instants import SECOND_US, ManualClock
from engine.commit import Standing
from gateway.board import Board
from gateway.money import money
from gateway.sheet import ends_in, totals
from lots.decisions import decide
from lots.fold import evolve
from lots.listing import Listing
from lots.orders import Bid, ListLot, Order, Pause, Resume, Ring, Withdraw
from lots.state import Lot
from lots.terms import SoftCloseTerms, Terms

NOON = 1_700_049_600_000_000
assert NOON % (24 * 3600 * SECOND_US) == 12 * 3600 * SECOND_US


class StandIn:
    """A house without a store: the rules, and a clock that is moved by hand."""

    def __init__(self) -> None:
        self.clock = ManualClock(NOON)
        self.lots: dict[str, Standing] = {}
        self.faults: list[str] = []
        self.watchers: dict[str, int] = {}

    def troubles(self) -> list[str]:
        return self.faults

    def board(self) -> Board:
        return Board(self, lambda lot: self.watchers.get(lot, 0), self.clock)

    def order(self, order: Order) -> None:
        state = {order.lot: self.lots[order.lot].state} if order.lot in self.lots else {}
        for event in decide(state, order, self.clock.now()).events:
            state[order.lot] = evolve(state.get(order.lot), event)
        self.lots[order.lot] = Standing(state[order.lot], b"")

    def list(
        self, lot: str, end_s: float, title: str = "A lot", currency: str = "EUR", start_price: int = 1_000
    ) -> None:
        terms = Terms(
            currency=currency,
            start_price=start_price,
            ladder=((0, 100),),
            opens_at=NOON,
            closes_at=NOON + round(end_s * SECOND_US),
            soft_close=SoftCloseTerms(window_s=5, extension_s=5),
        )
        self.order(ListLot(Listing(lot=lot, sale="s", title=title, terms=terms)))

    def bid(self, lot: str, bidder: str, amount: int) -> None:
        self.order(Bid(lot, bidder, f"{bidder}-{amount}", amount, chance=hash(bidder)))

    def end(self, lot: str) -> None:
        self.clock.set(self.state(lot).closes_at or 0)
        self.order(Ring(lot))

    def state(self, lot: str) -> Lot:
        return self.lots[lot].state


@pytest.fixture(name="house")
def _house() -> StandIn:
    return StandIn()


def drawn(board: Board, width: int = 80, height: int = 24) -> list[str]:
    board.look()
    console = Console(file=io.StringIO(), width=width, height=height, color_system=None, legacy_windows=False)
    console.print(board.render())
    text = console.file.getvalue()  # type: ignore[attr-defined]  # it is the StringIO given above
    return [line.rstrip() for line in str(text).splitlines()]


def row(lines: list[str], title: str) -> str:
    return next(line for line in lines if title in line)


def test_lots_stand_by_the_time_of_their_end(house: StandIn) -> None:
    house.list("a", 90, "Last")
    house.list("b", 30, "First")
    house.list("c", 60, "Second")
    lines = drawn(house.board())
    assert [line.split()[1] for line in lines[3:6]] == ["First", "Second", "Last"]


def test_a_row_shows_price_paddle_bids_extensions_watchers_and_countdown(house: StandIn) -> None:
    house.list("a", 65, "Harbour at Low Water", "JPY", 100_000)
    house.watchers["a"] = 12
    board = house.board()
    board.look()
    house.clock.advance(62 * SECOND_US)
    house.bid("a", "ann", 100_000)
    paddle = house.state("a").leader
    line = row(drawn(board), "Harbour")
    assert line.split()[-7:] == ["100,000", str(paddle), "1", "+1", "0.2", "12", "5.0"]
    assert "JPY 100,000" in line


def test_before_the_first_bid_the_start_price_is_in_brackets(house: StandIn) -> None:
    house.list("a", 65, start_price=123_456)
    assert "(EUR 1,234.56)" in "\n".join(drawn(house.board())).replace("\xa0", " ")


def test_an_ended_lot_shows_its_hammer_price_or_passed(house: StandIn) -> None:
    house.list("a", 10, "Wanted")
    house.list("b", 10, "Unwanted")
    house.bid("a", "ann", 1_500)
    house.end("a")
    house.end("b")
    lines = drawn(house.board())
    assert row(lines, "Wanted").split()[-1] == "SOLD"
    assert "EUR 15.00" in row(lines, "Wanted")
    assert row(lines, "Unwanted").split()[-1] == "passed"


def test_a_lot_that_was_just_extended_stands_out_for_a_while(house: StandIn) -> None:
    house.list("a", 10, "Hot")
    board = house.board()
    board.look()
    house.clock.advance(8 * SECOND_US)
    house.bid("a", "ann", 1_500)
    assert row(drawn(board), "Hot").startswith("»")
    house.clock.advance(3 * SECOND_US)
    assert not row(drawn(board), "Hot").startswith("»")


def test_the_header_counts_lots_bids_rate_and_watchers_and_says_how_the_store_is(house: StandIn) -> None:
    for number in range(3):
        house.list(f"lot-{number}", 10)
        house.watchers[f"lot-{number}"] = 5
    board = house.board()
    board.look()
    house.bid("lot-0", "ann", 1_500)
    house.order(Withdraw(lot="lot-1", by="clerk", ref="1", reason="paid"))
    house.end("lot-0")
    head = " ".join(" ".join(drawn(board)[:2]).split())
    assert "knockdown 12:00:10 UTC 1 open 1 sold 0 passed 1 withdrawn 1 bids 0.2 bids/s 15 watching store ok" in head
    house.faults = ["The store is away."]
    assert "The store is away." in drawn(board)[1]


def test_the_rate_fades_when_nobody_bids_any_more(house: StandIn) -> None:
    house.list("a", 600)
    board = house.board()
    board.look()
    for number in range(50):
        house.bid("a", f"b{number}", 1_000 + number * 100)
    assert "10.0 bids/s" in drawn(board)[1]
    house.clock.advance(60 * SECOND_US)
    assert " 0.0 bids/s" in drawn(board)[1]


def test_bids_from_before_the_board_was_put_up_are_no_rate(house: StandIn) -> None:
    house.list("a", 600)
    for number in range(50):
        house.bid("a", f"b{number}", 1_000 + number * 100)
    assert "50 bids   0.0 bids/s" in drawn(house.board())[1]


@pytest.mark.parametrize(("width", "height"), [(80, 24), (110, 30), (200, 60), (60, 10)])
def test_the_board_fits_the_terminal_with_ended_lots_in_a_third_of_it(house: StandIn, width: int, height: int) -> None:
    for number in range(72):
        house.list(
            f"sample-{number:02}", 10 + number, "某置业公司抵押债权 · Claim on a developer, CNY 32 m", "CNY", 10**10
        )
    for number in range(40):
        house.end(f"sample-{number:02}")
    lines = drawn(house.board(), width, height)
    assert len(lines) == height
    assert max(map(cell_len, lines)) <= width
    assert sum(line.endswith("passed") for line in lines[3:]) == max((height - 3) // 3, height - 3 - 32)
    assert all("(CNY 100,000,000.00)" in line.replace("\xa0", " ") for line in lines[3:])


def test_few_running_lots_leave_their_room_to_the_ended(house: StandIn) -> None:
    for number in range(30):
        house.list(f"sample-{number:02}", 10 + number)
    for number in range(29):
        house.end(f"sample-{number:02}")
    lines = drawn(house.board())
    assert sum(line.endswith("passed") for line in lines[3:]) == 20


COUNTDOWNS = [
    # left, shown
    (0.000_001, "0.1"),
    (4.2, "4.2"),
    (9.91, "10.0"),
    (10, "0:10"),
    (59.1, "1:00"),
    (3_599.5, "1:00:00"),
    (30 * 3_600, "1d 06h"),
]


@pytest.mark.parametrize(("left_s", "shown"), COUNTDOWNS)
def test_a_countdown_is_rounded_up_and_never_early(house: StandIn, left_s: float, shown: str) -> None:
    house.list("a", 200_000)
    end = NOON + 200_000 * SECOND_US
    assert ends_in(house.state("a"), end - round(left_s * SECOND_US)) == shown


def test_an_open_lot_whose_end_has_come_is_closing_until_the_hammer_falls(house: StandIn) -> None:
    house.list("a", 10)
    assert ends_in(house.state("a"), NOON + 10 * SECOND_US) == "closing"


def test_a_paused_lot_has_no_countdown(house: StandIn) -> None:
    house.list("a", 10)
    house.order(Pause(lot="a", by="clerk", ref="1", reason="a question"))
    assert row(drawn(house.board()), "A lot").split()[-1] == "paused"


MONEY = [
    (185_000, "JPY", "JPY 185,000"),
    (185_000, "EUR", "EUR 1,850.00"),
    (185_000, "KWD", "KWD 185.000"),
    (1, "AED", "AED 0.01"),
    (2**53 - 1, "USD", "USD 90,071,992,547,409.91"),
]


@pytest.mark.parametrize(("amount", "currency", "shown"), MONEY)
def test_money_has_the_digits_of_its_currency(amount: int, currency: str, shown: str) -> None:
    assert money(amount, currency).replace("\xa0", " ") == shown


def test_a_title_cannot_steer_the_terminal(house: StandIn) -> None:
    house.list("a", 10, "Jade\x1b[2J\x07 ring")
    lines = drawn(house.board())
    assert "\x1b" not in "".join(lines)
    assert "Jade [2J" in row(lines, "Jade")


def test_a_board_over_many_lots_gives_the_loop_back_between_slices(house: StandIn) -> None:
    house.list("a", 10)
    house.lots = {f"lot-{number}": house.lots["a"] for number in range(2_500)}
    survey = house.board()._survey
    assert len(list(survey.look())) == 3
    assert survey.page.phases == MappingProxyType({"open": 2_500})


async def looked(house: StandIn, console: Console, happenings: Iterator[None]) -> None:
    """Run a board while things happen, one between two looks, then stop it."""
    stop = asyncio.Event()
    board = house.board()
    look = board._survey.look

    def look_on() -> Iterator[None]:
        if next(happenings, stop) is stop:
            stop.set()
        yield from look()

    board._survey.look = look_on  # type: ignore[method-assign]
    async with asyncio.timeout(10):
        await board.run(console, stop)


async def test_without_a_terminal_events_are_told_line_by_line(house: StandIn, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.board._EVERY_S", 0.001)
    out = io.StringIO()

    def happenings() -> Iterator[None]:
        house.list("a", 10, "Wanted")
        house.list("b", 20, "Unwanted")
        yield
        house.clock.advance(6 * SECOND_US)
        house.bid("a", "ann", 1_500)
        yield
        house.order(Pause(lot="b", by="clerk", ref="1", reason="a question"))
        yield
        house.order(Resume(lot="b", by="clerk", ref="2", reason=""))
        yield
        house.end("a")
        house.end("b")
        yield

    await looked(house, Console(file=out, width=40), happenings())
    lines = out.getvalue().replace("\xa0", " ").splitlines()
    paddle = house.state("a").leader
    assert lines[0] == "12:00:00  2 open  0 sold  0 passed  0 bids  0.0 bids/s  0 watching  store ok"
    assert [" ".join(line.split()[1:]) for line in lines[1:]] == [
        "extended a Wanted EUR 15.00, now ends 12:00:11",
        "paused b Unwanted",
        "resumed b Unwanted (EUR 10.00), now ends 12:00:20",
        f"sold a Wanted EUR 15.00 to paddle {paddle}, 1 bids",
        "passed b Unwanted no bids",
    ]


async def test_on_a_terminal_log_lines_are_in_the_margin_and_again_below_at_the_end(
    house: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateway.board._EVERY_S", 0.001)
    screen, stderr = io.StringIO(), io.StringIO()
    monkeypatch.setattr(sys, "stderr", stderr)
    log = logging.getLogger("knockdown.board-test")
    handler = logging.StreamHandler(stderr)
    log.addHandler(handler)
    house.list("a", 10)

    def happenings() -> Iterator[None]:
        yield
        log.warning("The store is away.")
        yield

    console = Console(file=screen, width=80, height=24, force_terminal=True, legacy_windows=False)
    await looked(house, console, happenings())
    during, _, after = screen.getvalue().rpartition("\x1b[?1049l")
    assert "The store is away." in during
    assert "The store is away." in after
    assert after.endswith("store ok\n")
    assert stderr.getvalue() == ""
    assert log.handlers == [handler]


async def test_a_board_that_is_cancelled_gives_the_terminal_back(house: StandIn) -> None:
    loop, drawn_once = asyncio.get_running_loop(), asyncio.Event()

    class Screen(io.StringIO):
        def flush(self) -> None:
            if "knockdown" in self.getvalue():
                loop.call_soon_threadsafe(drawn_once.set)

    screen = Screen()
    console = Console(file=screen, width=80, height=24, force_terminal=True, legacy_windows=False)
    showing = asyncio.create_task(house.board().run(console, asyncio.Event()))
    async with asyncio.timeout(10):
        await drawn_once.wait()
        showing.cancel()
        await asyncio.gather(showing, return_exceptions=True)
    assert showing.cancelled()
    assert screen.getvalue().rpartition("\x1b[?1049l")[2].endswith("store ok\n")


async def test_a_reader_that_goes_away_ends_the_board_and_nothing_else(house: StandIn) -> None:
    class Gone(io.StringIO):
        def write(self, text: str) -> int:
            raise BrokenPipeError(text)

    async with asyncio.timeout(10):
        await house.board().run(Console(file=Gone()), asyncio.Event())


def test_totals_are_one_line(house: StandIn) -> None:
    board = house.board()
    board.look()
    assert "\n" not in totals(board.render().page)
