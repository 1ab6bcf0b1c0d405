"""Whole sales: in by one request, all or nothing; out as results and accounts, checked against sums made by hand."""

import asyncio
import csv
import io
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from clock.instants import SECOND_US, format_instant
from lots.listing import Consignor
from lots.orders import Ring
from lots.refusals import Code
from tests.gateway.front import NOW, Front, Message, bearer, is_problem, open_front
from tests.gateway.test_directing import KIM, LEO, OTTO, bid, done, give, state
from tests.lots.saleroom import CLOSES_AT, OPENS_AT

ANNA = bearer("anna", "auditor", ttl_s=9_000)
IMPORTS = "/v1/imports"
SHEETS: dict[str, Message] = {
    "plain": {"ladder": [[0, 10]], "currency": "EUR", "start_price": 100},
    "soft": {"ladder": [[0, 10]], "soft_close": {"window_s": 120, "extension_s": 60}},
}
SALE: Message = {"sale": "E", "title": "Estate", "opens_at": OPENS_AT, "closes_at": CLOSES_AT}


@pytest.fixture
async def front() -> AsyncIterator[Front]:
    async with open_front(sheets=SHEETS) as front:
        for org in "KL":
            await front.house.registers.take_on(Consignor(consignor=org, name=org, kind="court"))
        yield front


@pytest.fixture
async def http(front: Front) -> AsyncIterator[httpx.AsyncClient]:
    async with front.http() as http:
        yield http


def lot(name: str, /, **terms: Any) -> Message:  # noqa: ANN401  as a client sends them
    """A lot with terms of its own."""
    return {"lot": name, "title": f"Lot {name}", "terms": terms}


def sale_of(*lots: Message, sheet: str | None = "plain", **more: Any) -> Message:  # noqa: ANN401  as above
    """The body of an import."""
    return {"sale": {**SALE, **more.pop("sale", {})}, "sheet": sheet, "lots": list(lots), **more}


async def bring(http: httpx.AsyncClient, body: Message, headers: dict[str, str] = OTTO) -> httpx.Response:
    return await http.post(IMPORTS, headers=headers, json=body)


async def bring_file(
    http: httpx.AsyncClient,
    *rows: str,
    header: str = "lot,title,start_price",
    headers: dict[str, str] = OTTO,
    **given: str,
) -> httpx.Response:
    """Import a file."""
    plain = {
        "sale": "E",
        "title": "Estate",
        "sheet": "plain",
        "opens_at": format_instant(OPENS_AT),
        "closes_at": format_instant(CLOSES_AT),
    }
    return await http.post(
        IMPORTS,
        params={name: value for name, value in {**plain, **given}.items() if value},
        headers={**headers, "Content-Type": "text/csv; charset=utf-8"},
        content="\r\n".join([header, *rows]).encode(),
    )


def wrong(response: httpx.Response, status: int = 400, code: str = Code.MALFORMED) -> list[tuple[Any, ...]]:
    """The errors of an import that was refused."""
    problem = is_problem(response, status, code)
    errors = [(error["row"], error["lot"], error["detail"]) for error in problem["errors"]]
    some = "1 error" if len(errors) == 1 else f"{len(errors)} errors"
    assert problem["detail"] == f"Nothing was imported: {some}."
    assert all(detail.endswith((".", "…")) for _, _, detail in errors)
    return errors


def nothing_was_imported(front: Front) -> None:
    assert set(front.house.lots) == {"A", "B"}
    assert set(front.house.sales) == {"S"}


# In -------------------------------------------------------------------------------------------------------------------


