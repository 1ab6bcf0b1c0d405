"""Offering: terms laid over each other, lots that end one after the other, and all that is wrong told at once."""

import io
from typing import Any

import pytest

from clock.instants import SECOND_US
from lots.files import lot_entries
from lots.listing import Listing, Sale
from lots.offering import Entry, Fault, Offering, Partial, merged, read_sale

OPENS_AT, CLOSES_AT = 1_700_000_000 * SECOND_US, 1_700_003_600 * SECOND_US
PLAIN: Partial = {"currency": "EUR", "start_price": 100, "ladder": [[0, 10]]}


def sale(**more: Any) -> Sale:  # noqa: ANN401  as a client sends them
    """A sale of an hour."""
    read, faults = read_sale({"sale": "S", "title": "Estate", "opens_at": OPENS_AT, "closes_at": CLOSES_AT, **more})
    assert faults == []
    return read


def entry(row: int, lot: str | None = None, /, **terms: Any) -> Entry:  # noqa: ANN401  as a client sends them
    """A lot with terms of its own."""
    return Entry(row, {"lot": lot or f"L{row}", "title": f"Lot {row}", "terms": terms})


def offered(of: Sale, *entries: Entry, layers: tuple[Partial, ...] = (PLAIN,)) -> list[Listing]:
    """Offer lots that are as they should be."""
    offering = Offering(of, *layers)
    for one in entries:
        offering.take(one)
    assert offering.faults == []
    return offering.listings


def faults(of: Sale, *entries: Entry, layers: tuple[Partial, ...] = (PLAIN,)) -> list[Fault]:
    """Offer lots of which some are not."""
    offering = Offering(of, *layers)
    for one in entries:
        offering.take(one)
    return offering.faults


# Laying terms over each other -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("layers", "expected"),
    [
        ([], {}),
        ([{"a": 1}, {"b": 2}], {"a": 1, "b": 2}),
        ([{"a": 1}, {"a": 2}, {"a": 3}], {"a": 3}),
        ([{"a": 1}, {"a": None}], {}),
        ([{"a": 1}, {"a": None}, {"a": 3}], {"a": 3}),
        ([{"a": None}], {}),
        ([{"s": {"x": 1, "y": 2}}, {"s": {"y": 3}}], {"s": {"x": 1, "y": 3}}),
        ([{"s": {"x": 1, "y": 2}}, {"s": {"y": None}}], {"s": {"x": 1}}),
        ([{"s": {"x": 1}}, {"s": None}], {}),
        ([{"s": {"x": 1}}, {"s": None}, {"s": {"y": 2}}], {"s": {"y": 2}}),
        ([{"s": 5}, {"s": {"y": 2, "z": None}}], {"s": {"y": 2}}),
        ([{"l": [[0, 1], [5, 2]]}, {"l": [[0, 3]]}], {"l": [[0, 3]]}),
    ],
)
def test_later_terms_lie_over_earlier_ones(layers: list[Partial], expected: Partial) -> None:
    assert merged(*layers) == expected


def test_merging_changes_none_of_its_layers() -> None:
    sheet = {"soft_close": {"window_s": 60, "extension_s": 60}}
    merged(sheet, {"soft_close": {"window_s": 5}})
    assert sheet == {"soft_close": {"window_s": 60, "extension_s": 60}}


def test_a_lot_has_the_terms_of_the_sheet_of_the_sale_and_its_own() -> None:
    sheet = {**PLAIN, "deposit": 500, "soft_close": {"window_s": 300, "extension_s": 300, "trigger": "any"}}
    terms = {"deposit": 700, "soft_close": {"extension_s": 120}}
    plain, own, hard = offered(
        sale(),
        entry(1),
        entry(2, deposit=None, start_price=250, soft_close={"max_extensions": 4}),
        entry(3, soft_close=None),
        layers=(sheet, terms),
    )
    assert (plain.terms.deposit, plain.terms.start_price) == (700, 100)
    assert plain.terms.soft_close is not None
    assert (plain.terms.soft_close.window_s, plain.terms.soft_close.extension_s) == (300, 120)
    assert plain.terms.soft_close.trigger == "any"
    assert (own.terms.deposit, own.terms.start_price) == (0, 250)
    assert own.terms.soft_close is not None
    assert (own.terms.soft_close.window_s, own.terms.soft_close.max_extensions) == (300, 4)
    assert hard.terms.soft_close is None


