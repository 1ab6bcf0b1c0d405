"""The wire over real sockets: with an ordinary client, and with peers who break the rules."""

import asyncio
import socket
import struct
from collections.abc import AsyncIterator

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosedError, InvalidStatus
from websockets.frames import Frame, Opcode

from gateway.frames import JSON, MSGPACK
from gateway.wire import Wire
from tests.gateway.doors import Doors, Peer, Porter, masked, opened

MSGPACK_OFFER = "Sec-WebSocket-Protocol: knockdown.v1.msgpack"


@pytest.fixture
async def doors() -> AsyncIterator[Doors]:
    async with opened() as doors:
        yield doors


def echo(wire: Wire, payload: bytes) -> None:
    wire.send({"heard": len(payload)})


# The handshake.


@pytest.mark.parametrize(
    ("offer", "chosen"),
    [
        (None, None),
        (["knockdown.v1.json"], "knockdown.v1.json"),
        (["knockdown.v1.msgpack"], "knockdown.v1.msgpack"),
        (["knockdown.v9", "knockdown.v1.msgpack", "knockdown.v1.json"], "knockdown.v1.msgpack"),
    ],
)
async def test_first_known_subprotocol_is_chosen(doors: Doors, offer: list[str] | None, chosen: str | None) -> None:
    async with connect(doors.url, subprotocols=offer) as client:  # type: ignore[arg-type]  # str will do
        assert client.subprotocol == chosen
        assert isinstance(await client.recv(), bytes if chosen == MSGPACK.subprotocol else str)


async def test_compression_is_declined(doors: Doors) -> None:
    _, head = await doors.knock("Sec-WebSocket-Extensions: permessage-deflate")
    assert b"Extensions" not in head


async def test_only_unknown_subprotocols_are_refused_with_the_known_ones_named(doors: Doors) -> None:
    with pytest.raises(InvalidStatus) as refused:
        await connect(doors.url, subprotocols=["mqtt"])  # type: ignore[list-item]  # str will do
    assert refused.value.response.status_code == 400
    assert b"knockdown.v1.json" in (refused.value.response.body or b"")
    assert doors.board.refused == 1
    assert not doors.porter.wires


async def test_reception_refuses_with_a_status_and_a_sentence(doors: Doors) -> None:
    doors.porter.refusal = (403, "This page may not connect.")
    with pytest.raises(InvalidStatus) as refused:
        await connect(doors.url)
    assert refused.value.response.status_code == 403
    assert refused.value.response.body == b"This page may not connect.\n"
    assert doors.porter.gone.empty()


async def test_request_that_is_no_websocket_handshake_is_answered_400(doors: Doors) -> None:
    _, head = await doors.knock("Sec-WebSocket-Key: a second key")
    assert head.startswith(b"HTTP/1.1 400 ")


async def test_headers_are_at_hand_while_greeting_and_dropped_then(doors: Doors) -> None:
    await doors.come_in("Authorization: Bearer abc")
    assert doors.porter.headers["Authorization"] == "Bearer abc"
    assert not doors.porter.wires[0].headers


# Messages.


async def test_text_is_heard_whole_and_answered(doors: Doors) -> None:
    doors.porter.answer = echo
    async with connect(doors.url) as client:
        await client.recv()
        await client.send("größer")
        assert await client.recv() == '{"heard":8}'
    assert doors.porter.heard.get_nowait() == ("größer".encode(), True)


async def test_fragments_are_joined_even_in_the_middle_of_a_character(doors: Doors) -> None:
    peer = await doors.come_in()
    whole = "größer".encode()
    peer.say(masked(Opcode.TEXT, whole[:3], fin=False) + masked(Opcode.CONT, b"", fin=False))
    peer.say(masked(Opcode.PING, b"between"))
    peer.say(masked(Opcode.CONT, whole[3:]) + masked(Opcode.TEXT, b"next"))
    assert await peer.frame() == (0x8A, b"between")
    assert [await doors.porter.heard.get() for _ in range(2)] == [(whole, True), (b"next", True)]


