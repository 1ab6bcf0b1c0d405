"""What if, as a picture: how the prices change from the one sheet to the other, and how long lots stay open under each.

It refuses to know how the figures came about (`lots.what_if`), and it is imported only by who asks for a picture, since
matplotlib takes its time to come up. Invariants: amounts of different currencies are never added, only their changes
are drawn side by side; nothing that was listed is read as markup; the same figures give the same file.
Prices are drawn in major units of the lot's currency, changes in per cent, spans in the unit that suits the longest.
"""

import warnings
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import matplotlib as mpl
from babel.numbers import get_currency_precision
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullFormatter

from clock.instants import SECOND_US
from gateway.money import money
from gateway.sheet import printable
from gateway.what_if_table import share, span
from lots.what_if import Pair, Totals, WhatIf, proceeds

_ONE, _OTHER, _SAME, _GRID = "#0072b2", "#d55e00", "#8c8c8c", "#e6e6e6"
"""The colour of each sheet, told apart also by who does not tell red from green; of what is alike; of the grid."""
_MARKERS = (("o", "●"), ("s", "■"), ("D", "◆"), ("*", "★"), ("P", "✚"), ("X", "✖"), ("p", "⬟"))
"""The marks of the currencies, for the library and as text."""
_NAME_MAX = 26
_DOTS_FULL_SIZE_MAX = 500
_LOG_FROM = 8
_CURRENCIES_SUMMED_MAX = 3
_UNITS = (("seconds", 1, 120), ("minutes", 60, 180 * 60), ("hours", 3_600, 72 * 3_600), ("days", 86_400, None))


def write_plot(what_if: WhatIf, path: Path) -> None:
    """Draw the comparison into a file, PNG or SVG by its ending.

    Raises:
        OSError: the file cannot be written.
    """
    metadata = {"Date": None} if path.suffix.lower() == ".svg" else {"Software": None}
    framed = mpl.rc_context({"svg.hashsalt": "knockdown", "axes.spines.top": False, "axes.spines.right": False})
    with framed, warnings.catch_warnings():
        # A sheet's name in a script that the font lacks is drawn as boxes; that is no reason to talk.
        warnings.filterwarnings("ignore", message="Glyph")
        _figure(what_if).savefig(path, dpi=120, metadata=metadata)


class _Names(NamedTuple):
    one: str
    other: str


def _figure(what_if: WhatIf) -> Figure:
    figure = Figure(figsize=(13, 7), layout="constrained")
    FigureCanvasAgg(figure)
    names = _Names(_name(what_if.one.sheet), _name(what_if.other.sheet))
    heading = f"The same {what_if.offers:,} offers on {_lots(len(what_if.pairs))}: {names.one} against {names.other}"
    figure.suptitle(heading, fontsize=14, fontweight="bold")
    prices, ends = figure.subplots(1, 2)
    _draw_prices(prices, what_if, names)
    _draw_ends(ends, what_if, names)
    return figure


def _name(sheet: str) -> str:
    """A name that is neither too long nor read as a formula; the settings that tell two sheets apart end it."""
    name = printable(sheet)
    if len(name) > _NAME_MAX:
        name = f"{name[: _NAME_MAX // 3]}…{name[-(_NAME_MAX - _NAME_MAX // 3 - 1) :]}"
    return name.replace("$", r"\$")


def _lots(number: int) -> str:
    return f"{number:,} lot" if number == 1 else f"{number:,} lots"


# Prices ---------------------------------------------------------------------------------------------------------------


def _draw_prices(axes: Axes, what_if: WhatIf, names: _Names) -> None:
    currencies = list(what_if.one.proceeds)
    axes.set_title(_sums(what_if.one, what_if.other, names), fontsize=11)
    sold = [pair for pair in what_if.pairs if any(_prices(pair))]
    if not sold:
        _say(axes, "no lot brings anything under either")
        return
    axes.set_xlabel(f"price under {names.one}, {_units_of(currencies)}")
    axes.set_ylabel(f"price under {names.other}\nin per cent of that under {names.one}")
    handles = [*_draw_changes(axes, sold, currencies, names), *_draw_sold_under_one(axes, sold, names)]
    axes.axhline(100, color=_SAME, linewidth=1, zorder=1)
    _scale(axes, "x", [one or other for one, other in map(_prices, sold)], "{:,.10g}")
    _scale(axes, "y", [100, *(_change(pair) for pair in sold if all(_prices(pair)))], "{:,.10g} %")
    _lay_out(axes, handles)


