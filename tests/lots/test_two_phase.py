"""Two-phase bidding, as tables: a free period, joining, a countdown that every bid restarts, quotes at a ceiling.

Times and amounts: `saleroom`. The free period ends at 3600; joining takes 300 s, the countdown 240 s, quotes 60 s.
"""

from typing import Any

import pytest

from lots.listing import Listing
from tests.lots.saleroom import listing
from tests.lots.tables import fact, played


def _two_phase(*, confirm_s: float | None = 300, ceiling: int | None = None, **more: Any) -> Listing:  # noqa: ANN401  terms as a client may send them
    own = {"confirm_s": confirm_s, "countdown_s": 240, "ceiling": ceiling, "quote_s": 60}
    return listing(format="two_phase", two_phase=own, **more)


JOINED = _two_phase()
OPEN_TO_ALL = _two_phase(confirm_s=None)
CEILING = _two_phase(ceiling=200)
FREE_CEILING = _two_phase(confirm_s=None, ceiling=200)

STAGES = [
    fact(
        "the stages follow each other by the clock alone",
        """
        0            clock ring   ->  - -  stage=free ask=100 end=3600 due=3600
        10           ann   bid 100 ->  100 ann
        10           ann   join   ->  done
        3599.999999  clock ring   ->  nothing  stage=free
        3600         clock ring   ->  100 ann  stage=joining ask=- end=3900 phase=open
        3899.999999  clock ring   ->  nothing  stage=joining
        3900         clock ring   ->  100 ann  stage=timed ask=110 end=4140
        4139.999999  clock ring   ->  nothing
        4140         clock ring   ->  100 ann  phase=sold hammer=100 ext=0
        """,
        JOINED,
    ),
    fact(
        "where nobody joins the lot ends with the joining",
        """
        10    ann   bid 100   ->  100 ann
        3600  clock ring      ->  nothing  stage=joining
        3900  clock ring      ->  nothing  phase=sold hammer=100
        """,
        JOINED,
    ),
    fact(
        "where nobody joins and nobody bid it passes",
        "3900  clock ring  ->  nothing  phase=passed stage=joining",
        JOINED,
    ),
    fact(
        "without a confirmation the countdown follows at once whether somebody leads or not",
        """
        3600  clock ring      ->  nothing  stage=timed ask=100 end=3840
        3840  clock ring      ->  nothing  phase=passed
        """,
        OPEN_TO_ALL,
    ),
]

LATE_BELLS = [
    fact(
        "a stage ends when it was to end however late its bell was",
        """
        0     clock ring       ->  - -
        10    ann   join       ->  done
        3700  clock ring       ->  - -  stage=joining end=3900
        4139  clock ring       ->  - -  stage=timed end=4140
        4140  clock ring       ->  - -  phase=passed
        """,
        JOINED,
    ),
    fact(
        "a bid before a late bell finds the stage that was due",
        """
        0     clock ring       ->  - -
        10    ann   bid 100    ->  100 ann
        3601  bob   bid 110    ->  110 bob  stage=timed end=3841
        """,
        OPEN_TO_ALL,
    ),
    fact(
        "a joining before a late bell counts in the stage that was due",
        """
        0     clock ring       ->  - -
        3601  ann   join       ->  done  stage=joining end=3900
        3901  bob   join       ->  not_in_stage  stage=joining
        3902  ann   bid 100    ->  100 ann  stage=timed
        """,
        JOINED,
    ),
    fact(
        "an offer when all stages have passed is too late",
        """
        0     clock ring       ->  - -
        10    ann   join       ->  done
        9999  ann   bid 100    ->  too_late  stage=free phase=open
        9999  clock ring       ->  - -  stage=timed
        """,
        JOINED,
    ),
]

