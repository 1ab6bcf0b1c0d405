"""Files: what they may hold, and that a bad row stops with its file, line and reason."""

import io
import re
from pathlib import Path

import pytest

from lots.files import BadFileError, read_bids, read_lots, read_terms, write_results
from lots.listing import Listing
from lots.orders import Bid, MaxBid
from lots.simulation import Dated, Result
from tests.lots.saleroom import OPENS_AT

TERMS = {"ladder": [[0, 10]]}
LOTS_HEADER = "lot,title,currency,start_price,opens_at,closes_at"
BIDS_HEADER = "lot,at,bidder,amount,max"
GOOD_LOT = "a,A bowl,EUR,100,2025-11-21T01:00:00Z,2025-11-21T02:00:00Z"
GOOD_BID = "a,2025-11-21T01:30:00Z,ann,100,"


def _lots(*rows: str, header: str = LOTS_HEADER) -> list[Listing]:
    return list(read_lots("lots.csv", io.StringIO("\n".join([header, *rows]), newline=""), TERMS))


def _bids(*rows: str, header: str = BIDS_HEADER) -> list[Dated]:
    return list(read_bids("bids.csv", io.StringIO("\n".join([header, *rows]), newline=""), ["a", "b"]))


def test_a_lot_is_read_with_the_terms_of_the_sale() -> None:
    (lot,) = _lots(GOOD_LOT)
    assert (lot.lot, lot.sale, lot.title) == ("a", "sale", "A bowl")
    assert (lot.terms.currency, lot.terms.start_price, lot.terms.ladder) == ("EUR", 100, ((0, 10),))
    assert lot.terms.end - lot.terms.opens_at == 3_600_000_000


def test_further_columns_are_passed_over_and_titles_may_hold_commas_and_lines() -> None:
    header = f"{LOTS_HEADER},expected_price"
    row = 'a,"A bowl,\nblue",EUR,100,2025-11-21T01:00:00Z,2025-11-21T02:00:00Z,17'
    (lot,) = _lots(row, header=header)
    assert lot.title == "A bowl,\nblue"


def test_a_long_title_is_cut() -> None:
    (lot,) = _lots(GOOD_LOT.replace("A bowl", "x" * 500))
    assert lot.title == "x" * 300


def test_bids_are_read_in_their_order_and_always_confirm() -> None:
    plain, ceiling = _bids(GOOD_BID, "b,2025-11-21T02:30:00+01:00,bob,,250")
    assert plain == Dated(1_763_688_600_000_000, Bid("a", "ann", "2", 100, confirm=True, chance=2))
    assert ceiling == Dated(1_763_688_600_000_000, MaxBid("b", "bob", "3", 250, confirm=True, chance=3))


def test_a_file_of_bids_may_have_one_kind_only() -> None:
    assert isinstance(_bids("a,2025-11-21T01:30:00Z,ann,100", header="lot,at,bidder,amount")[0].order, Bid)
    assert isinstance(_bids("a,2025-11-21T01:30:00Z,ann,100", header="lot,at,bidder,max")[0].order, MaxBid)


def test_a_file_without_rows_is_an_empty_sale() -> None:
    assert _lots() == []
    assert _bids() == []


def test_an_instant_may_be_written_in_any_zone() -> None:
    (there,) = _lots("a,A,EUR,1,2025-11-21T09:00:00+08:00,2025-11-21T02:00:00Z")
    assert there.terms.opens_at == 1_763_686_800_000_000


