"""How late closes are judged: by the house's own stamps and by when a watcher heard of them."""

from typing import Any

import pytest

from bench.closing import SALE_LEN, Ears, Heard, import_lots, judged

ENDS_AT = 1_700_000_000_000_000


class Takings:
    """A desk that keeps what it is given."""

    def __init__(self) -> None:
        self.bodies: list[dict[str, Any]] = []

    def call(self, method: str, path: str, body: dict[str, Any]) -> None:
        assert (method, path) == ("POST", "/v1/imports")
        self.bodies.append(body)


def test_a_close_before_its_time_is_counted() -> None:
    report = judged(2, ENDS_AT, [(ENDS_AT - 1, ENDS_AT + 10), (ENDS_AT, ENDS_AT + 10)])
    assert (report.closed, report.early) == (2, 1)


@pytest.mark.parametrize(("lag_us", "share"), [(0, 1.0), (50_000, 1.0), (50_001, 0.0), (-1, 0.0)])
def test_in_time_is_from_the_end_to_50_ms_after_it(lag_us: int, share: float) -> None:
    assert judged(1, ENDS_AT, [(ENDS_AT, ENDS_AT + lag_us)]).in_time == share


@pytest.mark.parametrize(("lag_us", "share"), [(0, 1.0), (500_000, 1.0), (500_001, 0.0), (-1, 0.0)])
def test_promptly_is_from_the_end_to_half_a_second_after_it(lag_us: int, share: float) -> None:
    assert judged(1, ENDS_AT, [(ENDS_AT, ENDS_AT + lag_us)]).within_500ms == share


def test_lots_are_imported_in_whole_sales_none_left_out_and_none_twice() -> None:
    desk = Takings()
    names = [f"lot-{n}" for n in range(2 * SALE_LEN + 1)]
    import_lots(desk, "s", names, 1, 2)  # type: ignore[arg-type] # it only makes calls
    assert [len(body["lots"]) for body in desk.bodies] == [SALE_LEN, SALE_LEN, 1]
    assert [lot["lot"] for body in desk.bodies for lot in body["lots"]] == names
    assert len({body["sale"]["sale"] for body in desk.bodies}) == 3
    assert all((body["terms"]["opens_at"], body["terms"]["closes_at"]) == (1, 2) for body in desk.bodies)


def test_a_lot_that_never_closed_lowers_the_share() -> None:
    report = judged(4, ENDS_AT, [(ENDS_AT, ENDS_AT)] * 3)
    assert (report.closed, report.in_time) == (3, 0.75)


def test_the_shortest_way_there_and_back_sets_the_clock() -> None:
    ears = Ears()
    ears._take(Heard("time", sent=1_000, now=6_100), 1_200)
    ears._take(Heard("time", sent=2_000, now=9_999), 3_000)
    ears._take(Heard("lot_sold", "a", at=8_000), 3_000)
    assert ears.closes == {"a": (8_000, 3_000 + 5_000)}
