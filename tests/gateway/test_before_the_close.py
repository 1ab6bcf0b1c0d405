"""Before the close nothing tells a ceiling, a sealed bid, or who is behind a paddle.

Every route and every feed is walked. One sale is played with planted secrets, and what a watcher, another bidder and
the operators are told is searched for them; a second sale that differs only in what is private must give the same
bytes. All of it happens within a second: a longer jump of the clock would be an outage.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any, NamedTuple

import orjson
import pytest

from clock.instants import MILLISECOND_US
from gateway import documents
from gateway.frames import JSON, MSGPACK, Codec
from lots.orders import Ring
from tests.gateway.front import NOW, Front, Visitor, bearer, open_front, token
from tests.lots.saleroom import OPENS_AT

CLOSE = NOW + 800 * MILLISECOND_US
LOTS = ("proxy", "sealed", "court", "quotes")
PRICE_CEILING = 1_000


class Secrets(NamedTuple):
    """What only the house knows: it may be otherwise without anybody noticing."""

    ann: str
    zoe: str
    ceiling: int
    raises: tuple[int, ...]
    reserve: int
    sealed: tuple[tuple[str, int], ...]
    quotes: tuple[int, ...]


PLANTED = Secrets(
    "planted-ann", "planted-zoe", 7_654_321, (8_765_432,), 9_876_543, (("planted-ann", 6_543_217),), (5_432_176,)
)
OTHERS = (
    PLANTED._replace(ceiling=7_000_001),
    PLANTED._replace(raises=()),
    PLANTED._replace(raises=(8_000_001, 8_000_002, 8_000_003)),
    PLANTED._replace(reserve=9_800_001),
    PLANTED._replace(sealed=()),
    PLANTED._replace(sealed=(("planted-zoe", 700), ("planted-ann", 6_000_001), ("planted-zoe", 800))),
    PLANTED._replace(quotes=()),
    PLANTED._replace(quotes=(5_000_001,)),
    PLANTED._replace(ann="somebody-else", zoe="yet-another", sealed=(("yet-another", 650),)),
)

PADDLES = {"ann": 11, "zoe": 12, "bob": 13}
"""What chance draws for whom: paddles 111, 112 and 113, whoever else has drawn before."""


class Chance:
    """Draws for the person whose turn it is, so that one bidder more changes nobody else's paddle."""

    def __init__(self) -> None:
        self.drawn = 0

    def draw(self) -> int:
        """Return what was set."""
        return self.drawn


class Tape(Visitor):
    """A visitor who keeps every byte that he is sent."""

    def __init__(self, front: Front, name: str, codec: Codec, *headers: tuple[str, str]) -> None:
        super().__init__(front.gateway, codec)
        self.name = name
        self.bytes = b""
        assert self.knock(*headers) is None

    def write(self, data: bytes) -> None:
        """Keep frames as bytes and as messages."""
        self.bytes += data
        super().write(data)


