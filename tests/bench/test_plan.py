"""A plan is its options and seed, and has the shapes that were asked for."""

from collections import Counter
from itertools import pairwise

import pytest
from msgspec.structs import replace

from bench.pace import Options
from bench.storms.mishaps import Kind, Party
from bench.storms.plan import Plan, Why, plan

OPTIONS = Options(shape="sale", lots=40, bidders=90, watchers=120, rate=200.0, seconds=20.0, seed=3)


@pytest.fixture(scope="module")
def planned() -> Plan:
    return plan(OPTIONS)


def test_a_plan_is_its_options_and_seed(planned: Plan) -> None:
    assert plan(OPTIONS) == planned
    other = plan(replace(OPTIONS, seed=4))
    assert other.calls != planned.calls
    assert other.mishaps != planned.mishaps


def test_arrivals_come_at_the_mean_rate_and_as_unevenly_as_poisson_has_it(planned: Plan) -> None:
    at = [offer.due_s for offer in planned.offers if offer.why is Why.ARRIVAL]
    gaps = [later - earlier for earlier, later in pairwise(at)]
    mean = sum(gaps) / len(gaps)
    assert mean == pytest.approx(1 / 200, rel=0.1)
    assert sum((gap - mean) ** 2 for gap in gaps) / len(gaps) == pytest.approx(mean**2, rel=0.2)


def test_popularity_is_as_zipf_has_it(planned: Plan) -> None:
    shares = sorted((lot.popularity for lot in planned.lots), reverse=True)
    assert sum(shares) == pytest.approx(1)
    assert [shares[0] / share for share in shares] == pytest.approx(range(1, 41))
    drawn = Counter(offer.lot for offer in planned.offers if offer.due_s < 5 and offer.why is Why.ARRIVAL)
    (first, count), *_ = drawn.most_common(1)
    assert planned.lots[first].popularity == shares[0]
    assert count / drawn.total() == pytest.approx(shares[0], rel=0.25)


def test_bids_keep_to_the_end_of_their_lot(planned: Plan) -> None:
    hard_end = planned.ends.hard_end_s
    for offer in planned.offers:
        left_s = planned.lots[offer.lot].ends_s - offer.due_s
        match offer.why:
            case Why.SNIPE:
                assert 0 <= left_s <= 0.15
            case Why.ANSWER:
                assert -hard_end <= left_s <= 0
            case Why.LATECOMER:
                assert -1.1 * hard_end <= left_s <= -0.98 * hard_end
            case _:
                assert left_s >= 0
    assert {offer.why for offer in planned.offers} == set(Why)


def test_a_rush_thickens_towards_the_end(planned: Plan) -> None:
    left = [planned.lots[one.lot].ends_s - one.due_s for one in planned.offers if one.why is Why.RUSH]
    assert sum(one < 0.625 for one in left) > 1.5 * sum(one > 1.875 for one in left)


def test_amounts_never_fall_on_a_lot_and_mostly_rise(planned: Plan) -> None:
    for lot in range(OPTIONS.lots):
        amounts = [offer.amount for offer in planned.offers if offer.lot == lot]
        assert all(earlier <= later for earlier, later in pairwise(amounts))
    stale = len(planned.offers) - len({(offer.lot, offer.amount) for offer in planned.offers})
    assert 0 < stale < 0.1 * len(planned.offers)


def test_every_bid_is_sent_once_and_some_again(planned: Plan) -> None:
    copies = Counter(call.ref for call in planned.calls)
    assert sorted(copies) == list(range(len(planned.offers)))
    assert set(copies.values()) == {1, 2}
    assert list(planned.calls) == sorted(planned.calls)


def test_lots_end_staggered_within_the_storm(planned: Plan) -> None:
    ends = Counter(lot.ends_s for lot in planned.lots)
    assert set(ends.values()) == {4}
    assert min(ends) == pytest.approx(6.0)
    assert planned.over_s < OPTIONS.seconds


def test_a_wave_takes_many_at_one_instant(planned: Plan) -> None:
    waves = planned.waves_s()
    assert len(waves) == 2
    first = [one for one in planned.mishaps if one.kind is Kind.WAVE and round(one.at_s, 3) == waves[0]]
    assert Counter(one.party for one in first).keys() == {Party.BIDDER, Party.WATCHER}
    assert len(first) > 15
    assert len({one.away_s for one in first}) == len(first)


def test_nobody_breaks_off_before_he_is_back(planned: Plan) -> None:
    back: dict[tuple[Party, int], float] = {}
    for one in planned.mishaps:
        assert one.at_s > back.get((one.party, one.number), 0.0)
        back[one.party, one.number] = one.at_s + one.away_s
    assert {one.kind for one in planned.mishaps} == set(Kind)
    assert not [one for one in planned.mishaps if one.party is Party.BIDDER and one.kind is Kind.DOZE]


def test_one_lot_and_one_bidder_are_a_sale_too() -> None:
    small = plan(Options(shape="sale", lots=1, bidders=1, watchers=0, rate=50.0, seconds=1.0))
    assert small.offers
    assert small.over_s < 1.0
