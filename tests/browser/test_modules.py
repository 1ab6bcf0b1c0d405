"""The modules that all pages share: money, times, the server's clock, steps, the copy of a lot, and the words."""

import random
import re
from collections.abc import Iterator
from typing import Any

import pytest
import pytest_asyncio
from babel.numbers import get_currency_precision, list_currencies
from playwright.async_api import Page

from clock.instants import SECOND_US
from gateway import problems
from gateway.session import TOO_MANY_WATCHES
from lots.formats import Format
from lots.ladder import Ladder
from lots.orders import Bid
from lots.phases import Phase
from lots.refusals import Code, Refused
from tests.browser.conftest import ComeIn
from tests.browser.modules import empty_page, run, said_in, scripts, words
from tests.browser.served import Message, ServedHouse, soft
from tests.lots.saleroom import CLOSES_AT, EBAY_LADDER, OPENS_AT, Saleroom, listing

AMOUNT_MAX = 2**53 - 1
HOUR_US = 3_600 * SECOND_US


# Money ----------------------------------------------------------------------------------------------------------------


def currencies() -> list[str]:
    """All that a lot may name; those of two centuries ago too."""
    return sorted(code for code in list_currencies() if re.fullmatch(r"[A-Z]{3}", code))


@pytest.mark.parametrize("language", ["en", "zh"])
async def test_money_has_the_digits_that_the_house_counts_in_and_reads_back(come_in: ComeIn, language: str) -> None:
    page = await empty_page(come_in, language)
    rng = random.Random(4)
    amounts = [0, 1, 9, 10, 99, 100, 12_345, 1_000_000, AMOUNT_MAX, *(rng.randrange(AMOUNT_MAX) for _ in range(6))]
    given = [(amount, code) for code in currencies() for amount in amounts]
    shown = await run(
        page,
        "house/money",
        "return given.map(([amount, code]) => [it.formatMoney(amount, code), it.digitsOf(code), "
        "it.parseMoney(it.plainMoney(amount, code), code), it.parseMoney(it.formatMoney(amount, code), code)])",
        given,
    )
    for (amount, code), (text, digits, typed, read) in zip(given, shown, strict=True):
        assert digits == get_currency_precision(code), code
        assert re.sub(r"\D", "", text) == str(amount).zfill(digits + 1), (text, code)
        assert code in text
        assert typed == read == amount, (text, code)


TYPED = [
    ("1,234.56", "EUR", 123_456),
    ("1.234,56", "EUR", 123_456),
    ("1 234,56", "EUR", 123_456),
    ("1'234.5", "CHF", 123_450),
    ("1234", "EUR", 123_400),
    ("1,234", "EUR", 123_400),
    ("12,34", "EUR", 1_234),
    ("0.05", "EUR", 5),
    ("EUR 20", "EUR", 2_000),
    ("１２３４", "CNY", 123_400),  # noqa: RUF001  as an input method for Chinese writes figures
    ("1,850", "JPY", 1_850),
    ("1.850", "KWD", 1_850),
    ("1850.5", "JPY", None),
    ("0.005", "EUR", None),
    ("12.345", "EUR", 1_234_500),
    ("", "EUR", None),
    ("-5", "EUR", None),
    ("1e6", "EUR", None),
    ("12a", "EUR", None),
    (".", "EUR", None),
    ("1,2,3", "EUR", None),
    ("90071992547409.91", "EUR", AMOUNT_MAX),
    ("90071992547409.92", "EUR", None),
]


async def test_what_is_typed_is_read_as_it_was_meant_or_not_at_all(come_in: ComeIn) -> None:
    page = await empty_page(come_in)
    body = "return given.map(([text, code]) => it.parseMoney(text, code))"
    read = await run(page, "house/money", body, [row[:2] for row in TYPED])
    assert [(text, code, amount) for (text, code, _), amount in zip(TYPED, read, strict=True)] == TYPED


# Times ----------------------------------------------------------------------------------------------------------------

