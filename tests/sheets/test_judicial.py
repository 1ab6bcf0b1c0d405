"""The sheet `judicial`: a court's flat from the listing to the last payment, and a car that is hard to sell.

The tables follow Fa Shi [2016] 18, whose articles they name. Amounts are yuan. The flat is appraised at 1,000,000 and
starts at 700,000 (70 %, article 10); its deposit is 70,000 (10 %, article 17); the step is 5,000.
"""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.sheets.conftest import Journals
from tests.sheets.rows import instant, money
from tests.sheets.stage import Stage, open_stage, under

COURT = {"kim": "court-7", "lea": "court-7", "eve": "bank-1"}
"""Two operators of the court, and one of somebody else."""


def flat(**own: Any) -> dict[str, Any]:  # noqa: ANN401  terms as a client sends them
    terms = {
        "currency": "CNY",
        "appraisal": money("1,000,000"),
        "start_price": money("700,000"),
        "deposit": money("70,000"),
        "opens_at": instant("0:00"),
        "closes_at": instant("24:00"),
    }
    return under("judicial", **{**terms, **own})


def car(**own: Any) -> dict[str, Any]:  # noqa: ANN401  as above
    """Appraised at 100,000; 70,000 to start with; a deposit of 7,000."""
    prices = {"appraisal": money("100,000"), "start_price": money("70,000"), "deposit": money("7,000")}
    return flat(**{**prices, **own})


@pytest.fixture
async def stage(journal: Journals) -> AsyncIterator[Stage]:
    async with open_stage(journal, COURT) as stage:
        await stage.until(instant("-2:00"))
        await stage.take_on("court-7", "court")
        await stage.take_on("bank-1", "bank")
        await stage.open_sale("kim")
        yield stage
        await stage.audit()


# The listing ----------------------------------------------------------------------------------------------------------

LISTINGS: list[tuple[dict[str, Any], str]] = [
    # article 10: at least 70 % of the appraisal
    ({"start_price": money("699,999.99")}, "malformed"),
    ({"appraisal": None}, "malformed"),
    # article 17: a deposit of 5 to 20 % of the start price, 35,000 to 140,000
    ({"deposit": money("34,999.99")}, "malformed"),
    ({"deposit": money("35,000")}, "ok"),
    ({"deposit": money("140,000")}, "ok"),
    ({"deposit": money("140,000.01")}, "malformed"),
    # article 20: at least 24 h
    ({"closes_at": instant("23:59:59.999999")}, "malformed"),
    ({"closes_at": instant("24:00")}, "ok"),
]


async def test_a_listing_keeps_to_the_bounds(stage: Stage) -> None:
    for number, (own, outcome) in enumerate(LISTINGS):
        assert await stage.offer("kim", f"flat-{number}", flat(**own)) == outcome, own


async def test_a_court_lists_what_is_its_own(stage: Stage) -> None:
    assert await stage.offer("eve", "flat", flat()) == "not_yours"
    assert await stage.offer("kim", "flat", flat()) == "ok"
    assert stage.lots == ["flat"]


# The flat -------------------------------------------------------------------------------------------------------------

