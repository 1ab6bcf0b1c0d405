"""A seat against a scripted house: one hello a line, the server's clock, and an identity that is renewed."""

import asyncio
from typing import Any

import pytest

from bench.client import JSON, MSGPACK, Form
from bench.seat import Seat
from tests.bench.scripted_house import open_doors


async def seated(seat: Seat, done: asyncio.Event) -> None:
    seat.arrive()
    await done.wait()
    await seat.leave()


@pytest.mark.parametrize("form", [JSON, MSGPACK])
async def test_what_is_said_at_the_hello_arrives_in_both_wire_formats(form: Form) -> None:
    done = asyncio.Event()

    def told(message: dict[str, Any]) -> None:
        if message["ev"] == "hello":
            seat.send({"op": "watch", "sale": "s"})
        elif message["ev"] == "sale" and not message["more"]:
            done.set()

    async with open_doors() as house:
        seat = Seat(house.url, lambda: "ann", form, told)
        await seated(seat, done)
        assert house.watched == [{"op": "watch", "sale": "s"}]
        assert house.greeted == {"ann": 1}


async def test_a_lost_line_brings_another_hello() -> None:
    done = asyncio.Event()
    hellos: list[dict[str, Any]] = []
    cuts: list[asyncio.Task[None]] = []

    def told(message: dict[str, Any]) -> None:
        if message["ev"] != "hello":
            return
        hellos.append(message)
        if len(hellos) == 1:
            cuts.append(asyncio.create_task(house.cut(1012)))
        else:
            done.set()

    async with open_doors() as house:
        await seated(Seat(house.url, lambda: "ann", JSON, told), done)
        assert house.greeted == {"ann": 2}


def seat_of_nobody() -> tuple[Seat, list[dict[str, Any]]]:
    heard: list[dict[str, Any]] = []
    return Seat("http://127.0.0.1:1", lambda: "a-token", JSON, heard.append), heard


def here_us() -> int:
    return round(asyncio.get_running_loop().time() * 1_000_000)


async def test_the_servers_clock_is_taken_from_the_quickest_answer() -> None:
    seat, _ = seat_of_nobody()
    sent = here_us()
    seat.hear({"ev": "time", "sent": sent, "now": sent + 7_000_000})
    seat.hear({"ev": "time", "sent": sent - 5_000_000, "now": sent + 99_000_000})  # took five seconds
    assert seat.server_now() - here_us() == pytest.approx(7_000_000, abs=500_000)


async def test_until_it_has_asked_it_believes_the_hello() -> None:
    seat, _ = seat_of_nobody()
    seat.hear({"ev": "hello", "now": here_us() + 3_000_000, "role": "bidder"})
    assert seat.server_now() - here_us() == pytest.approx(3_000_000, abs=500_000)


async def test_a_line_that_loses_its_identity_is_shown_a_fresh_token_and_is_not_greeted_again() -> None:
    seat, heard = seat_of_nobody()
    for role in ("bidder", "watcher", "bidder"):
        seat.hear({"ev": "hello", "now": 0, "role": role})
    assert len(heard) == 1
    assert seat._outbox.get_nowait() == {"op": "auth", "token": "a-token"}
    assert seat._outbox.empty()
