"""`make soak`: the catalogue of a busy sale in a headless Chromium, for as long as somebody might leave it open.

A thousand lots of one sale, fifty bids a second spread over them by another process, lots that close one after another;
measured are frames per second, long tasks and the heap. It refuses to know how the page works. What must hold:

- `FRAMES_MIN` frames a second or more in each minute, as `requestAnimationFrame` counts them while nobody scrolls;
- a flat heap: the line through the samples after the first fifth of the time, each taken after a full collection, rises
  by less than `RISE_MAX` of the heap over the whole run, or by less than `RISE_MAX_BYTES`.

A headless Chromium draws 60 frames a second at best, in software, on the processors that also run the house and the
bidders. Every other window is scrolled through: those frames are shown, not judged. Frames per second, heap in bytes.
"""

import argparse
import asyncio
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from msgspec import Struct, to_builtins
from playwright.async_api import CDPSession, Page, async_playwright, expect

from bench.machine import machine
from bench.sample_sale import sample_sale
from tests.browser.bidding import STEP, Sale, bidding
from tests.browser.chromium import FLAGS, HOW_TO, executable
from tests.browser.conftest import REPORTS
from tests.browser.served import Message, ServedHouse, in_s
from tests.browser.visitor import DESKTOP, Record, options, window
from tests.promises.premises import Premises

FRAMES_MIN: Final = 50.0
RISE_MAX: Final = 0.05
RISE_MAX_BYTES: Final = 1 << 20
REPORT: Final = REPORTS.parent / "soak.json"

_LOTS: Final = 1_000
_RATE: Final = 50.0
_BIDDERS: Final = 20
_SALE: Final = "soak"
_WINDOW_S: Final = 10.0
_WARM_S: Final = 10.0
_FIRST_CLOSE_S: Final = 60
_GAP_S: Final = 5
_WHEEL_PX: Final = 300
_WHEEL_EVERY_S: Final = 0.1
_PATIENCE_MS: Final = 60_000
_FLAGS: Final = (*FLAGS, "--enable-precise-memory-info")
_COUNT_FRAMES: Final = """() => {
    let told;
    const anew = () => {
        told = { since: performance.now(), frames: 0, longest: 0, tasks: 0, taskMs: 0, seconds: [] };
    };
    anew();
    let before = performance.now();
    const frame = () => {
        const now = performance.now();
        const second = Math.floor((now - told.since) / 1000);
        told.frames += 1;
        told.longest = Math.max(told.longest, now - before);
        told.seconds[second] = (told.seconds[second] ?? 0) + 1;
        before = now;
        requestAnimationFrame(frame);
    };
    requestAnimationFrame(frame);
    new PerformanceObserver((list) => {
        for (const task of list.getEntries()) { told.tasks += 1; told.taskMs += task.duration; }
    }).observe({ type: "longtask" });
    globalThis.countedFrames = () => {
        const counted = { ...told, ms: performance.now() - told.since };
        anew();
        before = performance.now();
        return counted;
    };
}"""


class Window(Struct, frozen=True):
    """What one stretch of time was like.

    Attributes:
        at_s: When it ended, seconds from the start.
        scrolled: Whether somebody scrolled through the page.
        frames_per_s: On the whole, and in its worst second.
        longest_ms: The longest time between two frames.
        long_tasks: Tasks above 50 ms, and their time altogether.
        heap: In use after a full collection.
        nodes, listeners: Of the page.
        bids_per_s: Accepted bids.
    """

    at_s: float
    scrolled: bool
    frames_per_s: float
    worst_second: float
    longest_ms: float
    long_tasks: int
    long_tasks_ms: float
    heap: int
    nodes: int
    listeners: int
    bids_per_s: float

    def line(self) -> str:
        """Return it as a line of the table."""
        return (
            f"{self.at_s / 60:6.1f} {'scrolled' if self.scrolled else 'at rest':>9} {self.frames_per_s:8.1f} "
            f"{self.worst_second:6.0f} {self.longest_ms:9.0f} {self.long_tasks:6} {self.heap / 2**20:9.2f} "
            f"{self.nodes:8} {self.bids_per_s:7.1f}"
        )


HEADING: Final = "minute     while frames/s  worst   longest  tasks  heap MiB    nodes  bids/s"