ADMISSION = """
    # Articles 17 to 19: all register and are checked; cai and dan are priority purchasers, dan with the higher rank.
    -1:00           ann  register                     -> ok  phase=upcoming price=none ask=none leader=none end=24:00
    -1:00           ann  register                     -> already_done
    -1:00           bob  register                     -> ok
    -1:00           cai  register                     -> ok
    -1:00           dan  register                     -> ok
    -1:00           fay  register                     -> ok
    -1:00           gus  register nothing             -> malformed  # the statements must be repeated word by word
    -0:55           eve  admit ann                    -> not_yours
    -0:55           ann  admit ann                    -> forbidden
    -0:55           kim  admit gus                    -> not_registered
    -0:55           kim  admit ann                    -> ok  said=nothing  # nobody hears who was let in
    -0:55           kim  admit bob                    -> ok
    -0:55           lea  admit cai rank=2             -> ok
    -0:55           lea  admit dan rank=1             -> ok
    -0:50           bank pays ann 70,000 p-ann        -> ok  held.ann=70,000 received.ann=70,000 said=nothing
    -0:50           bank pays ann 70,000 p-ann        -> repeat  held.ann=70,000 received.ann=70,000
    -0:50           bank pays bob 69,999.99 p-bob     -> wrong_amount  held.bob=0
    -0:50           bank pays bob 70,000 p-bob currency=USD -> wrong_amount  held.bob=0
    -0:50           bank pays bob 70,000 p-bob forged -> bad_signature  held.bob=0
    -0:50           bank pays bob 70,000 p-bob old    -> too_old  held.bob=0
    -0:50           bank pays bob 70,000 p-bob        -> ok  held.bob=70,000
    -0:50           bank pays bob 70,000 p-other      -> already_done  held.bob=70,000
    -0:50           kim  deposit bob 70,000 p-bob     -> repeat  held.bob=70,000 received.bob=70,000
    -0:50           kim  deposit cai 70,000 p-cai     -> ok  held.cai=70,000
    -0:50           bank pays dan 70,000 p-dan        -> ok  held.dan=70,000
    -0:50           bank pays fay 70,000 p-fay        -> ok  held.fay=70,000
    -0:40           kim  decline fay                  -> ok  held.fay=0 released.fay=70,000
    -0:40           bank pays fay 70,000 p-fay        -> repeat  held.fay=0 received.fay=70,000
    -0:30           ann  bid 700,000                  -> lot_not_open
    -0:00:00.000001 ann  bid 700,000                  -> lot_not_open
    0:00            all  looks                        -> phase=open ask=700,000 end=24:00 said=lot_opened
"""

BIDDING = """
    0:10  gus  bid 700,000            -> not_admitted
    0:10  fay  bid 700,000            -> not_admitted
    0:10  ann  bid 699,999.99         -> below_start
    0:10  ann  bid 702,500            -> off_increment  # 700,000 and whole steps of 5,000
    0:10  ann  max 800,000            -> proxy_not_allowed
    0:10  ann  bid 700,000 ref=ann-1  -> ok  price=700,000 ask=705,000 leader=ann bids=1 said=bidder_admitted,bid_placed
    0:10  ann  bid 700,000 ref=ann-1  -> repeat  bids=1 said=nothing
    0:10  ann  bid 705,000 ref=ann-1  -> ref_reused
    0:11  ann  bid 705,000            -> already_leading
    0:11  bob  bid 700,000            -> below_ask
    0:12  bob  bid 710,000 ref=bob-1  -> ok  price=710,000 ask=715,000 leader=bob bids=2  # two steps at once
    0:13  ann  bid 710,000            -> below_ask  # without a rank an equal price is no bid
    0:13  cai  bid 710,000            -> ok  price=710,000 ask=715,000 leader=cai bids=3  # rank 2, equal price
    0:14  dan  bid 710,000            -> ok  price=710,000 ask=715,000 leader=dan bids=4  # rank 1 before rank 2
    0:15  cai  bid 710,000            -> below_ask  # rank 2 not before rank 1
    0:16  ann  bid 715,000 ref=ann-2  -> ok  price=715,000 ask=720,000 leader=ann bids=5
    0:16  bob  bid 715,000            -> below_ask  leader=ann  # a tie: the earlier leads
    0:20  kim  hammer                 -> too_early  # 24 h at least
    0:20  kim  consent                -> wrong_phase
    0:20  kim  pause seen=1           -> stale  phase=open

    # Voids take two operators. Of an underbidder's bid: what stands is 700, 710 (cai), 710 (dan), 715 (ann).
    1:00  kim  void_bid bob-1 ref=v-1 -> pending  bids=5 said=nothing
    1:00  kim  countersign kim v-1    -> needs_another
    1:00  eve  countersign kim v-1    -> not_yours
    1:01  lea  countersign kim v-2    -> unknown_proposal
    1:01  lea  countersign kim v-1    -> ok  price=715,000 ask=720,000 leader=ann bids=4 end=24:00 said=bid_voided
    1:01  lea  countersign kim v-1    -> unknown_proposal
    # Of the leader's: 700 (ann), 710 (cai), 710 (dan) stand; dan's rank leads at the equal price.
    1:02  lea  void_bid ann-2 ref=v-3 -> pending
    1:02  kim  countersign lea v-3    -> ok  price=710,000 ask=715,000 leader=dan bids=3 end=24:00 said=bid_voided
    1:03  kim  void_bid ann-2         -> already_done

    # Article 28: suspended for a reason that is published, to be resumed within 5 days; 22 h were left.
    2:00  kim  suspend reason=The_line_of_the_platform_is_down. -> ok  phase=paused end=none ask=none resume_by=122:00
                                      -> said=lot_paused
    2:30  ann  bid 720,000            -> lot_paused
    3:00  kim  resume                 -> ok  phase=open end=25:00 ask=715,000 resume_by=none said=lot_resumed
    # Deposits come in until the bidding ends (article 17).
    4:00  gus  register               -> ok
    4:00  gus  bid 715,000            -> not_admitted
    4:10  kim  admit gus              -> ok
    4:10  gus  bid 715,000            -> deposit_required
    4:20  bank pays gus 70,000 p-gus  -> ok  held.gus=70,000
    4:30  gus  bid 715,000 ref=gus-1  -> ok  leader=gus bids=4 said=bidder_admitted,bid_placed
    4:31  kim  decline gus            -> already_done  # who has bid is barred instead
    4:31  kim  bar gus                -> ok  leader=gus said=nothing
    4:31  gus  bid 720,000            -> barred
    4:32  kim  undo ref=u-1           -> pending
    4:32  lea  countersign kim u-1    -> ok  price=710,000 ask=715,000 leader=dan bids=3 said=bid_voided
    23:00 anna reads settlement       -> wrong_phase
    23:00 anna reads record           -> wrong_phase
    23:00 kim  reads settlement       -> wrong_phase
"""

