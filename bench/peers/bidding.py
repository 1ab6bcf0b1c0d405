"""The bidding half of `python -m bench peers`: durable accepted bids a second on one hot lot, the house's and others'.

The house runs before, between and after the peers, so that the noise of the machine shows: a peer is held against the
mean of the two runs beside its own. Refuses to know how anything is started or framed. Invariants: the same generator
and the same flight for all; what a peer accepted is what its store holds afterwards, a difference is a failure; a peer
that is not installed is skipped with its reason, one that breaks says why and the run goes on. Peers run half a second
before they count, which brings Node's code up to speed.
CPU in microseconds per accepted bid, rates per second.
"""

from collections.abc import Sequence

import redis
import uvloop

from bench.load import LineError
from bench.peers.bid_flight import Landed, fly
from bench.peers.bid_peers import CANDIDATES, HOT, WARM, Candidate
from bench.peers.bid_report import HOUSE_TITLE, BiddingPeersReport, PeerRun, Run
from bench.peers.program import NotInstalledError, PeerFailedError
from bench.server import house
from bench.surge import Options, Progress, Report, nothing_shown, surge

WARM_UP_S = 0.5
US_PER_S = 1_000_000
_BROKE = (PeerFailedError, LineError, OSError, redis.RedisError)


def bidding_peers(
    *,
    seconds: float = 6.0,
    seed: int = 1,
    progress: Progress = nothing_shown,
    candidates: Sequence[Candidate] = CANDIDATES,
) -> BiddingPeersReport:
    """Measure the house and every peer that is here.

    Raises:
        HouseNotReadyError, DeskError, LineError: there is nothing to compare without the house.
    """
    report = BiddingPeersReport(seconds=seconds)
    steps = 2 * len(candidates) + 1
    progress(0, steps, "bids: the house")
    _house_run(report, seconds, seed)
    for number, candidate in enumerate(candidates):
        progress(2 * number + 1, steps, f"bids: {candidate.title}")
        if _try(candidate, report, seconds, seed):
            progress(2 * number + 2, steps, "bids: the house")
            _house_run(report, seconds, seed)
    progress(steps, steps, "bids: done")
    return report


def _try(candidate: Candidate, report: BiddingPeersReport, seconds: float, seed: int) -> bool:
    """Measure one peer, or enter why not; whether it was measured."""
    try:
        landed, stored = _measured(candidate, seconds, seed)
    except NotInstalledError as missing:
        report.skipped[candidate.name] = str(missing)
        return False
    except _BROKE as why:
        report.failures.append(f"{candidate.title} could not be measured: {why or type(why).__name__}")
        return False
    report.failures += [f"{candidate.title}: {difference}" for difference in differences(landed, stored)]
    report.peers.append(_peer_run(candidate, landed, stored))
    return True


def _measured(candidate: Candidate, seconds: float, seed: int) -> tuple[Landed, int]:
    with candidate.start() as running:
        uvloop.run(fly(running.peer, WARM, seconds=WARM_UP_S, seed=seed))
        landed = uvloop.run(fly(running.peer, HOT, seconds=seconds, seed=seed))
        return landed, running.stored(HOT)


def differences(landed: Landed, stored: int) -> list[str]:
    """What a peer said, held against what its store holds: sentences, none when all is well."""
    found = []
    if landed.accepted != stored:
        found.append(f"{landed.accepted:,} bids were accepted, its store holds {stored:,}")
    if landed.unanswered:
        found.append(f"{landed.unanswered:,} bids were never answered")
    if landed.acknowledged_twice:
        found.append(f"{landed.acknowledged_twice:,} bids were accepted under a number already given out")
    if not landed.accepted_in_time:
        found.append("no bid was accepted")
    return found


def _peer_run(candidate: Candidate, landed: Landed, stored: int) -> PeerRun:
    in_time = max(landed.accepted_in_time, 1)
    return PeerRun(
        name=candidate.name,
        title=candidate.title,
        leaves_out=candidate.leaves_out,
        accepted_per_s=round(landed.accepted_in_time / landed.seconds, 1),
        server_us_per_bid=round(landed.server_cpu_s / in_time * US_PER_S, 2),
        store_us_per_bid=round(landed.store_cpu_s / in_time * US_PER_S, 2),
        generator_busy=round(landed.generator_cpu_s / landed.seconds, 3),
        refused=sum(landed.refused.values()),
        stored=stored,
    )


def _house_run(report: BiddingPeersReport, seconds: float, seed: int) -> None:
    found = _surge(Options(lots=1, seconds=seconds, seed=seed))
    report.failures += [f"{HOUSE_TITLE}: {failure}" for failure in found.failures]
    report.house.append(house_run(found))


def _surge(options: Options) -> Report:
    with house() as running:
        return uvloop.run(surge(running.url, running.sign, options))


def house_run(found: Report) -> Run:
    """A surge's figures as those of a run; its shares of a core become microseconds per bid."""
    per_s = max(found.accepted_per_s, 1.0)
    return Run(
        accepted_per_s=found.accepted_per_s,
        server_us_per_bid=round((found.house_busy or 0.0) / per_s * US_PER_S, 2),
        store_us_per_bid=round((found.store_busy or 0.0) / per_s * US_PER_S, 2),
        generator_busy=found.generator_busy,
        refused=sum(found.refused.values()),
        stored=found.recorded,
    )