class Stage:
    """A house in which the secrets are played, with everyone watching from whom they must be kept."""

    def __init__(self, front: Front, secrets: Secrets) -> None:
        self.front = front
        self.secrets = secrets
        self.chance = Chance()
        front.gateway.desk._chances = self.chance  # type: ignore[assignment]
        self.names = {"ann": secrets.ann, "zoe": secrets.zoe, "bob": "bob"}
        self.tapes: list[Tape] = []
        self._refs = iter(range(10_000))

    async def list(self) -> None:
        """List the four lots."""
        soon = {"opens_at": OPENS_AT, "closes_at": CLOSE}
        await self.front.list("proxy", reserve=self.secrets.reserve, **soon)
        await self.front.list("sealed", format="sealed", sealed={"pricing": "second"}, **soon)
        registration = {"statements": ["I may."], "check": True}
        await self.front.list("court", deposit=500, registration=registration, priority=True, proxy=False, **soon)
        phases = {"countdown_s": 600, "ceiling": PRICE_CEILING, "quote_s": 3_000}
        await self.front.list("quotes", format="two_phase", two_phase=phases, **soon)

    def watch(self) -> None:
        """Let everyone watch on every feed, in both formats."""
        for codec in (JSON, MSGPACK):
            for who, headers in _WATCHERS.items():
                for feed in ("full", "live", "sale"):
                    tape = Tape(self.front, f"{who} {feed} {codec.name}", codec, *headers)
                    self.tapes.append(tape)
                    if feed == "sale":
                        tape.say(op="watch", sale="S")
                    else:
                        for lot in LOTS:
                            tape.say(op="watch", lot=lot, feed=feed)
                    if who == "operator":
                        tape.say(op="watch", feed="operations")

    async def say(self, person: str, lot: str, path: str, **body: Any) -> dict[str, Any]:  # noqa: ANN401  a body
        """Let a person say something over HTTP; what he is told himself is his own affair."""
        self.chance.drawn = PADDLES[person]
        async with self.front.http() as client:
            said = {"ref": f"{person}-{next(self._refs)}", **body}
            response = await client.post(f"/v1/lots/{lot}/{path}", json=said, headers=bearer(self.names[person]))
        told: dict[str, Any] = response.json()
        assert response.status_code == 200, told
        await swept()
        return told

    async def order(self, lot: str, order: str, person: str, **body: Any) -> dict[str, Any]:  # noqa: ANN401  a body
        """Let an operator order something about a person."""
        self.chance.drawn = PADDLES[person]
        async with self.front.http() as client:
            said = {"order": order, "ref": f"o-{next(self._refs)}", "bidder": self.names[person], **body}
            response = await client.post(f"/v1/lots/{lot}/orders", json=said, headers=bearer("olga", "operator"))
        told: dict[str, Any] = response.json()
        assert response.status_code == 200, told
        return told

    async def play(self) -> None:
        """Play the secrets, and beside them what is public in every run."""
        secrets = self.secrets
        await self.say("ann", "proxy", "bids", max=secrets.ceiling, confirm=True)
        for amount in secrets.raises:
            await self.say("ann", "proxy", "bids", max=amount + 1_000_000, confirm=True)
        await self.say("bob", "proxy", "bids", amount=500, confirm=True)
        for name, amount in secrets.sealed:
            await self.say("ann" if name == secrets.ann else "zoe", "sealed", "bids", amount=amount, confirm=True)
        for person in ("zoe", "ann"):
            await self.say(person, "court", "registrations", accepts=["I may."])
            told = await self.order("court", "admit", person, rank=1 if person == "zoe" else None)
            assert told["paddle"] is None
            await self.order("court", "deposit", person, amount=500, payment=f"pay-{person}")
        await self.say("ann", "court", "bids", amount=100, confirm=True)
        await self.say("zoe", "court", "bids", amount=100, confirm=True)
        await self.say("bob", "quotes", "bids", amount=PRICE_CEILING, confirm=True)
        for amount in secrets.quotes:
            await self.say("ann", "quotes", "bids", amount=amount, confirm=True)
        self.front.clock.advance(200 * MILLISECOND_US)
        self.front.gateway.operations.tick()
        self._let_others_try()

    def _let_others_try(self) -> None:
        """Let the other bidder try what might make the house talk."""
        tape = Tape(self.front, "bob trying", JSON, *_WATCHERS["bob"])
        self.tapes.append(tape)
        for number, lot in enumerate(LOTS):
            tape.say(op="bid", lot=lot, amount=3, ref=f"t-{number}")
            tape.say(op="max_bid", lot=lot, amount=4, ref=f"m-{number}")
            tape.say(op="join", lot=lot, ref=f"j-{number}")
            tape.say(op="watch", lot=lot, after=0)

    async def walk(self) -> dict[tuple[str, str], bytes]:
        """Ask every route that gives anything, as everyone from whom the secrets must be kept."""
        found: dict[tuple[str, str], bytes] = {}
        async with self.front.http() as client:
            for path in _paths():
                for who, headers in _ASKING.items():
                    response = await client.get(path, headers=headers)
                    assert response.status_code < 500, (path, response.text)
                    found[who, path] = response.content
        return found


_WATCHERS: dict[str, tuple[tuple[str, str], ...]] = {
    "anyone": (),
    "bob": (("Authorization", f"Bearer {token('bob')}"),),
    "operator": (("Authorization", f"Bearer {token('olga', 'operator')}"),),
}
_ASKING: dict[str, dict[str, str]] = {
    "anyone": {},
    "bob": bearer("bob"),
    "operator": bearer("olga", "operator"),
    "admin": bearer("ada", "admin"),
    "auditor": bearer("otto", "auditor"),
}