NINES = "9" * 5_000


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("a,A,EUR,100,2025-11-21T01:00:00Z", "another number of columns"),
        (f"{GOOD_LOT},7", "another number of columns"),
        (GOOD_LOT.replace("a,", ",", 1), "lot"),
        (GOOD_LOT.replace("a,", "a b,", 1), "lot"),
        (GOOD_LOT.replace("a,", "ä,", 1), "lot"),
        (GOOD_LOT.replace("a,", "a" * 65 + ",", 1), "lot"),
        (GOOD_LOT.replace("EUR", "eur"), "currency"),
        (GOOD_LOT.replace("EUR", "EURO"), "currency"),
        (GOOD_LOT.replace("100", "-1"), "start_price is '-1'"),
        (GOOD_LOT.replace("100", "1.50"), "start_price is '1.50'"),
        (GOOD_LOT.replace("100", ""), "start_price is ''"),
        (GOOD_LOT.replace("100", "1e3"), "start_price is '1e3'"),
        (GOOD_LOT.replace("100", "1_000"), "start_price is '1_000'"),
        (GOOD_LOT.replace("100", " 100"), "start_price is ' 100'"),
        (GOOD_LOT.replace("100", "9007199254740992"), "start_price is '9007199254740992'"),
        (GOOD_LOT.replace("100", NINES), ""),
        (GOOD_LOT.replace("100", "\u0661\u0660\u0660"), "start_price is"),
        (GOOD_LOT.replace("100", "\u00b2"), "start_price is"),
        (GOOD_LOT.replace("2025-11-21T01:00:00Z", "2025-11-21T01:00:00"), "opens_at is no instant: .*no time zone"),
        (GOOD_LOT.replace("2025-11-21T02:00:00Z", "2025-11-21"), "closes_at is no instant"),
        (GOOD_LOT.replace("2025-11-21T02:00:00Z", "soon"), "closes_at is no instant"),
        (GOOD_LOT.replace("2025-11-21T02:00:00Z", ""), "closes_at is no instant"),
        (
            GOOD_LOT.replace("2025-11-21T02:00:00Z", "\u0662\u0660\u0662\u0665-11-21T02:00:00Z"),
            "closes_at is no instant",
        ),
        (GOOD_LOT.replace("2025-11-21T02:00:00Z", "2025-11-21T01:00:00Z"), "closes_at must be later"),
        (GOOD_LOT.replace("2025-11-21T01:00:00Z", "1925-11-21T01:00:00Z"), "opens_at"),
        ('a,"A" bowl,EUR,100,2025-11-21T01:00:00Z,2025-11-21T02:00:00Z', "expected after"),
        ('a,"A bowl,EUR,100,2025-11-21T01:00:00Z,2025-11-21T02:00:00Z', "unexpected end"),
        (GOOD_LOT.replace("A bowl", "x" * 200_000), "field"),
        (GOOD_LOT.replace("a,", "first,", 1), "lot 'first' is listed twice"),
    ],
)
def test_a_bad_lot_stops_with_file_line_and_reason(row: str, reason: str) -> None:
    with pytest.raises(BadFileError, match=rf"(?s)^lots\.csv, line 3: .*{reason}"):
        _lots(GOOD_LOT.replace("a,", "first,", 1), row)


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("a,2025-11-21T01:30:00Z,ann,100", "another number of columns"),
        ("c,2025-11-21T01:30:00Z,ann,100,", "lot 'c' is not in the file of lots"),
        (",2025-11-21T01:30:00Z,ann,100,", "lot '' is not in the file of lots"),
        ("a,2025-11-21T01:30:00Z,,100,", "bidder is empty"),
        ("a,2025-11-21T01:30:00Z,ann,,", "either an amount or a max"),
        ("a,2025-11-21T01:30:00Z,ann,100,200", "either an amount or a max"),
        ("a,2025-11-21T01:30:00Z,ann,-100,", "amount is '-100'"),
        ("a,2025-11-21T01:30:00Z,ann,,12.5", "max is '12.5'"),
        (f"a,2025-11-21T01:30:00Z,ann,,{NINES}", ""),
        ("a,2025-11-21T01:30:00Z,ann,\uff11\uff10\uff10,", "amount is"),
        ("a,2025-11-21T01:30:00,ann,100,", "at is no instant: .*no time zone"),
        ("a,2025-11-21T01:30:60Z,ann,100,", "at is no instant"),
        ("a,,ann,100,", "at is no instant"),
    ],
)
def test_a_bad_bid_stops_with_file_line_and_reason(row: str, reason: str) -> None:
    with pytest.raises(BadFileError, match=rf"(?s)^bids\.csv, line 3: .*{reason}"):
        _bids(GOOD_BID, row)


def test_a_row_that_is_too_long_for_a_line_is_told_in_one_short_line() -> None:
    with pytest.raises(BadFileError) as raised:
        _bids(f"a,2025-11-21T01:30:00Z,ann,{NINES},")
    assert len(str(raised.value)) < 300


@pytest.mark.parametrize(
    ("header", "reason"),
    [
        ("", "the header lacks lot, title"),
        ("lot;title;currency;start_price;opens_at;closes_at", "the header lacks lot, title"),
        ("lot,title,currency,start_price,opens_at", "the header lacks closes_at"),
        ("lot,title,currency,start_price,opens_at,closes_at,lot", "twice"),
        ("\ufefflot,title,currency,start_price,opens_at,closes_at", "the header lacks lot"),
        (f"{LOTS_HEADER}\x00", ""),
    ],
)
def test_a_bad_header_stops_at_line_one(header: str, reason: str) -> None:
    with pytest.raises(BadFileError, match=rf"^lots\.csv, line [12]: .*{reason}"):
        _lots(GOOD_LOT, header=header)


def test_an_empty_file_lacks_its_header() -> None:
    with pytest.raises(BadFileError, match=r"^lots\.csv, line 1: the header lacks lot"):
        list(read_lots("lots.csv", [], TERMS))
    with pytest.raises(BadFileError, match=r"^bids\.csv, line 1: the header lacks lot, at, bidder"):
        list(read_bids("bids.csv", [], []))


def test_a_byte_order_mark_is_the_openers_to_strip(tmp_path: Path) -> None:
    path = tmp_path / "lots.csv"
    path.write_bytes(b"\xef\xbb\xbf" + f"{LOTS_HEADER}\r\n{GOOD_LOT}\r\n".encode())
    with path.open(encoding="utf-8-sig", newline="") as lines:
        assert [lot.lot for lot in read_lots("lots.csv", lines, TERMS)] == ["a"]


