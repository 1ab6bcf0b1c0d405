"""Simulated bidders as rules: what they offer, when they act, and how they take a refusal."""

import heapq
from collections import Counter
from collections.abc import Callable
from functools import partial
from random import Random

import msgspec
import pytest

from bench.crowd import BIDDERS, STYLES
from bench.pursuit import AGAIN_UNCHANGED, Offer, Pursuit, Rules, Seen, Style, worth
from bench.sample_sale import sample_sale
from clock.instants import SECOND_US
from lots.decisions import decide
from lots.events import LotExtended
from lots.fold import evolve
from lots.listing import Listing
from lots.orders import Bid, ListLot, MaxBid, Order, Ring
from lots.state import Accepted, Lot
from lots.views import live, snapshot

NOW = 1_700_000_000_000_000


Terms = dict[str, object]


def seen(terms: Terms | None = None, ask: int | None = 1_000, leader: int | None = None, phase: str = "open") -> Seen:
    rules = {"start_price": 1_000, "ladder": [(0, 100)], "opens_at": NOW, "closes_at": NOW + 100 * SECOND_US}
    lot = {"lot": "a", "terms": rules | (terms or {}), "phase": phase, "ask": ask, "leader": leader}
    return msgspec.convert(lot | {"closes_at": NOW + 100 * SECOND_US}, Seen)


def pursuit(style: Style, value: int = 5_050) -> Pursuit:
    return Pursuit(style, value, Random(1))


OFFERS = [
    # style, what is asked, terms, the offer
    (Style.CEILING, 1_000, {}, Offer("max_bid", 5_000)),
    (Style.CEILING, 1_000, {"proxy": False}, Offer("bid", 1_300)),
    (Style.STEPS, 1_000, {}, Offer("bid", 1_300)),
    (Style.STEPS, 4_900, {}, Offer("bid", 4_900)),
    (Style.HESITANT, 1_000, {}, Offer("bid", 1_000)),
    (Style.STEPS, 5_051, {}, None),
    (Style.STEPS, None, {}, None),
    (Style.SLIP, 1_000, {"confirm_above": 5}, Offer("bid", 13_000)),
    (Style.SLIP, 1_000, {"confirm_above": None}, Offer("bid", 1_300)),
    (Style.SLIP, 1_000, {"confirm_above": 15}, Offer("bid", 1_300)),
]


@pytest.mark.parametrize(("style", "ask", "terms", "offer"), OFFERS)
def test_each_style_offers_what_is_its_own(style: Style, ask: int | None, terms: Terms, offer: Offer | None) -> None:
    assert pursuit(style).offer(seen(terms, ask=ask), NOW) == offer


@pytest.mark.parametrize("phase", ["upcoming", "paused", "sold", "passed", "withdrawn"])
def test_nobody_offers_on_a_lot_that_is_not_open(phase: str) -> None:
    assert pursuit(Style.STEPS).when(seen(phase=phase), NOW) is None


def test_a_slip_of_the_finger_happens_once() -> None:
    bidder = pursuit(Style.SLIP)
    assert bidder.offer(seen({"confirm_above": 5}), NOW) == Offer("bid", 13_000)
    bidder.refused("above_limit")
    assert bidder.offer(seen({"confirm_above": 5}), NOW) == Offer("bid", 1_300)


def test_the_leader_keeps_quiet_until_he_is_outbid() -> None:
    bidder = pursuit(Style.STEPS)
    bidder.accepted(paddle=417)
    assert bidder.when(seen(ask=1_100, leader=417), NOW) is None
    assert bidder.when(seen(ask=1_300, leader=555), NOW) is not None


def test_one_offer_waits_for_its_answer_before_the_next() -> None:
    bidder = pursuit(Style.STEPS)
    bidder.waiting = True
    assert bidder.offer(seen(), NOW) is None
    bidder.accepted(paddle=1)
    assert bidder.offer(seen(ask=1_400, leader=2), NOW) is not None


def test_a_sniper_acts_in_the_last_seconds_and_lies_in_wait_again_when_the_end_has_moved() -> None:
    sniper, lot = pursuit(Style.SNIPER), seen()
    end = NOW + 100 * SECOND_US
    at = sniper.when(lot, NOW)
    assert at is not None
    assert end - 3.5 * SECOND_US <= at <= end - 0.6 * SECOND_US
    lot.closes_at = end + 5 * SECOND_US
    assert sniper.offer(lot, at) is None
    again = sniper.when(lot, at)
    assert again is not None
    assert again >= end + 1.5 * SECOND_US
    assert sniper.offer(lot, again) is not None


def test_nobody_acts_before_he_could_have_seen_what_he_answers() -> None:
    for style in Style:
        at = pursuit(style).when(seen(), NOW + 90 * SECOND_US)
        assert at is not None
        assert at > NOW + 90.3 * SECOND_US


REFUSALS = [("below_ask", True), ("lot_paused", True), ("above_limit", True), ("barred", False), ("too_late", False)]


@pytest.mark.parametrize(("code", "goes_on"), REFUSALS)
def test_a_refusal_is_the_end_only_where_bidding_on_makes_no_sense(code: str, goes_on: bool) -> None:
    bidder = pursuit(Style.STEPS)
    bidder.refused(code)
    assert (bidder.when(seen(), NOW) is not None) is goes_on


def test_patience_ends_after_some_refusals_in_a_row() -> None:
    bidder = pursuit(Style.STEPS)
    for _ in range(6):
        bidder.refused("below_ask")
    assert bidder.when(seen(), NOW) is None


def test_refusals_for_limits_mean_the_same_order_again() -> None:
    assert {"rate_limited", "overloaded", "unavailable"} <= AGAIN_UNCHANGED