def test_a_lot_takes_over_from_its_sale_what_it_does_not_say_itself() -> None:
    of = sale(org="court-7", consignor="District Court", country="AT", place="Graz")
    bare = Entry(1, {"lot": "A", "title": "A"})
    own = Entry(2, {"lot": "B", "title": "B", "consignor": "A bank", "place": "", "terms": {}})
    first, second = offered(of, bare, own)
    assert (first.org, first.consignor, first.country, first.place) == ("court-7", "District Court", "AT", "Graz")
    assert (second.org, second.consignor, second.country, second.place) == ("court-7", "A bank", "AT", "")
    assert (first.sale, first.terms.opens_at, first.terms.closes_at) == ("S", OPENS_AT, CLOSES_AT)


# Ends -----------------------------------------------------------------------------------------------------------------


def ends(listings: list[Listing]) -> list[float | None]:
    """The ends of lots, in seconds after that of the sale."""
    closes = (one.terms.closes_at for one in listings)
    return [None if end is None else (end - CLOSES_AT) / SECOND_US for end in closes]


@pytest.mark.parametrize(
    ("stagger", "expected"),
    [
        (None, [0, 0, 0, 0, 0, 0, 0]),
        ({"every_s": 60}, [0, 60, 120, 180, 240, 300, 360]),
        ({"every_s": 60, "batch": 4}, [0, 0, 0, 0, 60, 60, 60]),
        ({"every_s": 15, "batch": 3}, [0, 0, 0, 15, 15, 15, 30]),
        ({"every_s": 0.5, "batch": 2}, [0, 0, 0.5, 0.5, 1, 1, 1.5]),
    ],
)
def test_lots_end_batch_by_batch_from_the_end_of_the_sale(
    stagger: dict[str, float] | None, expected: list[float]
) -> None:
    assert ends(offered(sale(stagger=stagger), *map(entry, range(1, 8)))) == expected


def test_a_lot_with_an_end_of_its_own_leaves_no_gap() -> None:
    of = sale(stagger={"every_s": 60, "batch": 2})
    own = entry(2, closes_at=CLOSES_AT + 999 * SECOND_US, opens_at=CLOSES_AT)
    lots = offered(of, entry(1), own, entry(3), entry(4), entry(5))
    assert ends(lots) == [0, 999, 0, 60, 60]
    assert [lot.terms.opens_at for lot in lots] == [OPENS_AT, CLOSES_AT, OPENS_AT, OPENS_AT, OPENS_AT]


def test_the_instants_of_the_sale_go_before_those_in_its_terms() -> None:
    terms = {**PLAIN, "opens_at": 5, "closes_at": 10}
    (lot,) = offered(sale(), entry(1), layers=(terms,))
    assert (lot.terms.opens_at, lot.terms.closes_at) == (OPENS_AT, CLOSES_AT)
    (lot,) = offered(sale(opens_at=None, closes_at=None), entry(1), layers=(terms,))
    assert (lot.terms.opens_at, lot.terms.closes_at) == (5, 10)


def test_a_saleroom_lot_has_no_end_in_whatever_sale() -> None:
    of = sale(stagger={"every_s": 60})
    saleroom = entry(1, format="saleroom")
    assert ends(offered(of, saleroom, entry(2), entry(3))) == [None, 0, 60]


# What is wrong --------------------------------------------------------------------------------------------------------


