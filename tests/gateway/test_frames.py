"""Frames against the `websockets` parser, and events against the journal's bytes."""

import msgpack
import orjson
import pytest
from websockets.client import ClientProtocol
from websockets.frames import Frame, Opcode
from websockets.protocol import State
from websockets.uri import parse_uri

from engine.commit import PublicEvent
from gateway.frames import (
    CODECS,
    FINAL_BINARY,
    FINAL_TEXT,
    JSON,
    MSGPACK,
    PING,
    Codec,
    framed,
    payload_of,
    unpacked_event,
)

HEAD = bytes(range(16))


def parsed(data: bytes) -> list[Frame]:
    """Read frames as a client does."""
    client = ClientProtocol(parse_uri("ws://localhost/"), state=State.OPEN, max_size=None)
    client.receive_data(data)
    assert client.parser_exc is None
    return [event for event in client.events_received() if isinstance(event, Frame)]


def event(**fields: object) -> PublicEvent:
    public = {"ev": "bid_placed", "lot": "7", "seq": 3, "at": 1_700_000_000_000_000, **fields}
    return PublicEvent(3, public, msgpack.packb(public), HEAD)


@pytest.mark.parametrize("size", [0, 1, 125, 126, 127, 65_535, 65_536, 100_000])
@pytest.mark.parametrize(("first", "opcode"), [(FINAL_TEXT, Opcode.TEXT), (FINAL_BINARY, Opcode.BINARY)])
def test_frame_of_any_length_is_read_back_whole(size: int, first: int, opcode: Opcode) -> None:
    payload = b"x" * size
    assert parsed(framed(first, payload)) == [Frame(opcode, payload)]
    assert payload_of(framed(first, payload)) == payload


def test_joined_frames_are_read_one_by_one() -> None:
    data = JSON.frame({"ev": "a"}) + PING + JSON.frame({"ev": "b"})
    assert [frame.opcode for frame in parsed(data)] == [Opcode.TEXT, Opcode.PING, Opcode.TEXT]


def read(codec: Codec, frame: bytes) -> dict[str, object]:
    payload = payload_of(frame)
    message: dict[str, object] = orjson.loads(payload) if codec is JSON else msgpack.unpackb(payload)
    return message


@pytest.mark.parametrize("codec", CODECS, ids=lambda codec: codec.name)
@pytest.mark.parametrize("extra", [0, 10, 11, 12, 13, 300], ids=lambda count: f"{count + 4} fields")
def test_event_frame_is_the_public_part_with_its_head(codec: Codec, extra: int) -> None:
    said = event(**{f"field_{place}": place for place in range(extra)})
    assert read(codec, codec.event_frame(said)) == {**said.public, "head": HEAD.hex()}


def test_binary_event_frame_holds_the_very_bytes_that_were_hashed() -> None:
    said = event(paddle=41)
    assert said.packed[1:] in MSGPACK.event_frame(said)


def test_event_of_more_than_a_map_header_can_count_is_no_event() -> None:
    with pytest.raises(AssertionError, match="0xdf"):
        MSGPACK.event_frame(PublicEvent(1, {}, b"\xdf\x00\x01\x00\x00", HEAD))


def test_packed_event_can_be_told_in_json() -> None:
    said = event(notice="Zuschlag für Größeres \u2603")
    assert JSON.frame(unpacked_event(MSGPACK.event_frame(said))) == JSON.event_frame(said)


@pytest.mark.parametrize("codec", CODECS, ids=lambda codec: codec.name)
@pytest.mark.parametrize("count", [0, 1, 15, 16, 70_000])
def test_list_of_encoded_messages_is_joined_without_encoding_them_again(codec: Codec, count: int) -> None:
    frame = codec.joined({"ev": "states", "now": 5}, "states", [codec.encode({"lot": place}) for place in range(count)])
    assert read(codec, frame) == {"ev": "states", "now": 5, "states": [{"lot": place} for place in range(count)]}
