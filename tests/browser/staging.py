"""The stage for pictures: a house with a lot in every state that a lot room can show, and a sale of forty lots at once.

It refuses to know how they are shown. Invariants: `ALICE` stands to each lot as its name in `ROOMS` says; bids come one
after the other over some seconds, so that a history is one; the same seed gives the same bids. Amounts are minor
units, spans seconds. The lots of the large sale are those of `bench/sample_sale.json`.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from random import Random
from types import MappingProxyType
from typing import Any, Final, NamedTuple

from bench.sample_sale import sample_sale
from tests.browser.served import ServedHouse, now_us, soft

ALICE: Final = "alice"
OTHERS: Final = ("bob", "carol", "dan", "erin", "frank")
SALE: Final = "autumn"
ROOM_SALE: Final = "cabinet"
LOTS: Final = 40
_FIRST_CLOSE_S = 480
_GAP_S = 20
_BIDS = 160
_BESIDES_S = 2
_SOON: Final = "soon"
"""When the free period of a two-phase lot ends: as soon as its bids are in."""
_STATEMENT = "I have read the announcement and take the lot as it stands."
_DESCRIPTION = "With its papers. To be seen by appointment at the place named; sold as it stands."


class Stage(NamedTuple):
    """What was staged.

    Attributes:
        rooms: The lot of each state, by the state's name.
        lots: The lots of the large sale, by their time to close.
    """

    rooms: Mapping[str, str]
    lots: list[str]


class _Room(NamedTuple):
    """What is sold in one lot, and how it comes to its state.

    Attributes:
        title: As the catalogue has it.
        category, country, place, currency: The same.
        start: The start price; a step is a tenth of it.
        given: Further terms, as `served.terms` takes them.
        play: What happens to it.
    """

    title: str
    category: str
    country: str
    place: str
    currency: str
    start: int
    given: dict[str, Any]
    play: Callable[["_Play"], Awaitable[object]]

    def terms(self, soon_s: float) -> dict[str, Any]:
        """Return the terms by keyword; `soon_s` is when `_SOON` is."""
        priced = {"currency": self.currency, "start_price": self.start, "ladder": [[0, self.start // 10]]}
        return {**priced, **{term: soon_s if value == _SOON else value for term, value in self.given.items()}}

    def fields(self) -> dict[str, Any]:
        """Return the rest of the listing."""
        described = {"category": self.category, "country": self.country, "place": self.place}
        return {"description": _DESCRIPTION, "consignor": "The house", **described}


class _Play:
    """One lot, and those who do something to it; every doing takes a moment."""

    def __init__(self, house: ServedHouse, lot: str, start: int, pause_s: float) -> None:
        self.house = house
        self.lot = lot
        self.start = start
        self._pause_s = pause_s

    async def bid(self, who: str) -> None:
        """Bid the ask."""
        await self._breathe()
        await self.house.bid(self.lot, who, (await self.house.snapshot(self.lot))["ask"])

    async def ceiling(self, who: str, times: int) -> None:
        """Leave a ceiling of so many times the start price."""
        await self._breathe()
        await self.house.ceiling(self.lot, who, times * self.start)

    async def order(self, order: str, **fields: Any) -> None:  # noqa: ANN401  any field of an order
        """Have the clerk give an order."""
        await self._breathe()
        await self.house.order(self.lot, order, **fields)

    async def contest(self, *bidders: str) -> None:
        """Have one after the other bid the ask."""
        for bidder in bidders:
            await self.bid(bidder)

    async def _breathe(self) -> None:
        await asyncio.sleep(self._pause_s)


async def _nothing(_play: _Play) -> None:
    """Leave it as it is."""


async def _open(play: _Play) -> None:
    await play.contest("bob", "carol", "bob", "dan", "carol")


async def _leading(play: _Play) -> None:
    await play.contest("bob", "carol")
    await play.ceiling(ALICE, 6)
    await play.contest("bob", "dan", "bob")


async def _outbid(play: _Play) -> None:
    await play.contest("bob", ALICE, "carol", ALICE)
    await play.ceiling("bob", 9)


async def _extended(play: _Play) -> None:
    await play.contest("bob", ALICE, "carol", ALICE, "carol", ALICE, "erin")


async def _won(play: _Play) -> None:
    await play.contest("bob", ALICE, "bob", ALICE)
    await play.order("fair_warning", reason="Going twice.")
    await play.order("hammer")


async def _lost(play: _Play) -> None:
    await play.contest(ALICE, "bob", ALICE, "carol")
    await play.order("hammer")


async def _paused(play: _Play) -> None:
    await play.contest("bob", ALICE)
    await play.order("pause", reason="A question about the title is being looked into. 权属问题正在核实。")


async def _sealed(play: _Play) -> None:
    await play.house.bid(play.lot, "bob", 2 * play.start)
    await play.house.bid(play.lot, ALICE, 3 * play.start)


async def _two_phase(play: _Play) -> None:
    await play.contest("bob", ALICE)
    await play.house.until(play.lot, stage="joining")


async def _timed(play: _Play) -> None:
    await play.contest("bob", ALICE)
    await play.house.until(play.lot, stage="timed")
    await play.contest("bob", ALICE, "carol")


async def _saleroom(play: _Play) -> None:
    await play.order("open")
    await play.contest("bob", ALICE)
    await play.house.order(play.lot, "floor_bid", amount=2 * play.start, hand="12")
    await play.order("fair_warning", reason="Going once.")


_TWO_PHASE: Final = {"confirm_s": None, "countdown_s": 600, "ceiling": None, "quote_s": 300}
_SOLD: Final = {"closes_in_s": 1_800}
ROOMS: Final[Mapping[str, _Room]] = MappingProxyType(
    {
        "upcoming": _Room(
            *("和田玉籽料挂件 · Nephrite pendant, 68 g", "jade", "CN", "和田 Hetian", "CNY", 28_000_00),
            {"opens_in_s": 5_400, "closes_in_s": 9_000},
            _nothing,
        ),
        "open": _Room(
            *("Harbour at dusk, oil on canvas, about 1880", "painting", "GB", "London", "GBP", 1_200_00),
            {"closes_in_s": 1_500, "reserve": 3_500_00},
            _open,
        ),
        "leading": _Room(
            *("House with an orchard at the edge of the village", "property", "DE", "Havelberg", "EUR", 148_000_00),
            {"closes_in_s": 1_260, "soft_close": soft()},
            _leading,
        ),
        "outbid": _Room(
            *("翡翠手镯 · Jadeite bangle, 56 mm", "jade", "CN", "瑞丽 Ruili", "CNY", 36_000_00),
            {"closes_in_s": 1_320, "soft_close": soft()},
            _outbid,
        ),
        "extended": _Room(
            *("Five-axis machining centre, built 2019", "machinery", "DE", "Suhl", "EUR", 42_000_00),
            {"closes_in_s": 45, "soft_close": soft(window_s=900, extension_s=900)},
            _extended,
        ),
        "won": _Room(*("Still life with quinces, oil on panel", "painting", "GB", "Bath", "GBP", 640_00), _SOLD, _won),
        "lost": _Room(*("Excavator of 21 t, 4,300 hours", "machinery", "AU", "Perth", "AUD", 38_000_00), _SOLD, _lost),
        "paused": _Room(
            *("云栖里小区3幢1602室 · Three-bedroom flat, 118 m²", "foreclosed home", "CN", "青河 Qinghe"),
            *("CNY", 1_260_000_00, _SOLD, _paused),
        ),
        "sealed": _Room(
            *("Claim against a machine works, secured by a mortgage", "financial claim", "US", "Ohio"),
            *("USD", 250_000_00),
            {"closes_in_s": 2_400, "format": "sealed", "sealed": {}, "ladder": None, "proxy": False},
            _sealed,
        ),
        "dutch": _Room(
            *("Harvester, kept in the dry since 2021", "machinery", "CA", "Prince George", "CAD", 90_000_00),
            {
                "closes_in_s": 3_000,
                "format": "dutch",
                "ladder": None,
                "proxy": False,
                "dutch": {"step": 1_500_00, "every_s": 30, "floor": 30_000_00},
            },
            _nothing,
        ),
        "two-phase": _Room(
            *("包装机械一批 · A line of packing machines", "machinery", "CN", "东浒 Donghu", "CNY", 320_000_00),
            {
                "closes_in_s": _SOON,
                "format": "two_phase",
                "raise": "multiple",
                "proxy": False,
                "two_phase": {**_TWO_PHASE, "confirm_s": 1_200},
            },
            _two_phase,
        ),
        "timed": _Room(
            *(
                "林地承包经营权 · Right to a stand of fir, 120 mu",
                "forest land",
                "CN",
                "临山 Linshan",
                "CNY",
                780_000_00,
            ),
            {
                "closes_in_s": _SOON,
                "format": "two_phase",
                "raise": "multiple",
                "proxy": False,
                "two_phase": _TWO_PHASE,
            },
            _timed,
        ),
        "registration": _Room(
            *(
                "锦绣花园12幢503室 · Two-bedroom flat, 89 m²",
                "foreclosed home",
                "CN",
                "临山 Linshan",
                "CNY",
                868_000_00,
            ),
            {
                "closes_in_s": 7_200,
                "deposit": 86_800_00,
                "soft_close": soft(300, 300),
                "registration": {"statements": [_STATEMENT], "check": True},
            },
            _nothing,
        ),
        "saleroom": _Room(
            *("Portrait of a lady in grey, oil on canvas", "painting", "GB", "London", "GBP", 2_400_00),
            {"closes_in_s": None, "format": "saleroom"},
            _saleroom,
        ),
    }
)
"""How Alice stands, or what the lot is doing."""


async def stage(house: ServedHouse, *, seed: int = 1, spread_s: float = 20) -> Stage:
    """Set everything up; bids take about `spread_s` seconds."""
    lots = await _list_large_sale(house)
    await house.list_sale(ROOM_SALE, "精品专场 · Cabinet pieces", zone="Asia/Shanghai")
    rooms, _ = await asyncio.gather(_furnish(house, spread_s / 12), _liven(house, lots, seed, spread_s))
    return Stage(rooms, lots)


async def _furnish(house: ServedHouse, pause_s: float) -> dict[str, str]:
    """List the lots of the small sale, and let everything happen to them at the same time."""
    soon_s = _BESIDES_S + 3 * pause_s
    lots = {
        name: await house.list_lot(ROOM_SALE, f"{ROOM_SALE}-{name}", room.title, room.fields(), **room.terms(soon_s))
        for name, room in ROOMS.items()
    }
    plays = (room.play(_Play(house, lots[name], room.start, pause_s)) for name, room in ROOMS.items())
    await asyncio.gather(*plays)
    return lots


async def _list_large_sale(house: ServedHouse) -> list[str]:
    """List forty lots that are all open already."""
    now = now_us()
    sale, lots = sample_sale(now, first_close_s=_FIRST_CLOSE_S, gap_s=_GAP_S, sale=SALE)
    await house.call("POST", "/v1/sales", sale)
    for lot in lots[:LOTS]:
        await house.call("POST", "/v1/lots", {**lot, "terms": {**lot["terms"], "opens_at": now, "group": None}})
    return [str(lot["lot"]) for lot in lots[:LOTS]]


async def _liven(house: ServedHouse, lots: list[str], seed: int, spread_s: float) -> None:
    """Let bidders bid all over the sale, and something be the matter with a few lots."""
    rng = Random(seed)
    led_by: dict[str, str] = {}
    for _ in range(_BIDS):
        lot = rng.choice(lots)
        who = rng.choice([one for one in (ALICE, *OTHERS) if one != led_by.get(lot)])
        ask = (await house.snapshot(lot))["ask"]
        await house.bid(lot, who, ask)
        led_by[lot] = who
        await asyncio.sleep(spread_s / _BIDS)
    await house.order(lots[5], "pause", reason="The keys are being looked for.")
    await house.order(lots[2], "fair_warning", reason="Going once.")
    await house.order(lots[8], "notice", text="The frame is sold with it.")
