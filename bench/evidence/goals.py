"""What knockdown sets out to reach, as data, and the judgement of a run's figures by it.

Refuses to know how a figure is measured, and where a verdict is shown. Invariants: the bounds stand in this file and
nowhere else; a goal whose figure is missing, or was taken under easier terms than the goal's, is never reached; what
compares two figures is worked out here from figures of one run. Source: issue 5, "Goals". Costs in microseconds of CPU,
memory in bytes, latencies in milliseconds, shares from 0 to 1; a ratio has no unit.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Literal

import msgspec

Needs = Literal["at least", "at most", "more than"]
Outcome = Literal["reached", "not reached", "not measured"]
Shown = Literal["plain", "percent"]

DIGITS = 3
"""Significant digits of a printed figure; more only where fewer would put it on the other side of its bound."""
_DIGITS_MAX = 12
_BOUND_DIGITS = 4
SAME_COST = 1.2
"""Costs as far apart as this count as the same: a fifth is what they move by from run to run."""
FANOUT_PEERS = {
    "nchan": "Nchan",
    "nats": "NATS",
    "ws": "Node `ws`",
    "socketio": "socket.io",
    "websockets": "`websockets.broadcast`",
    "starlette": "Starlette",
}
BIDDING_PEERS = {
    "ws_lua": "Node `ws` with a Lua script per bid",
    "socketio_lua": "socket.io with a Lua script per bid",
    "starlette_lua": "Starlette with a Lua script per bid",
    "starlette_lua_plain": "Starlette with a Lua script, one call per bid",
    "postgres_row_lock": "Starlette with a PostgreSQL row lock",
}


class Beside(msgspec.Struct, frozen=True):
    """What a figure is held against, in words with a place for each of some figures of the same run."""

    words: str
    figures: tuple[str, ...]

    def told(self, figures: Mapping[str, float]) -> str:
        """The words with the figures in them; nothing when one of them is missing."""
        if not all(name in figures for name in self.figures):
            return ""
        return self.words.format(*(_printed(figures[name], DIGITS) for name in self.figures))


class Goal(msgspec.Struct, frozen=True, kw_only=True):
    """One check: `what` `needs` `bound` `unit`.

    `given` are sizes that must be at least so large for it to count; one that a run does not tell is as it was asked.
    """

    subject: str
    what: str
    figure: str
    needs: Needs
    bound: float
    unit: str
    beside: Beside = Beside("", ())
    given: tuple[tuple[str, float], ...] = ()
    shown: Shown = "plain"

    def met(self, value: float) -> bool:
        """Whether a value is good enough."""
        if self.needs == "at least":
            return value >= self.bound
        return value <= self.bound if self.needs == "at most" else value > self.bound

    def sentence(self) -> str:
        """The goal in words."""
        return f"{self.what}: {self.needs} {_printed(self.bound, _BOUND_DIGITS, self.shown)} {self.unit}".rstrip()

    def value(self, value: float) -> str:
        """A value as it is printed, never rounded across the bound."""
        digits = DIGITS
        while digits < _DIGITS_MAX and self.met(float(f"{value:.{digits}g}")) is not self.met(value):
            digits += 1
        return _printed(value, digits, self.shown)


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """How one goal came out. `reason` says why it was not measured."""

    goal: str
    figure: str
    value: float | None
    beside: str
    outcome: Outcome
    reason: str = ""


def judged(figures: Mapping[str, float], reasons: Mapping[str, str] | None = None) -> list[Verdict]:
    """A verdict on every goal, in their order.

    `reasons` says why figures are missing, by how their names begin; the longest beginning that fits is told.
    """
    known = {**figures, **derived(figures)}
    return [_judged(goal, known, reasons or {}) for goal in GOALS]


def bound(figure: str) -> float:
    """The first bound that is set for a figure. Raises KeyError where there is none."""
    return {goal.figure: goal.bound for goal in reversed(GOALS)}[figure]


def derived(figures: Mapping[str, float]) -> dict[str, float]:
    """The relations between figures of one run; those that lack a figure, or would divide by nothing, are left out."""
    quotients = [*_fanout_leads(), *_bidding_leads()]
    found = {
        name: figures[above] / figures[below]
        for name, above, below in quotients
        if above in figures and figures.get(below, 0.0) > 0.0
    }
    return found | dict(_leads_over_neighbours(figures))


def _leads_over_neighbours(figures: Mapping[str, float]) -> Iterator[tuple[str, float]]:
    """A comparison with our runs just before and after a peer's is the better one where it was made: noise drifts."""
    for peer in BIDDING_PEERS:
        if (times := figures.get(f"peers.bids.{peer}.knockdown_times")) is not None:
            yield f"peers.bids.{peer}.lead", times


