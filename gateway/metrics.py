"""Metrics: the house's figures in the format that Prometheus reads.

It refuses to know where they are shown. They are read when somebody asks, from counters that are kept anyway, so that
between two scrapes they cost nothing. Invariant: nothing here names a person, a lot or an amount. Times are seconds,
as Prometheus wants them. Source: Prometheus, "Metric and label naming".
"""

from collections.abc import Iterator
from typing import Final

from prometheus_client import CollectorRegistry, GCCollector, PlatformCollector, ProcessCollector
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric, SummaryMetricFamily
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.registry import Collector

from clock.instants import SECOND_US
from engine.figures import Spread
from engine.house import House
from gateway.agenda import Agenda
from gateway.bid_desk import BidDesk
from gateway.session import Reception
from gateway.switchboard import Switchboard

CONTENT_TYPE: Final = CONTENT_TYPE_LATEST
_SHARES: Final = (0.5, 0.9, 0.99)


class Metrics(Collector):
    """Reads all figures of one process."""

    def __init__(
        self, house: House, agenda: Agenda, desk: BidDesk, reception: Reception, switchboard: Switchboard
    ) -> None:
        self._house = house
        self._agenda = agenda
        self._desk = desk
        self._reception = reception
        self._switchboard = switchboard
        self._registry = CollectorRegistry()
        self._registry.register(self)
        for collector in (ProcessCollector, PlatformCollector, GCCollector):
            collector(registry=self._registry)

    def page(self) -> bytes:
        """Return all figures as text."""
        return generate_latest(self._registry)

    def collect(self) -> Iterator[Metric]:
        """Yield every figure, as the registry asks for them."""
        yield from self._of_engine()
        yield from self._of_gateway()

    def _of_engine(self) -> Iterator[Metric]:
        figures = self._house.figures
        yield _counter("knockdown_orders_accepted", "Orders carried out.", figures.accepted)
        refused = CounterMetricFamily("knockdown_orders_refused", "Orders refused, by code.", labels=["code"])
        for code, count in figures.refused.items():
            refused.add_metric([str(code)], count)
        yield refused
        yield _seconds("knockdown_append_seconds", "Time of one append to the journal.", figures.append_us)
        yield _spread("knockdown_batch_orders", "Orders in one append.", figures.batch_orders)
        yield _seconds("knockdown_loop_lag_seconds", "Lateness of the event loop.", figures.loop_lag_us)
        yield _seconds("knockdown_closing_lag_seconds", "From the end of a lot to its hammer.", figures.closing_lag_us)
        yield _counter("knockdown_outages", "Silences of the store or the loop.", figures.outages)
        yield _gauge("knockdown_inbox_orders", "Orders that wait to be decided.", self._house.waiting())
        yield _gauge("knockdown_ready", "1 when the house takes bids.", int(not self._house.troubles()))
        yield _gauge("knockdown_recovery_seconds", "Time of the last recovery.", figures.recovery_us / SECOND_US)

    def _of_gateway(self) -> Iterator[Metric]:
        lots = GaugeMetricFamily("knockdown_lots", "Lots, by phase.", labels=["phase"])
        for phase, count in self._agenda.totals().items():
            lots.add_metric([phase], count)
        yield lots
        yield _gauge("knockdown_connections", "WebSockets that are open.", self._reception.connections)
        yield _counter("knockdown_malformed_messages", "Messages that were none.", self._reception.malformed)
        yield _counter("knockdown_rate_limited_bids", "Bids beyond an account's rate.", self._desk.rate_limited)
        yield _counter("knockdown_slow_readers_dropped", "Readers dropped as slow.", self._switchboard.slow_dropped)
        yield _counter("knockdown_silent_peers_dropped", "Peers that were gone.", self._switchboard.silent_dropped)
        yield _counter("knockdown_handshakes_refused", "WebSockets turned away.", self._switchboard.refused)


def _counter(name: str, text: str, value: float) -> Metric:
    return CounterMetricFamily(name, text, value=value)


def _gauge(name: str, text: str, value: float) -> Metric:
    return GaugeMetricFamily(name, text, value=value)


def _seconds(name: str, text: str, of: Spread) -> Metric:
    return _spread(name, text, of, SECOND_US)


def _spread(name: str, text: str, of: Spread, unit: int = 1) -> Metric:
    """Return a summary: count and sum since the start, quantiles of the latest observations."""
    summary = SummaryMetricFamily(name, text, count_value=of.count, sum_value=of.total / unit)
    for share, value in zip(_SHARES, of.quantiles(_SHARES), strict=True):
        summary.add_sample(name, {"quantile": str(share)}, value / unit)
    return summary
