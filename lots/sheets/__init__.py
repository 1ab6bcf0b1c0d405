"""The rule sheets that ship: partial terms as JSON files beside this one, and here one line about each.

It refuses to read them: opening files is the composition root's work, which hands their text to `lots.files`.
Invariant: every file has its line here, and every line its file. Source: rules.md, sections 1 to 5.
"""

from collections.abc import Mapping
from typing import Final

ABOUT: Final[Mapping[str, str]] = {
    "judicial": "Chinese courts: registration, a fixed step, five minutes from each late bid, without limit",
    "judicial-sell-off": "Chinese courts, the third attempt: a fixed period, and the first bid starts the countdown",
    "exchange-two-phase": "property exchanges: a free period, joining, then a countdown that every bid restarts",
    "ebay": "eBay: ceilings, steps by price, and a hard close",
    "maxsold": "MaxSold: ceilings, and two minutes from each late bid",
    "saleroom": "a saleroom with a clerk: no fixed end, fair warning, the hammer",
    "dutch": "Dutch: the price falls by steps, and the first bid wins",
    "sealed-tender": "sealed tender: one private bid each, opened at the close, the highest wins",
}
"""What each sheet is about, by its name."""