def test_a_late_message_does_not_turn_a_lot_back() -> None:
    lot = seen()
    lot.hear({"lot": "a", "seq": 7, "price": 2_000, "ask": 2_100})
    lot.hear({"lot": "a", "seq": 6, "price": 1_900, "ask": 2_000})
    assert (lot.seq, lot.price, lot.ask) == (7, 2_000, 2_100)


def test_the_step_is_that_of_the_band_of_the_price() -> None:
    rules = Rules(start_price=0, ladder=[(0, 50), (1_000, 100)], opens_at=0, closes_at=1)
    assert [rules.step(price) for price in (0, 999, 1_000, 5_000)] == [50, 50, 100, 100]


def test_worth_is_nothing_or_at_least_the_start_price_and_the_same_for_the_same_seed() -> None:
    values = [worth(1, f"lot-{lot}", f"bidder-{n}", 10_000) for lot in range(40) for n in range(40)]
    assert values == [worth(1, f"lot-{lot}", f"bidder-{n}", 10_000) for lot in range(40) for n in range(40)]
    assert all(value == 0 or value >= 10_000 for value in values)
    assert 0.05 < sum(value > 0 for value in values) / len(values) < 0.4


class VirtualSale:
    """The sample sale under the real rules in virtual time, with the crowd's bidders and no sockets."""

    def __init__(self, seed: int) -> None:
        self.lots: dict[str, dict[str, Lot]] = {}  # by group
        self.told: Counter[str] = Counter()
        self.extended: set[str] = set()
        self.now = NOW
        self._seed = seed
        self._chance = Random(seed)
        self._agenda: list[tuple[int, int, Callable[[], None]]] = []
        self._planned: set[tuple[str, int]] = set()
        self._seen: dict[str, Seen] = {}
        self._bidders: dict[tuple[str, int], Pursuit] = {}
        for body in sample_sale(NOW, seed=seed)[1]:
            listing = msgspec.convert(body, Listing)
            self._order(listing.group, ListLot(listing))

    def run(self) -> "VirtualSale":
        while self._agenda:
            self.now, _, act = heapq.heappop(self._agenda)
            act()
        return self

    def every_lot(self) -> list[Lot]:
        return [lot for group in self.lots.values() for lot in group.values()]

    def _at(self, at: int, act: Callable[[], None]) -> None:
        heapq.heappush(self._agenda, (max(at, self.now), len(self._agenda) + self._chance.getrandbits(40), act))

    def _order(self, group: str, order: Order) -> object:
        lots = self.lots.setdefault(group, {})
        decision = decide(lots, order, self.now)
        for event in decision.events:
            lot = lots[event.lot] = evolve(lots.get(event.lot), event)
            if isinstance(event, LotExtended):
                self.extended.add(event.lot)
            if lot.deadline is not None:
                self._at(lot.deadline, partial(self._ring, group, lot.lot))
            self._at(self.now + 100_000, partial(self._tell, group, lot.lot))
        return decision.outcome

    def _ring(self, group: str, name: str) -> None:
        self._order(group, Ring(name))

    def _tell(self, group: str, name: str) -> None:
        lot = self.lots[group][name]
        if name in self._seen:
            self._seen[name].hear(live(lot, self.now))
        else:
            self._seen[name] = msgspec.convert(snapshot(lot, "", self.now), Seen)
        for number in range(BIDDERS):
            self._consider(group, name, number)

    def _bidder(self, name: str, number: int) -> Pursuit:
        if (name, number) not in self._bidders:
            value = worth(self._seed, name, f"bidder-{number:02}", self._seen[name].terms.start_price)
            chance = Random(f"{self._seed}/{name}/{number}")
            self._bidders[name, number] = Pursuit(STYLES[number % len(STYLES)], value, chance)
        return self._bidders[name, number]

    def _consider(self, group: str, name: str, number: int) -> None:
        at = self._bidder(name, number).when(self._seen[name], self.now)
        if at is not None and (name, number) not in self._planned:
            self._planned.add((name, number))
            self._at(at, partial(self._act, group, name, number))

    def _act(self, group: str, name: str, number: int) -> None:
        self._planned.discard((name, number))
        bidder = self._bidder(name, number)
        offer = bidder.offer(self._seen[name], self.now)
        if offer is not None:
            kind = Bid if offer.op == "bid" else MaxBid
            ref, chance = f"{self._chance.getrandbits(60)}", self._chance.getrandbits(60)
            answer = self._order(group, kind(name, f"bidder-{number}", ref, offer.amount, chance=chance))
            if isinstance(answer, Accepted):
                bidder.accepted(answer.paddle)
            else:
                code = answer.code  # type: ignore[attr-defined]  # a refusal
                self.told[code] += 1
                bidder.refused(code)
        self._consider(group, name, number)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_sample_sale_with_its_crowd_is_lively_and_over_in_six_minutes(seed: int) -> None:
    sale = VirtualSale(seed).run()
    lots = sale.every_lot()
    phases = Counter(str(lot.phase) for lot in lots)
    assert phases["sold"] >= 50
    assert phases["passed"] >= 3
    assert phases["sold"] + phases["passed"] == 72
    assert sum(lot.bids for lot in lots) >= 400
    assert len(sale.extended) >= 12
    assert sale.now - NOW <= 360 * SECOND_US
    assert sale.told["above_limit"] >= 5  # slips of the finger, each caught
    first_minute = [lot for lot in lots if lot.last_at <= NOW + 60 * SECOND_US]
    assert {"sold"} <= {str(lot.phase) for lot in first_minute}