def _paths() -> Iterator[str]:
    """Yield every address that can be asked, from the document that the house itself publishes."""
    paths = [path for path, calls in orjson.loads(documents.openapi("1"))["paths"].items() if "get" in calls]
    assert len(paths) > 12
    for path in [*paths, "/healthz", "/readyz", "/metrics"]:
        for lot in LOTS if "{lot}" in path else ("",):
            yield (
                path.replace("{lot}", lot).replace("{sale}", "S").replace("{consignor}", "c").replace("{sheet}", "ebay")
            )


@asynccontextmanager
async def played(secrets: Secrets) -> AsyncIterator[Stage]:
    """Play a sale up to a moment before its close."""
    async with open_front("other", state_period_us=1, watchers_period_s=1e-6, bids_per_second=0) as front:
        stage = Stage(front, secrets)
        front.clock.set(NOW)
        await stage.list()
        stage.watch()
        await swept()
        await stage.play()
        await swept()
        yield stage


async def swept() -> None:
    """Let all feeds be swept: each has its turn in the next passes of the loop."""
    for _ in range(20):
        await asyncio.sleep(0)


def leaves(value: object) -> Iterator[object]:
    """Yield everything that stands in JSON, names of fields apart."""
    if isinstance(value, dict):
        for inner in value.values():
            yield from leaves(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from leaves(inner)
    else:
        yield value


def told(stage: Stage, walked: dict[tuple[str, str], bytes]) -> Iterator[tuple[str, list[object], str]]:
    """Yield all that others were told: by whom it was heard or asked, what stands in it, and the whole."""
    for tape in stage.tapes:
        for message in tape.said:
            yield tape.name, list(leaves(message)), str(message)
    for (who, path), content in walked.items():
        whole = content.decode()
        yield f"{who} {path}", list(leaves(orjson.loads(content))) if content[:1] == b"{" else [], whole


async def test_no_planted_amount_is_told_before_the_close() -> None:
    async with played(PLANTED) as stage:
        walked = await stage.walk()
        amounts = {PLANTED.ceiling, *PLANTED.raises, PLANTED.raises[0] + 1_000_000, PLANTED.reserve}
        amounts |= {amount for _, amount in PLANTED.sealed} | set(PLANTED.quotes)
        for where, values, whole in told(stage, walked):
            assert not amounts & {value for value in values if isinstance(value, int)}, where
            assert not [amount for amount in amounts if str(amount) in whole], where


async def test_nobody_hears_who_is_behind_a_paddle_and_operators_read_names_without_paddles() -> None:
    async with played(PLANTED) as stage:
        walked = await stage.walk()
        for where, values, whole in told(stage, walked):
            if "planted" in whole:
                assert where in {"operator /v1/lots/court/registrations", "admin /v1/lots/court/registrations"}
                assert not {111, 112, 113} & {value for value in values if isinstance(value, int)}


@pytest.mark.parametrize("others", OTHERS)
async def test_a_sale_that_differs_only_in_what_is_private_is_told_in_the_same_bytes(others: Secrets) -> None:
    async with played(PLANTED) as stage:
        tapes, walked = [(tape.name, tape.bytes) for tape in stage.tapes], await stage.walk()
    async with played(others) as stage:
        others_tapes, others_walked = [(tape.name, tape.bytes) for tape in stage.tapes], await stage.walk()
    for (name, heard), (_, others_heard) in zip(tapes, others_tapes, strict=True):
        assert heard == others_heard, name
    for asked, content in walked.items():
        if not asked[1].endswith("/registrations"):
            assert comparable(asked[1], content) == comparable(asked[1], others_walked[asked]), asked


def comparable(path: str, content: bytes) -> bytes:
    """Return an answer without what the process says of itself, such as the memory it takes."""
    if path != "/metrics":
        return content
    lines = (line for line in content.splitlines() if line.startswith(b"knockdown_"))
    return b"\n".join(line for line in lines if not line.startswith(b"knockdown_loop_lag"))


async def test_after_the_close_what_was_sealed_is_open_and_the_record_can_be_read() -> None:
    async with played(PLANTED) as stage:
        stage.front.clock.set(CLOSE)
        stage.front.house.submit(Ring("sealed"), lambda _answer: None)
        await swept()
        walked = await stage.walk()
        assert str(PLANTED.sealed[0][1]) in walked["anyone", "/v1/lots/sealed/events"].decode()
        assert PLANTED.ann in walked["auditor", "/v1/lots/sealed/record"].decode()
        assert orjson.loads(walked["auditor", "/v1/lots/proxy/record"])["code"] == "wrong_phase"
