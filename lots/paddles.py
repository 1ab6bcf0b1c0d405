"""Paddles: the numbers under which bidders are public.

A paddle is unique in its lot and drawn by chance, so that it does not tell the order of admission. It refuses to know
where the chance comes from: it is given with the order.
Invariant: the range always holds at least twice as many numbers as are taken, so that a draw ends at once.
"""

from immutables import Map

_FIRST = 100


def draw(taken: Map[int, str], chance: int) -> int:
    """Return a free paddle of three digits, or of more where many bid.

    Args:
        taken: The paddles in use.
        chance: A random integer, uniform over at least 32 bits.
    """
    size = 10 * _FIRST
    while 2 * len(taken) >= size - _FIRST:
        size *= 10
    paddle = _FIRST + chance % (size - _FIRST)
    while paddle in taken:
        paddle = paddle + 1 if paddle + 1 < size else _FIRST
    return paddle