def test_a_file_that_is_not_text_stops(tmp_path: Path) -> None:
    path = tmp_path / "lots.csv"
    path.write_bytes(f"{LOTS_HEADER}\n".encode() + b"\xff\xfe\x00")
    with path.open(encoding="utf-8-sig", newline="") as lines, pytest.raises(BadFileError, match=r"^lots\.csv, line 1"):
        list(read_lots("lots.csv", lines, TERMS))


def test_the_line_of_a_row_after_a_title_of_two_lines_is_the_files_line() -> None:
    with pytest.raises(BadFileError, match=r"^lots\.csv, line 4: "):
        _lots('a,"A\nbowl",EUR,100,2025-11-21T01:00:00Z,2025-11-21T02:00:00Z', GOOD_LOT)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "line 1: not JSON"),
        ("{\n  'ladder': 1\n}", "line 2: not JSON"),
        ('{"ladder": [[0, 10]],\n}', "line [12]: not JSON"),
        ("[]", "line 1: the terms must be a JSON object"),
        ("null", "line 1: the terms must be a JSON object"),
        ('{"reserve": ' + NINES + "}", "line 1: not readable"),
        ("[" * 100_000, "line 1: not readable"),
    ],
)
def test_bad_terms_stop_with_file_line_and_reason(text: str, reason: str) -> None:
    with pytest.raises(BadFileError, match=rf"^terms\.json, {reason}"):
        read_terms("terms.json", text)


@pytest.mark.parametrize(
    ("terms", "reason"),
    [
        ({}, "ladder"),
        ({"ladder": []}, "ladder"),
        ({"ladder": [[5, 10]]}, "must start at 0"),
        ({"ladder": [[0, 0]]}, "at least 1"),
        ({"ladder": [[0, 1], [0, 2]]}, "must rise"),
        ({"ladder": [[0, 10.5]]}, "int"),
        ({**TERMS, "soft_close": {"window_s": -1, "extension_s": 1}}, "window_s"),
        ({**TERMS, "soft_close": {"window_s": 1}}, "extension_s"),
        ({**TERMS, "soft_close": {"window_s": 1, "extension_s": 1, "mode": "backwards"}}, "mode"),
        ({**TERMS, "soft_close": {"window_s": 1, "extension_s": 1, "max_extensions": -1}}, "max_extensions"),
        ({**TERMS, "soft_close": {"window_s": float("nan"), "extension_s": 1}}, "window_s"),
        ({**TERMS, "reserve": -5}, "reserve"),
        ({**TERMS, "reserve": True}, "reserve"),
        ({**TERMS, "format": "dutch"}, "format"),
        ({**TERMS, "raise_": "multiple"}, "raise_"),
        ({**TERMS, "resserve": 5}, "resserve"),
        ({**TERMS, "confirm_above": 0.5}, "confirm_above"),
        ({**TERMS, "group": "a"}, "group may not be the id of a lot"),
    ],
)
def test_terms_that_do_not_fit_stop_at_the_first_lot(terms: dict[str, object], reason: str) -> None:
    lines = io.StringIO(f"{LOTS_HEADER}\n{GOOD_LOT}\n")
    with pytest.raises(BadFileError, match=rf"^lots\.csv, line 2: .*{re.escape(reason)}"):
        list(read_lots("lots.csv", lines, terms))


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        (["soft_close.window_s=300"], {"ladder": [[0, 10]], "soft_close": {"window_s": 300}}),
        (["raise=multiple"], {"ladder": [[0, 10]], "raise": "multiple"}),
        (["ladder=[[0, 5]]"], {"ladder": [[0, 5]]}),
        (["reserve=null", "reserve=7"], {"ladder": [[0, 10]], "reserve": 7}),
        (["self_raise=true"], {"ladder": [[0, 10]], "self_raise": True}),
    ],
)
def test_settings_change_terms(settings: list[str], expected: dict[str, object]) -> None:
    assert read_terms("terms.json", '{"ladder": [[0, 10]]}', settings) == expected


@pytest.mark.parametrize(
    ("setting", "reason"),
    [
        ("soft_close.window_s", "should look like"),
        ("ladder.x=1", "holds no fields"),
        (f"reserve={NINES}", "not readable"),
        ("ladder=" + "[" * 100_000, "not readable"),
    ],
)
def test_a_bad_setting_is_named(setting: str, reason: str) -> None:
    with pytest.raises(BadFileError, match=rf"^--set, line 1: .*{reason}"):
        read_terms("terms.json", '{"ladder": [[0, 10]]}', [setting])


def test_results_are_written_with_instants_as_text_and_nothing_as_nothing() -> None:
    passed = Result("a", "passed", None, None, OPENS_AT, 0, 0, 2)
    header, row = write_results([passed])
    assert header == ("lot", "phase", "price", "leader", "closes_at", "bids", "extensions", "refused")
    assert row == ("a", "passed", "", "", "2023-11-14T22:13:20.000000Z", 0, 0, 2)