CLOSING = """
    24:50            ann arrives                ->
    24:50            bob arrives                ->
    24:50            cai arrives                ->
    24:50            dan arrives                ->
    # Article 20: in the last 5 minutes, which begin after 24:55:00, a bid moves the end to its time + 5 minutes.
    # Exactly 5 min left.
    24:55            bob bid 720,000            -> ok  leader=bob bids=4 end=25:00 ext=0 said=bid_placed
    24:55:00.000001  ann bid 725,000            -> ok  leader=ann bids=5 end=25:00:00.000001 ext=1
                                                -> said=bid_placed,lot_extended
    # 1 us before the end; equal price by rank.
    25:00            cai bid 725,000 ref=cai-2  -> ok  price=725,000 leader=cai bids=6 end=25:05 ext=2
    # A void after an extension: ann leads again, the end stays where it is.
    25:01            kim void_bid cai-2 ref=v-4 -> pending
    25:01            lea countersign kim v-4    -> ok  price=725,000 ask=730,000 leader=ann bids=5 end=25:05 ext=2
    25:04:59.999999  bob bid 730,000            -> ok  leader=bob bids=6 end=25:09:59.999999 ext=3
    25:08            ann bid 730,000            -> below_ask  end=25:09:59.999999 ext=3  # what is refused never extends
    25:09:30         cai leaves                 ->
    25:09:30         dan leaves                 ->
    ~25:09:59.999999 ann bid 735,000            -> too_late  phase=open bids=6  # at the end, and the bell is late
    # Of five with a paddle two are there and two were lost within a minute: 50 %, more than 30 %. Paused, not sold.
    25:09:59.999999  all looks                  -> phase=paused end=none ask=none said=lot_paused
    25:10            ann bid 735,000            -> lot_paused
    25:19            cai arrives                ->
    25:20            kim resume                 -> ok  phase=open end=25:25 ask=735,000  # nothing was left: one window
    25:21            ann bid 735,000            -> ok  leader=ann bids=7 end=25:26 ext=4
    25:22            bob bid 740,000            -> ok  leader=bob bids=8 end=25:27 ext=5
    25:26:59.999999  all looks                  -> phase=open
    25:27            all looks                  -> phase=sold hammer=740,000 leader=bob bids=8 settlement=due there=3/0
                                                -> said=lot_sold
    25:27            ann bid 745,000            -> too_late
"""

