"""All limits of the house in one place, units in their names, their relations asserted below.

It refuses to know what is done when a limit is reached. Every field can be set by an environment variable of its name,
`KNOCKDOWN_<FIELD>` (KNOCKDOWN_INBOX_LEN_MAX=5000).
Sources: protocol.md for what clients may rely on, design.md for the rest.
"""

from collections.abc import Mapping
from typing import TypeVar

import msgspec

L = TypeVar("L", bound="EngineLimits | GatewayLimits")


class EngineLimits(msgspec.Struct, frozen=True, kw_only=True):
    """What the engine bears."""

    inbox_len_max: int = 20_000
    """Orders that may wait for one closing group."""
    batch_orders_max: int = 1_024
    """Orders of one group that go into one append."""
    round_orders_max: int = 1_024
    """Orders of all groups that go into one append: while it is on its way, the next ones are drafted."""
    ahead_orders_max: int = 64
    """Orders of one group that are drafted in one pass of the loop while its append is on its way."""
    round_groups_max: int = 512
    """Groups that go into one append: the store spends as much on a group as on three orders."""
    refusals_kept_per_lot: int = 10_000
    store_patience_us: int = 5_000_000
    """So long orders wait for a store that is away; then they are refused."""
    outage_us: int = 1_000_000
    """A silence of the store or of the loop that lasts longer than this is an outage."""
    clock_error_us_max: int = 1_000_000
    """So far may the clock be from the store's, or behind a log, before nothing is decided any more."""
    outage_notice_us: int = 60_000_000
    """After an outage a lot stays open at least this long."""
    tick_us: int = 50_000
    """Period of the ticker that measures the loop's lateness."""
    probe_us: int = 400_000
    """Period of the call that asks the store whether it is there, and for its time."""
    check_us: int = 5_000_000
    """Period of the check that the store still keeps its promise."""
    heal_pause_us: int = 100_000
    """Between two attempts to take a group over that failed."""
    store_dial_us: int = 2_000_000
    """So long a connection to the store may take to come about."""
    store_reply_us: int = 5_000_000
    """So long the store may take to answer; then the reply counts as lost."""
    take_over_lots_max: int = 500
    """Lots taken over in one call, so that the store is not held for long."""
    read_lots_max: int = 100
    """Logs read in one exchange."""
    read_records_max: int = 1_000
    """Records of a log read in one exchange."""
    import_part_bytes: int = 256 * 1024
    """About so much of an import goes into one record of the catalogue."""
    lifetimes_per_check: int = 500
    """Logs that one check looks at for a time to live."""
    server_end_us: int = 60_000_000
    """So long the embedded Redis may take to end when told to."""
    server_restart_first_us: int = 50_000
    """Before the embedded Redis is started again after it was killed; doubled each time."""
    server_restart_longest_us: int = 5_000_000
    server_healthy_us: int = 60_000_000
    """An embedded Redis that lived longer than this is started again without delay."""


