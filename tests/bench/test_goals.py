"""Goals judge figures: each bound on both sides, what is missing, and what was taken under easier terms."""

import re

import pytest

from bench.evidence.goals import BIDDING_PEERS, FANOUT_PEERS, GOALS, Beside, Goal, bound, derived, judged

BY_FIGURE = {(goal.figure, goal.bound): goal for goal in GOALS}


def goal(needs: str = "at least", bound: float = 0.25, **more: object) -> Goal:
    told = {"subject": "s", "what": "w", "figure": "f", "unit": "u", "needs": needs, "bound": bound}
    return Goal(**{**told, **more})  # type: ignore[arg-type]  # each test names what it is about


def outcomes(figures: dict[str, float]) -> dict[str, str]:
    return {verdict.figure: verdict.outcome for verdict in judged(figures)}


@pytest.mark.parametrize(
    ("needs", "value", "met"),
    [
        ("at least", 0.25, True),
        ("at least", 0.2499999, False),
        ("at most", 0.25, True),
        ("at most", 0.2500001, False),
        ("more than", 0.25, False),
        ("more than", 0.2500001, True),
    ],
)
def test_a_bound_has_two_sides(needs: str, value: float, *, met: bool) -> None:
    assert goal(needs).met(value) is met


@pytest.mark.parametrize(
    ("figures", "figure", "outcome"),
    [
        ({"fanout.ratio": 1.35}, "fanout.ratio", "reached"),
        ({"fanout.ratio": 1.36}, "fanout.ratio", "not reached"),
        ({"fanout.burst_ratio": 0.26}, "fanout.burst_ratio", "not reached"),
        ({"fanout.idle_bytes": 4_300.0}, "fanout.idle_bytes", "reached"),
        ({"fanout.idle_bytes": 4_300.0, "fanout.idle_watchers": 9_999.0}, "fanout.idle_bytes", "not measured"),
        ({"bids.hot_ratio": 0.24}, "bids.hot_ratio", "not reached"),
        ({"latency.p50_ratio": 3.0}, "latency.p50_ratio", "reached"),
        ({"latency.p99_ratio": 10.1}, "latency.p99_ratio", "not reached"),
        ({"recovery.events_per_s": 149_999.0}, "recovery.events_per_s", "not reached"),
        ({"recovery.first_bid_s": 0.9}, "recovery.first_bid_s", "reached"),
        ({"closing.within_500ms": 0.99, "closing.lots": 10_000.0}, "closing.within_500ms", "reached"),
        ({"closing.within_500ms": 0.9899, "closing.lots": 10_000.0}, "closing.within_500ms", "not reached"),
        ({"closing.within_500ms": 1.0, "closing.lots": 1_000.0}, "closing.within_500ms", "not measured"),
        ({"closing.early": 1.0, "closing.lots": 10_000.0}, "closing.early", "not reached"),
    ],
)
def test_a_figure_is_judged_by_its_goal(figures: dict[str, float], figure: str, outcome: str) -> None:
    assert outcomes(figures)[figure] == outcome


def test_only_a_cheaper_frame_is_ahead() -> None:
    tied = {"peers.fanout.knockdown.ratio": 1.4, "peers.fanout.nchan.ratio": 1.4, "peers.fanout.ws.ratio": 1.7}
    assert outcomes(tied)["peers.fanout.nchan.lead"] == "not reached"
    assert outcomes(tied)["peers.fanout.ws.lead"] == "reached"
    assert outcomes(tied)["peers.fanout.nats.lead"] == "not measured"