async def test_a_sale_is_imported_under_a_sheet_and_the_same_again_is_no_other(
    front: Front, http: httpx.AsyncClient
) -> None:
    body = sale_of(
        lot("a"),
        lot("b", start_price=250, soft_close={"max_extensions": 3}),
        lot("c", soft_close=None),
        sheet="soft",
        terms={"currency": "USD", "start_price": 100, "soft_close": {"extension_s": 90}},
        sale={"stagger": {"every_s": 30, "batch": 2}, "place": "Graz", "zone": "Europe/Vienna"},
    )
    response = await bring(http, body)
    assert (response.status_code, response.json()) == (201, {"sale": "E", "lots": 3})
    assert response.headers["location"] == "/v1/sales/E"
    again = await bring(http, body)
    assert (again.status_code, again.json()) == (200, {"sale": "E", "lots": 3})
    shown = (await http.get("/v1/sales/E")).json()
    assert (shown["lots"]["open"], shown["zone"]) == (3, "Europe/Vienna")
    a, b, c = (state(front, name) for name in "abc")
    assert (a.listing.place, a.terms.currency, a.terms.start_price, b.terms.start_price) == ("Graz", "USD", 100, 250)
    assert a.terms.soft_close is not None
    assert b.terms.soft_close is not None
    assert (a.terms.soft_close.window_s, a.terms.soft_close.extension_s) == (120, 90)
    assert (b.terms.soft_close.extension_s, b.terms.soft_close.max_extensions) == (90, 3)
    assert c.terms.soft_close is None
    assert [one.closes_at for one in (a, b, c)] == [CLOSES_AT, CLOSES_AT, CLOSES_AT + 30 * SECOND_US]
    await bid(http, "alice", 100, "a")


async def test_a_sale_is_imported_from_a_file(front: Front, http: httpx.AsyncClient) -> None:
    rows = ('a,"A bowl, blue",100,,Graz', "b,A vase,,900,", "c,A cup,300,,")
    given: dict[str, Any] = {
        "every_s": "60",
        "batch": "2",
        "consignor": "Fam. Ö",
        "zone": "Etc/GMT+1",
        "terms": '{"deposit": 5}',
    }
    response = await bring_file(http, *rows, header="\ufefflot,title,start_price,reserve,place", **given)
    assert (response.status_code, response.json()) == (201, {"sale": "E", "lots": 3})
    a, b, c = (state(front, name) for name in "abc")
    assert (a.listing.title, a.listing.place, a.listing.consignor) == ("A bowl, blue", "Graz", "Fam. Ö")
    assert (b.terms.start_price, b.terms.reserve, b.terms.deposit) == (100, 900, 5)
    assert [one.closes_at for one in (a, b, c)] == [CLOSES_AT, CLOSES_AT, CLOSES_AT + 60 * SECOND_US]
    sale = front.house.sales["E"]
    assert (sale.title, sale.opens_at, sale.consignor, sale.zone) == ("Estate", OPENS_AT, "Fam. Ö", "Etc/GMT+1")
    again = await bring_file(http, *rows, header="lot,title,start_price,reserve,place", **given)
    assert again.status_code == 200


async def test_one_bad_row_among_many_imports_nothing_and_every_error_is_told(
    front: Front, http: httpx.AsyncClient
) -> None:
    lots = [lot(f"L{n}") for n in range(1, 101)]
    lots[41] = lot("L42", start_price="much", deposit=-1)
    errors = [
        (42, "L42", "Expected `int`, got `str` - at `$.terms.start_price`."),
        (42, "L42", "Expected `int` >= 0 - at `$.terms.deposit`."),
    ]
    assert wrong(await bring(http, sale_of(*lots))) == errors
    nothing_was_imported(front)
    lots[6] = lot("A")
    lots[59], lots[99] = {"title": 5}, lot("L1")
    assert wrong(await bring(http, sale_of(*lots, "nonsense"))) == [  # type: ignore[arg-type]
        (7, "A", "Lot 'A' is listed already, as something else."),
        *errors,
        (60, None, "Object missing required field `lot` - at `$`."),
        (60, None, "Expected `str`, got `int` - at `$.title`."),
        (100, "L1", "lot 'L1' is listed twice, first in row 1."),
        (101, None, "a lot must be an object."),
    ]
    nothing_was_imported(front)


