"""The stage: a whole house with its gateway, on which a rule sheet is played row by row over the real API.

Everything is asked over HTTP or over WebSockets, as any client would; only the clock is ours: it moves to the
microsecond of each row, and the bell rings for every instant that it passes. A spectator in the gallery watches all
lots on the full feed, checks their heads, and must always have what a snapshot says.
It refuses to know rules: what must be true stands in the tables (`rows`).

Invariants: no jump of the clock counts as an outage; after each row all is decided, stored and told.
"""

import asyncio
import base64
import csv
import hashlib
import hmac
import io
import json
import re
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from importlib import resources
from typing import Any, Final

import httpx
import msgpack
import orjson

from clock.instants import DAY_US, SECOND_US, Clock, ManualClock, format_instant
from engine.house import House
from engine.journal import Journal
from engine.limits import EngineLimits
from gateway.app import Gateway
from gateway.frames import MSGPACK
from lots.ledger import Account
from lots.orders import OPS, REOFFERS
from lots.sheets import ABOUT
from tests.gateway.front import PAYMENT_SECRET, SECRET, Front, Message, Visitor, token
from tests.sheets.rows import Bell, Row, instant, money, rows, told_instant, told_money

_LONG_AGO: Final = -40 * DAY_US
_FOR_EVER: Final = 2**60
UNTROUBLED: Final = EngineLimits(
    outage_us=_FOR_EVER, store_patience_us=_FOR_EVER, clock_error_us_max=_FOR_EVER, store_reply_us=5 * SECOND_US
)
"""The clock jumps from row to row, and is not the store's: neither is a fault here."""
ADMIN, AUDITOR, PROVIDER = "ada", "anna", "bank"
"""Who takes consignors on, who reads what is private after the close, and whose notices say that a deposit came in."""
_PATIENCE_S: Final = 10.0
_PASSES: Final = 10
_KEY: Final = base64.b64decode(PAYMENT_SECRET.removeprefix("whsec_"))
_AGES_S: Final = 400 * 86_400


def shipped(sheet: str) -> dict[str, Any]:
    """Return a rule sheet as it ships."""
    terms: dict[str, Any] = json.loads(resources.files("lots.sheets").joinpath(f"{sheet}.json").read_text("utf-8"))
    return terms


def under(sheet: str, **own: Any) -> dict[str, Any]:  # noqa: ANN401  terms as a client sends them
    """Return the terms of a sheet with a lot's own laid over them, nested terms field by field."""
    terms = shipped(sheet)
    for name, value in own.items():
        nested = isinstance(value, dict) and isinstance(terms.get(name), dict)
        terms[name] = {**terms[name], **value} if nested else value
    return terms


def signed(body: bytes, name: str, at_s: int, key: bytes = _KEY) -> dict[str, str]:
    """Return the headers of a payment notice, by Standard Webhooks 1.0."""
    signature = hmac.digest(key, f"{name}.{at_s}.".encode() + body, "sha256")
    signatures = f"v1,{base64.b64encode(signature).decode()}"
    return {"webhook-id": name, "webhook-timestamp": str(at_s), "webhook-signature": signatures}


# Watching -------------------------------------------------------------------------------------------------------------


