"""Bids made ahead: which bidder bids what on which lot, as ready frames in windows.

Refuses to know sockets and clocks. Invariants: on each lot the amounts rise strictly in the order of making, so every
bid is good if the house reads them in the order they were sent; the same seed makes the same bids. A bid's ref is its
number, 0, 1, 2 ... Amounts in minor units.

Over several lines the house keeps that order if a line has no more than one window unread (a longer read is worked off
in slices, between which others are read) and comes again only when that was read (epoll hands ready sockets out first
come, first served, but one still in its hand keeps its old place). With many bidders each turn is one window. With few,
turns are long, and the next bidder starts when all is answered: `is_handed_over`.
"""

import random
from collections import deque
from collections.abc import Sequence

from bench.load import frame

START_PRICE = 100
_RAISES = (1, 1, 1, 2, 5)  # mostly the step itself, with a jump now and then


def turn_len(bidders: int, flight_len: int, window_len: int) -> int:
    """How many bids in a row one bidder sends: one window if that keeps him away long enough, else a long stretch."""
    if bidders > 1 and 2 * (bidders - 1) * window_len >= 3 * flight_len:
        return window_len
    return -(-2 * flight_len // window_len) * window_len


class Volley:
    """The bids of a run, in windows of `window_len` frames joined into one `bytes`."""

    def __init__(self, lots: Sequence[str], bidders: int, *, seed: int, window_len: int, turn: int) -> None:
        self.made_late = 0  # windows that were not there when they were wanted
        self.window_len = window_len
        self._rng = random.Random(seed)
        self._lots = [lot.encode() for lot in lots]
        self._amounts = [START_PRICE] * len(lots)
        self._indexes = range(len(lots))
        self._turn = turn
        self._hands_over = bidders > 1 and turn > window_len
        self._order = list(range(bidders))
        self._rng.shuffle(self._order)
        self._made = 0
        self._taken = 0
        self._ready: deque[bytes] = deque()

    @property
    def taken(self) -> int:
        """How many bids have been handed out."""
        return self._taken

    def bidder(self, ref: int) -> int:
        """Whose bid it is."""
        return self._order[ref // self._turn % len(self._order)]

    @property
    def is_handed_over(self) -> bool:
        """Whether the next bid is another bidder's who must wait until all is answered."""
        return self._hands_over and self._taken % self._turn == 0

    def make(self, windows: int) -> None:
        """Make windows ahead of time."""
        for _ in range(windows):
            self._ready.append(self._window())

    def take(self) -> bytes:
        """The next window, made on the spot when none is ready."""
        if not self._ready:
            self.made_late += 1
            self.make(1)
        self._taken += self.window_len
        return self._ready.popleft()

    def _window(self) -> bytes:
        first = self._made
        self._made += self.window_len
        lots = self._rng.choices(self._indexes, k=self.window_len)
        raises = self._rng.choices(_RAISES, k=self.window_len)
        return b"".join([self._bid(first + n, lots[n], raises[n]) for n in range(self.window_len)])

    def _bid(self, ref: int, lot: int, more: int) -> bytes:
        self._amounts[lot] = amount = self._amounts[lot] + more
        return frame(b'{"op":"bid","lot":"%b","amount":%d,"ref":"%d","confirm":true}' % (self._lots[lot], amount, ref))