async def test_one_bad_row_of_a_file_is_told_with_its_line(front: Front, http: httpx.AsyncClient) -> None:
    rows = [f"L{n},Lot {n},100" for n in range(2, 60)]
    rows[10], rows[20], rows[30] = "L12,Lot 12,1.50", "L22,Lot 22", 'L32,"Lot "32,100'
    amounts = "amounts are whole minor units from 0 to 9007199254740991"
    assert wrong(await bring_file(http, *rows)) == [
        (12, "L12", f"start_price is '1.50'; {amounts}."),
        (22, None, "the row has another number of columns than the header."),
        (32, None, "',' expected after '\"'."),
    ]
    nothing_was_imported(front)


async def test_a_lot_that_is_another_already_is_a_conflict(front: Front, http: httpx.AsyncClient) -> None:
    assert wrong(await bring(http, sale_of(lot("a"), lot("B"), lot("c"))), 409, Code.CONFLICT) == [
        (2, "B", "Lot 'B' is listed already, as something else."),
    ]
    other = {"sale": "S", "title": "Another sale"}
    assert wrong(await bring(http, sale_of(lot("a"), sale=other)), 409, Code.CONFLICT) == [
        (None, None, "Sale 'S' is listed already, as something else."),
    ]
    late = sale_of(lot("a", opens_at=1, closes_at=2))
    assert wrong(await bring(http, late)) == [(1, "a", "closes_at has passed: the lot could not be bid on.")]
    nothing_was_imported(front)


@pytest.mark.parametrize(
    ("body", "errors"),
    [
        (sale_of(lot("a"), sheet="court"), ["there is no rule sheet 'court'; the sheets are: plain, soft."]),
        (sale_of(lot("a"), terms={"reserv": 5}), ["Object contains unknown field `reserv` - at `$.terms`."]),
        (sale_of(lot("a"), sale={"title": 5}), ["Expected `str`, got `int` - at `$.title`."]),
        (sale_of(lot("a"), sale={"org": "Z"}), ["there is no consignor 'Z' in this house."]),
        (
            sale_of(lot("a"), sale={"zone": "shanghai"}),
            ["There is no time zone 'shanghai'; perhaps you mean Asia/Shanghai."],
        ),
        (
            sale_of(lot("a"), sale={"closes_at": None, "stagger": {"every_s": 5}}),
            ["stagger says nothing without closes_at."],
        ),
    ],
)
async def test_what_is_wrong_with_the_sale_has_no_row(
    front: Front, http: httpx.AsyncClient, body: Message, errors: list[str]
) -> None:
    assert wrong(await bring(http, body)) == [(None, None, detail) for detail in errors]
    nothing_was_imported(front)


@pytest.mark.parametrize(
    ("given", "errors"),
    [
        ({"title": ""}, ["Object missing required field `title` - at `$`."]),
        ({"closes_at": "soon"}, ["closes_at cannot be read: Invalid isoformat string: 'soon'."]),
        (
            {"zone": "Asia/Peking"},
            ["There is no time zone 'Asia/Peking'; names are written as in Asia/Shanghai or Europe/Berlin."],
        ),
        ({"every_s": "-1"}, ["Expected `float` > 0.0 - at `$.stagger.every_s`."]),
        ({"every_s": "a minute"}, ["Expected `float`, got `str` - at `$.stagger.every_s`."]),
        ({"terms": "[]"}, ["terms must be a JSON object."]),
        ({"terms": "{"}, ["terms must be a JSON object."]),
        ({"sheet": "x" * 900}, [f"there is no rule sheet '{'x' * 64}'; the sheets are: plain, soft."]),
    ],
)
async def test_what_is_wrong_with_the_parameters_has_no_row(
    front: Front, http: httpx.AsyncClient, given: dict[str, Any], errors: list[str]
) -> None:
    assert wrong(await bring_file(http, "a,A bowl,100", **given)) == [(None, None, detail) for detail in errors]
    nothing_was_imported(front)


