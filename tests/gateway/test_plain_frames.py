"""Plain frames: read past the library, they must say what the library would have said, wherever the bytes are cut."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from websockets.frames import Frame, Opcode
from websockets.protocol import OPEN
from websockets.server import ServerProtocol

from gateway.frames import FINAL_BINARY, FINAL_TEXT
from gateway.plain_frames import end_of_frame, plain_messages
from tests.gateway.doors import masked

LENGTH_MAX = 16 * 1024
PLAIN = st.binary(max_size=300).map(lambda payload: masked(Opcode.TEXT, payload))
ODD = st.one_of(
    st.binary(max_size=125).map(lambda payload: masked(Opcode.PING, payload)),
    st.binary(max_size=20).map(lambda payload: masked(Opcode.BINARY, payload)),
    st.binary(max_size=20).map(lambda payload: masked(Opcode.TEXT, payload, fin=False) + masked(Opcode.CONT, payload)),
)


def by_library(data: bytes) -> list[Frame]:
    """Return the frames in some bytes as the library reads them."""
    protocol = ServerProtocol(state=OPEN, max_size=LENGTH_MAX)
    protocol.receive_data(data)
    return [event for event in protocol.events_received() if isinstance(event, Frame)]


def by_turns(data: bytes, first: int) -> tuple[list[bytes], bytes]:
    """Read as a wire does: plain frames here, each other one by the library; return the payloads, and what is left."""
    payloads: list[bytes] = []
    at = 0
    while at < len(data):
        found, at = plain_messages(data, at, first, LENGTH_MAX)
        payloads += found
        stop = end_of_frame(data, at, LENGTH_MAX)
        if stop > len(data):
            break
        payloads += [bytes(frame.data) for frame in by_library(data[at:stop])] if data[at] & 0x0F else [b"(more)"]
        at = stop
    return payloads, data[at:]


@given(frames=st.lists(st.one_of(PLAIN, ODD), max_size=8))
def test_whole_frames_are_read_as_the_library_reads_them(frames: list[bytes]) -> None:
    data = b"".join(frames)
    payloads, rest = by_turns(data, FINAL_TEXT)
    expected = [b"(more)" if frame.opcode is Opcode.CONT else bytes(frame.data) for frame in by_library(data)]
    assert (payloads, rest) == (expected, b"")


@given(frames=st.lists(st.one_of(PLAIN, ODD), min_size=1, max_size=5), cut=st.integers(min_value=0))
def test_nothing_is_read_past_the_last_whole_frame(frames: list[bytes], cut: int) -> None:
    data = b"".join(frames)
    cut %= len(data) + 1
    payloads, rest = by_turns(data[:cut], FINAL_TEXT)
    more, over = by_turns(rest + data[cut:], FINAL_TEXT)
    assert (payloads + more, over) == by_turns(data, FINAL_TEXT)


@pytest.mark.parametrize("size", [0, 125, 126, LENGTH_MAX])
def test_every_length_a_message_may_have_is_plain(size: int) -> None:
    frame = masked(Opcode.BINARY, bytes(size))
    assert plain_messages(frame, 0, FINAL_BINARY, LENGTH_MAX) == ([bytes(size)], len(frame))


@pytest.mark.parametrize(
    "start",
    [
        pytest.param(b"\x81\x05", id="unmasked"),
        pytest.param(b"\x81\xfe\x40\x01", id="longer than a message may be"),
        pytest.param(b"\x81\xff" + bytes(7) + b"\x05", id="a length of eight bytes"),
    ],
)
def test_what_the_library_must_judge_is_not_plain(start: bytes) -> None:
    data = start + bytes(4) + b"hello"
    assert plain_messages(data, 0, FINAL_TEXT, LENGTH_MAX) == ([], 0)
    assert end_of_frame(data, 0, LENGTH_MAX) <= len(data)


def test_a_frame_too_long_ends_with_the_data_so_that_it_is_refused_at_once() -> None:
    assert end_of_frame(b"\x81\xfe\x40\x01\0\0\0\0abc", 0, LENGTH_MAX) == 11
    assert end_of_frame(b"\x81\xfe\x40\x00\0\0\0\0abc", 0, LENGTH_MAX) == 8 + LENGTH_MAX
