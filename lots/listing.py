"""Listings: what is offered, and the sale it is offered in, as clients send and read them.

It refuses to know prices and bids. Invariant: text is bounded, so that no listing can fill a frame or the memory.
Instants and amounts are in the terms.
"""

from typing import Annotated

from msgspec import Meta, Struct, structs

from lots.terms import Id, Terms

Line = Annotated[str, Meta(max_length=300)]
Text = Annotated[str, Meta(max_length=8_000)]
Picture = Annotated[str, Meta(max_length=500, description="a URL")]


class Sale(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A sale: the lots that a house offers together."""

    sale: Id
    title: Line
    description: Text = ""
    consignor: Line = ""
    country: Line = ""
    place: Line = ""


class Listing(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One lot as it is offered."""

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

    def public(self) -> dict[str, object]:
        """Return what everyone may see, with the public terms."""
        return {**structs.asdict(self), "terms": self.terms.public()}