FREE = [
    fact(
        "in the free period bids rise as in any english sale and move no end",
        """
        1            ann   max 500   ->  100 ann  ask=110
        2            bob   bid 105   ->  below_ask
        3            bob   bid 110   ->  120 ann
        3599.999999  cid   bid 130   ->  140 ann  end=3600 ext=0
        3600         cid   bid 150   ->  not_in_stage  140 ann
        """,
        JOINED,
    ),
    fact(
        "while bidders join nobody bids",
        """
        1            ann   bid 100   ->  100 ann
        3600         ann   join      ->  done  stage=joining
        3700         ann   max 500   ->  not_in_stage
        3899.999999  bob   bid 110   ->  not_in_stage
        3900         bob   bid 110   ->  not_joined  stage=timed
        """,
        JOINED,
    ),
    fact(
        "a bidder joins in the free period or while joining lasts and once",
        """
        -1           ann   join      ->  not_in_stage
        1            ann   join      ->  done
        2            ann   join      ->  already_done
        3            ann   join ref=x ->  already_done
        3899.999999  bob   join      ->  done
        3900         cid   join      ->  not_in_stage
        """,
        JOINED,
    ),
    fact(
        "a retry of joining is answered",
        """
        1            ann   join ref=x ->  done
        2            ann   join ref=x ->  repeat
        9999         ann   join ref=x ->  repeat
        """,
        JOINED,
    ),
    fact(
        "joining needs no bid before it and shows nothing",
        """
        0            clock ring       ->  - -  seq=2
        1            ann   join       ->  done  seq=2 paddles=0
        3600         clock ring       ->  nothing  seq=3
        3900         ann   bid 100    ->  100 ann  stage=timed
        """,
        JOINED,
    ),
    fact(
        "who is barred does not join",
        """
        1            clerk bar ann    ->  done
        2            ann   join       ->  barred
        """,
        JOINED,
    ),
    fact(
        "there is nothing to join where the terms ask for no confirmation",
        """
        1            ann   join       ->  format_mismatch
        3601         ann   join       ->  format_mismatch
        """,
        OPEN_TO_ALL,
    ),
    fact(
        "who is not admitted does not join",
        """
        1            ann   join              ->  not_admitted
        2            clerk deposit ann 50 p  ->  done
        3            ann   join              ->  done
        """,
        _two_phase(deposit=50),
    ),
]

COUNTDOWN = [
    fact(
        "every bid begins the countdown anew",
        """
        3600         ann   bid 100   ->  100 ann  stage=timed end=3840 ext=0
        3600.000001  bob   bid 110   ->  110 bob  end=3840.000001 ext=1
        3800         ann   bid 120   ->  120 ann  end=4040 ext=2
        4039.999999  bob   bid 130   ->  130 bob  end=4279.999999 ext=3
        4279.999999  ann   bid 140   ->  too_late  130 bob  phase=sold hammer=130
        """,
        OPEN_TO_ALL,
    ),
    fact(
        "also one that the leaders ceiling answers",
        """
        1            ann   max 500   ->  100 ann
        3700         bob   bid 110   ->  120 ann  end=3940 ext=1
        """,
        OPEN_TO_ALL,
    ),
    fact(
        "a refused bid and a raised ceiling do not",
        """
        1            ann   max 500   ->  100 ann
        3700         bob   bid 105   ->  below_ask  end=3840
        3710         ann   max 600   ->  100 ann  end=3840 ext=0
        """,
        OPEN_TO_ALL,
    ),
    fact(
        "only who has joined bids in it",
        """
        1            ann   max 500   ->  100 ann
        2            bob   join      ->  done
        3900         cid   bid 200   ->  not_joined
        3901         ann   max 900   ->  not_joined  ceiling=500
        3902         bob   bid 200   ->  210 ann  end=4142
        4142         clock ring      ->  nothing  phase=sold hammer=210 leader=ann
        """,
        JOINED,
    ),
    fact(
        "the room bids without joining",
        """
        2            bob   join            ->  done
        3900         clerk floor_bid 100   ->  done  100 @floor
        """,
        JOINED,
    ),
    fact(
        "an extension by the clerk is the end that bids count from",
        """
        3600  clock ring              ->  nothing  stage=timed end=3840
        3700  clerk extend 5000       ->  done  end=5000
        3800  ann   bid 100           ->  100 ann  end=5000 ext=1
        4800  bob   bid 110           ->  110 bob  end=5040
        """,
        OPEN_TO_ALL,
    ),
]

