"""Admission: how a bidder comes to his paddle, and where his deposit goes.

He registers and accepts the statements, the consignor lets him in, his deposit is confirmed: once all that the terms
ask for is there, he has a paddle. All of it is private, so whoever admits does not learn under which number he bids.
It refuses to know payments and persons: an operator or a payment provider says what has happened.

Invariants: a paddle is assigned once; every entry of the ledger moves what is there. Amounts are integer minor units,
instants microseconds. Sources: Fa Shi [2016] 18, articles 17 to 19 and 23 to 25.
"""

from typing import Any, TypeAlias

from msgspec.structs import replace

from lots.closing import caught_up, deposit_moved, has_ended
from lots.decision import Decision, Events, Objection, again, refuse
from lots.events import (
    ApplicationChecked,
    BidderBarred,
    BidderJoined,
    BidderRegistered,
    DepositMoved,
    LotSettled,
    PaddleAssigned,
    WinnerDefaulted,
)
from lots.fold import accepted_unseen, evolve
from lots.formats import Stage
from lots.ledger import Account, allocation
from lots.offers import NO_BIDS_IN, missing_for_admission
from lots.orders import (
    Admit,
    Allocate,
    Bar,
    ConfirmDeposit,
    Decline,
    Default,
    Join,
    Register,
    Release,
    Settle,
)
from lots.paddles import draw
from lots.phases import ENDED, Phase
from lots.refusals import Code
from lots.state import Accepted, Lot, Settlement, ref_key

Facts: TypeAlias = dict[str, Any]
"""What an event holds of the operator's order that caused it: by, ref, op, body, grounds, proposal."""

Carried: TypeAlias = Events | Objection | Accepted
"""What an operator's order leads to, or why not; an answer where it was carried out before, under whatever `ref`."""


# Of bidders -----------------------------------------------------------------------------------------------------------


def register(lot: Lot, order: Register, at: int) -> Decision:
    """Take a bidder's registration."""
    kept = lot.refs.get(ref_key(order.bidder, order.ref))
    if kept is not None:
        return again(kept, "register", "", lot, at)
    refused = _cannot_register(lot, order)
    if refused is not None:
        return refuse(refused, lot, at)
    event = BidderRegistered(lot=lot.lot, at=at, bidder=order.bidder, ref=order.ref, accepted=order.accepts)
    after = evolve(lot, event)
    return Decision((event, *_paddle_if_due(after, order.bidder, order.chance, at)), accepted_unseen(lot, event))


def _cannot_register(lot: Lot, order: Register) -> Objection | None:
    terms, application = lot.terms.registration, lot.applications.get(order.bidder)
    if terms is None:
        return Objection(Code.FORMAT_MISMATCH, "This lot takes no registrations.")
    if lot.phase in ENDED:
        return NO_BIDS_IN[lot.phase]
    if order.bidder in lot.barred:
        return Objection(Code.BARRED, "You may not bid on this lot.")
    if order.accepts != terms.statements:
        return Objection(
            Code.MALFORMED, "accepts must repeat all statements of the terms, word by word and in their order."
        )
    if application is not None and application.registered:
        return Objection(Code.ALREADY_DONE, "You have registered for this lot already.")
    return None


def join(lot: Lot, order: Join, at: int) -> Decision:
    """Take a bidder's word that he takes part in the timed phase, where the lot stands though its bell may be late."""
    lot, before = caught_up(lot, at)
    kept = lot.refs.get(ref_key(order.bidder, order.ref))
    if kept is not None:
        return again(kept, "join", "", lot, at)
    refused = _cannot_join(lot, order, at)
    if refused is not None:
        return refuse(refused, lot, at)
    event = BidderJoined(lot=lot.lot, at=at, bidder=order.bidder, ref=order.ref)
    return Decision((*before, event), accepted_unseen(lot, event))


def _cannot_join(lot: Lot, order: Join, at: int) -> Objection | None:
    terms = lot.terms.two_phase
    if terms is None or terms.confirm_s is None:
        return Objection(Code.FORMAT_MISMATCH, "This lot has no timed phase to join.")
    if order.bidder in lot.barred:
        return Objection(Code.BARRED, "You may not bid on this lot.")
    if lot.needs_admission and missing_for_admission(lot, order.bidder) is not None:
        return Objection(Code.NOT_ADMITTED, "You have not been admitted to this lot.")
    if lot.phase is not Phase.OPEN or has_ended(lot, at) or lot.stage not in (Stage.FREE, Stage.JOINING):
        return Objection(Code.NOT_IN_STAGE, "Joining is possible only before the timed phase.")
    if order.bidder in lot.joined:
        return Objection(Code.ALREADY_DONE, "You have joined already.")
    return None