SETTLEMENT = """
    25:27           kim  reads settlement      -> ok
    25:27           eve  reads settlement      -> not_yours
    25:27           bob  reads settlement      -> forbidden
    25:27           kim  reads record          -> forbidden
    25:27           anna reads record          -> ok
    # Nothing of the deposit counts yet: 740,000 + no premium.
    25:27           all  looks                 -> buyer=bob premium=0 counted=0 due=740,000 refund=0
    25:30           bank pays hal 70,000 p-hal -> wrong_phase  received.hal=0
    # Article 25: an hour after the close losers get theirs back, and the winner's counts: 740,000 - 70,000.
    26:26:59.999999 all  looks                 -> held.ann=70,000 held.bob=70,000 held.cai=70,000 held.dan=70,000
    26:27           all  looks                 -> held.ann=0 released.ann=70,000 released.cai=70,000 released.dan=70,000
                                               -> released.gus=70,000 said=nothing
    26:27           all  looks                 -> held.bob=0 applied.bob=70,000 released.bob=0 released.fay=70,000
                                               -> counted=70,000 due=670,000
    26:30           kim  release ann           -> already_done
    26:30           kim  reauction flat-2 560,000 5d0:00 6d0:00 -> wrong_phase
    30:00           eve  settle                -> not_yours
    30:00           kim  settle                -> ok  settlement=paid due=670,000 applied.bob=70,000 said=lot_settled
    30:01           kim  settle                -> already_done
    30:01           kim  default               -> wrong_phase
    30:01           kim  reopen 48:00          -> wrong_phase
    30:01           kim  allocate 1 1          -> wrong_phase
"""


async def test_a_flat_is_sold_by_a_court(stage: Stage) -> None:
    assert await stage.offer("kim", "flat", flat()) == "ok"
    for table in (ADMISSION, BIDDING, CLOSING, SETTLEMENT):
        await stage.play("flat", table)


# The car --------------------------------------------------------------------------------------------------------------

FIRST_AUCTION = """
    -1:00 ann  register                                -> ok
    -1:00 kim  admit ann                               -> ok
    -1:00 bank pays ann 7,000 p-1                      -> ok  held.ann=7,000
    24:00 all  looks                                   -> phase=passed settlement=none there=0/0
                                                       -> said=lot_opened,lot_passed
    24:00 kim  settle                                  -> wrong_phase
    25:00 all  looks                                   -> held.ann=0 released.ann=7,000
    # Article 26: at most 20 % less, 56,000 at least, and within 30 days: by 31d0:00.
    30:00 kim  reauction car-2 55,993 5d0:00 6d0:00    -> drop_too_large  # 79.99 %
    30:00 kim  reauction car-2 55,999.99 5d0:00 6d0:00 -> drop_too_large
    30:00 kim  reauction car-2 56,000 31d0:00:00.000001 33d0:00 -> too_late
    30:00 kim  sell_off car-2 69,999.99 5d0:00 65d0:00 first_bid_closes_s=86400 -> drop_too_large
    30:00 kim  reauction car-2 56,000 31d0:00 32d0:00 deposit=5,600 -> ok  successor=car-2 said=lot_reoffered  # 80 %
    30:00 lea  reauction car-3 56,000 31d0:00 32d0:00 deposit=5,600 -> already_done
    30:00 kim  reopen 48:00                            -> wrong_phase
"""

