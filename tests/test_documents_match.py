"""The documents say what the program does: limits, variables, codes, messages, figures and examples are checked."""

import json
import re
from pathlib import Path
from typing import Any, get_args

import msgspec
import pytest

from engine.limits import EngineLimits, GatewayLimits
from gateway import announcements, directions, messages, problems, session
from lots import orders, sheets
from lots.refusals import Code
from lots.state import Accepted
from lots.terms import Terms
from tests.lots.saleroom import CLOSES_AT, OPENS_AT, Saleroom, listing

ROOT = Path(__file__).resolve().parent.parent
CLIENTS, SALES, OPERATIONS, RULES = (
    (ROOT / "docs" / name).read_text(encoding="utf-8")
    for name in ("protocol.md", "running-sales.md", "operations.md", "rules-as-terms.md")
)
PROTOCOL = CLIENTS + SALES
SOURCES = [ROOT / "knockdown.py", *sorted((ROOT / "engine").glob("*.py")), *sorted((ROOT / "gateway").glob("*.py"))]
CODE = "\n".join(path.read_text(encoding="utf-8") for path in SOURCES)

LIMITS = {
    f"KNOCKDOWN_{name.upper()}": default
    for kind in (EngineLimits, GatewayLimits)
    for name, default in zip(kind.__struct_fields__, kind.__struct_defaults__, strict=True)
}
NAMED_IN_CODE = set(re.findall(r"KNOCKDOWN_[A-Z]+(?:_[A-Z]+)*", CODE))
SAID = {str(kind.__struct_config__.tag): kind for kind in announcements.SERVER_MESSAGES}
HTTP_CODES = {value for name, value in vars(problems).items() if name.isupper() and isinstance(value, str)}
CODES = {*map(str, Code), *HTTP_CODES, session.UNKNOWN_SALE, session.TOO_MANY_WATCHES}


def blocks(text: str, language: str) -> list[str]:
    """Return the fenced blocks of one language."""
    return re.findall(rf"^```{language}\n(.*?)^```", text, re.MULTILINE | re.DOTALL)


def examples(text: str) -> list[Any]:
    """Return the JSON examples: a block is one document, or one on each line."""
    found: list[Any] = []
    for block in blocks(text, "json"):
        try:
            found.append(json.loads(block))
        except json.JSONDecodeError:
            found += [json.loads(line) for line in block.splitlines()]
    return found


# Limits, variables, codes, names --------------------------------------------------------------------------------------


@pytest.mark.parametrize(("variable", "default"), LIMITS.items())
def test_every_limit_is_in_the_table_with_its_default(variable: str, default: float) -> None:
    row = re.search(rf"^\| `{variable}` \| ([^|]+) \|", OPERATIONS, re.MULTILINE)
    assert row, f"docs/operations.md has no row for {variable}"
    assert float(row[1].replace(",", "")) == default


def test_every_variable_that_the_program_reads_is_named() -> None:
    assert {name for name in NAMED_IN_CODE if f"`{name}`" not in OPERATIONS} == set()


def test_no_variable_is_named_that_the_program_does_not_read() -> None:
    named = set(re.findall(r"KNOCKDOWN_[A-Z_]*[A-Z]", OPERATIONS + PROTOCOL + RULES))
    assert named - NAMED_IN_CODE - set(LIMITS) == set()


@pytest.mark.parametrize("code", sorted(CODES))
def test_every_code_is_explained(code: str) -> None:
    assert re.search(rf"^\| `{code}` ?(\(|\|)", PROTOCOL, re.MULTILINE)


@pytest.mark.parametrize("ev", sorted(SAID))
def test_every_server_message_is_explained(ev: str) -> None:
    assert f"`{ev}`" in PROTOCOL


@pytest.mark.parametrize("field", sorted({field for kind in SAID.values() for field in kind.__struct_encode_fields__}))
def test_every_field_that_the_server_sends_is_named(field: str) -> None:
    assert re.search(rf"\b{field}\b", PROTOCOL)


def test_every_client_message_and_order_is_explained() -> None:
    kinds = (*messages.CLIENT_MESSAGES, *get_args(directions.OrderBody))
    names = {str(kind.__struct_config__.tag) for kind in kinds}
    assert {name for name in names if f"`{name}`" not in PROTOCOL} == set()