class Spectator:
    """Somebody in the gallery: follows every lot from its first event, and holds the house to what it has told him."""

    def __init__(self, visitor: Visitor) -> None:
        self._visitor = visitor
        self.seen: dict[str, Message] = {}
        self.events: defaultdict[str, list[Message]] = defaultdict(list)
        self._heads: dict[str, bytes] = {}

    def watch(self, lot: str) -> None:
        """Ask for all events of a lot, from the first."""
        self._heads[lot] = bytes(16)
        self._visitor.say(op="watch", lot=lot, after=0)

    def look(self) -> None:
        """Take in what has been said."""
        for message in self._visitor.take():
            assert message["ev"] not in {"error", "refused"}, message
            if message["ev"] in {"resumed", "you", "hello", "heartbeat", "watchers"}:
                continue
            self._follow(message["lot"], message)

    def _follow(self, lot: str, event: Message) -> None:
        told = bytes.fromhex(event["head"])
        bare = {name: value for name, value in event.items() if name != "head"}
        head = hashlib.sha256(self._heads[lot] + msgpack.packb(bare)).digest()[:16]
        assert head == told, f"{lot}: the head of {event['seq']} does not follow from it"
        self._heads[lot] = head
        assert event["seq"] == len(self.events[lot]) + 1, f"{lot}: a gap before {event['seq']}"
        self.events[lot].append(event)
        self.seen[lot] = {**self.seen.get(lot, {}), **event}

    def seq(self, lot: str) -> int:
        """How far he has come."""
        return len(self.events[lot])

    def compare(self, snapshot: Message) -> None:
        """See that what he has written over itself, event by event, is what the house shows."""
        seen = self.seen[snapshot["lot"]]
        passing = {"ev", "at", "now", "you", "reset"}
        told = {name: snapshot[name] for name in seen if name in snapshot and name not in passing}
        assert {name: seen[name] for name in told} == told
        assert set(snapshot) <= set(seen) | passing


# The stage ------------------------------------------------------------------------------------------------------------


