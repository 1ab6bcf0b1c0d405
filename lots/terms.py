"""Terms: the rules of one lot as data, as clients send and read them (protocol.md, "Terms of a lot").

It refuses to know what happens under the terms. Amounts are integer minor units, instants microseconds since the epoch,
spans seconds that may have decimals.
Invariant: terms that were checked (`check`) can be decided under without a further look.
"""

from enum import StrEnum
from typing import Annotated, Literal

from msgspec import Meta, Struct, structs

from clock.instants import seconds_to_us
from clock.soft_close import Mode, SoftClose, Trigger
from lots.ladder import Ladder

AMOUNT_MAX = 2**53 - 1
"""The largest amount: the last integer that every JSON reader holds exactly (protocol.md, "Conventions")."""

Amount = Annotated[int, Meta(ge=0, le=AMOUNT_MAX, description="integer minor units of the lot's currency")]
Instant = Annotated[int, Meta(ge=0, le=AMOUNT_MAX, description="microseconds since the Unix epoch")]
Id = Annotated[str, Meta(pattern=r"^[A-Za-z0-9._-]{1,64}\Z", description="1 to 64 of A-Z a-z 0-9 . _ -")]
Seconds = Annotated[float, Meta(ge=0, le=10_000_000_000, description="seconds; decimals are allowed")]
Currency = Annotated[str, Meta(pattern=r"^[A-Z]{3}\Z", description="ISO 4217")]


class Scope(StrEnum):
    """Which lots a bid in the window extends."""

    LOT = "lot"
    GROUP = "group"


class Raise(StrEnum):
    """How an offer must stand to the step."""

    AT_LEAST = "at_least"
    MULTIPLE = "multiple"


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


class Terms(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename={"raise_": "raise"}):
    """The terms of one lot."""

    format: Literal["english"] = "english"
    currency: Currency
    start_price: Amount
    ladder: Annotated[tuple[tuple[Amount, Amount], ...], Meta(min_length=1, max_length=256)]
    raise_: Raise = Raise.AT_LEAST
    proxy: bool = True
    self_raise: bool = False
    reserve: Amount | None = None
    deposit: Amount = 0
    confirm_above: Annotated[float, Meta(ge=1)] | None = None
    group: Id | None = None
    opens_at: Instant
    closes_at: Instant
    soft_close: SoftCloseTerms | None = None

    def check(self) -> None:
        """See that the fields fit each other.

        Raises:
            ValueError: they do not; the sentence says which.
        """
        Ladder(self.ladder)
        if self.closes_at <= self.opens_at:
            raise ValueError("closes_at must be later than opens_at")

    def public(self) -> dict[str, object]:
        """Return the terms that everyone may see: all but the reserve, which is hidden."""
        shown = structs.asdict(self)
        del shown["reserve"]
        shown["raise"] = shown.pop("raise_")
        if self.soft_close is not None:
            shown["soft_close"] = structs.asdict(self.soft_close)
        return shown
