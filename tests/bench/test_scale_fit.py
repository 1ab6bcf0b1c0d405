"""A law is found where there is one, told with how well it holds, and not claimed where there is none."""

import pytest

from bench.scale.fit import Line, certainty, drawable, figure, flatness, holds, line, power, spread, steps_between


def test_points_on_a_line_give_the_line() -> None:
    law = line([0, 10, 100], [5.0, 25.0, 205.0])
    assert law is not None
    assert (law.start, law.slope, law.r2) == pytest.approx((5.0, 2.0, 1.0))
    assert law.at(1_000) == pytest.approx(2_005.0)


def test_a_power_law_is_found_between_the_logarithms() -> None:
    law = power([1, 10, 100, 1_000], [3 * x**0.5 for x in (1, 10, 100, 1_000)])
    assert law is not None
    assert (law.factor, law.exponent, law.r2) == pytest.approx((3.0, 0.5, 1.0))
    assert law.at(400) == pytest.approx(60.0)


def test_how_well_a_line_holds_is_the_share_of_the_spread_it_explains() -> None:
    law = line([1, 2, 3, 4], [1.0, 3.0, 2.0, 4.0])
    assert law is not None
    assert law.r2 == pytest.approx(0.64)
    assert holds(law)
    worse = line([1, 2, 3], [1.0, 3.0, 1.0])
    assert worse is not None
    assert not holds(worse)


def test_a_level_line_holds_wholly() -> None:
    law = line([1, 2, 3], [7.0, 7.0, 7.0])
    assert law == Line(7.0, 0.0, 1.0)


@pytest.mark.parametrize("places", [[], [1.0], [1.0, 2.0], [1.0, 1.0, 2.0]])
def test_fewer_than_three_places_have_no_law(places: list[float]) -> None:
    assert line(places, places) is None
    assert power(places, places) is None


@pytest.mark.parametrize(("xs", "ys"), [([0, 1, 2], [1.0, 1.0, 1.0]), ([1, 2, 3], [1.0, -1.0, 2.0])])
def test_without_logarithms_there_is_no_power_law(xs: list[float], ys: list[float]) -> None:
    assert power(xs, ys) is None


@pytest.mark.parametrize(
    ("r2", "said"), [(1.0, "R² 1.00"), (0.9999, "R² 0.99"), (0.001, "R² 0.00"), (-1e-9, "R² 0.00")]
)
def test_certainty_is_never_rounded_up(r2: float, said: str) -> None:
    assert certainty(Line(0.0, 1.0, r2)) == said


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (0, "0"),
        (7.1234, "7.12"),
        (0.01234, "0.0123"),
        (12_345.6, "12,346"),
        (-41.83, "-41.8"),
        (100, "100"),
        (99.96, "100.0"),
    ],
)
def test_a_figure_has_three_digits_that_count(value: float, said: str) -> None:
    assert figure(value) == said


def test_spread_is_of_the_lowest() -> None:
    assert spread([100.0, 112.0, 105.0]) == pytest.approx(0.12)
    assert flatness([100.0, 112.0, 105.0]) == "flat within 12%"


def test_a_law_is_drawn_evenly_over_the_decades_and_only_above_nought() -> None:
    assert steps_between(1, 100, 2) == pytest.approx([1, 10, 100])
    drawn = drawable(Line(-10.0, 1.0, 1.0), [1.0, 1_000.0])
    assert all(height > 0 for _, height in drawn)
    assert 10 < drawn[0][0] < 13
    assert drawn[-1] == pytest.approx((1_000.0, 990.0))
