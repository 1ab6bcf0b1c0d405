"""The ladder: from which price on which step is asked.

It refuses to know currencies and bids. Amounts are integer minor units of the lot's currency.
Invariants: the first band starts at 0, bands rise, steps are positive. Source: rules.md, sections 3 to 5.
"""

from bisect import bisect_right
from collections.abc import Sequence


class Ladder:
    """The steps of a lot by price."""

    __slots__ = ("_froms", "_steps")

    def __init__(self, bands: Sequence[tuple[int, int]]) -> None:
        """Take `(from_price, step)` bands.

        Raises:
            ValueError: the bands do not start at 0, do not rise, or a step is not positive.
        """
        self._froms = [start for start, _ in bands]
        self._steps = [step for _, step in bands]
        if not bands or self._froms[0] != 0:
            raise ValueError("the ladder's first band must start at 0")
        if any(later <= earlier for earlier, later in zip(self._froms, self._froms[1:], strict=False)):
            raise ValueError("the ladder's bands must rise from one to the next")
        if min(self._steps) < 1:
            raise ValueError("each step of the ladder must be at least 1 minor unit")

    def step(self, price: int) -> int:
        """Return the step of the band that `price` lies in."""
        return self._steps[bisect_right(self._froms, price) - 1]

    def above(self, price: int) -> int:
        """Return the amount one step above `price`."""
        return price + self.step(price)