async def test_a_bad_sale_and_its_bad_lots_are_told_together(http: httpx.AsyncClient) -> None:
    errors = wrong(await bring(http, sale_of(lot("a"), lot("b", deposit=-1), sale={"closes_at": "soon"})))
    assert [(row, name) for row, name, _ in errors] == [(None, None), (2, "b")]
    errors = wrong(await bring_file(http, "a,A bowl,x", "b,A vase,100", closes_at="soon"))
    assert [(row, name) for row, name, _ in errors] == [(None, None), (2, "a")]


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"", "application/json"),
        (b"[]", "application/json"),
        (b'{"sale": {}}', "application/json"),
        (b'{"sale": {}, "lots": [], "colour": 1}', "application/json"),
        (b'{"sale": {}, "lots": [{]}', "application/json"),
        (b"lot,title\n\xff", "text/csv"),
    ],
)
async def test_a_body_that_is_no_import_is_malformed(
    front: Front, http: httpx.AsyncClient, content: bytes, kind: str
) -> None:
    response = await http.post(IMPORTS, headers={**OTTO, "Content-Type": kind}, content=content)
    assert "errors" not in is_problem(response, 400, Code.MALFORMED)
    nothing_was_imported(front)


async def test_a_long_error_is_cut(http: httpx.AsyncClient) -> None:
    ((_, _, detail),) = wrong(await bring(http, sale_of(lot("a", **{"x" * 5_000: 1}))))
    assert detail.startswith("Object contains unknown field `xxx")
    assert len(detail) == 501


async def test_an_import_is_bounded_in_bytes_and_lots() -> None:
    async with open_front(sheets=SHEETS, import_bytes_max=20_000, import_lots_max=100) as front, front.http() as http:
        is_problem(await bring(http, sale_of(*(lot(f"L{n}") for n in range(2_000)))), 413, Code.MALFORMED)
        is_problem(await bring(http, sale_of(*(lot(f"L{n}") for n in range(101)))), 400, Code.MALFORMED)
        is_problem(await bring_file(http, *(f"L{n},x," for n in range(101))), 400, Code.MALFORMED)
        nothing_was_imported(front)
        assert (await bring(http, sale_of(*(lot(f"L{n}") for n in range(100))))).status_code == 201


async def test_an_import_may_be_larger_than_other_requests(http: httpx.AsyncClient) -> None:
    lots = [{**lot(f"L{n}"), "description": "x" * 7_000} for n in range(50)]
    assert (await bring(http, sale_of(*lots))).status_code == 201


async def test_a_large_import_does_not_hold_others_up(http: httpx.AsyncClient) -> None:
    importing = asyncio.create_task(bring(http, sale_of(*(lot(f"L{n}") for n in range(500)))))
    turns = 0
    while not importing.done():
        await asyncio.sleep(0)
        turns += 1
    assert importing.result().status_code == 201
    assert turns >= 500 // 20  # so often at least the loop was given back


async def test_the_house_that_is_closing_imports_nothing(front: Front, http: httpx.AsyncClient) -> None:
    await front.house.stop()
    response = await bring(http, sale_of(lot("a")))
    assert wrong(response, 503, Code.UNAVAILABLE) == [(None, None, "The house is closing.")]
    assert response.headers["retry-after"] == "1"


# Who may --------------------------------------------------------------------------------------------------------------


async def test_only_operators_import(front: Front, http: httpx.AsyncClient) -> None:
    is_problem(await bring(http, sale_of(lot("a")), {}), 401, Code.UNAUTHENTICATED)
    for headers in (bearer(), ANNA):
        is_problem(await bring(http, sale_of(lot("a")), headers), 403, Code.FORBIDDEN)
    nothing_was_imported(front)