def test_every_figure_is_explained() -> None:
    figures = set(re.findall(r'"(knockdown_[a-z_]+)"', (ROOT / "gateway" / "metrics.py").read_text(encoding="utf-8")))
    assert figures
    assert {figure for figure in figures if f"`{figure}" not in OPERATIONS} == set()


LOGGED = re.findall(r'(?:log|LOGGER)\.(?:info|warning|error|critical|exception)\(\s*"([^"]+)"', CODE)


@pytest.mark.parametrize("line", [line for line in dict.fromkeys(LOGGED) if line != "%s"])
def test_every_log_line_is_explained(line: str) -> None:
    parts = [part for part in re.split(r"%[-+.\d]*[sdfg]", line) if re.search(r"\w{3}", part)]
    assert [part for part in parts if part.strip(" .:;,()") not in OPERATIONS] == []


# Examples -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("message", [one for one in examples(PROTOCOL) if "ev" in one], ids=lambda one: one["ev"])
def test_every_example_of_a_server_message_is_one(message: dict[str, Any]) -> None:
    kind = SAID[message["ev"]]
    msgspec.convert(message, kind)
    assert set(message) <= {"ev", *kind.__struct_encode_fields__}


@pytest.mark.parametrize("message", [one for one in examples(PROTOCOL) if "op" in one and "ev" not in one])
def test_every_example_of_a_client_message_is_one(message: dict[str, Any]) -> None:
    assert not isinstance(messages.read_json(json.dumps(message).encode()), messages.Malformed)


def test_the_examples_in_python_can_be_read() -> None:
    for block in blocks(PROTOCOL, "python"):
        compile(block, "protocol.md", "exec")


# Rules as terms -------------------------------------------------------------------------------------------------------

HOUSES: dict[str, Any] = {
    section.partition("\n")[0]: (json.loads(blocks(section, "json")[0]), section)
    for section in RULES.split("\n## ")[1:]
}
ENDS = [
    (house, int(left), 0 if moved == "unchanged" else int(moved.partition(" ")[0]))
    for house, (_, section) in HOUSES.items()
    for left, moved in re.findall(r"^\| (\d+) s \| (unchanged|\d+ s later) \|", section, re.MULTILINE)
]


def test_every_house_has_its_terms() -> None:
    assert len(HOUSES) == len(blocks(RULES, "json")) >= 12


@pytest.mark.parametrize("house", HOUSES)
def test_the_terms_of_every_house_are_terms(house: str) -> None:
    terms, _ = HOUSES[house]
    closes_at = None if terms.get("format") == "saleroom" else CLOSES_AT
    own = {"currency": "EUR", "start_price": 100, "opens_at": OPENS_AT, "closes_at": closes_at}
    msgspec.convert({"ladder": [[0, 10]], **terms, **own}, Terms).check()


@pytest.mark.parametrize("sheet", sheets.ABOUT)
def test_every_rule_sheet_is_explained(sheet: str) -> None:
    assert f"Sheet: `{sheet}`." in RULES


@pytest.mark.parametrize(("house", "left_s", "moved_s"), ENDS)
def test_a_bid_moves_the_end_as_the_house_does(house: str, left_s: int, moved_s: int) -> None:
    terms, _ = HOUSES[house]
    room = Saleroom(listing("A", **terms), listing("B", **terms))
    if terms.get("registration") is not None:
        accepts = tuple(terms["registration"]["statements"])
        room.give(orders.Register(lot="A", bidder="ann", ref="0", accepts=accepts), OPENS_AT)
        paid = orders.ConfirmDeposit(lot="A", by="clerk", ref="2", bidder="ann", amount=terms["deposit"], payment="p")
        room.give(paid, OPENS_AT)
    room.give(orders.Admit(lot="A", by="clerk", ref="1", bidder="ann"), OPENS_AT)
    answer = room.give(orders.Bid("A", "ann", "1", 100), CLOSES_AT - left_s * 1_000_000)
    assert isinstance(answer, Accepted)
    is_linked = (terms["soft_close"] or {}).get("scope") == "group"
    assert room.lots["A"].closes_at == CLOSES_AT + moved_s * 1_000_000
    assert room.lots["B"].closes_at == CLOSES_AT + (moved_s * 1_000_000 if is_linked else 0)