class Stage:
    """A house, and everyone who has business in it.

    Args:
        front: The house with its gateway.
        cast: Who is an operator: name to organisation, None for the house's own. All others are bidders.
    """

    def __init__(self, front: Front, http: httpx.AsyncClient, cast: Mapping[str, str | None]) -> None:
        self.front = front
        self.http = http
        self.lots: list[str] = []
        self._cast = cast
        self._spectator = Spectator(front.visitor(codec=MSGPACK))
        self._inside: dict[str, Visitor] = {}
        self._answers: dict[str, Message] = {}
        self._yous: dict[tuple[str, str], Message] = {}
        self._paddles: dict[tuple[str, str], int] = {}
        self._seqs: dict[str, int] = {}
        self._refused: defaultdict[str, list[str]] = defaultdict(list)
        self._refs = (f"r-{number}" for number in range(100_000))

    # Time -------------------------------------------------------------------------------------------------------------

    @property
    def _clock(self) -> ManualClock:
        return self.front.clock

    async def until(self, at: int, bell: Bell = Bell.PUNCTUAL) -> None:
        """Let time pass up to an instant, while the bell rings for what is due by then, each in its time."""
        assert at >= self._clock.now(), f"{told_instant(at)} is before the row before it"
        while bell is not Bell.SILENT and (due := self._next_due()) is not None and due <= at:
            if due == at and bell is Bell.LATE:
                break
            self._clock.set(due)
            await self._ring()
        self._clock.set(at)

    def _next_due(self) -> int | None:
        states = (standing.state for standing in self.front.house.lots.values())
        return min((state.deadline for state in states if state.deadline is not None), default=None)

    async def _ring(self) -> None:
        """Have the bell look at the clock: its timer counts real time, of which none has passed."""
        bell = self.front.house._bell
        assert bell is not None
        bell.rearm()
        await self._come_to_be(lambda: (due := self._next_due()) is None or due > self._clock.now())

    async def _come_to_be(self, fact: Callable[[], bool]) -> None:
        async with asyncio.timeout(_PATIENCE_S):
            while True:
                if fact():
                    return
                await asyncio.sleep(0)

    # Asking -----------------------------------------------------------------------------------------------------------

    def headers(self, who: str) -> dict[str, str]:
        """Return what somebody identifies himself with."""
        return {"Authorization": f"Bearer {self._token(who)}"} if who != "all" else {}

    def _token(self, who: str, ttl_s: int = 3_600) -> str:
        role = {ADMIN: "admin", AUDITOR: "auditor"}.get(who, "operator" if who in self._cast else "bidder")
        return token(who, role, org=self._cast.get(who), now=self._clock.now(), ttl_s=ttl_s)

    async def post(self, who: str, path: str, body: Message) -> httpx.Response:
        """Ask for something to be done."""
        return await self.http.post(path, headers=self.headers(who), json=body)

    async def get(self, who: str, path: str) -> Any:  # noqa: ANN401  any JSON
        """Read something that must be readable."""
        response = await self.http.get(path, headers=self.headers(who))
        assert response.status_code == 200, f"{path}: {response.text}"
        return response.json()

    async def pages(self, who: str, path: str, field: str) -> list[Message]:
        """Read all pages of something."""
        found: list[Message] = []
        after = ""
        while True:
            page = await self.get(who, f"{path}?limit=1000{after}")
            found += page[field]
            if page["cursor"] is None:
                return found
            after = f"&after={page['cursor']}"

    # Listing ----------------------------------------------------------------------------------------------------------

    async def take_on(self, consignor: str, kind: str) -> None:
        """Have the admin take a consignor on."""
        body = {"consignor": consignor, "name": consignor.title(), "kind": kind}
        assert (await self.post(ADMIN, "/v1/consignors", body)).status_code == 201

    async def open_sale(self, who: str, sale: str = "sale") -> None:
        """Have an operator list a sale of his organisation."""
        body = {"sale": sale, "title": sale, "org": self._cast[who]}
        assert (await self.post(who, "/v1/sales", body)).status_code == 201

    async def offer(self, who: str, lot: str, terms: Message, sale: str = "sale") -> str:
        """Have an operator list a lot; returns `ok`, or why not."""
        body = {"lot": lot, "sale": sale, "title": f"The {lot}", "org": self._cast[who], "terms": terms}
        response = await self.post(who, "/v1/lots", body)
        if response.status_code == 201:
            self.watch(lot)
        return "ok" if response.status_code == 201 else str(response.json()["code"])

    async def bring(self, who: str, body: Message) -> str:
        """Have an operator import a sale; returns `ok`, or why not."""
        response = await self.post(who, "/v1/imports", body)
        return self._brought(response)

    async def bring_file(self, who: str, lots: str, **sale: str) -> str:
        """The same with the lots as a file."""
        headers = {**self.headers(who), "Content-Type": "text/csv"}
        return self._brought(await self.http.post("/v1/imports", headers=headers, params=sale, content=lots))

    def _brought(self, response: httpx.Response) -> str:
        if response.status_code != 201:
            return str(response.json()["code"])
        self.watch(*(lot for lot in self.front.house.lots if lot not in self.lots))
        return "ok"

    def watch(self, *lots: str) -> None:
        """Have the spectator watch new lots."""
        for lot in lots:
            self.lots.append(lot)
            self._spectator.watch(lot)

    # Playing ----------------------------------------------------------------------------------------------------------

    async def play(self, lot: str, table: str) -> None:
        """Play a table of one lot; a row may name another (`lot=`)."""
        for row in rows(table):
            await self._play(row.named.get("lot", lot), row)

    async def _play(self, lot: str, row: Row) -> None:
        self._spectator.look()
        before = {one: self._spectator.seq(one) for one in self.lots}
        await self.until(row.at, row.bell)
        outcome = await self._act(lot, row)
        assert outcome == row.outcome, f"{row.line}\n   it was answered {outcome!r}"
        for one in {lot, *(name.partition(":")[0] for name in row.facts if ":" in name)}:
            await self._catch_up(one)
        wanted = {name: _normal(name, value) for name, value in row.facts.items()}
        actual = {name: await self._fact(lot, name, before) for name in wanted}
        assert actual == wanted, f"{row.line}\n   it is {actual}"

    async def _act(self, lot: str, row: Row) -> str:
        """Do what the row says; returns what is told to who did it."""
        if row.verb in {"looks", "arrives", "leaves"}:
            self._comes_or_goes(row.who, row.verb, lot)
            return ""
        if row.verb == "reads":
            response = await self.http.get(f"/v1/lots/{lot}/{row.words[0]}", headers=self.headers(row.who))
            return "ok" if response.status_code == 200 else str(response.json()["code"])
        ref = row.named.get("ref", next(self._refs))
        if row.verb in _BIDS:
            return await self._bid(lot, row, ref)
        return self._told(lot, await self._ask(lot, row, ref))

    async def _ask(self, lot: str, row: Row, ref: str) -> httpx.Response:
        if row.who == PROVIDER:
            return await self._pay(lot, row)
        if row.verb in {"register", "join"}:
            return await self._enter(lot, row, ref)
        response = await self.post(row.who, f"/v1/lots/{lot}/orders", _order(row, ref, self._seqs))
        if row.verb == "floor_bid" and response.status_code == 200:
            self._seqs[ref] = response.json()["seq"]
        return response

    def _told(self, lot: str, response: httpx.Response) -> str:
        body: Message = response.json()
        if response.status_code != 200:
            return self._refusal(lot, body)
        return "pending" if body.get("pending") else "repeat" if body["repeat"] else "ok"

    def _refusal(self, lot: str, refused: Message) -> str:
        """Note a refusal that was decided, so that the auditor must find it; those by a limit have no stamp."""
        if refused.get("at") is not None:
            self._refused[lot].append(refused["code"])
        return str(refused["code"])

    # People -----------------------------------------------------------------------------------------------------------

    def _comes_or_goes(self, who: str, verb: str, lot: str) -> None:
        if verb == "leaves":
            self._inside.pop(who).leave()
        elif verb == "arrives":
            self._inside[who] = self.front.visitor(("Authorization", f"Bearer {self._token(who, _AGES_S)}"))
            self._inside[who].say(op="watch", lot=lot)

    def _listen(self) -> None:
        """Take in what bidders in the house are told."""
        for who, visitor in self._inside.items():
            for message in visitor.take():
                if message["ev"] in {"accepted", "refused"}:
                    self._answers[f"{who} {message['ref']}"] = message
                elif message["ev"] == "you":
                    self._yous[who, message["lot"]] = message
                elif message["ev"] == "lot" and message["you"] is not None:
                    self._yous[who, message["lot"]] = message["you"]

    async def _bid(self, lot: str, row: Row, ref: str) -> str:
        """Bid over the WebSocket of who is in the house, and over HTTP for all others."""
        who, amount, confirm = row.who, money(row.words[0]), "confirm" in row.words
        if who not in self._inside:
            body = {_BIDS[row.verb][1]: amount, "ref": ref, "confirm": confirm}
            response = await self.post(who, f"/v1/lots/{lot}/bids", body)
            answer: Message = response.json()
            refused = response.status_code != 200
        else:
            self._inside[who].say(op=_BIDS[row.verb][0], lot=lot, amount=amount, ref=ref, confirm=confirm)
            answer = await self._heard(f"{who} {ref}")
            refused = answer["ev"] == "refused"
        if refused:
            return self._refusal(lot, answer)
        self._seqs[ref] = answer["seq"]
        if answer["paddle"] is not None:
            self._paddles[lot, who] = answer["paddle"]
        return "repeat" if answer["repeat"] else "ok"

    async def _heard(self, name: str) -> Message:
        def is_there() -> bool:
            self._listen()
            return name in self._answers

        await self._come_to_be(is_there)
        return self._answers.pop(name)

    async def _enter(self, lot: str, row: Row, ref: str) -> httpx.Response:
        if row.verb == "join":
            return await self.post(row.who, f"/v1/lots/{lot}/join", {"ref": ref})
        registration = (await self.get("all", f"/v1/lots/{lot}"))["terms"]["registration"]
        accepts = [] if "nothing" in row.words or registration is None else registration["statements"]
        return await self.post(row.who, f"/v1/lots/{lot}/registrations", {"ref": ref, "accepts": accepts})

    async def _pay(self, lot: str, row: Row) -> httpx.Response:
        """Send a notice as a payment provider does: `bank pays BIDDER AMOUNT PAYMENT [forged] [old]`."""
        bidder, amount, payment, *how = row.words
        currency = row.named.get("currency", self._spectator.seen[lot]["terms"]["currency"])
        notice = {"payment": payment, "lot": lot, "bidder": bidder, "amount": money(amount), "currency": currency}
        body = orjson.dumps(notice)
        at_s = self._clock.now() // SECOND_US - (301 if "old" in how else 0)
        headers = signed(body, f"msg-{payment}", at_s, _KEY + (b"!" if "forged" in how else b""))
        return await self.http.post("/v1/payments", content=body, headers=headers)

    # Facts ------------------------------------------------------------------------------------------------------------

    async def _catch_up(self, lot: str) -> None:
        """Wait until the spectator has heard all that the house shows, and see that both say the same."""
        if lot not in self.lots:
            assert lot in self.front.house.lots, f"there is no lot {lot}"
            self.watch(lot)
        snapshot = await self.get("all", f"/v1/lots/{lot}")

        def is_there() -> bool:
            self._spectator.look()
            return self._spectator.seq(lot) >= int(snapshot["seq"])

        await self._come_to_be(is_there)
        for _ in range(_PASSES):  # what a bidder is told of himself is written a pass later
            await asyncio.sleep(0)
        self._spectator.look()
        self._spectator.compare(snapshot)

    async def _fact(self, lot: str, name: str, before: Mapping[str, int]) -> str:
        """Return how something stands, in the words of a table: a fact of the row's lot, or of another (`lot:fact`)."""
        of, colon, fact = name.rpartition(":")
        lot = of if colon else lot
        kind, _, who = fact.partition(".")
        if kind in list(Account):
            return told_money(await self._deposit(lot, who, kind))
        if kind in _ACCOUNT:
            value = (await self.get(AUDITOR, f"/v1/lots/{lot}/settlement"))[_ACCOUNT[kind]]
            return str(value) if kind == "buyer" else told_money(value)
        if kind == "leader":
            return await self._leader(lot)
        return self._seen(lot, kind, who, before.get(lot, 0))

    def _seen(self, lot: str, kind: str, who: str, before: int) -> str:
        """Return what the spectator has seen, or a bidder in the house of himself."""
        events = self._spectator.events[lot]
        if kind == "said":
            return ",".join(event["ev"] for event in events[before:]) or "nothing"
        if kind == "there":
            (*_, ended) = [event for event in events if "connected" in event]
            return f"{ended['connected']}/{ended['lost']}"
        if kind == "max":
            self._listen()
            return told_money(self._yous[who, lot]["max"])
        return _SHOWN[kind](self._spectator.seen[lot])

    async def _deposit(self, lot: str, bidder: str, account: str) -> int:
        """Return what is on one account of a bidder, as operators see it; nothing where he is not on the books."""
        found = await self.pages(ADMIN, f"/v1/lots/{lot}/registrations", "registrations")
        deposits: list[int] = [one["deposit"][account] for one in found if one["bidder"] == bidder]
        return deposits[0] if deposits else 0

    async def _leader(self, lot: str) -> str:
        """Return who leads: the paddle is public, whose it is he alone can see, and who was in the room."""
        leader = self._spectator.seen[lot]["leader"]
        if leader is None:
            return "none"
        floor = {event["paddle"] for event in self._spectator.events[lot] if event.get("kind") == "floor"}
        if leader in floor:
            return "floor"
        for (of, who), paddle in self._paddles.items():
            if (of, paddle) == (lot, leader):
                own = await self.get(who, f"/v1/lots/{lot}/registration")
                assert own["paddle"] == paddle
                return who
        return f"paddle {leader}"

    # Exports ----------------------------------------------------------------------------------------------------------

    async def exports(self, who: str, sale: str, what: str, table: str) -> None:
        """Compare the results or the settlement of a sale with a table, whose columns stand two spaces apart."""
        columns, *wanted = [re.split(r"  +", line.strip()) for line in table.strip().splitlines()]
        path = f"/v1/sales/{sale}/{what}"
        response = await self.http.get(f"{path}?format=csv", headers=self.headers(who))
        assert response.status_code == 200, response.text
        rows = list(csv.DictReader(io.StringIO(response.text)))
        assert [[row[column] or "-" for column in columns] for row in rows] == wanted
        told = (await self.get(who, path))["lots"]
        assert [[_cell(column, row[column]) for column in columns] for row in told] == wanted

    # The record -------------------------------------------------------------------------------------------------------

    async def audit(self) -> None:
        """Have the auditor go through all lots that have ended: the record, the ledger, the refusals."""
        for lot in self.lots:
            await self._catch_up(lot)
            if self._spectator.seen[lot]["phase"] in {"sold", "passed", "withdrawn"}:
                await self._audit(lot)

    async def _audit(self, lot: str) -> None:
        records = await self.pages(AUDITOR, f"/v1/lots/{lot}/record", "records")
        entries = [record for record in records if record["kind"] == "entry"]
        public = [{**entry["public"], "head": entry["head"]} for entry in entries if entry["public"] is not None]
        assert public == self._spectator.events[lot]
        assert public == (await self.get("all", f"/v1/lots/{lot}/events?limit=1000"))["events"]
        await self._audit_ledger(lot, [entry["private"] or {} for entry in entries])
        await self._audit_refusals(lot)

    async def _audit_ledger(self, lot: str, private: list[Message]) -> None:
        """Follow every deposit through the accounts: after each entry all that came in is somewhere."""
        books: defaultdict[str, dict[str, int]] = defaultdict(lambda: dict.fromkeys(Account, 0))
        for entry in private:
            if entry.get("ev") == "deposit_moved":
                book = books[entry["bidder"]]
                book[entry["source"]] += entry["amount"] if entry["source"] == "received" else -entry["amount"]
                book[entry["to"]] += entry["amount"]
                assert min(book.values()) >= 0
                assert book["received"] == sum(amount for account, amount in book.items() if account != "received")
        settlement = await self.get(AUDITOR, f"/v1/lots/{lot}/settlement")
        assert {deposit.pop("bidder"): deposit for deposit in settlement["deposits"]} == dict(books)

    async def _audit_refusals(self, lot: str) -> None:
        """See that every refusal that was decided stands in the record; nobody waits for the notes of them."""
        async with asyncio.timeout(_PATIENCE_S):
            while True:
                kept = (await self.get(AUDITOR, f"/v1/lots/{lot}/refusals?limit=1000"))["refusals"]
                if [refusal["code"] for refusal in kept] == self._refused[lot]:
                    return
                await asyncio.sleep(0)


