"""Plain frames: the one kind of frame that nearly all of a bid storm is made of, taken apart without ceremony.

A plain frame is a whole message: final, of the wire's own kind, masked, no longer than a message may be. It is read
here in a microsecond; the library takes four, since its parser can stop at any byte. It refuses to judge: whatever is
not plain (control frames, fragments, nonsense) is only measured, so that the library gets it whole and says what it is.

Invariant: nothing is read past the last whole frame. Sizes and places are bytes. Source: RFC 6455, section 5.2.
"""

from typing import Final

from websockets.frames import apply_mask  # type: ignore[attr-defined]  # in C where it was built, else in Python

_MASKED: Final = 0x80
_SHORT_MAX: Final = 125
_HEADER: Final = 2
_MASK: Final = 4


def plain_messages(data: bytes, at: int, first: int, length_max: int) -> tuple[list[bytes], int]:
    """Take the whole plain frames that stand at `at`, one behind the other.

    Args:
        data: What came in.
        at: Where a frame begins.
        first: The first byte of a plain frame.
        length_max: Of a payload.

    Returns:
        Their payloads, and where the first frame begins that is not plain or not whole.
    """
    payloads: list[bytes] = []
    size = len(data)
    # One flat loop on purpose: a call for each frame would cost as much as the rest of it.
    while size - at > _HEADER and data[at] == first:
        length = data[at + 1] - _MASKED
        start = at + _HEADER + _MASK
        if length > _SHORT_MAX:
            length = int.from_bytes(data[at + 2 : at + 4]) if length == _SHORT_MAX + 1 else length_max + 1
            start += 2
        stop = start + length
        if not 0 <= length <= length_max or stop > size:
            break
        payloads.append(apply_mask(data[start:stop], data[start - _MASK : start]))
        at = stop
    return payloads, at


def end_of_frame(data: bytes, at: int, length_max: int) -> int:
    """Return where the frame at `at` ends; beyond the data when it is not whole yet.

    One that the library refuses by its header alone (unmasked, too long) ends where the data does: it need not come
    whole to be refused.
    """
    if len(data) - at < _HEADER:
        return at + _HEADER
    length, start = data[at + 1] - _MASKED, at + _HEADER + _MASK
    if length > _SHORT_MAX:
        extended = 2 if length == _SHORT_MAX + 1 else 8
        start += extended
        if start > len(data):
            return start
        length = int.from_bytes(data[at + _HEADER : at + _HEADER + extended])
    return start + length if 0 <= length <= length_max else len(data)