async def test_a_consignors_operator_imports_for_his_own_organisation(front: Front, http: httpx.AsyncClient) -> None:
    own = {"org": "K"}
    for body in (
        sale_of(lot("a")),
        sale_of(lot("a"), sale={"org": "L"}),
        sale_of({**lot("a"), "org": "L"}, sale=own),
        sale_of({**lot("a"), "org": None}, sale=own),
        sale_of({**lot("a"), "before": "A"}, sale=own),
        sale_of(lot("a"), sale={"sale": "S", **own}),
    ):
        is_problem(await bring(http, body, KIM), 403, Code.NOT_YOURS)
    is_problem(await bring_file(http, "a,A bowl,100", headers=KIM, org="L"), 403, Code.NOT_YOURS)
    is_problem(await bring(http, sale_of(lot("a"), sale=own), bearer("x", "operator", org="X")), 403, Code.NOT_YOURS)
    nothing_was_imported(front)
    assert (await bring(http, sale_of(lot("a", group="GK"), sale=own), KIM)).status_code == 201
    assert state(front, "a").listing.org == "K"
    assert (await bring_file(http, "k,A bowl,100", headers=KIM, org="K", sale="K")).status_code == 201
    other = sale_of(lot("l", group="GK"), sale={"sale": "L", "org": "L"})
    is_problem(await bring(http, other, LEO), 403, Code.NOT_YOURS)


# Rule sheets ----------------------------------------------------------------------------------------------------------


async def test_the_rule_sheets_are_for_everyone_to_read(http: httpx.AsyncClient) -> None:
    shown = (await http.get("/v1/sheets")).json()["sheets"]
    assert [sheet["sheet"] for sheet in shown] == ["plain", "soft"]
    assert (await http.get("/v1/sheets/soft")).json() == {"sheet": "soft", "about": "", "terms": SHEETS["soft"]}
    is_problem(await http.get("/v1/sheets/court"), 404, "unknown_sheet")
    is_problem(await http.get("/v1/sheets?x=1"), 400, Code.MALFORMED)


# Out ------------------------------------------------------------------------------------------------------------------

TERMS = {"deposit": 5_000, "premium": [[0, 2_600], [10_000, 2_000]], "ladder": [[0, 1]]}


async def a_sale_that_is_over(http: httpx.AsyncClient) -> None:
    """Sell lot `a` for 123.45 to ann, `b` for JPY 12,345 to bob, pass `c`, and leave `d` open.

    Ann and bob have deposits of 50.00 and JPY 5,000 on what they buy; cid has one on what ann buys.
    """
    lots = (lot("a"), lot("b", currency="JPY"), lot("c"), lot("d", deposit=0))
    titled = {**lots[0], "title": '=HYPERLINK("http://x")'}
    response = await bring(http, sale_of(titled, *lots[1:], terms=TERMS))
    assert response.status_code == 201, response.text
    for name, sub in (("a", "ann"), ("a", "cid"), ("b", "bob")):
        done(await give(http, "admit", f"o-{name}-{sub}", name, bidder=sub))
    await bid(http, "cid", 5_000, "a")
    await bid(http, "ann", 12_345, "a")
    await bid(http, "bob", 12_345, "b")
    await bid(http, "dan", 700, "d")
    done(await give(http, "hammer", "h1", "a"))
    done(await give(http, "hammer", "h2", "b"))
    done(await give(http, "pass", "p1", "c"))
    done(await give(http, "settle", "s1", "b"))


def rows(response: httpx.Response) -> list[dict[str, str]]:
    """The rows of a file."""
    assert response.status_code == 200, response.text
    assert response.headers["content-type"] == "text/csv; charset=utf-8; header=present"
    return list(csv.DictReader(io.StringIO(response.text, newline="")))


