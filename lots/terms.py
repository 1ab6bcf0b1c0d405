"""STORED FORMAT: logs and catalogue hold these names and fields. Add with defaults; never rename or remove.

Terms: the rules of one lot as data, as clients send and read them (protocol.md, "Terms of a lot").

It refuses to know what happens under the terms, and what a format's own terms are (`formats`). Amounts are integer
minor units, instants microseconds since the epoch, spans seconds that may have decimals.
Invariant: terms that were checked (`check`) can be decided under without a further look.
"""

from enum import StrEnum
from itertools import pairwise
from typing import Annotated

from msgspec import Meta, Struct, structs

from clock.instants import seconds_to_us
from clock.soft_close import Mode, SoftClose, Trigger
from lots.bounds import Bounds, check_bounds
from lots.formats import OWN_TERMS, DutchTerms, Format, SealedTerms, Seconds, TwoPhaseTerms
from lots.ladder import Ladder
from lots.money import AMOUNT_MAX, Amount, BasisPoints

Instant = Annotated[int, Meta(ge=0, le=AMOUNT_MAX, description="microseconds since the Unix epoch")]
Id = Annotated[str, Meta(pattern=r"^[A-Za-z0-9._-]{1,64}\Z", description="1 to 64 of A-Z a-z 0-9 . _ -")]
Currency = Annotated[str, Meta(pattern=r"^[A-Z]{3}\Z", description="ISO 4217")]
Statement = Annotated[str, Meta(min_length=1, max_length=1_000, description="what a bidder must accept, word by word")]
OrderName = Annotated[str, Meta(pattern=r"^[a-z_]{1,32}\Z", description="the name of an operator's order")]

DAY_S = 86_400

GRAVE = frozenset(
    {
        *("suspend", "extend", "hammer", "pass", "withdraw", "reopen", "void_bid", "undo", "consent", "bar"),
        *(
            "admit",
            "decline",
            "deposit",
            "release",
            "settle",
            "default",
            "allocate",
            "reoffer",
            "reauction",
            "sell_off",
        ),
    }
)
"""Orders that terms may put under four eyes: a second operator must countersign them."""


class Scope(StrEnum):
    """Which lots a bid in the window extends."""

    LOT = "lot"
    GROUP = "group"


class Raise(StrEnum):
    """How an offer must stand to the step."""

    AT_LEAST = "at_least"
    MULTIPLE = "multiple"


class BuyNowUntil(StrEnum):
    """How long a lot can be bought at once."""

    FIRST_BID = "first_bid"
    REACHED = "reached"