def test_bids_are_compared_with_those_of_the_same_run() -> None:
    figures = {
        "peers.bids.knockdown.accepted_per_s": 60_000.0,
        "peers.bids.knockdown.store_us_per_bid": 4.0,
        "peers.bids.ws_lua.accepted_per_s": 41_000.0,
        "peers.bids.ws_lua.store_us_per_bid": 12.0,
        "peers.bids.starlette_lua.accepted_per_s": 6_000.0,
        "peers.bids.postgres_row_lock.accepted_per_s": 0.0,
    }
    told = {(verdict.figure, verdict.goal.split(": ")[1]): verdict.outcome for verdict in judged(figures)}
    named = {
        f"{figure} {words.partition(' times')[0].partition(' of ')[0]}": out for (figure, words), out in told.items()
    }
    assert named["peers.bids.ws_lua.lead more than 1"] == "reached"
    assert named["peers.bids.ws_lua.lead at least 1.5"] == "not reached"
    assert named["peers.bids.ws_lua.store_share at most 0.3333"] == "reached"
    assert named["peers.bids.starlette_lua.lead at least 10"] == "reached"
    assert named["peers.bids.postgres_row_lock.lead at least 10"] == "not measured"
    assert derived(figures)["peers.bids.ws_lua.lead"] == pytest.approx(60 / 41)


def test_our_runs_next_to_a_peers_make_the_better_comparison() -> None:
    rates = {"peers.bids.knockdown.accepted_per_s": 60_000.0, "peers.bids.ws_lua.accepted_per_s": 30_000.0}
    assert derived(rates)["peers.bids.ws_lua.lead"] == 2.0
    assert derived({**rates, "peers.bids.ws_lua.knockdown_times": 1.4})["peers.bids.ws_lua.lead"] == 1.4


def test_a_run_without_figures_reaches_nothing_and_says_why() -> None:
    verdicts = judged({}, {"peers": "no peers here", "peers.fanout.nats": "nats-server is not on PATH"})
    assert {verdict.outcome for verdict in verdicts} == {"not measured"}
    reasons = {verdict.figure: verdict.reason for verdict in verdicts}
    assert reasons["peers.fanout.nats.lead"] == "nats-server is not on PATH"
    assert reasons["peers.fanout.nchan.lead"] == "no peers here"
    assert reasons["fanout.ratio"] == "no figure fanout.ratio in this run"


@pytest.mark.parametrize(
    ("value", "printed"),
    [
        (0.2496, "0.2496"),
        (0.24996, "0.24996"),
        (0.2504, "0.25"),
        (0.31, "0.31"),
        (1234.5, "1,230"),
        (31_036.0, "31,000"),
    ],
)
def test_a_figure_is_never_rounded_across_its_bound(value: float, printed: str) -> None:
    assert goal().value(value) == printed


def test_a_share_is_printed_in_percent() -> None:
    assert goal(bound=0.99, shown="percent").value(0.98996) == "98.996 %"
    assert goal(bound=0.99, shown="percent").sentence() == "w: at least 99 % u"


def test_what_a_figure_is_held_against_is_told_whole_or_not_at_all() -> None:
    beside = Beside("ours {}, theirs {}", ("a", "b"))
    assert beside.told({"a": 1.5, "b": 31_036.0}) == "ours 1.5, theirs 31,000"
    assert beside.told({"a": 1.5}) == ""


def test_every_goal_of_the_issue_is_there_once() -> None:
    assert len(BY_FIGURE) == len(GOALS)
    ahead = {f"peers.fanout.{peer}.lead" for peer in FANOUT_PEERS}
    assert ahead <= {goal.figure for goal in GOALS}
    against = {"ws_lua", "starlette_lua", "postgres_row_lock"}
    assert against <= BIDDING_PEERS.keys()
    assert against == {goal.figure.split(".")[2] for goal in GOALS if goal.figure.startswith("peers.bids.")}
    subjects = {goal.subject for goal in GOALS}
    assert subjects == {"Fan-out", "Watchers", "Bids", "Latency", "Recovery", "Closing"}


def test_every_place_in_the_words_beside_a_figure_has_one() -> None:
    for one in GOALS:
        assert len(re.findall(r"\{\}", one.beside.words)) == len(one.beside.figures)


def test_a_bound_is_the_first_that_is_set_for_a_figure() -> None:
    assert bound("peers.bids.ws_lua.lead") == 1.0
    with pytest.raises(KeyError):
        bound("fanout.raw_us")