def _units_of(currencies: Sequence[str]) -> str:
    if len(currencies) == 1:
        return currencies[0]
    marked = (f"{_mark(place)[1]} {currency}" for place, currency in enumerate(currencies))
    return f"in the currency of the lot\n{'   '.join(marked)}"


def _mark(place: int) -> tuple[str, str]:
    return _MARKERS[place % len(_MARKERS)]


def _sums(one: Totals, other: Totals, names: _Names) -> str:
    lines = [
        f"{money(brought, currency)} → {money(other.proceeds[currency], currency)}"
        f"{share(other.proceeds[currency] - brought, brought)}"
        for currency, brought in one.proceeds.items()
    ]
    hidden = len(lines) - _CURRENCIES_SUMMED_MAX
    more = [f"and {hidden} more currencies"] if hidden > 0 else []
    return "\n".join([f"Prices in all, {names.one} → {names.other}", *lines[:_CURRENCIES_SUMMED_MAX], *more])


def _prices(pair: Pair) -> tuple[float, float]:
    """What the lot brings under each, in major units."""
    unit = 10 ** int(get_currency_precision(pair.currency))
    return proceeds(pair.one) / unit, proceeds(pair.other) / unit


def _change(pair: Pair) -> float:
    return 100 * proceeds(pair.other) / proceeds(pair.one)


def _draw_changes(axes: Axes, sold: Sequence[Pair], currencies: Sequence[str], names: _Names) -> Iterator[Line2D]:
    """Draw a dot for each lot that brings something under both; where dots coincide, a larger one."""
    both = [pair for pair in sold if all(_prices(pair))]
    is_crowded = False
    size = 36 if len(both) <= _DOTS_FULL_SIZE_MAX else 9
    for colour, label, pairs in (
        (_OTHER, f"dearer under {names.other}", [pair for pair in both if pair.raised > 0]),
        (_SAME, "the same under both", [pair for pair in both if not pair.raised]),
        (_ONE, f"dearer under {names.one}", [pair for pair in both if pair.raised < 0]),
    ):
        for place, currency in enumerate(currencies):
            dots = Counter((_prices(pair)[0], _change(pair)) for pair in pairs if pair.currency == currency)
            is_crowded |= any(number > 1 for number in dots.values())
            sizes = [size * number**0.5 for number in dots.values()]
            at = [price for price, _ in dots], [change for _, change in dots]
            axes.scatter(*at, s=sizes, c=colour, marker=_mark(place)[0], alpha=0.7, linewidths=0)
        yield _sign("o", colour, f"{label}: {_lots(len(pairs))}")
    if is_crowded:
        yield _sign("o", _SAME, "larger: several lots at one place", size=10)


def _draw_sold_under_one(axes: Axes, sold: Sequence[Pair], names: _Names) -> Iterator[Line2D]:
    """Put lots that bring something under one sheet only on the edge, at the one price they have."""
    for colour, marker, edge, name, side in ((_ONE, "v", 0.015, names.one, 0), (_OTHER, "^", 0.985, names.other, 1)):
        alone = [pair for pair in sold if not _prices(pair)[1 - side]]
        if alone:
            prices = [_prices(pair)[side] for pair in alone]
            along = axes.get_xaxis_transform()
            axes.scatter(prices, [edge] * len(prices), s=40, c=colour, marker=marker, alpha=0.7, transform=along)
            yield _sign(marker, colour, f"brings something under {name} only: {_lots(len(alone))}")


