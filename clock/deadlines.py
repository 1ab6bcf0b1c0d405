"""The deadline heap: which lot is due next.

It refuses to know what a deadline means. A lot has at most one; setting another replaces it in O(log n), the old
heap row is skipped when it surfaces.

Invariant: the heap holds at most twice as many rows as there are lots with a deadline, and a few (it is rebuilt beyond
that), so a lot that is extended a million times does not fill memory. Instants are microseconds since the epoch.
"""

from heapq import heapify, heappop, heappush

_SLACK = 64


class Deadlines:
    """One instant per lot, the earliest first."""

    def __init__(self) -> None:
        self._at: dict[str, int] = {}
        self._heap: list[tuple[int, str]] = []

    def __len__(self) -> int:
        return len(self._at)

    def set(self, lot: str, at: int) -> None:
        """Make `at` the deadline of `lot`, in place of the one it had."""
        if self._at.get(lot) == at:
            return
        self._at[lot] = at
        heappush(self._heap, (at, lot))
        self._trim()

    def drop(self, lot: str) -> None:
        """Forget the deadline of `lot`, if it has one."""
        self._at.pop(lot, None)
        self._trim()

    def next(self) -> int | None:
        """Return the earliest deadline, or None when no lot has one."""
        heap = self._heap
        while heap and self._at.get(heap[0][1]) != heap[0][0]:
            heappop(heap)
        return heap[0][0] if heap else None

    def take_due(self, now: int) -> list[str]:
        """Remove and return the lots whose deadline is at or before `now`, earliest first."""
        due: list[str] = []
        while (at := self.next()) is not None and at <= now:
            lot = heappop(self._heap)[1]
            del self._at[lot]
            due.append(lot)
        self._trim()
        return due

    def _trim(self) -> None:
        if len(self._heap) > 2 * len(self._at) + _SLACK:
            self._heap = [(at, lot) for lot, at in self._at.items()]
            heapify(self._heap)