def test_everything_that_is_wrong_with_every_lot_is_told_at_once() -> None:
    found = faults(
        sale(),
        entry(1),
        entry(2, start_price="a lot", deposit=-1, soft_close={"window_s": 5}),
        Entry(3, {"lot": "a b", "terms": {"colour": "red", "currency": "eur"}}),
        entry(4, closes_at=OPENS_AT),
        Entry(5, {"title": 5, "lot": "L5", "terms": [], "images": "x"}),
        entry(6, "L1"),
        entry(7, debt=5_000),
    )
    assert found == [
        Fault(2, "L2", "Expected `int`, got `str` - at `$.terms.start_price`"),
        Fault(2, "L2", "Expected `int` >= 0 - at `$.terms.deposit`"),
        Fault(2, "L2", "Object missing required field `extension_s` - at `$.terms.soft_close`"),
        Fault(3, "a b", r"Expected `str` matching regex '^[A-Za-z0-9._-]{1,64}\\Z' - at `$.lot`"),
        Fault(3, "a b", "Object missing required field `title` - at `$`"),
        Fault(3, "a b", "Object contains unknown field `colour` - at `$.terms`"),
        Fault(3, "a b", r"Expected `str` matching regex '^[A-Z]{3}\\Z' - at `$.terms.currency`"),
        Fault(4, "L4", "closes_at must be later than opens_at"),
        Fault(5, "L5", "Expected `str`, got `int` - at `$.title`"),
        Fault(5, "L5", "Expected `object`, got `array` - at `$.terms`"),
        Fault(5, "L5", "Expected `array`, got `str` - at `$.images`"),
        Fault(6, "L1", "lot 'L1' is listed twice, first in row 1"),
        Fault(7, "L7", "debt belongs to a group: it stops the other lots"),
    ]


def test_a_list_is_wrong_where_it_is_wrong() -> None:
    (fault,) = faults(sale(), entry(1, ladder=[[0, 10], [5, "x"]]))
    assert fault.detail == "Expected `int`, got `str` - at `$.terms.ladder[1][1]`"


def test_what_is_wrong_with_the_terms_of_all_lots_is_told_once() -> None:
    found = faults(sale(), entry(1), entry(2, deposit=-1), entry(3), layers=(PLAIN, {"resserve": 5, "reserve": -5}))
    assert found == [
        Fault(None, None, "Expected `int` >= 0 - at `$.terms.reserve`"),
        Fault(None, None, "Object contains unknown field `resserve` - at `$.terms`"),
        Fault(2, "L2", "Expected `int` >= 0 - at `$.terms.deposit`"),
    ]


def test_a_lot_of_another_sale_does_not_come_along() -> None:
    (fault,) = faults(sale(), Entry(4, {"lot": "A", "sale": "T", "title": "A"}))
    assert fault == Fault(4, "A", "sale is 'T': this lot comes with the sale 'S'")


def test_a_row_without_an_id_is_told_by_its_number_alone() -> None:
    found = faults(sale(), Entry(1, {"title": "A"}), Entry(2, {"title": "B", "lot": 7}), Entry(3, {"title": "C"}))
    assert [(fault.row, fault.lot) for fault in found] == [(1, None), (2, None), (3, None)]


@pytest.mark.parametrize(
    ("fields", "details"),
    [
        ([], ["Expected `object`, got `array` - at `$`"]),
        ({}, ["Object missing required field `sale` - at `$`", "Object missing required field `title` - at `$`"]),
        (
            {"sale": "S", "title": "T", "stagger": {"batch": 0}},
            [
                "Object missing required field `every_s` - at `$.stagger`",
                "Expected `int` >= 1 - at `$.stagger.batch`",
            ],
        ),
        ({"sale": "S", "title": "T", "stagger": {"every_s": 5}}, ["stagger says nothing without closes_at"]),
        ({"sale": "S", "title": "T", "date": 5}, ["Object contains unknown field `date` - at `$`"]),
    ],
)
def test_a_bad_sale_is_told_with_what_is_wrong_with_its_lots(fields: object, details: list[str]) -> None:
    read, wrong = read_sale(fields)
    assert sorted(wrong) == sorted(Fault(None, None, detail) for detail in details)
    # Its lots are looked at all the same, and get no blame for what the sale does not say.
    named = Entry(2, {"lot": "B", "sale": "S", "title": "B", "terms": {"deposit": -1}})
    assert faults(read, entry(1), named) == [Fault(2, "B", "Expected `int` >= 0 - at `$.terms.deposit`")]


# From a file ----------------------------------------------------------------------------------------------------------

