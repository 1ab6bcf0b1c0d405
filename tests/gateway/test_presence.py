"""Who is there, who has just gone: counted from connections as they come and go."""

from collections.abc import Iterator

import pytest

from clock.instants import SECOND_US, ManualClock
from gateway.presence import Presence
from lots.orders import Attendance
from tests.gateway.front import Front, Visitor, open_front, token
from tests.lots.saleroom import OPENS_AT

MINUTE_US = 60 * SECOND_US
ALL = frozenset(("alice", "bob", "carol"))


class Door:
    """A presence, and the clock it goes by."""

    def __init__(self) -> None:
        self.clock = ManualClock(OPENS_AT)
        self.presence = Presence(self.clock)

    def counts(self, *bidders: str) -> tuple[int, int]:
        return self.presence.attendance(bidders or ALL)


@pytest.fixture(name="door")
def _door() -> Door:
    return Door()


def test_who_has_come_is_there_and_who_goes_is_lost(door: Door) -> None:
    assert door.counts() == Attendance(connected=0, lost=0)
    door.presence.comes("alice")
    door.presence.comes("bob")
    assert door.counts() == Attendance(connected=2, lost=0)
    door.presence.goes("alice")
    assert door.counts() == Attendance(connected=1, lost=1)


def test_he_is_there_while_any_of_his_connections_is(door: Door) -> None:
    door.presence.comes("alice")
    door.presence.comes("alice")
    door.presence.goes("alice")
    assert door.counts() == (1, 0)
    door.presence.goes("alice")
    assert door.counts() == (0, 1)


def test_who_comes_back_is_not_lost(door: Door) -> None:
    door.presence.comes("alice")
    door.presence.goes("alice")
    door.presence.comes("alice")
    assert door.counts() == (1, 0)


@pytest.mark.parametrize(("later_us", "lost"), [(0, 1), (MINUTE_US, 1), (MINUTE_US + 1, 0)])
def test_after_a_minute_he_is_not_lost_any_more(door: Door, later_us: int, lost: int) -> None:
    door.presence.comes("alice")
    door.presence.goes("alice")
    door.clock.advance(later_us)
    assert door.counts() == (0, lost)


def test_a_minute_counts_from_the_last_time_he_went(door: Door) -> None:
    for _ in range(3):
        door.presence.comes("alice")
        door.clock.advance(50 * SECOND_US)
        door.presence.goes("alice")
    door.clock.advance(MINUTE_US)
    assert door.counts() == (0, 1)


def test_only_those_who_are_asked_for_are_counted(door: Door) -> None:
    for bidder in ("alice", "bob", "dora"):
        door.presence.comes(bidder)
    door.presence.goes("dora")
    door.presence.goes("bob")
    assert door.counts("alice", "bob") == (1, 1)
    assert door.counts("carol") == (0, 0)
    assert door.counts("alice") == (1, 0)


class Hall(frozenset[str]):
    """Many bidders, who cannot be gone through one by one."""

    __slots__ = ()

    def __iter__(self) -> Iterator[str]:
        raise AssertionError("the larger set was gone through")


def test_the_smaller_set_is_gone_through(door: Door) -> None:
    door.presence.comes("alice")
    door.presence.comes("bob")
    door.presence.goes("bob")
    assert door.presence.attendance(Hall(("alice", "bob", "carol"))) == (1, 1)


def test_who_went_long_ago_is_forgotten(door: Door) -> None:
    for n in range(1_000):
        door.presence.comes(f"b{n}")
        door.presence.goes(f"b{n}")
        door.clock.advance(SECOND_US)
    assert len(door.presence._gone_at) <= 61
    assert len(door.presence._wires) == 0


# On wires -------------------------------------------------------------------------------------------------------------


def attendance(front: Front, *bidders: str) -> tuple[int, int]:
    counted = front.house.attendance(bidders or ALL)
    assert counted is not None
    return counted


async def test_bidders_are_counted_from_their_wires_on() -> None:
    async with open_front() as front:
        alice, again, bob = front.bidder(), front.bidder(), front.bidder("bob")
        front.visitor()
        assert attendance(front) == (2, 0)
        alice.leave()
        assert attendance(front) == (2, 0)
        again.leave()
        assert attendance(front) == (1, 1)
        bob.leave()
        front.clock.advance(61 * SECOND_US)
        assert attendance(front) == (0, 0)


async def test_an_operator_under_a_bidders_name_is_no_bidder() -> None:
    async with open_front() as front:
        front.visitor(("Authorization", f"Bearer {token('alice', 'operator')}"))
        assert attendance(front) == (0, 0)


async def test_who_signs_in_as_another_leaves_as_himself() -> None:
    async with open_front() as front:
        visitor = front.bidder("alice")
        visitor.say(op="auth", token=token("bob"))
        assert (attendance(front, "alice"), attendance(front, "bob")) == ((0, 1), (1, 0))
        visitor.say(op="auth", token=token("otto", "operator"))
        assert attendance(front) == (0, 2)


async def test_who_brings_a_fresh_token_was_never_away() -> None:
    async with open_front() as front:
        visitor = front.bidder("alice")
        visitor.say(op="auth", token=token("alice", ttl_s=7_200))
        assert attendance(front) == (1, 0)
        visitor.leave()
        assert attendance(front) == (0, 1)


async def test_who_signs_in_later_is_there_from_then_on() -> None:
    async with open_front() as front:
        visitor = front.visitor()
        assert attendance(front) == (0, 0)
        visitor.say(op="auth", token=token("alice"))
        assert attendance(front) == (1, 0)


async def test_whose_token_expires_is_lost() -> None:
    async with open_front() as front:
        visitor = front.visitor(("Authorization", f"Bearer {token(ttl_s=10)}"))
        front.clock.advance(10 * SECOND_US)
        front.gateway.operations.tick()
        assert attendance(front) == (0, 1)
        visitor.leave()
        assert attendance(front) == (0, 1)


async def test_a_bad_token_on_an_open_connection_ends_both() -> None:
    async with open_front() as front:
        visitor = front.bidder("alice")
        visitor.say(op="auth", token="nonsense")
        assert visitor.closed == 4401
        assert attendance(front) == (0, 1)


async def test_who_is_turned_away_at_the_door_was_never_there() -> None:
    async with open_front() as front:
        stranger = Visitor(front.gateway)
        refusal = stranger.knock(("Authorization", f"Bearer {token()}"), ("Origin", "https://elsewhere.example"))
        assert refusal is not None
        assert attendance(front) == (0, 0)