LEFT = [
    (-5 * SECOND_US, "0.1"),
    (0, "0.1"),
    (1, "0.1"),
    (100_000, "0.1"),
    (100_001, "0.2"),
    (9_900_001, "10.0"),
    (10 * SECOND_US, "10.0"),
    (10 * SECOND_US + 1, "0:11"),
    (59 * SECOND_US + 1, "1:00"),
    (61 * SECOND_US, "1:01"),
    (HOUR_US - 1, "1:00:00"),
    (HOUR_US + 5 * SECOND_US, "1:00:05"),
    (24 * HOUR_US, "1 d 00:00:00"),
    (51 * HOUR_US + 4 * 60 * SECOND_US + 1, "2 d 03:04:01"),
]
AT = 1_753_963_384 * SECOND_US  # 2025-07-31 12:03:04 UTC
IN_ZONES = [("Europe/Berlin", "14:03:04"), ("Asia/Shanghai", "20:03:04"), ("UTC", "12:03:04"), ("", "08:03:04")]


async def test_what_is_left_is_never_shown_as_less(come_in: ComeIn) -> None:
    page = await empty_page(come_in)
    shown = await run(page, "house/times", f"{_TAUGHT} return given.map(it.countdownText)", [us for us, _ in LEFT])
    assert list(zip((us for us, _ in LEFT), shown, strict=True)) == LEFT


@pytest.mark.parametrize("language", ["en", "zh"])
async def test_an_instant_is_shown_in_the_zone_asked_for_and_else_in_the_viewers(
    come_in: ComeIn, language: str
) -> None:
    page = await empty_page(come_in, language, zone="America/New_York")
    zones = [zone for zone, _ in IN_ZONES]
    shown = await run(page, "house/times", f"return given.map(zone => it.clockTime({AT}, zone))", zones)
    assert list(zip(zones, shown, strict=True)) == IN_ZONES
    assert await run(page, "house/times", f"return it.clockTime({AT}, 'Nowhere/Such')") == "08:03:04"
    assert "2025" in await run(page, "house/times", f"return it.dateTime({AT}, 'Asia/Shanghai')")


_TAUGHT = """
const { teach } = await import("/assets/js/house/words.js");
teach((await import("/assets/words/house.js")).default);
"""


# The server's clock ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(4))
async def test_the_servers_time_is_within_the_error_that_is_shown(come_in: ComeIn, seed: int) -> None:
    page = await empty_page(come_in)
    rng = random.Random(seed)
    drift = 1 + rng.uniform(-1, 1) * 1e-4
    offset_us = rng.randrange(10**15)

    def server_us(here_ms: float) -> int:
        return offset_us + round(here_ms * 1_000 * drift)

    rows = []
    at_ms = 0.0
    for _ in range(60):
        at_ms += rng.choice((150, 10_000, 60_000))
        there_ms, back_ms = rng.expovariate(1 / 40), rng.expovariate(1 / 40)
        received_ms = at_ms + there_ms + back_ms
        asked_ms = received_ms + rng.uniform(0, 20_000)
        rows.append([at_ms, received_ms, server_us(at_ms + there_ms), asked_ms])
        at_ms = received_ms
    body = """
        const clock = new it.ServerClock();
        const before = [clock.isSet, Number.isNaN(clock.nowUs()), clock.errorUs() === Infinity];
        const read = given.map(([sent, received, now, asked]) => {
            clock.read = () => received;
            clock.sample(sent, received, now);
            clock.read = () => asked;
            return [clock.nowUs(), clock.errorUs()];
        });
        return [before, read];
    """
    before, read = await run(page, "house/server_clock", body, rows)
    assert before == [False, True, True]
    for (*_, asked_ms), (now_us, error_us) in zip(rows, read, strict=True):
        assert abs(now_us - server_us(asked_ms)) <= error_us
    assert min(error for _, error in read) < 20_000, "the shortest round trip counts"


# Steps ----------------------------------------------------------------------------------------------------------------


def ladders(rng: random.Random) -> Iterator[list[tuple[int, int]]]:
    """Ladders of all lengths, with eBay's among them."""
    yield [(0, 1)]
    yield list(EBAY_LADDER)
    for bands in range(1, 12):
        froms = sorted(rng.sample(range(1, 10**6), bands - 1))
        yield [(start, rng.randrange(1, 10**4)) for start in (0, *froms)]


async def test_a_step_is_that_of_the_houses_ladder(come_in: ComeIn) -> None:
    page = await empty_page(come_in)
    rng = random.Random(5)
    asked: list[tuple[list[tuple[int, int]], int]] = []
    for ladder in ladders(rng):
        edges = [start + by for start, _ in ladder for by in (-1, 0, 1) if start + by >= 0]
        asked += [(ladder, price) for price in (*edges, *(rng.randrange(2 * 10**6) for _ in range(20)))]
    steps = await run(page, "house/ladder", "return given.map(([ladder, price]) => it.stepAt(ladder, price))", asked)
    assert steps == [Ladder(ladder).step(price) for ladder, price in asked]