def _cell(column: str, value: object) -> str:
    """Write a value of the JSON as the CSV has it."""
    if value is None:
        return "-"
    return format_instant(value) if column == "closes_at" and isinstance(value, int) else str(value)


_BIDS: Final = {"bid": ("bid", "amount"), "max": ("max_bid", "max")}

_SHOWN: Final[Mapping[str, Callable[[Message], str]]] = {
    "phase": lambda lot: str(lot["phase"]),
    "price": lambda lot: told_money(lot["price"]),
    "ask": lambda lot: told_money(lot["ask"]),
    "hammer": lambda lot: told_money(lot["hammer_price"]),
    "bids": lambda lot: str(lot["bids"]),
    "end": lambda lot: told_instant(lot["closes_at"]),
    "ext": lambda lot: str(lot["extensions"]),
    "reserve": lambda lot: str(lot["reserve"]),
    "stage": lambda lot: str(lot["stage"]),
    "falls": lambda lot: told_instant(lot["lowers_at"]),
    "resume_by": lambda lot: told_instant(lot["resume_by"]),
    "warned": lambda lot: "yes" if lot["warned"] else "no",
    "provisional": lambda lot: "yes" if lot["provisional"] else "no",
    "settlement": lambda lot: str(lot["settlement"] or "none"),
    "successor": lambda lot: str(lot["successor"] or "none"),
}
_ACCOUNT: Final = {
    "premium": "premium",
    "due": "balance_due",
    "refund": "refund_due",
    "buyer": "bidder",
    "counted": "deposit_applied",
}
"""Facts from the account of a lot that has ended."""