def _fanout_leads() -> Iterator[tuple[str, str, str]]:
    for peer in FANOUT_PEERS:
        yield f"peers.fanout.{peer}.lead", f"peers.fanout.{peer}.ratio", "peers.fanout.knockdown.ratio"


def _bidding_leads() -> Iterator[tuple[str, str, str]]:
    for peer in BIDDING_PEERS:
        ours, theirs = "peers.bids.knockdown", f"peers.bids.{peer}"
        yield f"{theirs}.lead", f"{ours}.accepted_per_s", f"{theirs}.accepted_per_s"
        yield f"{theirs}.store_share", f"{ours}.store_us_per_bid", f"{theirs}.store_us_per_bid"


def _judged(goal: Goal, figures: Mapping[str, float], reasons: Mapping[str, str]) -> Verdict:
    value = figures.get(goal.figure)
    reason = _missing(goal, reasons) if value is None else _too_easy(goal, figures)
    outcome: Outcome = "not measured"
    if value is not None and not reason:
        outcome = "reached" if goal.met(value) else "not reached"
    return Verdict(
        goal=goal.sentence(),
        figure=goal.figure,
        value=value,
        beside=goal.beside.told(figures),
        outcome=outcome,
        reason=reason,
    )


def _missing(goal: Goal, reasons: Mapping[str, str]) -> str:
    fits = [beginning for beginning in reasons if f"{goal.figure}.".startswith(f"{beginning}.")]
    return reasons[max(fits, key=len)] if fits else f"no figure {goal.figure} in this run"


def _too_easy(goal: Goal, figures: Mapping[str, float]) -> str:
    """Why a figure does not count, if it was taken with less than the goal asks for."""
    for name, least in goal.given:
        if figures.get(name, least) < least:
            return f"{name} was {figures[name]:,.0f}, and the goal is for {least:,.0f}"
    return ""


def _printed(value: float, digits: int, shown: Shown = "plain") -> str:
    if shown == "percent":
        return f"{float(f'{value * 100:.{digits}g}'):g} %"
    rounded = float(f"{value:.{digits}g}")
    return f"{rounded:,.0f}" if abs(rounded) >= 1_000 else f"{rounded:g}"


def _ahead_in_fanout(peer: str, name: str) -> Goal:
    ratio = f"peers.fanout.{peer}.ratio"
    return Goal(
        subject="Fan-out",
        what=f"CPU of {name} per frame",
        figure=f"peers.fanout.{peer}.lead",
        needs="more than",
        bound=1.0,
        unit="times ours",
        beside=Beside(f"{name} {{}}, ours {{}} times the C loop", (ratio, "peers.fanout.knockdown.ratio")),
    )


def _ahead_in_bidding(peer: str, needs: Needs, bound: float) -> Goal:
    name, rate = BIDDING_PEERS[peer], f"peers.bids.{peer}.accepted_per_s"
    return Goal(
        subject="Bids",
        what="accepted bids a second",
        figure=f"peers.bids.{peer}.lead",
        needs=needs,
        bound=bound,
        unit=f"times {name}",
        beside=Beside("ours {}, theirs {} a second", ("peers.bids.knockdown.accepted_per_s", rate)),
    )


