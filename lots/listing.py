"""STORED FORMAT: logs and catalogue hold these names and fields. Add with defaults; never rename or remove.

Listings: what is offered, and the sale it is offered in, as clients send and read them.

It refuses to know prices and bids. Invariant: text is bounded, so that no listing can fill a frame or the memory.
Instants and amounts are in the terms.
"""

from typing import Annotated, Literal

from msgspec import Meta, Struct, structs

from lots.formats import Span
from lots.terms import Id, Instant, Terms

Line = Annotated[str, Meta(max_length=300)]
Text = Annotated[str, Meta(max_length=8_000)]
Zone = Annotated[
    str,
    Meta(
        pattern=r"^([A-Za-z0-9_+-]+(/[A-Za-z0-9_+-]+)*)?\Z",
        max_length=64,
        description="an IANA time zone, such as Asia/Shanghai; empty: none",
    ),
]
Picture = Annotated[str, Meta(max_length=500, description="a URL")]


class Consignor(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An organisation that brings sales and lots, and operators of its own to run them."""

    consignor: Id
    name: Line
    kind: Literal["court", "bank", "customs", "exchange", "company"]


class Stagger(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Lots end one batch after the other: so many lots every so many seconds."""

    every_s: Span
    batch: Annotated[int, Meta(ge=1, le=10_000)] = 1


class Sale(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A sale: the lots that a house offers together.

    Attributes:
        org: The consignor organisation that runs it; None: the house itself.
        opens_at: When its lots open, where they name no instant of their own.
        closes_at: When the first of its lots ends, where they name no instant of their own.
        stagger: How the ends of its lots follow each other.
        zone: The IANA time zone of its hours, such as Asia/Shanghai; empty: it names none. Nothing is reckoned by it.
    """

    sale: Id
    title: Line
    description: Text = ""
    consignor: Line = ""
    country: Line = ""
    place: Line = ""
    org: Id | None = None
    opens_at: Instant | None = None
    closes_at: Instant | None = None
    stagger: Stagger | None = None
    zone: Zone = ""


class Listing(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One lot as it is offered.

    Attributes:
        org: The consignor organisation that runs it; None: the house itself.
        before: The lot that this one offers again, if it does.
    """

    lot: Id
    sale: Id
    title: Line
    terms: Terms
    description: Text = ""
    category: Line = ""
    country: Line = ""
    place: Line = ""
    consignor: Line = ""
    images: Annotated[tuple[Picture, ...], Meta(max_length=12)] = ()
    org: Id | None = None
    before: Id | None = None

    @property
    def group(self) -> str:
        """The closing group: the one the terms name, else the lot itself."""
        return self.terms.group or self.lot

    def check(self) -> None:
        """See that the fields fit each other.

        Raises:
            ValueError: they do not; the sentence says which.
        """
        self.terms.check()
        if self.terms.group == self.lot:
            raise ValueError("group may not be the id of a lot; leave it null for a lot that closes alone")
        if self.before == self.lot:
            raise ValueError("before names another lot: the one that this lot offers again")

    def public(self) -> dict[str, object]:
        """Return what everyone may see, with the public terms."""
        return {**structs.asdict(self), "terms": self.terms.public()}