_MONEY: Final = frozenset({"price", "ask", "hammer", "max", "premium", "due", "refund", "counted", *Account})
_INSTANTS: Final = frozenset({"end", "falls", "resume_by"})


def _normal(name: str, value: str) -> str:
    """Write an expected fact as it is told here."""
    kind = name.rpartition(":")[2].partition(".")[0]
    if value == "none":
        return value
    if kind in _MONEY:
        return told_money(money(value))
    return told_instant(instant(value)) if kind in _INSTANTS else value


# Orders ---------------------------------------------------------------------------------------------------------------

_ORDERS: Final = {
    "admit": ("bidder",),
    "decline": ("bidder",),
    "bar": ("bidder",),
    "release": ("bidder",),
    "deposit": ("bidder", "amount", "payment"),
    "void_bid": ("seq",),
    "floor_bid": ("amount", "hand"),
    "step": ("step",),
    "extend": ("closes_at",),
    "reopen": ("closes_at",),
    "notice": ("text",),
    "allocate": ("costs", "shortfall"),
    "countersign": ("of_by", "of_ref"),
    **dict.fromkeys(REOFFERS, ("successor", "start_price", "opens_at", "closes_at")),
}
"""What the words after an order are, where it takes any."""
_AMOUNTS: Final = frozenset({"amount", "step", "costs", "shortfall", "start_price", "deposit", "reserve"})
_ENDS: Final = frozenset({"opens_at", "closes_at"})
_NUMBERS: Final = frozenset({"rank", "seen"})