RE_AUCTION = """
    30:00   all  looks                 -> phase=upcoming end=32d0:00
    30d0:00 ann  register              -> ok
    30d0:00 kim  admit ann             -> ok
    30d0:00 kim  deposit ann 5,600 p-2 -> ok
    30d0:00 bob  register              -> ok
    30d0:00 kim  admit bob             -> ok
    30d0:00 bank pays bob 5,600 p-3    -> ok
    31d1:00 ann  bid 55,999.99         -> below_start
    31d1:00 ann  bid 56,000            -> ok  price=56,000 ask=61,000
    31d2:00 bob  bid 61,000            -> ok  price=61,000 ask=66,000
    32d0:00 all  looks                 -> phase=sold hammer=61,000 leader=bob settlement=due
    32d0:30 ann  bid 66,000            -> too_late
    32d1:00 all  looks                 -> released.ann=5,600 applied.bob=5,600 due=55,400  # 61,000 - 5,600
    # Article 24: bob does not pay. What counted towards the price is forfeited. Two operators.
    35d0:00 kim  default ref=d-1       -> pending  settlement=due
    35d0:00 lea  countersign kim d-1   -> ok  settlement=defaulted said=winner_defaulted
    35d0:00 all  looks                 -> applied.bob=0 forfeited.bob=5,600 released.ann=5,600
    35d0:00 kim  settle                -> wrong_phase
    35d0:00 kim  default               -> already_done
    # He is barred from the next: at least 80 % of 56,000, that is 44,800.
    36d0:00 kim  reauction car-3 44,799.99 40d0:00 41d0:00 deposit=4,480 -> drop_too_large
    36d0:00 kim  reauction car-3 44,800 40d0:00 41d0:00 deposit=4,480 -> ok  successor=car-3
"""

SECOND_RE_AUCTION = """
    37d0:00 bob register  -> barred
    37d0:00 cai register  -> ok
    37d0:00 lea admit cai -> ok
    41d0:00 all looks     -> phase=passed
    42d0:00 kim sell_off car-4 44,799.99 50d0:00 110d0:00 first_bid_closes_s=86400 -> drop_too_large
    42d0:00 kim sell_off car-4 44,800 50d0:00 110d0:00 first_bid_closes_s=86400 -> ok  successor=car-4
"""

SELL_OFF = """
    # The sheet's statement is of any earlier auction of this lot: bob stays barred.
    49d0:00            bob  register           -> barred
    49d0:00            cai  register           -> ok
    49d0:00            dan  register           -> ok
    49d0:00            kim  admit cai          -> ok
    49d0:00            kim  admit dan          -> ok
    49d0:00            bank pays cai 4,480 p-4 -> ok
    49d0:00            bank pays dan 4,480 p-5 -> ok
    50d0:00            all  looks              -> phase=open ask=44,800 end=110d0:00
    # The first bid begins 24 hours; from there on the last 5 minutes are as ever.
    51d12:00           cai  bid 44,800         -> ok  end=52d12:00 ext=0
                                               -> said=bidder_admitted,bid_placed,countdown_started
    52d11:55           dan  bid 54,800         -> ok  price=54,800 end=52d12:00 ext=0
    52d11:55:00.000001 cai  bid 59,800         -> ok  end=52d12:00:00.000001 ext=1
    52d12:00:00.000001 all  looks              -> phase=sold hammer=59,800 leader=cai
    52d13:00:00.000001 all  looks              -> applied.cai=4,480 released.dan=4,480 due=55,320  # 59,800 - 4,480
    52d14:00           lea  settle             -> ok  settlement=paid
"""

WHERE_BOBS_DEPOSIT_GOES = """
    # Article 24: the costs, then the shortfall, 61,000 - 59,800 = 1,200, then debts: 5,600 - 1,000 - 1,200 = 3,400.
    53d0:00 kim allocate 1,000 1,200 -> ok  forfeited.bob=0 costs.bob=1,000 shortfall.bob=1,200 debts.bob=3,400
    53d0:00 kim allocate 1,000 1,200 -> already_done  received.bob=5,600
"""