def _scale(axes: Axes, name: str, values: Sequence[float], form: str) -> None:
    """Choose a range with room around the values, logarithmic where they are far apart."""
    axis = axes.xaxis if name == "x" else axes.yaxis
    low, high = min(values), max(values)
    if high > _LOG_FROM * low:
        axes.set(**{f"{name}scale": "log", f"{name}lim": (low / 1.5, high * 1.5)})
        axis.set_major_locator(LogLocator(subs=(1, 2, 5)) if high < 1_000 * low else LogLocator(numticks=6))
        axis.set_minor_formatter(NullFormatter())
    else:
        margin = (high - low) * 0.08 or high * 0.1
        axes.set(**{f"{name}lim": (low - margin, high + margin)})
    axis.set_major_formatter(FuncFormatter(lambda value, _place: form.format(value)))


# Ends -----------------------------------------------------------------------------------------------------------------


def _draw_ends(axes: Axes, what_if: WhatIf, names: _Names) -> None:
    ones, others = (_overruns(what_if.pairs, side) for side in (0, 1))
    if not any([*ones, *others]):
        _say(axes, "no lot ends at another time than scheduled")
        return
    unit, unit_s = _unit([*ones, *others])
    first, last = min(0, *ones, *others), max(0, *ones, *others)
    when = "before and after" if first < 0 else "after"
    axes.set_title(f"How many lots are still open {when} their scheduled end", fontsize=11)
    margin = (last - first) * 0.04
    begin, end = (first - margin if first else 0), last + margin
    for overruns, label, colour, style in (
        (ones, _story(names.one, what_if.one, ones), _ONE, "solid"),
        (others, _story(names.other, what_if.other, others), _OTHER, (0, (4, 2))),
    ):
        # Where all lots stay open until their time, those that end on time would only press the others flat.
        after = [one for one in overruns if one > begin]
        times, lots = [begin, *after, end], [*range(len(after), -1, -1), 0]
        axes.step(_scaled(times, unit_s), lots, where="post", color=colour, linestyle=style, linewidth=2.2, label=label)
    axes.set_xlabel(f"{unit} after the lot's scheduled end{'; negative: before it' if first < 0 else ''}")
    axes.set_ylabel("lots still open")
    axes.set_xlim(*_scaled([begin, end], unit_s))
    axes.set_ylim(bottom=0)
    axes.yaxis.set_major_locator(MaxNLocator(integer=True))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda lots, _place: f"{lots:,.0f}"))
    _lay_out(axes)


def _overruns(pairs: Sequence[Pair], side: int) -> list[int]:
    return sorted(overrun for pair in pairs if (overrun := pair.overruns_us[side]) is not None)


def _scaled(spans_us: Sequence[float], unit_s: int) -> list[float]:
    return [one / SECOND_US / unit_s for one in spans_us]


def _story(name: str, totals: Totals, overruns: Sequence[int]) -> str:
    if totals.overrun_max_us is None:
        return f"{name}: no scheduled ends"
    early = sum(one < 0 for one in overruns)
    late = f", the last {span(totals.overrun_max_us).lstrip('+')} late" if totals.overrun_max_us > 0 else ""
    return f"{name}: {_lots(totals.extended)} extended{late}" + (f", {early:,} early" if early else "")


def _unit(spans_us: Sequence[int]) -> tuple[str, int]:
    longest_s = max(abs(one) for one in spans_us) / SECOND_US
    return next((name, unit_s) for name, unit_s, up_to_s in _UNITS if up_to_s is None or longest_s <= up_to_s)


# Both -----------------------------------------------------------------------------------------------------------------


def _say(axes: Axes, sentence: str) -> None:
    axes.text(0.5, 0.5, sentence, transform=axes.transAxes, ha="center", va="center")
    axes.set_axis_off()


def _sign(marker: str, colour: str, label: str, size: float = 6) -> Line2D:
    return Line2D([], [], linestyle="none", marker=marker, markersize=size, color=colour, label=label)


def _lay_out(axes: Axes, handles: Sequence[Line2D] | None = None) -> None:
    """Lay a grid behind everything, and the legend below the panel, where it covers nothing."""
    axes.grid(visible=True, color=_GRID)
    axes.set_axisbelow(True)
    shown = {} if handles is None else {"handles": handles}
    axes.legend(**shown, loc="upper center", bbox_to_anchor=(0.5, -0.13), frameon=False, fontsize=10)
