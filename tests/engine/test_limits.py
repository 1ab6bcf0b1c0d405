"""Limits from the environment: what is taken, and what is refused with a sentence."""

import pytest

from engine.limits import EngineLimits, GatewayLimits, check_limits, limits_from


def test_what_the_environment_does_not_name_keeps_its_default() -> None:
    assert limits_from(EngineLimits, {"HOME": "/"}) == EngineLimits()


def test_a_limit_is_set_by_its_name() -> None:
    assert limits_from(EngineLimits, {"KNOCKDOWN_INBOX_LEN_MAX": "5000"}).inbox_len_max == 5_000


@pytest.mark.parametrize(("text", "rate"), [("0", 0.0), ("2.5", 2.5)])
def test_the_rate_has_a_short_name_and_may_be_switched_off(text: str, rate: float) -> None:
    assert limits_from(GatewayLimits, {"KNOCKDOWN_RATE": text}).bids_per_second == rate


def test_the_long_name_of_the_rate_beats_the_short_one() -> None:
    environment = {"KNOCKDOWN_RATE": "5", "KNOCKDOWN_BIDS_PER_SECOND": "7"}
    assert limits_from(GatewayLimits, environment).bids_per_second == 7


@pytest.mark.parametrize("text", ["", "abc", "-1", "0", "1e9", "9" * 20])
def test_a_number_that_makes_no_sense_is_refused_by_its_variable(text: str) -> None:
    with pytest.raises(ValueError, match="KNOCKDOWN_TICK_US"):
        limits_from(EngineLimits, {"KNOCKDOWN_TICK_US": text})


@pytest.mark.parametrize("text", ["nan", "inf", "-0.1"])
def test_a_rate_that_is_no_number_of_bids_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="KNOCKDOWN_RATE"):
        limits_from(GatewayLimits, {"KNOCKDOWN_RATE": text})


@pytest.mark.parametrize(
    "limits",
    [
        (EngineLimits(probe_us=600_000), GatewayLimits()),
        (EngineLimits(round_orders_max=50_000), GatewayLimits()),
        (EngineLimits(tick_us=2_000_000), GatewayLimits()),
        (EngineLimits(store_reply_us=9_000_000), GatewayLimits()),
        (EngineLimits(), GatewayLimits(unsent_bytes_slow=10_000)),
        (EngineLimits(), GatewayLimits(sale_part_bytes_max=65_536)),
    ],
)
def test_limits_that_do_not_fit_each_other_are_refused(limits: tuple[EngineLimits, GatewayLimits]) -> None:
    with pytest.raises(ValueError, match="do not fit"):
        check_limits(*limits)