def _paddle_if_due(lot: Lot, bidder: str, chance: int, at: int) -> Events:
    """Return the paddle of a bidder who lacks nothing else any more."""
    if bidder in lot.paddles or bidder in lot.barred or not lot.needs_admission:
        return ()
    event = PaddleAssigned(lot=lot.lot, at=at, bidder=bidder, paddle=draw(lot.bidders, chance))
    return () if missing_for_admission(evolve(lot, event), bidder) is not None else (event,)


# Of operators ---------------------------------------------------------------------------------------------------------


def admit(lot: Lot, order: Admit, at: int, facts: Facts) -> Carried:
    """Let a bidder in. Where no registration is asked for, the operator's word also stands for the deposit."""
    if order.rank is not None and not lot.terms.priority:
        return Objection(Code.FORMAT_MISMATCH, "This lot has no priority purchasers.")
    known = lot.applications.get(order.bidder)
    if lot.terms.registration is not None and (known is None or not known.registered):
        return Objection(Code.NOT_REGISTERED, "This bidder has not registered for the lot.")
    if order.rank != lot.ranks.get(order.bidder) and order.bidder in lot.paddles:
        return Objection(Code.ALREADY_DONE, "This bidder may bid already; his rank stays what it was.")
    pays = _pays_by_word(lot, order.bidder)
    if not pays and known is not None and (known.approved, known.rank) == (True, order.rank):
        return ()
    event = ApplicationChecked(lot=lot.lot, at=at, bidder=order.bidder, admitted=True, rank=order.rank, **facts)
    events: Events = (event,)
    lot = evolve(lot, event)
    if pays:
        held = _received(lot, order.bidder, "", at)
        events += (held,)
        lot = evolve(lot, held)
    if lot.needs_admission:
        return events + _paddle_if_due(lot, order.bidder, order.chance, at)
    return events + _paddle_by_word(lot, order, at)


def _pays_by_word(lot: Lot, bidder: str) -> bool:
    """Whether letting the bidder in also says that his deposit has come in; a lot that has ended takes none."""
    return lot.terms.registration is None and lot.held(bidder) < lot.terms.deposit and lot.phase not in ENDED


def _paddle_by_word(lot: Lot, order: Admit, at: int) -> Events:
    """Assign a paddle on a lot that admits anyone: the operator wishes it."""
    if order.bidder in lot.paddles:
        return ()
    return (PaddleAssigned(lot=lot.lot, at=at, bidder=order.bidder, paddle=draw(lot.bidders, order.chance)),)


def _received(lot: Lot, bidder: str, payment: str, at: int, **facts: Any) -> DepositMoved:  # noqa: ANN401  by, ref, body
    return DepositMoved(
        lot=lot.lot,
        at=at,
        bidder=bidder,
        source=Account.RECEIVED,
        to=Account.HELD,
        amount=lot.terms.deposit,
        payment=payment,
        **facts,
    )


def decline(lot: Lot, order: Decline, at: int, facts: Facts) -> Carried:
    """Keep out who has registered or paid, and give back what he paid; whether he has bid the answer must not tell."""
    if order.bidder not in lot.applications and not lot.held(order.bidder):
        return Objection(Code.NOT_REGISTERED, "This bidder has not registered for the lot.")
    if lot.needs_admission and order.bidder in lot.paddles:
        return Objection(Code.ALREADY_DONE, "This bidder may bid already; bar him instead.")
    event = ApplicationChecked(lot=lot.lot, at=at, bidder=order.bidder, admitted=False, rank=None, **facts)
    if not lot.held(order.bidder):
        return (event,)
    return event, deposit_moved(lot, order.bidder, Account.HELD, Account.RELEASED, at)


def bar(lot: Lot, order: Bar, at: int, facts: Facts) -> Carried:
    """Keep a bidder from bidding on this lot; what he leads he leads until it is voided."""
    return (BidderBarred(lot=lot.lot, at=at, bidder=order.bidder, reason=order.reason, **facts),)