QUOTES = [
    fact(
        "no bid goes beyond the ceiling and one at it begins the quotes",
        """
        1    ann   bid 201   ->  above_ceiling  - -
        2    ann   bid 190   ->  190 ann  ask=200
        3    bob   max 210   ->  above_ceiling
        4    bob   bid 200   ->  200 bob  stage=quotes ask=200 end=64
        """,
        FREE_CEILING,
    ),
    fact(
        "the last step to the ceiling may be a small one",
        """
        1    ann   bid 195   ->  195 ann  ask=200 stage=free
        2    bob   bid 200   ->  200 bob  stage=quotes
        """,
        FREE_CEILING,
    ),
    fact(
        "also off the multiples",
        """
        1    ann   bid 195   ->  off_increment
        2    ann   bid 180   ->  180 ann  ask=190
        3    bob   bid 205   ->  205 bob  stage=quotes
        """,
        _two_phase(confirm_s=None, ceiling=205, **{"raise": "multiple"}),
    ),
    fact(
        "a ceiling of a bidder that is driven to it begins them too",
        """
        1    ann   max 200   ->  100 ann  stage=free
        2    bob   bid 195   ->  200 ann  stage=quotes end=62
        """,
        FREE_CEILING,
    ),
    fact(
        "a bidders ceiling at it alone does not",
        "1    ann   max 200   ->  100 ann  stage=free ask=110",
        FREE_CEILING,
    ),
    fact(
        "each bidder quotes once at the price or above and the highest wins at his quote",
        """
        1    ann   bid 200   ->  200 ann  stage=quotes seq=5
        2    bob   bid 199   ->  below_ask
        3    bob   max 300   ->  format_mismatch
        4    bob   bid 250   ->  done  200 ann  seq=5 bids=1 end=61
        5    bob   bid 300   ->  already_quoted
        6    cid   bid 240   ->  done
        7    ann   bid 245   ->  done
        60.999999  dan bid 249 -> done
        61   eve   bid 999   ->  too_late  250 bob  phase=sold hammer=250 bids=5
        """,
        FREE_CEILING,
    ),
    fact(
        "without quotes the leader wins at the ceiling",
        """
        1    ann   bid 200   ->  200 ann
        61   clock ring      ->  nothing  phase=sold hammer=200 leader=ann
        """,
        FREE_CEILING,
    ),
    fact(
        "of equal quotes the earlier wins",
        """
        1    ann   bid 200   ->  200 ann
        2    cid   bid 250   ->  done
        3    bob   bid 250   ->  done
        61   clock ring      ->  nothing  hammer=250 leader=cid
        """,
        FREE_CEILING,
    ),
    fact(
        "a quote of no more than the price does not beat the bid that stands",
        """
        1    ann   bid 200   ->  200 ann
        2    bob   bid 200   ->  done
        61   clock ring      ->  nothing  hammer=200 leader=ann
        """,
        FREE_CEILING,
    ),
    fact(
        "a slip of the finger in a quote is asked about since there is but one",
        """
        1    ann   bid 200          ->  200 ann  stage=quotes
        2    bob   bid 401          ->  above_limit
        3    bob   bid 401 confirm  ->  done
        4    cid   bid 400          ->  done
        61   clock ring             ->  nothing  hammer=401 leader=bob
        """,
        _two_phase(confirm_s=None, ceiling=200, confirm_above=2),
    ),
    fact(
        "in the countdown only who joined quotes",
        """
        1     ann   bid 100   ->  100 ann
        2     ann   join      ->  done
        2     bob   join      ->  done
        3900  bob   bid 200   ->  200 bob  stage=quotes end=3960
        3901  cid   bid 300   ->  not_joined
        3902  ann   bid 210   ->  done
        3960  clock ring      ->  nothing  hammer=210 leader=ann
        """,
        CEILING,
    ),
    fact(
        "quotes in the free period are taken from everyone for nobody was asked to join",
        """
        1     ann   join      ->  done
        2     bob   bid 200   ->  200 bob  stage=quotes
        3     cid   join      ->  not_in_stage
        4     cid   bid 210   ->  done
        5     ann   bid 210   ->  done
        6     cid   bid 220   ->  already_quoted
        """,
        CEILING,
    ),
    fact(
        "what is quoted is not voided nor hammered and nothing is bid from the room",
        """
        1    ann   bid 200          ->  200 ann  stage=quotes
        2    bob   bid 250          ->  done
        3    clerk undo             ->  not_in_stage
        4    clerk void_bid 4       ->  not_in_stage
        5    clerk floor_bid 300    ->  format_mismatch
        6    clerk step 50          ->  wrong_phase
        7    clerk hammer           ->  format_mismatch
        8    clerk pass             ->  format_mismatch
        61   clock ring             ->  nothing  hammer=250
        62   clerk reopen 9000      ->  format_mismatch
        """,
        FREE_CEILING,
    ),
    fact(
        "a quote from a higher rank wins at an equal amount",
        """
        0    clerk admit ann          ->  done
        0    clerk admit bob          ->  done
        0    clerk admit cid rank=1   ->  done
        1    ann   bid 200            ->  200 ann  stage=quotes
        2    bob   bid 250            ->  done
        3    cid   bid 250            ->  done
        61   clock ring               ->  nothing  hammer=250 leader=cid
        """,
        _two_phase(confirm_s=None, ceiling=200, deposit=50, priority=True),
    ),
    fact(
        "a quote of a higher rank at the price beats the bid that stands",
        """
        0    clerk admit ann          ->  done
        0    clerk admit cid rank=1   ->  done
        1    ann   bid 200            ->  200 ann  stage=quotes
        3    cid   bid 200            ->  done
        61   clock ring               ->  nothing  hammer=200 leader=cid
        """,
        _two_phase(confirm_s=None, ceiling=200, deposit=50, priority=True),
    ),
]