class GatewayLimits(msgspec.Struct, frozen=True, kw_only=True):
    """What the gateway bears from one connection, account or address."""

    message_bytes_max: int = 16 * 1024
    """Of one message from a client, fragments together (protocol.md)."""
    unsent_bytes_slow: int = 64 * 1024
    """Past this a reader is slow and gets only answers to its own orders."""
    unsent_bytes_max: int = 1024 * 1024
    """Past this a reader is dropped."""
    slow_us_max: int = 10_000_000
    """So long a reader may be slow."""
    bids_per_second: float = 20.0
    """Per account; 0: no limit. Also settable as KNOCKDOWN_RATE."""
    bids_burst: int = 40
    messages_per_second: float = 200.0
    """Per connection, bids included, unless `bids_per_second` is 0."""
    messages_burst: int = 1_000
    connections_per_address_max: int = 1_000
    """Loopback is exempt."""
    watches_per_connection_max: int = 1_000
    signed_out_max: int = 100_000
    """Tokens that were signed out and have not ended yet; beyond, those that end first are forgotten."""
    body_bytes_max: int = 256 * 1024
    """Of one HTTP request."""
    import_bytes_max: int = 16 * 1024 * 1024
    """Of one that imports a sale."""
    import_lots_max: int = 20_000
    """Lots of one import."""
    ring_events_per_lot: int = 512
    """Events kept in memory per lot, from which a reconnecting watcher resumes."""
    state_period_us: int = 100_000
    """Between two states of a lot on the `live` feed."""
    watchers_period_s: float = 2.0
    """Between two messages about how many watch a lot."""
    heartbeat_s: float = 5.0
    ping_s: float = 20.0
    """Between two pings to a client; one that has not answered by the next is gone."""
    sweep_watchers_max: int = 500
    """Watchers written to in one pass of the loop."""
    sale_part_bytes_max: int = 48 * 1024
    read_bytes_max: int = 8 * 1024
    """Worked off in one pass of the loop from one connection; a flood waits for the next."""
    ending_s: float = 5.0
    """So long a peer may take to end a connection after the close frame."""
    stray_frames_max: int = 10_000
    """Pings and fragments that a peer may send within `ping_s`."""


def limits_from(kind: type[L], environment: Mapping[str, str]) -> L:
    """Read limits from an environment; what it does not name keeps its default.

    Raises:
        ValueError: a value is not a number of the field's kind, or makes no sense; the sentence names the variable.
    """
    variables = {name: f"KNOCKDOWN_{name.upper()}" for name in kind.__struct_fields__}
    if kind is GatewayLimits and variables["bids_per_second"] not in environment:
        variables["bids_per_second"] = "KNOCKDOWN_RATE"
    given = {name: environment[variable] for name, variable in variables.items() if variable in environment}
    limits = {}
    for name, text in given.items():
        number = type(kind.__struct_defaults__[kind.__struct_fields__.index(name)])
        try:
            limits[name] = number(text)
        except ValueError:
            raise ValueError(f"{variables[name]} is {text!r}, which is no {_NUMBERS[number]}") from None
        if not 0 <= limits[name] < _LARGEST or (limits[name] == 0 and name not in _MAY_BE_ZERO):
            raise ValueError(f"{variables[name]} is {text!r}; it must be greater than 0")
    return kind(**limits)


_NUMBERS = {int: "whole number", float: "number"}
_LARGEST = 2**53
_MAY_BE_ZERO = frozenset({"bids_per_second"})


def check_limits(engine: EngineLimits, gateway: GatewayLimits) -> None:
    """See that the limits fit each other: as they stand by default, and as an operator has set them.

    Raises:
        ValueError: they do not; the sentence says which.
    """
    relations = {
        "batch_orders_max <= round_orders_max <= inbox_len_max: a batch is part of a round, and comes from an inbox": (
            engine.batch_orders_max <= engine.round_orders_max <= engine.inbox_len_max
        ),
        "2 * probe_us < outage_us < store_patience_us: a probe must not look like an outage": (
            2 * engine.probe_us < engine.outage_us < engine.store_patience_us
        ),
        "tick_us < outage_us: nor may a tick": engine.tick_us < engine.outage_us,
        "store_dial_us < store_reply_us <= store_patience_us: a lost reply is known before orders are refused for it": (
            engine.store_dial_us < engine.store_reply_us <= engine.store_patience_us
        ),
        "message_bytes_max < unsent_bytes_slow < unsent_bytes_max: a client is told first, then dropped": (
            gateway.message_bytes_max < gateway.unsent_bytes_slow < gateway.unsent_bytes_max
        ),
        "sale_part_bytes_max < unsent_bytes_slow: one part must not make a reader slow": (
            gateway.sale_part_bytes_max < gateway.unsent_bytes_slow
        ),
    }
    for relation, holds in relations.items():
        if not holds:
            raise ValueError(f"these limits do not fit each other: {relation}")


check_limits(EngineLimits(), GatewayLimits())