RESULTS = """
    lot      phase   start_price_shown  hammer_price_shown  bids  extensions  settlement  successor
    car      passed  CNY 70,000.00      -                   0     0           -           car-2
    car-2    sold    CNY 56,000.00      CNY 61,000.00       2     0           defaulted   car-3
    car-3    passed  CNY 44,800.00      -                   0     0           -           car-4
    car-4    sold    CNY 44,800.00      CNY 59,800.00       3     1           paid        -
"""

ACCOUNTS = """
    lot      bidder  settlement  hammer_price_shown  premium_shown  deposit_applied_shown  balance_due_shown
    car      -       -           -                   -              -                      -
    car-2    bob     defaulted   CNY 61,000.00       CNY 0.00       CNY 0.00               CNY 61,000.00
    car-3    -       -           -                   -              -                      -
    car-4    cai     paid        CNY 59,800.00       CNY 0.00       CNY 4,480.00           CNY 55,320.00
"""


async def test_a_car_passes_is_not_paid_for_passes_again_and_is_sold_off(stage: Stage) -> None:
    assert await stage.offer("kim", "car", car()) == "ok"
    await stage.play("car", FIRST_AUCTION)
    await stage.play("car-2", RE_AUCTION)
    await stage.play("car-3", SECOND_RE_AUCTION)
    await stage.play("car-4", SELL_OFF)
    await stage.play("car-2", WHERE_BOBS_DEPOSIT_GOES)
    await stage.exports("all", "sale", "results", RESULTS)
    await stage.exports("kim", "sale", "settlement", ACCOUNTS)
    chain = [(await stage.get("all", f"/v1/lots/{lot}")) for lot in ("car", "car-2", "car-3", "car-4")]
    assert [(lot["before"], lot["successor"]) for lot in chain] == [
        (None, "car-2"), ("car", "car-3"), ("car-2", "car-4"), ("car-3", None),
    ]  # fmt: skip


# The boat -------------------------------------------------------------------------------------------------------------

WITHDRAWN = """
    -1:00 ann  register                          -> ok
    -1:00 kim  admit ann                         -> ok
    -1:00 bank pays ann 7,000 p-1                -> ok
    1:00  ann  bid 70,000                        -> ok  leader=ann
    2:00  kim  withdraw ref=w-1                  -> pending  phase=open
    2:00  lea  countersign kim w-1               -> ok  phase=withdrawn end=none ask=none said=lot_withdrawn
    2:00  ann  bid 75,000                        -> lot_withdrawn
    2:30  kim  release ann                       -> ok  held.ann=0 released.ann=7,000  # she need not wait for the clock
    3:00  all  looks                             -> released.ann=7,000
    4:00  kim  reoffer boat-2 70,000 48:00 72:00 -> ok  successor=boat-2
"""

REOPENED = """
    47:00 ann  register              -> ok
    47:00 kim  admit ann             -> ok
    47:00 kim  deposit ann 7,000 p-2 -> ok
    48:30 ann  bid 70,000            -> ok
    72:00 all  looks                 -> phase=sold hammer=70,000 settlement=due said=lot_sold
    # A fault of the system annuls the close (article 31): price and leader stand, her deposit is held as before.
    72:10 kim  reopen 73:30 ref=o-1  -> pending
    72:10 lea  countersign kim o-1   -> ok  phase=open price=70,000 ask=75,000 leader=ann hammer=none settlement=none
                                     -> end=73:30 applied.ann=0 held.ann=7,000
    72:10 anna reads record          -> wrong_phase
    72:20 kim  undo ref=u-1          -> pending
    72:20 lea  countersign kim u-1   -> ok  price=none ask=70,000 leader=none bids=0
    73:30 all  looks                 -> phase=passed held.ann=7,000 received.ann=7,000
    74:30 all  looks                 -> released.ann=7,000 received.ann=7,000
    # Once a deposit has gone its way nobody could be held to a bid any more.
    74:40 kim  reopen 76:00          -> wrong_phase
"""


async def test_a_boat_is_withdrawn_and_offered_again(stage: Stage) -> None:
    assert await stage.offer("kim", "boat", car()) == "ok"
    await stage.play("boat", WITHDRAWN)
    await stage.play("boat-2", REOPENED)
