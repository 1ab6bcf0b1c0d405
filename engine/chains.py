"""The two chains of a log: one over everything in it, one over what is public.

It refuses to know what the parts say, and where the log is kept.

Invariants. Entry chain: chain_k = SHA-256(chain_{k-1} | epoch | n | length of public | public | private) over every
record in stored order; a marker has empty parts and stores no value, so the next entry vouches for it.
Public chain: head_k = the first 16 bytes of SHA-256(head_{k-1} | public) over the entries that have a public part; the
others repeat the value. Both begin with zeros.

Units: epoch and n are big-endian 64-bit, the length is big-endian 32-bit. Source: design.md, "The journal".
"""

import struct
from collections.abc import Iterable, Sequence
from hashlib import sha256

from engine.journal import NOTHING, Entry, Marker, Record, Top

CHAIN_GENESIS = bytes(32)
HEAD_GENESIS = bytes(16)

_WHERE = struct.Struct(">QQI")
_pack_where = _WHERE.pack
_fresh = sha256().copy
"""A hash of nothing, to copy: a new one is looked up by its name in OpenSSL, which takes as long as the hashing."""


def next_chain(chain: bytes, epoch: int, n: int, public: bytes = b"", private: bytes = b"") -> bytes:
    """The entry chain's 32 bytes after one more record; a marker is a record without parts."""
    hashed = _fresh()
    hashed.update(b"".join((chain, _pack_where(epoch, n, len(public)), public, private)))
    return hashed.digest()


def next_head(head: bytes, public: bytes) -> bytes:
    """The public chain's 16 bytes after one more entry; the same as before when it has no public part."""
    if not public:
        return head
    hashed = _fresh()
    hashed.update(head + public)
    return hashed.digest()[:16]


class Auditor:
    """Follows a log from its beginning and says where it stops being sound.

    Attributes:
        top: The last record followed.
        chain: The entry chain's value there.
        head: The public chain's value there.
    """

    def __init__(self, top: Top = NOTHING, chain: bytes = CHAIN_GENESIS, head: bytes = HEAD_GENESIS) -> None:
        self.top = top
        self.chain = chain
        self.head = head

    def follow(self, record: Record) -> str | None:
        """Take the next record; a sentence if it is not what must follow."""
        fault = self._misplaced_marker(record) if isinstance(record, Marker) else self._misplaced_entry(record)
        if fault is not None:
            return fault
        public, private = (b"", b"") if isinstance(record, Marker) else (record.public, record.private)
        self.chain = next_chain(self.chain, record.epoch, record.n, public, private)
        self.head = next_head(self.head, public)
        self.top = Top(record.epoch, record.n)
        return None if isinstance(record, Marker) else self._broken(record)

    def follow_all(self, records: Sequence[Record]) -> str | None:
        """Take the next records; a sentence at the first that is not what must follow.

        The same as `follow` for each of them, in one loop for a million: what looks sound is taken here, what does not
        is left to `follow`, which says why.
        """
        (epoch, n), chain, head = self.top, self.chain, self.head
        where, fresh = _pack_where, _fresh
        for record in records:
            if type(record) is Entry and record.epoch == epoch and record.n == n + 1:
                public = record.public
                entry_hash = fresh()
                entry_hash.update(b"".join((chain, where(epoch, n + 1, len(public)), public, record.private)))
                next_in_public = head
                if public:
                    public_hash = fresh()
                    public_hash.update(head + public)
                    next_in_public = public_hash.digest()[:16]
                if entry_hash.digest() == record.chain and next_in_public == record.head:
                    n, chain, head = record.n, record.chain, record.head
                    continue
            elif type(record) is Marker and record.epoch > epoch and record.n == n:
                epoch, chain = record.epoch, next_chain(chain, record.epoch, n)
                continue
            self.top, self.chain, self.head = Top(epoch, n), chain, head
            fault = self.follow(record)
            if fault is not None:
                return fault
            (epoch, n), chain, head = self.top, self.chain, self.head
        self.top, self.chain, self.head = Top(epoch, n), chain, head
        return None

    def _misplaced_marker(self, marker: Marker) -> str | None:
        if marker.epoch <= self.top.epoch:
            return f"marker {marker.epoch}-{marker.n} follows {self.top}: a take-over must raise the epoch"
        if marker.n != self.top.n:
            return f"marker {marker.epoch}-{marker.n} follows {self.top}: a take-over must keep the number"
        return None

    def _misplaced_entry(self, entry: Entry) -> str | None:
        if entry.epoch != self.top.epoch:
            return f"entry {entry.epoch}-{entry.n} follows {self.top} without a take-over between them"
        if entry.n != self.top.n + 1:
            return f"entry {entry.epoch}-{entry.n} follows {self.top}: number {self.top.n + 1} is missing"
        return None

    def _broken(self, entry: Entry) -> str | None:
        if entry.chain != self.chain:
            return f"entry {self.top} does not match the entry chain: it, or a record before it, was altered"
        if entry.head != self.head:
            return (
                f"entry {self.top} does not match the public chain: its head is not that of the public parts before it"
            )
        return None


def verify(records: Iterable[Record]) -> str | None:
    """Check a whole log from its first record: the first fault as a sentence, or None if it is sound."""
    auditor = Auditor()
    return next((fault for fault in map(auditor.follow, records) if fault is not None), None)