HEADER = "lot,title,currency,start_price,opens_at,closes_at,reserve,deposit,place,estimate"


def from_file(*rows: str, header: str = HEADER) -> Offering:
    """Read `lots.csv` into an offering."""
    offering = Offering(sale(stagger={"every_s": 60}), {"ladder": [[0, 10]], "currency": "EUR"})
    for one in lot_entries(io.StringIO("\n".join([header, *rows]), newline="")):
        offering.take(one)
    return offering


def test_a_file_says_what_differs_and_the_sale_the_rest() -> None:
    offering = from_file(
        "a,A bowl,,100,,,,,Graz,12-15",
        "b,A vase,USD,200,2023-11-14T22:00:00Z,2023-11-15T22:00:00Z,900,50,,",
        "c,A cup,,300,,,,,,",
    )
    assert offering.faults == []
    first, second, third = offering.listings
    assert (first.terms.currency, first.terms.start_price, first.place) == ("EUR", 100, "Graz")
    assert (first.terms.opens_at, first.terms.closes_at) == (OPENS_AT, CLOSES_AT)
    assert (second.terms.currency, second.terms.reserve, second.terms.deposit) == ("USD", 900, 50)
    assert (second.terms.opens_at, second.terms.closes_at) == (1_699_999_200_000_000, 1_700_085_600_000_000)
    assert third.terms.closes_at == CLOSES_AT + 60 * SECOND_US
    assert offering.rows == {"a": 2, "b": 3, "c": 4}


def test_a_file_may_have_the_columns_it_needs_only() -> None:
    offering = from_file("a,A bowl,100", header="lot,title,start_price")
    assert (offering.faults, offering.listings[0].terms.start_price) == ([], 100)


def test_every_bad_row_of_a_file_is_told_with_its_line() -> None:
    offering = from_file(
        "a,A bowl,,100,,,,,,",
        "b,A vase,,1.50,soon,,-5,,,",
        "c,A cup",
        '"d","A ""jug",,100,,,,,,',
        '"e"x,A pot,,100,,,,,,',
        '"f","A plate\nwith a rim",,100,,,,,,',
        "a,A dish,,100,,,,,,",
        "g g,,euro,,,,,,,",
        "h,A spoon,,100,,,,,,",
    )
    opens_at = "opens_at is no instant: Invalid isoformat string: 'soon'"
    amounts = "amounts are whole minor units from 0 to 9007199254740991"
    assert offering.faults == [
        Fault(3, "b", f"start_price is '1.50'; {amounts}"),
        Fault(3, "b", opens_at),
        Fault(3, "b", f"reserve is '-5'; {amounts}"),
        Fault(4, None, "the row has another number of columns than the header"),
        Fault(6, None, "',' expected after '\"'"),
        Fault(9, "a", "lot 'a' is listed twice, first in row 2"),
        Fault(10, "g g", r"Expected `str` matching regex '^[A-Za-z0-9._-]{1,64}\\Z' - at `$.lot`"),
        Fault(10, "g g", "Object missing required field `title` - at `$`"),
        Fault(10, "g g", r"Expected `str` matching regex '^[A-Z]{3}\\Z' - at `$.terms.currency`"),
        Fault(10, "g g", "Object missing required field `start_price` - at `$.terms`"),
    ]
    assert [listing.lot for listing in offering.listings] == ["a", "d", "f", "h"]


@pytest.mark.parametrize(
    ("header", "detail"),
    [
        ("lot;title", "the header lacks lot, title"),
        ("lot,currency", "the header lacks title"),
        ("lot,title,lot", "the header names a column twice"),
    ],
)
def test_a_bad_header_is_all_there_is_to_tell(header: str, detail: str) -> None:
    assert from_file("a,A bowl", "b", header=header).faults == [Fault(1, None, detail)]


def test_a_file_whose_quotes_never_end_comes_to_an_end() -> None:
    offering = from_file('a,"A bowl,,100,,,,,,', *("b,A vase,,100,,,,,," for _ in range(3)))
    assert [(fault.row, fault.detail) for fault in offering.faults] == [(2, "unexpected end of data")]
