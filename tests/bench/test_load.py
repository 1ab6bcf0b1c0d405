"""The load generator's frames are legal, its scan finds every message, and it aims at this machine only."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from websockets.frames import Frame, Opcode
from websockets.protocol import SERVER, Protocol

from bench.load import Address, NotLoopbackError, frame, loopback, scan, upgrade_request

SIZES = [0, 1, 125, 126, 127, 65_535, 65_536]


def server_frame(payload: bytes, opcode: Opcode = Opcode.TEXT) -> bytes:
    protocol = Protocol(SERVER)
    return Frame(opcode, payload).serialize(mask=False, extensions=protocol.extensions)


@pytest.mark.parametrize("size", SIZES)
def test_a_client_frame_is_read_back_by_a_real_server(size: int) -> None:
    server = Protocol(SERVER, max_size=None)
    server.receive_data(frame(b"x" * size))
    (event,) = server.events_received()
    assert isinstance(event, Frame)
    assert (event.opcode, event.data) == (Opcode.TEXT, b"x" * size)


@pytest.mark.parametrize("size", SIZES)
def test_a_scan_finds_a_message_of_any_length(size: int) -> None:
    data = server_frame(b"y" * size)
    found = scan(data)
    assert [data[where] for where in found.messages] == [b"y" * size]
    assert found.rest == len(data)


@given(st.lists(st.binary(max_size=300), max_size=8), st.integers(min_value=0, max_value=2_500))
def test_wherever_the_bytes_are_cut_the_messages_are_the_same(payloads: list[bytes], cut: int) -> None:
    data = b"".join(server_frame(payload, Opcode.BINARY) for payload in payloads)
    first = scan(data[:cut])
    rest = data[:cut][first.rest :] + data[cut:]
    second = scan(rest)
    heard = [data[:cut][where] for where in first.messages] + [rest[where] for where in second.messages]
    assert heard == payloads


def test_control_frames_are_told_apart_from_messages() -> None:
    data = server_frame(b"are you there", Opcode.PING) + server_frame(b"m") + server_frame(b"\x03\xe8", Opcode.CLOSE)
    found = scan(data)
    assert [data[where] for where in found.pings] == [b"are you there"]
    assert [data[where] for where in found.messages] == [b"m"]
    assert found.closed is not None
    assert data[found.closed] == b"\x03\xe8"


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("http://127.0.0.1:8000", Address("127.0.0.1", 8000)),
        ("ws://localhost:9/v1/ws", Address("127.0.0.1", 9)),
        ("127.0.0.7:8000", Address("127.0.0.7", 8000)),
        ("http://[::1]:8000", Address("::1", 8000)),
        ("http://localhost", Address("127.0.0.1", 80)),
    ],
)
def test_a_loopback_url_is_taken(url: str, address: Address) -> None:
    assert loopback(url) == address


@pytest.mark.parametrize(
    "url", ["http://example.com", "http://10.0.0.1:8000", "https://127.0.0.1.example.com", "http://"]
)
def test_any_other_host_is_refused_with_a_sentence(url: str) -> None:
    with pytest.raises(NotLoopbackError, match="only ever aims at this machine"):
        loopback(url)


def test_the_upgrade_names_the_subprotocol_and_the_identity() -> None:
    request = upgrade_request(Address("127.0.0.1", 1), "t0ken")
    assert b"Sec-WebSocket-Protocol: knockdown.v1.json\r\n" in request
    assert b"Authorization: Bearer t0ken\r\n" in request
    assert b"Authorization" not in upgrade_request(Address("127.0.0.1", 1), None)


def test_a_client_may_mask_with_a_zero_key() -> None:
    assert frame(b"{}")[2:6] == b"\0\0\0\0"