_ROUND_TRIP = Beside("one fsynced `XADD` and back {} µs", ("latency.round_trip_us",))
_TEN_THOUSAND_CLOSE = (("closing.lots", 10_000.0),)

GOALS: Sequence[Goal] = (
    Goal(
        subject="Fan-out",
        what="CPU per delivered frame, bids decided and stored",
        figure="fanout.ratio",
        needs="at most",
        bound=1.35,
        unit="times a raw `send()` loop in C",
        beside=Beside("C loop {} µs a frame", ("fanout.raw_us",)),
    ),
    *(_ahead_in_fanout(peer, name) for peer, name in FANOUT_PEERS.items()),
    Goal(
        subject="Fan-out",
        what="CPU per delivered event in bursts of 10 per lot",
        figure="fanout.burst_ratio",
        needs="at most",
        bound=0.25,
        unit="of the raw loop",
    ),
    Goal(
        subject="Watchers",
        what="memory per idle watcher, 10,000 of them",
        figure="fanout.idle_bytes",
        needs="at most",
        bound=8_192.0,
        unit="bytes",
        given=(("fanout.idle_watchers", 10_000.0),),
    ),
    Goal(
        subject="Watchers",
        what="cost of the `live` feed under a storm",
        figure="fanout.live_cost_ratio",
        needs="at most",
        bound=SAME_COST,
        unit="times its cost at a slow pace",
    ),
    Goal(
        subject="Bids",
        what="durable accepted bids a second, one hot lot",
        figure="bids.hot_ratio",
        needs="at least",
        bound=0.25,
        unit="of `redis-benchmark -c 4 -P 100 XADD`",
        beside=Beside("{} bids, {} `XADD` a second", ("bids.hot_per_s", "bids.limit_per_s")),
    ),
    _ahead_in_bidding("ws_lua", "more than", 1.0),
    _ahead_in_bidding("ws_lua", "at least", 1.5),
    Goal(
        subject="Bids",
        what="CPU of Redis per bid",
        figure="peers.bids.ws_lua.store_share",
        needs="at most",
        bound=1 / 3,
        unit="of what Node `ws` with a Lua script takes",
        beside=Beside(
            "ours {}, theirs {} µs",
            ("peers.bids.knockdown.store_us_per_bid", "peers.bids.ws_lua.store_us_per_bid"),
        ),
    ),
    _ahead_in_bidding("starlette_lua", "at least", 10.0),
    _ahead_in_bidding("postgres_row_lock", "at least", 10.0),
    Goal(
        subject="Latency",
        what="p50 at 2,000 bids a second, open loop, 200 watchers",
        figure="latency.p50_ratio",
        needs="at most",
        bound=3.0,
        unit="round trips to the store",
        beside=_ROUND_TRIP,
    ),
    Goal(
        subject="Latency",
        what="p99 of the same",
        figure="latency.p99_ratio",
        needs="at most",
        bound=10.0,
        unit="round trips to the store",
        beside=_ROUND_TRIP,
    ),
    Goal(
        subject="Recovery",
        what="events read back a second, of a million",
        figure="recovery.events_per_s",
        needs="at least",
        bound=150_000.0,
        unit="",
    ),
    Goal(
        subject="Recovery",
        what="first bid accepted after the restart of a house of 10,000 lots",
        figure="recovery.first_bid_s",
        needs="at most",
        bound=1.0,
        unit="s",
    ),
    Goal(
        subject="Closing",
        what="10,000 lots ending together, closed and announced within 500 ms",
        figure="closing.within_500ms",
        needs="at least",
        bound=0.99,
        unit="",
        beside=Beside("p99 {} ms", ("closing.p99_ms",)),
        given=_TEN_THOUSAND_CLOSE,
        shown="percent",
    ),
    Goal(
        subject="Closing",
        what="of them closed before the end",
        figure="closing.early",
        needs="at most",
        bound=0.0,
        unit="lots",
        given=_TEN_THOUSAND_CLOSE,
    ),
)