async def test_frame_cut_into_single_bytes_is_heard(doors: Doors) -> None:
    peer = await doors.come_in(MSGPACK_OFFER)
    peer.writer.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    for byte in masked(Opcode.BINARY, b"\x81\xa2op"):
        peer.say(bytes((byte,)))
        await peer.writer.drain()
        await asyncio.sleep(0)
    assert await doors.porter.heard.get() == (b"\x81\xa2op", False)


async def test_message_of_the_greatest_size_is_heard(doors: Doors) -> None:
    peer = await doors.come_in()
    peer.say(masked(Opcode.TEXT, b"x" * 16_384))
    assert len((await doors.porter.heard.get())[0]) == 16_384


async def test_flood_in_one_read_is_heard_whole_and_in_order(doors: Doors) -> None:
    peer = await doors.come_in()
    peer.say(b"".join(masked(Opcode.TEXT, b"%d" % number) for number in range(20_000)))
    heard = [int((await doors.porter.heard.get())[0]) for _ in range(20_000)]
    assert heard == list(range(20_000))


async def test_request_with_large_headers_is_let_in(doors: Doors) -> None:
    await doors.come_in("Cookie: big=" + "x" * 7_000, "X-Large: " + "x" * 7_000)


async def test_ping_is_answered_with_its_payload(doors: Doors) -> None:
    peer = await doors.come_in()
    peer.say(masked(Opcode.PING, b"are you there"))
    assert await peer.frame() == (0x8A, b"are you there")


# Breaches.


async def breach(doors: Doors, data: bytes, *lines: str) -> int:
    """Say something forbidden, and go on talking; the close code that comes back, before anything is lost."""
    peer = await doors.come_in(*lines)
    peer.say(data + masked(Opcode.TEXT, b"unheard") * 3)
    code = await peer.close_code()
    assert await peer.end() == b""
    await doors.porter.gone.get()
    peer.writer.close()
    return code


def masking_off(data: bytes) -> bytes:
    return Frame(Opcode.TEXT, data).serialize(mask=False)


@pytest.mark.parametrize(
    ("data", "code"),
    [
        pytest.param(masking_off(b"plain"), 1002, id="unmasked"),
        pytest.param(masked(Opcode.TEXT, b"bits", rsv1=True), 1002, id="reserved-bit"),
        pytest.param(b"\x83\x80\0\0\0\0", 1002, id="reserved-opcode"),
        pytest.param(masked(Opcode.CONT, b"of what"), 1002, id="continuation-of-nothing"),
        pytest.param(
            masked(Opcode.TEXT, b"a", fin=False) + masked(Opcode.TEXT, b"b"), 1002, id="message-within-a-message"
        ),
        pytest.param(b"\x89\xfe\x00\x7e\0\0\0\0" + bytes(126), 1002, id="long-ping"),
        pytest.param(masked(Opcode.CLOSE, b"\x03"), 1002, id="close-code-cut"),
        pytest.param(masked(Opcode.CLOSE, struct.pack("!H", 1005)), 1002, id="close-code-reserved"),
        pytest.param(masked(Opcode.BINARY, b"\x80"), 1003, id="binary-on-json"),
        pytest.param(
            masked(Opcode.BINARY, b"\x80", fin=False) + masked(Opcode.CONT, b""), 1003, id="binary-fragment-on-json"
        ),
        pytest.param(masked(Opcode.BINARY, b"\x80") + b"\x83\x80", 1003, id="the-first-of-two-breaches"),
        pytest.param(masked(Opcode.TEXT, b"\xff\xfe"), 1007, id="bad-utf-8"),
        pytest.param(masked(Opcode.CLOSE, b"\x03\xe8\xff"), 1007, id="bad-utf-8-in-close"),
        pytest.param(masked(Opcode.TEXT, bytes(16_385)), 1009, id="too-long"),
        pytest.param(b"\x81\xff" + b"\x7f" + bytes(7) + bytes(4), 1009, id="endless"),
        pytest.param(
            masked(Opcode.TEXT, bytes(9_000), fin=False) + masked(Opcode.CONT, bytes(9_000)), 1009, id="fragments"
        ),
    ],
)
async def test_breach_of_the_rules_closes_with_its_code(doors: Doors, data: bytes, code: int) -> None:
    assert await breach(doors, data) == code
    assert doors.porter.heard.empty()