def _order(row: Row, ref: str, seqs: Mapping[str, int]) -> Message:
    """Return the body of an operator's order; a bid is named by its `ref`."""
    assert row.verb in OPS or row.verb in REOFFERS, f"{row.line}: nobody {row.verb!r}s"
    given = {**dict(zip(_ORDERS.get(row.verb, ()), row.words, strict=False)), **row.named}
    fields = {name: _value(name, value, seqs) for name, value in given.items() if name not in {"lot", "ref"}}
    return {"order": row.verb, "ref": ref, "reason": "For the record.", **fields}


def _value(name: str, text: str, seqs: Mapping[str, int]) -> object:
    if name == "seq":
        return seqs[text]
    if name in _AMOUNTS:
        return money(text)
    if name in _ENDS:
        return instant(text)
    if name == "first_bid_closes_s":
        return float(text)
    return int(text) if name in _NUMBERS else text.replace("_", " ")


# Opening --------------------------------------------------------------------------------------------------------------


@asynccontextmanager
async def open_stage(journal: Callable[[Clock], Journal], cast: Mapping[str, str | None]) -> AsyncIterator[Stage]:
    """Open a house on a journal, long before the first sale."""
    clock = ManualClock(instant("0:00") + _LONG_AGO)
    kept = journal(clock)
    house = House(kept, clock, UNTROUBLED)
    sheets = {name: shipped(name) for name in ABOUT}
    gateway = Gateway(house, SECRET, payment_secret=PAYMENT_SECRET, sheets=sheets)
    house.publish, house.status = gateway.publish, gateway.fanout.status
    house.attendance = gateway.presence.attendance
    await house.start()
    work = asyncio.create_task(house.run())
    front = Front(house, clock, gateway)
    try:
        async with front.http() as http:
            stage = Stage(front, http, cast)
            yield stage
    finally:
        work.cancel()
        await asyncio.wait([work])
        await house.stop()
        gateway.fanout.stop()
        await kept.aclose()