class Verdict(Struct, frozen=True):
    """What came of it.

    Attributes:
        frames_per_s: Of the worst minute, while nobody scrolled.
        heap: The median.
        rise: Of the heap over the whole run, bytes.
        failures: What did not hold, as sentences.
    """

    frames_per_s: float
    heap: float
    rise: float
    failures: list[str]


def judge(windows: Sequence[Window]) -> Verdict:
    """Say whether it held."""
    minutes: dict[int, list[float]] = {}
    for one in windows:
        if not one.scrolled:
            minutes.setdefault(int(one.at_s // 60), []).append(one.frames_per_s)
    frames = min(statistics.fmean(minute) for minute in minutes.values())
    whole_s = windows[-1].at_s
    later = [one for one in windows if one.at_s >= whole_s / 5]
    heap = statistics.median(one.heap for one in later)
    rise = slope([(one.at_s, one.heap) for one in later]) * whole_s
    failures = []
    if frames < FRAMES_MIN:
        failures.append(f"{frames:.1f} frames a second in the worst minute; at least {FRAMES_MIN:.0f} are wanted")
    if rise > max(RISE_MAX * heap, RISE_MAX_BYTES):
        failures.append(f"the heap rose by {rise / 2**20:.2f} MiB above {heap / 2**20:.2f} MiB")
    return Verdict(frames, heap, rise, failures)


def slope(points: Sequence[tuple[float, float]]) -> float:
    """Return how steep the line of the least squares through these points is; 0 through fewer than two."""
    if len({at for at, _ in points}) < 2:
        return 0.0
    return statistics.linear_regression(*zip(*points, strict=True)).slope


async def hold_sale(house: ServedHouse, lots: int, minutes: float) -> list[tuple[str, int]]:
    """List the sale at once; return its lots, each with its close."""
    _, book = sample_sale(in_s(0))
    closes = [in_s(_FIRST_CLOSE_S + number * _GAP_S) for number in range(lots)]
    terms = {"start_price": STEP, "ladder": [[0, STEP]], "self_raise": True, "opens_at": in_s(0)}
    listed = [
        {
            **{name: book[number % len(book)][name] for name in ("title", "category", "country", "place", "consignor")},
            "lot": f"{_SALE}-{number:04}",
            "terms": {"currency": book[number % len(book)]["terms"]["currency"], "closes_at": closes[number]},
        }
        for number in range(lots)
    ]
    body = {"sale": {"sale": _SALE, "title": f"A soak of {minutes:g} minutes"}, "terms": terms, "lots": listed}
    await house.call("POST", "/v1/imports", body)
    return [(str(lot["lot"]), close) for lot, close in zip(listed, closes, strict=True)]


class Soak:
    """A catalogue that is looked at for a long time."""

    def __init__(self, page: Page, developer: CDPSession) -> None:
        self._page = page
        self._developer = developer

    async def begin(self, url: str, lots: int) -> None:
        """Open the catalogue, wait for all of its lots, and begin to count."""
        await self._page.goto(f"{url}/?sale={_SALE}")
        await expect(self._page.locator("#lots .card")).to_have_count(lots, timeout=_PATIENCE_MS)
        await self._page.evaluate(_COUNT_FRAMES)
        await self._developer.send("Performance.enable")
        await asyncio.sleep(_WARM_S)

    async def measure(self, seconds: float, *, scrolled: bool) -> dict[str, Any]:
        """Let some time pass; return what its frames were like."""
        await self._page.evaluate("countedFrames()")
        if scrolled:
            await self._scroll(seconds)
        else:
            await asyncio.sleep(seconds)
        counted: dict[str, Any] = await self._page.evaluate("countedFrames()")
        return counted

    async def weigh(self) -> dict[str, float]:
        """Collect all garbage; return Chromium's own figures by name."""
        await self._developer.send("HeapProfiler.collectGarbage")
        told = await self._developer.send("Performance.getMetrics")
        return {metric["name"]: metric["value"] for metric in told["metrics"]}

    async def _scroll(self, seconds: float) -> None:
        """Go down half of the time, and back up."""
        began = time.monotonic()
        while (gone := time.monotonic() - began) < seconds:
            await self._page.mouse.wheel(0, _WHEEL_PX if gone < seconds / 2 else -_WHEEL_PX)
            await asyncio.sleep(_WHEEL_EVERY_S)
        await self._page.evaluate("scrollTo(0, 0)")


def _window(at_s: float, counted: Message, weighed: Message, bids_per_s: float, *, scrolled: bool) -> Window:
    seconds = [frames or 0 for frames in counted["seconds"][: int(counted["ms"] // 1_000)]]
    return Window(
        at_s=at_s,
        scrolled=scrolled,
        frames_per_s=counted["frames"] / counted["ms"] * 1_000,
        worst_second=min(seconds, default=0),
        longest_ms=counted["longest"],
        long_tasks=counted["tasks"],
        long_tasks_ms=counted["taskMs"],
        heap=int(weighed["JSHeapUsedSize"]),
        nodes=int(weighed["Nodes"]),
        listeners=int(weighed["JSEventListeners"]),
        bids_per_s=bids_per_s,
    )


async def soak(minutes: float, lots: int, rate: float) -> tuple[list[Window], list[str]]:
    """Hold the sale, look at it, and return what was seen, and what went wrong in the browser."""
    with tempfile.TemporaryDirectory(prefix="kd-soak-", ignore_cleanup_errors=True) as directory:
        premises = Premises(Path(directory))
        try:
            house = await ServedHouse.opened(premises)
            listed = await hold_sale(house, lots, minutes)
            ttl_s = round(minutes * 60) + 3_600
            tokens = [premises.sign("bidder", f"soaked-{number}", ttl_s=ttl_s) for number in range(_BIDDERS)]
            seen = await _look(Sale(premises.address, tokens, listed, rate), house.url, minutes)
            await house.close()
            return seen
        finally:
            premises.clear_away()


async def _look(sale: Sale, url: str, minutes: float) -> tuple[list[Window], list[str]]:
    record = Record()
    windows: list[Window] = []
    async with async_playwright() as playwright:
        found = executable(playwright)
        if found is None:
            return [], [HOW_TO]
        browser = await playwright.chromium.launch(executable_path=found, args=_FLAGS)
        context = await browser.new_context(
            **options(language="en", screen=DESKTOP, dark=False, still=False, zone="Europe/London")
        )
        page = await window(context, record)
        looking = Soak(page, await context.new_cdp_session(page))
        with bidding(sale) as tally:
            await looking.begin(url, len(sale.lots))
            sys.stdout.write(f"{HEADING}\n")
            began = time.monotonic()
            while not windows or time.monotonic() - began < minutes * 60:
                scrolled = len(windows) % 2 == 1
                bids, at = tally.accepted.value, time.monotonic()
                counted = await looking.measure(_WINDOW_S, scrolled=scrolled)
                bids_per_s = (tally.accepted.value - bids) / (time.monotonic() - at)
                weighed = await looking.weigh()
                windows.append(_window(time.monotonic() - began, counted, weighed, bids_per_s, scrolled=scrolled))
                sys.stdout.write(f"{windows[-1].line()}\n")
                sys.stdout.flush()
        await browser.close()
    return windows, record.unexpected


def main(words: Sequence[str] | None = None) -> int:
    """Look at a busy catalogue for a long time."""
    parser = argparse.ArgumentParser(prog="soak", description=main.__doc__)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--lots", type=int, default=_LOTS)
    parser.add_argument("--rate", type=float, default=_RATE, help="bids per second")
    given = parser.parse_args(words)
    windows, troubles = asyncio.run(soak(given.minutes, given.lots, given.rate))
    if not windows:
        sys.stderr.writelines(f"{trouble}\n" for trouble in troubles)
        return 1
    verdict = judge(windows)
    failures = [*verdict.failures, *troubles]
    report = {
        "machine": to_builtins(machine()),
        "given": vars(given),
        "verdict": to_builtins(verdict),
        "troubles": troubles,
        "windows": to_builtins(windows),
    }
    REPORT.parent.mkdir(parents=True, exist_ok=True)
    REPORT.write_text(json.dumps(report, indent=1), "utf-8")
    sys.stdout.write(
        f"worst minute {verdict.frames_per_s:.1f} frames/s at rest; heap {verdict.heap / 2**20:.2f} MiB, "
        f"risen by {verdict.rise / 2**20:+.2f} MiB over {windows[-1].at_s / 60:.1f} minutes; {REPORT}\n"
    )
    sys.stderr.writelines(f"{failure}\n" for failure in failures)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