@pytest.mark.parametrize("raise_", ["at_least", "multiple"])
async def test_the_next_amounts_are_ones_that_the_house_takes(come_in: ComeIn, raise_: str) -> None:
    page = await empty_page(come_in)
    rng = random.Random(6)
    rooms, lots = [], []
    for ladder in [[(0, 10)], [(0, 7)], *([] if raise_ == "multiple" else ladders(rng))]:
        for price in (None, 100, rng.randrange(100, 10**6)):
            room = Saleroom(listing(start_price=100, ladder=ladder, **{"raise": raise_}))
            room.ring_until(OPENS_AT)
            if price is not None:
                room.give(Bid("A", "ann", "a", 100 + (price - 100) // ladder[0][1] * ladder[0][1]), OPENS_AT + 1)
            rooms.append(room)
            lots.append({"ask": room.lots["A"].least(), "terms": {"ladder": ladder, "raise": raise_}})
    offered = await run(page, "house/ladder", "return given.map(lot => it.nextAmounts(lot, 4))", lots)
    for room, lot, amounts in zip(rooms, lots, offered, strict=True):
        assert amounts[0] == lot["ask"]
        assert len(set(amounts)) == 4
        for number, amount in enumerate(amounts):
            outcome = room.give(Bid("A", f"bob{number % 2}", f"b{number}", amount), CLOSES_AT - 1)
            assert not isinstance(outcome, Refused), (lot, amount, outcome)


async def test_nothing_is_offered_where_nothing_is_asked(come_in: ComeIn) -> None:
    page = await empty_page(come_in)
    body = "return it.nextAmounts({ask: null, terms: {ladder: [[0, 10]]}}, 4)"
    assert await run(page, "house/ladder", body) == []


# The copy of a lot ----------------------------------------------------------------------------------------------------

NOT_PUBLIC = {"ev", "now", "reset", "you", "scheduled_close_at"}


ORDERS: dict[str, Message] = {
    "pause": {"reason": "A question of title."},
    "resume": {},
    "fair_warning": {"reason": "Going once."},
    "notice": {"text": "The frame is sold with it."},
    "extend": {"seconds": 60},
    "step": {"step": 20_00},
    "undo": {"reason": "A slip of the clerk."},
}


async def hold(house: ServedHouse, rng: random.Random) -> tuple[str, list[Message]]:
    """Let a lot have a lively life; return it, and how it looked now and then."""
    sale = await house.list_sale()
    lot = await house.list_lot(sale, closes_in_s=8, soft_close=soft(30, 20), reserve=900_00, self_raise=True)
    looks = [await house.snapshot(lot)]
    await house.bid(lot, "ann", 100_00)
    for number in range(30):
        looks.append(await house.snapshot(lot))
        await do_something(house, looks[-1], 10_000_00 + number * 1_000_00, rng)
    await house.order(lot, "withdraw", reason="The debt was paid.")
    return lot, [*looks, await house.snapshot(lot)]


async def do_something(house: ServedHouse, lot: Message, amount: int, rng: random.Random) -> None:
    """Do something that can be done with a lot as it stands: offer this much, or give an order."""
    if lot["phase"] == "paused":
        await house.order(lot["lot"], "resume")
    elif rng.random() < 0.6:
        offer = rng.choice((house.bid, house.ceiling))
        await offer(lot["lot"], rng.choice(("ann", "bob", "cid")), amount)
    else:
        possible = [*ORDERS.keys() - {"resume"} - ({"fair_warning"} if lot["warned"] else set())]
        if lot["price"] is None:
            possible.remove("undo")
        order = rng.choice(sorted(possible))
        await house.order(lot["lot"], order, **ORDERS[order])


@pytest.mark.parametrize("seed", range(3))
async def test_a_snapshot_with_the_events_after_it_is_the_later_snapshot(
    come_in: ComeIn, house: ServedHouse, seed: int
) -> None:
    page = await empty_page(come_in)
    lot, looks = await hold(house, random.Random(seed))
    body = """
        const plain = state => JSON.parse(JSON.stringify(state));
        const [looks, events] = given;
        const later = looks.slice(1).flatMap((_, n) => looks.slice(0, n + 1).map((from) => {
            const state = new it.LotState(from.lot);
            state.take(from);
            for (const event of events) if (event.seq <= looks[n + 1].seq) state.take(event);
            return [n + 1, plain(state)];
        }));
        const first = new it.LotState(looks[0].lot);
        for (const event of events) first.take(event);
        return [...later, [looks.length - 1, plain(first)]];
    """
    events = await house.events(lot)
    for number, state in await run(page, "house/lot_state", body, [looks, events]):
        expected = {name: value for name, value in looks[number].items() if name not in NOT_PUBLIC}
        assert {name: state.get(name) for name in expected} == expected
    assert {event["ev"] for event in events} >= {"bid_placed", "lot_extended", "lot_withdrawn"}


async def test_a_gap_is_never_written_over_a_lot(come_in: ComeIn, house: ServedHouse) -> None:
    page = await empty_page(come_in)
    lot, looks = await hold(house, random.Random(9))
    body = """
        const state = new it.LotState(given[0].lot);
        state.take(given[0]);
        const before = JSON.stringify(state);
        const changed = given[1].map(event => state.take(event));
        return [changed, JSON.stringify(state) === before];
    """
    after = [event for event in await house.events(lot) if event["seq"] > looks[0]["seq"] + 1]
    changed, same = await run(page, "house/lot_state", body, [looks[0], after])
    assert not any(changed)
    assert same


# Words ----------------------------------------------------------------------------------------------------------------

PLACES = re.compile(r"\{(\w+)\}")
CHINESE = re.compile(r"[\u4e00-\u9fff]")
A_WORD = re.compile(r"[^\W\d_]{2,}")
SAME_IN_BOTH = {"house.name"}
"""Names, which are not translated."""
MAY_BE_EMPTY = {"sentence.gap"}
"""What stands between two sentences: nothing in Chinese."""
CODES = sorted(
    {
        *Code,
        *(
            getattr(problems, name)
            for name in dir(problems)
            if name.isupper() and isinstance(getattr(problems, name), str)
        ),
        TOO_MANY_WATCHES,
    }
)


def forms(text: str | dict[str, str]) -> dict[str, str]:
    return {"": text} if isinstance(text, str) else text


@pytest_asyncio.fixture(loop_scope="package")
async def page(come_in: ComeIn) -> Page:
    return await empty_page(come_in)


async def test_every_text_is_there_in_both_languages_with_the_same_places(page: Page) -> None:
    for name, languages in (await words(page)).items():
        english, chinese = languages["en"], languages["zh"]
        assert set(english) == set(chinese), name
        for key in english:
            places = [{*PLACES.findall(form)} for text in (english[key], chinese[key]) for form in forms(text).values()]
            assert all(found | {"count"} == places[0] | {"count"} for found in places), (name, key)
            empty = [form for text in (english[key], chinese[key]) for form in forms(text).values() if not form.strip()]
            assert not empty or key in MAY_BE_EMPTY, (name, key)


async def test_chinese_texts_are_chinese(page: Page) -> None:
    for name, languages in (await words(page)).items():
        foreign = {
            key: form
            for key, text in languages["zh"].items()
            for form in forms(text).values()
            if A_WORD.search(PLACES.sub("", form)) and not CHINESE.search(form) and key not in SAME_IN_BOTH
        }
        assert foreign == {}, name
        assert [key for key, text in languages["en"].items() if CHINESE.search(str(text))] == [], name


async def test_no_key_stands_for_two_texts(page: Page) -> None:
    found = await words(page)
    house = found.pop("house")
    assert {name: sorted(set(languages["en"]) & set(house["en"])) for name, languages in found.items()} == {
        name: [] for name in found
    }


async def test_every_code_phase_and_format_has_words(page: Page) -> None:
    house: dict[str, Any] = (await words(page))["house"]["en"]
    wanted = [
        *(f"refused.{code}" for code in CODES),
        *(f"phase.{phase}" for phase in Phase),
        *(f"format.{form}" for form in Format),
    ]
    assert [key for key in wanted if key not in house] == []


async def test_every_word_that_a_script_says_is_taught_somewhere(page: Page) -> None:
    known = {key for languages in (await words(page)).values() for key in languages["en"]}
    missing = {script.name: sorted(said_in(script) - known) for script in scripts()}
    assert {name: keys for name, keys in missing.items() if keys} == {}
