"""CSV that does nothing wherever it is opened."""

import csv
import io

import pytest

from gateway.spreadsheet import harmless, table


@pytest.mark.parametrize(
    ("text", "cell"),
    [
        ("", ""),
        ("A bowl", "A bowl"),
        ("5 - 3 = 2", "5 - 3 = 2"),
        ("a=1", "a=1"),
        ("=1+1", "'=1+1"),
        ("+43 316", "'+43 316"),
        ("-5", "'-5"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("  =1", "'  =1"),
        ("\t=1", "'\t=1"),
        ("\r", "'\r"),
        ("\nx", "'\nx"),
        ("＝1", "'＝1"),  # noqa: RUF001  the full-width sign
        ("'=1", "'=1"),
    ],
)
def test_text_that_could_be_a_formula_is_text(text: str, cell: str) -> None:
    assert harmless(text) == cell


def test_a_table_is_what_a_reader_of_csv_reads() -> None:
    rows = [
        {"lot": "a", "title": 'A "bowl",\nblue; =1', "price": 100, "paddle": None},
        {"lot": "=b", "title": "ü 陶", "price": -5},
    ]
    text = table(("lot", "title", "price", "paddle"), rows)
    assert list(csv.reader(io.StringIO(text, newline=""))) == [
        ["lot", "title", "price", "paddle"],
        ["a", 'A "bowl",\nblue; =1', "100", ""],
        ["'=b", "ü 陶", "-5", ""],
    ]
    assert text.startswith('"lot","title","price","paddle"\r\n"a",')
    assert ",100," in text