def confirm_deposit(lot: Lot, order: ConfirmDeposit, at: int, facts: Facts) -> Carried:
    """Enter a deposit that has come in."""
    if not lot.terms.deposit or order.amount != lot.terms.deposit:
        return Objection(Code.WRONG_AMOUNT, f"The deposit of this lot is {lot.terms.deposit}.")
    if order.currency is not None and order.currency != lot.terms.currency:
        return Objection(Code.WRONG_AMOUNT, f"The deposit of this lot is in {lot.terms.currency}.")
    if lot.phase in ENDED:
        return Objection(Code.WRONG_PHASE, f"A lot that is {lot.phase} takes no deposits any more.")
    known = lot.payments.get(ref_key(order.bidder, order.payment))
    if known is not None:
        return replace(known, ref=order.ref, repeat=True)
    if lot.held(order.bidder):
        return Objection(Code.ALREADY_DONE, "This bidder's deposit is held already.")
    event = _received(lot, order.bidder, order.payment, at, **facts)
    return event, *_paddle_if_due(evolve(lot, event), order.bidder, order.chance, at)


def release(lot: Lot, order: Release, at: int, facts: Facts) -> Carried:
    """Give a deposit back before the clock does; before the close the answer would tell who leads."""
    if lot.phase not in ENDED:
        return Objection(Code.WRONG_PHASE, "Until the close deposits stay; who is not admitted can be declined.")
    if order.bidder == lot.leader_bidder and (lot.phase is Phase.SOLD or lot.provisional):
        return Objection(Code.WRONG_PHASE, "Who has won, or waits for the seller's consent, leaves his deposit.")
    if not lot.held(order.bidder):
        return Objection(Code.ALREADY_DONE, "Nothing is held of this bidder.")
    return (deposit_moved(lot, order.bidder, Account.HELD, Account.RELEASED, at, **facts),)


def settle(lot: Lot, _order: Settle, at: int, facts: Facts) -> Carried:
    """Note that the buyer has paid; his deposit counts towards the price."""
    refused = _not_due(lot, Settlement.PAID)
    if refused is not None:
        return refused
    event = LotSettled(lot=lot.lot, at=at, seq=lot.seq + 1, **facts)
    buyer = lot.leader_bidder
    if buyer is None or not lot.held(buyer):
        return (event,)
    return event, deposit_moved(lot, buyer, Account.HELD, Account.APPLIED, at)


def default(lot: Lot, order: Default, at: int, facts: Facts) -> Carried:
    """Note that the buyer does not pay: his deposit is forfeited."""
    refused = _not_due(lot, Settlement.DEFAULTED)
    if refused is not None:
        return refused
    buyer = lot.leader_bidder
    if buyer is None:
        raise AssertionError(f"lot {lot.lot} was sold to nobody")
    event = WinnerDefaulted(lot=lot.lot, at=at, seq=lot.seq + 1, reason=order.reason, bidder=buyer, **facts)
    deposit = lot.ledger.get(buyer)
    sources = (
        [] if deposit is None else [source for source in (Account.HELD, Account.APPLIED) if getattr(deposit, source)]
    )
    return event, *(deposit_moved(lot, buyer, source, Account.FORFEITED, at) for source in sources)


def _not_due(lot: Lot, wished: str) -> Objection | None:
    if lot.phase is not Phase.SOLD:
        return Objection(Code.WRONG_PHASE, f"Only a lot that was sold is settled; this one is {lot.phase}.")
    if lot.settlement == wished:
        return Objection(Code.ALREADY_DONE, f"The lot is {wished} already.")
    if lot.settlement not in (Settlement.DUE, None):  # the first version's logs sold lots without a word of it
        return Objection(Code.WRONG_PHASE, f"Nothing is due any more: the lot is {lot.settlement}.")
    return None


def allocate(lot: Lot, order: Allocate, at: int, facts: Facts) -> Carried:
    """Share the defaulter's deposit out: costs, shortfall, debts, in this order."""
    if lot.settlement != Settlement.DEFAULTED or not lot.defaulters:
        return Objection(Code.WRONG_PHASE, "Nobody has defaulted on this lot.")
    buyer = lot.defaulters[-1]
    forfeited = lot.ledger[buyer].forfeited if buyer in lot.ledger else 0
    if not forfeited:
        return Objection(Code.ALREADY_DONE, "There is no forfeited deposit left to share out.")
    moves = [
        DepositMoved(lot=lot.lot, at=at, bidder=buyer, source=Account.FORFEITED, to=to, amount=amount)
        for to, amount in allocation(forfeited, order.costs, order.shortfall)
    ]
    return replace(moves[0], **facts), *moves[1:]