async def test_text_on_a_binary_wire_closes_1003(doors: Doors) -> None:
    assert await breach(doors, masked(Opcode.TEXT, b"{}"), MSGPACK_OFFER) == 1003


async def test_fault_of_the_house_ends_this_wire_alone(doors: Doors) -> None:
    def stumble(_wire: Wire, payload: bytes) -> None:
        assert payload != b"stumble"

    doors.porter.answer = stumble
    other = await doors.come_in()
    assert await breach(doors, masked(Opcode.TEXT, b"stumble")) == 1011
    other.say(masked(Opcode.TEXT, b"still here"))
    assert (await doors.porter.heard.get())[0] == b"stumble"
    assert (await doors.porter.heard.get())[0] == b"still here"


@pytest.mark.parametrize(
    "stray", [masked(Opcode.PING, b""), masked(Opcode.CONT, b"", fin=False)], ids=["ping", "empty"]
)
async def test_flood_of_frames_that_say_nothing_closes_1008(stray: bytes) -> None:
    async with opened(stray_frames_max=100) as doors:
        begun = masked(Opcode.TEXT, b"", fin=False)
        assert await breach(doors, begun + stray * 101 + masked(Opcode.CONT, b"")) == 1008


async def test_fault_of_the_house_in_greeting_ends_this_wire_alone() -> None:
    class Stumbler(Porter):
        def opened(self, wire: Wire) -> None:
            super().opened(wire)
            assert len(self.wires) > 1

    async with opened(Stumbler()) as doors:
        with pytest.raises((asyncio.IncompleteReadError, ConnectionError)):
            await doors.come_in()
        await doors.come_in()
        assert doors.board.wires == 1


# Writing.


async def test_frames_of_one_pass_keep_their_order_before_the_close(doors: Doors) -> None:
    def answer(wire: Wire, _payload: bytes) -> None:
        for number in range(5):
            wire.send({"n": number})
        wire.close(4401, "unauthenticated")
        wire.send({"n": "never"})

    doors.porter.answer = answer
    async with connect(doors.url) as client:
        await client.recv()
        await client.send("now")
        assert [await client.recv() for _ in range(5)] == [f'{{"n":{number}}}' for number in range(5)]
        with pytest.raises(ConnectionClosedError) as closed:
            await client.recv()
    assert closed.value.rcvd is not None
    assert (closed.value.rcvd.code, closed.value.rcvd.reason) == (4401, "unauthenticated")


async def test_long_reason_is_cut_to_what_a_close_frame_holds(doors: Doors) -> None:
    peer = await doors.come_in()
    doors.porter.wires[0].close(1008, "ü" * 100)
    assert await peer.frame() == (0x88, struct.pack("!H", 1008) + ("ü" * 61).encode())


async def test_answers_to_messages_before_a_close_frame_go_out_before_its_echo(doors: Doors) -> None:
    doors.porter.answer = echo
    peer = await doors.come_in()
    peer.say(masked(Opcode.TEXT, b"bid") + masked(Opcode.CLOSE, struct.pack("!H", 1000)))
    assert await peer.frame() == (0x81, b'{"heard":3}')
    assert await peer.frame() == (0x88, struct.pack("!H", 1000))
    assert await peer.end() == b""


async def test_writing_to_a_wire_that_ended_does_nothing(doors: Doors) -> None:
    peer = await doors.come_in()
    peer.writer.transport.abort()
    wire = await doors.porter.gone.get()
    wire.send({"ev": "too late"})
    wire.close(1000)
    wire.abort()
    assert doors.porter.gone.empty()


# Endings.


async def test_half_closed_socket_ends_cleanly_and_gets_what_was_written(doors: Doors) -> None:
    doors.porter.answer = echo
    peer = await doors.come_in()
    peer.say(masked(Opcode.TEXT, b"last words"))
    peer.writer.write_eof()
    assert await peer.frame() == (0x81, b'{"heard":10}')
    assert await peer.end() == b""
    await doors.porter.gone.get()