PAUSES = [
    fact(
        "a pause in the free period keeps what is left of it",
        """
        1000  clerk pause    ->  done  ask=- end=-
        1001  ann   join     ->  not_in_stage
        2000  clerk resume   ->  done  stage=free ask=100 end=4600
        4600  clock ring     ->  nothing  stage=joining
        """,
        JOINED,
    ),
    fact(
        "a pause while bidders join keeps what is left of it and at least a minute",
        """
        3700  clerk pause    ->  done  stage=joining end=-
        5000  clerk resume   ->  done  stage=joining ask=- end=5200
        5190  clerk pause    ->  done
        6000  clerk resume   ->  done  end=6060 ask=-
        6001  ann   join     ->  done
        """,
        JOINED,
    ),
    fact(
        "a pause in the countdown gives back a whole countdown at least",
        """
        3700  clerk pause    ->  done  stage=timed
        5000  clerk resume   ->  done  stage=timed ask=100 end=5240
        5100  ann   bid 100  ->  100 ann  end=5340
        """,
        OPEN_TO_ALL,
    ),
    fact(
        "a pause while quotes are taken keeps them",
        """
        1     ann   bid 200  ->  200 ann  stage=quotes
        2     bob   bid 250  ->  done
        3     clerk pause    ->  done  ask=- end=-
        4     cid   bid 260  ->  lot_paused
        100   clerk resume   ->  done  stage=quotes ask=200 end=160
        101   bob   bid 260  ->  already_quoted
        160   clock ring     ->  nothing  hammer=250 leader=bob
        """,
        FREE_CEILING,
    ),
]

CLERKS = [
    fact(
        "the hammer may fall in any stage that has a leader",
        """
        1     ann   bid 100  ->  100 ann
        2     clerk hammer   ->  done  phase=sold hammer=100 stage=free
        """,
        JOINED,
    ),
    fact(
        "reopened it goes on in the countdown",
        """
        1     ann   bid 100       ->  100 ann
        3900  clock ring          ->  nothing  phase=sold stage=joining
        3950  clerk reopen 5000   ->  done  phase=open stage=timed ask=110 end=5000 hammer=-
        4900  bob   bid 110       ->  110 bob  end=5140
        """,
        JOINED,
    ),
    fact(
        "reopened every bid begins the countdown anew",
        """
        3601  ann   bid 100       ->  100 ann  end=3841
        3841  clock ring          ->  nothing  phase=sold stage=timed
        3950  clerk reopen 5000   ->  done  stage=timed end=5000
        4900  bob   bid 110       ->  110 bob  end=5140
        5140  clock ring          ->  nothing  phase=sold hammer=110
        """,
        OPEN_TO_ALL,
    ),
    fact(
        "a bid is voided in the countdown and the end stays",
        """
        3601  ann   bid 100       ->  100 ann  end=3841 seq=6
        3700  bob   bid 110       ->  110 bob  end=3940 seq=9
        3701  clerk undo          ->  done  100 ann  end=3940 ask=110 bids=1
        """,
        OPEN_TO_ALL,
    ),
    fact(
        "a bid is voided while bidders join and there is no ask",
        """
        1     ann   bid 100       ->  100 ann
        2     bob   bid 110       ->  110 bob
        3700  clerk undo          ->  done  100 ann  ask=- stage=joining
        """,
        JOINED,
    ),
]


@pytest.mark.parametrize(("rows", "lots"), [*STAGES, *FREE, *COUNTDOWN, *QUOTES, *PAUSES, *CLERKS])
def test_two_phase(rows: str, lots: tuple[Listing, ...]) -> None:
    played(rows, *lots)


@pytest.mark.parametrize(("rows", "lots"), LATE_BELLS)
def test_two_phase_by_late_bells(rows: str, lots: tuple[Listing, ...]) -> None:
    played(rows, *lots, punctual=False)


def test_the_quotes_are_opened_the_best_first() -> None:
    room = played(
        """
        1    ann   bid 200   ->  200 ann
        2    bob   bid 240   ->  done
        3    cid   bid 250   ->  done
        61   clock ring      ->  nothing  leader=cid
        """,
        FREE_CEILING,
    )
    opened = next(part for part in room.public() if part["ev"] == "bids_opened")
    paddles = room.lots["A"].paddles
    assert opened["offers"] == ((paddles["cid"], 250), (paddles["bob"], 240))
    assert (opened["price"], opened["leader"], opened["bids"]) == (250, paddles["cid"], 3)


@pytest.mark.parametrize(
    ("terms", "reason"),
    [
        ({"two_phase": None}, "'two_phase'"),
        ({"ladder": []}, "start at 0"),
        ({"two_phase": {"countdown_s": 0}}, "countdown_s"),
        ({"soft_close": {"window_s": 60, "extension_s": 60}}, "no soft_close"),
        ({"format": "english"}, "'two_phase'"),
    ],
)
def test_terms_of_two_phases_must_fit(terms: dict[str, Any], reason: str) -> None:
    plain = {"format": "two_phase", "two_phase": {"countdown_s": 240}}
    with pytest.raises(ValueError, match=reason):
        listing(**{**plain, **terms})