async def test_the_results_of_a_sale_are_public_and_name_nobody(front: Front, http: httpx.AsyncClient) -> None:
    await a_sale_that_is_over(http)
    response = await http.get("/v1/sales/E/results")
    assert not {"ann", "bob", "cid", "dan"} & {word for row in response.json()["lots"] for word in row.values()}
    a, b, c, d = response.json()["lots"]
    assert a == {
        "lot": "a", "title": '=HYPERLINK("http://x")', "category": "", "phase": "sold", "currency": "EUR",
        "start_price": 100, "start_price_shown": "EUR 1.00",
        "price": 12_345, "price_shown": "EUR 123.45",
        "hammer_price": 12_345, "hammer_price_shown": "EUR 123.45",
        "paddle": state(front, "a").leader, "bids": 2, "extensions": 0, "reserve": "none",
        "closes_at": state(front, "a").closes_at, "settlement": "due", "successor": None,
    }  # fmt: skip
    assert (b["hammer_price"], b["hammer_price_shown"], b["settlement"]) == (12_345, "JPY 12,345", "paid")
    assert (c["phase"], c["hammer_price"], c["hammer_price_shown"], c["paddle"]) == ("passed", None, None, None)
    assert (d["phase"], d["price"], d["hammer_price"]) == ("open", 700, None)
    assert response.json()["totals"] == [
        {"currency": "EUR", "lots": 3, "sold": 1, "hammer_price": 12_345, "hammer_price_shown": "EUR 123.45"},
        {"currency": "JPY", "lots": 1, "sold": 1, "hammer_price": 12_345, "hammer_price_shown": "JPY 12,345"},
    ]


async def test_the_settlement_of_a_sale_is_worked_out_lot_by_lot(front: Front, http: httpx.AsyncClient) -> None:
    await a_sale_that_is_over(http)
    path = "/v1/sales/E/settlement"
    before = (await http.get(path, headers=OTTO)).json()
    assert [one["lot"] for one in before["lots"]] == ["a", "b", "c"]
    # 26 % of 100.00 and 20 % of 23.45: 26.00 + 4.69 = 30.69 of premium, 154.14 in all
    a, b, c = before["lots"]
    assert a == {
        "lot": "a", "title": '=HYPERLINK("http://x")', "phase": "sold", "settlement": "due", "currency": "EUR",
        "paddle": state(front, "a").leader, "bidder": "ann",
        "hammer_price": 12_345, "hammer_price_shown": "EUR 123.45",
        "premium": 3_069, "premium_shown": "EUR 30.69",
        "deposit_held": 5_000, "deposit_held_shown": "EUR 50.00",
        "deposit_applied": 0, "deposit_applied_shown": "EUR 0.00",
        "balance_due": 15_414, "balance_due_shown": "EUR 154.14",
        "refund_due": 0, "refund_due_shown": "EUR 0.00",
    }  # fmt: skip
    # the same in yen: 2,600 + 469 = 3,069; less the deposit of 5,000 that was applied when it was settled
    assert (b["bidder"], b["premium_shown"], b["deposit_applied"]) == ("bob", "JPY 3,069", 5_000)
    assert (b["balance_due"], b["balance_due_shown"], b["settlement"]) == (10_414, "JPY 10,414", "paid")
    assert (c["phase"], c["bidder"], c["paddle"], c["hammer_price"], c["balance_due_shown"]) == (
        "passed", None, None, None, None,
    )  # fmt: skip
    eur, jpy = before["totals"]
    assert (eur["lots"], eur["sold"], eur["balance_due"], eur["outstanding_shown"]) == (2, 1, 15_414, "EUR 154.14")
    assert (jpy["deposit_applied"], jpy["balance_due"], jpy["outstanding"]) == (5_000, 10_414, 0)
    # an hour after the close ann's deposit counts towards the price, and cid's goes back
    front.clock.advance(3_601 * SECOND_US)
    front.house.submit(Ring("a"), lambda _answer: None)
    await bid_is_refused(http)
    (after, *_) = (await http.get(path, headers=ANNA)).json()["lots"]
    assert (after["deposit_held"], after["deposit_applied"]) == (0, 5_000)
    assert (after["balance_due"], after["balance_due_shown"]) == (10_414, "EUR 104.14")


async def bid_is_refused(http: httpx.AsyncClient) -> None:
    """Let the orders before this one be carried out: a bid on a lot that is over is refused after them."""
    response = await http.post("/v1/lots/a/bids", headers=bearer("zoe", ttl_s=9_000), json={"amount": 1, "ref": "z"})
    assert response.status_code == 409