class SoftCloseTerms(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """When a bid moves the end, and to where."""

    window_s: Seconds
    extension_s: Seconds
    mode: Mode = Mode.FROM_BID
    trigger: Trigger = Trigger.PRICE_OR_LEADER
    scope: Scope = Scope.LOT
    max_extensions: Annotated[int, Meta(ge=0)] | None = None
    hard_end_s: Seconds | None = None

    def arithmetic(self) -> SoftClose:
        """The same in microseconds, as the clock's arithmetic takes it."""
        return SoftClose(
            window_us=seconds_to_us(self.window_s),
            extension_us=seconds_to_us(self.extension_s),
            mode=self.mode,
            trigger=self.trigger,
            max_extensions=self.max_extensions,
        )


class RegistrationTerms(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a bidder must do before he is admitted; the deposit comes on top where the lot takes one.

    `check`: whether the consignor looks at each of them (order `admit`).
    """

    statements: Annotated[tuple[Statement, ...], Meta(max_length=32)] = ()
    check: bool = True


class Terms(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename={"raise_": "raise"}):
    """The terms of one lot."""

    format: Format = Format.ENGLISH
    currency: Currency
    start_price: Amount
    ladder: Annotated[tuple[tuple[Amount, Amount], ...], Meta(max_length=256)] = ()
    raise_: Raise = Raise.AT_LEAST
    proxy: bool = True
    self_raise: bool = False
    reserve: Amount | None = None
    deposit: Amount = 0
    confirm_above: Annotated[float, Meta(ge=1)] | None = None
    group: Id | None = None
    opens_at: Instant
    closes_at: Instant | None = None
    soft_close: SoftCloseTerms | None = None

    dutch: DutchTerms | None = None
    sealed: SealedTerms | None = None
    two_phase: TwoPhaseTerms | None = None
    first_bid_closes_s: Seconds | None = None
    buy_now: Amount | None = None
    buy_now_until: BuyNowUntil = BuyNowUntil.FIRST_BID
    reserve_public: bool = False
    provisional_s: Seconds | None = None
    priority: bool = False
    registration: RegistrationTerms | None = None
    release_after_s: Annotated[float, Meta(ge=0, le=DAY_S, description="seconds")] = 3_600.0
    premium: Annotated[tuple[tuple[Amount, BasisPoints], ...], Meta(max_length=32)] = ()
    debt: Amount | None = None
    four_eyes: Annotated[tuple[OrderName, ...], Meta(max_length=32)] = ()
    suspend_lost_percent: Annotated[int, Meta(ge=0, le=100)] | None = None
    appraisal: Amount | None = None
    bounds: Bounds | None = None

    def check(self) -> None:
        """See that the fields fit each other.

        Raises:
            ValueError: they do not; the sentence says which.
        """
        self._check_format()
        self._check_times()
        self._check_extras()
        if self.bounds is not None:
            check_bounds(self.bounds, self)

    def _check_format(self) -> None:
        if self.format.is_ascending:
            Ladder(self.ladder)
        for name, of in OWN_TERMS.items():
            if (getattr(self, name) is not None) != (self.format is of):
                raise ValueError(f"the terms {name!r} belong to the format {of.value!r}, and must be there with it")
        if self.dutch is not None and self.dutch.floor >= self.start_price:
            raise ValueError("the floor of a falling price must be below start_price")

    def _check_times(self) -> None:
        if self.format is Format.SALEROOM:
            if self.closes_at is not None or self.soft_close is not None:
                raise ValueError("a saleroom lot has neither closes_at nor soft_close: the clerk ends it")
        elif self.closes_at is None:
            raise ValueError("closes_at must be there: only a saleroom lot has no fixed end")
        elif self.closes_at <= self.opens_at:
            raise ValueError("closes_at must be later than opens_at")
        if self.soft_close is not None and self.format is not Format.ENGLISH:
            raise ValueError(f"the format {self.format.value!r} has no soft_close")
        if self.first_bid_closes_s is not None and self.format is not Format.ENGLISH:
            raise ValueError("first_bid_closes_s belongs to the format 'english'")

    def _check_extras(self) -> None:
        if self.premium and (self.premium[0][0] != 0 or not _rise(self.premium)):
            raise ValueError("the premium's first band must start at 0, and its bands must rise")
        if self.debt is not None and self.group is None:
            raise ValueError("debt belongs to a group: it stops the other lots")
        if self.buy_now is not None and (self.format is not Format.ENGLISH or self.buy_now < self.start_price):
            raise ValueError("buy_now belongs to the format 'english', and may not be below start_price")
        if self.reserve is not None and self.format is Format.DUTCH:
            raise ValueError("the floor of a falling price is its reserve: it has no other")
        if self.reserve is not None and self.buy_now is not None and self.buy_now < self.reserve:
            raise ValueError("buy_now may not be below the reserve")
        if self.provisional_s is not None and self.reserve is None:
            raise ValueError("provisional_s says nothing without a reserve")
        if not GRAVE.issuperset(self.four_eyes):
            raise ValueError(f"four_eyes may name these orders: {', '.join(sorted(GRAVE))}")
        if self.priority and not self.deposit and self.registration is None:
            raise ValueError("priority purchasers are admitted: the lot needs a deposit or a registration")

    @property
    def end(self) -> int:
        """The scheduled end of a lot that has one.

        Raises:
            AssertionError: it is a saleroom lot.
        """
        if self.closes_at is None:
            raise AssertionError("a saleroom lot has no scheduled end")
        return self.closes_at

    def public(self) -> dict[str, object]:
        """Return the terms that everyone may see: all but a reserve that is hidden."""
        shown = structs.asdict(self)
        if not self.reserve_public:
            del shown["reserve"]
        shown["raise"] = shown.pop("raise_")
        for name in _NESTED:
            if shown[name] is not None:
                shown[name] = structs.asdict(shown[name])
        return shown


_NESTED = ("soft_close", "dutch", "sealed", "two_phase", "registration", "bounds")


def _rise(bands: tuple[tuple[int, int], ...]) -> bool:
    return all(later > earlier for (earlier, _), (later, _) in pairwise(bands))
