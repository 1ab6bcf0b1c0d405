"""No answer is lost or counted twice, whether it is told by a byte search or decoded."""

import orjson
import pytest

from bench import receipts as receipts_module
from bench.load import Bounds
from bench.receipts import Receipts


def read(*messages: dict[str, object]) -> tuple[bytes, list[Bounds]]:
    """Messages as one read brings them, two bytes of frame header before each."""
    data, bounds = b"", []
    for message in messages:
        payload = orjson.dumps(message)
        data += b"\x81\x00" + payload
        bounds.append(slice(len(data) - len(payload), len(data)))
    return data, bounds


def accepted(ref: int, seq: int, paddle: int = 7, lot: str = "a") -> dict[str, object]:
    return {"ev": "accepted", "ref": str(ref), "lot": lot, "seq": seq, "paddle": paddle, "repeat": False}


def refused(ref: int, detail: str = "Too low.") -> dict[str, object]:
    return {"ev": "refused", "ref": str(ref), "lot": "a", "code": "below_ask", "detail": detail, "ask": 3}


def test_only_acceptances_and_refusals_count_as_answers() -> None:
    receipts = Receipts(lambda _: 0.0)
    assert receipts.take(1.0, *read({"ev": "hello", "now": 1}, accepted(0, 5), refused(1))) == 2
    assert (receipts.answered, receipts.accepted) == (2, 1)
    receipts.settle()
    assert receipts.refused == {"below_ask": 1}
    assert receipts.other == {"hello": 1}


def test_a_sentence_that_quotes_an_acceptance_is_not_one() -> None:
    receipts = Receipts(lambda _: 0.0)
    receipts.take(1.0, *read(refused(0, detail='He said "ev":"accepted" and left.')))
    assert (receipts.answered, receipts.accepted) == (1, 0)


def test_a_latency_counts_from_the_instant_the_bid_was_meant_to_leave() -> None:
    intended = [10.0, 20.0]
    receipts = Receipts(lambda ref: intended[ref])
    receipts.take(10.5, *read(accepted(0, 5)))
    receipts.take(20.25, *read(accepted(1, 6)))
    receipts.settle()
    found = receipts.latencies.latency()
    assert (found.count, found.max_ms) == (2, 500.0)
    assert found.p50_ms == pytest.approx(250, rel=0.001)


def test_two_acceptances_under_one_number_are_seen() -> None:
    receipts = Receipts(lambda _: 0.0)
    receipts.take(1.0, *read(accepted(0, 5), accepted(1, 5), accepted(2, 5, lot="b")))
    receipts.settle()
    assert receipts.doubles == 1
    assert receipts.booked == {"a": {5: 7}, "b": {5: 7}}


def test_what_no_longer_fits_is_decoded_during_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(receipts_module, "_KEPT_MAX_BYTES", 0)
    receipts = Receipts(lambda _: 0.0)
    receipts.take(1.0, *read(accepted(0, 5), refused(1)))
    assert receipts.booked == {"a": {5: 7}}
    receipts.settle()
    assert (receipts.answered, receipts.accepted, receipts.refused["below_ask"]) == (2, 1, 1)