async def test_server_forgets_a_wire_that_is_gone() -> None:
    async with opened() as doors:
        await doors.come_in()
        assert (doors.board.wires, len(doors.server.server_state.connections)) == (1, 1)
    assert (doors.board.wires, len(doors.server.server_state.connections)) == (0, 0)


async def test_stopping_says_goodbye_then_closes_1012() -> None:
    async with opened() as doors:
        peer = await doors.come_in()
        stopping = asyncio.ensure_future(doors.server.shutdown())
        assert await peer.frame() == (0x81, JSON.encode({"ev": "goodbye"}))
        assert await peer.close_code() == 1012
        peer.writer.close()
        await stopping
    assert doors.porter.gone.qsize() == 1


async def test_peer_that_does_not_answer_a_close_frame_is_cut_off() -> None:
    async with opened(ending_s=0.05, ping_s=1.0) as doors:
        peer = await doors.come_in()
        doors.porter.wires[0].close(1008)
        assert await peer.close_code() == 1008
        assert await peer.end() == b""


async def test_peer_that_answers_pings_stays_and_a_silent_one_goes() -> None:
    async with opened(ping_s=0.1) as doors:
        silent = await doors.come_in()
        async with connect(doors.url, ping_interval=None) as client:
            await client.recv()
            assert await silent.frame() == (0x89, b"")
            assert (await doors.porter.gone.get()) is doors.porter.wires[0]
            await client.send("still here")
            assert (await doors.porter.heard.get())[0] == b"still here"
        assert doors.board.silent_dropped == 1


# Slow readers.


async def sip(doors: Doors) -> Peer:
    """Come in, and read nothing more; the kernel is to hold little for him."""
    peer = await doors.come_in()
    served = doors.porter.wires[-1].transport.get_extra_info("socket")
    served.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 64 * 1024)
    peer.writer.transport.pause_reading()  # type: ignore[attr-defined]  # a stream's transport can read
    return peer


def fill(wire: Wire) -> int:
    """Write until far more is unsent than makes a wire slow; returns how many frames that took."""
    frame = JSON.frame({"filler": "x" * 10_000})
    count = 0
    while wire.transport.get_write_buffer_size() < 512 * 1024:
        wire.write(frame)
        wire.flush()
        count += 1
    return count


async def test_slow_reader_is_told_apart_and_drained_when_he_reads() -> None:
    async with opened() as doors:
        peer = await sip(doors)
        wire = doors.porter.wires[0]
        filled = fill(wire)
        peer.writer.transport.resume_reading()  # type: ignore[attr-defined]  # a stream's transport can read
        for _ in range(filled):
            await peer.frame()
        assert await doors.porter.drained_wires.get() is wire
        assert not wire.slow
        wire.send({"ev": "again"})
        assert await peer.frame() == (0x81, b'{"ev":"again"}')


async def test_slow_reader_with_too_much_unsent_is_dropped_and_others_go_on() -> None:
    async with opened() as doors:
        doors.porter.answer = echo
        await sip(doors)
        other = await doors.come_in()
        wire = doors.porter.wires[0]
        fill(wire)
        while doors.porter.gone.empty():
            wire.write(b"x" * 100_000)
            wire.flush()
        assert doors.board.slow_dropped == 1
        other.say(masked(Opcode.TEXT, b"here"))
        assert await other.frame() == (0x81, b'{"heard":4}')


async def test_wire_that_is_closed_with_too_much_unsent_ends_once() -> None:
    async with opened() as doors:
        await sip(doors)
        wire = doors.porter.wires[0]
        fill(wire)
        wire.write(b"x" * 1_000_000)
        wire.close(1008)
        await doors.porter.gone.get()
    assert doors.porter.gone.empty()
    assert doors.board.wires == 0


async def test_reader_slow_for_too_long_is_dropped() -> None:
    async with opened(Porter(), slow_us_max=50_000, ping_s=1.0) as doors:
        await sip(doors)
        fill(doors.porter.wires[0])
        await doors.porter.gone.get()
        assert doors.board.slow_dropped == 1
