"""Operating faults of the engine.

    KnockdownError
    └── StoreError                 something is wrong with the place where the journal is kept
        ├── JournalAway            no store, or its reply was lost: what it holds now is unknown
        ├── StoreRefused           this store cannot keep "acknowledged means on disk"
        ├── StoreInUse             another process holds the data directory
        ├── Fenced                 another owner has taken a group over: step down, never take it back
        └── LogDamaged             a log is not what was written to it

It refuses to know refusals of orders, which are values (`lots.refusals`), and broken invariants, which are assertions.
Every error carries one English sentence for the operator, complete without its class.
"""


class KnockdownError(Exception):
    """Any operating fault of ours; its text is one sentence for the operator."""


class StoreError(KnockdownError):
    """Something is wrong with the place where the journal is kept."""


class JournalAway(StoreError):  # noqa: N818 - named for what happened, as all faults here are
    """No store answered, or the reply was lost: whether the call was carried out is unknown."""


class StoreRefused(StoreError):  # noqa: N818 - named for what happened
    """The store cannot keep the promise that what is acknowledged is on disk."""


class StoreInUse(StoreError):  # noqa: N818 - named for what happened
    """Another living process holds the data directory."""


class Fenced(StoreError):  # noqa: N818 - named for what happened
    """Another owner has taken the group over; two servers on one store must not duel."""


class LogDamaged(StoreError):  # noqa: N818 - named for what happened
    """A log holds something that this program has never written."""