async def test_both_are_files_too_and_harmless_ones(front: Front, http: httpx.AsyncClient) -> None:
    await a_sale_that_is_over(http)
    results = rows(await http.get("/v1/sales/E/results?format=csv"))
    assert [row["lot"] for row in results] == ["a", "b", "c", "d"]
    assert (results[0]["title"], results[0]["hammer_price"], results[0]["hammer_price_shown"]) == (
        "'=HYPERLINK(\"http://x\")", "12345", "EUR 123.45",
    )  # fmt: skip
    closed_at = state(front, "a").closes_at
    assert closed_at is not None
    assert results[0]["closes_at"] == format_instant(closed_at)
    assert (results[2]["hammer_price"], results[2]["hammer_price_shown"], results[2]["paddle"]) == ("", "", "")
    response = await http.get("/v1/sales/E/settlement", headers={**OTTO, "Accept": "text/csv"})
    assert response.headers["content-disposition"] == 'attachment; filename="E-settlement.csv"'
    a, b, _ = rows(response)
    assert list(a) == [
        "lot", "title", "phase", "settlement", "currency", "paddle", "bidder",
        "hammer_price", "hammer_price_shown", "premium", "premium_shown", "deposit_held", "deposit_held_shown",
        "deposit_applied", "deposit_applied_shown", "balance_due", "balance_due_shown",
        "refund_due", "refund_due_shown",
    ]  # fmt: skip
    assert (a["bidder"], a["balance_due"], a["balance_due_shown"]) == ("ann", "15414", "EUR 154.14")
    assert (b["balance_due"], b["balance_due_shown"]) == ("10414", "JPY 10,414")


@pytest.mark.parametrize(
    ("query", "accept", "is_csv"),
    [
        ("", "*/*", False),
        ("", "text/csv", True),
        ("", "text/csv;q=0.9, */*", True),
        ("", "application/json, text/csv", False),
        ("", "text/html", False),
        ("?format=csv", "application/json", True),
        ("?format=json", "text/csv", False),
    ],
)
async def test_the_query_goes_before_the_header(
    http: httpx.AsyncClient, query: str, accept: str, *, is_csv: bool
) -> None:
    response = await http.get(f"/v1/sales/S/results{query}", headers={"Accept": accept})
    assert response.headers["content-type"].startswith("text/csv") == is_csv
    assert "Accept" in response.headers["vary"]


async def test_who_may_read_what(http: httpx.AsyncClient) -> None:
    body = sale_of(lot("a"), lot("b"), sale={"org": "K"})
    assert (await bring(http, body, KIM)).status_code == 201
    done(await give(http, "withdraw", "w1", "a", KIM, reason="not ours"))
    path = "/v1/sales/E/settlement"
    is_problem(await http.get(path), 401, Code.UNAUTHENTICATED)
    is_problem(await http.get(path, headers=bearer()), 403, Code.FORBIDDEN)
    is_problem(await http.get(path, headers=LEO), 403, Code.NOT_YOURS)
    for headers in (KIM, OTTO, ANNA, bearer("ada", "admin")):
        (shown,) = (await http.get(path, headers=headers)).json()["lots"]
        assert (shown["lot"], shown["phase"], shown["hammer_price"]) == ("a", "withdrawn", None)
    assert (await http.get("/v1/sales/E/results")).status_code == 200


async def test_a_sale_that_is_not_there_has_neither(http: httpx.AsyncClient) -> None:
    for what in ("results", "settlement"):
        is_problem(await http.get(f"/v1/sales/Z/{what}", headers=ANNA), 404, "unknown_sale")
        is_problem(await http.get(f"/v1/sales/S/{what}?format=xml", headers=ANNA), 400, Code.MALFORMED)
        is_problem(await http.get(f"/v1/sales/S/{what}?x=1", headers=ANNA), 400, Code.MALFORMED)


async def test_a_lot_that_is_open_again_is_not_settled(front: Front, http: httpx.AsyncClient) -> None:
    await a_sale_that_is_over(http)
    assert front.clock.now() == NOW
    done(await give(http, "reopen", "r1", "a", seconds=600))
    settled = (await http.get("/v1/sales/E/settlement", headers=OTTO)).json()
    assert [one["lot"] for one in settled["lots"]] == ["b", "c"]
